// SPDX-License-Identifier: LGPL-2.1-or-later
// MC146818: calendar, formats, update-in-progress timing, the three interrupts, battery-backed RAM.
#include "devices/mc146818/mc146818.h"

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::Mc146818;

struct Mc146818Bench {
  static constexpr bool kBatteryBacked = true;

  explicit Mc146818Bench(Mc146818::Date date = {2003, 6, 9, 12, 0, 0}) : chip(clock, irq, date) {}
  Clock clock{1};
  LevelLine irq;
  Mc146818 chip;

  Mc146818& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"ports", &chip, 2, 1}}; }
  bool interrupting() const { return irq.high(); }

  std::uint8_t read(unsigned index) {
    chip.write(0, 1, index);
    return static_cast<std::uint8_t>(chip.read(1, 1));
  }
  void write(unsigned index, unsigned value) {
    chip.write(0, 1, index);
    chip.write(1, 1, value);
  }
  void run_microseconds(std::uint64_t us) { conformance::advance(*this, us); }
  void run_seconds(std::uint64_t seconds) { run_microseconds(seconds * 1'000'000); }
  std::string now() { return fmt_time({0x32, 9, 8, 7, 4, 2, 0}); }
  std::string fmt_time(std::initializer_list<unsigned> registers) {
    std::string text;
    for (const unsigned index : registers) {
      const std::uint8_t value = read(index);
      text += "0123456789abcdef"[value >> 4];
      text += "0123456789abcdef"[value & 15];
    }
    return text;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Mc146818, DeviceConformance, Mc146818Bench);

TEST(Mc146818, ShowsTheGivenDateInBcd) {
  Mc146818Bench b({2026, 11, 21, 23, 59, 58});
  EXPECT_EQ(b.now(), "20261121235958");
  EXPECT_EQ(b.read(6), 7U) << "a Saturday";
  EXPECT_EQ(b.read(0x0B), 0x02U);
  EXPECT_EQ(b.read(0x0D), 0x80U);
}

