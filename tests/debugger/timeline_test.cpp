// SPDX-License-Identifier: LGPL-2.1-or-later
// Time that goes back: every state that is visited again is the one of a machine that only ran
// forwards.
#include "emulator/machine/timeline.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/debugger/support.h"

namespace ice86::machine {
namespace {

using debugger::counting_code;
using debugger::rom_machine;
using Kind = cpu::DebugStops::Kind;

RunLimits until(std::uint64_t instructions) {
  RunLimits limits;
  limits.instructions = instructions;
  return limits;
}

std::string forward_hash(std::uint64_t instructions, cpu::Engine engine) {
  const auto pc = rom_machine(counting_code(), engine);
  pc->run(until(instructions));
  return pc->state_hash();
}

class TimeTravel : public ::testing::TestWithParam<cpu::Engine> {};

TEST_P(TimeTravel, StatesAreThoseOfAForwardRun) {
  const auto pc = rom_machine(counting_code(), GetParam());
  Timeline timeline(*pc, {.interval = 5000});
  timeline.run(until(100'003));
  const std::string present = pc->state_hash();
  std::mt19937 random(1);
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t to = random() % 100'003;
    ASSERT_TRUE(timeline.go_to(to));
    ASSERT_EQ(pc->instant().instructions, to);
    ASSERT_EQ(pc->state_hash(), forward_hash(to, cpu::Engine::kInterpreter)) << to;
  }
  timeline.go_to_present();
  EXPECT_EQ(pc->state_hash(), present);
  EXPECT_FALSE(timeline.in_past());
}

TEST_P(TimeTravel, RunsThroughThePastIntoThePresent) {
  const auto pc = rom_machine(counting_code(), GetParam());
  Timeline timeline(*pc, {.interval = 5000});
  timeline.run(until(50'000));
  ASSERT_TRUE(timeline.go_to(7));
  timeline.run(until(80'000));
  EXPECT_FALSE(timeline.in_past());
  EXPECT_EQ(pc->state_hash(), forward_hash(80'000, cpu::Engine::kInterpreter));
}

// The last write before a place, as stepping forward through everything finds it.
TEST_P(TimeTravel, WhoLastWroteThisByte) {
  const auto pc = rom_machine(counting_code(), GetParam());
  Timeline timeline(*pc, {.interval = 3000});
  timeline.run(until(20'000));
  cpu::DebugStops stops;
  stops.data.push_back({0x1006, 2, false, true});
  const auto hit = timeline.reverse(stops);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->kind, Kind::kWrite);
  // At STOSW, which has not happened yet.
  EXPECT_EQ(pc->cpu().state().rip, 0x10u);
  EXPECT_EQ(pc->cpu().state().gpr[cpu::kRdi] & 0xffff, 0x1006u);
  const std::uint64_t found = pc->instant().instructions;
  const std::uint64_t before = pc->peek_memory(0x1006, 2);
  timeline.run(until(found + 1));
  EXPECT_NE(pc->peek_memory(0x1006, 2), before);
  const std::uint64_t written = pc->peek_memory(0x1006, 2);
  timeline.go_to_present();
  EXPECT_EQ(pc->peek_memory(0x1006, 2), written);
  // And once more from there: an earlier one.
  ASSERT_TRUE(timeline.go_to(found));
  ASSERT_TRUE(timeline.reverse(stops));
  EXPECT_LT(pc->instant().instructions, found);
}

TEST_P(TimeTravel, LastTimeAtAnInstruction) {
  const auto pc = rom_machine(counting_code(), GetParam());
  Timeline timeline(*pc, {.interval = 3000});
  timeline.run(until(20'000));
  cpu::DebugStops stops;
  stops.code = {0xf0009};
  std::uint64_t last = pc->instant().instructions;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(timeline.reverse(stops));
    EXPECT_EQ(pc->cpu().state().rip, 9u);
    EXPECT_LT(pc->instant().instructions, last);
    // As many instructions as the loop has.
    if (i > 0) {
      EXPECT_EQ(last - pc->instant().instructions, 8u);
    }
    last = pc->instant().instructions;
  }
  stops.code = {0xf8000};  // never
  EXPECT_FALSE(timeline.reverse(stops));
  EXPECT_EQ(pc->instant().instructions, timeline.first());
}

TEST_P(TimeTravel, InputComesAgainAndForksHistory) {
  const auto run = [](bool back) {
    const auto pc = rom_machine(counting_code(), GetParam());
    Timeline timeline(*pc, {.interval = 5000});
    timeline.run(until(12'345));
    pc->receive_serial(0, std::vector<std::uint8_t>{'a', 'b'});
    timeline.run(until(20'000));
    pc->input(KeyInput{devices::KeyCode::kA, true});
    timeline.run(until(30'000));
    if (back) {
      EXPECT_TRUE(timeline.go_to(100));
      timeline.run(until(30'000));
    }
    return pc->state_hash();
  };
  EXPECT_EQ(run(true), run(false));

  const auto pc = rom_machine(counting_code(), GetParam());
  Timeline timeline(*pc, {.interval = 5000});
  timeline.run(until(30'000));
  ASSERT_TRUE(timeline.go_to(10'000));
  timeline.changed();
  pc->write_memory(0x500, 2, 7);
  EXPECT_FALSE(timeline.in_past());
  EXPECT_EQ(timeline.present().instructions, 10'000u);
  timeline.run(until(15'000));
  const std::string hash = pc->state_hash();
  ASSERT_TRUE(timeline.go_to(11'000));
  timeline.run(until(15'000));
  EXPECT_EQ(pc->state_hash(), hash);
}

TEST_P(TimeTravel, SnapshotsAreThinnedOut) {
  const auto pc = rom_machine(counting_code(), GetParam());
  Timeline timeline(*pc, {.interval = 500, .most_bytes = std::uint64_t{2} << 20});
  timeline.run(until(200'000));
  EXPECT_LE(timeline.bytes(), std::uint64_t{2} << 20);
  EXPECT_LT(timeline.snapshots(), 400u);
  EXPECT_EQ(timeline.first(), 0u);
  ASSERT_TRUE(timeline.go_to(100'001));
  EXPECT_EQ(pc->state_hash(), forward_hash(100'001, cpu::Engine::kInterpreter));
}

INSTANTIATE_TEST_SUITE_P(Engines, TimeTravel,
                         ::testing::Values(cpu::Engine::kInterpreter, cpu::Engine::kJitAtOnce));

}  // namespace
}  // namespace ice86::machine
