// SPDX-License-Identifier: LGPL-2.1-or-later
// Virtual time and the one event queue. Time is the count of retired guest instructions at a
// nominal rate, plus the time that was skipped while the guest was halted. Nothing here reads the
// host's clock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/types.h"

namespace ice86 {

class Clock;

// One named, re-armable deadline. Constructed at wiring time and alive as long as its clock.
class Timer {
 public:
  // `expired` receives the deadline; the clock's now() is at or a little after it.
  using Expired = std::function<void(Nanoseconds deadline)>;

  // `name` is unique on the clock; it names the timer in snapshots.
  Timer(Clock& clock, std::string name, Expired expired);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void arm_at(Nanoseconds deadline);
  void arm_in(Nanoseconds delay);
  void cancel();
  bool armed() const { return deadline_.has_value(); }
  std::optional<Nanoseconds> deadline() const { return deadline_; }
  const std::string& name() const { return name_; }

 private:
  friend class Clock;

  Clock& clock_;
  std::string name_;
  Expired expired_;
  std::optional<Nanoseconds> deadline_;
  std::uint64_t sequence_ = 0;
};

class Clock {
 public:
  // `instructions_per_microsecond` is the machine's stated nominal rate: 1 to 1,000,000.
  explicit Clock(std::uint64_t instructions_per_microsecond = 100);
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  Nanoseconds now() const { return time_of(instructions_); }
  std::uint64_t instructions_per_microsecond() const { return rate_; }

  // The count of retired guest instructions. The CPU adds to it; it must be exact whenever a device
  // can see the clock (port or memory-mapped access) and when the CPU returns.
  std::uint64_t& instructions() { return instructions_; }
  std::uint64_t instructions() const { return instructions_; }

  // Instructions that may retire before the next deadline is due; 0 when one is due now.
  std::uint64_t instructions_until_next_event() const;
  // The same for any time: 0 when `time` has come.
  std::uint64_t instructions_until(Nanoseconds time) const;
  // A deadline that moves nearer while the CPU runs shortens its current slice through this hook.
  void on_nearer_deadline(std::function<void()> hook) { nearer_deadline_ = std::move(hook); }

  // Calls every timer whose deadline has come, ordered by (deadline, arming order).
  void run_due_events();
  // A halted guest: time passes without instructions.
  void skip_to(Nanoseconds time);

  std::optional<Nanoseconds> next_deadline() const;
  // All armed timers in firing order, for people.
  std::vector<const Timer*> queue() const;

  void serialize(Archive& archive);

 private:
  friend class Timer;

  // skipped_ + floor(instructions * 1000 / rate). Guests that wait read the time again and again:
  // no division by a number that is not known at compile time.
  Nanoseconds time_of(std::uint64_t instructions) const {
    if (whole_step_ != 0) return skipped_ + instructions * whole_step_;
    std::uint64_t rest = 0;
    const std::uint64_t whole = divide(instructions, rest);
    return skipped_ + whole * 1000 + divide(rest * 1000, rest);
  }
  // value / rate_. The product with the rounded-down reciprocal is right or one too low.
  std::uint64_t divide(std::uint64_t value, std::uint64_t& rest) const {
    using Wide = unsigned __int128;
    auto quotient = static_cast<std::uint64_t>(static_cast<Wide>(value) * reciprocal_ >> 64);
    rest = value - quotient * rate_;
    if (rest >= rate_) {
      rest -= rate_;
      ++quotient;
    }
    return quotient;
  }
  void add(Timer& timer);
  void remove(Timer& timer);
  void armed(Timer& timer, Nanoseconds deadline);
  Timer* first() const;

  std::uint64_t rate_;
  std::uint64_t reciprocal_;  // floor((2^64 - 1) / rate_)
  std::uint64_t whole_step_;  // nanoseconds of one instruction; 0: not a whole number
  std::uint64_t instructions_ = 0;
  Nanoseconds skipped_ = 0;  // time that passed without instructions
  std::uint64_t next_sequence_ = 0;
  std::vector<Timer*> timers_;  // a board has some tens: a linear scan beats a heap
  mutable Timer* first_ = nullptr;
  mutable bool first_known_ = false;
  std::function<void()> nearer_deadline_;
};

}  // namespace ice86
