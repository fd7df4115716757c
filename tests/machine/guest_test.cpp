// SPDX-License-Identifier: LGPL-2.1-or-later
// A small guest that uses timer, disk, memory map, date and protected mode, on every stock BIOS:
// the same bytes, the same state, and snapshots that change nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"

namespace ice86::machine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Completed {
  RunResult result;
  std::string console;
  std::string hash;
  std::uint64_t instructions = 0;
};

// FIRMWARE, or FIRMWARE@BOARD.
struct Place {
  explicit Place(const std::string& text)
      : firmware(text.substr(0, text.find('@'))),
        board(*board_named(text.size() == firmware.size() ? "pc"
                                                          : text.substr(firmware.size() + 1))) {}
  std::string firmware;
  Board board;
};

class GuestOnBios : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    for (const FirmwareEntry& entry : firmware_table()) {
      if (entry.name != Place(GetParam()).firmware) continue;
      if (const auto missing = missing_file(entry, "images")) GTEST_SKIP() << *missing;
    }
  }

  static std::unique_ptr<Pc> machine(std::string& console, const char* where,
                                     const std::string& guest = "timer_disk") {
    const Place place(where);
    PcConfig config;
    config.board = place.board;
    auto loaded = load_firmware(place.firmware, std::nullopt, "images");
    EXPECT_TRUE(loaded) << loaded.error().message();
    config.firmware = std::move(*loaded);
    config.memory_mib = 32;
    auto image = BlockImage::open(ICE86_GUESTS "/" + guest + ".bin", BlockImage::Writes::kOverlay);
    EXPECT_TRUE(image) << image.error().message();
    config.disks[0] = DiskConfig{std::move(*image), {}};
    config.debug_console = [&console](std::uint8_t byte) { console += static_cast<char>(byte); };
    auto pc = Pc::create(std::move(config));
    EXPECT_TRUE(pc) << pc.error().message();
    return std::move(*pc);
  }

  static RunLimits limit() {
    RunLimits limits;
    limits.time = 60'000'000'000;
    return limits;
  }

  static Completed whole(const char* where) {
    Completed run;
    const auto pc = machine(run.console, where);
    run.result = pc->run(limit());
    run.hash = pc->state_hash();
    run.instructions = pc->clock().instructions();
    return run;
  }
};

// FERR#, IRQ13, port F0h and IGNNE#, with the BIOS's own INT 75h.
TEST_P(GuestOnBios, CoprocessorErrorsReachInterrupt2) {
  std::string console;
  const auto pc = machine(console, GetParam(), "coprocessor_error");
  const RunResult result = pc->run(limit());
  EXPECT_EQ(result.end, RunEnd::kDebugExit);
  EXPECT_EQ(result.debug_exit_value, 3);
}

TEST_P(GuestOnBios, EndsWithItsOwnExitValue) {
  const Completed run = whole(GetParam());
  EXPECT_EQ(run.result.end, RunEnd::kDebugExit);
  EXPECT_EQ(run.result.debug_exit_value, 3);
  EXPECT_THAT(run.console, HasSubstr("sum="));
}

TEST_P(GuestOnBios, TwoRunsAreIdentical) {
  const Completed first = whole(GetParam());
  const Completed second = whole(GetParam());
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.console, second.console);
  EXPECT_EQ(first.instructions, second.instructions);
}

TEST_P(GuestOnBios, TwoMachinesInterleavedDoNotDisturbEachOther) {
  const Completed reference = whole(GetParam());
  std::array<std::string, 2> console;
  std::array<std::unique_ptr<Pc>, 2> pcs = {machine(console[0], GetParam()),
                                            machine(console[1], GetParam())};
  std::array<RunResult, 2> results;
  for (std::uint64_t at = 50'000;; at += 50'000) {
    bool running = false;
    for (unsigned i = 0; i < 2; ++i) {
      if (results[i].end == RunEnd::kDebugExit) continue;
      RunLimits limits = limit();
      limits.instructions = at;
      results[i] = pcs[i]->run(limits);
      running = running || results[i].end == RunEnd::kInstructionLimit;
    }
    if (!running) break;
  }
  for (unsigned i = 0; i < 2; ++i) {
    EXPECT_EQ(results[i].end, RunEnd::kDebugExit);
    EXPECT_EQ(console[i], reference.console);
    EXPECT_EQ(pcs[i]->state_hash(), reference.hash);
  }
}

TEST_P(GuestOnBios, SavingAndRestoringAtRandomCountsChangesNothing) {
  const Completed reference = whole(GetParam());
  std::mt19937_64 random(86);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t at = random() % reference.instructions;
    SCOPED_TRACE(testing::Message()
                 << "saved at instruction " << at << " of " << reference.instructions);
    std::string console;
    const auto before = machine(console, GetParam());
    RunLimits limits = limit();
    limits.instructions = at;
    ASSERT_EQ(before->run(limits).end, RunEnd::kInstructionLimit);
    const std::vector<std::uint8_t> saved = before->save();
    const auto after = machine(console, GetParam());
    const auto loaded = after->load(saved);
    ASSERT_TRUE(loaded) << loaded.error().message();
    ASSERT_EQ(after->save(), saved);
    EXPECT_EQ(after->run(limit()).end, RunEnd::kDebugExit);
    ASSERT_EQ(after->state_hash(), reference.hash);
    EXPECT_EQ(console, reference.console);
  }
}

TEST_P(GuestOnBios, DamagedSnapshotsAreRefusedAndTheMachineStillRuns) {
  std::string console;
  const auto pc = machine(console, GetParam());
  RunLimits limits = limit();
  limits.instructions = 300'000;
  pc->run(limits);
  const std::vector<std::uint8_t> saved = pc->save();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, saved.size() / 3, saved.size() - 1}) {
    EXPECT_FALSE(pc->load(std::span(saved).first(size))) << size;
  }
  std::vector<std::uint8_t> longer = saved;
  longer.push_back(0);
  EXPECT_FALSE(pc->load(longer));
  console.clear();
  EXPECT_EQ(pc->run(limit()).end, RunEnd::kDebugExit);
  EXPECT_THAT(console, HasSubstr("sum="));
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '@'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(StockBios, GuestOnBios,
                         ::testing::Values("bochs", "bochs-legacy", "seabios", "seabios@q35"),
                         test_name);

}  // namespace
}  // namespace ice86::machine
