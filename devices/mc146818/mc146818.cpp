// SPDX-License-Identifier: LGPL-2.1-or-later
// MC146818A: time, alarm and periodic interrupts in virtual time.
// Reference: Motorola MC146818A datasheet, "Update cycle", "Interrupts", "Registers"; Dallas
// DS12C887 for the century register.
#include "devices/mc146818/mc146818.h"

#include <fmt/core.h>

#include <utility>

#include "devices/common/tick_rate.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kSeconds = 0x00, kSecondsAlarm = 0x01, kMinutes = 0x02, kMinutesAlarm = 0x03;
constexpr unsigned kHours = 0x04, kHoursAlarm = 0x05, kDayOfWeek = 0x06, kDate = 0x07;
constexpr unsigned kMonth = 0x08, kYear = 0x09, kCentury = 0x32;
constexpr unsigned kA = 0x0A, kB = 0x0B, kC = 0x0C, kD = 0x0D;

constexpr std::uint8_t kUip = 0x80, kDividerMask = 0x70, kRateMask = 0x0F;
constexpr std::uint8_t kSet = 0x80, kPie = 0x40, kAie = 0x20, kUie = 0x10, kSqwe = 0x08;
constexpr std::uint8_t kDm = 0x04, k24 = 0x02, kDse = 0x01;
constexpr std::uint8_t kIrqf = 0x80, kPf = 0x40, kAf = 0x20, kUf = 0x10;
constexpr std::uint8_t kVrt = 0x80;
constexpr std::uint8_t kPm = 0x80;

