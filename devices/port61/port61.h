// SPDX-License-Identifier: LGPL-2.1-or-later
// Port 61h, NMI status and control: the timer-2 gate, the speaker, the refresh toggle, NMI sources.
// Reference: PIIX3 datasheet (290550-002), section 2.5.5.1 (NMISC register).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

class Port61 final : public RegisterBlock {
 public:
  struct Pins {
    LevelLine& timer2_gate;                // bit 0, to the 8254's GATE 2
    LevelLine& speaker;                    // bit 1, ANDed with OUT 2 on its way to the loudspeaker
    std::function<bool()> timer2_out;      // bit 5, OUT 2 now
    std::function<bool()> refresh_toggle;  // bit 4: changes with every refresh request (OUT 1)
  };

  explicit Port61(Pins pins);

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override { return peek(offset, width); }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  struct State {
    std::uint8_t control = 0;  // bits 3-0
  };

  Pins pins_;
  State state_;
};

}  // namespace ice86::devices
