// SPDX-License-Identifier: LGPL-2.1-or-later
// What is on the screen: characters, every legacy graphics mode, panning, split screen, VBE, PNG.
#include <png.h>

#include <random>

#include "emulator/base/files.h"
#include "emulator/display/screen.h"
#include "tests/devices/vga/vga_bench.h"

namespace ice86 {
namespace {

using namespace vga_test;

struct Text : Card {
  Text() {
    // A font that shows each character's code as its bit pattern, on every line.
    set(kText80);
    sequencer(2, 4);
    sequencer(4, 6);
    graphics(5, 0);
    graphics(6, 4);
    for (unsigned ch = 0; ch < 256; ++ch) {
      for (unsigned line = 0; line < 16; ++line) poke(0xA0000 + ch * 32 + line, ch);
    }
    set(kText80);
    for (unsigned row = 0; row < 25; ++row) print(row, 0, std::string(80, ' '));
    print(0, 0, std::string(80, '\0'));
  }
};

TEST(VgaText, ScreenIsReadBackAsUtf8) {
  Text c;
  c.print(0, 0, std::string(80, ' '));
  c.print(2, 3, "Hello, \x80\xB0\xDB\x01 world");
  const auto screen = c.vga->text();
  ASSERT_TRUE(screen.has_value());
  EXPECT_EQ(screen->columns, 80U);
  EXPECT_EQ(screen->rows, 25U);
  const std::string text = display::text_of(*screen);
  EXPECT_EQ(text.substr(0, 5), "\n\n   ");
  EXPECT_NE(text.find("   Hello, Ç░█☺ world\n"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 25);
}

TEST(VgaText, NineDotCellsWithForegroundAndBackground) {
  Text c;
  c.print(0, 1, "\xC1", 0x1E);  // box character: the ninth dot repeats the eighth
  c.print(0, 2, "\x81", 0x1E);
  const auto frame = c.vga->frame();
  EXPECT_EQ(frame.width, 720U);
  EXPECT_EQ(frame.height, 400U);
  EXPECT_EQ(at(frame, 9, 0), color(14));
  EXPECT_EQ(at(frame, 11, 0), color(1));
  EXPECT_EQ(at(frame, 16, 0), color(14));
  EXPECT_EQ(at(frame, 17, 0), color(14)) << "line graphics";
  EXPECT_EQ(at(frame, 25, 0), color(14));
  EXPECT_EQ(at(frame, 26, 0), color(1)) << "other characters have a blank ninth dot";
}

TEST(VgaText, CursorBlinksInItsCell) {
  Text c;
  c.crtc(0x0E, 0);
  c.crtc(0x0F, 81);
  const auto screen = c.vga->text();
  ASSERT_TRUE(screen && screen->cursor);
  EXPECT_EQ(screen->cursor->row, 1U);
  EXPECT_EQ(screen->cursor->column, 1U);
  EXPECT_EQ(at(c.vga->frame(), 9, 16 + 13), color(7));
  EXPECT_EQ(at(c.vga->frame(), 9, 16 + 11), color(0)) << "above the cursor's first line";
  conformance::advance(c, 12'000'000);  // 120 ms: eight pictures later
  EXPECT_EQ(at(c.vga->frame(), 9, 16 + 13), color(0));
  c.crtc(0x0A, 0x20);
  EXPECT_FALSE(c.vga->text()->cursor.has_value());
}

TEST(VgaText, StartAddressScrolls) {
  Text c;
  c.print(1, 0, "second");
  c.crtc(0x0C, 0);
  c.crtc(0x0D, 80);
  EXPECT_EQ(display::text_of(*c.vga->text()).substr(0, 7), "second\n");
}

TEST(VgaText, SplitScreenShowsTheTopOfMemoryBelow) {
  Text c;
  c.print(0, 0, "status");
  c.print(5, 0, "body");
  c.crtc(0x0D, 80 * 5 & 0xFF);
  c.crtc(0x0C, 80 * 5 >> 8);
  c.crtc(0x07, 0x0F);
  c.crtc(0x09, 0x0F);
  c.crtc(0x11, 0);
  c.crtc(0x18, (16 * 24 - 1) & 0xFF);
  c.crtc(0x07, 0x1F);  // line compare bit 8: 383 = 17Fh
  const std::string text = display::text_of(*c.vga->text());
  EXPECT_EQ(text.substr(0, 5), "body\n");
  EXPECT_EQ(text.substr(text.size() - 8, 8), "\nstatus\n") << text;
}

TEST(VgaText, PanningMovesByDots) {
  Text c;
  c.print(0, 0, "\x81", 0x0F);
  c.print(0, 1, "\x01", 0x0F);
  EXPECT_EQ(at(c.vga->frame(), 0, 0), color(15));
  c.attribute(0x13, 0);  // 9-dot cells: 8 is no shift, 0 is one dot
  EXPECT_EQ(at(c.vga->frame(), 6, 0), color(15));
  EXPECT_EQ(at(c.vga->frame(), 7, 0), color(0));
}

TEST(VgaGraphics, Planar640x480) {
  Card c;
  c.set(kPlanar640x480);
  c.sequencer(2, 0x05);
  c.poke(0xA0000 + 100 * 80 + 10, 0x80);
  const auto frame = c.vga->frame();
  EXPECT_EQ(frame.width, 640U);
  EXPECT_EQ(frame.height, 480U);
  EXPECT_EQ(at(frame, 80, 100), color(5));
  EXPECT_EQ(at(frame, 81, 100), color(0));
  EXPECT_FALSE(c.vga->text().has_value());
}

TEST(VgaGraphics, Mode13hPixelsAreTwoDotsByTwoLines) {
  Card c;
  c.set(k256Colors);
  c.dac(200, 63, 0, 63);
  c.poke(0xA0000 + 50 * 320 + 33, 200);
  const auto frame = c.vga->frame();
  EXPECT_EQ(frame.width, 640U);
  EXPECT_EQ(frame.height, 400U);
  for (unsigned y = 100; y < 102; ++y) {
    EXPECT_EQ(at(frame, 66, y), 0xFF00FFU);
    EXPECT_EQ(at(frame, 67, y), 0xFF00FFU);
  }
  EXPECT_EQ(at(frame, 65, 100), 0U);
  EXPECT_EQ(at(frame, 66, 102), 0U);
  c.out(0x3C6, 0x0F);
  EXPECT_EQ(at(c.vga->frame(), 66, 100), color(8)) << "the PEL mask cuts 200 to 8";
}

TEST(VgaGraphics, ModeXAddressesPlanes) {
  Card c;
  c.set(k256Colors);
  c.sequencer(4, 6);
  c.crtc(0x14, 0);
  c.crtc(0x17, 0xE3);
  c.dac(9, 0, 63, 0);
  c.sequencer(2, 1U << (33 % 4));
  c.poke(0xA0000 + 50 * 80 + 33 / 4, 9);
  EXPECT_EQ(at(c.vga->frame(), 66, 100), 0x00FF00U);
  // A second page, at the start address.
  c.crtc(0x0C, 0x40);
  EXPECT_EQ(at(c.vga->frame(), 66, 100), 0U);
  c.poke(0xA4000 + 50 * 80 + 33 / 4, 9);
  EXPECT_EQ(at(c.vga->frame(), 66, 100), 0x00FF00U);
}

TEST(VgaGraphics, CgaFourColorsInterleaved) {
  Card c;
  c.set(kCga4);
  c.poke(0xB8000, 0x1B);           // pixels 0 1 2 3 of line 0
  c.poke(0xB8000 + 0x2000, 0xC0);  // line 1
  c.poke(0xB8001, 0x80);           // pixel 4
  const auto frame = c.vga->frame();
  EXPECT_EQ(frame.width, 640U);
  EXPECT_EQ(frame.height, 400U);
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(at(frame, i * 2, 0), color(i)) << i;
  EXPECT_EQ(at(frame, 8, 0), color(2));
  EXPECT_EQ(at(frame, 0, 2), color(3));
  EXPECT_EQ(at(frame, 2, 2), color(0));
}

TEST(VgaGraphics, CgaTwoColors) {
  Card c;
  c.set(kCga2);
  c.poke(0xB8000 + 79, 0x01);
  c.poke(0xBA000 + 80, 0x80);
  const auto frame = c.vga->frame();
  EXPECT_EQ(at(frame, 639, 0), color(1));
  EXPECT_EQ(at(frame, 638, 0), color(0));
  EXPECT_EQ(at(frame, 0, 6), color(1)) << "line 3 is the second of the odd bank";
}

TEST(VgaGraphics, ScreenOffAndPaletteAccessBlank) {
  Card c;
  c.set(kPlanar640x480);
  c.poke(0xA0000, 0xFF);
  EXPECT_NE(at(c.vga->frame(), 0, 0), 0U);
  c.sequencer(1, 0x21);
  EXPECT_EQ(at(c.vga->frame(), 0, 0), 0U);
  c.sequencer(1, 0x01);
  c.attribute(0x11, 4);
  c.in(0x3DA);
  c.out(0x3C0, 0x00);  // PAS off: the overscan colour everywhere
  EXPECT_EQ(at(c.vga->frame(), 0, 0), color(4));
}

TEST(VgaGraphics, ColorSelectReplacesHighPaletteBits) {
  Card c;
  c.set(kPlanar640x480);
  c.dac(0xA1, 10, 20, 30);
  c.sequencer(2, 1);
  c.poke(0xA0000, 0x80);
  c.attribute(0x10, 0x81);
  c.attribute(0x14, 0x0A);
  EXPECT_EQ(at(c.vga->frame(), 0, 0), 0x285179U);
}

TEST(VgaVbe, DepthsAndOffsets) {
  Card c;
  std::uint8_t* vram = c.vga->vram().data();
  c.vbe(800, 600, 32);
  vram[(10 * 800 + 20) * 4] = 0x11;
  vram[(10 * 800 + 20) * 4 + 1] = 0x22;
  vram[(10 * 800 + 20) * 4 + 2] = 0x33;
  EXPECT_EQ(at(c.vga->frame(), 20, 10), 0x332211U);
  c.dispi(6, 1000);
  c.dispi(8, 5);
  c.dispi(9, 3);
  store_le(vram + ((3 + 7) * 1000 + 5 + 6) * 4, std::uint32_t{0xABCDEF});
  EXPECT_EQ(at(c.vga->frame(), 6, 7), 0xABCDEFU);
  c.dispi(8, 900);
  EXPECT_EQ(c.dispi(8), 200) << "the picture stays inside the virtual screen";
  c.vbe(640, 480, 16);
  store_le(vram + 2, std::uint16_t{0xF81F});
  EXPECT_EQ(at(c.vga->frame(), 1, 0), 0xFF00FFU);
  c.vbe(640, 480, 15);
  store_le(vram + 2, std::uint16_t{0x03E0});
  EXPECT_EQ(at(c.vga->frame(), 1, 0), 0x00FF00U);
  c.vbe(640, 480, 24);
  vram[3] = 1, vram[4] = 2, vram[5] = 3;
  EXPECT_EQ(at(c.vga->frame(), 1, 0), 0x030201U);
  c.vbe(640, 480, 8);
  c.dac(77, 63, 32, 0);
  vram[1] = 77;
  EXPECT_EQ(at(c.vga->frame(), 1, 0), 0xFF8200U);
  c.vbe(800, 600, 4);
  c.out(0x3C2, 0x67);
  c.set(kPlanar640x480);
  c.sequencer(2, 0x06);
  c.poke(0xA0000 + 100 * 100 + 1, 0x80);
  EXPECT_EQ(at(c.vga->frame(), 8, 100), color(6));
}

TEST(VgaVbe, EightBitDac) {
  Card c;
  c.vbe(640, 480, 8);
  c.dac(1, 0x3F, 0x20, 0x00);
  c.dispi(4, 0x61);
  EXPECT_EQ(c.vga->state().palette[3], 0xFC) << "colours keep their look";
  c.dac(1, 0xFF, 0x81, 0x42);
  c.vga->vram().data()[0] = 1;
  EXPECT_EQ(at(c.vga->frame(), 0, 0), 0xFF8142U);
}

TEST(VgaVbe, LargestMode) {
  Card c;
  c.vbe(2560, 1600, 32);
  c.vga->vram().data()[(2560ULL * 1600 - 1) * 4 + 2] = 0xFF;
  const auto frame = c.vga->frame();
  EXPECT_EQ(frame.width, 2560U);
  EXPECT_EQ(frame.height, 1600U);
  EXPECT_EQ(at(frame, 2559, 1599), 0xFF0000U);
}

TEST(VgaVbe, GenerationTellsOfChanges) {
  Card c;
  c.set(kText80);
  const auto before = c.vga->generation();
  EXPECT_EQ(c.vga->generation(), before);
  c.poke(0xB8000, 'x');
  EXPECT_NE(c.vga->generation(), before);
}

// The picture that is kept up to date is the picture, whatever was written in between, and no line
// outside the returned range changed.
TEST(VgaUpdate, KeepsUpWithEveryWrite) {
  struct Setting {
    const Mode* mode;
    unsigned width, height, bpp;
  };
  for (const Setting& s : {Setting{&kText80, 0, 0, 0}, Setting{&kPlanar640x480, 0, 0, 0},
                           Setting{&k256Colors, 0, 0, 0}, Setting{&kCga4, 0, 0, 0},
                           Setting{nullptr, 800, 600, 4}, Setting{nullptr, 640, 480, 8},
                           Setting{nullptr, 640, 480, 15}, Setting{nullptr, 640, 480, 16},
                           Setting{nullptr, 1024, 600, 24}, Setting{nullptr, 800, 600, 32}}) {
    Card c;
    if (s.mode != nullptr) {
      c.set(*s.mode);
    } else {
      c.set(kPlanar640x480);
      c.vbe(s.width, s.height, s.bpp);
    }
    std::mt19937 random(s.bpp + 1);
    devices::Frame kept;
    for (unsigned round = 0; round < 40; ++round) {
      const devices::Frame before = kept;
      const devices::LineRange lines = c.vga->update(kept);
      const devices::Frame whole = c.vga->frame();
      ASSERT_EQ(kept.width, whole.width);
      ASSERT_EQ(kept.height, whole.height);
      ASSERT_TRUE(kept.pixels == whole.pixels) << s.bpp << " bits, round " << round;
      for (unsigned y = 0; !before.pixels.empty() && y < kept.height; ++y) {
        if (y >= lines.first && y < lines.end) continue;
        const std::size_t from = std::size_t{y} * kept.width;
        ASSERT_TRUE(
            std::equal(&kept.pixels[from], &kept.pixels[from] + kept.width, &before.pixels[from]))
            << "line " << y;
      }
      switch (random() % 4) {
        case 0:
          for (unsigned i = 0; i < 40; ++i) c.poke(0xA0000 + random() % 0x20000, random() & 0xFF);
          break;
        case 1:  // as the CPU writes to the linear frame buffer
          for (unsigned i = 0; i < 3; ++i) {
            const std::uint64_t offset = random() % (2U << 20);
            c.vga->vram().data()[offset] = static_cast<std::uint8_t>(random());
            *c.vga->vram().page_flags(offset) |= Ram::kWritten;
          }
          break;
        case 2: c.dac(random() % 16, random() % 64, random() % 64, random() % 64); break;
        default:
          if (s.mode == nullptr) c.dispi(9, random() % 3);
          c.clock.skip_to(c.clock.now() + random() % 400'000'000);
          break;
      }
    }
    // Nothing happened: nothing is drawn.
    c.vga->update(kept);
    EXPECT_TRUE(c.vga->update(kept).empty());
  }
}

TEST(VgaUpdate, OneDotIsOneLine) {
  Card c;
  c.vbe(1024, 768, 32);
  devices::Frame kept;
  EXPECT_EQ(c.vga->update(kept), (devices::LineRange{0, 768}));
  const std::uint64_t offset = (std::uint64_t{300} * 1024 + 17) * 4;
  c.vga->vram().data()[offset] = 0xFF;
  *c.vga->vram().page_flags(offset) |= Ram::kWritten;
  EXPECT_EQ(c.vga->update(kept), (devices::LineRange{300, 301}));
  EXPECT_EQ(at(kept, 17, 300), 0x0000FFU);
}

TEST(Screen, PngDecodesToTheFrame) {
  Text c;
  c.print(3, 5, "\xAA\x55", 0x2C);
  const auto frame = c.vga->frame();
  const auto encoded = display::png_of(frame);
  ASSERT_TRUE(encoded.has_value());
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_memory(&image, encoded->data(), encoded->size()), 0);
  EXPECT_EQ(image.width, frame.width);
  EXPECT_EQ(image.height, frame.height);
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  ASSERT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0);
  for (std::size_t i = 0; i < frame.pixels.size(); ++i) {
    ASSERT_EQ(frame.pixels[i],
              std::uint32_t{pixels[i * 3]} << 16 | pixels[i * 3 + 1] << 8 | pixels[i * 3 + 2])
        << i;
  }
  EXPECT_FALSE(display::png_of({}).has_value());
}

TEST(Screen, FilesAreWrittenAndGraphicsSaysSo) {
  Card c;
  c.vbe(640, 480, 32);
  EXPECT_EQ(display::describe(*c.vga), "(graphics, 640 x 480: see the picture)\n");
  const auto folder = std::filesystem::path(testing::TempDir());
  ASSERT_TRUE(display::write_screen(*c.vga, folder).has_value());
  EXPECT_TRUE(read_file(folder / "screen.png", 1 << 20).has_value());
  EXPECT_TRUE(read_file(folder / "screen.txt", 1 << 20).has_value());
  EXPECT_FALSE(display::write_screen(*c.vga, folder / "no" / "such").has_value());
}

}  // namespace
}  // namespace ice86
