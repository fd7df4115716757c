// SPDX-License-Identifier: LGPL-2.1-or-later
// 8254 counters as functions of the time since they were loaded.
// Reference: Intel 8254 datasheet (231164-005): "Mode definitions", "Read operations", "Gate".
#include "devices/i8254/i8254.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint8_t kBcd = 0x01;
constexpr unsigned kReadBack = 3;
constexpr unsigned kRefreshCount = 18;
// A guest's accesses and the timers keep up within a slice of instructions; a larger lag comes from
// a damaged snapshot, and catching up edge by edge would take for ever.
constexpr std::uint64_t kMostLag = 1 << 20;

std::uint32_t modulus(std::uint8_t control) {
  return (control & kBcd) != 0 ? 10'000 : 65'536;
}

std::uint16_t to_bcd(std::uint32_t value) {
  return static_cast<std::uint16_t>(value / 1000 % 10 << 12 | value / 100 % 10 << 8 |
                                    value / 10 % 10 << 4 | value % 10);
}

// Digits above nine are not valid BCD; they count for their value.
std::uint32_t from_bcd(std::uint16_t value) {
  return (value >> 12) * 1000U + (value >> 8 & 15) * 100U + (value >> 4 & 15) * 10U + (value & 15);
}

// Mode 3: clocks with OUT high; an odd count has one more of them.
std::uint64_t high_half(std::uint64_t reload) {
  return (reload + 1) / 2;
}

}  // namespace

I8254::I8254(Clock& clock, Config config)
    : clock_(clock), config_(std::move(config)), rate_(config_.clock_hertz) {
  for (unsigned i = 0; i < 3; ++i) {
    state_[i].gate = config_.gates[i];
    if (config_.out[i] == nullptr) continue;
    edge_timers_[i] =
        std::make_unique<Timer>(clock_, fmt::format("{}.out{}", config_.name, i),
                                [this, i](Nanoseconds deadline) { edge(i, deadline); });
  }
}

unsigned I8254::mode_of(const Counter& counter) {
  const unsigned mode = counter.control >> 1 & 7;
  return mode >= 6 ? mode - 4 : mode;  // M2 does not matter for modes 2 and 3
}

std::uint64_t I8254::elapsed(const Counter& counter, std::uint64_t tick) {
  const std::uint64_t running =
      counter.running && tick > counter.run_start ? tick - counter.run_start : 0;
  return counter.base + running;
}

bool I8254::out_after(const Counter& counter, std::uint64_t steps) {
  const std::uint64_t n = counter.reload;
  switch (mode_of(counter)) {
    case 0:
    case 1: return steps >= n;
    // A count of one is illegal in modes 2 and 3; OUT stays high here.
    case 2: return !counter.running || n < 2 || steps % n != n - 1;
    case 3:
      return !counter.running || n < 2 ||
             (steps + (counter.half_low ? high_half(n) : 0)) % n < high_half(n);
    default: return steps != n;
  }
}

// The number of steps at the next change of OUT, or kNever.
std::uint64_t I8254::next_change(const Counter& counter, std::uint64_t steps) {
  const std::uint64_t n = counter.reload;
  switch (mode_of(counter)) {
    case 0:
    case 1: return steps < n ? n : kNever;
    case 2: {
      if (n < 2) return kNever;
      const std::uint64_t position = steps % n;
      return position < n - 1 ? steps + (n - 1 - position) : steps + 1;
    }
    case 3: {
      if (n < 2) return kNever;
      const std::uint64_t half = high_half(n);
      const std::uint64_t position = (steps + (counter.half_low ? half : 0)) % n;
      return steps + (position < half ? half : n) - position;
    }
    default: return steps < n ? n : steps == n ? n + 1 : kNever;
  }
}

