// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX4 power management and SMBus host, with SPD EEPROMs on the bus.
#include "devices/piix4_pm/piix4_pm.h"

#include <gmock/gmock.h>

#include <numeric>

#include "devices/spd_eeprom/spd_eeprom.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::choose_modules;
using devices::PciWindow;
using devices::Piix4Pm;
using devices::sdram_spd;
using devices::Smbus;
using devices::SmbusDevice;
using devices::SpdEeprom;
using ::testing::ElementsAre;

// A slave that keeps what is written: command byte, then data.
struct Memory final : SmbusDevice {
  std::array<std::uint8_t, 256> bytes{};
  std::uint8_t at = 0;
  bool addressed = false;
  bool start(bool read) override {
    if (!read) addressed = false;
    return true;
  }
  bool write(std::uint8_t byte) override {
    if (!addressed) {
      at = byte;
      addressed = true;
    } else {
      bytes[at++] = byte;
    }
    return true;
  }
  std::uint8_t read() override { return bytes[at++]; }
  void stop() override { addressed = false; }
};

struct Piix4PmBench {
  Clock clock{1};
  LevelLine irq9;
  EdgeLine smi, power_off;
  unsigned smis = 0, offs = 0;
  Smbus bus;
  SpdEeprom spd{"spd0", sdram_spd(128).value()};
  Memory memory;
  Piix4Pm chip{clock, {irq9, smi, power_off}, bus, {}};

  Piix4PmBench() {
    bus.attach(0x50, spd);
    bus.attach(0x2A, memory);
    smi.connect([this] { ++smis; });
    power_off.connect([this] { ++offs; });
  }
  // The EEPROM is a part of what the registers show.
  struct Whole {
    Piix4PmBench& bench;
    void reset(ResetKind kind) {
      bench.spd.reset(kind);
      bench.chip.reset(kind);
      if (kind == ResetKind::kPowerOn) bench.memory = {};
    }
    void serialize(Archive& archive) {
      bench.spd.serialize(archive);
      archive.io(bench.memory.bytes);
      archive.io(bench.memory.at);
      archive.io(bench.memory.addressed);
      bench.chip.serialize(archive);
    }
    std::string dump() const { return bench.chip.dump() + bench.spd.dump(); }
  };
  Whole whole{*this};
  Whole& device() { return whole; }
  RegisterBlock& pm() { return *chip.windows()[0].registers; }
  RegisterBlock& host() { return *chip.windows()[1].registers; }
  std::vector<conformance::Block> blocks() {
    return {{"config", &chip.config_space(), 256, 4},
            {"pm", &pm(), 64, 4},
            {"smbus", &host(), 16, 4},
            {"apm", &chip.apm(), 2, 1}};
  }
  bool interrupting() const { return irq9.high(); }
  void disturb(std::mt19937_64& random) {
    if (random() % 2 != 0) chip.press_power_button();
    chip.set_rtc_irq(random() % 2 != 0);
  }
  void release() { chip.set_rtc_irq(false); }

