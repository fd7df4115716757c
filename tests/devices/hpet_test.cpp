// SPDX-License-Identifier: LGPL-2.1-or-later
// HPET: registers, matches to the tick, periodic and 32-bit modes, levels and edges, legacy
// routing.
#include "devices/hpet/hpet.h"

#include <gtest/gtest.h>

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::Hpet;

struct HpetBench {
  Clock clock;
  LevelLine irq0, irq8, legacy;
  std::array<LevelLine, Hpet::kInputs> inputs;
  Hpet chip{clock, {irq0, irq8, legacy, {&inputs[0], &inputs[1], &inputs[2], &inputs[3]}}};

  Hpet& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"registers", &chip, 0x180, 8}}; }
  bool interrupting() const { return outputs() != 0; }
  std::uint64_t outputs() const {
    std::uint64_t pins = irq0.high() | irq8.high() << 1;
    for (unsigned i = 0; i < inputs.size(); ++i) pins |= std::uint64_t{inputs[i].high()} << (2 + i);
    return pins;
  }
};

class HpetTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kConfig = 0x10, kStatus = 0x20, kCounter = 0xf0;
  static constexpr std::uint64_t kInterrupts = 4, kLevel = 2, kPeriodic = 8, kSetsValue = 0x40,
                                 k32Bits = 0x100;

  HpetTest() {
    bench_.irq0.connect([this](bool high) { rises_ += high; });
    bench_.inputs[1].connect([this](bool high) { rises_ += high; });
    bench_.chip.reset(ResetKind::kPowerOn);
  }
  std::uint64_t read(std::uint64_t offset, unsigned width = 8) {
    return bench_.chip.read(offset, width);
  }
  void write(std::uint64_t offset, std::uint64_t value, unsigned width = 8) {
    bench_.chip.write(offset, width, value);
  }
  static std::uint64_t config_of(unsigned timer) { return 0x100 + timer * 0x20; }
  static std::uint64_t comparator_of(unsigned timer) { return 0x108 + timer * 0x20; }
  // Ticks of 10 ns: one instruction each at 100 a microsecond.
  void ticks(std::uint64_t count) { conformance::advance(bench_, count); }

  HpetBench bench_;
  unsigned rises_ = 0;
};

