// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/hpet/hpet.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

// Registers (2.3.2).
constexpr std::uint64_t kCapabilities = 0x000, kConfig = 0x010, kStatus = 0x020, kCounter = 0x0f0;
constexpr std::uint64_t kFirstTimer = 0x100, kTimerSize = 0x20;
constexpr std::uint64_t kTimerConfig = 0x00, kTimerComparator = 0x08, kTimerMessage = 0x10;

constexpr Nanoseconds kTick = 10;
constexpr std::uint64_t kPeriod = kTick * 1'000'000;  // femtoseconds

// General configuration.
constexpr std::uint8_t kEnable = 0x01, kLegacy = 0x02;
// Timer configuration (2.3.8).
constexpr std::uint32_t kLevel = 1u << 1, kInterrupts = 1u << 2, kPeriodic = 1u << 3;
constexpr std::uint32_t kCanBePeriodic = 1u << 4, kIs64Bits = 1u << 5, kSetsValue = 1u << 6;
constexpr std::uint32_t k32Bits = 1u << 8;
constexpr unsigned kRouteShift = 9;
constexpr std::uint32_t kRoute = 0x1fu << kRouteShift;
constexpr std::uint32_t kWritable = kLevel | kInterrupts | kPeriodic | kSetsValue | k32Bits;
constexpr std::uint64_t kRoutes = std::uint64_t{(1u << Hpet::kInputs) - 1} << Hpet::kFirstInput;

std::uint64_t width_of(std::uint32_t config) {
  return (config & k32Bits) != 0 ? 0xffff'ffff : ~std::uint64_t{0};
}

}  // namespace

Hpet::Hpet(Clock& clock, Pins pins)
    : clock_(clock),
      pins_(pins),
      matches_{Timer(clock, "hpet.0", [this](Nanoseconds) { matched(0); }),
               Timer(clock, "hpet.1", [this](Nanoseconds) { matched(1); }),
               Timer(clock, "hpet.2", [this](Nanoseconds) { matched(2); })} {}

std::uint64_t Hpet::counter() const {
  return running() ? clock_.now() / kTick + state_.counter : state_.counter;
}

// --- registers

// All are 64 bits wide and every 8 bytes.
std::uint64_t Hpet::reg(std::uint64_t offset) const {
  switch (offset) {
    case kCapabilities: return kPeriod << 32 | kBlockId;
    case kConfig: return state_.config;
    case kStatus: return state_.status;
    case kCounter: return counter();
    default: break;
  }
  if (offset < kFirstTimer || offset >= kFirstTimer + kTimers * kTimerSize) return 0;
  const Comparator& timer = state_.timers[(offset - kFirstTimer) / kTimerSize];
  switch (offset % kTimerSize) {
    case kTimerConfig: return kRoutes << 32 | timer.config | kCanBePeriodic | kIs64Bits;
    case kTimerComparator: return timer.value;
    case kTimerMessage: return timer.message;
    default: return 0;
  }
}

std::uint64_t Hpet::peek(std::uint64_t offset, unsigned width) const {
  if (offset >= kSize) return floating_bus(width);
  return reg(align_down(offset, 8)) >> (offset % 8 * 8) & width_mask(width);
}

// 2.3.1: 32 and 64 bits, aligned. What else may be written has no effect.
void Hpet::write(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (width < 4 || offset % width != 0 || offset >= kSize) return;
  const unsigned shift = static_cast<unsigned>(offset % 8 * 8);
  const std::uint64_t mask = width_mask(width) << shift;
  const std::uint64_t at = align_down(offset, 8);
  const std::uint64_t merged = (reg(at) & ~mask) | (value << shift & mask);
  switch (at) {
    case kConfig: return write_config(merged);
    case kStatus:
      state_.status = static_cast<std::uint8_t>(state_.status & ~(value << shift & mask));
      return update_lines();
    case kCounter:
      state_.counter = running() ? merged - clock_.now() / kTick : merged;
      for (unsigned i = 0; i < kTimers; ++i) arm(i);
      return;
    default: break;
  }
  if (at < kFirstTimer || at >= kFirstTimer + kTimers * kTimerSize) return;
  const auto index = static_cast<unsigned>((at - kFirstTimer) / kTimerSize);
  switch (at % kTimerSize) {
    case kTimerConfig: return write_timer_config(index, static_cast<std::uint32_t>(merged));
    case kTimerComparator: return write_comparator(index, value << shift, mask);
    case kTimerMessage: state_.timers[index].message = merged; return;
    default: return;
  }
}

void Hpet::write_config(std::uint64_t value) {
  const std::uint64_t now = counter();
  state_.config = value & (kEnable | kLegacy);
  state_.counter = running() ? now - clock_.now() / kTick : now;
  for (unsigned i = 0; i < kTimers; ++i) arm(i);
  update_lines();
}

void Hpet::write_timer_config(unsigned index, std::uint32_t value) {
  Comparator& timer = state_.timers[index];
  // A route that is not there is not taken over.
  const unsigned route = (value & kRoute) >> kRouteShift;
  const std::uint32_t kept = (kRoutes >> route & 1) != 0 ? value & kRoute : timer.config & kRoute;
  timer.config = (value & kWritable) | kept;
  if ((timer.config & k32Bits) != 0) timer.value &= 0xffff'ffff;
  if ((timer.config & kLevel) == 0) state_.status &= static_cast<std::uint8_t>(~(1u << index));
  if ((timer.config & (kLevel | kInterrupts)) != kInterrupts) timer.edge = false;
  arm(index);
  update_lines();
}