std::uint64_t I8254::edges_after(const Counter& counter, std::uint64_t steps) {
  const std::uint64_t n = counter.reload;
  switch (mode_of(counter)) {
    case 0:
    case 1: return steps >= n ? 1 : 0;
    case 2: return n < 2 ? 0 : steps / n;
    case 3: return n < 2 ? 0 : (steps + (counter.half_low ? high_half(n) : 0)) / n;
    default: return steps > n ? 1 : 0;
  }
}

std::uint32_t I8254::count_after(const Counter& counter, std::uint64_t steps) {
  const std::uint64_t n = counter.reload;
  const std::uint64_t range = modulus(counter.control);
  switch (mode_of(counter)) {
    case 2: return static_cast<std::uint32_t>((n - steps % n) % range);
    case 3: {
      // Steps by two; an odd count starts at the even number below it.
      const std::uint64_t half = high_half(n);
      const std::uint64_t position = (steps + (counter.half_low ? half : 0)) % n;
      const std::uint64_t in_half = position < half ? position : position - half;
      return static_cast<std::uint32_t>(((n & ~std::uint64_t{1}) - 2 * in_half) % range);
    }
    default: return static_cast<std::uint32_t>((n % range + range - steps % range) % range);
  }
}

void I8254::begin(Counter& counter, std::uint64_t tick, std::uint32_t count, bool fresh) {
  counter.reload = count;
  counter.load_tick = tick;
  counter.run_start = tick;
  counter.base = 0;
  counter.half_low = false;
  counter.loaded = true;
  counter.fresh = fresh;
  counter.next_pending = false;
  counter.next_at = kNever;
}

void I8254::roll(Counter& counter, std::uint64_t tick) {
  if (!counter.next_pending || counter.next_at > tick) return;
  const std::uint64_t at = counter.next_at;
  const std::uint64_t steps = elapsed(counter, at);
  counter.edges_before += edges_after(counter, steps);
  const bool low = !out_after(counter, steps);
  begin(counter, at, counter.next_reload, false);
  counter.half_low = mode_of(counter) == 3 && low;
}

// Whether the counter has the count it was given last, and no other from a clock on that has been.
bool I8254::counts(const Counter& counter, std::uint64_t tick) {
  return counter.programmed && counter.loaded && tick >= counter.load_tick &&
         !(counter.next_pending && counter.next_at <= tick);
}

I8254::View I8254::view(Counter counter, std::uint64_t tick) {
  roll(counter, tick);
  View result;
  result.rising_edges = counter.edges_before;
  if (!counter.programmed) {
    result.rising_edges = tick / kRefreshCount;
    return result;
  }
  if (!counter.loaded) {
    result.count = counter.count_before;
    result.out = mode_of(counter) != 0;
    // Of a count of two bytes it is the second that sets the flag ("Status Byte", note 2).
    result.null_count = !counter.has_count;
    return result;
  }
  if (tick < counter.load_tick) {
    result.count = counter.count_before;
    result.out = counter.out_before;
    result.null_count = counter.fresh || counter.next_pending;
    if (out_after(counter, counter.base) != counter.out_before) {
      result.next_edge = counter.load_tick;
      return result;
    }
  } else {
    const std::uint64_t steps = elapsed(counter, tick);
    result.count = count_after(counter, steps);
    result.out = out_after(counter, steps);
    result.null_count = counter.next_pending;
    result.rising_edges += edges_after(counter, steps);
  }
  if (!counter.running) return result;
  const std::uint64_t change =
      next_change(counter, elapsed(counter, std::max(tick, counter.load_tick)));
  if (change != kNever) result.next_edge = counter.run_start + (change - counter.base);
  return result;
}

// Guests wait with these two.
bool I8254::out(unsigned counter) const {
  const Counter& c = state_.at(counter);
  const std::uint64_t now = tick();
  return counts(c, now) ? out_after(c, elapsed(c, now)) : view(c, now).out;
}

std::uint64_t I8254::rising_edges(unsigned counter) const {
  const Counter& c = state_.at(counter);
  const std::uint64_t now = tick();
  return counts(c, now) ? c.edges_before + edges_after(c, elapsed(c, now))
                        : view(c, now).rising_edges;
}