constexpr Nanoseconds kSecond = 1'000'000'000;
// Table "Update cycle times" for a 32.768 kHz time base: UIP rises tBUC before the cycle, which
// lasts tUC.
constexpr Nanoseconds kUipTime = 244'000 + 1'984'000;
// The first update comes half a second after the divider chain is released.
constexpr Nanoseconds kFirstUpdate = kSecond / 2;
constexpr TickRate kChain(32'768);

unsigned days_in(unsigned month, unsigned year) {
  constexpr std::uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12) return 31;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// 1 is Sunday. Sakamoto's congruence.
unsigned day_of_week(unsigned year, unsigned month, unsigned day) {
  constexpr unsigned kOffsets[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
  const unsigned y = month < 3 ? year - 1 : year;
  return (y + y / 4 - y / 100 + y / 400 + kOffsets[month - 1] + day) % 7 + 1;
}

}  // namespace

Mc146818::Mc146818(Clock& clock, LevelLine& irq, const Date& date)
    : clock_(clock),
      irq_(irq),
      update_timer_(clock, "rtc.update", [this](Nanoseconds deadline) { update_cycle(deadline); }),
      periodic_timer_(clock, "rtc.periodic", [this](Nanoseconds) { periodic_tick(); }) {
  state_.ram[kA] = 0x26;  // 32.768 kHz, 1024 Hz periodic rate
  state_.ram[kB] = k24;
  const unsigned month = date.month >= 1 && date.month <= 12 ? date.month : 1;
  state_.ram[kSeconds] = encode(date.second % 60);
  state_.ram[kMinutes] = encode(date.minute % 60);
  state_.ram[kHours] = encode_hour(date.hour % 24);
  state_.ram[kDayOfWeek] = encode(day_of_week(date.year, month, date.day));
  state_.ram[kDate] = encode(date.day);
  state_.ram[kMonth] = encode(month);
  state_.ram[kYear] = encode(date.year % 100);
  state_.ram[kCentury] = encode(date.year / 100 % 100);
  state_.next_update = clock_.now() + kSecond;
  update_timer_.arm_at(state_.next_update);
  schedule_periodic();
}

unsigned Mc146818::decode(std::uint8_t value) const {
  if ((state_.ram[kB] & kDm) != 0) return value;
  return (value >> 4) * 10U + (value & 15U);
}

std::uint8_t Mc146818::encode(unsigned value) const {
  if ((state_.ram[kB] & kDm) != 0) return static_cast<std::uint8_t>(value);
  return static_cast<std::uint8_t>(value / 10 % 16 << 4 | value % 10);
}

unsigned Mc146818::decode_hour(std::uint8_t value) const {
  if ((state_.ram[kB] & k24) != 0) return decode(value);
  const unsigned hour = decode(value & static_cast<std::uint8_t>(~kPm)) % 12;
  return (value & kPm) != 0 ? hour + 12 : hour;
}

std::uint8_t Mc146818::encode_hour(unsigned hour) const {
  if ((state_.ram[kB] & k24) != 0) return encode(hour);
  const unsigned of_twelve = hour % 12 == 0 ? 12 : hour % 12;
  return static_cast<std::uint8_t>(encode(of_twelve) | (hour >= 12 ? kPm : 0));
}

// DV2-0: 000, 001 and 010 name the three time bases. A PC has the 32.768 kHz one; the chain is
// taken to run at its speed for all three. The others hold it in reset (11x) or are for tests.
bool Mc146818::dividing() const {
  return (state_.ram[kA] & kDividerMask) <= 0x20;
}

bool Mc146818::update_in_progress() const {
  if (!dividing() || (state_.ram[kB] & kSet) != 0) return false;
  const Nanoseconds now = clock_.now();
  return now < state_.next_update && state_.next_update - now <= kUipTime;
}

void Mc146818::update_cycle(Nanoseconds deadline) {
  state_.next_update = deadline + kSecond;
  update_timer_.arm_at(state_.next_update);
  if ((state_.ram[kB] & kSet) != 0) return;
  if (!change_daylight_saving()) advance_time();
  set_flags(static_cast<std::uint8_t>(kUf | (alarm_matches() ? kAf : 0)));
}

// With DSE, the second after 1:59:59 AM is 3:00:00 on the last Sunday in April, and 1:00:00, once,
// on the last one in October ("Daylight Savings Enable").
bool Mc146818::change_daylight_saving() {
  std::array<std::uint8_t, kBytes>& ram = state_.ram;
  const unsigned month = decode(ram[kMonth]);
  const bool last_sunday =
      decode(ram[kDayOfWeek]) == 1 && decode(ram[kDate]) + 7 > days_in(month, 0);
  if (!last_sunday || month != 10) state_.hour_repeated = false;
  if ((ram[kB] & kDse) == 0 || !last_sunday || (month != 4 && month != 10)) return false;
  if (decode_hour(ram[kHours]) != 1 || decode(ram[kMinutes]) != 59 || decode(ram[kSeconds]) != 59)
    return false;
  if (month == 10 && std::exchange(state_.hour_repeated, true)) return false;
  ram[kSeconds] = ram[kMinutes] = 0;
  ram[kHours] = encode_hour(month == 4 ? 3 : 1);
  return true;
}

void Mc146818::advance_time() {
  std::array<std::uint8_t, kBytes>& ram = state_.ram;
  const unsigned second = decode(ram[kSeconds]) + 1;
  ram[kSeconds] = encode(second >= 60 ? 0 : second);
  if (second < 60) return;
  const unsigned minute = decode(ram[kMinutes]) + 1;
  ram[kMinutes] = encode(minute >= 60 ? 0 : minute);
  if (minute < 60) return;
  const unsigned hour = decode_hour(ram[kHours]) + 1;
  ram[kHours] = encode_hour(hour >= 24 ? 0 : hour);
  if (hour >= 24) advance_date();
}

void Mc146818::advance_date() {
  std::array<std::uint8_t, kBytes>& ram = state_.ram;
  const unsigned weekday = decode(ram[kDayOfWeek]);
  ram[kDayOfWeek] = encode(weekday >= 7 ? 1 : weekday + 1);
  const unsigned year = decode(ram[kYear]);
  // The century register is BCD or binary as the others are.
  const unsigned century = decode(ram[kCentury]);
  const unsigned day = decode(ram[kDate]) + 1;
  const unsigned month = decode(ram[kMonth]);
  if (day <= days_in(month, century * 100 + year)) {
    ram[kDate] = encode(day);
    return;
  }
  ram[kDate] = encode(1);
  ram[kMonth] = encode(month >= 12 ? 1 : month + 1);
  if (month < 12) return;
  ram[kYear] = encode(year >= 99 ? 0 : year + 1);
  if (year >= 99) ram[kCentury] = encode(century >= 99 ? 0 : century + 1);
}

bool Mc146818::alarm_matches() const {
  const auto matches = [this](unsigned alarm, unsigned time) {
    const std::uint8_t value = state_.ram[alarm];
    return value >= 0xC0 || value == state_.ram[time];  // C0h-FFh: don't care
  };
  return matches(kSecondsAlarm, kSeconds) && matches(kMinutesAlarm, kMinutes) &&
         matches(kHoursAlarm, kHours);
}

// The rate is a tap of the divider chain: RS 3-15 are 2^(RS-1) cycles of 32.768 kHz; 1 and 2 are
// those of 8 and 9 (table "Periodic interrupt rate").
void Mc146818::schedule_periodic() {
  unsigned rate = state_.ram[kA] & kRateMask;
  // A flag that is set already stays set: no event is needed until it has been read.
  if (rate == 0 || !dividing() || (state_.flags & kPf) != 0) return periodic_timer_.cancel();
  if (rate <= 2) rate += 7;
  const std::uint64_t interval = std::uint64_t{1} << (rate - 1);
  const Nanoseconds now = clock_.now();
  // Seconds start with the chain at zero, and every interval divides a second.
  const Nanoseconds in_second = now + kSecond - state_.next_update;
  const std::uint64_t next = (kChain.ticks_at(in_second) / interval + 1) * interval;
  periodic_timer_.arm_at(now + (kChain.time_of(next) - in_second));
}

void Mc146818::periodic_tick() {
  set_flags(kPf);
}

void Mc146818::set_flags(std::uint8_t flags) {
  state_.flags |= flags;
  drive_irq();
}

void Mc146818::drive_irq() {
  irq_.set((state_.flags & state_.ram[kB] & (kPf | kAf | kUf)) != 0);
}

std::uint8_t Mc146818::register_value(unsigned index) const {
  switch (index) {
    case kA: return static_cast<std::uint8_t>(state_.ram[kA] | (update_in_progress() ? kUip : 0));
    case kC: {
      const bool requesting = (state_.flags & state_.ram[kB] & (kPf | kAf | kUf)) != 0;
      return static_cast<std::uint8_t>(state_.flags | (requesting ? kIrqf : 0));
    }
    case kD: return kVrt;
    default: return state_.ram[index];
  }
}

void Mc146818::write_register(unsigned index, std::uint8_t value) {
  switch (index) {
    case kA: {
      const bool was_dividing = dividing();
      state_.ram[kA] = value & static_cast<std::uint8_t>(~kUip);
      if (was_dividing && !dividing()) update_timer_.cancel();
      if (!was_dividing && dividing()) {
        state_.next_update = clock_.now() + kFirstUpdate;
        update_timer_.arm_at(state_.next_update);
      }
      schedule_periodic();
      break;
    }
    case kB:
      // Setting SET clears UIE.
      if ((value & kSet) != 0) value &= static_cast<std::uint8_t>(~kUie);
      state_.ram[kB] = value;
      drive_irq();
      break;
    case kC:
    case kD: break;  // read-only
    default: state_.ram[index] = value; break;
  }
}

void Mc146818::set_cmos(unsigned index, std::uint8_t value) {
  write_register(index % kBytes, value);
}

std::uint8_t Mc146818::cmos(unsigned index) const {
  return register_value(index % kBytes);
}

std::uint64_t Mc146818::peek(std::uint64_t offset, unsigned width) const {
  // The index port is write-only on the AT.
  return offset == 1 ? register_value(state_.index) : floating_bus(width);
}

std::uint64_t Mc146818::read(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek(offset, width);
  if (offset == 1 && state_.index == kC) {
    state_.flags = 0;
    drive_irq();
    schedule_periodic();
  }
  return value;
}

void Mc146818::write(std::uint64_t offset, unsigned, std::uint64_t data) {
  const auto value = static_cast<std::uint8_t>(data);
  if (offset == 0) {
    state_.index = value & 0x7F;
    state_.nmi_masked = bit(value, 7);
  } else if (offset == 1) {
    write_register(state_.index, value);
  }
}

void Mc146818::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  state_.ram[kB] &= static_cast<std::uint8_t>(~(kPie | kAie | kUie | kSqwe));
  state_.flags = 0;
  state_.index = 0;
  state_.nmi_masked = true;
  drive_irq();
  schedule_periodic();
}

