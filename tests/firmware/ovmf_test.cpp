// SPDX-License-Identifier: LGPL-2.1-or-later
// Unmodified OVMF from its flash chips to the UEFI shell, and what it leaves in them.
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
                                  std::unique_ptr<BlockBackend> store = nullptr) {
  auto firmware = machine::load_firmware(firmware_name, std::nullopt, {});
  EXPECT_TRUE(firmware) << firmware.error().message();
  machine::PcConfig config;
  config.firmware = std::move(*firmware);
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

}  // namespace
}  // namespace ice86
