// SPDX-License-Identifier: LGPL-2.1-or-later
// The text side of the headless screen.
// Reference: IBM code page 437, with the graphic characters of the control codes.
#include "emulator/display/screen.h"

#include <fmt/core.h>

#include <array>

#include "emulator/base/files.h"

namespace ice86::display {

namespace {

// Sixteen characters a line, from 00h.
constexpr std::array<std::string_view, 256> kCodePage437 = {
    " ", "☺", "☻", "♥", "♦", "♣", "♠", "•", "◘", "○", "◙", "♂", "♀", "♪", "♫", "☼",  "►",  "◄", "↕",
    "‼", "¶", "§", "▬", "↨", "↑", "↓", "→", "←", "∟", "↔", "▲", "▼", " ", "!", "\"", "#",  "$", "%",
    "&", "'", "(", ")", "*", "+", ",", "-", ".", "/", "0", "1", "2", "3", "4", "5",  "6",  "7", "8",
    "9", ":", ";", "<", "=", ">", "?", "@", "A", "B", "C", "D", "E", "F", "G", "H",  "I",  "J", "K",
    "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "[",  "\\", "]", "^",
    "_", "`", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",  "o",  "p", "q",
    "r", "s", "t", "u", "v", "w", "x", "y", "z", "{", "|", "}", "~", "⌂", "Ç", "ü",  "é",  "â", "ä",
    "à", "å", "ç", "ê", "ë", "è", "ï", "î", "ì", "Ä", "Å", "É", "æ", "Æ", "ô", "ö",  "ò",  "û", "ù",
    "ÿ", "Ö", "Ü", "¢", "£", "¥", "₧", "ƒ", "á", "í", "ó", "ú", "ñ", "Ñ", "ª", "º",  "¿",  "⌐", "¬",
    "½", "¼", "¡", "«", "»", "░", "▒", "▓", "│", "┤", "╡", "╢", "╖", "╕", "╣", "║",  "╗",  "╝", "╜",
    "╛", "┐", "└", "┴", "┬", "├", "─", "┼", "╞", "╟", "╚", "╔", "╩", "╦", "╠", "═",  "╬",  "╧", "╨",
    "╤", "╥", "╙", "╘", "╒", "╓", "╫", "╪", "┘", "┌", "█", "▄", "▌", "▐", "▀", "α",  "ß",  "Γ", "π",
    "Σ", "σ", "µ", "τ", "Φ", "Θ", "Ω", "δ", "∞", "φ", "ε", "∩", "≡", "±", "≥", "≤",  "⌠",  "⌡", "÷",
    "≈", "°", "∙", "·", "√", "ⁿ", "²", "■", " "};

}  // namespace

std::string_view utf8_of_cp437(std::uint8_t character) {
  return kCodePage437[character];
}

std::string text_of(const devices::TextScreen& screen) {
  std::string text;
  for (unsigned row = 0; row < screen.rows; ++row) {
    std::string line;
    std::size_t used = 0;
    for (unsigned column = 0; column < screen.columns; ++column) {
      const std::string_view c =
          utf8_of_cp437(screen.cells[std::size_t{row} * screen.columns + column].character);
      line += c;
      if (c != " ") used = line.size();
    }
    line.resize(used);
    text += line + '\n';
  }
  return text;
}

std::string describe(const devices::DisplaySource& source) {
  if (const auto screen = source.text()) return text_of(*screen);
  const devices::Frame frame = source.frame();
  return fmt::format("(graphics, {} x {}: see the picture)\n", frame.width, frame.height);
}

Result<void> write_screen(const devices::DisplaySource& source,
                          const std::filesystem::path& folder) {
  ICE86_TRY(write_file(folder / "screen.txt", describe(source)));
  ICE86_TRY_ASSIGN(const auto png, png_of(source.frame()));
  return write_file(folder / "screen.png", png);
}

}  // namespace ice86::display
