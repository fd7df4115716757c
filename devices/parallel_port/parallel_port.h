// SPDX-License-Identifier: LGPL-2.1-or-later
// The PC's parallel printer port with a printer that takes every byte.
// Reference: IBM AT Technical Reference (6183355), "Printer adapter"; IBM PS/2 Hardware Interface
// Technical Reference, "Parallel port controller" (the interrupt that waits for a status read);
// IEEE 1284-1994, clause 6 (compatibility mode).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offset 0: data, 1: status, 2: control.
class ParallelPort final : public RegisterBlock {
 public:
  // `print` gets the bytes that are strobed into a printer that is selected; it may be empty.
  ParallelPort(Clock& clock, LevelLine& irq, std::string name,
               std::function<void(std::uint8_t)> print);

  void reset(ResetKind kind);
  std::uint64_t read(std::uint64_t offset, unsigned width) override;
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override;
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override;
  void serialize(Archive& archive);
  std::string dump() const;

  // The printer is busy with a byte so long, then nAck is low so long. It takes the next byte as
  // soon as nAck is low: that is all that SeaBIOS and the Bochs BIOS wait for.
  static constexpr Nanoseconds kBusyTime = 10'000, kAckTime = 5'000;

 private:
  enum class Printer : std::uint8_t { kIdle, kBusy, kAcknowledging };
  struct State {
    std::uint8_t data = 0;
    // Bits 5-0. A selected printer out of reset, which an AT's BIOS would make of zeros; Bochs and
    // QEMU start so, and SeaBIOS never selects it.
    std::uint8_t control = 0x0C;
    Printer printer = Printer::kIdle;
    bool interrupt = false;  // nAck has gone high again, and nobody has read the status since
  };

  void write_control(std::uint8_t value);
  void printer_goes_on();
  void drive_irq();

  LevelLine& irq_;
  std::string name_;
  std::function<void(std::uint8_t)> print_;
  State state_;
  Timer timer_;
};

}  // namespace ice86::devices
