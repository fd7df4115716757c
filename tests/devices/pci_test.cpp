// SPDX-License-Identifier: LGPL-2.1-or-later
// PCI configuration: mechanism #1, header rules, base address registers, host bridge and ISA
// bridge.
#include <gmock/gmock.h>

#include "devices/i440fx/i440fx.h"
#include "devices/pci/config_mechanism.h"
#include "devices/piix3/piix3.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::I440fx;
using devices::PciBus;
using devices::PciConfigMechanism;
using devices::PciFunction;
using devices::PciWindow;
using devices::Piix3;
using ::testing::ElementsAre;

// A card with one BAR of each kind and an expansion ROM.
class TestCard final : public PciFunction {
 public:
  TestCard()
      : PciFunction({.vendor = 0x1234,
                     .device = 0x5678,
                     .class_code = 0x020000,
                     .interrupt_pin = 1,
                     .command_writable = 0x0107}) {
    define_bar(0, PciWindow::Space::kMemory, 0x20000, nullptr);
    define_bar(1, PciWindow::Space::kIo, 0x40, nullptr);
    define_bar(2, PciWindow::Space::kMemory, 0x100000, nullptr, true);
    define_bar(PciWindow::kRom, PciWindow::Space::kMemory, 0x10000, nullptr);
    define_own_window(PciWindow::kOwn, PciWindow::Space::kIo, 0x10, nullptr);
    define8(0x40, 0x00, 0xF0);
    define_write_one_clears(0x41, 0x0F);
  }
  void set_status_bits(std::uint8_t bits) { set_config8(0x41, bits); }
  void reset(ResetKind) {
    reset_config();
    move_own_window(PciWindow::kOwn, 0, false);
  }
  void serialize(Archive& archive) {
    archive.section("card", 1, [&] { serialize_config(archive); });
    if (archive.loading()) move_own_window(PciWindow::kOwn, config8(0x40), config8(0x40) != 0);
  }
  std::string dump() const { return "card"; }

 private:
  void config_written(unsigned offset, unsigned, std::uint32_t) override {
    if (offset == 0x40) move_own_window(PciWindow::kOwn, config8(0x40), config8(0x40) != 0);
  }
};