// Drives OUT to its level at `tick` and arms the timer for the next change.
void I8254::drive(unsigned index, std::uint64_t tick) {
  Counter& counter = state_[index];
  roll(counter, tick);
  counter.last_tick = tick;
  if (config_.out[index] == nullptr) return;
  const View now = view(counter, tick);
  config_.out[index]->set(now.out);
  if (now.next_edge != kNever && now.next_edge > tick) {
    edge_timers_[index]->arm_at(rate_.time_of(now.next_edge));
  } else {
    edge_timers_[index]->cancel();
  }
}

void I8254::edge(unsigned index, Nanoseconds deadline) {
  const std::uint64_t now = tick();
  const std::uint64_t due = std::max(rate_.ticks_at(deadline), state_[index].last_tick);
  drive(index, due > now || now - due > kMostLag ? now : due);
}

// Edges that are due now but not yet delivered come before what the guest does now.
void I8254::catch_up(unsigned index) {
  Timer* const timer = edge_timers_[index].get();
  if (timer == nullptr) return;
  while (timer->armed() && *timer->deadline() <= clock_.now()) {
    const Nanoseconds deadline = *timer->deadline();
    timer->cancel();
    edge(index, deadline);
  }
}

// A rising GATE in modes 1, 2, 3 and 5: the count is loaded at the next clock.
void I8254::trigger(Counter& counter, std::uint64_t tick) {
  const View now = view(counter, tick);
  const bool pending = counter.next_pending;
  counter.edges_before = now.rising_edges;
  counter.count_before = now.count;
  counter.out_before = mode_of(counter) != 1 || now.out;
  begin(counter, tick + 1, pending ? counter.next_reload : counter.reload, pending);
  counter.running = true;
}

void I8254::set_gate(unsigned index, bool high) {
  ICE86_ASSERT(index < 3);
  catch_up(index);
  Counter& counter = state_[index];
  if (counter.gate == high) return;
  const std::uint64_t now = tick();
  roll(counter, now);
  counter.gate = high;
  switch (mode_of(counter)) {
    case 0:
    case 4:
      if (high) {
        counter.running = counter.loaded;
        counter.run_start = std::max(now, counter.load_tick);
      } else {
        counter.base = elapsed(counter, now);
        counter.running = false;
      }
      break;
    case 2:
    case 3:
      if (!high) {
        counter.base = elapsed(counter, now);
        counter.running = false;
        counter.out_before = true;
        counter.next_at = kNever;
        break;
      }
      [[fallthrough]];
    default:
      if (high && counter.has_count) trigger(counter, now);
      break;
  }
  drive(index, now);
}

void I8254::count_written(Counter& counter, std::uint64_t tick, std::uint32_t count) {
  const unsigned mode = mode_of(counter);
  const bool first = !counter.has_count;
  counter.has_count = true;
  if (mode == 1 || mode == 5) {
    counter.next_pending = true;
    counter.next_reload = count;
    counter.next_at = kNever;
    if (first) counter.reload = count;
    return;
  }
  const View now = view(counter, tick);
  if ((mode == 2 || mode == 3) && !first) {
    // Takes effect at the end of the period (mode 3: half period) that is under way.
    counter.next_pending = true;
    counter.next_reload = count;
    counter.next_at = kNever;
    if (counter.running) {
      if (tick < counter.load_tick) {
        begin(counter, counter.load_tick, count, true);
      } else {
        const std::uint64_t steps = elapsed(counter, tick);
        const std::uint64_t n = counter.reload;
        const std::uint64_t end =
            mode == 2 || n < 2 ? steps - steps % n + n : next_change(counter, steps);
        counter.next_at = counter.run_start + (end - counter.base);
      }
    }
    return;
  }
  counter.edges_before = now.rising_edges;
  counter.count_before = now.count;
  counter.out_before = mode != 0;
  begin(counter, tick + 1, count, true);
  counter.running = counter.gate;
}