// 2.3.9.2.2: in periodic mode a write sets the period, and the comparator only after VAL_SET.
void Hpet::write_comparator(unsigned index, std::uint64_t value, std::uint64_t mask) {
  Comparator& timer = state_.timers[index];
  mask &= width_of(timer.config);
  const auto merge = [&](std::uint64_t old) { return (old & ~mask) | (value & mask); };
  const bool periodic = (timer.config & kPeriodic) != 0;
  if (!periodic || (timer.config & kSetsValue) != 0) timer.value = merge(timer.value);
  if (periodic) timer.period = merge(timer.period);
  timer.config &= ~kSetsValue;
  arm(index);
}

// --- matching

// A match that nobody can see needs no event.
void Hpet::arm(unsigned index) {
  const Comparator& timer = state_.timers[index];
  if (!running() || (timer.config & (kLevel | kInterrupts | kPeriodic)) == 0)
    return matches_[index].cancel();
  // The comparator equals the counter now: this match is over, the next is after a whole turn.
  const std::uint64_t width = width_of(timer.config);
  const std::uint64_t ahead = (timer.value - counter() - 1) & width;
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / kTick;
  const std::uint64_t ticks = clock_.now() / kTick;
  if (ahead >= kMost - std::min(ticks, kMost)) return matches_[index].cancel();
  matches_[index].arm_at((ticks + ahead + 1) * kTick);
}

void Hpet::matched(unsigned index) {
  Comparator& timer = state_.timers[index];
  if ((timer.config & kPeriodic) != 0 && timer.period != 0) {
    // To the first period that is still to come: the CPU may be late.
    const std::uint64_t width = width_of(timer.config);
    const std::uint64_t late = (counter() - timer.value) & width;
    timer.value = (timer.value + (late / timer.period + 1) * timer.period) & width;
  }
  if ((timer.config & kLevel) != 0) {
    state_.status |= static_cast<std::uint8_t>(1u << index);
  } else if ((timer.config & kInterrupts) != 0) {
    timer.edge = false;
    update_lines();
    timer.edge = true;
  }
  update_lines();
  arm(index);
}

bool Hpet::asserted(unsigned index) const {
  const Comparator& timer = state_.timers[index];
  if (!running() || (timer.config & kInterrupts) == 0) return false;
  return (timer.config & kLevel) != 0 ? (state_.status >> index & 1) != 0 : timer.edge;
}

Hpet::Levels Hpet::levels() const {
  Levels levels;
  levels.legacy = (state_.config & (kEnable | kLegacy)) == (kEnable | kLegacy);
  for (unsigned i = 0; i < kTimers; ++i) {
    if (!asserted(i)) continue;
    const unsigned route = (state_.timers[i].config & kRoute) >> kRouteShift;
    if (levels.legacy && i < 2) {
      (i == 0 ? levels.irq0 : levels.irq8) = true;
    } else if (route >= kFirstInput) {
      levels.inputs[route - kFirstInput] = true;
    }
  }
  return levels;
}

void Hpet::update_lines() {
  const Levels now = levels();
  pins_.legacy.set(now.legacy);
  pins_.irq0.set(now.irq0);
  pins_.irq8.set(now.irq8);
  for (unsigned i = 0; i < kInputs; ++i) pins_.inputs[i]->set(now.inputs[i]);
}

// --- state

void Hpet::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = {};
  for (Timer& timer : matches_) timer.cancel();
  update_lines();
}

void Hpet::serialize(Archive& archive) {
  archive.section("hpet", 1, [&] {
    archive.io(state_.config);
    archive.io(state_.status);
    archive.io(state_.counter);
    for (Comparator& timer : state_.timers) {
      archive.io(timer.config);
      archive.io(timer.value);
      archive.io(timer.period);
      archive.io(timer.message);
      archive.io(timer.edge);
    }
  });
  if (!archive.loading()) return;
  state_.config &= kEnable | kLegacy;
  for (Comparator& timer : state_.timers) {
    const unsigned route = (timer.config & kRoute) >> kRouteShift;
    timer.config &= kWritable | ((kRoutes >> route & 1) != 0 ? kRoute : 0);
  }
  const Levels now = levels();
  pins_.legacy.restore(now.legacy);
  pins_.irq0.restore(now.irq0);
  pins_.irq8.restore(now.irq8);
  for (unsigned i = 0; i < kInputs; ++i) pins_.inputs[i]->restore(now.inputs[i]);
}

std::string Hpet::dump() const {
  std::string text =
      fmt::format("counter={:016x}{}{} status={:x}\n", counter(), running() ? "" : " halted",
                  (state_.config & kLegacy) != 0 ? " legacy" : "", state_.status);
  for (unsigned i = 0; i < kTimers; ++i) {
    const Comparator& timer = state_.timers[i];
    text += fmt::format("  timer {}: config={:04x} comparator={:x} period={:x}{}\n", i,
                        timer.config, timer.value, timer.period, asserted(i) ? " high" : "");
  }
  return text;
}

}  // namespace ice86::devices
