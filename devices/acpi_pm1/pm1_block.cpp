// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/acpi_pm1/pm1_block.h"

#include <fmt/core.h>

#include <utility>

namespace ice86::devices {

namespace {

constexpr unsigned kStatusAt = 0, kEnableAt = 2;
constexpr std::uint16_t kStatusBits = 0x8D31;   // TMROF, BM, GBL, PWRBTN, RTC, PWRBTNOR, WAK
constexpr std::uint16_t kControlBits = 0x0003;  // GBL_RLS (bit 2) is write-only
constexpr std::uint8_t kSleepType = 0x1C, kSleepEnable = 0x20;  // in the high byte of control

// The overflow status: bit 23 of the 24-bit timer changes.
constexpr std::uint64_t kTimerHalf = std::uint64_t{1} << 23;
constexpr std::uint32_t kTimerMask = 0x00FF'FFFF;

constexpr std::uint16_t kEnableBits =
    Pm1Block::kTimerOverflow | Pm1Block::kGlobal | Pm1Block::kPowerButton | Pm1Block::kRtc;

std::uint8_t byte_of(std::uint32_t value, unsigned index) {
  return static_cast<std::uint8_t>(value >> (index * 8));
}

}  // namespace

Pm1Block::Pm1Block(Clock& clock, EdgeLine& power_off, std::function<void()> changed, Config config)
    : clock_(clock),
      power_off_(power_off),
      changed_(std::move(changed)),
      config_(config),
      timer_status_(clock, "pm.timer", [this](Nanoseconds) { raise(kTimerOverflow); }) {
  schedule_timer_status();
}

std::uint32_t Pm1Block::timer() const {
  return static_cast<std::uint32_t>(timer_rate_.ticks_at(clock_.now())) & kTimerMask;
}

void Pm1Block::schedule_timer_status() {
  // A status that is set stays so: no event is needed until it is cleared.
  if ((state_.status & kTimerOverflow) != 0) return timer_status_.cancel();
  const std::uint64_t half = timer_rate_.ticks_at(clock_.now()) / kTimerHalf;
  timer_status_.arm_at(timer_rate_.time_of((half + 1) * kTimerHalf));
}

bool Pm1Block::asserts_sci() const {
  return sci_enabled() && (state_.status & state_.enable & kEnableBits) != 0;
}

void Pm1Block::enable_sci(bool enabled) {
  state_.control &= static_cast<std::uint16_t>(~kSciEnable);
  if (enabled) state_.control |= kSciEnable;
  changed_();
}

void Pm1Block::raise(std::uint16_t status) {
  state_.status |= status;
  changed_();
}

void Pm1Block::set_rtc_irq(bool high) {
  const bool rises = high && !rtc_irq_;
  rtc_irq_ = high;
  if (rises) raise(kRtc);
}

std::uint8_t Pm1Block::byte(unsigned offset) const {
  switch (offset & ~1U) {
    case kStatusAt: return byte_of(state_.status, offset & 1);
    case kEnableAt: return byte_of(state_.enable, offset & 1);
    case kControl: return byte_of(state_.control, offset & 1);
    case kTimer:
    case kTimer + 2: return byte_of(timer(), offset - kTimer);
    default: return 0;
  }
}

// SLP_TYP and SLP_EN, bits 12-10 and 13.
void Pm1Block::write_control_high(std::uint8_t value) {
  state_.control =
      static_cast<std::uint16_t>((state_.control & 0x00FF) | (value & kSleepType) << 8);
  if ((value & kSleepEnable) == 0) return;
  if ((config_.off_types >> ((value & kSleepType) >> 2) & 1) != 0) {
    power_off_.pulse();
  } else {
    state_.status |= kWake;
  }
}

void Pm1Block::write_byte(unsigned offset, std::uint8_t value) {
  const unsigned shift = (offset & 1) * 8;
  const auto merged = [&](std::uint16_t old, std::uint16_t writable) {
    const auto mask = static_cast<std::uint16_t>((0xFF << shift) & writable);
    return static_cast<std::uint16_t>((old & ~mask) | (value << shift & mask));
  };
  switch (offset & ~1U) {
    case kStatusAt:
      state_.status = static_cast<std::uint16_t>(state_.status & ~(value << shift & kStatusBits));
      schedule_timer_status();
      break;
    case kEnableAt: state_.enable = merged(state_.enable, kEnableBits); break;
    case kControl:
      if (shift == 8) {
        write_control_high(value);
      } else {
        state_.control = merged(state_.control, kControlBits);
      }
      break;
    default: return;  // the timer is read-only
  }
  changed_();
}

void Pm1Block::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_ = {};
  schedule_timer_status();
  changed_();
}

void Pm1Block::serialize(Archive& archive) {
  archive.io(state_.status);
  archive.io(state_.enable);
  archive.io(state_.control);
}

std::string Pm1Block::dump() const {
  return fmt::format("PM1 status {:04x} enable {:04x} control {:04x}, timer {:06x}", state_.status,
                     state_.enable, state_.control, timer());
}

}  // namespace ice86::devices