void I8254::write_counter(unsigned index, std::uint8_t value) {
  Counter& counter = state_[index];
  if (!counter.programmed) return;  // undefined until a control word
  const std::uint64_t now = tick();
  roll(counter, now);
  const unsigned access = counter.control >> 4 & 3;
  std::uint16_t written;
  if (access == 1) {
    written = value;
  } else if (access == 2) {
    written = static_cast<std::uint16_t>(value << 8);
  } else if (!counter.write_high_next) {
    counter.write_low = value;
    counter.write_high_next = true;
    // Mode 0: the first byte stops the count and takes OUT low at once.
    if (mode_of(counter) == 0) {
      counter.count_before = view(counter, now).count;
      counter.loaded = false;
      counter.running = false;
      drive(index, now);
    }
    return;
  } else {
    counter.write_high_next = false;
    written = static_cast<std::uint16_t>(value << 8 | counter.write_low);
  }
  // Zero stands for the largest count.
  const std::uint32_t range = modulus(counter.control);
  std::uint32_t count = ((counter.control & kBcd) != 0 ? from_bcd(written) : written) % range;
  if (count == 0) count = range;
  count_written(counter, now, count);
  drive(index, now);
}

std::uint64_t I8254::read_tick(const Counter& counter) const {
  const std::uint64_t now = tick();
  return config_.reads_after_load && counter.loaded ? std::max(now, counter.load_tick) : now;
}

std::uint16_t I8254::register_count(const Counter& counter, std::uint64_t tick) {
  const std::uint32_t count = view(counter, tick).count;
  return (counter.control & kBcd) != 0 ? to_bcd(count) : static_cast<std::uint16_t>(count);
}

std::uint8_t I8254::status(const Counter& counter, std::uint64_t tick) {
  const View now = view(counter, tick);
  return static_cast<std::uint8_t>((now.out ? 0x80 : 0) | (now.null_count ? 0x40 : 0) |
                                   counter.control);
}

void I8254::control_word(std::uint8_t value) {
  const unsigned index = value >> 6;
  if (index == kReadBack) return read_back(value);
  const std::uint64_t now = tick();
  Counter& counter = state_[index];
  if ((value & 0x30) == 0) {  // counter latch command
    if (!counter.count_latched) {
      counter.count_latched = true;
      counter.latched_count = register_count(counter, read_tick(counter));
    }
    return;
  }
  Counter next;
  next.count_before = view(counter, now).count;
  next.gate = counter.gate;
  next.control = value & 0x3F;
  next.programmed = true;
  counter = next;
  drive(index, now);
}

// Read-back command: several counters, status and count together; a latched value stays until it is
// read.
void I8254::read_back(std::uint8_t value) {
  for (unsigned i = 0; i < 3; ++i) {
    if (!bit(value, i + 1)) continue;
    Counter& counter = state_[i];
    const std::uint64_t now = read_tick(counter);
    if (!bit(value, 5) && !counter.count_latched) {
      counter.count_latched = true;
      counter.latched_count = register_count(counter, now);
    }
    if (!bit(value, 4) && !counter.status_latched) {
      counter.status_latched = true;
      counter.latched_status = status(counter, now);
    }
  }
}

std::uint8_t I8254::read_counter(Counter& counter, std::uint64_t tick) {
  if (counter.status_latched) {
    counter.status_latched = false;
    return counter.latched_status;
  }
  const std::uint16_t count =
      counter.count_latched ? counter.latched_count : register_count(counter, tick);
  const unsigned access = counter.control >> 4 & 3;
  if (access == 1 || access == 2) {
    counter.count_latched = false;
    return static_cast<std::uint8_t>(access == 1 ? count : count >> 8);
  }
  if (!counter.read_high_next) {
    counter.read_high_next = true;
    return static_cast<std::uint8_t>(count);
  }
  counter.read_high_next = false;
  counter.count_latched = false;
  return static_cast<std::uint8_t>(count >> 8);
}

