// SPDX-License-Identifier: LGPL-2.1-or-later
// INT 10h and VBE.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference (BIOS); VBE 3.0.
#include "harness/fuzz/conformance.h"

namespace ice86::harness {

namespace {

constexpr std::uint32_t kBuffer = Probe::kBuffer;
constexpr std::uint32_t kText = 0xb8000;
constexpr std::uint16_t kMode = 0x101;  // 640 x 480, 256 colours (VBE 3.0 section 3)

void set(Probe& p, std::uint16_t mode) {
  p.call(0x10, {.ax = mode});
}
void cursor_to(Probe& p, std::uint16_t place) {
  p.call(0x10, {.ax = 0x0200, .dx = place});
}
std::uint16_t cursor(Probe& p) {
  p.call(0x10, {.ax = 0x0300});
  return p.dx();
}
std::uint32_t cell(Probe& p, unsigned row, unsigned column) {
  return p.get(kText + (row * 80 + column) * 2, 2);
}

void mode_3(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0f00});
  p.is("AX", p.out().ax(), 0x5003);
  p.is("BH", p.bx() >> 8, 0);
  p.is("0:449h", p.get(0x449, 1), 3);
  p.is("0:44Ah", p.get(0x44a, 2), 80);
  p.is("a cell", cell(p, 12, 40), 0x0720);
}
void mode_12(Probe& p) {
  set(p, 0x12);
  p.call(0x10, {.ax = 0x0f00});
  p.is("AL", p.out().al(), 0x12);
}
void mode_keeps(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0958, .bx = 0x001e, .cx = 1});
  set(p, 0x83);
  p.is("the first cell", cell(p, 0, 0), 0x1e58);
}
void position(Probe& p) {
  set(p, 3);
  cursor_to(p, 0x0a22);
  p.is("DX", cursor(p), 0x0a22);
  p.is("0:450h", p.get(0x450, 2), 0x0a22);
}
void shape(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0100, .cx = 0x0607});
  p.call(0x10, {.ax = 0x0300});
  p.is("CX", p.cx(), 0x0607);
}
void page(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0502});
  p.call(0x10, {.ax = 0x0f00});
  p.is("BH", p.bx() >> 8, 2);
}
void scroll_up(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0941, .bx = 0x0007, .cx = 80 * 3});
  p.call(0x10, {.ax = 0x0601, .bx = 0x4e00, .cx = 0x0000, .dx = 0x024f});
  p.is("a line that moved", cell(p, 1, 5), 0x0741);
  p.is("the new line", cell(p, 2, 5), 0x4e20);
}
void scroll_down(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0941, .bx = 0x0007, .cx = 80});
  p.call(0x10, {.ax = 0x0701, .bx = 0x4e00, .cx = 0x0000, .dx = 0x184f});
  p.is("a line that moved", cell(p, 1, 5), 0x0741);
  p.is("the new line", cell(p, 0, 5), 0x4e20);
}
void clear_window(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0941, .bx = 0x0007, .cx = 80 * 25});
  p.call(0x10, {.ax = 0x0600, .bx = 0x1f00, .cx = 0x0505, .dx = 0x0a0a});
  p.is("a cell inside", cell(p, 7, 7), 0x1f20);
  p.is("a cell outside", cell(p, 7, 11), 0x0741);
}
void read_cell(Probe& p) {
  set(p, 3);
  cursor_to(p, 0x0306);
  p.call(0x10, {.ax = 0x095a, .bx = 0x002d, .cx = 1});
  p.call(0x10, {.ax = 0x0800});
  p.is("AX", p.out().ax(), 0x2d5a);
}
void write_character(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x0941, .bx = 0x003c, .cx = 3});
  p.call(0x10, {.ax = 0x0a42, .bx = 0x0000, .cx = 2});
  p.is("a cell with its colours kept", cell(p, 0, 1), 0x3c42);
  p.is("a cell behind", cell(p, 0, 2), 0x3c41);
  p.is("the cursor", cursor(p), 0);
}
void teletype(Probe& p) {
  set(p, 3);
  for (const std::uint8_t c : {'a', 'b', '\b', '\r', '\n', 'c'})
    p.call(0x10, {.ax = static_cast<std::uint16_t>(0x0e00 | c), .bx = 7});
  p.is("the cursor", cursor(p), 0x0101);
  p.is("a cell", cell(p, 0, 1) & 0xff, 'b');
  p.is("a cell of the next line", cell(p, 1, 0) & 0xff, 'c');
}
void teletype_scrolls(Probe& p) {
  set(p, 3);
  cursor_to(p, 0x184f);
  p.call(0x10, {.ax = 0x0e78, .bx = 7});
  p.is("the cursor", cursor(p), 0x1800);
  p.is("the cell", cell(p, 23, 79) & 0xff, 'x');
}
void pixel(Probe& p) {
  set(p, 0x13);
  p.call(0x10, {.ax = 0x0c5b, .cx = 301, .dx = 117});
  p.is("A0000h", p.get(0xa0000 + 117 * 320 + 301, 1), 0x5b);
  p.call(0x10, {.ax = 0x0d00, .cx = 301, .dx = 117});
  p.is("AL", p.out().al(), 0x5b);
}
void pixel_planes(Probe& p) {
  set(p, 0x12);
  p.call(0x10, {.ax = 0x0c0d, .cx = 401, .dx = 217});
  p.call(0x10, {.ax = 0x0d00, .cx = 401, .dx = 217});
  p.is("AL", p.out().al(), 0x0d);
}
void font(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x1130, .bx = 0x0600});
  p.is("CX", p.cx(), 16);
  p.is("DL", p.dx() & 0xff, 24);
  const std::uint32_t at = (std::uint32_t{p.out().es} << 4) + (p.out().ebp & 0xffff);
  std::uint32_t bits = 0;
  for (std::uint32_t i = 0; i < 16; ++i) bits |= p.get(at + 'A' * 16 + i, 1);
  if (bits == 0) p.fail("no glyph for A at ES:BP");
}
void font_8(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x1112, .bx = 0});
  p.is("0:484h", p.get(0x484, 1), 49);
  p.is("0:485h", p.get(0x485, 2), 8);
}
void dac(Probe& p) {
  set(p, 0x13);
  p.call(0x10, {.ax = 0x1010, .bx = 0x0077, .cx = 0x1122, .dx = 0x3300});
  p.call(0x10, {.ax = 0x1015, .bx = 0x0077});
  p.is("green and blue", p.cx(), 0x1122);
  p.is("red", p.dx() >> 8, 0x33);
}
void adapter(Probe& p) {
  p.call(0x10, {.ax = 0x1200, .bx = 0x0010});
  p.is("BX", p.bx(), 0x0003);
}
void text_string(Probe& p) {
  set(p, 3);
  p.put(kBuffer, 4, 0x64636261);
  p.call(0x10, {.ax = 0x1301, .bx = 0x001b, .cx = 4, .dx = 0x0510});  // ES:BP, and BP is 0
  p.is("the last cell", cell(p, 5, 0x13), 0x1b64);
  p.is("the cursor", cursor(p), 0x0514);
}
void combination(Probe& p) {
  p.call(0x10, {.ax = 0x1a00});
  p.is("AL", p.out().al(), 0x1a);
  p.is("BL", p.bx() & 0xff, 8);
}
void state_information(Probe& p) {
  set(p, 3);
  p.call(0x10, {.ax = 0x1b00});
  p.is("AL", p.out().al(), 0x1b);
  p.is("mode", p.get(kBuffer + 4, 1), 3);
  p.is("columns", p.get(kBuffer + 5, 2), 80);
  // Some count rows as 0:484h does.
  if (p.get(kBuffer + 0x22, 1) != 24) p.is("rows", p.get(kBuffer + 0x22, 1), 25);
}
void state_size(Probe& p) {
  p.call(0x10, {.ax = 0x1c00, .cx = 7});
  p.is("AL", p.out().al(), 0x1c);
  if (p.bx() == 0) p.fail("no blocks of 64 bytes");
}

