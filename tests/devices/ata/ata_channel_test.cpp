// SPDX-License-Identifier: LGPL-2.1-or-later
// The cable: two devices, empty places, resets, signatures, interrupts; conformance.
#include "tests/devices/ata/ata_bench.h"

namespace ice86 {
namespace {

using namespace ata_test;
namespace r = devices::ata;

struct AtaBench : Channel {
  PatternMedium master{50'000}, slave{2'000'000'000};
  AtaBench() {
    ata.attach(0, master);
    ata.attach(1, slave);
    master.bad = {3, 17};
  }
  devices::AtaChannel& device() { return ata; }
  std::vector<conformance::Block> blocks() {
    return {{"command block", &ata.command_block(), 8, 4},
            {"control block", &ata.control_block(), 1, 1}};
  }
  bool interrupting() const { return intrq.high(); }
  // What random register access hardly ever does: whole commands with plausible addresses.
  void disturb(std::mt19937_64& random) {
    static constexpr std::uint8_t kCodes[] = {0x20, 0x24, 0x29, 0x30, 0x34, 0x39, 0x40,
                                              0x70, 0x90, 0x91, 0xC4, 0xC5, 0xC6, 0xC8,
                                              0xCA, 0x25, 0x35, 0xE7, 0xEC, 0xEF};
    control(random() % 2 * r::kNien);
    wait();
    address48(random() % 60'000, random() % 20, random() % 2);
    out(7, kCodes[random() % std::size(kCodes)]);
    wait();
    for (unsigned i = static_cast<unsigned>(random() % 600); i != 0; --i) {
      if ((alternate_status() & r::kDrq) == 0) break;
      if (random() % 2 == 0)
        ata.command_block().read(0, 2);
      else
        ata.command_block().write(0, 2, random());
    }
    std::array<std::uint8_t, 700> buffer{};
    if (random() % 2 == 0)
      ata.dma_in(buffer);
    else
      ata.dma_out(buffer);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(AtaChannel, DeviceConformance, AtaBench);

struct CdBench : Channel {
  PatternMedium medium{4000};
  CdBench() { ata.attach_cdrom(0, &medium); }
  devices::AtaChannel& device() { return ata; }
  std::vector<conformance::Block> blocks() {
    return {{"command block", &ata.command_block(), 8, 4},
            {"control block", &ata.control_block(), 1, 1}};
  }
  bool interrupting() const { return intrq.high(); }
  void disturb(std::mt19937_64& random) {
    static constexpr std::uint8_t kOperations[] = {0x00, 0x03, 0x12, 0x1B, 0x1E, 0x25, 0x28,
                                                   0x2B, 0x42, 0x43, 0x46, 0x4A, 0x51, 0x5A,
                                                   0xA8, 0xB9, 0xBB, 0xBD, 0xBE};
    control(random() % 2 * r::kNien);
    wait();
    out(6, 0xA0);
    out(1, random() % 2);
    out(4, random() & 0xFF);
    out(5, random() % 16);
    out(7, 0xA0);
    wait();
    std::array<std::uint8_t, 12> packet{};
    for (auto& byte : packet) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    packet[0] = kOperations[random() % std::size(kOperations)];
    write_block(packet);
    wait();
    for (unsigned i = static_cast<unsigned>(random() % 600);
         i != 0 && (alternate_status() & r::kDrq) != 0; --i) {
      ata.command_block().read(0, 2);
    }
    std::array<std::uint8_t, 700> buffer{};
    ata.dma_in(buffer);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(AtapiCdrom, DeviceConformance, CdBench);

TEST(AtaChannel, EmptyChannelFloatsWithBusyPulledDown) {
  Channel c;
  c.power_on();
  EXPECT_EQ(c.status(), 0x7F);
  EXPECT_EQ(c.alternate_status(), 0x7F);
  c.out(2, 0x55);
  c.out(3, 0xAA);
  EXPECT_NE(c.in(2), 0x55) << "a probe finds nothing";
  EXPECT_EQ(c.ata.command_block().read(0, 2), 0xFF7FU);
  c.out(7, 0xEC);
  conformance::advance(c, 1'000'000);
  EXPECT_FALSE(c.intrq.high());
}

TEST(AtaChannel, AbsentSlaveIsAnsweredByTheMasterWithStatusZero) {
  AtaBench b;
  Channel c;
  PatternMedium medium(1000);
  c.ata.attach(0, medium);
  c.power_on();
  c.out(6, 0xB0);
  EXPECT_EQ(c.status(), 0);
  c.out(7, 0xEC);
  conformance::advance(c, 1'000'000);
  EXPECT_EQ(c.status(), 0) << "commands go nowhere";
  EXPECT_FALSE(c.intrq.high());
  c.out(6, 0xA0);
  EXPECT_EQ(c.status(), r::kDrdy | r::kDsc);
}

TEST(AtaChannel, LonelySlaveDoesNotAnswerForTheMaster) {
  Channel c;
  PatternMedium medium(1000);
  c.ata.attach(1, medium);
  c.power_on();
  EXPECT_EQ(c.status(), 0x7F);
  c.out(6, 0xB0);
  EXPECT_EQ(c.status(), r::kDrdy | r::kDsc);
  EXPECT_EQ(c.read_all(0xEC, 512).size(), 512U);
}

TEST(AtaChannel, BothDevicesKeepTheirRegistersAndData) {
  AtaBench b;
  b.power_on();
  b.address28(100, 1, 0);
  EXPECT_EQ(b.read_all(0x20, 512), pattern(100, 1));
  b.address48(1'999'999'999, 1, 1);
  EXPECT_EQ(b.read_all(0x24, 512), pattern(1'999'999'999, 1));
  b.out(6, 0xB0);
  EXPECT_EQ(b.in(6) & 0x10, 0x10);
}

TEST(AtaChannel, SoftwareResetLeavesSignaturesAndSelectsMaster) {
  Channel c;
  PatternMedium disk(1000), disc(1000);
  c.ata.attach(0, disk);
  c.ata.attach_cdrom(1, &disc);
  c.power_on();
  c.out(6, 0xB0);
  c.out(2, 0x33);
  c.control(r::kSrst | r::kNien);
  EXPECT_EQ(c.alternate_status(), r::kBsy);
  conformance::advance(c, 1'000'000);
  EXPECT_EQ(c.alternate_status(), r::kBsy) << "as long as it is held";
  c.control(r::kNien);
  EXPECT_EQ(c.alternate_status(), r::kBsy);
  EXPECT_EQ(c.wait(), r::kDrdy | r::kDsc);
  EXPECT_EQ(c.in(1), 0x01);
  EXPECT_EQ(c.in(2), 0x01);
  EXPECT_EQ(c.in(3), 0x01);
  EXPECT_EQ(c.in(4) | c.in(5) << 8, 0x0000);
  EXPECT_EQ(c.in(6) & 0x10, 0);
  c.out(6, 0xB0);
  EXPECT_EQ(c.in(2), 0x01);
  EXPECT_EQ(c.in(4) | c.in(5) << 8, 0xEB14);
  EXPECT_EQ(c.status(), 0) << "a packet device is not ready before its first packet";
  EXPECT_FALSE(c.intrq.high());
}

TEST(AtaChannel, DiagnosticRunsOnBothAndMasterInterrupts) {
  AtaBench b;
  b.power_on();
  b.out(6, 0xB0);
  b.out(7, 0x90);
  EXPECT_EQ(b.alternate_status(), r::kBsy);
  b.wait();
  EXPECT_TRUE(b.intrq.high());
  EXPECT_EQ(b.in(1), 0x01);
  EXPECT_EQ(b.in(6) & 0x10, 0);
  b.out(6, 0xB0);
  EXPECT_EQ(b.in(1), 0x01);
}

TEST(AtaChannel, InterruptFollowsStatusReadNienAndSelection) {
  AtaBench b;
  b.power_on();
  b.out(6, 0xA0);
  b.command(0xE7);
  EXPECT_TRUE(b.intrq.high());
  b.alternate_status();
  EXPECT_TRUE(b.intrq.high()) << "Alternate Status leaves it";
  b.control(r::kNien);
  EXPECT_FALSE(b.intrq.high());
  b.control(0);
  EXPECT_TRUE(b.intrq.high()) << "it was still pending";
  b.out(6, 0xB0);
  EXPECT_FALSE(b.intrq.high()) << "only the selected device drives the line";
  b.out(6, 0xA0);
  EXPECT_TRUE(b.intrq.high());
  b.status();
  EXPECT_FALSE(b.intrq.high());
}

TEST(AtaChannel, RegistersAreNotWrittenDuringACommand) {
  AtaBench b;
  b.power_on();
  b.address28(5, 1);
  b.out(7, 0x20);
  b.out(2, 0x99);
  b.out(6, 0xB0);
  b.wait();
  EXPECT_EQ(b.alternate_status() & r::kDrq, r::kDrq) << "the master is still selected";
  EXPECT_EQ(b.read_block(512), pattern(5, 1));
}

TEST(AtaChannel, WideAccessReachesTwoRegisters) {
  AtaBench b;
  b.power_on();
  b.ata.command_block().write(2, 2, 0xAA55);
  EXPECT_EQ(b.in(2), 0x55);
  EXPECT_EQ(b.in(3), 0xAA);
  EXPECT_EQ(b.ata.command_block().read(2, 2), 0xAA55U);
}

}  // namespace
}  // namespace ice86