TEST_F(HpetTest, SaysWhatItIs) {
  EXPECT_EQ(read(0), 0x0098'9680'8086'a201U);
  EXPECT_EQ(read(4, 4), 10'000'000U) << "femtoseconds";
  for (unsigned timer = 0; timer < 3; ++timer) {
    EXPECT_EQ(read(config_of(timer)), 0x00f0'0000'0000'0030U);
    EXPECT_EQ(read(comparator_of(timer)), ~std::uint64_t{0});
  }
  EXPECT_EQ(read(0x160), 0U) << "there is no timer 3";
}

TEST_F(HpetTest, CounterRunsWhileEnabled) {
  ticks(100);
  EXPECT_EQ(read(kCounter), 0U);
  write(kCounter, 0x1'0000'0000 - 5);
  write(kConfig, 1);
  ticks(7);
  EXPECT_EQ(read(kCounter), 0x1'0000'0002U);
  EXPECT_EQ(read(kCounter + 4, 4), 1U);
  write(kConfig, 0);
  ticks(100);
  EXPECT_EQ(read(kCounter), 0x1'0000'0002U);
}

TEST_F(HpetTest, OneShotRisesAtItsTick) {
  write(config_of(0), 21 << 9 | kInterrupts);
  write(comparator_of(0), 1000);
  write(kConfig, 1);
  ticks(999);
  EXPECT_FALSE(bench_.inputs[1].high());
  ticks(1);
  EXPECT_TRUE(bench_.inputs[1].high());
  EXPECT_EQ(read(kStatus), 0U) << "edge-triggered";
  ticks(1'000'000);
  EXPECT_EQ(rises_, 1U);
  write(comparator_of(0), read(kCounter) + 50);
  ticks(50);
  EXPECT_EQ(rises_, 2U) << "each match is an edge of its own";
}

TEST_F(HpetTest, LevelStaysUntilItsStatusIsCleared) {
  write(config_of(1), 21 << 9 | kInterrupts | kLevel);
  write(comparator_of(1), 10);
  write(kConfig, 1);
  ticks(10);
  EXPECT_EQ(read(kStatus), 2U);
  EXPECT_TRUE(bench_.inputs[1].high());
  write(kStatus, 5);
  EXPECT_TRUE(bench_.inputs[1].high());
  write(kStatus, 2);
  EXPECT_FALSE(bench_.inputs[1].high());
  EXPECT_EQ(read(kStatus), 0U);
}

TEST_F(HpetTest, LevelWithoutInterruptsOnlySetsItsStatus) {
  write(config_of(1), 21 << 9 | kLevel);
  write(comparator_of(1), 10);
  write(kConfig, 1);
  ticks(10);
  EXPECT_EQ(read(kStatus), 2U);
  EXPECT_EQ(bench_.outputs(), 0U);
}

TEST_F(HpetTest, PeriodicKeepsItsPace) {
  write(config_of(0), 21 << 9 | kInterrupts | kPeriodic | kSetsValue);
  write(comparator_of(0), 100);
  EXPECT_EQ(read(config_of(0)) & kSetsValue, 0U) << "clears itself";
  write(comparator_of(0), 30);
  EXPECT_EQ(read(comparator_of(0)), 100U) << "without VAL_SET only the period";
  write(kConfig, 1);
  ticks(99);
  EXPECT_EQ(rises_, 0U);
  ticks(1);
  EXPECT_EQ(rises_, 1U);
  EXPECT_EQ(read(comparator_of(0)), 130U);
  ticks(300);
  EXPECT_EQ(rises_, 11U);
  EXPECT_EQ(read(comparator_of(0)), 430U);
}

TEST_F(HpetTest, PeriodicCatchesUpAfterALateCpu) {
  write(config_of(0), 21 << 9 | kInterrupts | kPeriodic | kSetsValue);
  write(comparator_of(0), 10);
  write(kConfig, 1);
  bench_.clock.instructions() += 1005;  // one long instruction
  bench_.clock.run_due_events();
  EXPECT_EQ(read(comparator_of(0)), 1010U);
  EXPECT_EQ(rises_, 1U);
}

TEST_F(HpetTest, In32BitsTheCounterTurnsRound) {
  write(config_of(0), 21 << 9 | kInterrupts | k32Bits);
  write(comparator_of(0), 0xffff'ffff'0000'0010);
  EXPECT_EQ(read(comparator_of(0)), 0x10U);
  write(kCounter, 0xffff'fff0);
  write(kConfig, 1);
  ticks(0x1f);
  EXPECT_EQ(rises_, 0U);
  ticks(1);
  EXPECT_EQ(rises_, 1U);
}

TEST_F(HpetTest, LegacyReplacementTakesTwoTimers) {
  write(config_of(0), 21 << 9 | kInterrupts);
  write(config_of(1), 21 << 9 | kInterrupts);
  write(config_of(2), 22 << 9 | kInterrupts);
  for (unsigned timer = 0; timer < 3; ++timer) write(comparator_of(timer), 10 + timer);
  write(kConfig, 3);
  EXPECT_TRUE(bench_.legacy.high());
  ticks(10);
  EXPECT_EQ(bench_.outputs(), 1U);
  ticks(2);
  EXPECT_EQ(bench_.outputs(), 1U | 2U | 1U << 4);
  write(kConfig, 2);
  EXPECT_FALSE(bench_.legacy.high()) << "nothing is replaced while it is off";
  EXPECT_EQ(bench_.outputs(), 0U);
}

TEST_F(HpetTest, RoutesThatAreNotThereAreNotTaken) {
  write(config_of(0), 21 << 9);
  write(config_of(0), 3 << 9);
  EXPECT_EQ(read(config_of(0)) >> 9 & 0x1f, 21U);
}

TEST_F(HpetTest, NarrowWritesHaveNoEffect) {
  write(kConfig, 1, 1);
  write(kConfig, 1, 2);
  EXPECT_EQ(read(kConfig), 0U);
  write(kConfig, 1, 4);
  EXPECT_EQ(read(kConfig), 1U);
}

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Hpet, DeviceConformance, HpetBench);
}  // namespace ice86
