// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM: conformance, PCI function, registers, EEPROM and PHY.
#include "tests/devices/e1000/e1000_bench.h"

namespace ice86 {
namespace {

using namespace e1000_test;

// Registers with an effect, side by side, so that random accesses find them.
class Dense final : public RegisterBlock {
 public:
  explicit Dense(RegisterBlock& mmio) : mmio_(mmio) {}
  static constexpr std::uint32_t kOffsets[] = {
      e::kCtrl,   e::kEecd, e::kEerd,  e::kMdic,  e::kIcr,    e::kIcs,    e::kIms,  e::kImc,
      e::kItr,    e::kRctl, e::kTctl,  e::kRdbal, e::kRdbah,  e::kRdlen,  e::kRdh,  e::kRdt,
      e::kRdtr,   e::kRadv, e::kTdbal, e::kTdbah, e::kTdlen,  e::kTdh,    e::kTdt,  e::kTidv,
      e::kTadv,   e::kPba,  e::kVet,   e::kTpr,   e::kRxcsum, e::kRsrpd,  e::kTorl, e::kTorh,
      e::kStatus, e::kWus,  e::kGprc,  e::kMpc,   e::kRnbc,   e::kTxdctl, e::kRal0, e::kRah0};
  static constexpr std::uint64_t kSize = std::size(kOffsets) * 4;
  std::uint64_t read(std::uint64_t offset, unsigned width) override {
    return mmio_.read(kOffsets[offset / 4] + offset % 4, width);
  }
  void write(std::uint64_t offset, unsigned width, std::uint64_t value) override {
    mmio_.write(kOffsets[offset / 4] + offset % 4, width, value);
  }
  std::uint64_t peek(std::uint64_t offset, unsigned width) const override {
    return mmio_.peek(kOffsets[offset / 4] + offset % 4, width);
  }

 private:
  RegisterBlock& mmio_;
};

// Memory is read-only and full of descriptors, some good and most hostile: what a bus master writes
// is lost, so that a restored card sees the same memory.
struct ConformanceBench {
  Clock clock;
  TraceBus trace{clock};
  LevelLine inta;
  MemorySpace space{trace};
  Bytes memory;
  std::unique_ptr<devices::E1000> card;
  std::unique_ptr<Dense> dense;
  Station station;

