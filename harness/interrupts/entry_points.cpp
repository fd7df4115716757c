// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/entry_points.h"

#include <fmt/core.h>

#include <string_view>

namespace ice86::harness {

namespace {

constexpr std::uint32_t kBiosArea = 0xe0000, kBiosEnd = 0x100000, kParagraph = 16;
// No firmware has so many; a guest that makes them up costs neither memory nor time.
constexpr std::size_t kMostKnown = 4096, kMostUnknown = 4096;

constexpr std::uint32_t signature(std::string_view text) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i)
    value |= std::uint32_t{static_cast<std::uint8_t>(text[i])} << (i * 8);
  return value;
}

std::uint32_t get(const MemoryView& memory, std::uint32_t at, unsigned width) {
  return static_cast<std::uint32_t>(memory(at, width));
}

std::uint32_t real_address(std::uint32_t pointer) {
  return (pointer >> 16 << 4) + (pointer & 0xffff);
}

bool checked(std::uint32_t at, std::uint32_t size, const MemoryView& memory) {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < size; ++i) sum += get(memory, at + i, 1);
  return size != 0 && (sum & 0xff) == 0;
}

struct NamedFunction {
  std::uint16_t number;
  std::string_view name;
};

// Plug and Play BIOS 1.0A, section 4.5.
constexpr NamedFunction kPnpFunctions[] = {
    {0x00, "count device nodes"},   {0x01, "get device node"},
    {0x02, "set device node"},      {0x03, "get event"},
    {0x04, "send message"},         {0x05, "docking station"},
    {0x09, "set static resources"}, {0x0a, "get static resources"},
    {0x0b, "get APM table"},        {0x40, "ISA configuration"},
    {0x41, "get ESCD information"}, {0x42, "read ESCD"},
    {0x43, "write ESCD"},           {0x50, "DMI information"},
    {0x51, "DMI structure"},
};

// PXE 2.1, section 3.
constexpr NamedFunction kPxeFunctions[] = {
    {0x00, "start UNDI"},
    {0x01, "UNDI: start up"},
    {0x02, "UNDI: clean up"},
    {0x03, "UNDI: initialize"},
    {0x04, "UNDI: reset"},
    {0x05, "UNDI: shut down"},
    {0x06, "UNDI: open"},
    {0x07, "UNDI: close"},
    {0x08, "UNDI: transmit"},
    {0x09, "UNDI: multicast"},
    {0x0a, "UNDI: set address"},
    {0x0b, "UNDI: packet filter"},
    {0x0c, "UNDI: information"},
    {0x0d, "UNDI: statistics"},
    {0x0e, "UNDI: clear statistics"},
    {0x0f, "UNDI: diagnostics"},
    {0x10, "UNDI: force interrupt"},
    {0x11, "UNDI: multicast address"},
    {0x12, "UNDI: NIC type"},
    {0x13, "UNDI: interface information"},
    {0x14, "UNDI: interrupt"},
    {0x15, "stop UNDI"},
    {0x20, "TFTP: open"},
    {0x21, "TFTP: close"},
    {0x22, "TFTP: read"},
    {0x23, "TFTP: read file"},
    {0x25, "TFTP: file size"},
    {0x30, "UDP: open"},
    {0x31, "UDP: close"},
    {0x32, "UDP: read"},
    {0x33, "UDP: write"},
    {0x70, "unload stack"},
    {0x71, "get cached information"},
    {0x72, "restart TFTP"},
    {0x73, "start base code"},
    {0x74, "stop base code"},
    {0xe0, "file: open"},
    {0xe1, "file: close"},
    {0xe2, "file: select"},
    {0xe3, "file: read"},
    {0xe4, "file: file size"},
    {0xe5, "file: command"},
    {0xe6, "file: API check"},
};

template <std::size_t n>
std::string named(const char* family, const NamedFunction (&functions)[n], std::uint16_t number) {
  for (const NamedFunction& function : functions) {
    if (function.number == number) return fmt::format("{}: {}", family, function.name);
  }
  return fmt::format("{}: function {:02x}", family, number);
}

std::string four_letters(std::uint32_t value) {
  std::string text;
  for (unsigned i = 0; i < 4; ++i) {
    const char c = static_cast<char>(value >> (i * 8));
    text += c >= ' ' && c < 0x7f ? c : '.';
  }
  return text;
}

}  // namespace

