// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports: claims, splitting, and what nobody claims.
#include "emulator/bus/port_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86 {
namespace {

// Bytes that remember how they were asked for.
class Bytes final : public RegisterBlock {
 public:
  std::uint64_t read(std::uint64_t offset, unsigned width) override {
    ++reads;
    return peek(offset, width);
  }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override {
    widths.push_back(width);
    for (unsigned i = 0; i < width; ++i)
      data[(offset + i) % data.size()] = static_cast<std::uint8_t>(value >> i * 8);
  }
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value |= std::uint64_t{data[(offset + i) % data.size()]} << i * 8;
    return value;
  }
  std::array<std::uint8_t, 16> data{};
  std::vector<unsigned> widths;
  int reads = 0;
};

class Ports : public ::testing::Test {
 protected:
  PortSpace::Claim claim(std::uint32_t base, std::uint32_t count, unsigned most_width = 1) {
    PortSpace::Claim claim;
    claim.name = "chip";
    claim.base = base;
    claim.count = count;
    claim.registers = &bytes_;
    claim.most_width = most_width;
    return claim;
  }

  Clock clock_;
  TraceBus trace_{clock_};
  PortSpace ports_{trace_};
  Bytes bytes_;
};

TEST_F(Ports, NobodyIsAllOnes) {
  EXPECT_EQ(ports_.read(0x80, 1), 0xffu);
  EXPECT_EQ(ports_.read(0xfffe, 4), 0xffffffffu);
  ports_.write(0xffff, 4, 0);
}

TEST_F(Ports, WideAccessesAreSplitAsTheIsaBusDoes) {
  ASSERT_TRUE(ports_.add(claim(0x300, 4)));
  ports_.write(0x300, 4, 0x44332211);
  EXPECT_THAT(bytes_.widths, ::testing::ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(ports_.read(0x301, 2), 0x3322u);
}

TEST_F(Ports, AWideChipGetsWideAccesses) {
  ASSERT_TRUE(ports_.add(claim(0x300, 4, 4)));
  ports_.write(0x300, 4, 0x44332211);
  EXPECT_THAT(bytes_.widths, ::testing::ElementsAre(4));
}

TEST_F(Ports, AnAccessAcrossTheEndOfAClaimIsSplit) {
  ASSERT_TRUE(ports_.add(claim(0x300, 2)));
  bytes_.data[1] = 0x12;
  EXPECT_EQ(ports_.read(0x301, 2), 0xff12u);
}

TEST_F(Ports, TwoFixedClaimsOnOnePortAreAnError) {
  ASSERT_TRUE(ports_.add(claim(0x300, 4)));
  EXPECT_FALSE(ports_.add(claim(0x303, 1)));
}

TEST_F(Ports, AMovableClaimGivesWay) {
  Bytes bar;
  auto movable = claim(0x300, 8);
  movable.movable = true;
  movable.registers = &bar;
  bar.data.fill(0x77);
  const auto added = ports_.add(movable);
  ASSERT_TRUE(added);
  ASSERT_TRUE(ports_.add(claim(0x300, 4)));
  EXPECT_EQ(ports_.read(0x300, 1), 0u);
  EXPECT_EQ(ports_.read(0x304, 1), 0x77u);
  ports_.move(**added, 0x400, true);
  EXPECT_EQ(ports_.read(0x304, 1), 0xffu);
  EXPECT_EQ(ports_.read(0x407, 1), 0x77u);
  ports_.move(**added, 0x400, false);
  EXPECT_EQ(ports_.read(0x407, 1), 0xffu);
}

TEST_F(Ports, PeekingIsNotReading) {
  ASSERT_TRUE(ports_.add(claim(0x300, 4)));
  ports_.peek(0x300, 4);
  EXPECT_EQ(bytes_.reads, 0);
}

}  // namespace
}  // namespace ice86