  void enable_host(unsigned config = 0x01) {
    chip.config_write(0x90, 4, 0x5000);
    chip.config_write(0x04, 2, 0x0001);
    chip.config_write(0xD2, 1, config);
  }
  // Runs one transaction and returns the status.
  std::uint8_t transfer(unsigned protocol, unsigned address, bool read, unsigned command = 0) {
    host().write(0, 1, 0x1E);
    host().write(3, 1, command);
    host().write(4, 1, address << 1 | (read ? 1 : 0));
    host().write(2, 1, 0x40 | protocol << 2);
    EXPECT_EQ(host().read(0, 1), 0x01U) << "busy";
    for (unsigned i = 0; i < 100 && (host().read(0, 1) & 1) != 0; ++i)
      conformance::advance(*this, 100);
    return static_cast<std::uint8_t>(host().read(0, 1));
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Piix4Pm, DeviceConformance, Piix4PmBench);

TEST(Piix4Pm, WindowsFollowTheirBaseRegisters) {
  Piix4PmBench b;
  std::vector<PciWindow> seen;
  b.chip.on_window_change([&](const PciWindow& window) { seen.push_back(window); });
  seen.clear();
  b.chip.config_write(0x40, 4, 0xB001);
  b.chip.config_write(0x80, 1, 0x01);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().index, Piix4Pm::kPmWindow);
  EXPECT_EQ(seen.back().base, 0xB000U);
  EXPECT_TRUE(seen.back().enabled);
  EXPECT_EQ(b.chip.config_read(0x40, 4), 0xB001U);
  b.chip.config_write(0x90, 4, 0xB100);
  b.chip.config_write(0xD2, 1, 0x09);
  EXPECT_EQ(seen.back().index, Piix4Pm::kSmbusWindow);
  EXPECT_EQ(seen.back().base, 0xB100U);
  EXPECT_TRUE(seen.back().enabled);
  EXPECT_EQ(b.chip.config_read(0x90, 4), 0xB101U);
}

