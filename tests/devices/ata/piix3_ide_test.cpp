// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX3 IDE: decoding, bus master transfers and their ends; conformance.
#include "devices/ata/piix3_ide.h"

#include "emulator/bus/memory_space.h"
#include "emulator/bus/ram.h"
#include "tests/devices/ata/ata_bench.h"

namespace ice86 {
namespace {

using namespace ata_test;
using devices::PciWindow;
using devices::Piix3Ide;
namespace r = devices::ata;

struct IdeBench : Channel {
  PatternMedium medium{100'000}, disc{4000};
  LevelLine second_irq;
  devices::AtaChannel secondary{clock, second_irq, trace, "ata1"};
  MemorySpace space{trace};
  std::unique_ptr<Ram> ram = std::move(*Ram::create("ram", 1 << 20));
  Piix3Ide ide;

  explicit IdeBench(Piix3Ide::Config config = {}) : ide(ata, secondary, DmaPort(space), config) {
    ata.attach(0, medium);
    ata.attach_cdrom(1, &disc);
    MemorySpace::Region region;
    region.name = "ram";
    region.size = ram->size();
    region.priority = MemorySpace::Priority::kRam;
    region.ram = ram.get();
    EXPECT_TRUE(space.add(std::move(region)).has_value());
  }
  // A transfer in progress lies in controller and drive: they are saved together.
  struct Together {
    IdeBench& b;
    void reset(ResetKind kind) {
      b.ide.reset(kind);
      b.ata.reset(kind);
      b.secondary.reset(kind);
    }
    void serialize(Archive& archive) {
      b.ide.serialize(archive);
      b.ata.serialize(archive);
      b.secondary.serialize(archive);
    }
    std::string dump() const { return b.ide.dump() + b.ata.dump(); }
  } together{*this};
  Together& device() { return together; }
  RegisterBlock& bus_master() { return *ide.windows()[0].registers; }
  std::vector<conformance::Block> blocks() {
    return {{"config", &ide.config_space(), 256, 4}, {"bus master", &bus_master(), 16, 4}};
  }
  bool interrupting() const { return intrq.high(); }
  // A DMA command, a table of hostile descriptors somewhere, and a start.
  void disturb(std::mt19937_64& random) {
    static constexpr std::uint8_t kCodes[] = {0xC8, 0xCA, 0x25, 0x35};
    control(0);
    wait();
    for (unsigned i = 0; i < 4; ++i) {
      descriptor(0x1000 + i * 8, static_cast<std::uint32_t>(random()), random() & 0xFFFF,
                 random() % 3 == 0);
    }
    address48(random() % 100'010, random() % 300);
    out(7, kCodes[random() % std::size(kCodes)]);
    if (random() % 2 == 0) enable();
    bus_master().write(4, 4, random() % 2 == 0 ? 0x1000 : random());
    bus_master().write(0, 1, random() & 0x09);
    if (random() % 2 == 0) wait();
    // Memory is not saved here, and what was read into it must not make a difference later.
    const std::vector<std::uint8_t> zeros(ram->size());
    space.write(0, zeros);
  }

  void enable() { ide.config_write(0x04, 2, 0x0005); }
  std::uint8_t bm_status() { return static_cast<std::uint8_t>(bus_master().read(2, 1)); }
  void descriptor(Gpa at, std::uint32_t base, std::uint32_t count, bool last) {
    space.write(at, 4, base);
    space.write(at + 4, 4, (count & 0xFFFF) | (last ? 0x8000'0000U : 0));
  }
  std::vector<std::uint8_t> memory(Gpa at, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    space.read(at, bytes);
    return bytes;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Piix3Ide, DeviceConformance, IdeBench);

// The ICH9's, with drives on ports 0 and 2.
struct SataBench : IdeBench {
  SataBench()
      : IdeBench({.decode_after_reset = true,
                  .part = Piix3Ide::Part::kIch9Sata,
                  .ports_present = 0x05}) {}
};
INSTANTIATE_TYPED_TEST_SUITE_P(Ich9Sata, DeviceConformance, SataBench);

struct Ide : IdeBench {
  Ide() { power_on(); }
};

const PciWindow& window(const Piix3Ide& ide, unsigned index) {
  for (const PciWindow& w : ide.windows()) {
    if (w.index == index) return w;
  }
  ADD_FAILURE() << "no window " << index;
  return ide.windows().front();
}

TEST(Piix3Ide, IdentityAndLegacyDecoding) {
  Ide b;
  EXPECT_EQ(b.ide.config_read(0, 4), 0x70108086U);
  EXPECT_EQ(b.ide.config_read(8, 4) >> 8, 0x010180U);
  EXPECT_FALSE(window(b.ide, Piix3Ide::kPrimaryCommand).enabled);
  b.ide.config_write(0x40, 2, 0x8000);
  EXPECT_FALSE(window(b.ide, Piix3Ide::kPrimaryCommand).enabled) << "I/O space is off";
  b.ide.config_write(0x04, 2, 0x0001);
  EXPECT_TRUE(window(b.ide, Piix3Ide::kPrimaryCommand).enabled);
  EXPECT_EQ(window(b.ide, Piix3Ide::kPrimaryCommand).base, 0x1F0U);
  EXPECT_EQ(window(b.ide, Piix3Ide::kPrimaryControl).base, 0x3F6U);
  EXPECT_FALSE(window(b.ide, Piix3Ide::kSecondaryCommand).enabled);
  b.ide.config_write(0x42, 2, 0x8000);
  EXPECT_TRUE(window(b.ide, Piix3Ide::kSecondaryControl).enabled);
  b.ide.reset(ResetKind::kHard);
  EXPECT_FALSE(window(b.ide, Piix3Ide::kPrimaryCommand).enabled);
}

TEST(Piix3Ide, BoardMayDecodeAfterReset) {
  Ide b;
  Piix3Ide ide(b.ata, b.secondary, DmaPort(b.space), {.decode_after_reset = true});
  ide.reset(ResetKind::kPowerOn);
  EXPECT_TRUE(window(ide, Piix3Ide::kSecondaryCommand).enabled);
  b.ata.connect(nullptr);
  b.secondary.connect(nullptr);
}

TEST(Piix3Ide, Ich9SataIsAnIdeControllerThatKnowsItsPorts) {
  SataBench b;
  EXPECT_EQ(b.ide.config_read(0, 4), 0x29208086U);
  EXPECT_EQ(b.ide.config_read(8, 4) >> 8, 0x010180U);
  EXPECT_EQ(b.ide.config_read(0x92, 2), 0x0500U);
  b.ide.config_write(0x90, 4, 0xFFFF'FFFF);
  EXPECT_EQ(b.ide.config_read(0x90, 4), 0x050F'0000U) << "MAP has no AHCI to choose";
  EXPECT_EQ(window(b.ide, Piix3Ide::kSecondaryCommand).base, 0x170U);
}

TEST(Piix3Ide, ReadDmaScattersOverRegions) {
  Ide b;
  b.enable();
  b.descriptor(0x1000, 0x20000, 512, false);
  b.descriptor(0x1008, 0x30000, 1024, true);
  b.bus_master().write(4, 4, 0x1000);
  b.bus_master().write(2, 1, 0x06);
  b.address28(1000, 3);
  b.out(7, 0xC8);
  b.bus_master().write(0, 1, 0x09);
  EXPECT_EQ(b.bm_status() & 0x07, 0x01) << "active, not done";
  b.wait();
  EXPECT_EQ(b.bm_status() & 0x07, 0x04) << "done with an interrupt";
  EXPECT_TRUE(b.intrq.high());
  EXPECT_EQ(b.memory(0x20000, 512), pattern(1000, 1));
  EXPECT_EQ(b.memory(0x30000, 1024), pattern(1001, 2));
  EXPECT_EQ(b.status(), r::kDrdy | r::kDsc);
  b.bus_master().write(2, 1, 0x04);
  EXPECT_EQ(b.bm_status() & 0x04, 0);
}

TEST(Piix3Ide, StartAfterTheDriveIsReadyWorksToo) {
  Ide b;
  b.enable();
  b.descriptor(0x1000, 0x20000, 0, true);  // 64 KiB
  b.bus_master().write(4, 4, 0x1000);
  b.address48(5, 128);
  b.out(7, 0x25);
  b.wait();
  EXPECT_FALSE(b.intrq.high());
  b.bus_master().write(0, 1, 0x09);
  EXPECT_EQ(b.bm_status() & 0x05, 0x04);
  EXPECT_EQ(b.memory(0x20000, 65536), pattern(5, 128));
}

TEST(Piix3Ide, WriteDmaReachesTheMedium) {
  Ide b;
  b.enable();
  auto image =
      BlockImage::in_memory(std::vector<std::uint8_t>(1000 * 512), BlockImage::Writes::kOverlay);
  b.secondary.attach(0, *image);
  b.secondary.reset(ResetKind::kPowerOn);
  conformance::advance(b, 1'000'000);
  const auto data = pattern(3, 200);
  b.space.write(0x40000, data);
  b.descriptor(0x1000, 0x40000, 0, false);
  b.descriptor(0x1008, 0x50000, 200 * 512 - 65536, true);
  b.bus_master().write(12, 4, 0x1000);
  auto& regs = b.secondary.command_block();
  regs.write(6, 1, 0xE0);
  regs.write(2, 1, 200);
  regs.write(3, 1, 10);
  regs.write(4, 1, 0);
  regs.write(5, 1, 0);
  regs.write(7, 1, 0xCA);
  b.bus_master().write(8, 1, 0x01);
  conformance::advance(b, 1'000'000);
  EXPECT_EQ(b.bus_master().read(10, 1) & 0x05, 0x04U);
  EXPECT_TRUE(b.second_irq.high());
  std::vector<std::uint8_t> stored(data.size());
  ASSERT_TRUE(image->read(10, stored).has_value());
  EXPECT_EQ(stored, data);
}

TEST(Piix3Ide, ShortTableLeavesTheDriveWaiting) {
  Ide b;
  b.enable();
  b.descriptor(0x1000, 0x20000, 512, true);
  b.bus_master().write(4, 4, 0x1000);
  b.address28(0, 2);
  b.out(7, 0xC8);
  b.bus_master().write(0, 1, 0x09);
  b.wait();
  EXPECT_EQ(b.bm_status() & 0x05, 0x00) << "no interrupt, not active: the table was too short";
  EXPECT_EQ(b.alternate_status() & r::kDrq, r::kDrq);
  b.control(r::kSrst);
  b.control(0);
  EXPECT_EQ(b.wait(), r::kDrdy | r::kDsc);
}

TEST(Piix3Ide, LongTableStaysActive) {
  Ide b;
  b.enable();
  b.descriptor(0x1000, 0x20000, 4096, true);
  b.bus_master().write(4, 4, 0x1000);
  b.address28(0, 1);
  b.out(7, 0xC8);
  b.bus_master().write(0, 1, 0x09);
  b.wait();
  EXPECT_EQ(b.bm_status() & 0x05, 0x05);
  b.bus_master().write(0, 1, 0x00);
  EXPECT_EQ(b.bm_status() & 0x05, 0x04);
}

TEST(Piix3Ide, NothingMovesWithoutBusMasteringOrInTheWrongDirection) {
  Ide b;
  b.descriptor(0x1000, 0x20000, 512, true);
  b.bus_master().write(4, 4, 0x1000);
  b.address28(1, 1);
  b.out(7, 0xC8);
  b.bus_master().write(0, 1, 0x09);
  b.wait();
  EXPECT_EQ(b.memory(0x20000, 512), std::vector<std::uint8_t>(512)) << "bus mastering is off";
  b.bus_master().write(0, 1, 0x00);
  b.bus_master().write(0, 1, 0x01);
  b.enable();
  EXPECT_EQ(b.memory(0x20000, 512), std::vector<std::uint8_t>(512))
      << "the host said: write to the disk";
  b.bus_master().write(0, 1, 0x00);
  b.bus_master().write(0, 1, 0x09);
  EXPECT_EQ(b.memory(0x20000, 512), pattern(1, 1));
}

TEST(Piix3Ide, CdromReadsByDma) {
  Ide b;
  b.enable();
  b.descriptor(0x1000, 0x20000, 40960, true);
  b.bus_master().write(4, 4, 0x1000);
  b.out(6, 0xB0);
  b.out(1, 0x01);
  b.out(7, 0xA0);
  b.wait();
  const std::vector<std::uint8_t> packet = {0x28, 0, 0, 0, 0, 16, 0, 0, 20, 0, 0, 0};
  b.write_block(packet);
  b.bus_master().write(0, 1, 0x09);
  b.wait();
  EXPECT_EQ(b.bm_status() & 0x05, 0x04);
  EXPECT_EQ(b.memory(0x20000, 40960), pattern(64, 80));
}

TEST(Piix3Ide, UnreadableSectorEndsTheTransferWithAnError) {
  Ide b;
  b.enable();
  b.medium.bad = {9};
  b.descriptor(0x1000, 0x20000, 4096, true);
  b.bus_master().write(4, 4, 0x1000);
  b.address28(4, 8);
  b.out(7, 0xC8);
  b.bus_master().write(0, 1, 0x09);
  b.wait();
  EXPECT_EQ(b.alternate_status() & (r::kErr | r::kDrq), r::kErr);
  EXPECT_EQ(b.in(1), r::kUnc);
  EXPECT_EQ(b.bm_status() & 0x04, 0x04);
}

}  // namespace
}  // namespace ice86
