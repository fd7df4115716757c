// SPDX-License-Identifier: LGPL-2.1-or-later
// The Q35 chipset: memory controller hub, enhanced configuration access, ICH9 LPC bridge.
#include <gmock/gmock.h>

#include "devices/ich9/ich9_lpc.h"
#include "devices/pci/config_mechanism.h"
#include "devices/pci/enhanced_config.h"
#include "devices/q35_mch/q35_mch.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::Ich9Lpc;
using devices::PciBus;
using devices::PciEnhancedConfig;
using devices::PciWindow;
using devices::Q35Mch;

struct Shadow final : devices::ShadowControl {
  struct Segment {
    bool reads = false, writes = false;
  };
  std::array<Segment, kSegments> segments;
  Smram smram;
  void set_shadow(unsigned segment, bool reads, bool writes) override {
    segments.at(segment) = {reads, writes};
  }
  void set_smram(const Smram& value) override { smram = value; }
};

struct MchBench {
  Clock clock;
  TraceBus trace{clock};
  PciBus bus{trace};
  PciEnhancedConfig ecam{bus};
  Shadow shadow;
  Q35Mch mch{shadow, ecam};
  MchBench() { bus.attach(0, 0, mch); }
  Q35Mch& device() { return mch; }
  std::vector<conformance::Block> blocks() {
    return {{"config", &mch.config_space(), 256, 4}, {"ecam", &ecam, 0x2000, 8}};
  }
  bool interrupting() const { return false; }
  std::uint64_t outputs() const {
    std::uint64_t pins = shadow.smram.tseg_size | (shadow.smram.open ? 1 : 0) |
                         (shadow.smram.enabled_in_smm ? 2 : 0) | (shadow.smram.high ? 4 : 0);
    for (const auto& segment : shadow.segments)
      pins = pins << 2 ^ (segment.reads ? 1 : 0) ^ (segment.writes ? 2 : 0);
    for (const PciWindow& window : mch.windows()) pins = pins * 3 + (window.enabled ? 1 : 0);
    return pins;
  }
  const PciWindow* shown() const {
    for (const PciWindow& window : mch.windows())
      if (window.enabled) return &window;
    return nullptr;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Q35Mch, DeviceConformance, MchBench);

TEST(Q35Mch, IdentifiesAsHostBridge) {
  MchBench b;
  EXPECT_EQ(b.mch.config_read(0, 4), 0x29C0'8086U);
  EXPECT_EQ(b.mch.config_read(0x0A, 2), 0x0600U);
}

TEST(Q35Mch, PamRegistersControlTheirSegments) {
  MchBench b;
  b.mch.config_write(0x90, 1, 0x10);
  EXPECT_TRUE(b.shadow.segments[12].reads);
  EXPECT_FALSE(b.shadow.segments[12].writes);
  b.mch.config_write(0x91, 4, 0x3333'3323);
  EXPECT_TRUE(b.shadow.segments[0].reads && b.shadow.segments[0].writes);
  EXPECT_TRUE(!b.shadow.segments[1].reads && b.shadow.segments[1].writes);
  for (unsigned i = 2; i < 8; ++i) EXPECT_TRUE(b.shadow.segments[i].reads) << i;
  EXPECT_FALSE(b.shadow.segments[8].reads);
}

TEST(Q35Mch, SmramAndTsegFollowTheirRegisters) {
  MchBench b;
  EXPECT_EQ(b.mch.config_read(0x9D, 2), 0x3802U);
  b.mch.config_write(0x9E, 1, 0x01);
  EXPECT_EQ(b.shadow.smram.tseg_size, 0U) << "without G_SMRAME there is none";
  b.mch.config_write(0x9D, 1, 0x0A);
  EXPECT_TRUE(b.shadow.smram.enabled_in_smm);
  EXPECT_FALSE(b.shadow.smram.open);
  EXPECT_EQ(b.shadow.smram.tseg_size, 1U << 20);
  b.mch.config_write(0x9E, 1, 0x03);
  EXPECT_EQ(b.shadow.smram.tseg_size, 2U << 20);
  b.mch.config_write(0x9E, 1, 0x85);
  EXPECT_EQ(b.shadow.smram.tseg_size, 8U << 20);
  EXPECT_TRUE(b.shadow.smram.high);
  b.mch.config_write(0x9E, 1, 0x07);
  EXPECT_EQ(b.shadow.smram.tseg_size, 0U) << "a reserved size";
  b.mch.config_write(0x9E, 1, 0x04);
  EXPECT_EQ(b.shadow.smram.tseg_size, 0U) << "T_EN is clear";
  b.mch.config_write(0x9D, 1, 0x4A);
  EXPECT_TRUE(b.shadow.smram.open);
}

TEST(Q35Mch, LockHoldsUntilReset) {
  MchBench b;
  b.mch.config_write(0x9D, 2, 0x055A);  // lock, with DOPEN: that closes
  EXPECT_EQ(b.mch.config_read(0x9D, 2), 0x3D1AU);
  EXPECT_FALSE(b.shadow.smram.open);
  b.mch.config_write(0x9D, 1, 0x42);
  b.mch.config_write(0x9E, 1, 0x00);
  b.mch.config_write(0x9C, 4, 0);
  EXPECT_EQ(b.mch.config_read(0x9D, 2), 0x3D1AU);
  EXPECT_EQ(b.shadow.smram.tseg_size, 8U << 20);
  b.mch.config_write(0x9D, 1, 0x20);
  EXPECT_EQ(b.mch.config_read(0x9D, 1), 0x3AU) << "D_CLS is free";
  b.mch.reset(ResetKind::kInit);
  EXPECT_EQ(b.shadow.smram.tseg_size, 8U << 20);
  b.mch.reset(ResetKind::kHard);
  EXPECT_EQ(b.mch.config_read(0x9D, 2), 0x3802U);
  EXPECT_FALSE(b.shadow.smram.enabled_in_smm);
}

TEST(Q35Mch, ThereIsNoLargerTseg) {
  MchBench b;
  b.mch.config_write(0x50, 2, 0xFFFF);
  EXPECT_EQ(b.mch.config_read(0x50, 2), 0xFFFFU);
}

TEST(Q35Mch, PciexbarPlacesItsWindow) {
  MchBench b;
  EXPECT_EQ(b.shown(), nullptr);
  EXPECT_FALSE(b.mch.pciex());
  b.mch.config_write(0x64, 4, 0);
  b.mch.config_write(0x60, 4, 0xB000'0001);
  ASSERT_NE(b.shown(), nullptr);
  EXPECT_EQ(b.shown()->base, 0xB000'0000U);
  EXPECT_EQ(b.shown()->size, 256U << 20);
  b.mch.config_write(0x60, 4, 0xFC00'0005);
  ASSERT_NE(b.shown(), nullptr);
  EXPECT_EQ(b.shown()->base, 0xFC00'0000U);
  EXPECT_EQ(b.shown()->size, 64U << 20);
  b.mch.config_write(0x60, 4, 0xF800'0003);
  EXPECT_EQ(b.shown()->size, 128U << 20);
  b.mch.config_write(0x64, 4, 0x1);
  EXPECT_EQ(b.mch.pciex()->base, 0x1'F800'0000U);
  b.mch.config_write(0x60, 4, 0xF800'0007);
  EXPECT_EQ(b.shown(), nullptr) << "a reserved length";
}

TEST(PciEnhancedConfig, AddressesFunctionsAsMemory) {
  MchBench b;
  EXPECT_EQ(b.ecam.read(0, 4), 0x29C0'8086U);
  EXPECT_EQ(b.ecam.read(2, 2), 0x29C0U);
  EXPECT_EQ(b.ecam.read(3, 1), 0x29U);
  EXPECT_EQ(b.ecam.read(0, 8), 0x0080'0006'29C0'8086U) << "two cycles";
  EXPECT_EQ(b.ecam.read(2, 4), 0x0006'29C0U) << "not aligned";
  b.ecam.write(0xDC, 4, 0x1234'5678);
  EXPECT_EQ(b.mch.config_read(0xDC, 4), 0x1234'5678U);
  b.ecam.write(0xDD, 2, 0xABCD);
  EXPECT_EQ(b.ecam.peek(0xDC, 4), 0x12AB'CD78U);
}

TEST(PciEnhancedConfig, WhatIsNotThereReadsAllOnes) {
  MchBench b;
  EXPECT_EQ(b.ecam.read(0x8000, 4), 0xFFFF'FFFFU) << "device 1";
  EXPECT_EQ(b.ecam.read(0x1000, 4), 0xFFFF'FFFFU) << "function 1";
  EXPECT_EQ(b.ecam.read(0x10'0000, 4), 0xFFFF'FFFFU) << "bus 1";
  EXPECT_EQ(b.ecam.read(0x100, 4), 0xFFFF'FFFFU) << "extended registers of a conventional function";
  b.ecam.write(0x10'00DC, 4, 1);
  EXPECT_EQ(b.mch.config_read(0xDC, 4), 0U);
}

struct LpcBench {
  Clock clock{1};
  TraceBus trace{clock};
  std::array<LevelLine, 16> irq;
  std::array<LevelLine, 8> apic;
  LevelLine a20, ignne;
  EdgeLine init, system_reset, smi, power_off;
  unsigned inits = 0, resets = 0, smis = 0, offs = 0;
  Ich9Lpc lpc{clock,
              {irq, apic, a20, ignne, init, system_reset, smi, power_off},
              trace,
              {.acpi_commands = true}};
  LpcBench() {
    init.connect([this] { ++inits; });
    system_reset.connect([this] { ++resets; });
    smi.connect([this] { ++smis; });
    power_off.connect([this] { ++offs; });
  }
  Ich9Lpc& device() { return lpc; }
  RegisterBlock& pm() { return *lpc.windows()[0].registers; }
  RegisterBlock& root() { return *lpc.windows()[1].registers; }
  RegisterBlock& apm() { return lpc.power().apm(); }
  std::vector<conformance::Block> blocks() {
    return {{"config", &lpc.config_space(), 256, 4},
            {"pm", &pm(), 128, 4},
            {"root", &root(), 0x4000, 8},
            {"apm", &apm(), 2, 1},
            {"cf9", &lpc.processor().reset_control(), 1, 1},
            {"port92", &lpc.processor().port92(), 1, 1},
            {"portF0", &lpc.processor().coprocessor_error(), 1, 1}};
  }
  bool interrupting() const {
    for (const LevelLine& line : irq)
      if (line.high()) return true;
    for (const LevelLine& line : apic)
      if (line.high()) return true;
    return false;
  }
  std::uint64_t outputs() const {
    std::uint64_t pins = (a20.high() ? 1 : 0) | (ignne.high() ? 2 : 0);
    for (const LevelLine& line : irq) pins = pins << 1 | (line.high() ? 1 : 0);
    for (const LevelLine& line : apic) pins = pins << 1 | (line.high() ? 1 : 0);
    return pins;
  }
  void disturb(std::mt19937_64& random) {
    lpc.processor().set_ferr(random() % 2 != 0);
    lpc.set_isa_irq(random() % 16, random() % 2 != 0);
    lpc.set_pirq(random() % 8, random() % 32, random() % 2 != 0);
    lpc.power().set_rtc_irq(random() % 2 != 0);
    if (random() % 4 == 0) lpc.power().press_power_button();
  }
  void release() {
    lpc.processor().set_ferr(false);
    lpc.processor().coprocessor_error().write(0, 1, 0);
    lpc.power().set_rtc_irq(false);
    for (unsigned i = 0; i < 16; ++i) lpc.set_isa_irq(i, false);
    for (unsigned i = 0; i < 8 * 32; ++i) lpc.set_pirq(i / 32, i % 32, false);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Ich9Lpc, DeviceConformance, LpcBench);

TEST(Ich9Lpc, IsTheFirstOfSeveralFunctions) {
  LpcBench b;
  EXPECT_EQ(b.lpc.config_read(0, 4), 0x2918'8086U);
  EXPECT_EQ(b.lpc.config_read(0x0A, 2), 0x0601U);
  EXPECT_EQ(b.lpc.config_read(0x0E, 1), 0x80U);
}

TEST(Ich9Lpc, RoutesEightPirqsToBothControllers) {
  LpcBench b;
  for (unsigned pirq = 0; pirq < 8; ++pirq) {
    b.lpc.set_pirq(pirq, 3, true);
    EXPECT_TRUE(b.apic[pirq].high()) << "the I/O APIC has each on an input of its own";
    EXPECT_FALSE(b.irq[10].high()) << "off after reset";
    const unsigned route = pirq < 4 ? 0x60 + pirq : 0x68 + pirq - 4;
    b.lpc.config_write(route, 1, 10);
    EXPECT_TRUE(b.irq[10].high());
    b.lpc.config_write(route, 1, 8);
    EXPECT_FALSE(b.interrupting() && b.irq[8].high()) << "8 cannot be routed to";
    b.lpc.config_write(route, 1, 0x8A);
    b.lpc.set_pirq(pirq, 3, false);
    EXPECT_FALSE(b.interrupting());
  }
}

TEST(Ich9Lpc, WindowsFollowTheirRegisters) {
  LpcBench b;
  b.lpc.config_write(0x40, 4, 0x600);
  EXPECT_FALSE(b.lpc.windows()[0].enabled) << "ACPI_EN is clear";
  b.lpc.config_write(0x44, 1, 0x80);
  EXPECT_TRUE(b.lpc.windows()[0].enabled);
  EXPECT_EQ(b.lpc.windows()[0].base, 0x600U);
  EXPECT_EQ(b.lpc.pm_base(), 0x600U);
  b.lpc.config_write(0xF0, 4, 0xFED1'C001);
  EXPECT_TRUE(b.lpc.windows()[1].enabled);
  EXPECT_EQ(b.lpc.windows()[1].base, 0xFED1'C000U);
  EXPECT_EQ(b.root().read(0x3140, 4), 0x3210'3210U);
  b.root().write(0x3142, 2, 0xFFFF);
  EXPECT_EQ(b.root().read(0x3140, 4), 0x7777'3210U);
}

TEST(Ich9Lpc, ApmPortRaisesSmi) {
  LpcBench b;
  b.apm().write(1, 1, 0x42);
  b.apm().write(0, 1, 0x17);
  EXPECT_EQ(b.apm().read(0, 1), 0x17U);
  EXPECT_EQ(b.apm().read(1, 1), 0x42U);
  EXPECT_EQ(b.smis, 0U);
  b.pm().write(0x30, 4, 0x20);
  b.apm().write(0, 1, 0);
  EXPECT_EQ(b.smis, 0U) << "GBL_SMI_EN is clear";
  b.pm().write(0x30, 4, 0x23);
  b.pm().write(0x34, 4, 0xFFFF'FFFF);
  b.apm().write(0, 1, 0);
  b.apm().write(0, 1, 0);
  EXPECT_EQ(b.smis, 2U);
  EXPECT_EQ(b.pm().read(0x34, 4), 0x20U);
  EXPECT_EQ(b.pm().read(0x30, 4), 0x21U) << "an SMI clears EOS";
  b.pm().write(0x34, 1, 0x20);
  EXPECT_EQ(b.pm().read(0x34, 4), 0U);
}

TEST(Ich9Lpc, SmiLockHoldsUntilReset) {
  LpcBench b;
  b.pm().write(0x30, 4, 0x21);
  b.lpc.config_write(0xA0, 2, 0x0010);
  b.pm().write(0x30, 4, 0x20);
  EXPECT_EQ(b.pm().read(0x30, 4), 0x21U);
  b.lpc.config_write(0xA0, 2, 0x0000);
  EXPECT_EQ(b.lpc.config_read(0xA0, 2), 0x0010U);
  b.pm().write(0x30, 4, 0x20);
  EXPECT_EQ(b.pm().read(0x30, 4), 0x21U);
  b.lpc.reset(ResetKind::kHard);
  EXPECT_EQ(b.lpc.config_read(0xA0, 2), 0U);
  EXPECT_EQ(b.pm().read(0x30, 4), 0U);
  b.pm().write(0x30, 4, 0x01);
  EXPECT_EQ(b.pm().read(0x30, 4), 0x01U);
}

TEST(Ich9Lpc, SciGoesWhereItIsRouted) {
  LpcBench b;
  b.pm().write(2, 2, 0x0100);
  b.lpc.power().press_power_button();
  EXPECT_FALSE(b.interrupting()) << "SCI_EN is clear";
  b.apm().write(0, 1, 2);
  EXPECT_EQ(b.pm().read(4, 2), 1U);
  EXPECT_TRUE(b.irq[9].high());
  b.lpc.config_write(0x44, 1, 0x01);
  EXPECT_TRUE(b.irq[10].high() && !b.irq[9].high());
  b.lpc.config_write(0x44, 1, 0x05);
  EXPECT_TRUE(b.apic[5].high() && !b.irq[10].high()) << "input 21";
  b.pm().write(0, 2, 0x0100);
  EXPECT_FALSE(b.interrupting());
  b.apm().write(0, 1, 3);
  EXPECT_EQ(b.pm().read(4, 2), 0U);
}

TEST(Ich9Lpc, SleepTypesThatAreOff) {
  LpcBench b;
  b.pm().write(4, 2, 0x2000 | 5 << 10);
  EXPECT_EQ(b.offs, 0U) << "S3 wakes at once";
  EXPECT_EQ(b.pm().read(0, 2) & 0x8000, 0x8000U);
  b.pm().write(4, 2, 0x2000 | 7 << 10);
  b.pm().write(4, 2, 0x2000);
  EXPECT_EQ(b.offs, 2U);
  b.pm().write(0x30, 4, 0x11);  // SLP_SMI_EN
  b.pm().write(4, 2, 0x2000);
  EXPECT_EQ(b.offs, 2U);
  EXPECT_EQ(b.smis, 1U) << "the handler instead";
}

TEST(Ich9Lpc, GlobalReleasesReachTheOtherSide) {
  LpcBench b;
  b.pm().write(0x30, 4, 0x05);
  b.pm().write(4, 2, 0x0004);
  EXPECT_EQ(b.smis, 1U);
  EXPECT_EQ(b.pm().read(0x34, 4), 0x04U);
  b.pm().write(0x30, 4, 0x85);
  EXPECT_EQ(b.pm().read(0, 2), 0x0020U);
  EXPECT_EQ(b.pm().read(0x30, 4), 0x04U | 0x01U) << "BIOS_RLS reads as zero";
}

TEST(Ich9Lpc, ResetControlKeepsFullReset) {
  LpcBench b;
  RegisterBlock& cf9 = b.lpc.processor().reset_control();
  cf9.write(0, 1, 0x0A);
  EXPECT_EQ(cf9.read(0, 1), 0x0AU);
  cf9.write(0, 1, 0x0E);
  EXPECT_EQ(b.resets, 1U);
}

}  // namespace
}  // namespace ice86
