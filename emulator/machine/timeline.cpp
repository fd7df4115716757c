// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/timeline.h"

#include <algorithm>
#include <utility>

namespace ice86::machine {

namespace {

constexpr std::size_t kMostPoints = 4000;
// Going back leaves snapshots near the place, so that the next step back is short: each at an
// eighth of the distance that is left.
constexpr std::uint64_t kNearEnough = 4096;

bool reached(const Instant& now, const Instant& at) {
  return now.time >= at.time && now.instructions >= at.instructions;
}

}  // namespace

Timeline::Timeline(Pc& pc, TimelineOptions options) : pc_(pc), options_(options) {
  pc_.on_input([this](const Input& input) {
    if (repeating_) return;
    if (in_past()) fork();
    actions_.push_back({pc_.instant(), input});
    if (told_) told_(actions_.back());
  });
  add(take(true));
}

Timeline::~Timeline() {
  pc_.on_input(nullptr);
}

Timeline::Point Timeline::take(bool kept) {
  Point point;
  point.at = pc_.instant();
  point.bytes = pc_.save(keeper_);
  point.pages = keeper_.take_image();
  point.next_action = in_past() ? next_action_ : actions_.size();
  point.kept = kept;
  point.reset = pc_.pending_reset();
  return point;
}

void Timeline::add(Point point) {
  const auto place =
      std::upper_bound(points_.begin(), points_.end(), point, [](const Point& a, const Point& b) {
        return a.at.instructions < b.at.instructions ||
               (a.at.instructions == b.at.instructions && a.at.time < b.at.time);
      });
  archive_bytes_ += point.bytes.size();
  points_.insert(place, std::move(point));
  thin();
}

std::uint64_t Timeline::bytes() const {
  return keeper_.bytes() + archive_bytes_ + (live_ ? live_->bytes.size() : 0);
}

// The further back, the wider apart: the one goes that leaves the smallest gap for its age.
void Timeline::thin() {
  while (points_.size() > 2 && (points_.size() > kMostPoints || bytes() > options_.most_bytes)) {
    const std::uint64_t now = present().instructions;
    std::size_t best = 0;
    double least = 0;
    for (std::size_t i = 1; i + 1 < points_.size(); ++i) {
      if (points_[i].kept) continue;
      const auto gap =
          static_cast<double>(points_[i + 1].at.instructions - points_[i - 1].at.instructions);
      const std::uint64_t at = points_[i].at.instructions;
      const double weight = gap / static_cast<double>(now > at ? now - at + 1 : 1);
      if (best != 0 && weight >= least) continue;
      best = i;
      least = weight;
    }
    forget(best);  // the first, where nothing is left but what must stay: history begins later
  }
}

void Timeline::forget(std::size_t index) {
  archive_bytes_ -= points_[index].bytes.size();
  points_.erase(points_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Timeline::forget_from(std::uint64_t instructions) {
  while (points_.size() > 1 && points_.back().at.instructions >= instructions)
    forget(points_.size() - 1);
}

void Timeline::restore(const Point& point) {
  keeper_.choose(point.pages);
  // Made by save() of this very machine.
  ICE86_ASSERT(pc_.load(point.bytes, keeper_));
  next_action_ = point.next_action;
  if (point.reset) pc_.request_reset(*point.reset);
}

void Timeline::set_stops(cpu::DebugStops* stops) {
  stops_ = stops;
  if (!reversing_) pc_.set_debug_stops(stops);
}

void Timeline::leave_present() {
  if (in_past()) return;
  live_ = take(false);
  pc_.network().close_outside(true);
}

// Another history begins where the machine stands.
void Timeline::fork() {
  if (!in_past()) return;
  live_.reset();
  pc_.network().close_outside(false);
  actions_.resize(std::min(actions_.size(), next_action_));
  forget_from(pc_.instant().instructions + 1);
}

void Timeline::changed() {
  fork();
  changed_ = true;
}

// A changed machine cannot be reached by repeating: it is kept before it goes on.
void Timeline::settle() {
  if (!std::exchange(changed_, false)) return;
  forget_from(pc_.instant().instructions);
  add(take(true));
}

// Through the past, with the recorded input.
RunResult Timeline::advance(std::uint64_t until, const std::function<bool()>& interrupted,
                            std::optional<Nanoseconds> time) {
  RunLimits own;
  own.instructions = until;
  own.time = time;
  own.interrupted = interrupted;
  if (next_action_ < actions_.size()) {
    own.attend = [&] {
      while (next_action_ < actions_.size() && reached(pc_.instant(), actions_[next_action_].at))
        pc_.input(actions_[next_action_++].input);
      return next_action_ < actions_.size() ? actions_[next_action_].at
                                            : Instant{0, pc_.instant().time + 1'000'000'000};
    };
  }
  repeating_ = true;
  const RunResult result = pc_.run(own);
  repeating_ = false;
  return result;
}

RunResult Timeline::run(const RunLimits& limits) {
  settle();
  while (in_past()) {
    const std::uint64_t end = live_->at.instructions;
    const std::uint64_t until = std::min(end, limits.instructions.value_or(end));
    const RunResult result = advance(until, limits.interrupted, limits.time);
    const bool at_end = pc_.instant().instructions >= end;
    if (!at_end || result.end == RunEnd::kStopped || result.end == RunEnd::kInterrupted)
      return result;
    go_to_present();
    if (result.end != RunEnd::kInstructionLimit && result.end != RunEnd::kStuck) return result;
  }
  RunLimits own = limits;
  for (;;) {
    const std::uint64_t next = points_.back().at.instructions + options_.interval;
    own.instructions = limits.instructions ? std::min(*limits.instructions, next) : next;
    const RunResult result = pc_.run(own);
    if (result.end != RunEnd::kInstructionLimit) return result;
    const std::uint64_t now = pc_.instant().instructions;
    if (now >= next) add(take(false));
    if (limits.instructions && now >= *limits.instructions) return result;
    // Pc::run() asks after some millions of instructions, which may never pass in one piece.
    if (limits.interrupted && limits.interrupted()) return {RunEnd::kInterrupted, 0};
  }
}

std::size_t Timeline::point_before(std::uint64_t instructions) const {
  const auto after = std::upper_bound(
      points_.begin(), points_.end(), instructions,
      [](std::uint64_t count, const Point& point) { return count < point.at.instructions; });
  return static_cast<std::size_t>(after - points_.begin()) - 1;
}

// From the last snapshot before, leaving others behind on the way.
void Timeline::approach(std::uint64_t instructions) {
  restore(points_[point_before(instructions)]);
  for (;;) {
    const std::uint64_t left = instructions - pc_.instant().instructions;
    if (left <= kNearEnough) break;
    const std::uint64_t stop = instructions - left / 8;
    advance(stop, nullptr);
    if (pc_.instant().instructions != stop) break;
    add(take(false));
  }
  advance(instructions, nullptr);
}

bool Timeline::go_to(std::uint64_t instructions) {
  settle();
  if (instructions < first() || instructions > present().instructions) return false;
  leave_present();
  pc_.set_debug_stops(nullptr);
  approach(instructions);
  pc_.set_debug_stops(stops_);
  return true;
}

bool Timeline::go_to_time(Nanoseconds time) {
  settle();
  if (time < points_.front().at.time || time > present().time) return false;
  leave_present();
  pc_.set_debug_stops(nullptr);
  std::size_t from = points_.size() - 1;
  while (from > 0 && points_[from].at.time > time) --from;
  restore(points_[from]);
  advance(live_->at.instructions, nullptr, time);
  pc_.set_debug_stops(stops_);
  return true;
}

void Timeline::go_to_present() {
  if (!in_past()) return;
  const Point point = std::move(*live_);
  restore(point);
  live_.reset();
  pc_.network().close_outside(false);
}

std::optional<cpu::DebugStops::Hit> Timeline::reverse(const cpu::DebugStops& wanted,
                                                      const std::function<bool()>& interrupted) {
  using Hit = cpu::DebugStops::Hit;
  using Kind = cpu::DebugStops::Kind;
  settle();
  leave_present();
  reversing_ = true;
  bool gave_up = false;
  const auto ask = [&] { return gave_up = gave_up || (interrupted && interrupted()); };
  cpu::DebugStops stops = wanted;
  stops.pass.reset();
  std::uint64_t end = pc_.instant().instructions;
  const std::uint64_t start = end;
  std::optional<Hit> found;
  std::uint64_t place = first();
  std::size_t index = point_before(end);
  if (points_[index].at.instructions == end && index > 0) --index;
  while (start > first() && !ask()) {
    // Is there one at all? Only the last counts.
    const std::uint64_t from = points_[index].at.instructions;
    restore(points_[index]);
    stops.stop = false;
    stops.hit.reset();
    pc_.set_debug_stops(&stops);
    advance(end, ask);
    if (gave_up) break;
    if (stops.hit) {
      const std::uint64_t near = std::max(from, stops.hit->count);
      restore(points_[index]);
      pc_.set_debug_stops(nullptr);
      advance(near, nullptr);
      stops.stop = true;
      pc_.set_debug_stops(&stops);
      // A repeated string instruction may hit more than once from here on.
      for (;;) {
        advance(end, nullptr);
        if (!stops.hit) break;
        const std::uint64_t now = pc_.instant().instructions;
        found = stops.hit;
        // What the others are about is undone; a reset, too, with the instruction before it.
        const bool code = found->kind == Kind::kCode;
        place = code || now == 0 ? now : now - 1;
        if (code || found->kind == Kind::kReset) stops.pass = now;
        if (now >= end) break;
      }
      if (found) break;
    }
    if (index == 0) break;
    end = from;
    --index;
  }
  reversing_ = false;
  pc_.set_debug_stops(stops_);
  if (gave_up && !found) {
    place = start;
    if (start == live_->at.instructions) {
      go_to_present();
      return std::nullopt;
    }
  }
  go_to(place);
  return found;
}

}  // namespace ice86::machine