struct CardBench {
  Clock clock;
  TestCard card;
  TestCard& device() { return card; }
  std::vector<conformance::Block> blocks() { return {{"config", &card.config_space(), 256, 4}}; }
  bool interrupting() const { return false; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(PciFunction, DeviceConformance, CardBench);

TEST(PciFunction, HeaderShowsIdentityAndIgnoresWritesToIt) {
  TestCard card;
  for (const unsigned offset : {0x00U, 0x08U, 0x2CU}) card.config_write(offset, 4, 0xFFFF'FFFF);
  EXPECT_EQ(card.config_read(0, 4), 0x5678'1234U);
  EXPECT_EQ(card.config_read(8, 4), 0x0200'0000U);
  EXPECT_EQ(card.config_read(0x3D, 1), 1U);
}

TEST(PciFunction, SizingABarShowsItsSizeAndKind) {
  TestCard card;
  for (const unsigned bar : {0x10U, 0x14U, 0x18U, 0x30U}) card.config_write(bar, 4, 0xFFFF'FFFF);
  EXPECT_EQ(card.config_read(0x10, 4), 0xFFFE'0000U);
  EXPECT_EQ(card.config_read(0x14, 4), 0xFFFF'FFC1U);
  EXPECT_EQ(card.config_read(0x18, 4), 0xFFF0'0008U);
  EXPECT_EQ(card.config_read(0x30, 4), 0xFFFF'0001U);
  EXPECT_EQ(card.config_read(0x1C, 4), 0U) << "an absent base address register is zero";
}

TEST(PciFunction, WindowsFollowBarsAndCommandRegister) {
  TestCard card;
  std::vector<PciWindow> seen;
  card.on_window_change([&](const PciWindow& window) { seen.push_back(window); });
  EXPECT_EQ(seen.size(), 5U) << "each window is reported at once";
  seen.clear();
  card.config_write(0x14, 4, 0x0000'C000);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].base, 0xC000U);
  EXPECT_FALSE(seen[0].enabled) << "I/O decoding is off in the command register";
  card.config_write(0x04, 2, 0x0001);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[1].enabled);
  // Byte writes move it as well.
  card.config_write(0x15, 1, 0xD0);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[2].base, 0xD000U);
  card.reset(ResetKind::kHard);
  EXPECT_FALSE(seen.back().enabled);
}

TEST(PciFunction, RomNeedsItsOwnEnableBit) {
  TestCard card;
  card.config_write(0x04, 2, 0x0002);
  card.config_write(0x30, 4, 0xFEB0'0000);
  EXPECT_FALSE(card.windows()[3].enabled);
  card.config_write(0x30, 4, 0xFEB0'0001);
  EXPECT_TRUE(card.windows()[3].enabled);
  EXPECT_EQ(card.windows()[3].base, 0xFEB0'0000U);
}

TEST(PciFunction, WriteOneClears) {
  TestCard card;
  card.set_status_bits(0x0F);
  card.config_write(0x41, 1, 0x05);
  EXPECT_EQ(card.config_read(0x41, 1), 0x0AU);
}

TEST(PciFunction, AccessesBeyondTheSpaceAreHarmless) {
  TestCard card;
  card.config_write(0xFE, 4, 0);
  card.config_write(0x400, 4, 0);
  EXPECT_EQ(card.config_read(0xFF, 4), 0xFFFF'FF00U);
}

struct Bus {
  Clock clock;
  TraceBus trace{clock};
  PciBus bus{trace};
  PciConfigMechanism config{bus};
  TestCard card;
  Bus() { bus.attach(3, 1, card); }
};

TEST(PciConfigMechanism, AddressesBusDeviceFunctionAndRegister) {
  Bus b;
  b.config.write(0, 4, 0x8000'1900);  // device 3 function 1
  EXPECT_EQ(b.config.read(0, 4), 0x8000'1900U);
  EXPECT_EQ(b.config.read(4, 4), 0x5678'1234U);
  EXPECT_EQ(b.config.read(4, 2), 0x1234U);
  EXPECT_EQ(b.config.read(6, 2), 0x5678U);
  EXPECT_EQ(b.config.read(5, 1), 0x12U);
  b.config.write(0, 4, 0x8000'1914);
  b.config.write(5, 1, 0xC1);
  EXPECT_EQ(b.card.config_read(0x14, 4), 0xC101U);
}

TEST(PciConfigMechanism, NobodyThereReadsAllOnes) {
  Bus b;
  b.config.write(0, 4, 0x8000'1800);
  EXPECT_EQ(b.config.read(4, 4), 0xFFFF'FFFFU);
  b.config.write(0, 4, 0x8001'1900);  // bus 1
  EXPECT_EQ(b.config.read(4, 2), 0xFFFFU);
  b.config.write(0, 4, 0x0000'1900);  // not enabled
  EXPECT_EQ(b.config.read(4, 1), 0xFFU);
}

TEST(PciConfigMechanism, NarrowAccessesToTheAddressPortsGoPast) {
  Bus b;
  b.config.write(0, 4, 0x8000'1900);
  b.config.write(1, 1, 0x55);
  b.config.write(0, 2, 0x5555);
  b.config.write(1, 4, 0x5555'5555);
  EXPECT_EQ(b.config.read(0, 4), 0x8000'1900U);
  EXPECT_EQ(b.config.read(1, 4), 0xFFFF'FFFFU);
  EXPECT_EQ(b.config.read(1, 1), 0xFFU);
}

TEST(PciConfigMechanism, ReservedAddressBitsReadZero) {
  Bus b;
  b.config.write(0, 4, 0xFFFF'FFFF);
  EXPECT_EQ(b.config.read(0, 4), 0x80FF'FFFCU);
}

struct MechanismBench : Bus {
  PciConfigMechanism& device() { return config; }
  std::vector<conformance::Block> blocks() { return {{"ports", &config, 8, 4}}; }
  bool interrupting() const { return false; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(PciConfigMechanism, DeviceConformance, MechanismBench);

struct Shadow final : devices::ShadowControl {
  struct Segment {
    bool reads = false, writes = false;
  };
  std::array<Segment, 13> segments;
  Smram smram;
  void set_shadow(unsigned segment, bool reads, bool writes) override {
    segments.at(segment) = {reads, writes};
  }
  void set_smram(const Smram& value) override { smram = value; }
};

struct I440fxBench {
  Clock clock;
  Shadow shadow;
  EdgeLine init, system_reset;
  unsigned inits = 0, resets = 0;
  I440fx bridge{{shadow, init, system_reset}};
  I440fxBench() {
    init.connect([this] { ++inits; });
    system_reset.connect([this] { ++resets; });
  }
  I440fx& device() { return bridge; }
  std::vector<conformance::Block> blocks() { return {{"config", &bridge.config_space(), 256, 4}}; }
  bool interrupting() const { return false; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(I440fx, DeviceConformance, I440fxBench);

TEST(I440fx, IdentifiesAsHostBridge) {
  I440fxBench b;
  EXPECT_EQ(b.bridge.config_read(0, 4), 0x1237'8086U);
  EXPECT_EQ(b.bridge.config_read(8, 4), 0x0600'0002U);
  EXPECT_EQ(b.bridge.config_read(4, 2), 0x0006U);
}

TEST(I440fx, PamRegistersControlTheirSegments) {
  I440fxBench b;
  b.bridge.reset(ResetKind::kPowerOn);
  for (const auto& segment : b.shadow.segments) EXPECT_FALSE(segment.reads || segment.writes);
  b.bridge.config_write(0x59, 1, 0x10);  // F0000: reads from DRAM
  EXPECT_TRUE(b.shadow.segments[12].reads);
  EXPECT_FALSE(b.shadow.segments[12].writes);
  b.bridge.config_write(0x5A, 1, 0x23);  // C0000 read and write, C4000 write only
  EXPECT_TRUE(b.shadow.segments[0].reads && b.shadow.segments[0].writes);
  EXPECT_TRUE(!b.shadow.segments[1].reads && b.shadow.segments[1].writes);
  // A doubleword write reaches PAM3-PAM6: D0000-EFFFF.
  b.bridge.config_write(0x5C, 4, 0x3333'3333);
  for (unsigned i = 4; i < 12; ++i) EXPECT_TRUE(b.shadow.segments[i].reads) << i;
  EXPECT_FALSE(b.shadow.segments[2].reads);
  EXPECT_EQ(b.bridge.config_read(0x59, 1), 0x10U);
}

TEST(I440fx, SmramLockHoldsUntilReset) {
  I440fxBench b;
  b.bridge.reset(ResetKind::kPowerOn);
  EXPECT_EQ(b.bridge.config_read(0x72, 1), 0x02U);
  b.bridge.config_write(0x72, 1, 0x48);
  EXPECT_TRUE(b.shadow.smram.open);
  b.bridge.config_write(0x72, 1, 0x58);  // lock: closes as well
  EXPECT_EQ(b.bridge.config_read(0x72, 1), 0x1AU);
  EXPECT_FALSE(b.shadow.smram.open);
  b.bridge.config_write(0x72, 1, 0x48);
  EXPECT_EQ(b.bridge.config_read(0x72, 1), 0x1AU);
  b.bridge.reset(ResetKind::kHard);
  EXPECT_EQ(b.bridge.config_read(0x72, 1), 0x02U);
}

TEST(I440fx, RowBoundariesKeepWhatFirmwareStores) {
  I440fxBench b;
  b.bridge.config_write(0x60, 4, 0x2020'2010);
  EXPECT_EQ(b.bridge.config_read(0x60, 4), 0x2020'2010U);
}

TEST(I440fx, TurboResetControlPulsesOnce) {
  I440fxBench b;
  b.bridge.config_write(0x93, 1, 0x02);
  b.bridge.config_write(0x93, 1, 0x06);
  b.bridge.config_write(0x93, 1, 0x06);
  EXPECT_EQ(b.resets, 1U);
  b.bridge.config_write(0x93, 1, 0x00);
  b.bridge.config_write(0x93, 1, 0x04);
  EXPECT_EQ(b.inits, 1U);
}

struct Piix3Bench {
  Clock clock;
  TraceBus trace{clock};
  std::array<LevelLine, 16> irq;
  LevelLine a20, ignne;
  EdgeLine init, system_reset;
  unsigned inits = 0, resets = 0;
  Piix3 bridge{{irq, a20, ignne, init, system_reset}, trace};
  Piix3Bench() {
    init.connect([this] { ++inits; });
    system_reset.connect([this] { ++resets; });
  }
  Piix3& device() { return bridge; }
  std::vector<conformance::Block> blocks() {
    return {{"config", &bridge.config_space(), 256, 4},
            {"cf9", &bridge.processor().reset_control(), 1, 1},
            {"port92", &bridge.processor().port92(), 1, 1},
            {"portF0", &bridge.processor().coprocessor_error(), 1, 1}};
  }
  bool interrupting() const {
    for (const LevelLine& line : irq) {
      if (line.high()) return true;
    }
    return false;
  }
  std::uint64_t outputs() const {
    std::uint64_t pins = (a20.high() ? 1 : 0) | (ignne.high() ? 2 : 0);
    for (const LevelLine& line : irq) pins = pins << 1 | (line.high() ? 1 : 0);
    return pins;
  }
  void disturb(std::mt19937_64& random) {
    bridge.processor().set_ferr(random() % 2 != 0);
    bridge.set_isa_irq(random() % 16, random() % 2 != 0);
    bridge.set_pirq(random() % 4, random() % 32, random() % 2 != 0);
  }
  void release() {
    bridge.processor().set_ferr(false);
    bridge.processor().coprocessor_error().write(0, 1, 0);
    for (unsigned i = 0; i < 16; ++i) bridge.set_isa_irq(i, false);
    for (unsigned i = 0; i < 4 * 32; ++i) bridge.set_pirq(i / 32, i % 32, false);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Piix3, DeviceConformance, Piix3Bench);

TEST(Piix3, IsTheFirstOfSeveralFunctions) {
  Piix3Bench b;
  EXPECT_EQ(b.bridge.config_read(0, 4), 0x7000'8086U);
  EXPECT_EQ(b.bridge.config_read(0x0A, 2), 0x0601U);
  EXPECT_EQ(b.bridge.config_read(0x0E, 1), 0x80U);
  EXPECT_EQ(b.bridge.config_read(0x60, 4), 0x8080'8080U);
}

TEST(Piix3, SteersSharedPirqs) {
  Piix3Bench b;
  b.bridge.set_pirq(2, 4, true);
  EXPECT_FALSE(b.interrupting()) << "steering is off after reset";
  b.bridge.config_write(0x62, 1, 0x0B);
  EXPECT_TRUE(b.irq[11].high());
  b.bridge.set_pirq(2, 9, true);
  b.bridge.set_pirq(2, 4, false);
  EXPECT_TRUE(b.irq[11].high()) << "another driver still holds it";
  b.bridge.config_write(0x62, 1, 0x0A);
  EXPECT_FALSE(b.irq[11].high());
  EXPECT_TRUE(b.irq[10].high());
  b.bridge.set_pirq(2, 9, false);
  EXPECT_FALSE(b.interrupting());
}

TEST(Piix3, ReservedInterruptsAreNotSteeredTo) {
  Piix3Bench b;
  b.bridge.set_pirq(0, 0, true);
  for (const unsigned irq : {0U, 1U, 2U, 8U, 13U}) {
    b.bridge.config_write(0x60, 1, irq);
    EXPECT_FALSE(b.interrupting()) << "IRQ" << irq;
  }
}

// Port F0h ends IRQ13, and asserts IGNNE# for as long as FERR# is asserted.
TEST(Piix3, CoprocessorErrors) {
  Piix3Bench b;
  b.bridge.processor().coprocessor_error().write(0, 1, 0);
  EXPECT_FALSE(b.ignne.high()) << "FERR# is not asserted";
  b.bridge.processor().set_ferr(true);
  EXPECT_TRUE(b.irq[13].high());
  EXPECT_FALSE(b.ignne.high());
  b.bridge.processor().coprocessor_error().write(0, 1, 0);
  EXPECT_FALSE(b.irq[13].high());
  EXPECT_TRUE(b.ignne.high());
  b.bridge.processor().set_ferr(false);
  EXPECT_FALSE(b.ignne.high());
  b.bridge.processor().set_ferr(true);
  b.bridge.processor().set_ferr(false);
  EXPECT_TRUE(b.irq[13].high()) << "the request stays until port F0h is written";
  b.bridge.processor().coprocessor_error().write(0, 1, 0);
  EXPECT_FALSE(b.irq[13].high());
  EXPECT_FALSE(b.ignne.high());
}

TEST(Piix3, IsaAndPciShareALine) {
  Piix3Bench b;
  b.bridge.config_write(0x60, 1, 5);
  b.bridge.set_isa_irq(5, true);
  b.bridge.set_pirq(0, 1, true);
  b.bridge.set_isa_irq(5, false);
  EXPECT_TRUE(b.irq[5].high());
  b.bridge.set_pirq(0, 1, false);
  EXPECT_FALSE(b.irq[5].high());
}

TEST(Piix3, ResetControlStartsOnTheRisingBit) {
  Piix3Bench b;
  b.bridge.processor().reset_control().write(0, 1, 0x02);
  EXPECT_EQ(b.resets + b.inits, 0U);
  b.bridge.processor().reset_control().write(0, 1, 0x06);
  EXPECT_EQ(b.resets, 1U);
  b.bridge.processor().reset_control().write(0, 1, 0x06);
  EXPECT_EQ(b.resets, 1U);
  b.bridge.processor().reset_control().write(0, 1, 0x00);
  b.bridge.processor().reset_control().write(0, 1, 0x04);
  EXPECT_EQ(b.inits, 1U);
}

TEST(Piix3, Port92GatesA20AndResetsTheCpu) {
  Piix3Bench b;
  EXPECT_EQ(b.bridge.processor().port92().read(0, 1), 0x24U);
  b.bridge.processor().port92().write(0, 1, 0x02);
  EXPECT_TRUE(b.a20.high());
  EXPECT_EQ(b.bridge.processor().port92().read(0, 1), 0x26U);
  b.bridge.processor().port92().write(0, 1, 0x03);
  b.bridge.processor().port92().write(0, 1, 0x03);
  EXPECT_EQ(b.inits, 1U);
  b.bridge.processor().port92().write(0, 1, 0x00);
  EXPECT_FALSE(b.a20.high());
}

TEST(Piix3, BiosWriteEnableFollowsXbcs) {
  Piix3Bench b;
  EXPECT_FALSE(b.bridge.bios_write_enabled());
  b.bridge.config_write(0x4E, 2, 0x0007);
  EXPECT_TRUE(b.bridge.bios_write_enabled());
}

TEST(PciConfigMechanism, ByteAtOffsetOneReachesResetControl) {
  Bus b;
  Piix3Bench piix3;
  b.config.pass_through(1, piix3.bridge.processor().reset_control());
  b.config.write(1, 1, 0x02);
  EXPECT_EQ(b.config.read(1, 1), 0x02U);
  b.config.write(1, 1, 0x06);
  EXPECT_EQ(piix3.resets, 1U);
  EXPECT_EQ(b.config.read(0, 4), 0U) << "CONFADD itself is untouched";
}

}  // namespace
}  // namespace ice86
