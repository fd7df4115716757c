// SPDX-License-Identifier: LGPL-2.1-or-later
// Where services take and leave data in memory.
// Reference: Phoenix Enhanced Disk Drive Specification 3.0; ACPI 6.4 section 15; VBE 3.0 section 4.
#include "harness/interrupts/services.h"

namespace ice86::harness {

namespace {

constexpr std::uint32_t kSector = 512;
constexpr std::uint32_t kMostSectors = 127;         // EDD 3.0 section 6, the packet's byte 2
constexpr std::uint32_t kLargestPacket = 24;        // EDD 3.0 table 1, with a 64-bit address
constexpr std::uint32_t kLargestParameters = 0x42;  // EDD 3.0 table 4
constexpr std::uint32_t kLargestMapEntry = 24;      // ACPI 6.4 table 15.5
// VBE 3.0 sections 4.3 and 4.4: what every version defines, without the caller's room behind it.
constexpr std::uint32_t kVbeController = 20, kVbeMode = 50;
constexpr std::uint32_t kMoveTable = 48;  // its six descriptors

std::uint32_t linear(std::uint16_t segment, std::uint32_t offset) {
  return (static_cast<std::uint32_t>(segment) << 4) + (offset & 0xffff);
}

std::optional<MemoryRange> sectors(std::uint32_t at, std::uint32_t count) {
  if (count == 0 || count > kMostSectors) return std::nullopt;
  return MemoryRange{at, count * kSector};
}

std::optional<MemoryRange> packet_sectors(std::uint32_t packet, const MemoryView& memory) {
  const auto offset = static_cast<std::uint32_t>(memory(packet + 4, 2));
  const auto segment = static_cast<std::uint16_t>(memory(packet + 6, 2));
  return sectors(linear(segment, offset), static_cast<std::uint32_t>(memory(packet + 2, 2)));
}

}  // namespace

std::optional<MemoryRange> answer_in_memory(std::uint8_t vector, const Registers& in,
                                            const Registers& out, const MemoryView& memory) {
  if (out.carry()) return std::nullopt;
  if (vector == 0x13 && in.ah() == 0x02) return sectors(linear(in.es, in.ebx), in.al());
  if (vector == 0x13 && in.ah() == 0x42) {
    return packet_sectors(linear(in.ds, in.esi), memory);
  }
  if (vector == 0x13 && in.ah() == 0x48) {
    const std::uint32_t at = linear(in.ds, in.esi);
    const auto size = static_cast<std::uint32_t>(memory(at, 2));
    return MemoryRange{at, size < kLargestParameters ? size : kLargestParameters};
  }
  if (vector == 0x15 && in.ax() == 0xe820) {
    const std::uint32_t size = out.ecx < kLargestMapEntry ? out.ecx : kLargestMapEntry;
    return MemoryRange{linear(in.es, in.edi), size};
  }
  if (vector == 0x15 && in.ah() == 0xc0) {
    const std::uint32_t at = linear(out.es, out.ebx);
    return MemoryRange{at, 2 + (static_cast<std::uint32_t>(memory(at, 2)) & 0xff)};
  }
  if (vector == 0x10 && out.ax() == 0x004f) {
    const std::uint32_t at = linear(in.es, in.edi);
    if (in.ax() == 0x4f00) return MemoryRange{at, kVbeController};
    if (in.ax() == 0x4f01) return MemoryRange{at, kVbeMode};
    if (in.ax() == 0x4f15 && (in.ebx & 0xff) == 1) return MemoryRange{at, 128};  // EDID
  }
  return std::nullopt;
}

std::optional<MemoryRange> data_in_memory(std::uint8_t vector, const Registers& in,
                                          const MemoryView& memory) {
  if (vector == 0x13) {
    const std::uint32_t packet = linear(in.ds, in.esi);
    const auto packet_size = static_cast<std::uint32_t>(memory(packet, 1));
    switch (in.ah()) {
      case 0x03: return sectors(linear(in.es, in.ebx), in.al());
      case 0x43: return packet_sectors(packet, memory);
      case 0x42:
      case 0x44:
      case 0x47:
        return MemoryRange{packet, packet_size < 16               ? 16
                                   : packet_size < kLargestPacket ? packet_size
                                                                  : kLargestPacket};
      default: return std::nullopt;
    }
  }
  if (vector == 0x15 && in.ah() == 0x87) return MemoryRange{linear(in.es, in.esi), kMoveTable};
  if (vector == 0x10 && in.ah() == 0x13) {
    const std::uint32_t characters = in.ecx & 0xffff;
    const std::uint32_t size = (in.al() & 2) != 0 ? characters * 2 : characters;
    if (size != 0) return MemoryRange{linear(in.es, in.ebp), size};
  }
  return std::nullopt;
}

}  // namespace ice86::harness
