// SPDX-License-Identifier: LGPL-2.1-or-later
// Bochs VBE: the DISPI registers, and the memory-mapped copy of all registers in BAR 2.
// Reference: Bochs VBE display interface ('VBE DISPI'), QEMU docs/specs/standard-vga.
#include <algorithm>

#include "devices/vga/vga_edid.h"
#include "devices/vga/vga_registers.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr unsigned kRegisters = 11;
constexpr std::uint16_t kFirstId = 0xB0C0, kLastId = 0xB0C5;

// BAR 2.
constexpr unsigned kMmioPorts = 0x400, kMmioPortsEnd = 0x420;  // 3C0h-3DFh
constexpr unsigned kMmioDispi = 0x500, kMmioDispiEnd = 0x500 + kRegisters * 2;
constexpr unsigned kQextSize = 0x600, kQextByteOrder = 0x604, kQextEnd = 0x608;
constexpr std::uint32_t kLittleEndian = 0x1E1E'1E1E;

bool depth_exists(std::uint16_t bpp) {
  return bpp == 4 || bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

// Bytes of video memory that a line of `width` pixels takes (4 bits: in all planes together).
std::uint64_t line_bytes(std::uint16_t bpp, std::uint64_t width) {
  return bpp == 4 ? width / 2 : width * ((bpp + 7U) / 8U);
}

}  // namespace

std::uint16_t Vga::dispi_register(unsigned index) const {
  const auto& d = state_.dispi;
  if ((d[vga::kEnable] & vga::kGetCaps) != 0) {
    if (index == vga::kXres) return vga::kMostXres;
    if (index == vga::kYres) return vga::kMostYres;
    if (index == vga::kBpp) return vga::kMostBpp;
  }
  if (index == vga::kVideoMemory) return kVramSize >> 16;
  return index < kRegisters ? d[index] : 0;
}

void Vga::set_virtual_width(std::uint16_t width) {
  auto& d = state_.dispi;
  width = std::max(width, d[vga::kXres]);
  const std::uint64_t bytes = line_bytes(d[vga::kBpp], width);
  if (bytes == 0 || kVramSize / bytes < d[vga::kYres]) return;  // it does not fit: as before
  d[vga::kVirtualWidth] = width;
  d[vga::kVirtualHeight] =
      static_cast<std::uint16_t>(std::min<std::uint64_t>(kVramSize / bytes, 0xFFFF));
}

void Vga::enable_dispi(std::uint16_t value) {
  auto& d = state_.dispi;
  const std::uint16_t old = d[vga::kEnable];
  value &= vga::kEnabled | vga::kGetCaps | vga::k8BitDac | vga::kLfb | vga::kNoClear;
  // Colours keep their look when the DAC changes its width.
  const auto wide = [](std::uint16_t v) {
    return (v & vga::kEnabled) != 0 && (v & vga::k8BitDac) != 0;
  };
  if (wide(value) != wide(old)) {
    for (std::uint8_t& c : state_.palette) {
      c = static_cast<std::uint8_t>(wide(value) ? c << 2 : c >> 2);
    }
  }
  d[vga::kEnable] = value;
  if ((value & vga::kEnabled) == 0 || (old & vga::kEnabled) != 0) return;
  const std::uint64_t bytes = line_bytes(d[vga::kBpp], d[vga::kXres]);
  if (bytes == 0 || d[vga::kYres] == 0 || bytes * d[vga::kYres] > kVramSize) {
    d[vga::kEnable] &= static_cast<std::uint16_t>(~vga::kEnabled);  // no such mode
    return;
  }
  d[vga::kXOffset] = d[vga::kYOffset] = 0;
  d[vga::kBank] = 0;
  d[vga::kVirtualWidth] = 0;
  set_virtual_width(d[vga::kXres]);
  if ((value & vga::kNoClear) == 0) {
    const std::uint64_t size = bytes * d[vga::kYres];
    std::fill_n(vram_->data(), size, std::uint8_t{0});
    for (std::uint64_t page = 0; page < size; page += kPageSize)
      *vram_->page_flags(page) |= Ram::kWritten;
  }
}

