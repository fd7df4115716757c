// SPDX-License-Identifier: LGPL-2.1-or-later
// fw_cfg: selector and data, DMA, the file directory, and guests that ask for nonsense.
#include "devices/fw_cfg/fw_cfg.h"

#include <gmock/gmock.h>

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::FwCfg;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kRam = 1 << 20;
constexpr std::uint32_t kError = 1, kRead = 2, kSkip = 4, kSelect = 8, kWrite = 16;

struct FwCfgBench {
  Clock clock{10};
  TraceBus trace{clock};
  MemorySpace memory{trace};
  std::unique_ptr<Ram> ram = std::move(Ram::create("ram", kRam).value());
  FwCfg chip{DmaPort(memory), trace};
  unsigned made = 1;

  FwCfgBench() {
    EXPECT_TRUE(memory
                    .add({.name = "ram",
                          .base = 0,
                          .size = ram->size(),
                          .priority = MemorySpace::Priority::kRam,
                          .ram = ram.get()})
                    .has_value());
    chip.set_item(FwCfg::kRamSize, {1, 2, 3, 4, 5, 6, 7, 8});
    EXPECT_TRUE(chip.add_file("opt/b", {0xb0, 0xb1, 0xb2}));
    EXPECT_TRUE(chip.add_file("etc/a", {0xa0}));
    EXPECT_TRUE(chip.add_file("etc/made", 4,
                              [this] { return FwCfg::Bytes(4, static_cast<std::uint8_t>(made)); }));
  }
  FwCfg& device() { return chip; }
  std::vector<conformance::Block> blocks() {
    return {{"ports", &chip.ports(), 2, 2}, {"dma", &chip.dma_ports(), 8, 4}};
  }
  bool interrupting() const { return false; }

  void select(unsigned key) { chip.ports().write(0, 2, key); }
  std::vector<unsigned> bytes(unsigned count) {
    std::vector<unsigned> got;
    while (count-- > 0) got.push_back(static_cast<unsigned>(chip.ports().read(1, 1)));
    return got;
  }
  void put_be(std::uint64_t at, std::uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      memory.write(at + i, 1, value >> ((count - 1 - i) * 8) & 0xff);
  }
  // The control word afterwards.
  std::uint32_t dma(std::uint32_t control, std::uint32_t length, std::uint64_t address,
                    std::uint64_t at = 0x1000) {
    put_be(at, control, 4);
    put_be(at + 4, length, 4);
    put_be(at + 8, address, 8);
    chip.dma_ports().write(0, 4, __builtin_bswap32(static_cast<std::uint32_t>(at >> 32)));
    chip.dma_ports().write(4, 4, __builtin_bswap32(static_cast<std::uint32_t>(at)));
    return __builtin_bswap32(static_cast<std::uint32_t>(memory.read(at, 4)));
  }
  std::vector<unsigned> memory_at(std::uint64_t at, unsigned count) {
    std::vector<unsigned> got;
    for (unsigned i = 0; i < count; ++i)
      got.push_back(static_cast<unsigned>(memory.read(at + i, 1)));
    return got;
  }
  std::uint32_t key_of(const std::string& name) {
    select(FwCfg::kFileDirectory);
    const auto head = bytes(4);
    const unsigned files = head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
    for (unsigned i = 0; i < files; ++i) {
      const auto entry = bytes(64);
      std::string found;
      for (unsigned k = 8; k < 64 && entry[k] != 0; ++k) found += static_cast<char>(entry[k]);
      if (found == name) return entry[4] << 8 | entry[5];
    }
    ADD_FAILURE() << "no file " << name;
    return 0;
  }
};

TEST(FwCfg, SaysWhatItIs) {
  FwCfgBench bench;
  bench.chip.reset(ResetKind::kPowerOn);
  bench.select(FwCfg::kSignature);
  EXPECT_THAT(bench.bytes(6), ElementsAre('Q', 'E', 'M', 'U', 0, 0)) << "zeros behind the end";
  bench.select(FwCfg::kId);
  EXPECT_THAT(bench.bytes(4), ElementsAre(3, 0, 0, 0));
  std::string signature;
  for (unsigned i = 0; i < 8; ++i)
    signature += static_cast<char>(bench.chip.dma_ports().read(i, 1));
  EXPECT_EQ(signature, "QEMU CFG");
  bench.select(0x7777);
  EXPECT_THAT(bench.bytes(4), Each(0));
}

TEST(FwCfg, BothPortsGiveData) {
  FwCfgBench bench;
  bench.select(FwCfg::kRamSize);
  EXPECT_EQ(bench.chip.ports().read(0, 1), 1U);
  EXPECT_EQ(bench.chip.ports().read(1, 1), 2U);
  bench.chip.ports().write(1, 1, 0xff);  // the data register is not written
  EXPECT_EQ(bench.chip.ports().read(1, 1), 3U);
  EXPECT_EQ(bench.chip.ports().read(0, 2), 0xffffU);
  EXPECT_EQ(bench.chip.ports().read(1, 1), 4U);
}

