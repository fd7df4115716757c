// SPDX-License-Identifier: LGPL-2.1-or-later
// Exact conversion between virtual nanoseconds and the ticks of a chip's own oscillator.
#pragma once

#include <cstdint>

#include "emulator/bus/types.h"

namespace ice86::devices {

// Tick t happens at the first whole nanosecond at or after t / frequency seconds, so conversions
// lose nothing: ticks_at(time_of(t)) == t for every frequency up to 1 GHz, and rounding never
// accumulates.
class TickRate {
 public:
  constexpr explicit TickRate(std::uint64_t hertz) : hertz_(hertz) {}

  constexpr std::uint64_t hertz() const { return hertz_; }
  // Ticks that have happened at `time`.
  constexpr std::uint64_t ticks_at(Nanoseconds time) const {
    return time / kSecond * hertz_ + time % kSecond * hertz_ / kSecond;
  }
  constexpr Nanoseconds time_of(std::uint64_t tick) const {
    return tick / hertz_ * kSecond + (tick % hertz_ * kSecond + hertz_ - 1) / hertz_;
  }

 private:
  static constexpr Nanoseconds kSecond = 1'000'000'000;

  std::uint64_t hertz_;
};

}  // namespace ice86::devices
