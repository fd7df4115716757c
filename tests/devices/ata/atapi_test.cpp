// SPDX-License-Identifier: LGPL-2.1-or-later
// CD-ROM: identification, the packet protocol, reads, sense, tray.
#include "tests/devices/ata/ata_bench.h"

namespace ice86 {
namespace {

using namespace ata_test;
namespace r = devices::ata;

struct Cd : Channel {
  PatternMedium medium{4000};  // 1000 sectors of 2048 bytes
  explicit Cd(bool inserted = true) {
    ata.attach_cdrom(0, inserted ? &medium : nullptr);
    power_on();
  }
  // Runs a packet with PIO; the bytes it returned.
  std::vector<std::uint8_t> packet(std::vector<std::uint8_t> bytes, unsigned limit = 2048) {
    bytes.resize(12);
    out(6, 0xA0);
    out(1, 0);
    out(4, limit & 0xFF);
    out(5, limit >> 8);
    out(7, 0xA0);
    EXPECT_EQ(wait() & r::kDrq, r::kDrq);
    EXPECT_EQ(in(2), 0x01) << "command packet";
    write_block(bytes);
    std::vector<std::uint8_t> data;
    while ((wait() & r::kDrq) != 0) {
      EXPECT_EQ(in(2) & 3, 0x02) << "data to the host";
      const unsigned size = in(4) | in(5) << 8;
      EXPECT_LE(size, limit);
      EXPECT_TRUE(intrq.high());
      status();
      auto part = read_block(size + size % 2);
      part.resize(size);
      data.insert(data.end(), part.begin(), part.end());
    }
    EXPECT_EQ(in(2) & 3, 0x03) << "completed";
    EXPECT_TRUE(intrq.high());
    status();
    return data;
  }
  unsigned sense_key() { return in(1) >> 4; }
};

TEST(AtapiCdrom, IdentifyDeviceAbortsWithTheSignature) {
  Cd c;
  EXPECT_EQ(c.command(0xEC) & r::kErr, r::kErr);
  EXPECT_EQ(c.in(4) | c.in(5) << 8, 0xEB14);
  const auto id = c.read_all(0xA1, 512);
  EXPECT_EQ(load_le<std::uint16_t>(&id[0]), 0x85C0);
}

TEST(AtapiCdrom, CapacityAndReadsOfWholeSectors) {
  Cd c;
  const auto capacity = c.packet({0x25});
  EXPECT_EQ(capacity, (std::vector<std::uint8_t>{0, 0, 3, 0xE7, 0, 0, 8, 0}));
  EXPECT_EQ(c.packet({0x28, 0, 0, 0, 0, 16, 0, 0, 3}), pattern(64, 12));
  EXPECT_EQ(c.packet({0xA8, 0, 0, 0, 0, 16, 0, 0, 0, 40}, 0xFFFF), pattern(64, 160))
      << "more than one buffer";
  EXPECT_EQ(c.packet({0x28, 0, 0, 0, 0, 16, 0, 0, 1}, 600), pattern(64, 4))
      << "blocks as the host asked";
}

TEST(AtapiCdrom, ReadOutsideTheDiscIsAnIllegalRequest) {
  Cd c;
  EXPECT_TRUE(c.packet({0x28, 0, 0, 0, 3, 0xE7, 0, 0, 2}).empty());
  EXPECT_EQ(c.alternate_status() & r::kErr, r::kErr);
  EXPECT_EQ(c.sense_key(), 5U);
  const auto sense = c.packet({0x03, 0, 0, 0, 18});
  ASSERT_EQ(sense.size(), 18U);
  EXPECT_EQ(sense[2], 5);
  EXPECT_EQ(sense[12], 0x21);
  EXPECT_EQ(c.packet({0x03, 0, 0, 0, 18})[2], 0) << "told once";
}

TEST(AtapiCdrom, EmptyTrayIsNotReady) {
  Cd c(false);
  c.packet({0x00});
  EXPECT_EQ(c.sense_key(), 2U);
  EXPECT_EQ(c.packet({0x03, 0, 0, 0, 18})[12], 0x3A);
  EXPECT_EQ(c.packet({0x12, 0, 0, 0, 36}).size(), 36U) << "INQUIRY needs no disc";
}

TEST(AtapiCdrom, UnreadableSectorIsAMediumError) {
  Cd c;
  c.medium.bad = {65};
  EXPECT_TRUE(c.packet({0x28, 0, 0, 0, 0, 16, 0, 0, 1}).empty());
  EXPECT_EQ(c.sense_key(), 3U);
}

TEST(AtapiCdrom, ChangedDiscIsAnnouncedOnce) {
  Cd c;
  PatternMedium other(400);
  c.ata.cdrom(0)->change_medium(&other);
  c.packet({0x00});
  EXPECT_EQ(c.sense_key(), 6U);
  c.packet({0x00});
  EXPECT_EQ(c.alternate_status() & r::kErr, 0);
  EXPECT_EQ(c.packet({0x25})[3], 99);
}

TEST(AtapiCdrom, LockedTrayDoesNotOpen) {
  Cd c;
  c.packet({0x1E, 0, 0, 0, 1});
  c.packet({0x1B, 0, 0, 0, 2});
  EXPECT_EQ(c.sense_key(), 5U);
  c.packet({0x1E, 0, 0, 0, 0});
  c.packet({0x1B, 0, 0, 0, 2});
  EXPECT_EQ(c.alternate_status() & r::kErr, 0);
  c.packet({0x00});
  EXPECT_EQ(c.sense_key(), 2U);
}

TEST(AtapiCdrom, TocHasOneDataTrackAndLeadOut) {
  Cd c;
  const auto toc = c.packet({0x43, 0, 0, 0, 0, 0, 0, 0, 100});
  ASSERT_EQ(toc.size(), 20U);
  EXPECT_EQ(toc[1], 18);
  EXPECT_EQ(toc[6], 1);
  EXPECT_EQ(toc[14], 0xAA);
  EXPECT_EQ(toc[18] << 8 | toc[19], 1000);
}

TEST(AtapiCdrom, AllocationLengthCutsTheReply) {
  Cd c;
  EXPECT_EQ(c.packet({0x12, 0, 0, 0, 5}).size(), 5U);
  EXPECT_TRUE(c.packet({0x12, 0, 0, 0, 0}).empty());
  EXPECT_EQ(c.alternate_status() & r::kErr, 0);
}

TEST(AtapiCdrom, DeviceResetWorksInTheMiddleOfATransfer) {
  Cd c;
  c.out(7, 0xA0);
  c.wait();
  c.out(7, 0x08);
  c.wait();
  EXPECT_EQ(c.alternate_status(), 0);
  EXPECT_EQ(c.in(4) | c.in(5) << 8, 0xEB14);
  EXPECT_EQ(c.packet({0x25}).size(), 8U);
}

TEST(AtapiCdrom, UnknownPacketIsRefused) {
  Cd c;
  c.packet({0xFF});
  EXPECT_EQ(c.sense_key(), 5U);
  EXPECT_EQ(c.packet({0x03, 0, 0, 0, 18})[12], 0x20);
}

}  // namespace
}  // namespace ice86
