// SPDX-License-Identifier: LGPL-2.1-or-later
// The Debian installer from its CD, to the first question it asks: on the text screen, in letters
// that it draws, and in graphics; started by ISOLINUX and, under UEFI, by GRUB. The CD is made by
// images/zoo/make_installer.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "cpu/cpu_model.h"
#include "tests/firmware/support/guest.h"
#include "tests/firmware/support/picture.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;

constexpr Nanoseconds kLong = 1800 * Guest::kSecond;

// By the translator, which takes some CPU minutes for each.
std::unique_ptr<Guest> installer(const char* firmware) {
  return Guest::create({.firmware = firmware,
                        .cdrom = ICE86_ZOO_IMAGES "/installer.iso",
                        .memory_mib = 1536,
                        .engine = cpu::Engine::kJit});
}

// The colours of the question: the blue of the background, the grey of the dialog, its shadow, the
// red of the chosen line, in the palette of a text screen.
bool has_its_colours(const devices::Frame& frame) {
  auto counts = colours(frame);
  const unsigned all = frame.width * frame.height;
  return frame.width == 1024 && frame.height == 768 && counts[0x0000AA] > all / 16 &&
         counts[0xAAAAAA] > all / 3 && counts[0x000000] > all / 50 &&
         counts[0xAA0000] > 344 * 16 / 2 && counts.size() <= 16;
}

// The glyphs of the chosen line, from its first column on: which dots have the colour of the
// letters.
std::vector<std::vector<bool>> chosen_line(const devices::Frame& frame) {
  const auto red = [&](unsigned x, unsigned y) {
    return frame.pixels[std::size_t{y} * frame.width + x] == 0xAA0000;
  };
  std::vector<std::vector<bool>> glyphs;
  for (unsigned y = 0; y + 16 <= frame.height && glyphs.empty(); y += 16) {
    // Only this line is red in its last columns of dots and in its first.
    unsigned left = 0;
    while (left + 320 < frame.width && !(red(left, y) && red(left, y + 15) && red(left + 320, y)))
      left += 8;
    for (unsigned x = left; x + 8 <= frame.width && red(x + 7, y + 15); x += 8) {
      std::vector<bool>& glyph = glyphs.emplace_back();
      for (unsigned dot = 0; dot < 128; ++dot) glyph.push_back(!red(x + dot % 8, y + dot / 8));
    }
  }
  return glyphs;
}

// "English - English": seven different letters, the same twice.
void chose_english(const devices::Frame& frame) {
  const auto line = chosen_line(frame);
  ASSERT_GT(line.size(), 40u);
  const auto again = std::search(line.begin() + 7, line.end(), line.begin(), line.begin() + 7);
  EXPECT_NE(again, line.end());
  EXPECT_EQ(std::set(line.begin(), line.begin() + 7).size(), 7u);
}

// A banner of many colours, a dialog of one, in it a white list with black letters and one line
// chosen.
void asks_in_graphics(Guest& guest, const std::string& name) {
  const auto there = [&](const devices::Frame& frame) {
    if (frame.width != 1024 || frame.height != 768) return false;
    const auto list = colours(frame, {24, 175, 984, 700});
    const auto white = list.find(0xFFFFFF);
    return white != list.end() && white->second > 960u * 525 * 3 / 4;
  };
  EXPECT_TRUE(guest.watch(there, kLong));
  guest.run_for(2 * Guest::kSecond);
  keep_screen(guest, name);
  const devices::Frame frame = guest.pc().vga().frame();
  ASSERT_EQ(frame.width, 1024u);
  EXPECT_GT(colours(frame, {0, 0, 1024, 75}).size(), 500u) << "the banner";
  EXPECT_LT(colours(frame, {30, 76, 994, 88}).size(), 3u) << "nothing below it";
  // The chosen language is written on shades of green, the others on white.
  unsigned chosen_lines = 0, written_lines = 0;
  for (unsigned y = 175; y < 700; ++y) {
    auto line = colours(frame, {30, y, 980, y + 1});
    unsigned green = 0;
    for (const auto& [colour, count] : line)
      if ((colour >> 8 & 0xFF) > (colour >> 16) + 0x40) green += count;
    if (green > 700) ++chosen_lines;
    if (line[0xFFFFFF] > 700 && line.size() > 3) ++written_lines;
  }
  EXPECT_GT(chosen_lines, 15u);
  EXPECT_LT(chosen_lines, 30u);
  EXPECT_GT(written_lines, 200u) << "the languages";
}

TEST(Installer, OnTheTextScreen) {
  const auto guest = installer("seabios");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"boot: ", "text\r"}}, kLong));
  EXPECT_TRUE(guest->see("Select a language", kLong));
  guest->run_for(Guest::kSecond);
  keep_screen(*guest, "installer-text");
  for (const char* text : {"[!!] Select a language", "Choose the language to be used", "English",
                           "<Go Back>", "<Tab> moves"})
    EXPECT_THAT(guest->screen(), HasSubstr(text));
}

// The kernel's bochs driver shows the console; its letters are nearly those of a VGA BIOS.
TEST(Installer, InLetters) {
  const auto guest = installer("seabios");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"boot: ", "letters\r"}}, kLong));
  EXPECT_TRUE(guest->watch(has_its_colours, kLong));
  guest->run_for(2 * Guest::kSecond);
  keep_screen(*guest, "installer-letters");
  const devices::Frame frame = guest->pc().vga().frame();
  const std::string text = Font::of_vga_bios(ICE86_VGA_BIOS).read(frame, 0, 0);
  for (const char* said : {"Select a language", "Choose the language to be used", "Deutsch",
                           "<Go Back>", "selects; <Enter>"})
    EXPECT_THAT(text, HasSubstr(said));
  chose_english(frame);
}

TEST(Installer, InGraphics) {
  const auto guest = installer("seabios");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"boot: ", "graphics\r"}}, kLong));
  asks_in_graphics(*guest, "installer-graphics");
}

// Here the installer draws its letters itself, with a font of its own.
TEST(Installer, InLettersUnderUefi) {
  const auto guest = installer("ovmf");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"Install (text)", "t"}}, kLong));
  EXPECT_TRUE(guest->watch(has_its_colours, kLong));
  guest->run_for(2 * Guest::kSecond);
  keep_screen(*guest, "installer-efi-letters");
  chose_english(guest->pc().vga().frame());
}

TEST(Installer, InGraphicsUnderUefi) {
  const auto guest = installer("ovmf");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"Install (text)", "g"}}, kLong));
  asks_in_graphics(*guest, "installer-efi-graphics");
}

}  // namespace
}  // namespace ice86
