// SPDX-License-Identifier: LGPL-2.1-or-later
// 8237A and the PC's pair: registers, transfer modes, terminal count, pages, cascade.
#include <gmock/gmock.h>

#include "devices/i8237/isa_dma.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::DmaPeripheral;
using devices::IsaDma;
using ::testing::ElementsAre;

// Sends 1, 2, 3... and keeps what it gets. Drops its request at terminal count.
struct Peripheral final : DmaPeripheral {
  IsaDma* dma = nullptr;
  unsigned channel = 0;
  std::uint16_t next = 1;
  std::vector<unsigned> got;
  unsigned terminal_counts = 0;
  std::uint16_t dack_read() override { return next++; }
  void dack_write(std::uint16_t unit) override { got.push_back(unit); }
  void terminal_count() override {
    ++terminal_counts;
    dma->set_dreq(channel, false);
  }
};

struct IsaDmaBench {
  Clock clock{10};
  TraceBus trace{clock};
  MemorySpace memory{trace};
  std::unique_ptr<Ram> ram = std::move(Ram::create("ram", 16 << 20).value());
  IsaDma dma{clock, DmaPort(memory)};
  Peripheral two, five;

  IsaDmaBench() {
    EXPECT_TRUE(memory
                    .add({.name = "ram",
                          .base = 0,
                          .size = ram->size(),
                          .priority = MemorySpace::Priority::kRam,
                          .ram = ram.get()})
                    .has_value());
    connect(two, 2);
    connect(five, 5);
  }
  void connect(Peripheral& peripheral, unsigned channel) {
    peripheral.dma = &dma;
    peripheral.channel = channel;
    dma.connect(channel, peripheral);
  }
  IsaDma& device() { return dma; }
  std::vector<conformance::Block> blocks() {
    return {{"dma1", &dma.controller1(), 16, 1},
            {"dma2", &dma.controller2(), 32, 1},
            {"pages", &dma.pages(), 16, 1}};
  }
  bool interrupting() const { return false; }
  void disturb(std::mt19937_64& random) {
    constexpr unsigned kChannels[] = {0, 1, 2, 3, 5, 6, 7};
    dma.set_dreq(kChannels[random() % 7], random() % 2 != 0);
  }
  void release() {
    for (const unsigned channel : {0U, 1U, 2U, 3U, 5U, 6U, 7U}) dma.set_dreq(channel, false);
  }