void vbe(Probe& p, const Probe::Regs& in) {
  p.call(0x10, in);
  p.is("AX", p.out().ax(), 0x4f);
}
void controller(Probe& p) {
  p.put(kBuffer, 4, 0x32454256);  // VBE2
  vbe(p, {.ax = 0x4f00});
  p.is("signature", p.get(kBuffer, 4), 0x41534556);  // VESA
  if (p.get(kBuffer + 4, 2) < 0x200) p.is("version", p.get(kBuffer + 4, 2), 0x300);
}
void mode_list(Probe& p) {
  controller(p);
  const std::uint32_t list = (p.get(kBuffer + 16, 2) << 4) + p.get(kBuffer + 14, 2);
  bool found = false;
  std::uint32_t at = list;
  for (; at < list + 1000 && p.get(at, 2) != 0xffff; at += 2) found |= p.get(at, 2) == kMode;
  p.is("the list's end", p.get(at, 2), 0xffff);
  if (!found) p.fail("mode 101h is not in it");
}
void every_mode(Probe& p) {
  controller(p);
  const std::uint32_t list = (p.get(kBuffer + 16, 2) << 4) + p.get(kBuffer + 14, 2);
  std::vector<std::uint16_t> modes;
  for (std::uint32_t at = list; at < list + 1000 && p.get(at, 2) != 0xffff; at += 2)
    modes.push_back(static_cast<std::uint16_t>(p.get(at, 2)));
  for (const std::uint16_t mode : modes) vbe(p, {.ax = 0x4f01, .cx = mode});
}
void mode_information(Probe& p) {
  vbe(p, {.ax = 0x4f01, .cx = kMode});
  p.is("supported", p.get(kBuffer, 2) & 1, 1);
  p.is("width", p.get(kBuffer + 0x12, 2), 640);
  p.is("height", p.get(kBuffer + 0x14, 2), 480);
  p.is("bits", p.get(kBuffer + 0x19, 1), 8);
  if (p.get(kBuffer + 0x10, 2) < 640) p.fail("lines are shorter than the width");
}
void linear(Probe& p) {
  vbe(p, {.ax = 0x4f01, .cx = kMode});
  p.is("linear", p.get(kBuffer, 2) & 0x80, 0x80);
  if (p.get(kBuffer + 0x28, 4) < 0x100000) p.fail("no address of the frame buffer");
}
void set_vbe(Probe& p) {
  vbe(p, {.ax = 0x4f02, .bx = kMode});
  vbe(p, {.ax = 0x4f03});
  p.is("mode", p.bx() & 0x3fff, kMode);
}
void set_vbe_unknown(Probe& p) {
  p.call(0x10, {.ax = 0x4f02, .bx = 0x3abc});
  if (p.out().ax() == 0x4f) p.fail("sets mode 3ABCh");
}
void information_unknown(Probe& p) {
  p.call(0x10, {.ax = 0x4f01, .cx = 0x3abc});
  if (p.out().ax() == 0x4f) p.fail("knows mode 3ABCh");
}
void window(Probe& p) {
  vbe(p, {.ax = 0x4f02, .bx = kMode});
  vbe(p, {.ax = 0x4f05, .bx = 0x0000, .dx = 2});
  vbe(p, {.ax = 0x4f05, .bx = 0x0100});
  p.is("DX", p.dx(), 2);
}
void line_length(Probe& p) {
  vbe(p, {.ax = 0x4f02, .bx = kMode});
  vbe(p, {.ax = 0x4f06, .bx = 0x0001});
  p.is("bytes", p.bx(), 640);
  p.is("pixels", p.cx(), 640);
}
void display_start(Probe& p) {
  vbe(p, {.ax = 0x4f02, .bx = kMode});
  vbe(p, {.ax = 0x4f07, .bx = 0x0000, .cx = 0, .dx = 16});
  vbe(p, {.ax = 0x4f07, .bx = 0x0001});
  p.is("line", p.dx(), 16);
}
void state_buffer(Probe& p) {
  vbe(p, {.ax = 0x4f04, .cx = 0x0f, .dx = 0});
  if (p.bx() == 0) p.fail("no blocks of 64 bytes");
}
void palette(Probe& p) {
  vbe(p, {.ax = 0x4f02, .bx = kMode});
  p.put(kBuffer, 4, 0x00112233);
  vbe(p, {.ax = 0x4f09, .bx = 0x0000, .cx = 1, .dx = 0x40});
  p.put(kBuffer, 4, 0);
  vbe(p, {.ax = 0x4f09, .bx = 0x0001, .cx = 1, .dx = 0x40});
  p.is("colour", p.get(kBuffer, 4) & 0x3f3f3f, 0x112233);
}

}  // namespace

