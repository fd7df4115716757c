// SPDX-License-Identifier: LGPL-2.1-or-later
// Hard disk commands: IDENTIFY, PIO in every addressing mode, errors, settings, time.
#include <gmock/gmock.h>

#include "tests/devices/ata/ata_bench.h"

namespace ice86 {
namespace {

using namespace ata_test;
namespace r = devices::ata;

constexpr std::uint64_t kBig = (std::uint64_t{1} << 28) + 1'000'000;  // past 137 GB

struct Disk : Channel {
  PatternMedium medium;
  explicit Disk(std::uint64_t sectors = 100'000, bool read_only = false,
                devices::AtaDisk::Config config = {})
      : medium(sectors, read_only) {
    ata.attach(0, medium, std::move(config));
    power_on();
  }
  std::vector<std::uint16_t> identify() {
    out(6, 0xA0);
    const auto bytes = read_all(0xEC, 512);
    std::vector<std::uint16_t> words(256);
    for (unsigned i = 0; i < 256 && i * 2 + 1 < bytes.size(); ++i)
      words[i] = load_le<std::uint16_t>(&bytes[i * 2]);
    return words;
  }
};

std::string text_of(const std::vector<std::uint16_t>& words, unsigned first, unsigned count) {
  std::string text;
  for (unsigned i = first; i < first + count; ++i) {
    text += static_cast<char>(words[i] >> 8);
    text += static_cast<char>(words[i] & 0xFF);
  }
  return text;
}

TEST(AtaDisk, IdentifyTellsSizesGeometryAndModes) {
  Disk d(kBig);
  const auto id = d.identify();
  EXPECT_EQ(id[0] & 0x8000, 0) << "an ATA device";
  EXPECT_EQ(id[1], 16383);
  EXPECT_EQ(id[3], 16);
  EXPECT_EQ(id[6], 63);
  EXPECT_EQ(text_of(id, 27, 20), "ICE86 HARDDISK                          ");
  EXPECT_EQ(text_of(id, 10, 10), "ICE86-ata0-0        ");
  EXPECT_EQ(id[49] & 0x0300, 0x0300) << "LBA and DMA";
  EXPECT_EQ(id[60] | id[61] << 16, 0x0FFFFFFF) << "28-bit size saturates";
  EXPECT_EQ(id[83] & 0xC400, 0x4400) << "48-bit addresses";
  EXPECT_EQ(std::uint64_t{id[100]} | std::uint64_t{id[101]} << 16 | std::uint64_t{id[102]} << 32,
            kBig);
  EXPECT_EQ(id[88] & 0x3F, 0x3F);
  std::uint8_t sum = 0;
  for (const std::uint16_t word : id)
    sum = static_cast<std::uint8_t>(sum + (word & 0xFF) + (word >> 8));
  EXPECT_EQ(sum, 0) << "integrity word";
}

TEST(AtaDisk, IdentifySmallDiskHasCylindersThatFit) {
  Disk d(20 * 16 * 63);
  const auto id = d.identify();
  EXPECT_EQ(id[1], 20);
  EXPECT_EQ(id[54] * id[55] * id[56], 20 * 16 * 63);
  EXPECT_EQ(id[57] | id[58] << 16, 20 * 16 * 63);
  EXPECT_EQ(id[60] | id[61] << 16, 20 * 16 * 63);
}

TEST(AtaDisk, ReadSectorsLba28) {
  Disk d;
  d.address28(1234, 3);
  EXPECT_EQ(d.read_all(0x20, 3 * 512), pattern(1234, 3));
  EXPECT_EQ(d.status(), r::kDrdy | r::kDsc);
  EXPECT_EQ(d.in(2), 0) << "all sectors moved";
  EXPECT_EQ(d.in(3) | d.in(4) << 8, 1236) << "the last sector";
}

TEST(AtaDisk, ReadSectorsCountZeroIs256) {
  Disk d;
  d.address28(5, 0);
  EXPECT_EQ(d.read_all(0x20, 256 * 512), pattern(5, 256));
  EXPECT_EQ(d.status() & r::kDrq, 0);
}

TEST(AtaDisk, ReadSectorsLba48BeyondTheOldLimit) {
  Disk d(kBig);
  const std::uint64_t lba = (std::uint64_t{1} << 28) + 77;
  d.address48(lba, 2);
  EXPECT_EQ(d.read_all(0x24, 2 * 512), pattern(lba, 2));
  EXPECT_EQ(d.in(3), (lba + 1) & 0xFF);
  d.control(r::kHob);
  EXPECT_EQ(d.in(3), (lba + 1) >> 24 & 0xFF) << "HOB shows the high-order bytes";
  d.out(1, 0);
  EXPECT_EQ(d.in(3), (lba + 1) & 0xFF) << "a register write clears HOB";
}

TEST(AtaDisk, ReadSectorsChsFollowsInitializeDeviceParameters) {
  Disk d;
  const auto read_chs = [&d](unsigned c, unsigned h, unsigned s) {
    d.out(6, 0xA0 | h);
    d.out(2, 1);
    d.out(3, s);
    d.out(4, c & 0xFF);
    d.out(5, c >> 8);
    return d.read_all(0x20, 512);
  };
  EXPECT_EQ(read_chs(3, 5, 7), pattern((3 * 16 + 5) * 63 + 6, 1)) << "default translation";
  d.out(6, 0xA0 | 7);
  d.out(2, 32);
  EXPECT_EQ(d.command(0x91) & r::kErr, 0);
  EXPECT_EQ(read_chs(3, 5, 7), pattern((3 * 8 + 5) * 32 + 6, 1)) << "8 heads, 32 sectors";
  const auto id = d.identify();
  EXPECT_EQ(id[55], 8);
  EXPECT_EQ(id[56], 32);
  EXPECT_EQ(id[3], 16) << "the default stays";
}

TEST(AtaDisk, SectorZeroOrHeadOutsideIsNotFound) {
  Disk d;
  d.out(6, 0xA0);
  d.out(2, 1);
  d.out(3, 0);
  EXPECT_EQ(d.command(0x20) & (r::kErr | r::kDrq), r::kErr);
  EXPECT_EQ(d.in(1), r::kIdnf);
}

TEST(AtaDisk, ReadPastTheEndIsNotFoundAndNamesTheSector) {
  Disk d(1000);
  d.address28(999, 2);
  d.out(7, 0x20);
  EXPECT_EQ(d.wait() & r::kDrq, r::kDrq);
  EXPECT_EQ(d.read_block(512), pattern(999, 1));
  EXPECT_EQ(d.wait() & (r::kErr | r::kDrq), r::kErr);
  EXPECT_EQ(d.in(1), r::kIdnf);
  EXPECT_EQ(d.in(3) | d.in(4) << 8, 1000);
}

TEST(AtaDisk, UnreadableSectorIsUncAndNamed) {
  Disk d;
  d.medium.bad = {502};
  EXPECT_EQ(d.in(1), 1) << "diagnostic code from reset";
  d.out(2, 4);
  d.command(0xC6);
  d.address28(500, 4);
  EXPECT_EQ(d.command(0xC4) & (r::kErr | r::kDrq), r::kErr);
  EXPECT_EQ(d.in(1), r::kUnc);
  EXPECT_EQ(d.in(3) | d.in(4) << 8, 502);
  d.address28(500, 4);
  EXPECT_EQ(d.command(0x40) & r::kErr, r::kErr);
  EXPECT_EQ(d.in(1), r::kUnc) << "verify finds it too";
}

TEST(AtaDisk, WriteSectorsReachTheMediumAndReadBack) {
  Channel c;
  auto image =
      BlockImage::in_memory(std::vector<std::uint8_t>(1000 * 512), BlockImage::Writes::kOverlay);
  c.ata.attach(0, *image);
  c.power_on();
  const auto data = pattern(42, 3);
  c.address28(100, 3);
  c.out(7, 0x30);
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(c.wait() & r::kDrq, r::kDrq);
    EXPECT_EQ(c.intrq.high(), i != 0) << "no interrupt for the first block";
    c.status();
    c.write_block(std::span(data).subspan(i * 512, 512));
  }
  EXPECT_EQ(c.wait(), r::kDrdy | r::kDsc);
  EXPECT_TRUE(c.intrq.high());
  c.address48(100, 3);
  EXPECT_EQ(c.read_all(0x24, 3 * 512), data);
}

TEST(AtaDisk, MultipleMovesBlocksAndTheRest) {
  Disk d;
  d.address28(0, 5);
  EXPECT_EQ(d.command(0xC4) & r::kErr, r::kErr) << "not set up";
  EXPECT_EQ(d.in(1), r::kAbrt);
  d.out(2, 3);
  EXPECT_EQ(d.command(0xC6) & r::kErr, r::kErr) << "no power of two";
  d.out(2, 4);
  EXPECT_EQ(d.command(0xC6) & r::kErr, 0);
  EXPECT_EQ(d.identify()[59], 0x0104);
  d.address28(10, 5);
  EXPECT_EQ(d.read_all(0xC4, 5 * 512, 4 * 512), pattern(10, 5));
  d.address48(10, 5);
  EXPECT_EQ(d.read_all(0x29, 5 * 512, 4 * 512), pattern(10, 5));
  d.address28(10, 5);
  d.out(7, 0xC5);
  d.wait();
  d.write_block(pattern(0, 4));
  EXPECT_EQ(d.wait() & r::kDrq, r::kDrq);
  d.write_block(pattern(0, 1));
  EXPECT_EQ(d.wait(), r::kDrdy | r::kDsc);
  EXPECT_EQ(d.medium.written, 5U);
}

TEST(AtaDisk, WriteProtectedMediumRefusesWrites) {
  Disk d(1000, true);
  d.address28(0, 1);
  EXPECT_EQ(d.command(0x30) & (r::kErr | r::kDrq), r::kErr);
  EXPECT_EQ(d.in(1), r::kAbrt);
  EXPECT_EQ(d.medium.written, 0U);
}

TEST(AtaDisk, FailedWriteIsADeviceFault) {
  Disk d;
  d.medium.bad = {7};
  d.address28(7, 1);
  d.out(7, 0x30);
  d.wait();
  d.write_block(pattern(0, 1));
  EXPECT_EQ(d.wait() & (r::kErr | r::kDf | r::kDrq), r::kErr | r::kDf);
  EXPECT_EQ(d.command(0xE7) & r::kDf, r::kDf) << "flush fails as well";
}

TEST(AtaDisk, UnknownCommandsAndNopAbort) {
  Disk d;
  for (const unsigned code : {0x00U, 0x04U, 0x50U, 0xA0U, 0xA1U, 0xB0U, 0xFFU}) {
    EXPECT_EQ(d.command(code) & r::kErr, r::kErr) << code;
    EXPECT_EQ(d.in(1), r::kAbrt) << code;
  }
}

TEST(AtaDisk, SeekRecalibrateVerifyAndPowerCommands) {
  Disk d;
  d.address28(500, 1);
  EXPECT_EQ(d.command(0x70) & r::kErr, 0);
  d.address28(200'000, 1);
  EXPECT_EQ(d.command(0x70) & r::kErr, r::kErr);
  EXPECT_EQ(d.in(1), r::kIdnf);
  EXPECT_EQ(d.command(0x10) & r::kErr, 0);
  d.address28(0, 200);
  EXPECT_EQ(d.command(0x40) & r::kErr, 0);
  EXPECT_EQ(d.command(0xE7) & r::kErr, 0);
  EXPECT_EQ(d.command(0xEA) & r::kErr, 0);
  d.command(0xE5);
  EXPECT_EQ(d.in(2), 0xFF);
  d.command(0xE0);
  d.command(0xE5);
  EXPECT_EQ(d.in(2), 0x00) << "standby";
  d.command(0xE6);
  EXPECT_EQ(d.command(0xEC) & r::kErr, r::kErr) << "asleep";
  d.control(r::kSrst);
  d.control(0);
  d.wait();
  EXPECT_EQ(d.identify()[0], 0x0040);
}

TEST(AtaDisk, NativeMaximumIsTheLastSector) {
  Disk d(kBig);
  d.out(6, 0xE0);
  d.command(0xF8);
  EXPECT_EQ(d.in(3) | d.in(4) << 8 | d.in(5) << 16 | (d.in(6) & 15) << 24, 0x0FFFFFFE);
  d.command(0x27);
  EXPECT_EQ(d.in(3), (kBig - 1) & 0xFF);
  d.control(r::kHob);
  EXPECT_EQ(d.in(3), (kBig - 1) >> 24 & 0xFF);
}

TEST(AtaDisk, SetFeaturesShowsInIdentify) {
  Disk d;
  const auto set = [&d](unsigned feature, unsigned count) {
    d.out(1, feature);
    d.out(2, count);
    return d.command(0xEF) & r::kErr;
  };
  EXPECT_EQ(set(0x03, 0x44), 0);
  EXPECT_EQ(d.identify()[88] >> 8, 0x10);
  EXPECT_EQ(set(0x03, 0x22), 0);
  EXPECT_EQ(d.identify()[63] >> 8, 0x04);
  EXPECT_EQ(d.identify()[88] >> 8, 0x00);
  EXPECT_EQ(set(0x82, 0), 0);
  EXPECT_EQ(d.identify()[85] & 0x20, 0);
  EXPECT_NE(set(0x03, 0x47), 0) << "no such mode";
  EXPECT_NE(set(0x77, 0), 0);
}

TEST(AtaDisk, BusyUntilSpunUp) {
  devices::AtaDisk::Config config;
  config.timing.spin_up = 5'000'000'000;
  Channel c;
  PatternMedium medium(1000);
  c.ata.attach(0, medium, config);
  c.ata.reset(ResetKind::kPowerOn);
  conformance::advance(c, 499'999'000);
  EXPECT_EQ(c.alternate_status(), r::kBsy);
  c.out(2, 0x55);
  EXPECT_EQ(c.in(2), r::kBsy) << "registers are not there yet";
  c.control(r::kSrst);
  c.control(0);
  conformance::advance(c, 500);
  EXPECT_EQ(c.alternate_status(), r::kBsy) << "a software reset does not spin it up sooner";
  conformance::advance(c, 1000);
  EXPECT_EQ(c.alternate_status(), r::kDrdy | r::kDsc);
}

TEST(AtaDisk, CommandTakesItsLatency) {
  devices::AtaDisk::Config config;
  config.timing.command_latency = 8'000'000;
  Disk d(1000, false, config);
  d.address28(0, 1);
  d.out(7, 0x20);
  EXPECT_EQ(d.alternate_status() & (r::kBsy | r::kDrq), r::kBsy);
  conformance::advance(d, 799'999);
  EXPECT_EQ(d.alternate_status() & (r::kBsy | r::kDrq), r::kBsy);
  EXPECT_FALSE(d.intrq.high());
  conformance::advance(d, 1);
  EXPECT_EQ(d.alternate_status() & (r::kBsy | r::kDrq), r::kDrq);
  EXPECT_TRUE(d.intrq.high());
}

TEST(AtaDisk, FirmwareThatDoesNotWaitGetsNoData) {
  Disk d;
  std::vector<std::string> violations;
  d.trace.subscribe(TraceBus::mask_of(TraceCategory::kDisk), [&](const TraceEvent& event) {
    if (event.name == "protocol-violation")
      violations.push_back(std::get<std::string>(event.fields[1].value));
  });
  d.address28(3, 1);
  d.out(7, 0x20);
  EXPECT_NE(d.read_block(512), pattern(3, 1));
  EXPECT_EQ(violations.size(), 256U);
  violations.clear();
  d.out(7, 0x20);
  EXPECT_THAT(violations, testing::ElementsAre("command while BSY or DRQ"));
  d.wait();
  EXPECT_EQ(d.read_block(512), pattern(3, 1)) << "the first command was not disturbed";
}

TEST(AtaDisk, CommandsAreTraced) {
  Disk d;
  std::vector<TraceEvent> events;
  d.trace.subscribe(TraceBus::mask_of(TraceCategory::kDisk),
                    [&](const TraceEvent& e) { events.push_back(e); });
  d.address28(77, 2);
  d.read_all(0x20, 1024);
  d.address28(200'000, 1);
  d.command(0x20);
  ASSERT_EQ(events.size(), 2U);
  const auto text = [](const TraceEvent& e, unsigned i) {
    return std::get<std::string>(e.fields[i].value);
  };
  const auto number = [](const TraceEvent& e, unsigned i) {
    return std::get<std::uint64_t>(e.fields[i].value);
  };
  EXPECT_EQ(text(events[0], 0), "ata0-0");
  EXPECT_EQ(text(events[0], 1), "READ SECTORS");
  EXPECT_EQ(number(events[0], 2), 77U);
  EXPECT_EQ(number(events[0], 3), 2U);
  EXPECT_EQ(text(events[0], 4), "ok");
  EXPECT_GE(number(events[0], 5), 50'000U);
  EXPECT_EQ(text(events[1], 4), "IDNF");
}

TEST(AtaDisk, DataRegisterTakes32Bits) {
  Disk d;
  d.address28(9, 1);
  d.out(7, 0x20);
  d.wait();
  std::vector<std::uint8_t> data(512);
  for (unsigned i = 0; i < 512; i += 4) {
    store_le(&data[i], static_cast<std::uint32_t>(d.ata.command_block().read(0, 4)));
  }
  EXPECT_EQ(data, pattern(9, 1));
}

}  // namespace
}  // namespace ice86
