// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports, planes, DISPI and BAR 2 as software sees them; conformance.
#include <gmock/gmock.h>

#include "tests/devices/vga/vga_bench.h"

namespace ice86 {
namespace {

using namespace vga_test;
using devices::PciWindow;
using devices::Vga;

struct VgaBench : Card {
  static constexpr bool kReadsFollowPeek = true;
  Vga& device() { return *vga; }
  std::vector<conformance::Block> blocks() {
    std::vector<conformance::Block> all = {{"ports", &vga->ports(), 48, 1},
                                           {"dispi", &vga->dispi(), 3, 2},
                                           {"legacy memory", &vga->legacy_memory(), 0x20000, 8},
                                           {"config", &vga->config_space(), 256, 4}};
    for (const PciWindow& w : vga->windows()) {
      if (w.registers != nullptr) all.push_back({"BAR", w.registers, w.size, 4});
    }
    return all;
  }
  bool interrupting() const { return false; }
  void disturb(std::mt19937_64& random) {
    static const Mode* const kModes[] = {&kText80, &kPlanar640x480, &k256Colors, &kCga4, &kCga2};
    static constexpr std::uint16_t kDepths[] = {4, 8, 15, 16, 24, 32};
    if (random() % 64 != 0) return;
    if (random() % 2 == 0) {
      dispi(4, 0);
      set(*kModes[random() % std::size(kModes)]);
    } else {
      vbe(random() % 1100, random() % 900, kDepths[random() % std::size(kDepths)], random() & 0xE3);
    }
    static_cast<void>(vga->text());
    const devices::Frame frame = vga->frame();
    EXPECT_EQ(frame.pixels.size(), std::size_t{frame.width} * frame.height);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Vga, DeviceConformance, VgaBench);

TEST(Vga, PciIdentityAndBars) {
  Card c;
  EXPECT_EQ(c.vga->config_read(0, 4), 0x11111234U);
  EXPECT_EQ(c.vga->config_read(8, 4) >> 8, 0x030000U);
  c.vga->config_write(0x10, 4, 0xFFFFFFFF);
  EXPECT_EQ(c.vga->config_read(0x10, 4), 0xFF000008U) << "16 MiB, prefetchable";
  c.vga->config_write(0x18, 4, 0xFFFFFFFF);
  EXPECT_EQ(c.vga->config_read(0x18, 4), 0xFFFFF000U);
  c.vga->config_write(0x30, 4, 0xFFFFFFFE);
  EXPECT_EQ(c.vga->config_read(0x30, 4), 0xFFFFF800U);
}

TEST(Vga, OptionRomIsShownAndPadded) {
  Card c(std::vector<std::uint8_t>(38'400, 0xAA));
  for (const PciWindow& w : c.vga->windows()) {
    if (w.index != PciWindow::kRom) continue;
    EXPECT_EQ(w.size, 65536U);
    EXPECT_EQ(w.registers->read(38'396, 4), 0xAAAAAAAAU);
    EXPECT_EQ(w.registers->read(38'400, 4), 0xFFFFFFFFU);
  }
  EXPECT_FALSE(Vga::create(c.clock, c.trace, std::vector<std::uint8_t>(65'537)).has_value());
}

TEST(Vga, CrtcMovesBetweenMonochromeAndColorAddresses) {
  Card c;
  c.out(0x3C2, 0x67);
  c.crtc(0x0C, 0x12);
  EXPECT_EQ(c.indexed_in(0x3D4, 0x0C), 0x12);
  EXPECT_EQ(c.in(0x3B5), 0xFF);
  c.out(0x3C2, 0x66);
  EXPECT_EQ(c.in(0x3D5), 0xFF);
  EXPECT_EQ(c.indexed_in(0x3B4, 0x0C), 0x12);
  EXPECT_EQ(c.in(0x3CC), 0x66);
}

TEST(Vga, CrtcProtectBitKeepsTheTimingButNotLineCompare) {
  Card c;
  c.set(kText80);
  c.crtc(0x11, 0x8E);
  for (unsigned i = 0; i < 7; ++i) c.crtc(i, 0);
  EXPECT_EQ(c.indexed_in(0x3D4, 0), 0x5F);
  EXPECT_EQ(c.indexed_in(0x3D4, 6), 0xBF);
  c.crtc(7, 0x00);
  EXPECT_EQ(c.indexed_in(0x3D4, 7), 0x0F) << "bit 4 changed alone";
  c.crtc(8, 0x05);
  EXPECT_EQ(c.indexed_in(0x3D4, 8), 0x05);
}

TEST(Vga, AttributeFlipFlopIsResetByInputStatus) {
  Card c;
  c.out(0x3C2, 0x67);
  c.in(0x3DA);
  c.out(0x3C0, 0x33);
  c.out(0x3C0, 0x0B);
  c.out(0x3C0, 0x31);
  c.in(0x3DA);
  c.out(0x3C0, 0x33);
  EXPECT_EQ(c.in(0x3C1), 0x0B);
  EXPECT_EQ(c.in(0x3C0), 0x33);
}

TEST(Vga, DacCyclesThroughComponentsAndEntries) {
  Card c;
  c.out(0x3C8, 254);
  EXPECT_EQ(c.in(0x3C7), 0x00);
  for (unsigned i = 0; i < 9; ++i) c.out(0x3C9, i + 0x41);
  c.out(0x3C7, 254);
  EXPECT_EQ(c.in(0x3C7), 0x03);
  for (unsigned i = 0; i < 9; ++i) EXPECT_EQ(c.in(0x3C9), (i + 0x41) & 0x3F) << i;
  c.out(0x3C8, 5);
  c.out(0x3C9, 1);
  c.out(0x3C9, 2);
  c.out(0x3C7, 5);
  EXPECT_EQ(c.in(0x3C9), 0) << "two of three components change nothing";
}

TEST(Vga, RegistersKeepOnlyBitsThatExist) {
  Card c;
  c.sequencer(1, 0xFF);
  EXPECT_EQ(c.in(0x3C5), 0x3D);
  c.sequencer(4, 0xFF);
  EXPECT_EQ(c.in(0x3C5), 0x0E);
  c.graphics(5, 0xFF);
  EXPECT_EQ(c.in(0x3CF), 0x7B);
  c.graphics(8, 0xA5);
  EXPECT_EQ(c.in(0x3CF), 0xA5);
}

TEST(Vga, RetraceFollowsVirtualTimeAtTheModesRate) {
  Card c;
  c.set(kText80);
  // 900 dots by 449 lines at 28.322 MHz: 70.09 pictures a second.
  unsigned edges = 0;
  bool before = false;
  std::uint64_t in_retrace = 0, blank = 0;
  constexpr unsigned kSteps = 100'000;  // a virtual second
  for (unsigned i = 0; i < kSteps; ++i) {
    conformance::advance(c, 1000);
    const std::uint8_t status = c.in(0x3DA);
    const bool now = (status & 0x08) != 0;
    if (now && !before) ++edges;
    before = now;
    in_retrace += now;
    blank += status & 1;
    if (now) {
      EXPECT_EQ(status & 1, 1) << "nothing is displayed during retrace";
    }
  }
  EXPECT_EQ(edges, 70U);
  EXPECT_NEAR(static_cast<double>(in_retrace) / kSteps, 2.0 / 449, 0.001);
  EXPECT_NEAR(static_cast<double>(blank) / kSteps, 1 - 400.0 / 449 * 80 / 100, 0.01);
}

TEST(Vga, MemoryMapsSelectTheWindow) {
  Card c;
  c.set(kPlanar640x480);
  c.graphics(6, 0x05);  // A0000, 64 KiB
  c.poke(0xA0010, 0x11);
  c.poke(0xB0010, 0x22);
  EXPECT_EQ(c.read(0xA0010), 0x11);
  EXPECT_EQ(c.read(0xB0010), 0xFF);
  c.graphics(6, 0x0D);  // B8000
  EXPECT_EQ(c.read(0xB8010), 0x11);
  EXPECT_EQ(c.read(0xA0010), 0xFF);
  c.graphics(6, 0x09);  // B0000
  EXPECT_EQ(c.read(0xB0010), 0x11);
  c.out(0x3C2, 0xE1);  // the enable bit clear: as on QEMU's and Bochs' cards, no difference
  EXPECT_EQ(c.read(0xB0010), 0x11);
}

struct Planar : Card {
  Planar() { set(kPlanar640x480); }
  std::uint8_t plane(unsigned p, unsigned address) {
    graphics(4, p);
    graphics(5, 0);
    return read(address);
  }
  std::array<unsigned, 4> planes(unsigned address) {
    return {plane(0, address), plane(1, address), plane(2, address), plane(3, address)};
  }
};

TEST(VgaPlanes, MapMaskChoosesPlanes) {
  Planar c;
  c.sequencer(2, 0x05);
  c.poke(0xA0000, 0x3C);
  EXPECT_THAT(c.planes(0xA0000), testing::ElementsAre(0x3C, 0, 0x3C, 0));
}

TEST(VgaPlanes, WriteMode0SetResetBitMaskAndRotate) {
  Planar c;
  c.poke(0xA0000, 0xF0);
  c.read(0xA0000);  // latches
  c.graphics(0, 0x02);
  c.graphics(1, 0x03);
  c.graphics(3, 0x04);
  c.graphics(8, 0x3C);
  c.poke(0xA0001, 0x12);  // rotated by 4: 21h
  EXPECT_THAT(c.planes(0xA0001), testing::ElementsAre(0xC0, 0xFC, 0xE0, 0xE0));
}

TEST(VgaPlanes, WriteMode0LogicalFunctions) {
  for (const auto& [function, expected] :
       {std::pair{0x08U, 0x88U}, {0x10U, 0xEEU}, {0x18U, 0x66U}}) {
    Planar c;
    c.poke(0xA0000, 0xCC);
    c.read(0xA0000);
    c.graphics(3, function);
    c.poke(0xA0000, 0xAA);
    EXPECT_EQ(c.planes(0xA0000)[0], expected) << function;
  }
}

TEST(VgaPlanes, WriteMode1CopiesLatches) {
  Planar c;
  for (unsigned p = 0; p < 4; ++p) {
    c.sequencer(2, 1U << p);
    c.poke(0xA0000, 0x10 + p);
  }
  c.sequencer(2, 0x0F);
  c.graphics(5, 1);
  c.read(0xA0000);
  c.poke(0xA0100, 0xFF);
  EXPECT_THAT(c.planes(0xA0100), testing::ElementsAre(0x10, 0x11, 0x12, 0x13));
}

TEST(VgaPlanes, WriteMode2ExpandsAColor) {
  Planar c;
  c.poke(0xA0000, 0x00);
  c.read(0xA0000);
  c.graphics(5, 2);
  c.graphics(8, 0x81);
  c.poke(0xA0000, 0x0A);
  EXPECT_THAT(c.planes(0xA0000), testing::ElementsAre(0, 0x81, 0, 0x81));
}

TEST(VgaPlanes, WriteMode3UsesDataAsMask) {
  Planar c;
  c.poke(0xA0000, 0xFF);
  c.read(0xA0000);
  c.graphics(0, 0x04);
  c.graphics(8, 0x0F);
  c.graphics(5, 3);
  c.poke(0xA0000, 0x33);
  EXPECT_THAT(c.planes(0xA0000), testing::ElementsAre(0xFC, 0xFC, 0xFF, 0xFC));
}

TEST(VgaPlanes, ReadMode1ComparesColors) {
  Planar c;
  c.sequencer(2, 0x01);
  c.poke(0xA0000, 0xF0);
  c.sequencer(2, 0x02);
  c.poke(0xA0000, 0xCC);
  c.graphics(5, 0x08);
  c.graphics(2, 0x03);
  c.graphics(7, 0x0F);
  EXPECT_EQ(c.read(0xA0000), 0xC0) << "pixels of colour 3";
  c.graphics(7, 0x01);
  EXPECT_EQ(c.read(0xA0000), 0xF0) << "only plane 0 matters";
  c.graphics(7, 0x00);
  EXPECT_EQ(c.read(0xA0000), 0xFF);
}

TEST(VgaPlanes, OddEvenSpreadsOverPlanes0And1) {
  Card c;
  c.set(kText80);
  c.poke(0xB8000, 'A');
  c.poke(0xB8001, 0x1F);
  EXPECT_EQ(c.read(0xB8000), 'A');
  EXPECT_EQ(c.read(0xB8001), 0x1F);
  c.sequencer(4, 6);
  c.graphics(5, 0);
  c.graphics(6, 0x0C);
  c.graphics(4, 0);
  EXPECT_EQ(c.read(0xB8000), 'A');
  c.graphics(4, 1);
  EXPECT_EQ(c.read(0xB8000), 0x1F) << "the attribute is at the same place of plane 1";
}

TEST(VgaPlanes, Chain4IsFourPlanesByTheLowAddressBits) {
  Card c;
  c.set(k256Colors);
  for (unsigned i = 0; i < 8; ++i) c.poke(0xA0000 + i, 0x50 + i);
  EXPECT_EQ(c.read(0xA0006), 0x56);
  c.sequencer(4, 6);
  c.graphics(4, 2);
  EXPECT_EQ(c.read(0xA0000), 0x52);
  EXPECT_EQ(c.read(0xA0004), 0x56);
}

TEST(VgaDispi, IdentifiesAndReportsLimits) {
  Card c;
  EXPECT_EQ(c.dispi(0), 0xB0C5);
  c.dispi(0, 0xB0C0);
  EXPECT_EQ(c.dispi(0), 0xB0C0);
  c.dispi(0, 0x1234);
  EXPECT_EQ(c.dispi(0), 0xB0C0);
  c.dispi(4, 0x02);
  EXPECT_EQ(c.dispi(1), 2560);
  EXPECT_EQ(c.dispi(2), 1600);
  EXPECT_EQ(c.dispi(3), 32);
  EXPECT_EQ(c.dispi(10), 256) << "16 MiB in 64 KiB units";
}

TEST(VgaDispi, EnableClearsMemoryUnlessAsked) {
  Card c;
  c.vga->vram().data()[5] = 0x77;
  c.vbe(640, 480, 8, 0xC1);
  EXPECT_EQ(c.vga->vram().data()[5], 0x77);
  c.vbe(640, 480, 8, 0x41);
  EXPECT_EQ(c.vga->vram().data()[5], 0);
  EXPECT_EQ(c.dispi(6), 640);
  EXPECT_EQ(c.dispi(7), 16 * 1024 * 1024 / 640);
}

TEST(VgaDispi, ModesThatDoNotFitStayOff) {
  Card c;
  c.vbe(2560, 1600, 32);
  EXPECT_EQ(c.dispi(4) & 1, 1) << "exactly fits in 16 MiB";
  c.dispi(4, 0);
  c.dispi(1, 3000);
  EXPECT_EQ(c.dispi(1), 2560) << "too wide";
  c.dispi(2, 0);
  c.dispi(4, 1);
  EXPECT_EQ(c.dispi(4) & 1, 0) << "no lines";
}

TEST(VgaDispi, BanksReachAllMemoryThroughTheWindow) {
  Card c;
  c.out(0x3C2, 0x67);
  c.vbe(1024, 768, 32, 0x01);
  c.dispi(5, 3);
  c.poke(0xA0010, 0x99);
  EXPECT_EQ(c.vga->vram().data()[0x30010], 0x99);
  c.dispi(5, 0);
  EXPECT_EQ(c.read(0xA0010), 0);
}

TEST(VgaMmio, PortsAndDispiAppearInBar2) {
  Card c;
  RegisterBlock& mmio = *c.vga->windows()[1].registers;
  mmio.write(0x402, 1, 0x67);
  EXPECT_EQ(c.in(0x3CC), 0x67);
  mmio.write(0x404, 2, 0x0F02);
  EXPECT_EQ(c.in(0x3C5), 0x0F);
  EXPECT_EQ(mmio.read(0x500, 2), 0xB0C5U);
  mmio.write(0x502, 2, 800);
  EXPECT_EQ(c.dispi(1), 800);
  EXPECT_EQ(mmio.read(0x600, 4), 8U);
  EXPECT_EQ(mmio.read(0x604, 4), 0x1E1E1E1EU);
  std::uint8_t sum = 0;
  for (unsigned i = 0; i < 128; ++i) sum = static_cast<std::uint8_t>(sum + mmio.read(i, 1));
  EXPECT_EQ(sum, 0) << "EDID checksum";
  EXPECT_EQ(mmio.read(0, 8), 0x00FFFFFFFFFFFF00ULL);
}

}  // namespace
}  // namespace ice86