void Mc146818::serialize(Archive& archive) {
  archive.section("mc146818", 2, [&] {
    archive.io(state_.ram);
    archive.io(state_.flags);
    archive.io(state_.index);
    archive.io(state_.nmi_masked);
    archive.io(state_.next_update);
    archive.io(state_.hour_repeated);
  });
  if (!archive.loading()) return;
  state_.flags &= kPf | kAf | kUf;
  state_.index &= 0x7F;
  state_.ram[kA] &= static_cast<std::uint8_t>(~kUip);
  irq_.restore((state_.flags & state_.ram[kB] & (kPf | kAf | kUf)) != 0);
}

std::string Mc146818::dump() const {
  std::string text = fmt::format(
      "RTC: {:02x}{:02x}-{:02x}-{:02x} {:02x}:{:02x}:{:02x} A {:02x} B {:02x} C {:02x} index "
      "{:02x}{}\n",
      state_.ram[kCentury], state_.ram[kYear], state_.ram[kMonth], state_.ram[kDate],
      state_.ram[kHours], state_.ram[kMinutes], state_.ram[kSeconds], register_value(kA),
      state_.ram[kB], register_value(kC), state_.index, state_.nmi_masked ? ", NMI masked" : "");
  for (unsigned row = 0; row < kBytes; row += 16) {
    text += fmt::format("  {:02x}:", row);
    for (unsigned i = 0; i < 16; ++i) text += fmt::format(" {:02x}", cmos(row + i));
    text += '\n';
  }
  return text;
}

}  // namespace ice86::devices
