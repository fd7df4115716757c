// SPDX-License-Identifier: LGPL-2.1-or-later
// A display adapter and a program that sets the standard modes, as the IBM manual tabulates them.
// Reference: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 'Modes'.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "devices/vga/vga.h"
#include "tests/devices/conformance.h"

namespace ice86::vga_test {

struct Mode {
  std::uint8_t misc;
  std::vector<std::uint8_t> sequencer, crtc, graphics;
  std::uint8_t attribute_mode, plane_enable, panning;
};

inline const Mode kText80{
    0x67,
    {3, 0x00, 3, 0, 2},
    {0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0,    0x4F, 0x0D, 0x0E, 0,
     0,    0,    0,    0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF},
    {0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF},
    0x0C,
    0x0F,
    0x08};
inline const Mode kPlanar640x480{
    0xE3,
    {3, 0x01, 0x0F, 0, 6},
    {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0,    0x40, 0,    0,   0,
     0,    0,    0,    0xEA, 0x8C, 0xDF, 0x28, 0,    0xE7, 0x04, 0xE3, 0xFF},
    {0, 0, 0, 0, 0, 0, 0x05, 0x0F, 0xFF},
    0x01,
    0x0F,
    0};
inline const Mode k256Colors{
    0x63,
    {3, 0x01, 0x0F, 0, 0x0E},
    {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0,    0x41, 0,    0,   0,
     0,    0,    0,    0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF},
    {0, 0, 0, 0, 0, 0x40, 0x05, 0x0F, 0xFF},
    0x41,
    0x0F,
    0};
inline const Mode kCga4{0x63,
                        {3, 0x09, 3, 0, 2},
                        {0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80, 0xBF, 0x1F, 0,    0xC1, 0,    0,   0,
                         0,    0,    0,    0x9C, 0x8E, 0x8F, 0x14, 0,    0x96, 0xB9, 0xA2, 0xFF},
                        {0, 0, 0, 0, 0, 0x30, 0x0F, 0, 0xFF},
                        0x01,
                        0x03,
                        0};
inline const Mode kCga2{0x63,
                        {3, 0x01, 1, 0, 6},
                        {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0,    0xC1, 0,    0,   0,
                         0,    0,    0,    0x9C, 0x8E, 0x8F, 0x28, 0,    0x96, 0xB9, 0xC2, 0xFF},
                        {0, 0, 0, 0, 0, 0, 0x0D, 0, 0xFF},
                        0x01,
                        0x01,
                        0};

struct Card {
  Clock clock;
  TraceBus trace{clock};
  std::unique_ptr<devices::Vga> vga;

  explicit Card(std::vector<std::uint8_t> rom = std::vector<std::uint8_t>(2048, 0x55)) {
    auto made = devices::Vga::create(clock, trace, std::move(rom));
    EXPECT_TRUE(made.has_value());
    vga = std::move(*made);
    vga->reset(ResetKind::kPowerOn);
  }
  std::uint8_t in(unsigned port) {
    return static_cast<std::uint8_t>(vga->ports().read(port - 0x3B0, 1));
  }
  void out(unsigned port, unsigned value) { vga->ports().write(port - 0x3B0, 1, value); }
  void indexed(unsigned port, unsigned index, unsigned value) {
    out(port, index);
    out(port + 1, value);
  }
  std::uint8_t indexed_in(unsigned port, unsigned index) {
    out(port, index);
    return in(port + 1);
  }
  void sequencer(unsigned i, unsigned v) { indexed(0x3C4, i, v); }
  void graphics(unsigned i, unsigned v) { indexed(0x3CE, i, v); }
  void crtc(unsigned i, unsigned v) { indexed(0x3D4, i, v); }
  void attribute(unsigned i, unsigned v) {
    in(0x3DA);
    out(0x3C0, i | 0x20);
    out(0x3C0, v);
  }
  void dac(unsigned i, unsigned r, unsigned g, unsigned b) {
    out(0x3C8, i);
    for (const unsigned v : {r, g, b}) out(0x3C9, v);
  }
  std::uint16_t dispi(unsigned i) {
    vga->dispi().write(0, 2, i);
    return static_cast<std::uint16_t>(vga->dispi().read(1, 2));
  }
  void dispi(unsigned i, unsigned v) {
    vga->dispi().write(0, 2, i);
    vga->dispi().write(1, 2, v);
  }
  void vbe(unsigned width, unsigned height, unsigned bpp, unsigned flags = 0x41) {
    dispi(4, 0);
    dispi(1, width);
    dispi(2, height);
    dispi(3, bpp);
    dispi(4, flags);
  }
  // Offsets are addresses, A0000h-BFFFFh.
  void poke(unsigned address, unsigned value) {
    vga->legacy_memory().write(address - 0xA0000, 1, value);
  }
  std::uint8_t read(unsigned address) {
    return static_cast<std::uint8_t>(vga->legacy_memory().read(address - 0xA0000, 1));
  }
  void set(const Mode& mode) {
    out(0x3C2, mode.misc);
    for (unsigned i = 0; i < mode.sequencer.size(); ++i) sequencer(i, mode.sequencer[i]);
    crtc(0x11, 0);
    for (unsigned i = 0; i < mode.crtc.size(); ++i) crtc(i, mode.crtc[i]);
    for (unsigned i = 0; i < mode.graphics.size(); ++i) graphics(i, mode.graphics[i]);
    for (unsigned i = 0; i < 16; ++i) {
      attribute(i, i);
      // Red in the low bit, green, blue, then full brightness: easy to tell apart.
      const unsigned level = (i & 8) != 0 ? 63 : 42;
      dac(i, (i & 1) * level, (i >> 1 & 1) * level, (i >> 2 & 1) * level);
    }
    attribute(0x10, mode.attribute_mode);
    attribute(0x11, 0);
    attribute(0x12, mode.plane_enable);
    attribute(0x13, mode.panning);
    attribute(0x14, 0);
    out(0x3C6, 0xFF);
  }
  void print(unsigned row, unsigned column, std::string_view text, unsigned attribute_byte = 7) {
    unsigned at = 0xB8000 + (row * 80 + column) * 2;
    for (const char c : text) {
      poke(at++, static_cast<std::uint8_t>(c));
      poke(at++, attribute_byte);
    }
  }
};

inline std::uint32_t at(const devices::Frame& frame, unsigned x, unsigned y) {
  return frame.pixels.at(std::size_t{y} * frame.width + x);
}
// The colour that Card::set gave to entry `i`.
inline std::uint32_t color(unsigned i) {
  const std::uint32_t level = (i & 8) != 0 ? 0xFF : 0xAA;
  return (i & 1) * level << 16 | (i >> 1 & 1) * level << 8 | (i >> 2 & 1) * level;
}

}  // namespace ice86::vga_test
