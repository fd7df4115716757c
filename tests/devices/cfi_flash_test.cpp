// SPDX-License-Identifier: LGPL-2.1-or-later
// CFI flash: the Intel command set as drivers use it, and as they should not.
#include "devices/pflash/cfi_flash.h"

#include <gmock/gmock.h>

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::CfiFlash;

constexpr std::uint64_t kSize = 16 * CfiFlash::kBlock;
constexpr std::uint8_t kReady = 0x80, kEraseError = 0x20, kProgramError = 0x10, kProtected = 0x02;

template <bool Protected>
struct FlashBench {
  static constexpr bool kBatteryBacked = true;
  Clock clock{10};
  TraceBus trace{clock};
  std::unique_ptr<Ram> array = std::move(Ram::create("array", kSize).value());
  bool shown = true;
  std::vector<std::uint64_t> announced;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> changes;
  CfiFlash chip{
      *array,
      trace,
      {[this](bool on) { shown = on; }, [this](std::uint64_t at) { announced.push_back(at); },
       [this](std::uint64_t at, std::uint64_t size) { changes.emplace_back(at, size); }},
      {"flash", Protected}};

  FlashBench() {
    for (std::uint64_t i = 0; i < kSize; ++i)
      array->data()[i] = static_cast<std::uint8_t>(0x40 + i % 64);
  }
  CfiFlash& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"chip", &chip, kSize, 8}}; }
  bool interrupting() const { return false; }

  void put(std::uint64_t at, std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes) chip.write(at, 1, byte);
  }
  unsigned at(std::uint64_t offset) const { return static_cast<unsigned>(chip.peek(offset, 1)); }
  unsigned status() {
    put(0, {0x70});
    const unsigned value = at(0);
    return value;
  }
};
using Bench = FlashBench<false>;

TEST(CfiFlash, WhereCyclesDoNotReachItReadsGiveTheArray) {
  Clock clock;
  TraceBus trace{clock};
  const auto array = std::move(Ram::create("array", 2 * CfiFlash::kBlock).value());
  bool accessible = true;
  CfiFlash chip(*array, trace, {{}, {}, {}, [&accessible] { return accessible; }}, {"flash"});
  array->data()[5] = 0x77;
  chip.write(0, 1, 0x90);  // identifier
  EXPECT_NE(chip.read(5, 1), 0x77U);
  accessible = false;
  EXPECT_EQ(chip.read(5, 1), 0x77U);
  EXPECT_EQ(chip.peek(5, 1), 0x77U);
  chip.write(5, 1, 0x40);
  chip.write(5, 1, 0x00);
  EXPECT_EQ(array->data()[5], 0x77U);
  accessible = true;
  EXPECT_NE(chip.read(5, 1), 0x77U) << "its state is as it was";
  chip.write(5, 1, 0x40);
  chip.write(5, 1, 0x11);
  EXPECT_EQ(array->data()[5], 0x11U);
}

TEST(CfiFlash, IsFoundTheWayDriversLookForIt) {
  Bench bench;
  // EDK2: after Clear Status, Read Status gives 00h; memory and ROM would give something else.
  bench.put(0, {0x50, 0x70});
  EXPECT_EQ(bench.at(0), 0U);
  EXPECT_FALSE(bench.shown);
  bench.put(0, {0xff});
  EXPECT_EQ(bench.at(0), 0x40U);
  EXPECT_TRUE(bench.shown);
  bench.put(0x55, {0x98});
  EXPECT_EQ(bench.chip.peek(0x10, 4) & 0xffffff, 0x595251U) << "QRY";
  EXPECT_EQ(bench.chip.peek(0x13, 2), 1U);
  EXPECT_EQ(bench.at(0x27), 16U) << "64 KiB";
  EXPECT_EQ(bench.chip.peek(0x2d, 2), 15U) << "16 blocks";
  EXPECT_EQ(bench.chip.peek(0x2f, 2) * 256, CfiFlash::kBlock);
  bench.put(0, {0x90});
  EXPECT_EQ(bench.at(0), 0x89U);
  EXPECT_EQ(bench.at(1), 0x18U);
}

TEST(CfiFlash, ProgramsByClearingBits) {
  Bench bench;
  bench.put(0x1234, {0x40, 0x0f});
  EXPECT_EQ(bench.at(0x1234), kReady);
  bench.put(0x1234, {0xff});
  EXPECT_EQ(bench.at(0x1234), (0x40U + 0x1234 % 64) & 0x0f);
  EXPECT_THAT(bench.changes,
              ::testing::ElementsAre(std::pair<std::uint64_t, std::uint64_t>(0x1234, 1)));
  EXPECT_THAT(bench.announced, ::testing::ElementsAre(0x1234));
}

TEST(CfiFlash, ErasesOneBlock) {
  Bench bench;
  bench.put(CfiFlash::kBlock + 5, {0x20, 0xd0});
  EXPECT_EQ(bench.status(), kReady);
  bench.put(0, {0xff});
  EXPECT_EQ(bench.at(CfiFlash::kBlock - 1), 0x40U + 63);
  for (std::uint64_t i = 0; i < CfiFlash::kBlock; ++i)
    ASSERT_EQ(bench.at(CfiFlash::kBlock + i), 0xffU);
  EXPECT_EQ(bench.at(2 * CfiFlash::kBlock), 0x40U);
}

