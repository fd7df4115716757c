// SPDX-License-Identifier: LGPL-2.1-or-later
// The headless screen: what a display adapter shows, as text and as PNG. Usable at any time; the
// guest can not tell.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "devices/vga/frame.h"
#include "emulator/base/result.h"

namespace ice86::display {

// Code page 437 as UTF-8, the graphic characters of 00h-1Fh and 7Fh included; 00h is a space.
std::string_view utf8_of_cp437(std::uint8_t character);

// The characters row by row, each row ended by a line feed, without trailing spaces; then nothing
// else.
std::string text_of(const devices::TextScreen& screen);

// "screen.txt": the text, or one line that says which graphics mode it is.
std::string describe(const devices::DisplaySource& source);

// An RGB PNG. Fails only when libpng does.
Result<std::vector<std::uint8_t>> png_of(const devices::Frame& frame);

// Writes screen.txt and screen.png into `folder`.
Result<void> write_screen(const devices::DisplaySource& source,
                          const std::filesystem::path& folder);

}  // namespace ice86::display