  void out(unsigned port, unsigned value) {
    if (port < 0x10) return dma.controller1().write(port, 1, value);
    if (port >= 0xC0) return dma.controller2().write(port - 0xC0, 1, value);
    dma.pages().write(port - 0x80, 1, value);
  }
  unsigned in(unsigned port) {
    if (port < 0x10) return static_cast<unsigned>(dma.controller1().read(port, 1));
    return static_cast<unsigned>(dma.controller2().read(port - 0xC0, 1));
  }
  // As the BIOS sets up the pair: channel 4 cascades.
  void open() {
    out(0xD6, 0xC0);
    out(0xD4, 0x00);
  }
  void program2(unsigned mode, unsigned address, unsigned count) {
    out(0x0C, 0);
    out(0x04, address & 0xFF);
    out(0x04, address >> 8 & 0xFF);
    out(0x05, count & 0xFF);
    out(0x05, count >> 8);
    out(0x81, address >> 16);
    out(0x0B, mode | 2);
    out(0x0A, 0x02);
  }
  std::vector<unsigned> bytes(Gpa at, unsigned count) {
    std::vector<unsigned> result;
    for (unsigned i = 0; i < count; ++i)
      result.push_back(static_cast<unsigned>(memory.peek(at + i, 1)));
    return result;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(IsaDma, DeviceConformance, IsaDmaBench);

TEST(I8237, AddressAndCountThroughTheFlipFlop) {
  IsaDmaBench b;
  b.out(0x0C, 0);
  b.out(0x00, 0x34);
  b.out(0x00, 0x12);
  b.out(0x01, 0xFF);
  b.out(0x01, 0x01);
  EXPECT_EQ(b.in(0x00), 0x34U);
  EXPECT_EQ(b.in(0x00), 0x12U);
  EXPECT_EQ(b.in(0x01), 0xFFU);
  b.out(0x0C, 0);
  EXPECT_EQ(b.in(0x01), 0xFFU) << "the flip-flop was cleared";
}

TEST(I8237, WritesMemoryUntilTerminalCount) {
  IsaDmaBench b;
  b.open();
  b.program2(0x44, 0x123456, 3);  // single, write to memory
  b.dma.set_dreq(2, true);
  conformance::advance(b, 1000);
  EXPECT_THAT(b.bytes(0x123456, 5), ElementsAre(1, 2, 3, 4, 0));
  EXPECT_EQ(b.two.terminal_counts, 1U);
  EXPECT_EQ(b.in(0x08) & 0x0F, 0x04U);
  EXPECT_EQ(b.in(0x08) & 0x0F, 0x00U) << "reading clears";
  EXPECT_EQ(b.in(0x0F) & 0x0F, 0x0FU) << "channel 2 has masked itself";
}

TEST(I8237, ReadsMemoryAndDecrements) {
  IsaDmaBench b;
  b.open();
  b.memory.write(0x20000, 4, 0x44332211);
  b.program2(0x68, 0x20003, 3);  // single, read, decrement
  b.dma.set_dreq(2, true);
  conformance::advance(b, 1000);
  EXPECT_THAT(b.two.got, ElementsAre(0x44, 0x33, 0x22, 0x11));
}

TEST(I8237, AutoInitializeStartsAgain) {
  IsaDmaBench b;
  b.open();
  b.program2(0x54, 0x30000, 1);
  b.dma.set_dreq(2, true);
  conformance::advance(b, 500);
  b.dma.set_dreq(2, true);
  conformance::advance(b, 500);
  EXPECT_THAT(b.bytes(0x30000, 2), ElementsAre(3, 4));
  EXPECT_EQ(b.two.terminal_counts, 2U);
}

TEST(I8237, VerifyMovesNothing) {
  IsaDmaBench b;
  b.open();
  b.program2(0x40, 0x30000, 1);
  b.dma.set_dreq(2, true);
  conformance::advance(b, 500);
  EXPECT_THAT(b.bytes(0x30000, 2), ElementsAre(0, 0));
  EXPECT_EQ(b.two.terminal_counts, 1U);
}

TEST(I8237, AddressWrapsInsideItsPage) {
  IsaDmaBench b;
  b.open();
  b.program2(0x44, 0x1FFFF, 1);
  b.dma.set_dreq(2, true);
  conformance::advance(b, 500);
  EXPECT_THAT(b.bytes(0x1FFFF, 2), ElementsAre(1, 0));
  EXPECT_THAT(b.bytes(0x10000, 1), ElementsAre(2));
}

TEST(I8237, MaskAndControllerDisableHoldTheRequest) {
  IsaDmaBench b;
  b.open();
  b.program2(0x44, 0x30000, 0);
  b.out(0x0A, 0x06);
  b.dma.set_dreq(2, true);
  conformance::advance(b, 500);
  EXPECT_EQ(b.two.terminal_counts, 0U);
  EXPECT_EQ(b.in(0x08) & 0xF0, 0x40U) << "the request shows in the status";
  b.out(0x08, 0x04);
  b.out(0x0A, 0x02);
  conformance::advance(b, 500);
  EXPECT_EQ(b.two.terminal_counts, 0U);
  b.out(0x08, 0x00);
  conformance::advance(b, 500);
  EXPECT_EQ(b.two.terminal_counts, 1U);
}

TEST(I8237, FirstControllerNeedsTheCascade) {
  IsaDmaBench b;
  b.program2(0x44, 0x30000, 0);
  b.dma.set_dreq(2, true);
  conformance::advance(b, 500);
  EXPECT_EQ(b.two.terminal_counts, 0U);
  b.open();
  conformance::advance(b, 500);
  EXPECT_EQ(b.two.terminal_counts, 1U);
}

TEST(I8237, SecondControllerMovesWords) {
  IsaDmaBench b;
  b.open();
  b.out(0xD8, 0);
  b.out(0xC4, 0x00);  // channel 5: word address 1A000h is byte address 34000h
  b.out(0xC4, 0xA0);
  b.out(0xC6, 0x01);
  b.out(0xC6, 0x00);
  b.out(0x8B, 0x03);
  b.out(0xD6, 0x45);
  b.out(0xD4, 0x01);
  b.five.next = 0xBEEF;
  b.dma.set_dreq(5, true);
  conformance::advance(b, 500);
  EXPECT_EQ(b.memory.peek(0x34000, 4), 0xBEF0BEEFU);
}

TEST(I8237, SoftwareBlockRequestRunsToTheEnd) {
  IsaDmaBench b;
  b.open();
  b.program2(0x84, 0x30000, 2);
  b.out(0x0A, 0x06);  // masked: a software request does not mind
  b.out(0x09, 0x06);
  conformance::advance(b, 500);
  EXPECT_EQ(b.two.terminal_counts, 1U);
  EXPECT_THAT(b.bytes(0x30000, 3), ElementsAre(1, 2, 3));
}

TEST(I8237, MasterClearMasksEverything) {
  IsaDmaBench b;
  b.out(0x0E, 0);
  EXPECT_EQ(b.in(0x0F) & 0x0F, 0x00U);
  b.out(0x0D, 0);
  EXPECT_EQ(b.in(0x0F) & 0x0F, 0x0FU);
}

TEST(IsaDma, PageRegistersAreReadable) {
  IsaDmaBench b;
  for (unsigned i = 0; i < 16; ++i) b.dma.pages().write(i, 1, 0xA0 + i);
  for (unsigned i = 0; i < 16; ++i) EXPECT_EQ(b.dma.pages().read(i, 1), 0xA0U + i);
}

}  // namespace
}  // namespace ice86
