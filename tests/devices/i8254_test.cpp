// SPDX-License-Identifier: LGPL-2.1-or-later
// 8254: every mode's wave form clock by clock, gates, latches, read-back, BCD, exact rate.
#include "devices/i8254/i8254.h"

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::I8254;
using devices::TickRate;

struct I8254Bench {
  Clock clock{1000};  // one instruction is a nanosecond
  LevelLine out0, out1, out2;
  I8254 chip{clock, {.out = {&out0, &out1, &out2}, .gates = {true, true, true}}};
  TickRate rate{I8254::kPcClockHertz};

  I8254& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"ports", &chip, 4, 1}}; }
  bool interrupting() const { return out0.high(); }
  std::uint64_t outputs() const { return (out1.high() ? 1 : 0) | (out2.high() ? 2 : 0); }
  void disturb(std::mt19937_64& random) { chip.set_gate(random() % 3, random() % 2 != 0); }
  void release() {
    for (unsigned i = 0; i < 3; ++i) chip.set_gate(i, true);
  }

  std::uint64_t tick() const { return rate.ticks_at(clock.now()); }
  // To the first nanosecond of the tick `ticks` from now.
  void run(std::uint64_t ticks) {
    conformance::advance(*this, rate.time_of(tick() + ticks) - clock.now());
  }
  void program(unsigned counter, unsigned mode, std::uint16_t count, bool bcd = false) {
    chip.write(3, 1, counter << 6 | 0x30 | mode << 1 | (bcd ? 1 : 0));
    chip.write(counter, 1, count & 0xFF);
    chip.write(counter, 1, count >> 8);
  }
  std::uint16_t count(unsigned counter) {
    chip.write(3, 1, counter << 6);
    const auto low = static_cast<std::uint16_t>(chip.read(counter, 1));
    return static_cast<std::uint16_t>(low | chip.read(counter, 1) << 8);
  }
  // OUT at each of the next `ticks` clocks, as the data sheet draws it.
  std::string wave(unsigned counter, unsigned ticks) {
    std::string text;
    for (unsigned i = 0; i < ticks; ++i) {
      run(1);
      const bool out = chip.out(counter);
      LevelLine* const lines[] = {&out0, &out1, &out2};
      EXPECT_EQ(out, lines[counter]->high()) << "the line follows the computed level, clock " << i;
      text += out ? '-' : '_';
    }
    return text;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(I8254, DeviceConformance, I8254Bench);

TEST(I8254, Mode0RisesNPlusOneClocksAfterTheWrite) {
  I8254Bench b;
  b.program(2, 0, 4);
  EXPECT_FALSE(b.chip.out(2));
  EXPECT_EQ(b.wave(2, 8), "____----");
}

TEST(I8254, Mode0CountsOnPastZero) {
  I8254Bench b;
  b.program(2, 0, 3);
  b.run(1);
  EXPECT_EQ(b.count(2), 3);
  b.run(3);
  EXPECT_EQ(b.count(2), 0);
  b.run(1);
  EXPECT_EQ(b.count(2), 0xFFFF);
}

TEST(I8254, Mode0GateHoldsTheCount) {
  I8254Bench b;
  b.program(2, 0, 4);
  b.run(2);
  b.chip.set_gate(2, false);
  EXPECT_EQ(b.count(2), 3);
  EXPECT_EQ(b.wave(2, 5), "_____");
  EXPECT_EQ(b.count(2), 3);
  b.chip.set_gate(2, true);
  EXPECT_EQ(b.wave(2, 4), "__--");
}

TEST(I8254, Mode0FirstByteOfANewCountStopsIt) {
  I8254Bench b;
  b.program(2, 0, 2);
  EXPECT_EQ(b.wave(2, 4), "__--");
  b.chip.write(2, 1, 3);
  EXPECT_FALSE(b.chip.out(2)) << "at once";
  EXPECT_EQ(b.wave(2, 6), "______");
  b.chip.write(2, 1, 0);
  EXPECT_EQ(b.wave(2, 5), "___--");
}

TEST(I8254, Mode1OneShotStartsAtTheTriggerAndRetriggers) {
  I8254Bench b;
  b.program(2, 1, 3);
  EXPECT_EQ(b.wave(2, 3), "---");
  b.chip.set_gate(2, false);
  EXPECT_EQ(b.wave(2, 2), "--");
  b.chip.set_gate(2, true);
  EXPECT_EQ(b.wave(2, 5), "___--");
  b.chip.set_gate(2, false);
  b.chip.set_gate(2, true);
  EXPECT_EQ(b.wave(2, 2), "__");
  b.chip.set_gate(2, false);
  b.chip.set_gate(2, true);
  EXPECT_EQ(b.wave(2, 5), "___--") << "a trigger during the pulse prolongs it";
}

TEST(I8254, Mode2IsLowForTheLastClockOfEachPeriod) {
  I8254Bench b;
  b.program(2, 2, 4);
  EXPECT_EQ(b.wave(2, 13), "---_---_---_-");
  EXPECT_EQ(b.chip.rising_edges(2), 3U);
}

TEST(I8254, Mode2TakesANewCountAtThePeriodsEnd) {
  I8254Bench b;
  b.program(2, 2, 4);
  EXPECT_EQ(b.wave(2, 2), "--");
  b.chip.write(2, 1, 3);
  b.chip.write(2, 1, 0);
  EXPECT_EQ(b.wave(2, 8), "-_--_--_");
}

TEST(I8254, Mode2GateStopsAndRestartsThePeriod) {
  I8254Bench b;
  b.program(2, 2, 4);
  EXPECT_EQ(b.wave(2, 4), "---_");
  b.chip.set_gate(2, false);
  EXPECT_TRUE(b.chip.out(2)) << "high at once";
  EXPECT_EQ(b.wave(2, 3), "---");
  b.chip.set_gate(2, true);
  EXPECT_EQ(b.wave(2, 8), "---_---_");
}

TEST(I8254, Mode3EvenAndOddSquareWaves) {
  I8254Bench b;
  b.program(2, 3, 4);
  EXPECT_EQ(b.wave(2, 8), "--__--__");
  b.program(2, 3, 5);
  EXPECT_EQ(b.wave(2, 11), "---__---__-");
}

TEST(I8254, Mode3CountsByTwo) {
  I8254Bench b;
  b.program(2, 3, 6);
  std::vector<unsigned> counts;
  for (unsigned i = 0; i < 7; ++i) {
    b.run(1);
    counts.push_back(b.count(2));
  }
  EXPECT_EQ(counts, (std::vector<unsigned>{6, 4, 2, 6, 4, 2, 6}));
  b.program(2, 3, 5);
  counts.clear();
  for (unsigned i = 0; i < 6; ++i) {
    b.run(1);
    counts.push_back(b.count(2));
  }
  EXPECT_EQ(counts, (std::vector<unsigned>{4, 2, 0, 4, 2, 4}));
}

TEST(I8254, Mode3TakesANewCountAtTheHalfsEnd) {
  I8254Bench b;
  b.program(2, 3, 6);
  EXPECT_EQ(b.wave(2, 2), "--");
  b.chip.write(2, 1, 4);
  b.chip.write(2, 1, 0);
  EXPECT_EQ(b.wave(2, 7), "-__--__");
}

TEST(I8254, Mode4StrobesOnce) {
  I8254Bench b;
  b.program(2, 4, 3);
  EXPECT_EQ(b.wave(2, 8), "---_----");
}

TEST(I8254, Mode5StrobesAfterTheTrigger) {
  I8254Bench b;
  b.program(2, 5, 3);
  b.chip.set_gate(2, false);
  EXPECT_EQ(b.wave(2, 4), "----");
  b.chip.set_gate(2, true);
  EXPECT_EQ(b.wave(2, 7), "---_---");
}

TEST(I8254, BcdCountsInDecimal) {
  I8254Bench b;
  b.program(2, 2, 0x1000, true);
  b.run(2);
  EXPECT_EQ(b.count(2), 0x0999);
  b.program(2, 2, 0x0000, true);  // ten thousand
  b.run(1);
  EXPECT_EQ(b.count(2), 0x0000);
  b.run(1);
  EXPECT_EQ(b.count(2), 0x9999);
}

TEST(I8254, LatchHoldsUntilBothBytesAreRead) {
  I8254Bench b;
  b.program(2, 2, 0x1234);
  b.run(1);
  b.chip.write(3, 1, 0x80);
  b.run(100);
  b.chip.write(3, 1, 0x80);  // a second latch is ignored
  EXPECT_EQ(b.chip.read(2, 1), 0x34U);
  EXPECT_EQ(b.chip.read(2, 1), 0x12U);
  EXPECT_EQ(b.chip.read(2, 1), (0x1234U - 100) & 0xFF) << "now unlatched";
}

TEST(I8254, SingleByteAccessModes) {
  I8254Bench b;
  b.chip.write(3, 1, 0x94);  // counter 2, low byte only, mode 2
  b.chip.write(2, 1, 0x40);
  b.run(1);
  EXPECT_EQ(b.chip.read(2, 1), 0x40U);
  EXPECT_EQ(b.chip.read(2, 1), 0x40U);
  b.chip.write(3, 1, 0xA4);  // high byte only
  b.chip.write(2, 1, 0x40);
  b.run(1);
  EXPECT_EQ(b.chip.read(2, 1), 0x40U);
  b.run(1);
  EXPECT_EQ(b.chip.read(2, 1), 0x3FU);
}

TEST(I8254, ReadBackGivesStatusThenCount) {
  I8254Bench b;
  b.program(2, 3, 0x8000);
  b.chip.write(3, 1, 0xE8);  // status of counter 2, before the count is loaded
  EXPECT_EQ(b.chip.read(2, 1), 0x80U | 0x40U | 0x36U);
  b.run(1);
  b.chip.write(3, 1, 0xC8);  // status and count
  EXPECT_EQ(b.chip.read(2, 1), 0x80U | 0x36U);
  EXPECT_EQ(b.chip.read(2, 1), 0x00U);
  EXPECT_EQ(b.chip.read(2, 1), 0x80U);
}

TEST(I8254, TheSecondByteOfACountSetsTheNullFlag) {
  I8254Bench b;
  b.program(2, 0, 1000);
  b.run(3);
  const auto status = [&] {
    b.chip.write(3, 1, 0xE8);
    return b.chip.read(2, 1);
  };
  EXPECT_EQ(status(), 0x30U);
  b.chip.write(2, 1, 0x10);
  EXPECT_EQ(status(), 0x30U);
  b.chip.write(2, 1, 0x00);
  EXPECT_EQ(status(), 0x70U);
  b.run(1);
  EXPECT_EQ(status(), 0x30U);
}

TEST(I8254, NullCountStaysUntilANewPeriodTakesTheCount) {
  I8254Bench b;
  b.program(2, 2, 10);
  b.run(5);
  b.chip.write(2, 1, 20);
  b.chip.write(2, 1, 0);
  b.chip.write(3, 1, 0xE8);
  EXPECT_EQ(b.chip.read(2, 1) & 0x40, 0x40U);
  b.run(10);
  b.chip.write(3, 1, 0xE8);
  EXPECT_EQ(b.chip.read(2, 1) & 0x40, 0x00U);
}

// As drivers see it on a PC, where the clock that loads the count comes within the bus cycle.
TEST(I8254, ReadingAfterLoadNeverSeesTheOldCount) {
  I8254Bench b;
  I8254 chip(b.clock, {.reads_after_load = true});
  chip.set_gate(2, true);
  const auto program = [&chip](std::uint8_t high) {
    chip.write(3, 1, 0xB0);
    chip.write(2, 1, 0xFF);
    chip.write(2, 1, high);
  };
  for (const std::uint8_t high : {0x12, 0xFF}) {
    program(high);
    EXPECT_EQ(chip.read(2, 1), 0xFFU);
    EXPECT_EQ(chip.read(2, 1), high);
    chip.write(3, 1, 0xE8);
    EXPECT_EQ(chip.read(2, 1), 0x30U) << "loaded, OUT low";
    chip.write(3, 1, 0x80);
    EXPECT_EQ(chip.peek(2, 1), 0xFFU);
    b.run(2);
    EXPECT_EQ(chip.read(2, 1), 0xFFU) << "latched";
    EXPECT_EQ(chip.read(2, 1), high);
    EXPECT_EQ(chip.read(2, 1), 0xFEU) << "one clock later than loaded";
    EXPECT_EQ(chip.read(2, 1), high);
    b.run(10);
  }
}

TEST(I8254, EighteenPointTwoHertzWithoutDrift) {
  // Ten thousand seconds: exactly floor(1193182 * 10000 / 65536) periods, counted on the wire.
  Clock clock(1);
  LevelLine out;
  std::uint64_t edges = 0;
  out.connect([&](bool high) { edges += high ? 1 : 0; });
  I8254 chip(clock, {.out = {&out, nullptr, nullptr}});
  chip.write(3, 1, 0x34);
  chip.write(0, 1, 0);
  chip.write(0, 1, 0);
  edges = 0;
  while (*clock.next_deadline() <= 10'000'000'000'000) {
    clock.skip_to(*clock.next_deadline());
    clock.run_due_events();
  }
  EXPECT_EQ(edges, 1'193'182ULL * 10'000 / 65'536);
}

TEST(I8254, EdgesBetweenTwoInstructionsAreAllDelivered) {
  // At one instruction a microsecond a clock of the 8254 is shorter than an instruction.
  struct {
    Clock clock{1};
  } bench;
  LevelLine out;
  unsigned edges = 0;
  out.connect([&](bool high) { edges += high ? 1 : 0; });
  I8254 chip(bench.clock, {.out = {&out, nullptr, nullptr}});
  chip.write(3, 1, 0x14);
  chip.write(0, 1, 2);
  edges = 0;
  conformance::advance(bench, 1000);
  EXPECT_EQ(edges, 596U);
}

TEST(I8254, RefreshRunsBeforeAnybodyProgramsIt) {
  I8254Bench b;
  const std::uint64_t before = b.chip.rising_edges(1);
  b.run(18 * 10);
  EXPECT_EQ(b.chip.rising_edges(1) - before, 10U);
}

TEST(I8254, UnusedOutputsCostNoEvents) {
  Clock clock;
  I8254 chip(clock, {});
  chip.write(3, 1, 0x34);
  chip.write(0, 1, 0x10);
  chip.write(0, 1, 0x00);
  EXPECT_FALSE(clock.next_deadline().has_value());
}

TEST(TickRate, ConversionIsExactAtEveryTick) {
  for (const std::uint64_t hertz : {32'768ULL, 1'193'182ULL, 3'579'545ULL, 14'318'180ULL}) {
    const TickRate rate(hertz);
    for (std::uint64_t tick = 0; tick < 3'000'000'000'000; tick = tick * 3 + 1) {
      EXPECT_EQ(rate.ticks_at(rate.time_of(tick)), tick);
      if (tick != 0) {
        EXPECT_EQ(rate.ticks_at(rate.time_of(tick) - 1), tick - 1);
      }
    }
  }
}

}  // namespace
}  // namespace ice86