std::optional<EntryPoint> EntryPoints::at(std::uint32_t address, bool protected_mode,
                                          const MemoryView& physical) {
  const auto found = known_.find(address);
  if (found != known_.end()) return found->second;
  if (!protected_mode || address < kBiosArea || address >= kBiosEnd) return std::nullopt;
  if (unknown_.count(address) != 0 || unknown_.size() >= kMostUnknown) return std::nullopt;
  for (std::uint32_t at = kBiosArea; at < kBiosEnd; at += kParagraph) {
    const std::uint32_t mark = get(physical, at, 4);
    if (mark == signature("_32_") && checked(at, get(physical, at + 9, 1) * 16, physical))
      add(get(physical, at + 4, 4), {CallKind::kBios32});
    if (mark == signature("$PnP") && checked(at, get(physical, at + 5, 1), physical)) {
      add(get(physical, at + 0x13, 4) + get(physical, at + 0x11, 2), {CallKind::kPnp});
      add((get(physical, at + 0x0f, 2) << 4) + get(physical, at + 0x0d, 2), {CallKind::kPnp});
    }
  }
  const auto now = known_.find(address);
  if (now != known_.end()) return now->second;
  unknown_.insert(address);
  return std::nullopt;
}

void EntryPoints::add(std::uint32_t address, EntryPoint entry) {
  if (known_.size() >= kMostKnown && known_.count(address) == 0) return;
  known_[address] = entry;
  targets_.add(address);
}

void EntryPoints::learn(const IntEvent& event, const MemoryView& physical) {
  if (!event.out) return;
  const Registers& out = *event.out;
  if (event.kind == CallKind::kBios32 && out.al() == 0) {
    if (event.in.eax == signature("$PCI")) add(out.ebx + out.edx, {CallKind::kPciBios});
    return;
  }
  if (event.kind != CallKind::kInterrupt || out.carry()) return;
  if (event.vector == 0x15 && event.in.ax() == 0x5302)
    add(std::uint32_t{out.ax()} * 16 + (out.ebx & 0xffff), {CallKind::kApm});
  if (event.vector == 0x15 && event.in.ax() == 0x5303)
    add(std::uint32_t{out.ax()} * 16 + out.ebx, {CallKind::kApm});
  if (event.vector == 0x1a && event.in.ax() == 0x5650 && out.ax() == 0x564e)
    learn_pxe((std::uint32_t{out.es} << 4) + (out.ebx & 0xffff), 0, physical);
}

void EntryPoints::learn_pxe(std::uint32_t pxenv, std::uint32_t pxe, const MemoryView& physical) {
  if (get(physical, pxenv, 4) == signature("PXEN") && get(physical, pxenv + 4, 2) == 0x2b56) {
    add(real_address(get(physical, pxenv + 0x0a, 4)), {CallKind::kPxe, true});
    if (pxe == 0 && get(physical, pxenv + 8, 1) >= 0x2c)
      pxe = real_address(get(physical, pxenv + 0x28, 4));
  }
  if (pxe != 0 && get(physical, pxe, 4) == signature("!PXE"))
    add(real_address(get(physical, pxe + 0x10, 4)), {CallKind::kPxe});
}

Service describe_entry_call(const EntryPoint& entry, const Registers& in, std::uint32_t stack,
                            const MemoryView& memory) {
  switch (entry.kind) {
    case CallKind::kBios32:
      return {"BIOS32: find service", fmt::format("'{}'", four_letters(in.eax))};
    case CallKind::kPciBios: return describe_call(0x1a, in, memory);
    case CallKind::kApm: return describe_call(0x15, in, memory);
    case CallKind::kPnp:
      return {named("PnP BIOS", kPnpFunctions, static_cast<std::uint16_t>(get(memory, stack, 2))),
              ""};
    case CallKind::kPxe: {
      const auto value = [&](unsigned place, std::uint32_t in_register) {
        return static_cast<std::uint16_t>(entry.in_registers ? in_register
                                                             : get(memory, stack + place, 2));
      };
      return {named("PXE", kPxeFunctions, value(0, in.ebx)),
              fmt::format("{:04x}:{:04x}", value(4, in.es), value(2, in.edi))};
    }
    default: return {};
  }
}

std::string describe_entry_result(CallKind kind, const Registers& in, const Registers& out,
                                  const MemoryView& memory) {
  switch (kind) {
    case CallKind::kBios32:
      return out.al() == 0 ? fmt::format("{:x}, {:x} bytes, entry {:x}", out.ebx, out.ecx, out.edx)
                           : fmt::format("error {:02x}", out.al());
    case CallKind::kPciBios: return describe_result(0x1a, in, out, memory);
    case CallKind::kApm: return describe_result(0x15, in, out, memory);
    case CallKind::kPnp:
    case CallKind::kPxe: return out.ax() == 0 ? "ok" : fmt::format("error {:04x}", out.ax());
    default: return "";
  }
}

}  // namespace ice86::harness
