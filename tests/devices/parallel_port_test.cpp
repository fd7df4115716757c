// SPDX-License-Identifier: LGPL-2.1-or-later
// Parallel port: registers, the handshake with its times, the interrupt.
#include "devices/parallel_port/parallel_port.h"

#include <gmock/gmock.h>

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

struct ParallelBench {
  Clock clock{1};
  LevelLine irq;
  std::string paper;
  devices::ParallelPort chip{clock, irq, "lpt0",
                             [this](std::uint8_t byte) { paper += static_cast<char>(byte); }};

  devices::ParallelPort& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"ports", &chip, 3, 1}}; }
  bool interrupting() const { return irq.high(); }
  unsigned in(unsigned port) { return static_cast<unsigned>(chip.read(port, 1)); }
  void out(unsigned port, unsigned value) { chip.write(port, 1, value); }
  void strobe(char byte, unsigned control = 0x0C) {
    out(0, static_cast<unsigned char>(byte));
    out(2, control | 1);
    out(2, control);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(ParallelPort, DeviceConformance, ParallelBench);

TEST(ParallelPort, RegistersReadBack) {
  ParallelBench b;
  EXPECT_EQ(b.in(1), 0xDCU) << "selected, no error, not busy";
  EXPECT_EQ(b.in(2), 0xCCU);
  for (const unsigned value : {0x00U, 0xAAU, 0x55U, 0xFFU}) {
    b.out(0, value);
    EXPECT_EQ(b.in(0), value);
  }
  b.out(2, 0xFE);
  EXPECT_EQ(b.in(2), 0xFEU);
  EXPECT_EQ(b.in(0), 0xFFU) << "bit 5 makes the data pins inputs";
  b.out(1, 0);
  EXPECT_EQ(b.in(1), 0xDCU);
}

TEST(ParallelPort, PrintsWithTheHandshake) {
  ParallelBench b;
  b.strobe('A');
  EXPECT_EQ(b.in(1), 0x5CU) << "busy";
  b.strobe('x');  // nobody looked at busy: lost
  conformance::advance(b, 10);
  EXPECT_EQ(b.in(1), 0x9CU) << "nAck";
  conformance::advance(b, 5);
  EXPECT_EQ(b.in(1), 0xDCU);
  b.strobe('B');
  EXPECT_EQ(b.paper, "AB");
  EXPECT_FALSE(b.irq.high());
}

TEST(ParallelPort, OnlyASelectedPrinterOutOfResetPrints) {
  ParallelBench b;
  b.strobe('A', 0x04);
  b.strobe('B', 0x08);
  EXPECT_EQ(b.paper, "");
  b.strobe('C', 0x2C);
  EXPECT_EQ(b.paper, "") << "the data pins are inputs";
}

TEST(ParallelPort, InterruptComesWithTheEndOfAckAndGoesWithAStatusRead) {
  ParallelBench b;
  b.strobe('A', 0x1C);
  conformance::advance(b, 14);
  EXPECT_FALSE(b.irq.high());
  conformance::advance(b, 1);
  EXPECT_TRUE(b.irq.high());
  EXPECT_EQ(b.in(1), 0xD8U);
  EXPECT_FALSE(b.irq.high());
  EXPECT_EQ(b.in(1), 0xDCU);
  b.strobe('B', 0x1C);
  conformance::advance(b, 15);
  EXPECT_TRUE(b.irq.high());
  b.out(2, 0x0C);
  EXPECT_FALSE(b.irq.high());
}

}  // namespace
}  // namespace ice86
