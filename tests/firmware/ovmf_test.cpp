// SPDX-License-Identifier: LGPL-2.1-or-later
// Unmodified OVMF from its flash chips to the UEFI shell, and what it leaves in them: on the board
// `pc`, and the 32-bit one, which needs system management mode, on `q35`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "emulator/base/files.h"
#include "emulator/bus/block_image.h"
#include "emulator/machine/pc.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;
constexpr Nanoseconds kSecond = 1'000'000'000;

struct Run {
  std::string serial;
  std::unique_ptr<machine::Pc> pc;
};

std::unique_ptr<Run> machine_with(const std::string& firmware_name,
                                  std::vector<std::uint8_t> vars = {},
                                  std::unique_ptr<BlockBackend> store = nullptr,
                                  machine::Board board = machine::Board::kPc) {
  auto firmware = machine::load_firmware(firmware_name, std::nullopt, {});
  EXPECT_TRUE(firmware) << firmware.error().message();
  machine::PcConfig config;
  config.firmware = std::move(*firmware);
  config.board = config.firmware.board.value_or(board);
  config.engine =
      cpu::engine_available(cpu::Engine::kJit) ? cpu::Engine::kJit : cpu::Engine::kInterpreter;
  if (!vars.empty()) {
    EXPECT_TRUE(machine::set_flash_vars(config.firmware, "vars", std::move(vars)));
  }
  config.vars_store = std::move(store);
  auto run = std::make_unique<Run>();
  Run* const raw = run.get();
  config.serial[0] = [raw](std::uint8_t byte) { raw->serial += static_cast<char>(byte); };
  auto pc = machine::Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  run->pc = std::move(*pc);
  return run;
}

// Runs until the shell shows its prompt, at most a minute.
void run_to_prompt(Run& run) {
  machine::RunLimits limits;
  limits.interrupted = [&] { return run.serial.find("Shell> ") != std::string::npos; };
  limits.time = 60 * kSecond;
  EXPECT_EQ(run.pc->run(limits).end, machine::RunEnd::kInterrupted) << run.pc->dump();
}

TEST(Ovmf, ReachesTheShellAndKeepsItsVariables) {
  const auto fresh = machine::load_firmware("ovmf", std::nullopt, {});
  ASSERT_TRUE(fresh) << fresh.error().message();
  const std::vector<std::uint8_t> blank = fresh->vars;
  auto store = BlockImage::in_memory(blank, BlockImage::Writes::kOverlay);
  BlockImage* const kept = store.get();
  const auto run = machine_with("ovmf", blank, std::move(store));
  run_to_prompt(*run);
  EXPECT_THAT(run->serial, HasSubstr("UEFI Interactive Shell"));
  EXPECT_THAT(run->serial, HasSubstr("EDK II"));
  // Its boot options are in the flash of the machine and in what keeps it, not in the package's
  // file.
  std::vector<std::uint8_t> written(blank.size());
  ASSERT_TRUE(kept->read(0, written));
  EXPECT_NE(written, blank);
  const std::uint64_t vars = (std::uint64_t{1} << 32) - (4 << 20);
  for (std::uint64_t at = 0; at < written.size(); ++at)
    ASSERT_EQ(run->pc->peek_memory(vars + at, 1), written[at]) << at;
  const auto file = read_file(fresh->vars_path, 16 << 20);
  ASSERT_TRUE(file);
  EXPECT_EQ(*file, blank);
  EXPECT_TRUE(run->pc->finish());
}

constexpr std::uint64_t kTopOfMemory = 128 << 20;  // PcConfig's default

TEST(Ovmf32, ReachesTheShellWithItsVariablesBehindSystemManagementMode) {
  const auto run = machine_with("ovmf32");
  const std::vector<std::uint8_t> blank = run->pc->config().firmware.vars;
  // The whole state in the middle goes on as if nothing had been, in another machine.
  machine::RunLimits limits;
  limits.time = 2 * kSecond;
  ASSERT_EQ(run->pc->run(limits).end, machine::RunEnd::kTimeLimit);
  const auto other = machine_with("ovmf32");
  other->serial = run->serial;
  const auto loaded = other->pc->load(run->pc->save());
  ASSERT_TRUE(loaded) << loaded.error().message();
  run_to_prompt(*run);
  EXPECT_THAT(run->serial, HasSubstr("UEFI Interactive Shell"));
  limits.time = run->pc->clock().now() + kSecond / 10;
  EXPECT_EQ(run->pc->run(limits).end, machine::RunEnd::kTimeLimit);
  EXPECT_EQ(other->pc->run(limits).end, machine::RunEnd::kTimeLimit);
  EXPECT_EQ(other->serial, run->serial);
  EXPECT_EQ(other->pc->state_hash(), run->pc->state_hash());

  // TSEG is locked and hidden from whoever is not in system management mode.
  machine::Pc& pc = *run->pc;
  ASSERT_FALSE(pc.cpu().state().in_smm);
  pc.write_port(0xcf8, 4, 0x8000009c);
  EXPECT_EQ(pc.read_port(0xcfd, 1) & 0x18, 0x18U) << "D_LCK and G_SMRAME";
  EXPECT_EQ(pc.read_port(0xcfe, 1) & 0x01, 0x01U) << "T_EN";
  EXPECT_EQ(pc.peek_memory(kTopOfMemory - 8, 8), ~std::uint64_t{0});
  // So are the chips: what the handler has written stays.
  const std::uint64_t vars = (std::uint64_t{1} << 32) - (4 << 20);
  std::vector<std::uint8_t> written(blank.size());
  pc.peek_memory(vars, written);
  EXPECT_NE(written, blank);
  pc.write_memory(vars, 1, 0x20);  // erase
  pc.write_memory(vars, 1, 0xd0);
  EXPECT_EQ(pc.peek_memory(vars, 1), written[0]);
}

TEST(Ovmf, ReachesTheShellOnQ35) {
  const auto run = machine_with("ovmf", {}, nullptr, machine::Board::kQ35);
  run_to_prompt(*run);
  EXPECT_THAT(run->serial, HasSubstr("UEFI Interactive Shell"));
}

}  // namespace
}  // namespace ice86
