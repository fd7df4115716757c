// SPDX-License-Identifier: LGPL-2.1-or-later
// The screens of a run: text whenever it has changed, graphics now and then.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "devices/vga/frame.h"
#include "emulator/machine/pc.h"

namespace ice86::harness {

class ScreenLog {
 public:
  struct Screen {
    Nanoseconds time = 0;
    std::optional<devices::TextScreen> text;
    std::vector<std::uint8_t> png;  // of graphics
  };

  // At most so many are kept, so that a guest cannot fill the host.
  struct Limits {
    std::size_t texts = 2000;
    std::size_t pictures = 24;
  };
  ScreenLog() = default;
  explicit ScreenLog(Limits limits) : limits_(limits) {}

  // RunLimits::attend: looks 20 times a second of virtual time.
  machine::Instant visit(machine::Pc& pc);
  // The last one, whatever the limits say.
  void finish(machine::Pc& pc);

  const std::vector<Screen>& screens() const { return screens_; }

 private:
  void look(machine::Pc& pc, bool last);

  Limits limits_;
  std::vector<Screen> screens_;
  std::size_t texts_ = 0, pictures_ = 0;
  std::uint64_t generation_ = 0;
  Nanoseconds next_picture_ = 0;
  Nanoseconds between_pictures_ = 500'000'000;
};

}  // namespace ice86::harness