TEST(CfiFlash, ProgramsABuffer) {
  Bench bench;
  bench.put(0x2000, {0x20, 0xd0});
  bench.put(0x2010, {0xe8});
  EXPECT_EQ(bench.at(0x2010), kReady) << "a buffer is free";
  bench.put(0x2010, {3});
  for (unsigned i = 0; i < 4; ++i) bench.put(0x2010 + i, {i + 1});
  bench.put(0x2010, {0xd0});
  EXPECT_EQ(bench.status(), kReady);
  bench.put(0, {0xff});
  EXPECT_EQ(bench.chip.peek(0x2010, 8), 0xffffffff04030201U);
}

TEST(CfiFlash, BadSequencesAreErrorsAndChangeNothing) {
  const auto refused = [](std::initializer_list<std::pair<std::uint64_t, unsigned>> writes) {
    Bench bench;
    const std::vector<std::uint8_t> before(bench.array->data(), bench.array->data() + kSize);
    for (const auto& [offset, value] : writes) bench.chip.write(offset, 1, value);
    const unsigned status = bench.status();
    EXPECT_EQ(status, kReady | kEraseError | kProgramError);
    EXPECT_TRUE(std::equal(before.begin(), before.end(), bench.array->data()));
    bench.put(0, {0x50, 0xff});
    EXPECT_TRUE(bench.shown);
  };
  refused({{0, 0x20}, {0, 0xff}});                           // erase, not confirmed
  refused({{0, 0x60}, {0, 0x77}});                           // lock, neither on nor off
  refused({{0, 0xe8}, {0, 64}});                             // a count beyond the buffer
  refused({{0, 0xe8}, {0, 1}, {0, 1}, {1, 2}, {0, 0xff}});   // a buffer, not confirmed
  refused({{0, 0xe8}, {0, 1}, {0, 1}, {64, 2}});             // outside the buffer
  refused({{4095, 0xe8}, {4095, 1}, {4095, 1}, {4096, 2}});  // into the next block
  refused({{0, 0xe8}, {0, 3}, {8192, 1}});                   // another block
}

TEST(CfiFlash, LockedBlocksStayAsTheyAre) {
  Bench bench;
  bench.put(0x3000, {0x60, 0x01});
  bench.put(0x3000, {0x40, 0x00});
  EXPECT_EQ(bench.status(), kReady | kProgramError | kProtected);
  bench.put(0, {0x50});
  bench.put(0x3000, {0x20, 0xd0});
  EXPECT_EQ(bench.status(), kReady | kEraseError | kProtected);
  EXPECT_TRUE(bench.changes.empty());
  bench.put(0x3000, {0x90});
  EXPECT_EQ(bench.at(0x3002), 1U);
  EXPECT_EQ(bench.at(0x4002), 0U);
  bench.put(0, {0x60, 0xd0, 0x50});
  bench.put(0x3000, {0x40, 0x00});
  EXPECT_EQ(bench.status(), kReady);
}

TEST(CfiFlash, ProtectedChipRefusesAll) {
  FlashBench<true> bench;
  bench.put(0, {0x40, 0x00});
  EXPECT_EQ(bench.status(), kReady | kProgramError | kProtected);
  bench.put(0, {0x50, 0x20, 0xd0});
  EXPECT_EQ(bench.status(), kReady | kEraseError | kProtected);
  EXPECT_TRUE(bench.changes.empty());
}

TEST(CfiFlash, WideAccessesAreByteCycles) {
  Bench bench;
  EXPECT_EQ(bench.chip.peek(0, 8), 0x4746454443424140U);
  bench.put(0, {0x70});
  EXPECT_EQ(bench.chip.peek(0, 4), 0x80808080U);
  bench.put(0x5000, {0x20, 0xd0, 0xe8, 3});
  bench.chip.write(0x5000, 4, 0x44332211);
  bench.put(0x5000, {0xd0, 0xff});
  EXPECT_EQ(bench.chip.peek(0x5000, 4), 0x44332211U);
  // Beyond the end there is nothing.
  bench.chip.write(kSize - 2, 4, 0x70707070);
  EXPECT_EQ(bench.chip.peek(kSize - 2, 4), 0xffff8080U);
}

TEST(CfiFlash, ResetShowsTheArrayAndKeepsIt) {
  Bench bench;
  bench.put(7, {0x40, 0x00});
  bench.chip.reset(ResetKind::kHard);
  EXPECT_TRUE(bench.shown);
  EXPECT_EQ(bench.at(7), 0U);
}

INSTANTIATE_TYPED_TEST_SUITE_P(CfiFlash, DeviceConformance, Bench);
INSTANTIATE_TYPED_TEST_SUITE_P(CfiFlashProtected, DeviceConformance, FlashBench<true>);

}  // namespace
}  // namespace ice86
