// SPDX-License-Identifier: LGPL-2.1-or-later
// Regions of the address space: who answers, what pages show, and what is told when it changes.
#include "emulator/bus/memory_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86 {
namespace {

class Constant final : public RegisterBlock {
 public:
  std::uint64_t read(std::uint64_t, unsigned width) override {
    return 0x5a5a5a5a5a5a5a5a & width_mask(width);
  }
  void write(std::uint64_t offset, unsigned, std::uint64_t) override { written.push_back(offset); }
  std::uint64_t peek(std::uint64_t, unsigned width) const override {
    return 0x5a5a5a5a5a5a5a5a & width_mask(width);
  }
  std::vector<std::uint64_t> written;
};

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ram = Ram::create("ram", 0x10000);
    ASSERT_TRUE(ram);
    ram_ = std::move(*ram);
    MemorySpace::Region region;
    region.name = "ram";
    region.size = 0x10000;
    region.priority = MemorySpace::Priority::kRam;
    region.ram = ram_.get();
    ASSERT_TRUE(space_.add(region));
    rom_.assign(0x1000, 0xc3);
  }

  MemorySpace::Region* add_rom(Gpa base) {
    MemorySpace::Region region;
    region.name = "rom";
    region.base = base;
    region.size = 0x1000;
    region.rom = rom_.data();
    auto added = space_.add(region);
    EXPECT_TRUE(added);
    return *added;
  }

  Clock clock_;
  TraceBus trace_{clock_};
  MemorySpace space_{trace_};
  std::unique_ptr<Ram> ram_;
  std::vector<std::uint8_t> rom_;
};

TEST_F(Memory, RamHoldsWhatIsWrittenAcrossPages) {
  space_.write(0xffd, 8, 0x1122334455667788);
  EXPECT_EQ(space_.read(0xffd, 8), 0x1122334455667788u);
  EXPECT_EQ(space_.read(0x1000, 1), 0x55u);
}

TEST_F(Memory, NobodyIsAllOnesAndTakesAnything) {
  EXPECT_EQ(space_.read(0x20000, 4), 0xffffffffu);
  space_.write(0x20000, 4, 0);
  EXPECT_EQ(space_.read(0xfffe, 4), 0xffff0000u);
  EXPECT_EQ(space_.read(~Gpa{0}, 8) & 0xff, 0xffu);
}

TEST_F(Memory, RomDropsWrites) {
  add_rom(0x4000);
  space_.write(0x4000, 4, 0);
  EXPECT_EQ(space_.read(0x4000, 4), 0xc3c3c3c3u);
  EXPECT_EQ(ram_->data()[0x4000], 0);
}

TEST_F(Memory, ARegionThatOnlyReadsLetsWritesThrough) {
  MemorySpace::Region* rom = add_rom(0x4000);
  space_.set_visibility(*rom, true, false);
  space_.write(0x4000, 1, 0x12);
  EXPECT_EQ(space_.read(0x4000, 1), 0xc3u);
  EXPECT_EQ(ram_->data()[0x4000], 0x12);
  const PageView view = space_.page(0x4000);
  EXPECT_EQ(view.read, rom_.data());
  EXPECT_EQ(view.write, ram_->data() + 0x4000);
}

TEST_F(Memory, MovingARegionIsToldAndTakesEffect) {
  MemorySpace::Region* rom = add_rom(0x4000);
  EXPECT_EQ(space_.page(0x4000).read, rom_.data());
  int changes = 0;
  space_.on_mapping_change([&] { ++changes; });
  space_.move(*rom, 0x6000, true);
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(space_.page(0x4000).read, ram_->data() + 0x4000);
  EXPECT_EQ(space_.page(0x6000).read, rom_.data());
}

TEST_F(Memory, RegistersWinOverRamAndAreNeverAPage) {
  Constant chip;
  MemorySpace::Region region;
  region.name = "chip";
  region.base = 0x8010;
  region.size = 4;
  region.registers = &chip;
  ASSERT_TRUE(space_.add(region));
  EXPECT_EQ(space_.page(0x8000).read, nullptr);
  EXPECT_EQ(space_.read(0x800f, 1), 0u);
  EXPECT_EQ(space_.read(0x8010, 4), 0x5a5a5a5au);
  space_.write(0x8012, 1, 0);
  EXPECT_THAT(chip.written, ::testing::ElementsAre(2));
}

TEST_F(Memory, OverlappingFixedRegionsAreAWiringError) {
  add_rom(0x4000);
  MemorySpace::Region region;
  region.name = "other";
  region.base = 0x4000;
  region.size = 0x1000;
  region.rom = rom_.data();
  EXPECT_FALSE(space_.add(region));
}

TEST_F(Memory, ABusMastersWriteToCodeIsToldBeforeItHappens) {
  *ram_->page_flags(0x2000) |= Ram::kCode;
  std::vector<const std::uint8_t*> pages;
  space_.on_code_write([&](const std::uint8_t* page) {
    EXPECT_EQ(page[1], 0);
    pages.push_back(page);
    *ram_->page_flags(0x2000) &= static_cast<std::uint8_t>(~Ram::kCode);
  });
  const std::vector<std::uint8_t> bytes = {1, 2, 3};
  space_.write(0x2000, bytes);
  EXPECT_THAT(pages, ::testing::ElementsAre(ram_->data() + 0x2000));
  EXPECT_EQ(ram_->data()[0x2001], 2);
}

}  // namespace
}  // namespace ice86
