// SPDX-License-Identifier: LGPL-2.1-or-later
// What a picture in a graphics mode shows: its colours, and the letters of consoles that draw them
// in a pixel mode with the fonts of old displays.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "devices/vga/frame.h"
#include "emulator/base/files.h"
#include "tests/firmware/support/guest.h"

namespace ice86 {

struct Area {
  unsigned left, top, right, bottom;
};

// How many pixels of a part of the screen have which colour.
inline std::map<std::uint32_t, unsigned> colours(const devices::Frame& frame, const Area& area) {
  std::map<std::uint32_t, unsigned> counts;
  for (unsigned y = area.top; y < std::min(area.bottom, frame.height); ++y)
    for (unsigned x = area.left; x < std::min(area.right, frame.width); ++x)
      ++counts[frame.pixels[std::size_t{y} * frame.width + x]];
  return counts;
}

inline std::map<std::uint32_t, unsigned> colours(const devices::Frame& frame) {
  return colours(frame, {0, 0, frame.width, frame.height});
}

// The 8x16 characters of a VGA BIOS. Consoles in graphics draw most of their letters the same.
class Font {
 public:
  static constexpr unsigned kWidth = 8, kHeight = 16;
  using Glyph = std::array<std::uint8_t, kHeight>;

  // In a VGA BIOS, by its letter A.
  static Font of_vga_bios(const std::string& path) {
    Font font;
    const auto rom = read_file(path, 1 << 20);
    if (!rom) {
      ADD_FAILURE() << rom.error().message();
      return font;
    }
    const Glyph letter_a = {0,    0,    0x10, 0x38, 0x6C, 0xC6, 0xC6, 0xFE,
                            0xC6, 0xC6, 0xC6, 0xC6, 0,    0,    0,    0};
    const auto found = std::search(rom->begin(), rom->end(), letter_a.begin(), letter_a.end());
    if (found - rom->begin() < 'A' * int{kHeight} || rom->end() - found < 0x3F * int{kHeight}) {
      ADD_FAILURE() << "no 8x16 font in " << path;
      return font;
    }
    for (unsigned character = ' '; character < 0x7F; ++character) {
      Glyph glyph;
      std::copy_n(found + (static_cast<int>(character) - 'A') * int{kHeight}, kHeight,
                  glyph.begin());
      font.characters_.emplace(glyph, static_cast<char>(character));
    }
    return font;
  }

  // The lines of characters whose first has its corner at (left, top). A character that the font
  // does not have is a '~'.
  std::string read(const devices::Frame& frame, unsigned left, unsigned top) const {
    std::string text;
    for (unsigned y = top; y + kHeight <= frame.height; y += kHeight) {
      std::string line;
      for (unsigned x = left; x + kWidth <= frame.width; x += kWidth) {
        const auto found = characters_.find(glyph_at(frame, x, y));
        line += found != characters_.end() ? found->second : '~';
      }
      line.resize(line.find_last_not_of(' ') + 1);
      text += line + '\n';
    }
    return text;
  }

 private:
  // The last column of a cell is background in nearly all characters.
  static Glyph glyph_at(const devices::Frame& frame, unsigned left, unsigned top) {
    const auto pixel = [&](unsigned x, unsigned y) {
      return frame.pixels[std::size_t{top + y} * frame.width + left + x];
    };
    const std::uint32_t background = pixel(kWidth - 1, kHeight - 1);
    Glyph glyph{};
    for (unsigned y = 0; y < kHeight; ++y)
      for (unsigned x = 0; x < kWidth; ++x)
        if (pixel(x, y) != background) glyph[y] |= static_cast<std::uint8_t>(0x80 >> x);
    return glyph;
  }

  std::map<Glyph, char> characters_;
};

// Where a developer wants to look at the pictures: into the folder ICE86_TEST_SCREENS.
inline void keep_screen(Guest& guest, const std::string& name) {
  const char* const folder = std::getenv("ICE86_TEST_SCREENS");
  if (folder == nullptr) return;
  const std::filesystem::path path = std::filesystem::path(folder) / name;
  std::filesystem::create_directories(path);
  const auto written = display::write_screen(guest.pc().vga(), path);
  EXPECT_TRUE(written) << written.error().message();
}

}  // namespace ice86