TEST(Mc146818, SecondsPassInVirtualTime) {
  Mc146818Bench b;
  b.run_microseconds(999'999);
  EXPECT_EQ(b.read(0), 0x00U);
  b.run_microseconds(1);
  EXPECT_EQ(b.read(0), 0x01U);
  b.run_seconds(59);
  EXPECT_EQ(b.now(), "20030609120100");
}

TEST(Mc146818, CalendarCarriesIntoTheNextCentury) {
  Mc146818Bench b({1999, 12, 31, 23, 59, 59});
  b.run_seconds(1);
  EXPECT_EQ(b.now(), "20000101000000");
  EXPECT_EQ(b.read(6), 7U) << "a Saturday";
}

TEST(Mc146818, LeapYears) {
  for (const auto& [year, last] :
       {std::pair{2004U, 0x29U}, {2000U, 0x29U}, {2003U, 0x28U}, {2100U, 0x28U}}) {
    Mc146818Bench b({year, 2, 28, 23, 59, 59});
    b.run_seconds(1);
    EXPECT_EQ(b.read(7), last == 0x29 ? 0x29U : 0x01U) << year;
  }
}

TEST(Mc146818, BinaryAndTwelveHourForms) {
  Mc146818Bench b({2003, 6, 9, 12, 59, 59});
  b.write(0x0B, 0x80);  // SET, BCD, 12-hour
  b.write(4, 0x11);
  b.write(0x0B, 0x00);
  b.run_seconds(1);
  EXPECT_EQ(b.read(4), 0x92U) << "12 PM follows 11:59:59 AM";
  b.write(0x0B, 0x86);  // SET, binary, 24-hour
  b.write(0, 59);
  b.write(2, 9);
  b.write(4, 23);
  b.write(0x0B, 0x06);
  b.run_seconds(1);
  EXPECT_EQ(b.read(0), 0U);
  EXPECT_EQ(b.read(2), 10U);
}

TEST(Mc146818, DaylightSavingSkipsAndRepeatsAnHour) {
  Mc146818Bench spring({2003, 4, 27, 1, 59, 58});
  spring.write(0x0B, 0x03);
  spring.run_seconds(2);
  EXPECT_EQ(spring.now(), "20030427030000");

  Mc146818Bench autumn({2003, 10, 26, 1, 59, 59});
  autumn.write(0x0B, 0x01);  // in the 12-hour form
  autumn.write(4, 0x01);
  autumn.run_seconds(1);
  EXPECT_EQ(autumn.now(), "20031026010000");
  autumn.run_seconds(3600);
  EXPECT_EQ(autumn.now(), "20031026020000") << "once";

  Mc146818Bench other_sunday({2003, 4, 20, 1, 59, 59});
  other_sunday.write(0x0B, 0x03);
  other_sunday.run_seconds(1);
  EXPECT_EQ(other_sunday.now(), "20030420020000");

  Mc146818Bench off({2003, 4, 27, 1, 59, 59});
  off.run_seconds(1);
  EXPECT_EQ(off.now(), "20030427020000");
}

TEST(Mc146818, SetStopsTheTime) {
  Mc146818Bench b;
  b.write(0x0B, 0x82);
  b.run_seconds(5);
  EXPECT_EQ(b.read(0), 0x00U);
  EXPECT_EQ(b.read(0x0A) & 0x80, 0U);
  b.write(0x0B, 0x02);
  b.run_seconds(1);
  EXPECT_EQ(b.read(0), 0x01U);
}

TEST(Mc146818, UpdateInProgressComesBeforeEachUpdate) {
  Mc146818Bench b;
  b.run_microseconds(1'000'000 - 2'229);
  EXPECT_EQ(b.read(0x0A), 0x26U);
  b.run_microseconds(1);
  EXPECT_EQ(b.read(0x0A), 0xA6U);
  EXPECT_EQ(b.read(0), 0x00U);
  b.run_microseconds(2'228);
  EXPECT_EQ(b.read(0x0A), 0x26U);
  EXPECT_EQ(b.read(0), 0x01U);
}

TEST(Mc146818, SnapshotDuringAnUpdateStillShowsIt) {
  Mc146818Bench b;
  b.run_microseconds(1'999'000);
  EXPECT_EQ(b.read(0x0A), 0xA6U);
  const auto saved = conformance::save_all(b);
  Mc146818Bench copy;
  ASSERT_TRUE(conformance::load_all(copy, saved).has_value());
  EXPECT_EQ(copy.read(0x0A), 0xA6U);
  copy.run_microseconds(1'000);
  EXPECT_EQ(copy.read(0x0A), 0x26U);
  EXPECT_EQ(copy.read(0), 0x02U);
}

TEST(Mc146818, DividerResetHoldsAndReleasesAfterHalfASecond) {
  Mc146818Bench b;
  b.write(0x0A, 0x76);
  b.run_seconds(3);
  EXPECT_EQ(b.read(0), 0x00U);
  b.write(0x0A, 0x26);
  b.run_microseconds(499'999);
  EXPECT_EQ(b.read(0), 0x00U);
  b.run_microseconds(1);
  EXPECT_EQ(b.read(0), 0x01U);
}

TEST(Mc146818, UpdateEndedInterrupt) {
  Mc146818Bench b;
  b.write(0x0B, 0x12);
  b.run_seconds(1);
  EXPECT_TRUE(b.irq.high());
  EXPECT_EQ(b.read(0x0C) & 0x90, 0x90U);
  EXPECT_FALSE(b.irq.high()) << "reading register C ends it";
  EXPECT_EQ(b.read(0x0C) & 0xB0, 0x00U);
}

TEST(Mc146818, AlarmWithAndWithoutDontCare) {
  Mc146818Bench b;
  b.write(1, 0x05);
  b.write(3, 0x00);
  b.write(5, 0x12);
  b.write(0x0B, 0x22);
  b.run_seconds(4);
  EXPECT_FALSE(b.irq.high());
  b.run_seconds(1);
  EXPECT_TRUE(b.irq.high());
  EXPECT_EQ(b.read(0x0C) & 0xA0, 0xA0U);
  b.run_seconds(60);
  EXPECT_FALSE(b.irq.high()) << "the minute differs";
  b.write(3, 0xC0);
  b.write(5, 0xFF);
  b.run_seconds(60);
  EXPECT_TRUE(b.irq.high());
}

TEST(Mc146818, PeriodicInterruptAtTheSelectedRate) {
  for (const auto& [rate, hertz] :
       {std::pair{6U, 1024U}, {15U, 2U}, {3U, 8192U}, {1U, 256U}, {2U, 128U}, {8U, 256U}}) {
    Mc146818Bench b;
    unsigned interrupts = 0;
    b.write(0x0A, 0x20 | rate);
    b.write(0x0B, 0x42);
    b.irq.connect([&](bool high) { interrupts += high ? 1 : 0; });
    b.chip.write(0, 1, 0x0C);
    for (unsigned i = 0; i < 1'000'000; i += 10) {
      b.run_microseconds(10);
      b.chip.read(1, 1);
    }
    EXPECT_EQ(interrupts, hertz) << "RS " << rate;
  }
}

TEST(Mc146818, FlagsSetWithoutEnableAndInterruptWhenEnabledLater) {
  Mc146818Bench b;
  b.run_microseconds(1000);
  EXPECT_EQ(b.chip.peek(1, 1), b.chip.cmos(0));
  b.chip.write(0, 1, 0x0C);
  EXPECT_EQ(b.chip.peek(1, 1), 0x40U);
  EXPECT_FALSE(b.irq.high());
  b.write(0x0B, 0x42);
  EXPECT_TRUE(b.irq.high());
}

TEST(Mc146818, ReadOnlyRegistersAndBits) {
  Mc146818Bench b;
  b.write(0x0D, 0x00);
  EXPECT_EQ(b.read(0x0D), 0x80U);
  b.write(0x0C, 0xFF);
  EXPECT_EQ(b.read(0x0C), 0x00U);
  b.write(0x0A, 0xA6);
  EXPECT_EQ(b.read(0x0A), 0x26U);
}

TEST(Mc146818, RamSurvivesEveryResetAndInterruptEnablesDoNot) {
  Mc146818Bench b;
  b.write(0x10, 0x40);
  b.write(0x7F, 0xA5);
  b.write(0x0B, 0x72);
  b.run_seconds(2);
  EXPECT_TRUE(b.irq.high());
  b.chip.reset(ResetKind::kHard);
  EXPECT_FALSE(b.irq.high());
  EXPECT_EQ(b.read(0x0B), 0x02U);
  EXPECT_EQ(b.read(0x10), 0x40U);
  EXPECT_EQ(b.read(0x7F), 0xA5U);
  EXPECT_EQ(b.read(0), 0x02U);
}

TEST(Mc146818, IndexPortMasksNmi) {
  Mc146818Bench b;
  EXPECT_TRUE(b.chip.nmi_masked());
  b.chip.write(0, 1, 0x0D);
  EXPECT_FALSE(b.chip.nmi_masked());
  b.chip.write(0, 1, 0x8D);
  EXPECT_TRUE(b.chip.nmi_masked());
  EXPECT_EQ(b.chip.read(1, 1), 0x80U);
  EXPECT_EQ(b.chip.read(0, 1), 0xFFU) << "the index can not be read back";
}

}  // namespace
}  // namespace ice86
