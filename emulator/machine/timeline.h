// SPDX-License-Identifier: LGPL-2.1-or-later
// A run that can go back: snapshots in memory at intervals, the input that came in between, and the
// machine itself, which repeats what it did. What it does the second time is the same to the bit.
//
// The present is as far as the run has ever come. In the past the machine repeats: it takes the
// recorded input and no other, and what it sends is not sent again (repeating()). Whoever changes
// something in the past begins another history: what came after is forgotten.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "emulator/machine/page_keeper.h"
#include "emulator/machine/pc.h"

namespace ice86::machine {

struct TimelineOptions {
  std::uint64_t interval = 5'000'000;                   // instructions between two snapshots
  std::uint64_t most_bytes = std::uint64_t{512} << 20;  // of host memory; more thins them out
};

class Timeline final {
 public:
  // `pc` outlives it; nobody else asks for Pc::on_input(). History begins here.
  explicit Timeline(Pc& pc, TimelineOptions options = {});
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  // As Pc::run(), from where the machine stands: first through the known past.
  RunResult run(const RunLimits& limits);

  // A debugger's stops for run(); null: none. To be set again when they have changed.
  void set_stops(cpu::DebugStops* stops);

  bool in_past() const { return live_.has_value(); }
  // The machine does again what it has done before.
  bool repeating() const { return repeating_; }
  std::uint64_t first() const { return points_.front().at.instructions; }
  Instant present() const { return live_ ? live_->at : pc_.instant(); }
  std::size_t snapshots() const { return points_.size(); }
  // Host memory of all snapshots.
  std::uint64_t bytes() const;

  // To the boundary at which so many instructions have retired; false, and nothing done: before
  // first() or after the present.
  bool go_to(std::uint64_t instructions);
  // To the first boundary at or after this virtual time.
  bool go_to_time(Nanoseconds time);
  void go_to_present();
  // Back to the last place where one of the stops holds: code is at its instruction again, data and
  // ports are before the access. None: the machine is at first(), or, where `interrupted` has asked
  // for it, where it was. Meanwhile nobody may change the machine.
  std::optional<cpu::DebugStops::Hit> reverse(const cpu::DebugStops& stops,
                                              const std::function<bool()>& interrupted = nullptr);

  // Memory or registers have been written from outside: what came after is another history's.
  void changed();

  // Told of the input that reaches the machine for the first time.
  void on_input(std::function<void(const TimedInput&)> told) { told_ = std::move(told); }

 private:
  struct Point {
    Instant at;
    std::vector<std::uint8_t> bytes;
    PageKeeper::Image pages;
    std::size_t next_action = 0;
    bool kept = false;               // what was changed from outside cannot be repeated
    std::optional<ResetKind> reset;  // it stands before one
  };

  Point take(bool kept);
  void add(Point point);
  void thin();
  void forget(std::size_t index);
  void forget_from(std::uint64_t instructions);  // all but the first
  void restore(const Point& point);
  void leave_present();
  void fork();
  void settle();
  RunResult advance(std::uint64_t until, const std::function<bool()>& interrupted,
                    std::optional<Nanoseconds> time = std::nullopt);
  // Index of the last point at or before.
  std::size_t point_before(std::uint64_t instructions) const;
  void approach(std::uint64_t instructions);

  Pc& pc_;
  const TimelineOptions options_;
  PageKeeper keeper_;
  std::vector<Point> points_;  // by instant; the first is where history begins
  std::optional<Point> live_;  // the present, while the machine is in the past
  std::vector<TimedInput> actions_;
  std::size_t next_action_ = 0;  // in the past: the next that is given
  bool repeating_ = false;
  bool changed_ = false;
  bool reversing_ = false;
  std::uint64_t archive_bytes_ = 0;
  cpu::DebugStops* stops_ = nullptr;
  std::function<void(const TimedInput&)> told_;
};

}  // namespace ice86::machine