const std::vector<ConformanceCheck>& video_checks() {
  static const std::vector<ConformanceCheck> kChecks = {
      {0x10, "AH=00h sets mode 3", "BIOS", mode_3},
      {0x10, "AH=00h sets mode 12h", "BIOS", mode_12},
      {0x10, "AH=00h with bit 7 keeps what is there", "BIOS", mode_keeps},
      {0x10, "AH=01h: the cursor's shape", "BIOS", shape},
      {0x10, "AH=02h, 03h: the cursor's place", "BIOS", position},
      {0x10, "AH=05h: the page", "BIOS", page},
      {0x10, "AH=06h scrolls up", "BIOS", scroll_up},
      {0x10, "AH=06h clears a window", "BIOS", clear_window},
      {0x10, "AH=07h scrolls down", "BIOS", scroll_down},
      {0x10, "AH=08h, 09h: a cell", "BIOS", read_cell},
      {0x10, "AH=0Ah keeps colours", "BIOS", write_character},
      {0x10, "AH=0Ch, 0Dh in mode 13h", "BIOS", pixel},
      {0x10, "AH=0Ch, 0Dh in mode 12h", "BIOS", pixel_planes},
      {0x10, "AH=0Eh: control characters", "BIOS", teletype},
      {0x10, "AH=0Eh scrolls", "BIOS", teletype_scrolls},
      {0x10, "AX=1010h, 1015h: a colour", "BIOS", dac},
      {0x10, "AX=1112h: 50 lines", "BIOS", font_8},
      {0x10, "AX=1130h: the font", "BIOS", font},
      {0x10, "AH=12h, BL=10h: 256 KiB, colour", "BIOS", adapter},
      {0x10, "AH=13h writes a string", "BIOS", text_string},
      {0x10, "AH=1Ah: VGA with colour display", "BIOS", combination},
      {0x10, "AH=1Bh: state", "BIOS", state_information},
      {0x10, "AH=1Ch: size of the state", "BIOS", state_size},
      {0x10, "AX=4F00h: controller", "VBE 4.3", controller},
      {0x10, "AX=4F00h: list of modes", "VBE 4.3", mode_list},
      {0x10, "AX=4F01h: mode 101h", "VBE 4.4", mode_information},
      {0x10, "AX=4F01h: every mode of the list", "VBE 4.4", every_mode},
      {0x10, "AX=4F01h: linear frame buffer", "VBE 4.4", linear},
      {0x10, "AX=4F01h refuses mode 3ABCh", "VBE 4.4", information_unknown},
      {0x10, "AX=4F02h, 4F03h: mode 101h", "VBE 4.5, 4.6", set_vbe},
      {0x10, "AX=4F02h refuses mode 3ABCh", "VBE 4.5", set_vbe_unknown},
      {0x10, "AX=4F04h: size of the state", "VBE 4.7", state_buffer},
      {0x10, "AX=4F05h: the window", "VBE 4.8", window},
      {0x10, "AX=4F06h: length of a line", "VBE 4.9", line_length},
      {0x10, "AX=4F07h: start of the display", "VBE 4.10", display_start},
      {0x10, "AX=4F09h: the palette", "VBE 4.12", palette}};
  return kChecks;
}

}  // namespace ice86::harness
