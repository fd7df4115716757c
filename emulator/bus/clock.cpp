// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/bus/clock.h"

#include <algorithm>
#include <limits>

namespace ice86 {

namespace {
constexpr std::uint32_t kMostTimers = 4096;
constexpr std::size_t kMostNameLength = 64;
constexpr Nanoseconds kHour = 3'600'000'000'000;
// Deadlines saturate here (292 years), so that sums of times can not wrap.
constexpr Nanoseconds kFarFuture = std::numeric_limits<std::int64_t>::max();
// What a snapshot can hold: no machine runs for so long, and events are handled within one
// instruction of their deadline. Timers that lie further back would each be caught up with.
constexpr Nanoseconds kLatestTime = kFarFuture / 2;
constexpr Nanoseconds kMostDelay = 1'000'000'000;
}  // namespace

Timer::Timer(Clock& clock, std::string name, Expired expired)
    : clock_(clock), name_(std::move(name)), expired_(std::move(expired)) {
  clock_.add(*this);
}

Timer::~Timer() {
  clock_.remove(*this);
}

void Timer::arm_at(Nanoseconds deadline) {
  clock_.armed(*this, std::min(deadline, kFarFuture));
}

void Timer::arm_in(Nanoseconds delay) {
  const Nanoseconds now = clock_.now();
  arm_at(delay > kFarFuture - now ? kFarFuture : now + delay);
}

void Timer::cancel() {
  if (!deadline_) return;
  deadline_.reset();
  if (clock_.first_ == this) clock_.first_known_ = false;
}

Clock::Clock(std::uint64_t instructions_per_microsecond) : rate_(instructions_per_microsecond) {
  ICE86_ASSERT(rate_ >= 1 && rate_ <= 1'000'000);
  reciprocal_ = ~std::uint64_t{0} / rate_;
  whole_step_ = 1000 % rate_ == 0 ? 1000 / rate_ : 0;
}

void Clock::add(Timer& timer) {
  ICE86_ASSERT(timer.name_.size() <= kMostNameLength);
  for (const Timer* other : timers_) ICE86_ASSERT(other->name_ != timer.name_);
  timers_.push_back(&timer);
}

void Clock::remove(Timer& timer) {
  std::erase(timers_, &timer);
  first_known_ = false;
}

void Clock::armed(Timer& timer, Nanoseconds deadline) {
  const Timer* const before = first();
  const Nanoseconds nearest = before != nullptr ? *before->deadline_ : kFarFuture;
  timer.deadline_ = deadline;
  timer.sequence_ = next_sequence_++;
  if (&timer == before) {
    first_known_ = false;
  } else if (before == nullptr || deadline < nearest) {
    first_ = &timer;
  }
  if (deadline < nearest && nearer_deadline_) nearer_deadline_();
}

Timer* Clock::first() const {
  if (!first_known_) {
    first_ = nullptr;
    for (Timer* timer : timers_) {
      if (!timer->deadline_) continue;
      if (first_ == nullptr || *timer->deadline_ < *first_->deadline_ ||
          (*timer->deadline_ == *first_->deadline_ && timer->sequence_ < first_->sequence_)) {
        first_ = timer;
      }
    }
    first_known_ = true;
  }
  return first_;
}

std::optional<Nanoseconds> Clock::next_deadline() const {
  const Timer* timer = first();
  return timer != nullptr ? timer->deadline_ : std::nullopt;
}

std::uint64_t Clock::instructions_until_next_event() const {
  const Timer* timer = first();
  return instructions_until(timer != nullptr ? *timer->deadline_ : kFarFuture);
}

std::uint64_t Clock::instructions_until(Nanoseconds time) const {
  if (time <= now()) return 0;
  // The smallest count whose time is at or after the target: time_of(n) = floor(n * 1000 / rate).
  // Far ones are cut to an hour, so that no product overflows; the caller asks again by then.
  const Nanoseconds target = std::min(time, now() + kHour) - skipped_;
  const std::uint64_t whole = target / 1000 * rate_;
  const std::uint64_t part = (target % 1000 * rate_ + 999) / 1000;
  return whole + part - instructions_;
}

void Clock::run_due_events() {
  for (;;) {
    Timer* timer = first();
    if (timer == nullptr || *timer->deadline_ > now()) return;
    const Nanoseconds deadline = *timer->deadline_;
    timer->deadline_.reset();
    first_known_ = false;
    timer->expired_(deadline);
  }
}

void Clock::skip_to(Nanoseconds time) {
  const Nanoseconds current = now();
  if (time > current) skipped_ += time - current;
}

std::vector<const Timer*> Clock::queue() const {
  std::vector<const Timer*> armed;
  for (const Timer* timer : timers_) {
    if (timer->deadline_) armed.push_back(timer);
  }
  std::sort(armed.begin(), armed.end(), [](const Timer* a, const Timer* b) {
    return std::pair(*a->deadline_, a->sequence_) < std::pair(*b->deadline_, b->sequence_);
  });
  return armed;
}

// All of it or nothing: a damaged snapshot leaves the time and the timers as they were, which fit
// each other.
void Clock::serialize(Archive& archive) {
  struct Armed {
    bool armed;
    Nanoseconds deadline;
    std::uint64_t sequence;
  };
  std::vector<Armed> states;
  if (archive.loading()) states.reserve(timers_.size());
  std::uint64_t instructions = instructions_, next_sequence = next_sequence_;
  Nanoseconds skipped = skipped_;
  archive.section("clock", 1, [&] {
    std::uint64_t rate = rate_;
    archive.io(rate);
    if (archive.loading() && rate != rate_)
      return archive.fail("the machine's nominal rate differs");
    archive.io(instructions);
    archive.io(skipped);
    archive.io(next_sequence);
    if (instructions / rate_ > kLatestTime / 1000 || skipped > kLatestTime)
      return archive.fail("its time is out of range");
    const Nanoseconds time = time_of(instructions) - skipped_ + skipped;
    auto count = static_cast<std::uint32_t>(timers_.size());
    archive.io(count);
    if (!archive.ok()) return;
    if (count > kMostTimers || count != timers_.size()) {
      return archive.fail("the machine has a different number of timers");
    }
    for (Timer* timer : timers_) {
      if (archive.differs()) return;
      if (archive.memories() == nullptr) {  // else it is of this process: they are the same
        std::string stored;
        std::string& name = archive.loading() ? stored : timer->name_;
        archive.io(name, kMostNameLength);
        if (archive.ok() && name != timer->name_) {
          return archive.fail("timer '" + timer->name_ + "' was expected, but '" + name +
                              "' is stored");
        }
      }
      Armed state{timer->armed(), timer->deadline_.value_or(0), timer->sequence_};
      archive.io(state.armed);
      archive.io(state.deadline);
      archive.io(state.sequence);
      if (!archive.ok()) return;
      if (state.armed && (state.deadline > kFarFuture || state.deadline + kMostDelay < time))
        return archive.fail("the deadline of timer '" + timer->name_ + "' is out of range");
      if (archive.loading()) states.push_back(state);
    }
  });
  if (!archive.loading() || !archive.ok()) return;
  instructions_ = instructions;
  skipped_ = skipped;
  next_sequence_ = next_sequence;
  for (std::size_t i = 0; i < timers_.size(); ++i) {
    timers_[i]->deadline_.reset();
    if (states[i].armed) timers_[i]->deadline_ = states[i].deadline;
    timers_[i]->sequence_ = states[i].sequence;
  }
  first_known_ = false;
}

}  // namespace ice86
