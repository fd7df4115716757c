// SPDX-License-Identifier: LGPL-2.1-or-later
// The 128 KiB window: planes, latches, write and read modes, chain-4, odd/even, and VBE banks.
// Video memory is stored with the four planes interleaved: byte `offset * 4 + plane`.
// Reference: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 'Graphics
// controller'.
#include <algorithm>

#include "devices/vga/vga_registers.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

std::uint8_t rotate_right(std::uint8_t value, unsigned count) {
  return static_cast<std::uint8_t>(value >> count | value << ((8 - count) & 7));
}

}  // namespace

Vga::Address Vga::decode(std::uint64_t offset, bool write) const {
  const State& s = state_;
  Address at;
  // Miscellaneous Output bit 1 would cut the CPU off from display memory. Neither QEMU's nor Bochs'
  // card heeds it, and GRUB's ROM for QEMU writes text with the bit clear.
  const unsigned map = s.graphics[vga::kMiscGraphics] >> 2 & 3;
  const std::uint64_t bank = std::uint64_t{s.dispi[vga::kBank]} << 16;
  if (dispi_enabled() && s.dispi[vga::kBpp] >= 8) {
    if (offset >= 0x10000) return at;
    at.linear = true;
    at.mapped = (bank | offset) < kVramSize;
    at.offset = static_cast<std::uint32_t>(bank | offset);
    return at;
  }
  constexpr std::uint64_t kBase[4] = {0x00000, 0x00000, 0x10000, 0x18000};
  constexpr std::uint64_t kSize[4] = {0x20000, 0x10000, 0x08000, 0x08000};
  if (offset < kBase[map] || offset - kBase[map] >= kSize[map]) return at;
  auto address = static_cast<std::uint32_t>(offset - kBase[map]);
  at.mapped = true;
  at.planes = 0x0F;
  at.plane = s.graphics[vga::kReadMap];
  const std::uint8_t memory_mode = s.sequencer[vga::kMemoryMode];
  if ((memory_mode & vga::kChain4) != 0) {
    at.plane = address & 3;
    at.planes = static_cast<std::uint8_t>(1U << at.plane);
    address &= 0xFFFC;
  } else if (write ? (memory_mode & vga::kSequential) == 0
                   : (s.graphics[vga::kGraphicsMode] & vga::kOddEvenRead) != 0) {
    at.plane = static_cast<std::uint8_t>((at.plane & 2) | (address & 1));
    at.planes = (address & 1) != 0 ? 0x0A : 0x05;
    // A0 chose the plane; in the 128 KiB map A16 takes its place.
    address = (address & 0xFFFE) | address >> 16;
  }
  at.offset = address & 0xFFFF;
  if (dispi_enabled()) {  // 4 bits a pixel: planes of more than 64 KiB, in banks
    if ((bank | at.offset) * 4 >= kVramSize) return Address();
    at.offset |= static_cast<std::uint32_t>(bank);
  }
  return at;
}

std::array<std::uint8_t, 4> Vga::planes_at(std::uint32_t offset) const {
  const std::uint8_t* bytes = vram_->data() + std::uint64_t{offset} * 4;
  return {bytes[0], bytes[1], bytes[2], bytes[3]};
}

std::uint8_t Vga::planar_value(const Address& at, const std::array<std::uint8_t, 4>& latch) const {
  const State& s = state_;
  if ((s.graphics[vga::kGraphicsMode] & vga::kReadMode1) == 0) return latch[at.plane];
  // Read mode 1: ones where the colours match, in the planes that matter.
  std::uint8_t differs = 0;
  for (unsigned plane = 0; plane < 4; ++plane) {
    if (!bit(s.graphics[vga::kColorDontCare], plane)) continue;
    const std::uint8_t wanted = bit(s.graphics[vga::kColorCompare], plane) ? 0xFF : 0x00;
    differs |= static_cast<std::uint8_t>(latch[plane] ^ wanted);
  }
  return static_cast<std::uint8_t>(~differs);
}

std::uint8_t Vga::peek_byte(std::uint64_t offset) const {
  const Address at = decode(offset, false);
  if (!at.mapped) return 0xFF;
  if (at.linear) return vram_->data()[at.offset];
  return planar_value(at, planes_at(at.offset));
}

std::uint8_t Vga::read_byte(std::uint64_t offset) {
  const Address at = decode(offset, false);
  if (!at.mapped) return 0xFF;
  if (at.linear) return vram_->data()[at.offset];
  state_.latch = planes_at(at.offset);
  return planar_value(at, state_.latch);
}

void Vga::mark_dirty(std::uint64_t vram_offset) {
  *vram_->page_flags(vram_offset) |= Ram::kWritten;
  ++generation_;
}

void Vga::write_byte(std::uint64_t offset, std::uint8_t value) {
  const State& s = state_;
  const Address at = decode(offset, true);
  if (!at.mapped) return;
  if (at.linear) {
    vram_->data()[at.offset] = value;
    return mark_dirty(at.offset);
  }
  const std::uint8_t planes = at.planes & s.sequencer[vga::kMapMask];
  if (planes == 0) return;
  const std::uint8_t write_mode = s.graphics[vga::kGraphicsMode] & 3;
  const std::uint8_t rotated = rotate_right(value, s.graphics[vga::kDataRotate] & 7);
  std::uint8_t mask = s.graphics[vga::kBitMask];
  if (write_mode == 3) mask &= rotated;
  std::uint8_t* bytes = vram_->data() + std::uint64_t{at.offset} * 4;
  for (unsigned plane = 0; plane < 4; ++plane) {
    if (!bit(planes, plane)) continue;
    const std::uint8_t latch = s.latch[plane];
    if (write_mode == 1) {
      bytes[plane] = latch;
      continue;
    }
    const std::uint8_t set_reset = bit(s.graphics[vga::kSetReset], plane) ? 0xFF : 0x00;
    std::uint8_t data = rotated;
    if (write_mode == 0) {
      if (bit(s.graphics[vga::kEnableSetReset], plane)) data = set_reset;
    } else if (write_mode == 2) {
      data = bit(value, plane) ? 0xFF : 0x00;
    } else {
      data = set_reset;
    }
    switch (s.graphics[vga::kDataRotate] >> 3 & 3) {
      case 1: data &= latch; break;
      case 2: data |= latch; break;
      case 3: data ^= latch; break;
      default: break;
    }
    bytes[plane] = static_cast<std::uint8_t>((data & mask) | (latch & ~mask));
  }
  mark_dirty(std::uint64_t{at.offset} * 4);
}

// The adapter's memory bus is a byte wide: wider accesses are bytes at ascending addresses.
std::uint64_t Vga::read_legacy(std::uint64_t offset, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{read_byte(offset + i)} << (i * 8);
  return value;
}

std::uint64_t Vga::peek_legacy(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{peek_byte(offset + i)} << (i * 8);
  return value;
}

void Vga::write_legacy(std::uint64_t offset, unsigned width, std::uint64_t value) {
  for (unsigned i = 0; i < width; ++i)
    write_byte(offset + i, static_cast<std::uint8_t>(value >> (i * 8)));
}

}  // namespace ice86::devices
