// SPDX-License-Identifier: LGPL-2.1-or-later
// A ROM that takes interrupts in every way the APICs have, on CPU models with different features:
// it ends well, always at the same instruction, and snapshots change nothing.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "emulator/machine/pc.h"

namespace ice86::machine {
namespace {

class ApicGuest : public ::testing::TestWithParam<const char*> {
 protected:
  static std::unique_ptr<Pc> machine() {
    PcConfig config;
    auto firmware = load_firmware(ICE86_GUESTS "/apic_rom.bin", std::nullopt, "images");
    EXPECT_TRUE(firmware) << firmware.error().message();
    config.firmware = std::move(*firmware);
    auto model = cpu::load_cpu_model(GetParam());
    EXPECT_TRUE(model) << model.error().message();
    config.cpu_model = std::move(*model);
    config.memory_mib = 4;
    auto pc = Pc::create(std::move(config));
    EXPECT_TRUE(pc) << pc.error().message();
    return std::move(*pc);
  }
  static RunLimits limit() {
    RunLimits limits;
    limits.time = 10'000'000'000;
    return limits;
  }
};

TEST_P(ApicGuest, EveryStepWorks) {
  const auto pc = machine();
  const RunResult result = pc->run(limit());
  EXPECT_EQ(result.end, RunEnd::kDebugExit);
  EXPECT_EQ(result.debug_exit_value, 0) << "the step that failed (40h: unexpected interrupt)";
}

TEST_P(ApicGuest, SavingAndRestoringAtRandomCountsChangesNothing) {
  const auto whole = machine();
  whole->run(limit());
  const std::string hash = whole->state_hash();
  const std::uint64_t instructions = whole->clock().instructions();
  std::mt19937_64 random(86);
  for (int i = 0; i < 40; ++i) {
    const std::uint64_t at = random() % instructions;
    SCOPED_TRACE(testing::Message() << "saved at instruction " << at << " of " << instructions);
    const auto before = machine();
    RunLimits limits = limit();
    limits.instructions = at;
    ASSERT_EQ(before->run(limits).end, RunEnd::kInstructionLimit);
    const std::vector<std::uint8_t> saved = before->save();
    const auto after = machine();
    const auto loaded = after->load(saved);
    ASSERT_TRUE(loaded) << loaded.error().message();
    ASSERT_EQ(after->save(), saved);
    EXPECT_EQ(after->run(limit()).end, RunEnd::kDebugExit);
    ASSERT_EQ(after->state_hash(), hash);
    ASSERT_EQ(after->clock().instructions(), instructions);
  }
}

TEST_P(ApicGuest, SnapshotOfAnotherCpuIsRefused) {
  const auto pc = machine();
  const std::vector<std::uint8_t> saved = pc->save();
  PcConfig config;
  auto firmware = load_firmware(ICE86_GUESTS "/apic_rom.bin", std::nullopt, "images");
  ASSERT_TRUE(firmware);
  config.firmware = std::move(*firmware);
  auto model = cpu::load_cpu_model("pentium2");
  ASSERT_TRUE(model);
  config.cpu_model = std::move(*model);
  config.memory_mib = 4;
  auto other = Pc::create(std::move(config));
  ASSERT_TRUE(other);
  const auto loaded = (*other)->load(saved);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message().find("CPU model"), std::string::npos);
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Models, ApicGuest,
                         ::testing::Values("qemu64", "pentium3", "core2", "haswell", "bits-demo"),
                         test_name);

}  // namespace
}  // namespace ice86::machine
