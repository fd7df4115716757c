// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/cmos_setup.h"

#include <gtest/gtest.h>

#include <map>

namespace ice86::machine {
namespace {

std::map<int, int> setup(std::uint64_t memory, std::uint64_t below,
                         std::optional<DiskGeometry> disk, const std::string& order) {
  std::map<int, int> cmos;
  auto bytes =
      cmos_setup(memory, below, {disk, std::nullopt, std::nullopt, std::nullopt}, {}, order);
  EXPECT_TRUE(bytes);
  for (const auto& [index, value] : *bytes) cmos[index] = value;
  return cmos;
}

constexpr std::uint64_t kMiB = 1 << 20;

TEST(CmosSetup, TellsOfDisketteDrives) {
  using devices::FloppyDriveType;
  const auto byte = [](FloppyDriveType a, FloppyDriveType b, unsigned index) -> unsigned {
    const auto bytes = cmos_setup(64 * kMiB, 64 * kMiB, {}, {a, b}, "a");
    EXPECT_TRUE(bytes);
    for (const auto& [at, value] : *bytes) {
      if (at == index) return value;
    }
    return 0x100;
  };
  EXPECT_EQ(byte(FloppyDriveType::kNone, FloppyDriveType::kNone, 0x14), 0x06U);
  EXPECT_EQ(byte(FloppyDriveType::k1440K, FloppyDriveType::kNone, 0x14), 0x07U);
  EXPECT_EQ(byte(FloppyDriveType::k1440K, FloppyDriveType::k360K, 0x14), 0x47U);
  EXPECT_EQ(byte(FloppyDriveType::k1440K, FloppyDriveType::k360K, 0x10), 0x41U);
}

TEST(CmosSetup, StatesMemoryInAllItsUnits) {
  auto cmos = setup(512 * kMiB, 512 * kMiB, std::nullopt, "c");
  EXPECT_EQ(cmos[0x15] | cmos[0x16] << 8, 640);
  EXPECT_EQ(cmos[0x30] | cmos[0x31] << 8, 0xffff);  // more than 64 MiB saturates
  EXPECT_EQ(cmos[0x34] | cmos[0x35] << 8, 496 * 16);
  cmos = setup(8 * kMiB, 8 * kMiB, std::nullopt, "c");
  EXPECT_EQ(cmos[0x17] | cmos[0x18] << 8, 7 * 1024);
  EXPECT_EQ(cmos[0x34] | cmos[0x35] << 8, 0);
  cmos = setup(5120 * kMiB, 3072 * kMiB, std::nullopt, "c");
  EXPECT_EQ(cmos[0x5b] | cmos[0x5c] << 8 | cmos[0x5d] << 16, 2048 * 16);
}

TEST(CmosSetup, ChecksumIsTheSumOf10To2D) {
  auto cmos = setup(64 * kMiB, 64 * kMiB, geometry_of(204800), "ac");
  int sum = 0;
  for (int i = 0x10; i <= 0x2d; ++i) sum += cmos[i];
  EXPECT_EQ(cmos[0x2e] << 8 | cmos[0x2f], sum);
}

TEST(CmosSetup, BootOrderIsThreeNibbles) {
  auto cmos = setup(64 * kMiB, 64 * kMiB, std::nullopt, "dca");
  EXPECT_EQ(cmos[0x3d], 0x23);
  EXPECT_EQ(cmos[0x38], 0x10);
}

TEST(CmosSetup, TranslationFollowsTheSize) {
  const auto translation = [&](std::uint64_t sectors) {
    return setup(64 * kMiB, 64 * kMiB, geometry_of(sectors), "c")[0x39] & 3;
  };
  EXPECT_EQ(translation(1024 * 1008), 0);      // fits INT 13h as it is
  EXPECT_EQ(translation(4000 * 1008), 2);      // bit shift
  EXPECT_EQ(translation(16383ULL * 1008), 1);  // LBA
}

TEST(CmosSetup, UnknownBootLettersAreExplained) {
  const auto bytes = cmos_setup(64 * kMiB, 64 * kMiB, {}, {}, "cx");
  ASSERT_FALSE(bytes);
  EXPECT_NE(bytes.error().message().find("'x'"), std::string::npos);
  EXPECT_FALSE(cmos_setup(64 * kMiB, 64 * kMiB, {}, {}, ""));
  EXPECT_FALSE(cmos_setup(64 * kMiB, 64 * kMiB, {}, {}, "cccc"));
}

}  // namespace
}  // namespace ice86::machine
