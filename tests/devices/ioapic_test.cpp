// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/ioapic/ioapic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/devices/conformance.h"

namespace ice86::devices {
namespace {

struct IoApicBench {
  Clock clock;
  TraceBus trace{clock};
  std::vector<ApicMessage> sent;
  IoApic chip{[this](const ApicMessage& message) { sent.push_back(message); }, trace};

  IoApic& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"registers", &chip, 0x20, 8}}; }
  bool interrupting() const { return false; }
  void disturb(std::mt19937_64& random) {
    if (random() % 2 != 0) {
      chip.set_input(random() % IoApic::kInputs, random() % 2 != 0);
    } else {
      chip.end_of_interrupt(static_cast<std::uint8_t>(random()));
    }
    if (sent.size() > 100) sent.clear();
  }
  void release() {
    for (unsigned i = 0; i < IoApic::kInputs; ++i) chip.set_input(i, false);
  }

  void write(std::uint8_t index, std::uint32_t value) {
    chip.write(0, 4, index);
    chip.write(0x10, 4, value);
  }
  std::uint32_t read(std::uint8_t index) {
    chip.write(0, 4, index);
    return static_cast<std::uint32_t>(chip.read(0x10, 4));
  }
};

TEST(IoApic, AfterReset) {
  IoApicBench bench;
  EXPECT_EQ(bench.read(0), 0u);
  EXPECT_EQ(bench.read(1), 0x00170011u);
  for (std::uint8_t i = 0x10; i < 0x40; i = static_cast<std::uint8_t>(i + 2)) {
    EXPECT_EQ(bench.read(i), 0x10000u);
    EXPECT_EQ(bench.read(static_cast<std::uint8_t>(i + 1)), 0u);
  }
  bench.write(0, 0xffffffff);
  EXPECT_EQ(bench.read(0), 0x0f000000u);
  EXPECT_EQ(bench.read(2), 0x0f000000u);
  bench.write(0x12, 0xffffffff);
  EXPECT_EQ(bench.read(0x12), 0x1afffu);
}

TEST(IoApic, EdgesSendOnce) {
  IoApicBench bench;
  bench.chip.set_input(1, true);  // masked: lost
  bench.write(0x13, 0x02000000);
  bench.write(0x12, 0x0931);  // lowest priority, logical
  EXPECT_TRUE(bench.sent.empty());
  bench.chip.set_input(1, false);
  bench.chip.set_input(1, true);
  bench.chip.set_input(1, true);
  ASSERT_EQ(bench.sent.size(), 1u);
  const ApicMessage& message = bench.sent[0];
  EXPECT_EQ(message.vector, 0x31);
  EXPECT_EQ(message.destination, 2u);
  EXPECT_TRUE(message.logical);
  EXPECT_FALSE(message.level);
  EXPECT_EQ(message.delivery, ApicDelivery::kLowestPriority);
}

TEST(IoApic, LevelsWaitForTheEoi) {
  IoApicBench bench;
  bench.write(0x10 + 2 * 11, 0x8051);
  bench.chip.set_input(11, true);
  ASSERT_EQ(bench.sent.size(), 1u);
  EXPECT_TRUE(bench.sent[0].level);
  EXPECT_EQ(bench.read(0x10 + 2 * 11), 0xc051u);
  bench.chip.end_of_interrupt(0x52);
  EXPECT_EQ(bench.sent.size(), 1u);
  bench.chip.end_of_interrupt(0x51);
  EXPECT_EQ(bench.sent.size(), 2u);  // still asserted
  bench.chip.set_input(11, false);
  bench.chip.end_of_interrupt(0x51);
  EXPECT_EQ(bench.sent.size(), 2u);
  EXPECT_EQ(bench.read(0x10 + 2 * 11), 0x8051u);
}

TEST(IoApic, UnmaskingALevelSends) {
  IoApicBench bench;
  bench.write(0x16, 0x18044);
  bench.chip.set_input(3, true);
  EXPECT_TRUE(bench.sent.empty());
  bench.write(0x16, 0x8044);
  EXPECT_EQ(bench.sent.size(), 1u);
  // Through edge mode and back: remote IRR is gone, the level asks again.
  bench.write(0x16, 0x10044);
  EXPECT_EQ(bench.read(0x16), 0x10044u);
  bench.write(0x16, 0x8044);
  EXPECT_EQ(bench.sent.size(), 2u);
}

}  // namespace
}  // namespace ice86::devices

namespace ice86 {
INSTANTIATE_TYPED_TEST_SUITE_P(IoApic, DeviceConformance, devices::IoApicBench);
}  // namespace ice86