  ConformanceBench() : memory(1 << 20) {
    std::mt19937_64 random(5);
    for (std::size_t i = 0; i < memory.size(); i += 16) {
      std::uint64_t low = random() % memory.size(), high = random();
      if (random() % 8 == 0) low = random();
      if (random() % 4 != 0) high &= 0xFFFF'FFFF'FFF0'03FF;
      if (random() % 4 == 0) high |= 0x0100'0000;
      store_le<std::uint64_t>(&memory[i], low);
      store_le<std::uint64_t>(&memory[i + 8], high);
    }
    MemorySpace::Region region;
    region.name = "descriptors";
    region.size = memory.size();
    region.rom = memory.data();
    EXPECT_TRUE(space.add(std::move(region)).has_value());
    card = std::move(*devices::E1000::create(clock, inta, DmaPort(space), trace, {}));
    dense = std::make_unique<Dense>(*card->windows()[0].registers);
    PacketEnd::connect(*card, station);
  }
  devices::E1000& device() { return *card; }
  std::vector<conformance::Block> blocks() {
    return {{"config", &card->config_space(), 256, 4},
            {"mmio", card->windows()[0].registers, 0x6000, 8},
            {"io", card->windows()[1].registers, 64, 4},
            {"dense", dense.get(), Dense::kSize, 4}};
  }
  bool interrupting() const { return inta.high(); }
  void disturb(std::mt19937_64& random) {
    RegisterBlock& mmio = *card->windows()[0].registers;
    switch (random() % 4) {
      case 0: {
        Bytes frame(14 + random() % 2000);
        for (auto& byte : frame) byte = static_cast<std::uint8_t>(random());
        if (random() % 2 == 0) std::fill_n(frame.begin(), 6, std::uint8_t{0xFF});
        station.transmit(frame);
        break;
      }
      case 1:
        card->config_write(0x04, 2, 0x0007);
        mmio.write(e::kTdbal, 4, random() % memory.size());
        mmio.write(e::kTdbah, 4, 0);
        mmio.write(e::kTdlen, 4, random() % 4096);
        mmio.write(e::kTdh, 4, random() % 64);
        mmio.write(e::kTctl, 4, e::tctl::kEn);
        mmio.write(e::kTdt, 4, random() % 64);
        break;
      case 2:
        card->config_write(0x04, 2, 0x0007);
        mmio.write(e::kRdbal, 4, random() % memory.size());
        mmio.write(e::kRdbah, 4, 0);
        mmio.write(e::kRdlen, 4, random() % 4096);
        mmio.write(e::kRdh, 4, random() % 64);
        mmio.write(e::kRctl, 4, e::rctl::kEn | e::rctl::kBam | (random() & 0x0403'03F8));
        mmio.write(e::kRdt, 4, random() % 64);
        break;
      default:
        mmio.write(e::kIms, 4, random());
        mmio.write(e::kMdic, 4, 1U << 21 | (random() & 0x0C1F'FFFF));
        break;
    }
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(E1000, DeviceConformance, ConformanceBench);

TEST(E1000, PciFunction) {
  Bench b;
  EXPECT_EQ(b.card->config_read(0x00, 4), 0x100E8086U);
  EXPECT_EQ(b.card->config_read(0x08, 4), 0x02000003U);
  EXPECT_EQ(b.card->config_read(0x3D, 1), 1U);
  b.card->config_write(0x10, 4, 0xFFFFFFFF);
  EXPECT_EQ(b.card->config_read(0x10, 4), 0xFFFE0000U);
  b.card->config_write(0x14, 4, 0xFFFFFFFF);
  EXPECT_EQ(b.card->config_read(0x14, 4), 0xFFFFFFC1U);
  b.card->config_write(0x30, 4, 0xFFFFFFFF);
  EXPECT_EQ(b.card->config_read(0x30, 4), 0U) << "no option ROM, no BAR for it";
}

TEST(E1000, OptionRomBarHasTheRomsSizeRoundedUp) {
  devices::E1000::Config config;
  config.option_rom.assign(75'264, 0x11);
  config.option_rom[0] = 0x55;
  config.option_rom[1] = 0xAA;
  Bench b(config);
  b.card->config_write(0x30, 4, 0xFFFFFFFF);
  EXPECT_EQ(b.card->config_read(0x30, 4), 0xFFFE0001U);
  b.card->config_write(0x30, 4, 0xFEBC0001);
  const devices::PciWindow& rom = b.card->windows()[2];
  EXPECT_TRUE(rom.enabled);
  EXPECT_EQ(rom.base, 0xFEBC0000U);
  EXPECT_EQ(rom.registers->read(0, 4), 0x1111AA55U);
  EXPECT_EQ(rom.registers->read(75'262, 4), 0xFFFF1111U) << "beyond the file: erased flash";
  rom.registers->write(0, 4, 0);
  EXPECT_EQ(rom.registers->read(0, 2), 0xAA55U);
}

TEST(E1000, WrongAddressesAndRomsAreRefused) {
  Bench b;
  devices::E1000::Config config;
  config.mac = {0x01, 0, 0, 0, 0, 1};
  const auto group = devices::E1000::create(b.clock, b.inta, DmaPort(b.space), b.trace, config);
  ASSERT_FALSE(group.has_value());
  EXPECT_THAT(group.error().message(), testing::HasSubstr("01:00:00:00:00:01"));
  config.mac = {};
  EXPECT_FALSE(devices::E1000::create(b.clock, b.inta, DmaPort(b.space), b.trace, config));
}

TEST(E1000, ResetValues) {
  Bench b;
  EXPECT_EQ(b.in(e::kCtrl), 0x00140240U);
  EXPECT_EQ(b.in(e::kCtrlDup), b.in(e::kCtrl));
  EXPECT_EQ(b.in(e::kPba), 0x00100030U);
  EXPECT_EQ(b.in(e::kIcr), 0U);
  EXPECT_EQ(b.in(e::kRal0), 0xAB005452U);
  EXPECT_EQ(b.in(e::kRah0), 0x8000EFCDU);
}

TEST(E1000, ReservedRegistersReadZeroAndKeepNothing) {
  Bench b;
  b.out(0x0000C, 0xFFFFFFFF);
  EXPECT_EQ(b.in(0x0000C), 0U);
  b.out(0x1FFFC, 0xFFFFFFFF);
  EXPECT_EQ(b.in(0x1FFFC), 0U);
  b.out(e::kRdbal, 0xFFFFFFFF);
  EXPECT_EQ(b.in(e::kRdbal), 0xFFFFFFF0U);
  b.out(e::kTdlen, 0xFFFFFFFF);
  EXPECT_EQ(b.in(e::kTdlen), 0x000FFF80U);
}

TEST(E1000, NarrowReadsAreParts_NarrowWritesAreLost) {
  Bench b;
  EXPECT_EQ(b.mmio().read(e::kRal0 + 2, 1), 0x00U);
  EXPECT_EQ(b.mmio().read(e::kRal0 + 2, 2), 0xAB00U);
  b.mmio().write(e::kRal0, 2, 0x1234);
  EXPECT_EQ(b.in(e::kRal0), 0xAB005452U);
  b.mmio().write(e::kMta, 8, 0x1122334455667788);
  EXPECT_EQ(b.mmio().read(e::kMta, 8), 0x1122334455667788U);
  EXPECT_EQ(b.in(e::kMta + 4), 0x11223344U);
}

TEST(E1000, IoWindowReachesTheRegisters) {
  Bench b;
  b.io().write(0, 4, e::kVet);
  EXPECT_EQ(b.io().read(4, 4), 0x8100U);
  b.io().write(4, 4, 0x9100);
  EXPECT_EQ(b.in(e::kVet), 0x9100U);
  EXPECT_EQ(b.io().read(0, 4), e::kVet);
  b.io().write(0, 4, e::kIcs);
  b.io().write(4, 4, e::cause::kTxqe);
  b.io().write(0, 4, e::kIcr);
  EXPECT_EQ(b.io().read(4, 4), e::cause::kTxqe);
  EXPECT_EQ(b.io().read(4, 4), 0U) << "reading ICR through the window clears it too";
}

TEST(E1000, EepromByEerdHasAddressAndChecksum) {
  Bench b;
  unsigned sum = 0;
  std::array<std::uint16_t, 64> words{};
  for (unsigned i = 0; i < 64; ++i) {
    b.out(e::kEerd, i << 8 | e::eerd::kStart);
    const std::uint32_t value = b.in(e::kEerd);
    ASSERT_NE(value & e::eerd::kDone, 0U);
    words[i] = static_cast<std::uint16_t>(value >> 16);
    sum += words[i];
  }
  EXPECT_EQ(sum & 0xFFFF, 0xBABAU);
  EXPECT_EQ(words[0], 0x5452);
  EXPECT_EQ(words[1], 0xAB00);
  EXPECT_EQ(words[2], 0xEFCD);
  EXPECT_EQ(words[0x0D], 0x100E);
}

// The way a driver shifts bits through EECD.
struct BitBang {
  Bench& b;
  std::uint32_t value = e::eecd::kReq;

  void select(bool on) {
    value = on ? value | e::eecd::kCs : e::eecd::kReq;
    b.out(e::kEecd, value);
  }
  bool clock(bool data) {
    value = (value & ~e::eecd::kDi) | (data ? e::eecd::kDi : 0);
    b.out(e::kEecd, value);
    b.out(e::kEecd, value | e::eecd::kSk);
    const bool out = (b.in(e::kEecd)&e::eecd::kDo) != 0;
    b.out(e::kEecd, value);
    return out;
  }
  void shift(unsigned bits, unsigned count) {
    for (unsigned i = count; i-- > 0;) clock((bits >> i & 1) != 0);
  }
  std::uint16_t shift_in() {
    unsigned word = 0;
    for (unsigned i = 0; i < 16; ++i) word = word << 1 | (clock(false) ? 1 : 0);
    return static_cast<std::uint16_t>(word);
  }
  std::uint16_t read(unsigned address) {
    select(true);
    shift(6 << 6 | address, 9);
    const std::uint16_t word = shift_in();
    select(false);
    return word;
  }
  void command(unsigned bits) {
    select(true);
    shift(bits, 9);
    select(false);
  }
  void write(unsigned address, std::uint16_t word) {
    select(true);
    shift(5 << 6 | address, 9);
    shift(word, 16);
    select(false);
  }
};

TEST(E1000, EepromByBits) {
  Bench b;
  BitBang eeprom{b};
  b.out(e::kEecd, e::eecd::kReq);
  EXPECT_NE(b.in(e::kEecd)&e::eecd::kGnt, 0U);
  EXPECT_NE(b.in(e::kEecd)&e::eecd::kPres, 0U);
  EXPECT_EQ(eeprom.read(0), 0x5452);
  EXPECT_EQ(eeprom.read(2), 0xEFCD);
  EXPECT_EQ(eeprom.read(0x0D), 0x100E);
  // One READ goes on to the next word.
  eeprom.select(true);
  eeprom.shift(6 << 6 | 0, 9);
  EXPECT_EQ(eeprom.shift_in(), 0x5452);
  EXPECT_EQ(eeprom.shift_in(), 0xAB00);
  eeprom.select(false);
}

TEST(E1000, EepromWritesNeedEnablingAndOutliveResets) {
  Bench b;
  BitBang eeprom{b};
  b.out(e::kEecd, e::eecd::kReq);
  eeprom.write(0, 0x2222);
  EXPECT_EQ(eeprom.read(0), 0x5452) << "not enabled";
  eeprom.command(0b100110000);  // EWEN
  eeprom.write(0, 0x2222);
  EXPECT_EQ(eeprom.read(0), 0x2222);
  eeprom.command(0b111000001);  // ERASE word 1
  EXPECT_EQ(eeprom.read(1), 0xFFFF);
  eeprom.command(0b100000000);  // EWDS
  eeprom.write(0, 0x3332);
  EXPECT_EQ(eeprom.read(0), 0x2222);
  EXPECT_EQ(b.in(e::kRal0)&0xFFFF, 0x5452U);
  b.out(e::kCtrl, e::ctrl::kRst);
  EXPECT_EQ(b.in(e::kRal0), 0xFFFF2222U) << "CTRL.RST reads the EEPROM again";
  b.card->reset(ResetKind::kPowerOn);
  EXPECT_EQ(b.in(e::kRal0), 0xFFFF2222U);
}

TEST(E1000, PhyIdentityAndNegotiation) {
  Bench b;
  EXPECT_EQ(b.phy_read(2), 0x0141);
  EXPECT_EQ(b.phy_read(3), 0x0C20);
  EXPECT_EQ(b.phy_read(1) & 0x0024, 0) << "negotiating";
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U);
  b.out(e::kIms, e::cause::kLsc);
  b.advance(9'000'000);
  EXPECT_FALSE(b.inta.high());
  b.advance(2'000'000);
  EXPECT_TRUE(b.inta.high());
  EXPECT_EQ(b.in(e::kIcr), e::cause::kLsc);
  EXPECT_EQ(b.phy_read(1) & 0x0024, 0x0020) << "the link bit is latched low until it is read";
  EXPECT_EQ(b.phy_read(1) & 0x0024, 0x0024);
  EXPECT_EQ(b.in(e::kStatus)&0xC3, 0x83U) << "1000 Mb/s, full duplex, up";
  EXPECT_EQ(b.phy_read(17) & 0xEC00, 0xAC00);
  EXPECT_EQ(b.phy_read(5) & 0x4000, 0x4000);
  EXPECT_EQ(b.phy_read(10) & 0x0800, 0x0800);
}

TEST(E1000, LessAdvertisedIsLessNegotiated) {
  Bench b;
  b.wait_for_link();
  b.phy_write(9, 0);
  b.phy_write(4, 0x0121);  // 100BASE-TX full, 10BASE-T half
  b.phy_write(0, 0x1200);
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U) << "a restart takes the link down";
  b.wait_for_link();
  EXPECT_EQ(b.in(e::kStatus)&0xC3, 0x43U);
  b.phy_write(4, 0x0021);
  b.phy_write(0, 0x1200);
  b.wait_for_link();
  EXPECT_EQ(b.in(e::kStatus)&0xC3, 0x02U) << "10 Mb/s, half duplex";
  b.phy_write(4, 0x0001);
  b.phy_write(0, 0x1200);
  b.advance(50'000'000);
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U) << "nothing in common";
}

TEST(E1000, PhyIsForcedPoweredDownAndReset) {
  Bench b;
  b.phy_write(0, 0x2100);
  b.advance(11'000'000);
  EXPECT_EQ(b.in(e::kStatus)&0xC3, 0x43U) << "100 Mb/s full duplex without negotiation";
  EXPECT_EQ(b.phy_read(1) & 0x0020, 0);
  b.phy_write(0, 0x0800);
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U);
  b.advance(50'000'000);
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U);
  b.phy_write(0, 0x9140);
  EXPECT_EQ(b.phy_read(0), 0x1140);
  b.wait_for_link();
}

TEST(E1000, MdicRefusesOtherPhysAndOperations) {
  Bench b;
  b.out(e::kMdic, 2U << 21 | 1U << 16 | e::mdic::kOpRead << 26);
  EXPECT_EQ(b.in(e::kMdic) & (e::mdic::kReady | e::mdic::kError),
            e::mdic::kReady | e::mdic::kError);
  b.out(e::kMdic, 1U << 21 | 1U << 16);
  EXPECT_NE(b.in(e::kMdic)&e::mdic::kError, 0U);
  b.out(e::kIms, e::cause::kMdac);
  b.out(e::kMdic, e::mdic::kInterrupt | 1U << 21 | 2U << 16 | e::mdic::kOpRead << 26);
  EXPECT_EQ(b.in(e::kMdic)&0xFFFF, 0x0141U);
  EXPECT_EQ(b.in(e::kIcr), e::cause::kMdac);
}

TEST(E1000, PhyInterruptReachesTheMac) {
  Bench b;
  b.wait_for_link();
  b.phy_read(19);
  b.in(e::kIcr);
  b.phy_write(18, 0x0400);
  EXPECT_EQ(b.in(e::kIcr)&e::cause::kPhyint, 0U);
  b.station.power(false);
  b.phy_read(1);
  EXPECT_NE(b.in(e::kIcr)&e::cause::kPhyint, 0U);
  EXPECT_EQ(b.phy_read(19) & 0x0400, 0x0400);
  EXPECT_EQ(b.phy_read(19), 0);
}

TEST(E1000, TheCableDecidesTheLink) {
  Bench b;
  b.wait_for_link();
  b.in(e::kIcr);
  b.station.power(false);
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U);
  EXPECT_EQ(b.in(e::kIcr), e::cause::kLsc);
  b.station.power(true);
  b.wait_for_link();
  EXPECT_EQ(b.in(e::kIcr), e::cause::kLsc);
  b.out(e::kCtrl, b.in(e::kCtrl) & ~e::ctrl::kSlu);
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U) << "CTRL.SLU off: the MAC ignores the PHY";
}

TEST(E1000, SpeedAndDuplexCanBeForced) {
  Bench b;
  b.wait_for_link();
  b.out(e::kCtrl, e::ctrl::kSlu | e::ctrl::kFrcspd | e::ctrl::kFrcdplx | 1U << 8);
  EXPECT_EQ(b.in(e::kStatus)&0xC3, 0x42U);
}

TEST(E1000, ResetBitClearsItselfAndTheRegistersButNotThePhy) {
  Bench b;
  b.wait_for_link();
  b.out(e::kRctl, e::rctl::kUpe);
  b.out(e::kIms, e::cause::kAll);
  b.out(e::kIcs, e::cause::kTxqe);
  EXPECT_TRUE(b.inta.high());
  b.out(e::kCtrl, b.in(e::kCtrl) | e::ctrl::kRst);
  EXPECT_FALSE(b.inta.high());
  EXPECT_EQ(b.in(e::kCtrl), 0x00140240U);
  EXPECT_EQ(b.in(e::kRctl), 0U);
  EXPECT_EQ(b.in(e::kIms), 0U);
  EXPECT_NE(b.in(e::kStatus)&e::status::kLu, 0U) << "the link stays";
  EXPECT_EQ(b.card->config_read(0x04, 2), 0x0007U);
  b.out(e::kCtrl, b.in(e::kCtrl) | e::ctrl::kPhyRst);
  EXPECT_EQ(b.in(e::kStatus)&e::status::kLu, 0U);
  b.wait_for_link();
}

TEST(E1000, SnapshotOfADamagedPacketIsNotSent) {
  // What the conformance suite does at random: here with every byte of a small snapshot region.
  Bench b;
  b.start();
  b.queue(0, 0x0110'0000U | 1U << 26 | e::txd::kDext, 1448U << 16 | 54U << 8);
  b.go();
  b.advance(10'000);
  Archive writer = Archive::writer();
  b.card->serialize(writer);
  const Bytes saved = writer.bytes();
  for (std::size_t i = 0; i < saved.size(); i += 3) {
    auto damaged = saved;
    damaged[i] ^= 0xFF;
    Archive archive = Archive::reader(damaged);
    b.card->serialize(archive);
    b.advance(5'000);
    b.card->reset(ResetKind::kPowerOn);
  }
  EXPECT_FALSE(b.inta.high());
}

}  // namespace
}  // namespace ice86