TEST(Piix4Pm, PmTimerRunsAt3579545Hertz) {
  Piix4PmBench b;
  EXPECT_EQ(b.pm().read(8, 4), 0U);
  conformance::advance(b, 1'000'000);
  EXPECT_EQ(b.pm().read(8, 4), 3'579'545U);
  conformance::advance(b, 9'000'000);
  EXPECT_EQ(b.pm().read(8, 4), 35'795'450U & 0xFF'FFFF);
}

TEST(Piix4Pm, TimerStatusInterruptsWhenBit23Changes) {
  Piix4PmBench b;
  b.pm().write(2, 2, 0x0001);
  b.pm().write(4, 2, 0x0001);
  conformance::advance(b, 2'343'000);
  EXPECT_FALSE(b.irq9.high());
  conformance::advance(b, 1'000);
  EXPECT_TRUE(b.irq9.high());
  EXPECT_EQ(b.pm().read(0, 2), 0x0001U);
  b.pm().write(0, 2, 0x0001);
  EXPECT_FALSE(b.irq9.high());
  conformance::advance(b, 2'344'000);
  EXPECT_TRUE(b.irq9.high()) << "and again at the next change";
}

TEST(Piix4Pm, PowerButtonRaisesSciWhenEnabled) {
  Piix4PmBench b;
  b.chip.press_power_button();
  EXPECT_EQ(b.pm().read(0, 2), 0x0100U);
  EXPECT_FALSE(b.irq9.high());
  b.pm().write(2, 2, 0x0100);
  EXPECT_FALSE(b.irq9.high()) << "SCI_EN is off";
  b.pm().write(4, 2, 0x0001);
  EXPECT_TRUE(b.irq9.high());
  b.pm().write(1, 1, 0x01);
  EXPECT_FALSE(b.irq9.high());
}

TEST(Piix4Pm, SoftOffNeedsSuspendEnableAndTypeZero) {
  Piix4PmBench b;
  b.pm().write(4, 2, 0x0001);
  EXPECT_EQ(b.offs, 0U);
  b.pm().write(4, 2, 0x2401);
  EXPECT_EQ(b.offs, 0U);
  EXPECT_EQ(b.pm().read(0, 2) & 0x8000, 0x8000U) << "suspend wakes at once";
  EXPECT_EQ(b.pm().read(4, 2), 0x0401U) << "SUS_EN is write-only";
  b.pm().write(4, 2, 0x2001);
  EXPECT_EQ(b.offs, 1U);
}

TEST(Piix4Pm, ApmCommandRaisesSmiWhenEnabled) {
  Piix4PmBench b;
  b.chip.apm().write(0, 1, 0xF1);
  EXPECT_EQ(b.smis, 0U);
  b.chip.config_write(0x58, 4, 0x0200'0000);
  b.chip.apm().write(0, 1, 0xF1);
  EXPECT_EQ(b.smis, 1U);
  EXPECT_EQ(b.chip.apm().read(0, 1), 0xF1U);
}

TEST(Piix4Pm, BoardWithoutSmmSaysItIsTaken) {
  Piix4PmBench b;
  EXPECT_EQ(b.chip.config_read(0x5B, 1), 0x00U);
  Clock clock;
  Piix4Pm chip(clock, {b.irq9, b.smi, b.power_off}, b.bus, {.smm_taken = true});
  chip.reset(ResetKind::kHard);
  EXPECT_EQ(chip.config_read(0x5B, 1), 0x02U);
}

TEST(SmbusHost, ReadsAnSpdByteByByte) {
  Piix4PmBench b;
  b.enable_host();
  EXPECT_EQ(b.transfer(2, 0x50, true, 2), 0x02U);
  EXPECT_EQ(b.host().read(5, 1), 4U) << "SDRAM";
  EXPECT_EQ(b.transfer(2, 0x50, true, 31), 0x02U);
  EXPECT_EQ(b.host().read(5, 1), 32U) << "128 MiB";
  EXPECT_EQ(b.transfer(1, 0x50, true), 0x02U) << "receive byte goes on from there";
  EXPECT_EQ(b.host().read(5, 1), 0x20U);
  EXPECT_EQ(b.transfer(3, 0x50, true, 3), 0x02U);
  EXPECT_EQ(b.host().read(5, 2), 0x090DU);
}

TEST(SmbusHost, AbsentSlaveIsADeviceError) {
  Piix4PmBench b;
  b.enable_host();
  EXPECT_EQ(b.transfer(2, 0x51, true, 0), 0x04U);
  EXPECT_EQ(b.transfer(0, 0x51, false), 0x04U);
  EXPECT_EQ(b.transfer(0, 0x50, false), 0x02U) << "quick command finds who is there";
}

TEST(SmbusHost, WritesAndBlocks) {
  Piix4PmBench b;
  b.enable_host();
  b.host().write(5, 1, 0x77);
  EXPECT_EQ(b.transfer(2, 0x2A, false, 0x10), 0x02U);
  EXPECT_EQ(b.memory.bytes[0x10], 0x77);
  b.host().write(5, 2, 0xBEEF);
  EXPECT_EQ(b.transfer(3, 0x2A, false, 0x20), 0x02U);
  EXPECT_EQ(b.memory.bytes[0x20], 0xEF);
  EXPECT_EQ(b.memory.bytes[0x21], 0xBE);
  b.host().read(2, 1);  // rewinds the block buffer
  for (const unsigned byte : {1U, 2U, 3U}) b.host().write(7, 1, byte);
  b.host().write(5, 1, 3);
  EXPECT_EQ(b.transfer(5, 0x2A, false, 0x40), 0x02U);
  EXPECT_THAT(std::span(b.memory.bytes).subspan(0x40, 4), ElementsAre(3, 1, 2, 3));
  b.memory.bytes[0x40] = 2;
  EXPECT_EQ(b.transfer(5, 0x2A, true, 0x40), 0x02U);
  EXPECT_EQ(b.host().read(5, 1), 2U);
  EXPECT_EQ(b.host().read(7, 1), 1U);
  EXPECT_EQ(b.host().read(7, 1), 2U);
  b.memory.bytes[0x40] = 33;
  EXPECT_EQ(b.transfer(5, 0x2A, true, 0x40), 0x04U) << "more than a block holds";
}

TEST(SmbusHost, SpdIsWriteProtected) {
  Piix4PmBench b;
  b.enable_host();
  b.host().write(5, 1, 0x77);
  EXPECT_EQ(b.transfer(2, 0x50, false, 0x02), 0x04U);
  EXPECT_EQ(b.spd.peek(2), 4U);
}

TEST(SmbusHost, KillAbortsAndInterruptsAreRouted) {
  Piix4PmBench b;
  b.enable_host(0x09);  // IRQ9
  b.host().write(4, 1, 0xA1);
  b.host().write(2, 1, 0x49);  // byte data, interrupt enable, start
  b.host().write(2, 1, 0x02);
  EXPECT_EQ(b.host().read(0, 1), 0x10U);
  conformance::advance(b, 10'000);
  EXPECT_EQ(b.host().read(0, 1), 0x10U) << "no completion afterwards";
  b.host().write(0, 1, 0x1E);
  b.host().write(2, 1, 0x49);
  conformance::advance(b, 10'000);
  EXPECT_TRUE(b.irq9.high());
  b.host().write(0, 1, 0x1E);
  EXPECT_FALSE(b.irq9.high());
  b.chip.config_write(0xD2, 1, 0x01);  // SMI#
  b.host().write(2, 1, 0x49);
  conformance::advance(b, 10'000);
  EXPECT_FALSE(b.irq9.high());
  EXPECT_EQ(b.smis, 1U);
}

// The board's stand-in for a firmware's SMI handler.
TEST(Piix4PmApm, AcpiCommandsSwitchSciEnable) {
  for (const bool commands : {false, true}) {
    Clock clock;
    LevelLine irq9;
    EdgeLine smi, power_off;
    Smbus bus;
    Piix4Pm chip(clock, {irq9, smi, power_off}, bus, {.acpi_commands = commands});
    RegisterBlock& pm = *chip.windows()[0].registers;
    pm.write(2, 2, 0x0100);  // PWRBTN_EN
    chip.press_power_button();
    EXPECT_FALSE(irq9.high());
    chip.apm().write(0, 1, 0xf1);
    EXPECT_EQ(pm.read(4, 2) & 1, commands ? 1U : 0U);
    EXPECT_EQ(irq9.high(), commands);
    chip.apm().write(0, 1, 0x55);
    EXPECT_EQ(irq9.high(), commands);
    chip.apm().write(0, 1, 0xf0);
    EXPECT_EQ(pm.read(4, 2) & 1, 0U);
    EXPECT_FALSE(irq9.high());
  }
}

TEST(SmbusHost, DisabledHostStartsNothing) {
  Piix4PmBench b;
  b.host().write(2, 1, 0x48);
  EXPECT_EQ(b.host().read(0, 1), 0x00U);
}

TEST(Spd, EverySizeIsConsistentAndChecksummed) {
  for (unsigned mib = 8; mib <= 1024; mib *= 2) {
    const auto spd = sdram_spd(mib);
    ASSERT_TRUE(spd.has_value()) << mib;
    const auto& bytes = *spd;
    const std::uint64_t geometry =
        (std::uint64_t{1} << (bytes[3] + bytes[4])) * bytes[17] * 8 * bytes[5];
    EXPECT_EQ(geometry, std::uint64_t{mib} << 20);
    EXPECT_EQ(unsigned{bytes[31]} * 4 * bytes[5], mib);
    EXPECT_EQ(std::accumulate(bytes.begin(), bytes.begin() + 63, 0U) & 0xFF, bytes[63]);
  }
  for (const unsigned mib : {0U, 4U, 7U, 100U, 2048U}) {
    const auto spd = sdram_spd(mib);
    ASSERT_FALSE(spd.has_value());
    EXPECT_THAT(spd.error().message(), ::testing::HasSubstr(std::to_string(mib)));
  }
}

TEST(Spd, ModulesMakeUpTheMemory) {
  EXPECT_THAT(choose_modules(128, 4), ElementsAre(128));
  EXPECT_THAT(choose_modules(512, 4), ElementsAre(512));
  EXPECT_THAT(choose_modules(200, 4), ElementsAre(128, 64, 8));
  EXPECT_THAT(choose_modules(3072, 4), ElementsAre(1024, 1024, 1024));
  EXPECT_THAT(choose_modules(65536, 4), ElementsAre(1024, 1024, 1024, 1024));
  EXPECT_THAT(choose_modules(1, 4), ElementsAre());
}

}  // namespace
}  // namespace ice86
