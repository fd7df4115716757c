// SPDX-License-Identifier: LGPL-2.1-or-later
// The board `q35` from its CPU's side: what is where, and who sees the memory of system management
// mode.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/machine/pc.h"

namespace ice86::machine {
namespace {

constexpr std::uint64_t kMiB = 1 << 20, kGiB = 1 << 30;

// What the firmware is does not matter: no instruction runs but the tests' own.
std::unique_ptr<Pc> machine(std::uint64_t memory_mib, std::vector<std::uint8_t> start = {}) {
  PcConfig config;
  config.board = Board::kQ35;
  config.memory_mib = memory_mib;
  config.firmware.rom.assign(64 << 10, 0xf4);
  std::copy(start.begin(), start.end(), config.firmware.rom.end() - 16);
  auto pc = Pc::create(std::move(config));
  EXPECT_TRUE(pc) << pc.error().message();
  return std::move(*pc);
}

std::uint32_t config_read(Pc& pc, unsigned device, unsigned function, unsigned offset) {
  pc.write_port(0xcf8, 4, 0x80000000 | device << 11 | function << 8 | (offset & 0xfc));
  return pc.read_port(0xcfc, 4);
}
void config_write(Pc& pc, unsigned device, unsigned function, unsigned offset, unsigned width,
                  std::uint32_t value) {
  pc.write_port(0xcf8, 4, 0x80000000 | device << 11 | function << 8 | (offset & 0xfc));
  pc.write_port(static_cast<std::uint16_t>(0xcfc + (offset & 3)), width, value);
}

TEST(Q35Board, FunctionsAreWhereQemuHasThem) {
  const auto pc = machine(128);
  EXPECT_EQ(config_read(*pc, 0, 0, 0), 0x29c08086U);
  EXPECT_EQ(config_read(*pc, 1, 0, 0), 0x11111234U);
  EXPECT_EQ(config_read(*pc, 31, 0, 0), 0x29188086U);
  EXPECT_EQ(config_read(*pc, 31, 2, 0), 0x29208086U);
  EXPECT_EQ(config_read(*pc, 2, 0, 0), 0xffffffffU);
  EXPECT_EQ(pc->dump().find("i440FX"), std::string::npos);
}

TEST(Q35Board, ConfigurationSpaceIsMemoryWherePciexbarSays) {
  const auto pc = machine(128);
  EXPECT_EQ(pc->peek_memory(0xb0000000, 4), 0xffffffffU);
  config_write(*pc, 0, 0, 0x60, 4, 0xb0000001);
  EXPECT_EQ(pc->peek_memory(0xb0000000, 4), 0x29c08086U);
  EXPECT_EQ(pc->read_memory(0xb0000000 + (31 << 15), 4), 0x29188086U);
  pc->write_memory(0xb0000000 + (31 << 15) + 0x60, 1, 0x0a);
  EXPECT_EQ(config_read(*pc, 31, 0, 0x60) & 0xff, 0x0aU);
}

TEST(Q35Board, MemoryIsSplitAsQemuDoes) {
  EXPECT_EQ(memory_below_4g(Board::kQ35, 2815 * kMiB), 2815 * kMiB);
  EXPECT_EQ(memory_below_4g(Board::kQ35, 2816 * kMiB), 2 * kGiB);
  EXPECT_EQ(memory_below_4g(Board::kPc, 3 * kGiB), 3 * kGiB);
  EXPECT_EQ(memory_below_4g(Board::kPc, 4 * kGiB), 3 * kGiB);
  const auto pc = machine(3072);
  pc->write_memory(2 * kGiB - 8, 8, 0x1122334455667788);
  EXPECT_EQ(pc->peek_memory(2 * kGiB - 8, 8), 0x1122334455667788U);
  EXPECT_EQ(pc->peek_memory(2 * kGiB, 4), 0xffffffffU);
  pc->write_memory(5 * kGiB - 8, 8, 42);
  EXPECT_EQ(pc->peek_memory(5 * kGiB - 8, 8), 42U);
  EXPECT_EQ(pc->peek_memory(5 * kGiB, 4), 0xffffffffU);
}

TEST(Q35Board, TsegIsHiddenFromAllButSystemManagementMode) {
  const auto pc = machine(128);
  const Gpa top = 128 * kMiB;
  pc->write_memory(top - 4, 4, 0xcafe);
  pc->write_memory(top - 8 * kMiB, 4, 0xbabe);
  config_write(*pc, 0, 0, 0x9e, 1, 0x05);  // 8 MiB, T_EN
  EXPECT_EQ(pc->peek_memory(top - 4, 4), 0xcafeU) << "G_SMRAME is clear";
  config_write(*pc, 0, 0, 0x9d, 1, 0x0a);
  EXPECT_EQ(pc->peek_memory(top - 4, 4), 0xffffffffU);
  EXPECT_EQ(pc->peek_memory(top - 8 * kMiB, 4), 0xffffffffU);
  EXPECT_EQ(pc->peek_memory(top - 8 * kMiB - 4, 4), 0U);
  pc->write_memory(top - 4, 4, 0xdead);
  config_write(*pc, 0, 0, 0x9d, 1, 0x4a);  // D_OPEN
  EXPECT_EQ(pc->peek_memory(top - 4, 4), 0xcafeU);
  config_write(*pc, 0, 0, 0x9d, 1, 0x1a);  // D_LCK
  config_write(*pc, 0, 0, 0x9d, 1, 0x4a);
  config_write(*pc, 0, 0, 0x9e, 1, 0x00);
  EXPECT_EQ(pc->peek_memory(top - 4, 4), 0xffffffffU);
  // A snapshot of it, in another machine.
  const auto other = machine(128);
  ASSERT_TRUE(other->load(pc->save()));
  EXPECT_EQ(other->peek_memory(top - 4, 4), 0xffffffffU);
  EXPECT_EQ(other->state_hash(), pc->state_hash());
  pc->reset(ResetKind::kHard);
  EXPECT_EQ(pc->peek_memory(top - 4, 4), 0xcafeU) << "a reset unlocks, and memory stays";
}

TEST(Q35Board, HighSmramIsTheSameMemoryElsewhere) {
  const auto pc = machine(128);
  config_write(*pc, 0, 0, 0x9d, 1, 0x4a);
  pc->write_memory(0xa0000, 4, 0x12345678);
  config_write(*pc, 0, 0, 0x9e, 1, 0x80);
  EXPECT_EQ(pc->peek_memory(0xfeda0000, 4), 0x12345678U);
  config_write(*pc, 0, 0, 0x9d, 1, 0x02);
  EXPECT_EQ(pc->peek_memory(0xfeda0000, 4), 0xffffffffU);
}

// An SMI by port B2h: the handler is at SMBASE + 8000h, in memory that only it sees.
TEST(Q35Board, ApmPortEntersTheHandlerInSmram) {
  // mov al, 5Ah; out B2h, al; hlt, at the reset vector.
  const auto pc = machine(128, {0xb0, 0x5a, 0xe6, 0xb2, 0xf4});
  // mov byte [cs:9000h], 77h; rsm, at the default SMBASE.
  const std::vector<std::uint8_t> handler = {0x2e, 0xc6, 0x06, 0x00, 0x90, 0x77, 0x0f, 0xaa};
  pc->write_memory(0x38000, handler);
  config_write(*pc, 31, 0, 0x40, 4, 0x600);
  config_write(*pc, 31, 0, 0x44, 1, 0x80);
  pc->write_port(0x630, 4, 0x21);
  RunLimits limits;
  limits.instructions = 100;
  EXPECT_EQ(pc->run(limits).end, RunEnd::kStuck) << "halted, behind the OUT";
  EXPECT_EQ(pc->peek_memory(0x39000, 1), 0x77U);
  EXPECT_EQ(pc->peek_port(0x634, 4), 0x20U);
  EXPECT_FALSE(pc->cpu().state().in_smm);
}

TEST(Q35Board, SnapshotsOfTheOtherBoardAreRefused) {
  const auto pc = machine(128);
  PcConfig config;
  config.firmware.rom.assign(64 << 10, 0xf4);
  auto other = Pc::create(std::move(config));
  ASSERT_TRUE(other);
  EXPECT_FALSE((*other)->load(pc->save()));
}

}  // namespace
}  // namespace ice86::machine
