// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/owners.h"

#include <fmt/core.h>

namespace ice86::harness {

namespace {

constexpr std::uint32_t kRomArea = 0xc0000, kBios = 0xe0000, kSystemBios = 0xf0000;
constexpr std::uint32_t kBlock = 2048, kUnit = 512;
constexpr std::uint32_t kBootSector = 0x7c00;
constexpr std::size_t kLongestName = 40;

std::uint32_t linear(const FarPointer& pointer) {
  return (std::uint32_t{pointer.segment} << 4) + pointer.offset;
}

// Its PCI data structure says which card, its PnP header what it is called.
std::string name_of_rom(std::uint32_t at, const MemoryView& physical) {
  const auto get = [&](std::uint32_t offset, unsigned width) {
    return static_cast<std::uint32_t>(physical(at + offset, width));
  };
  std::string name;
  const std::uint32_t pnp = get(0x1a, 2);
  if (pnp != 0 && get(pnp, 4) == 0x506e5024 && get(pnp + 0x10, 2) != 0) {
    for (std::uint32_t i = get(pnp + 0x10, 2); name.size() < kLongestName; ++i) {
      const char c = static_cast<char>(get(i, 1));
      if (c < ' ' || c > '~') break;
      name += c;
    }
  }
  const std::uint32_t pci = get(0x18, 2);
  if (name.empty() && pci != 0 && get(pci, 4) == 0x52494350)
    name = fmt::format("{:04x}:{:04x}", get(pci + 4, 2), get(pci + 6, 2));
  return name;
}

}  // namespace

std::vector<RomArea> find_roms(const MemoryView& physical) {
  std::vector<RomArea> roms;
  for (std::uint32_t at = kRomArea; at < kSystemBios;) {
    const auto start = static_cast<std::uint32_t>(physical(at, 4));
    const std::uint32_t size = (start >> 16 & 0xff) * kUnit;
    if ((start & 0xffff) != 0xaa55 || size == 0 || at + size > kSystemBios) {
      at += kBlock;
      continue;
    }
    roms.push_back({at, size, name_of_rom(at, physical)});
    at += (size + kBlock - 1) / kBlock * kBlock;
  }
  return roms;
}

std::string owner_of(const FarPointer& code, const std::vector<RomArea>& roms) {
  const std::uint32_t at = linear(code);
  for (const RomArea& rom : roms) {
    if (at < rom.address || at >= rom.address + rom.size) continue;
    return rom.name.empty() ? fmt::format("option ROM {:05x}", rom.address)
                            : fmt::format("option ROM {:05x} ({})", rom.address, rom.name);
  }
  if (at >= kBios) return "BIOS";
  if (at >= kRomArea) return fmt::format("ROM area {:05x}", at & ~(kBlock - 1));
  if (at >= kBootSector && at < kBootSector + kUnit) return "boot sector";
  return fmt::format("memory at {:05x}", at & ~0xfffU);
}

std::string handler_text(const IntEvent& event, const IntTrace& trace) {
  std::string text = owner_of(event.handler, trace.header.roms);
  const VectorChange* hook = nullptr;
  for (const VectorChange& change : trace.vectors) {
    if (change.call > event.number) break;
    if (change.vector == event.vector && change.after == event.handler) hook = &change;
  }
  if (hook != nullptr && linear(event.handler) < kRomArea) {
    text += fmt::format(", in place of {:04x}:{:04x} since call {}", hook->before.segment,
                        hook->before.offset, hook->call);
  }
  return text;
}

}  // namespace ice86::harness
