// SPDX-License-Identifier: LGPL-2.1-or-later
// Two machines in lock-step: equal ones stay equal, and the instruction that tells two unequal ones
// apart is found.
#include "harness/check/lock_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;

constexpr Gpa kByte = 0x600;

// Adds up 20,000 numbers, reads the byte at 0:600 and writes it to the debug exit port.
std::unique_ptr<machine::Pc> make(cpu::Engine engine) {
  static constexpr std::uint8_t kCode[] = {
      0x31, 0xc0,        // 0  xor ax, ax
      0x8e, 0xd8,        // 2  mov ds, ax
      0xb9, 0x20, 0x4e,  // 4  mov cx, 20000
      0x01, 0xcb,        // 7  add bx, cx
      0xe2, 0xfc,        // 9  loop 7
      0xa0, 0x00, 0x06,  // b  mov al, [600h]
      0xba, 0x01, 0x05,  // e  mov dx, 501h
      0xee,              // 11 out dx, al
  };
  static constexpr std::uint8_t kReset[] = {0xea, 0x00, 0x00, 0x00, 0xf0};
  machine::PcConfig config;
  config.memory_mib = 1;
  config.engine = engine;
  config.firmware.name = "test";
  config.firmware.rom.assign(0x10000, 0xf4);
  std::copy(std::begin(kCode), std::end(kCode), config.firmware.rom.begin());
  std::copy(std::begin(kReset), std::end(kReset), config.firmware.rom.begin() + 0xfff0);
  auto pc = machine::Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  return std::move(*pc);
}

cpu::Engine other_engine() {
  return cpu::engine_available(cpu::Engine::kJit) ? cpu::Engine::kJit : cpu::Engine::kInterpreter;
}

TEST(LockStep, EqualMachinesStayEqual) {
  const auto pc = make(other_engine());
  const auto reference = make(cpu::Engine::kInterpreter);
  LockStep check(*pc, *reference, {.seed = 3, .snapshot_interval = 5'000});
  const machine::RunResult result = check.run({});
  EXPECT_EQ(check.difference(), std::nullopt);
  EXPECT_EQ(result.end, machine::RunEnd::kDebugExit);
  EXPECT_EQ(pc->instant().instructions, 1U + 3 + 40'000 + 3);
  EXPECT_EQ(pc->state_hash(), reference->state_hash());
}

// A byte of memory differs from the start: comparing registers alone shows it when it is read.
TEST(LockStep, TheFirstInstructionThatDiffersIsNamed) {
  const auto pc = make(other_engine());
  const auto reference = make(cpu::Engine::kInterpreter);
  reference->write_memory(kByte, 1, 7);
  LockStep check(*pc, *reference);
  EXPECT_EQ(check.run({}).end, machine::RunEnd::kStopped);
  ASSERT_TRUE(check.difference());
  EXPECT_THAT(*check.difference(), HasSubstr("the first difference is after 40005 instructions"));
  EXPECT_THAT(*check.difference(), HasSubstr("mov al, [0x0600]\nthe reference"));
  EXPECT_THAT(*check.difference(), HasSubstr("rax            7 in the reference, 0"));
}

// Memory is compared at snapshots.
TEST(LockStep, ADifferenceInMemoryAloneIsFound) {
  const auto pc = make(other_engine());
  const auto reference = make(cpu::Engine::kInterpreter);
  LockStep check(*pc, *reference, {.seed = 3, .snapshot_interval = 5'000});
  machine::RunLimits limits;
  limits.instructions = 1'000;
  EXPECT_EQ(check.run(limits).end, machine::RunEnd::kInstructionLimit);
  pc->write_memory(kByte + 1, 1, 7);
  limits.instructions = 30'000;
  EXPECT_EQ(check.run(limits).end, machine::RunEnd::kStopped);
  ASSERT_TRUE(check.difference());
  EXPECT_THAT(*check.difference(), HasSubstr("it does not come again"));
}

// What is given to one machine from outside comes to the other at the same instruction.
TEST(LockStep, InputComesToBoth) {
  const auto pc = make(other_engine());
  const auto reference = make(cpu::Engine::kInterpreter);
  LockStep check(*pc, *reference);
  machine::RunLimits limits;
  limits.attend = [&] {
    const machine::Instant now = pc->instant();
    if (now.instructions == 1'234) {
      const auto act = [](machine::Pc& to) { to.write_memory(kByte, 1, 3); };
      act(*pc);
      check.repeat(act);
    }
    return machine::Instant{now.instructions < 1'234 ? 1'234 : ~std::uint64_t{0}, 0};
  };
  const machine::RunResult result = check.run(limits);
  EXPECT_EQ(check.difference(), std::nullopt);
  EXPECT_EQ(result.end, machine::RunEnd::kDebugExit);
  EXPECT_EQ(result.debug_exit_value, 3);
}

}  // namespace
}  // namespace ice86::harness