void Vga::write_dispi_register(unsigned index, std::uint16_t value) {
  auto& d = state_.dispi;
  switch (index) {
    case vga::kId:
      if (value >= kFirstId && value <= kLastId) d[vga::kId] = value;
      break;
    case vga::kXres:
      if (!dispi_enabled() && value <= vga::kMostXres) d[index] = value & 0xFFF8;
      break;
    case vga::kYres:
      if (!dispi_enabled() && value <= vga::kMostYres) d[index] = value;
      break;
    case vga::kBpp:
      // Zero is how the first version of the interface asked for 8.
      if (!dispi_enabled() && (value == 0 || depth_exists(value)))
        d[index] = value == 0 ? 8 : value;
      break;
    case vga::kEnable: enable_dispi(value); break;
    case vga::kBank: d[index] = value & 0x00FF; break;
    case vga::kVirtualWidth:
      if (dispi_enabled()) {
        set_virtual_width(value);
      } else {
        d[index] = value;
      }
      break;
    case vga::kXOffset:
      d[index] = dispi_enabled()
                     ? std::min<std::uint16_t>(value, d[vga::kVirtualWidth] - d[vga::kXres])
                     : value;
      break;
    case vga::kYOffset:
      d[index] = dispi_enabled()
                     ? std::min<std::uint16_t>(value, d[vga::kVirtualHeight] - d[vga::kYres])
                     : value;
      break;
    default: return;
  }
  changed();
}

// Index at offset 0, data at offset 1, 16 bits each. The low byte of a narrow access is used.
std::uint64_t Vga::peek_dispi(std::uint64_t offset, unsigned width) const {
  if (offset == 0) return state_.dispi_index & width_mask(width);
  if (offset == 1) return dispi_register(state_.dispi_index) & width_mask(width);
  return floating_bus(width);
}

std::uint64_t Vga::read_dispi(std::uint64_t offset, unsigned width) {
  return peek_dispi(offset, width);
}

void Vga::write_dispi(std::uint64_t offset, unsigned width, std::uint64_t value) {
  const auto word = static_cast<std::uint16_t>(value & width_mask(width));
  if (offset == 0) state_.dispi_index = word;
  if (offset == 1) write_dispi_register(state_.dispi_index, word);
}

// --- BAR 2
// ---------------------------------------------------------------------------------------------

std::uint8_t Vga::peek_mmio_byte(unsigned offset) const {
  if (offset < kEdidSize) return make_edid()[offset];
  if (offset >= kMmioPorts && offset < kMmioPortsEnd) return peek_port(offset - kMmioPorts + 0x10);
  if (offset >= kMmioDispi && offset < kMmioDispiEnd) {
    const unsigned at = offset - kMmioDispi;
    return static_cast<std::uint8_t>(dispi_register(at / 2) >> (at % 2 * 8));
  }
  if (offset >= kQextSize && offset < kQextEnd) {
    const std::uint32_t value = offset < kQextByteOrder ? kQextEnd - kQextSize : kLittleEndian;
    return static_cast<std::uint8_t>(value >> (offset % 4 * 8));
  }
  return offset < kMmioPorts ? 0x00 : 0xFF;
}

std::uint64_t Vga::peek_mmio(std::uint64_t offset, unsigned width) const {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= std::uint64_t{peek_mmio_byte(static_cast<unsigned>(offset + i))} << (i * 8);
  }
  return value;
}

std::uint64_t Vga::read_mmio(std::uint64_t offset, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    const auto at = static_cast<unsigned>(offset + i);
    value |= std::uint64_t{peek_mmio_byte(at)} << (i * 8);
    if (at >= kMmioPorts && at < kMmioPortsEnd) read_port_effects(at - kMmioPorts + 0x10);
  }
  return value;
}

void Vga::write_mmio(std::uint64_t offset, unsigned width, std::uint64_t value) {
  if (offset >= kMmioDispi && offset < kMmioDispiEnd) {
    // Registers of 16 bits: narrower writes merge, wider ones are several.
    for (unsigned i = 0; i < width;) {
      const auto at = static_cast<unsigned>(offset + i - kMmioDispi);
      if (at / 2 >= kRegisters) return;
      if (at % 2 == 0 && width - i >= 2) {
        write_dispi_register(at / 2, static_cast<std::uint16_t>(value >> (i * 8)));
        i += 2;
      } else {
        const unsigned shift = at % 2 * 8;
        const auto byte = static_cast<std::uint16_t>((value >> (i * 8) & 0xFF) << shift);
        const std::uint16_t kept =
            dispi_register(at / 2) & static_cast<std::uint16_t>(~(0xFFU << shift));
        write_dispi_register(at / 2, kept | byte);
        i += 1;
      }
    }
    return;
  }
  for (unsigned i = 0; i < width; ++i) {
    const auto at = static_cast<unsigned>(offset + i);
    if (at >= kMmioPorts && at < kMmioPortsEnd) {
      write_port(at - kMmioPorts + 0x10, static_cast<std::uint8_t>(value >> (i * 8)));
    }
  }
}

}  // namespace ice86::devices
