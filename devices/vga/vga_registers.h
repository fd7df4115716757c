// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of the registers that more than one part of the adapter looks at.
// Reference: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem; Bochs VBE display
// interface.
#pragma once

#include <cstdint>

#include "devices/vga/vga.h"

namespace ice86::devices::vga {

// Miscellaneous Output.
constexpr std::uint8_t kMiscColor = 0x01;
// Sequencer.
constexpr unsigned kClockingMode = 1, kMapMask = 2, kCharacterMap = 3, kMemoryMode = 4;
constexpr std::uint8_t kEightDots = 0x01, kHalfDotClock = 0x08, kScreenOff = 0x20;
constexpr std::uint8_t kSequential = 0x04, kChain4 = 0x08;
// Graphics controller.
constexpr unsigned kSetReset = 0, kEnableSetReset = 1, kColorCompare = 2, kDataRotate = 3;
constexpr unsigned kReadMap = 4, kGraphicsMode = 5, kMiscGraphics = 6, kColorDontCare = 7,
                   kBitMask = 8;
constexpr std::uint8_t kReadMode1 = 0x08, kOddEvenRead = 0x10, kInterleave = 0x20, kColor256 = 0x40;
constexpr std::uint8_t kGraphics = 0x01;
// Attribute controller.
constexpr std::uint8_t kPas = 0x20;
constexpr unsigned kModeControl = 0x10, kOverscan = 0x11, kPlaneEnable = 0x12, kPanning = 0x13;
constexpr unsigned kColorSelect = 0x14;
constexpr std::uint8_t kLineGraphics = 0x04, kBlink = 0x08, kPanningCompatible = 0x20,
                       kPaletteSize = 0x80;
// DISPI.
constexpr unsigned kId = 0, kXres = 1, kYres = 2, kBpp = 3, kEnable = 4, kBank = 5;
constexpr unsigned kVirtualWidth = 6, kVirtualHeight = 7, kXOffset = 8, kYOffset = 9,
                   kVideoMemory = 10;
constexpr std::uint16_t kEnabled = 0x01, kGetCaps = 0x02, k8BitDac = 0x20, kLfb = 0x40,
                        kNoClear = 0x80;
constexpr std::uint16_t kMostXres = 2560, kMostYres = 1600, kMostBpp = 32;

// Values that the CRT controller keeps in pieces.
struct Crt {
  unsigned columns, total_columns;        // character clocks
  unsigned lines, total_lines;            // scan lines
  unsigned retrace_start, retrace_lines;  // scan lines
  unsigned line_compare;
  unsigned start, pitch;  // address counter
  unsigned row_lines;     // scan lines of a character row
  bool double_scan;
};

inline Crt crt_of(const Vga::State& s) {
  const auto& c = s.crtc;
  const auto overflow = [&c](unsigned bit8, unsigned bit9) {
    return (c[7] >> bit8 & 1U) << 8 | (c[7] >> bit9 & 1U) << 9;
  };
  Crt t{};
  t.columns = c[1] + 1U;
  t.total_columns = c[0] + 5U;
  t.lines = (c[0x12] | overflow(1, 6)) + 1;
  t.total_lines = (c[6] | overflow(0, 5)) + 2;
  t.retrace_start = c[0x10] | overflow(2, 7);
  const unsigned length = (c[0x11] - t.retrace_start) & 0x0F;
  t.retrace_lines = length == 0 ? 16 : length;
  t.line_compare = c[0x18] | (c[7] >> 4 & 1U) << 8 | (c[9] >> 6 & 1U) << 9;
  t.start = c[0x0C] << 8 | c[0x0D];
  t.pitch = c[0x13] * 2U;
  t.row_lines = (c[9] & 0x1FU) + 1;
  t.double_scan = (c[9] & 0x80) != 0;
  if ((c[0x17] & 0x04) != 0) {  // the vertical timing counts every other scan line
    t.lines *= 2;
    t.total_lines *= 2;
    t.retrace_start *= 2;
  }
  return t;
}

// Where in each plane the CRT controller fetches for an address counter value (CR14, CR17).
inline std::uint32_t crt_offset(const Vga::State& s, unsigned counter, unsigned row_scan) {
  const std::uint8_t mode = s.crtc[0x17];
  unsigned offset = counter;
  if ((s.crtc[0x14] & 0x40) != 0) {
    offset = counter << 2 | (counter >> 14 & 3);
  } else if ((mode & 0x40) == 0) {
    offset = counter << 1 | (((mode & 0x20) != 0 ? counter >> 15 : counter >> 13) & 1);
  }
  if ((mode & 0x01) == 0) offset = (offset & ~0x2000U) | (row_scan & 1) << 13;
  if ((mode & 0x02) == 0) offset = (offset & ~0x4000U) | (row_scan >> 1 & 1) << 14;
  return offset & 0xFFFF;
}

}  // namespace ice86::devices::vga