TEST(FwCfg, DirectoryIsSortedAndFilesAreFound) {
  FwCfgBench bench;
  bench.select(FwCfg::kFileDirectory);
  EXPECT_THAT(bench.bytes(4), ElementsAre(0, 0, 0, 3));
  const auto first = bench.bytes(64);
  EXPECT_THAT(std::vector<unsigned>(first.begin(), first.begin() + 4), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(std::vector<unsigned>(first.begin() + 8, first.begin() + 14),
              ElementsAre('e', 't', 'c', '/', 'a', 0));
  bench.select(bench.key_of("opt/b"));
  EXPECT_THAT(bench.bytes(3), ElementsAre(0xb0, 0xb1, 0xb2));
  EXPECT_TRUE(bench.chip.add_file("opt/b", {7}));
  bench.select(bench.key_of("opt/b"));
  EXPECT_THAT(bench.bytes(2), ElementsAre(7, 0)) << "the same name replaces the file";
}

TEST(FwCfg, DmaReadsSkipsAndSelects) {
  FwCfgBench bench;
  EXPECT_EQ(bench.dma(FwCfg::kRamSize << 16 | kSelect | kSkip, 2, 0), 0U);
  bench.memory.write(0x2000, 8, ~std::uint64_t{0});
  EXPECT_EQ(bench.dma(kRead, 3, 0x2000), 0U);
  EXPECT_THAT(bench.memory_at(0x2000, 4), ElementsAre(3, 4, 5, 0xff));
  EXPECT_EQ(bench.dma(kRead, 5, 0x2000), 0U);
  EXPECT_THAT(bench.memory_at(0x2000, 6), ElementsAre(6, 7, 8, 0, 0, 0xff)) << "zero-filled";
  EXPECT_EQ(bench.dma(kWrite, 1, 0x2000), kError) << "items are read-only";
  EXPECT_EQ(bench.dma(0x7777U << 16 | kSelect | kRead, 2, 0x2000), 0U);
  EXPECT_THAT(bench.memory_at(0x2000, 3), ElementsAre(0, 0, 8));
}

TEST(FwCfg, DmaToNowhereHarmsNothing) {
  FwCfgBench bench;
  const std::uint32_t read = FwCfg::kRamSize << 16 | kSelect | kRead;
  EXPECT_EQ(bench.dma(read, 8, kRam - 4), 0U) << "half of it is memory";
  EXPECT_THAT(bench.memory_at(kRam - 4, 4), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(bench.dma(read, 8, std::uint64_t{1} << 50), 0U);
  EXPECT_EQ(bench.dma(read, 0xffffffff, 0x20000000), 0U) << "4 GiB beyond all memory";
  EXPECT_EQ(bench.dma(read, 16, ~std::uint64_t{0} - 3), kError) << "wraps around";
  EXPECT_EQ(bench.dma(kSkip, 0xffffffff, 0), 0U);
  EXPECT_THAT(bench.bytes(2), Each(0));
  // The structure itself where there is nothing: reads as all ones, and no write lands anywhere.
  bench.dma(read, 8, 0x2000, 0x40000000);
  bench.dma(read, 8, 0x2000, ~std::uint64_t{0} - 7);
  EXPECT_EQ(bench.memory.read(0x40000000, 4), 0xffffffffU);
}

TEST(FwCfg, MadeFilesAreMadeAtSelectionAndSurviveSnapshots) {
  FwCfgBench bench;
  const std::uint32_t key = bench.key_of("etc/made");
  bench.select(key);
  EXPECT_THAT(bench.bytes(2), ElementsAre(1, 1));
  const auto saved = conformance::save_all(bench);
  bench.made = 2;
  bench.select(key);
  EXPECT_THAT(bench.bytes(2), ElementsAre(2, 2));
  ASSERT_TRUE(conformance::load_all(bench, saved));
  EXPECT_THAT(bench.bytes(3), ElementsAre(1, 1, 0)) << "goes on where it was";
}

TEST(FwCfg, NamesAndSizesAreChecked) {
  FwCfgBench bench;
  EXPECT_FALSE(bench.chip.add_file("", {}));
  EXPECT_TRUE(bench.chip.add_file(std::string(55, 'x'), {}));
  const auto refused = bench.chip.add_file(std::string(56, 'x'), {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("56 characters"));
  bool full = false;
  for (unsigned i = 0; i <= FwCfg::kMostFiles && !full; ++i)
    full = !bench.chip.add_file("many/" + std::to_string(i), {});
  EXPECT_TRUE(full);
}

INSTANTIATE_TYPED_TEST_SUITE_P(FwCfg, DeviceConformance, FwCfgBench);

}  // namespace
}  // namespace ice86
