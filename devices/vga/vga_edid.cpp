// SPDX-License-Identifier: LGPL-2.1-or-later
// The EDID block.
// Reference: VESA Enhanced EDID Standard, release A revision 2, section 3.
#include "devices/vga/vga_edid.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace ice86::devices {

namespace {

using Edid = std::array<std::uint8_t, kEdidSize>;

void put(Edid& edid, unsigned at, std::initializer_list<unsigned> bytes) {
  for (const unsigned byte : bytes) edid.at(at++) = static_cast<std::uint8_t>(byte);
}

// A display descriptor with text (section 3.10.3).
void put_text(Edid& edid, unsigned at, std::uint8_t tag, std::string_view text) {
  edid.at(at + 3) = tag;
  for (unsigned i = 0; i < 13; ++i) {
    edid.at(at + 5 + i) = static_cast<std::uint8_t>(i < text.size()    ? text[i]
                                                    : i == text.size() ? '\n'
                                                                       : ' ');
  }
}

// A standard timing (section 3.9): width, aspect 00 16:10, 01 4:3, 10 5:4, 11 16:9; 60 Hz.
void put_timing(Edid& edid, unsigned number, unsigned width, unsigned aspect) {
  put(edid, 0x26 + number * 2, {width / 8 - 31, aspect << 6});
}

}  // namespace

Edid make_edid() {
  Edid edid{};
  put(edid, 0x00, {0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00});
  put(edid, 0x08, {0x25, 0x65, 0x86, 0x00, 1, 0, 0, 0});  // ICE, product 86h, serial 1
  put(edid, 0x10, {0, 13, 1, 4});                         // made in 2003; EDID 1.4
  put(edid, 0x14,
      {0xA5, 32, 24, 120,
       0x06});  // digital, 8 bits a colour; 32 x 24 cm; gamma 2.2; sRGB, preferred timing
  put(edid, 0x19, {0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54});  // sRGB primaries
  put(edid, 0x23, {0x21, 0x08, 0x00});  // 640x480, 800x600, 1024x768 at 60 Hz
  put_timing(edid, 0, 1280, 2);
  put_timing(edid, 1, 1600, 1);
  put_timing(edid, 2, 1920, 3);
  put_timing(edid, 3, 1280, 0);
  put_timing(edid, 4, 1440, 0);
  put_timing(edid, 5, 1680, 0);
  put_timing(edid, 6, 1920, 0);
  put(edid, 0x34, {0x01, 0x01});  // unused
  // Preferred: 1024x768 at 60 Hz, VESA DMT timing; 65 MHz, 320 and 38 blanked, sync 24/136 and 3/6.
  put(edid, 0x36,
      {0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18, 0x88, 0x36, 0x00, 0x40, 0xF0, 0x10,
       0x00, 0x00, 0x18});
  edid[0x48 + 3] = 0xFD;  // range limits: 50-125 Hz, 30-160 kHz, 350 MHz
  put(edid, 0x48 + 5, {50, 125, 30, 160, 35, 0x01, 0x0A, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20});
  put_text(edid, 0x5A, 0xFC, "ice86");
  put_text(edid, 0x6C, 0xFF, "1");
  std::uint8_t sum = 0;
  for (unsigned i = 0; i < kEdidSize - 1; ++i) sum = static_cast<std::uint8_t>(sum + edid[i]);
  edid[kEdidSize - 1] = static_cast<std::uint8_t>(-sum);
  return edid;
}

}  // namespace ice86::devices
