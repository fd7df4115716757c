// SPDX-License-Identifier: LGPL-2.1-or-later
// Going back to a checkpoint is exact, whatever the guest has done, and costs what has changed.
#include <gtest/gtest.h>

#include <string>

#include "emulator/bus/block_image.h"
#include "emulator/machine/checkpoint.h"
#include "emulator/machine/pc.h"

namespace ice86::machine {
namespace {

std::unique_ptr<Pc> machine_with(const std::string& firmware_name, cpu::Engine engine) {
  auto firmware = load_firmware(firmware_name, std::nullopt, ICE86_IMAGES);
  EXPECT_TRUE(firmware) << firmware.error().message();
  PcConfig config;
  config.firmware = std::move(*firmware);
  config.memory_mib = 16;
  config.engine = engine;
  config.disks[0] = DiskConfig{};
  config.disks[0]->medium =
      BlockImage::in_memory(std::vector<std::uint8_t>(1 << 20), BlockImage::Writes::kOverlay);
  auto pc = Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  return std::move(*pc);
}

void run_to(Pc& pc, std::uint64_t instructions) {
  RunLimits limits;
  limits.instructions = instructions;
  pc.run(limits);
}

struct Case {
  const char* firmware;
  cpu::Engine engine;
};

class CheckpointOf : public ::testing::TestWithParam<Case> {};

// From the middle of the power-on test: ROM becomes RAM, code is copied and runs, chips are set up.
TEST_P(CheckpointOf, GoesBackExactlyAndRunsOnTheSame) {
  const auto pc = machine_with(GetParam().firmware, GetParam().engine);
  for (const std::uint64_t start : {20'000ULL, 400'000ULL, 900'000ULL}) {
    run_to(*pc, start);
    const std::string before = pc->state_hash();
    auto point = Checkpoint::take(*pc);
    ASSERT_TRUE(point) << point.error().message();
    run_to(*pc, start + 300'000);
    const std::string after = pc->state_hash();
    ASSERT_NE(before, after);
    for (int round = 0; round < 2; ++round) {
      EXPECT_GT((*point)->go_back().parts, 0u);
      EXPECT_EQ(pc->state_hash(), before);
      run_to(*pc, start + 300'000);
      EXPECT_EQ(pc->state_hash(), after);
    }
    (*point)->go_back();
  }
}

TEST_P(CheckpointOf, CostsWhatHasChanged) {
  const auto pc = machine_with(GetParam().firmware, GetParam().engine);
  run_to(*pc, 500'000);
  auto point = Checkpoint::take(*pc);
  ASSERT_TRUE(point) << point.error().message();
  const Checkpoint::Cost nothing = (*point)->go_back();
  EXPECT_EQ(nothing.pages, 0u);
  EXPECT_EQ(nothing.parts, 0u);
  pc->write_memory(0x50000, 4, 0x12345678);
  EXPECT_EQ((*point)->written_pages(), std::vector<std::uint32_t>{0x50});
  EXPECT_EQ((*point)->written_pages(), std::vector<std::uint32_t>{});
  pc->write_memory(0x200ffe, 4, 0x12345678);
  pc->write_port(0x60, 1, 0xf4);  // to the keyboard
  const Checkpoint::Cost some = (*point)->go_back();
  EXPECT_EQ(some.pages, 3u);
  EXPECT_GE(some.parts, 1u);
  EXPECT_LE(some.parts, 4u);
  EXPECT_EQ(pc->peek_memory(0x50000, 4), 0u);
  EXPECT_EQ(pc->peek_memory(0x200ffe, 4), 0u);
  run_to(*pc, 500'100);
  const Checkpoint::Cost little = (*point)->go_back();
  EXPECT_LE(little.pages, 8u);
}

std::string name_of_case(const ::testing::TestParamInfo<Case>& one) {
  static constexpr const char* kEngines[] = {"Interpreter", "Jit", "JitAtOnce"};
  return one.param.firmware + std::string(kEngines[static_cast<int>(one.param.engine)]);
}

INSTANTIATE_TEST_SUITE_P(Firmware, CheckpointOf,
                         ::testing::Values(Case{"bochs", cpu::Engine::kInterpreter},
                                           Case{"bochs", cpu::Engine::kJitAtOnce},
                                           Case{"seabios", cpu::Engine::kInterpreter},
                                           Case{"seabios", cpu::Engine::kJit}),
                         name_of_case);

// Code that writes code: what was decoded, or translated, before the way back is not what runs
// after it.
TEST(Checkpoint, CodeThatChangesItself) {
  for (const cpu::Engine engine : {cpu::Engine::kInterpreter, cpu::Engine::kJitAtOnce}) {
    const auto pc = machine_with("bochs", engine);
    run_to(*pc, 100'000);
    // 0:8000: mov al, 1; out F1h, al; inc byte [8001h]; jmp 8000h
    const std::uint8_t code[] = {0xb0, 0x01, 0xe6, 0xf1, 0xfe, 0x06, 0x01, 0x80, 0xeb, 0xf6};
    pc->write_memory(0x8000, code);
    cpu::State& s = pc->cpu().mutable_state();
    for (const unsigned segment : {cpu::kCs, cpu::kDs, cpu::kSs}) {
      s.segment[segment].selector = 0;
      s.segment[segment].base = 0;
    }
    s.rip = 0x8000;
    s.rflags = 2;
    auto point = Checkpoint::take(*pc);
    ASSERT_TRUE(point) << point.error().message();
    const std::uint64_t start = pc->clock().instructions();
    for (int round = 0; round < 3; ++round) {
      run_to(*pc, start + 4 * 50);
      EXPECT_EQ(pc->peek_memory(0x8001, 1), 51u);
      run_to(*pc, start + 4 * 50 + 1);
      EXPECT_EQ(pc->cpu().state().gpr[cpu::kRax] & 0xff, 51u);
      (*point)->go_back();
      run_to(*pc, start + 1);
      EXPECT_EQ(pc->cpu().state().gpr[cpu::kRax] & 0xff, 1u);
      (*point)->go_back();
    }
  }
}

}  // namespace
}  // namespace ice86::machine