std::uint64_t I8254::read(std::uint64_t offset, unsigned width) {
  // The control word register can not be read.
  if (offset >= 3) return floating_bus(width);
  return read_counter(state_[offset], read_tick(state_[offset]));
}

std::uint64_t I8254::peek(std::uint64_t offset, unsigned width) const {
  if (offset >= 3) return floating_bus(width);
  Counter copy = state_[offset];
  return read_counter(copy, read_tick(copy));
}

void I8254::write(std::uint64_t offset, unsigned, std::uint64_t value) {
  if (offset > 3) return;
  for (unsigned i = 0; i < 3; ++i) catch_up(i);
  if (offset == 3) {
    control_word(static_cast<std::uint8_t>(value));
  } else {
    write_counter(static_cast<unsigned>(offset), static_cast<std::uint8_t>(value));
  }
}

// The chip by itself has no reset pin; the one inside a PIIX3 starts afresh with PCIRST#, and no
// interrupt may come from it before firmware programs it.
void I8254::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  for (unsigned i = 0; i < 3; ++i) {
    const bool gate = state_[i].gate;
    state_[i] = {};
    state_[i].gate = gate;
    if (config_.out[i] == nullptr) continue;
    edge_timers_[i]->cancel();
    config_.out[i]->set(false);
  }
}

void I8254::serialize_counter(Archive& archive, Counter& counter) {
  archive.io(counter.control);
  archive.io(counter.gate);
  archive.io(counter.programmed);
  archive.io(counter.has_count);
  archive.io(counter.loaded);
  archive.io(counter.running);
  archive.io(counter.fresh);
  archive.io(counter.half_low);
  archive.io(counter.reload);
  archive.io(counter.load_tick);
  archive.io(counter.run_start);
  archive.io(counter.base);
  archive.io(counter.out_before);
  archive.io(counter.count_before);
  archive.io(counter.next_pending);
  archive.io(counter.next_reload);
  archive.io(counter.next_at);
  archive.io(counter.edges_before);
  archive.io(counter.last_tick);
  archive.io(counter.write_high_next);
  archive.io(counter.write_low);
  archive.io(counter.read_high_next);
  archive.io(counter.count_latched);
  archive.io(counter.latched_count);
  archive.io(counter.status_latched);
  archive.io(counter.latched_status);
  const auto possible = [](std::uint32_t count) { return count >= 1 && count <= 65'536; };
  if (counter.control > 0x3F || !possible(counter.reload) || !possible(counter.next_reload)) {
    archive.fail("an impossible count is stored");
    counter = {};
  }
}

void I8254::serialize(Archive& archive) {
  archive.section(config_.name, 1, [&] {
    for (Counter& counter : state_) serialize_counter(archive, counter);
  });
  if (!archive.loading()) return;
  for (unsigned i = 0; i < 3; ++i) {
    // The level that was driven last: a later edge is still in the queue.
    if (config_.out[i] != nullptr) {
      config_.out[i]->restore(view(state_[i], state_[i].last_tick).out);
    }
  }
}

std::string I8254::dump() const {
  std::string text;
  const std::uint64_t now = tick();
  for (unsigned i = 0; i < 3; ++i) {
    const Counter& counter = state_[i];
    const View at = view(counter, now);
    text +=
        fmt::format("{} counter {}: {} mode {}{} reload {} count {} OUT {} GATE {}{}\n",
                    config_.name, i, counter.programmed ? "" : "unprogrammed,", mode_of(counter),
                    (counter.control & kBcd) != 0 ? " BCD" : "", counter.reload, at.count,
                    at.out ? 1 : 0, counter.gate ? 1 : 0, at.null_count ? " null" : "");
  }
  return text;
}

}  // namespace ice86::devices
