// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/services.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace ice86::harness {

namespace {

// One row of the services table: `ax` under `mask` selects it.
struct Entry {
  std::uint8_t vector;
  std::uint16_t mask;
  std::uint16_t ax;
  std::string_view name;
};

constexpr std::uint16_t kAh = 0xff00, kAx = 0xffff, kAny = 0;

constexpr Entry kServices[] = {
    {0x00, kAny, 0, "divide error"},
    {0x01, kAny, 0, "single step"},
    {0x02, kAny, 0, "NMI"},
    {0x03, kAny, 0, "breakpoint"},
    {0x04, kAny, 0, "overflow"},
    {0x05, kAny, 0, "print screen"},
    {0x08, kAny, 0, "IRQ 0: timer"},
    {0x09, kAny, 0, "IRQ 1: keyboard"},
    {0x0a, kAny, 0, "IRQ 2"},
    {0x0b, kAny, 0, "IRQ 3: COM2"},
    {0x0c, kAny, 0, "IRQ 4: COM1"},
    {0x0d, kAny, 0, "IRQ 5"},
    {0x0e, kAny, 0, "IRQ 6: diskette"},
    {0x0f, kAny, 0, "IRQ 7: printer"},
    {0x10, kAh, 0x0000, "video: set mode"},
    {0x10, kAh, 0x0100, "video: cursor shape"},
    {0x10, kAh, 0x0200, "video: move cursor"},
    {0x10, kAh, 0x0300, "video: read cursor"},
    {0x10, kAh, 0x0400, "video: light pen"},
    {0x10, kAh, 0x0500, "video: select page"},
    {0x10, kAh, 0x0600, "video: scroll up"},
    {0x10, kAh, 0x0700, "video: scroll down"},
    {0x10, kAh, 0x0800, "video: read character"},
    {0x10, kAh, 0x0900, "video: write character and attribute"},
    {0x10, kAh, 0x0a00, "video: write character"},
    {0x10, kAh, 0x0b00, "video: set colour"},
    {0x10, kAh, 0x0c00, "video: write pixel"},
    {0x10, kAh, 0x0d00, "video: read pixel"},
    {0x10, kAh, 0x0e00, "video: teletype"},
    {0x10, kAh, 0x0f00, "video: get mode"},
    {0x10, kAh, 0x1000, "video: palette"},
    {0x10, kAh, 0x1100, "video: font"},
    {0x10, kAh, 0x1200, "video: alternate select"},
    {0x10, kAh, 0x1300, "video: write string"},
    {0x10, kAh, 0x1a00, "video: display combination"},
    {0x10, kAh, 0x1b00, "video: state information"},
    {0x10, kAh, 0x1c00, "video: save state"},
    {0x10, kAx, 0x4f00, "VBE: controller information"},
    {0x10, kAx, 0x4f01, "VBE: mode information"},
    {0x10, kAx, 0x4f02, "VBE: set mode"},
    {0x10, kAx, 0x4f03, "VBE: get mode"},
    {0x10, kAx, 0x4f04, "VBE: save state"},
    {0x10, kAx, 0x4f05, "VBE: window"},
    {0x10, kAx, 0x4f06, "VBE: scan line length"},
    {0x10, kAx, 0x4f07, "VBE: display start"},
    {0x10, kAx, 0x4f08, "VBE: palette width"},
    {0x10, kAx, 0x4f09, "VBE: palette"},
    {0x10, kAx, 0x4f0a, "VBE: protected-mode interface"},
    {0x10, kAx, 0x4f0b, "VBE: pixel clock"},
    {0x10, kAx, 0x4f10, "VBE: display power"},
    {0x10, kAx, 0x4f11, "VBE: flat panel"},
    {0x10, kAx, 0x4f15, "VBE: display data channel"},
    {0x10, kAh, 0x4f00, "VBE"},
    {0x11, kAny, 0, "equipment list"},
    {0x12, kAny, 0, "base memory size"},
    {0x13, kAh, 0x0000, "disk: reset"},
    {0x13, kAh, 0x0100, "disk: last status"},
    {0x13, kAh, 0x0200, "disk: read"},
    {0x13, kAh, 0x0300, "disk: write"},
    {0x13, kAh, 0x0400, "disk: verify"},
    {0x13, kAh, 0x0500, "disk: format track"},
    {0x13, kAh, 0x0a00, "disk: read long"},
    {0x13, kAh, 0x0b00, "disk: write long"},
    {0x13, kAh, 0x1400, "disk: controller diagnostic"},
    {0x13, kAh, 0x0800, "disk: get parameters"},
    {0x13, kAh, 0x0900, "disk: initialize"},
    {0x13, kAh, 0x0c00, "disk: seek"},
    {0x13, kAh, 0x0d00, "disk: reset hard disk"},
    {0x13, kAh, 0x1000, "disk: ready?"},
    {0x13, kAh, 0x1100, "disk: recalibrate"},
    {0x13, kAh, 0x1500, "disk: get type"},
    {0x13, kAh, 0x1600, "disk: changed?"},
    {0x13, kAh, 0x1700, "disk: set type"},
    {0x13, kAh, 0x1800, "disk: set media type"},
    {0x13, kAh, 0x4100, "disk: extensions present?"},
    {0x13, kAh, 0x4200, "disk: extended read"},
    {0x13, kAh, 0x4300, "disk: extended write"},
    {0x13, kAh, 0x4400, "disk: extended verify"},
    {0x13, kAh, 0x4500, "disk: lock"},
    {0x13, kAh, 0x4600, "disk: eject"},
    {0x13, kAh, 0x4700, "disk: extended seek"},
    {0x13, kAh, 0x4800, "disk: extended parameters"},
    {0x13, kAh, 0x4900, "disk: media changed?"},
    {0x13, kAx, 0x4a00, "El Torito: begin emulation"},
    {0x13, kAx, 0x4b00, "El Torito: end emulation"},
    {0x13, kAx, 0x4b01, "El Torito: status"},
    {0x13, kAx, 0x4c00, "El Torito: begin emulation and boot"},
    {0x13, kAx, 0x4d00, "El Torito: boot catalog"},
    {0x13, kAh, 0x4e00, "disk: hardware configuration"},
    {0x14, kAh, 0x0000, "serial: initialize"},
    {0x14, kAh, 0x0100, "serial: send"},
    {0x14, kAh, 0x0200, "serial: receive"},
    {0x14, kAh, 0x0300, "serial: status"},
    {0x15, kAx, 0x2400, "A20: off"},
    {0x15, kAx, 0x2401, "A20: on"},
    {0x15, kAx, 0x2402, "A20: status"},
    {0x15, kAx, 0x2403, "A20: how?"},
    {0x15, kAh, 0x4f00, "keyboard intercept"},
    {0x15, kAx, 0x5300, "APM: present?"},
    {0x15, kAx, 0x5301, "APM: connect real mode"},
    {0x15, kAx, 0x5302, "APM: connect 16-bit protected mode"},
    {0x15, kAx, 0x5303, "APM: connect protected mode"},
    {0x15, kAx, 0x5304, "APM: disconnect"},
    {0x15, kAx, 0x5305, "APM: CPU idle"},
    {0x15, kAx, 0x5306, "APM: CPU busy"},
    {0x15, kAx, 0x5307, "APM: set power state"},
    {0x15, kAx, 0x5308, "APM: power management"},
    {0x15, kAx, 0x5309, "APM: restore defaults"},
    {0x15, kAx, 0x530a, "APM: power status"},
    {0x15, kAx, 0x530b, "APM: get event"},
    {0x15, kAx, 0x530c, "APM: get power state"},
    {0x15, kAx, 0x530d, "APM: device power management"},
    {0x15, kAx, 0x530e, "APM: driver version"},
    {0x15, kAx, 0x530f, "APM: engage"},
    {0x15, kAx, 0x5310, "APM: capabilities"},
    {0x15, kAh, 0x5300, "APM"},
    {0x15, kAh, 0x8600, "wait"},
    {0x15, kAh, 0x8700, "move extended memory"},
    {0x15, kAh, 0x8800, "extended memory size"},
    {0x15, kAh, 0x8900, "enter protected mode"},
    {0x15, kAh, 0x9000, "device busy"},
    {0x15, kAh, 0x9100, "device done"},
    {0x15, kAh, 0xc000, "configuration table"},
    {0x15, kAh, 0xc100, "extended BIOS data area"},
    {0x15, kAh, 0xc200, "PS/2 mouse"},
    {0x15, kAx, 0xe801, "memory size E801"},
    {0x15, kAx, 0xe820, "memory map E820"},
    {0x15, kAx, 0xe881, "memory size E881"},
    {0x15, kAx, 0xec00, "intended mode"},
    {0x15, kAx, 0xe980, "SpeedStep"},
    {0x16, kAh, 0x0000, "keyboard: read"},
    {0x16, kAh, 0x0100, "keyboard: key waiting?"},
    {0x16, kAh, 0x0200, "keyboard: shift state"},
    {0x16, kAh, 0x0300, "keyboard: repeat rate"},
    {0x16, kAh, 0x0500, "keyboard: push key"},
    {0x16, kAh, 0x1000, "keyboard: read (extended)"},
    {0x16, kAh, 0x1100, "keyboard: key waiting? (extended)"},
    {0x16, kAh, 0x1200, "keyboard: shift state (extended)"},
    {0x17, kAh, 0x0000, "printer: send"},
    {0x17, kAh, 0x0100, "printer: initialize"},
    {0x17, kAh, 0x0200, "printer: status"},
    {0x18, kAny, 0, "no boot device"},
    {0x19, kAny, 0, "boot"},
    {0x1a, kAh, 0x0000, "clock: read ticks"},
    {0x1a, kAh, 0x0100, "clock: set ticks"},
    {0x1a, kAh, 0x0200, "clock: read time"},
    {0x1a, kAh, 0x0300, "clock: set time"},
    {0x1a, kAh, 0x0400, "clock: read date"},
    {0x1a, kAh, 0x0500, "clock: set date"},
    {0x1a, kAx, 0xb101, "PCI BIOS: present?"},
    {0x1a, kAx, 0xb102, "PCI BIOS: find device"},
    {0x1a, kAx, 0xb103, "PCI BIOS: find class"},
    {0x1a, kAx, 0xb108, "PCI BIOS: read byte"},
    {0x1a, kAx, 0xb109, "PCI BIOS: read word"},
    {0x1a, kAx, 0xb10a, "PCI BIOS: read doubleword"},
    {0x1a, kAx, 0xb10b, "PCI BIOS: write byte"},
    {0x1a, kAx, 0xb10c, "PCI BIOS: write word"},
    {0x1a, kAx, 0xb10d, "PCI BIOS: write doubleword"},
    {0x1a, kAx, 0xb10e, "PCI BIOS: interrupt routing"},
    {0x1a, kAx, 0xb10f, "PCI BIOS: set interrupt"},
    {0x1a, kAx, 0x5650, "PXE: installed?"},
    {0x1a, kAh, 0xb100, "PCI BIOS"},
    {0x1a, kAh, 0xbb00, "TCG BIOS"},
    {0x1b, kAny, 0, "Ctrl-Break"},
    {0x1c, kAny, 0, "timer tick"},
    {0x1d, kAny, 0, "video parameters (a pointer)"},
    {0x1e, kAny, 0, "diskette parameters (a pointer)"},
    {0x1f, kAny, 0, "font (a pointer)"},
    {0x40, kAny, 0, "diskette: passed on by INT 13h"},
    {0x41, kAny, 0, "hard disk 0 parameters (a pointer)"},
    {0x42, kAny, 0, "video: passed on by INT 10h"},
    {0x43, kAny, 0, "EGA font (a pointer)"},
    {0x46, kAny, 0, "hard disk 1 parameters (a pointer)"},
    {0x4a, kAny, 0, "alarm"},
    {0x67, kAny, 0, "expanded memory"},
    {0x70, kAny, 0, "IRQ 8: clock"},
    {0x71, kAny, 0, "IRQ 9"},
    {0x72, kAny, 0, "IRQ 10"},
    {0x73, kAny, 0, "IRQ 11"},
    {0x74, kAny, 0, "IRQ 12: mouse"},
    {0x75, kAny, 0, "IRQ 13: coprocessor"},
    {0x76, kAny, 0, "IRQ 14: primary disk channel"},
    {0x77, kAny, 0, "IRQ 15: secondary disk channel"},
};

// Where a vector's rows begin; the rows are in the order of the vectors.
constexpr auto kFirstRow = [] {
  std::array<std::uint8_t, 257> first{};
  static_assert(std::size(kServices) < 256);
  unsigned row = 0;
  for (unsigned vector = 0; vector < first.size(); ++vector) {
    while (row < std::size(kServices) && kServices[row].vector < vector) ++row;
    first[vector] = static_cast<std::uint8_t>(row);
  }
  return first;
}();
static_assert(std::is_sorted(std::begin(kServices), std::end(kServices),
                             [](const Entry& a, const Entry& b) { return a.vector < b.vector; }));

std::string_view name_of_service(std::uint8_t vector, std::uint16_t ax) {
  for (unsigned row = kFirstRow[vector]; row < kFirstRow[vector + 1u]; ++row) {
    const Entry& entry = kServices[row];
    if ((ax & entry.mask) == (entry.ax & entry.mask)) return entry.name;
  }
  return "";
}

// INT 13h status codes (EDD 3.0 table 3).
std::string_view disk_status(std::uint8_t code) {
  switch (code) {
    case 0x00: return "ok";
    case 0x01: return "invalid function or parameter";
    case 0x02: return "address mark not found";
    case 0x03: return "write-protected";
    case 0x04: return "sector not found";
    case 0x05: return "reset failed";
    case 0x06: return "disk changed";
    case 0x07: return "parameter activity failed";
    case 0x08: return "DMA overrun";
    case 0x09: return "DMA across 64 KiB";
    case 0x0a: return "bad sector";
    case 0x0c: return "media type not found";
    case 0x10: return "uncorrectable data error";
    case 0x11: return "corrected data error";
    case 0x20: return "controller failure";
    case 0x31: return "no media";
    case 0x40: return "seek failure";
    case 0x80: return "time-out";
    case 0xaa: return "not ready";
    case 0xb0: return "volume not locked";
    case 0xbb: return "undefined error";
    case 0xcc: return "write fault";
    case 0xe0: return "status error";
    case 0xff: return "sense failed";
    default: return "?";
  }
}

std::uint32_t linear(std::uint16_t segment, std::uint32_t offset) {
  return (static_cast<std::uint32_t>(segment) << 4) + (offset & 0xffff);
}
std::uint16_t low(std::uint32_t value) {
  return static_cast<std::uint16_t>(value);
}
std::uint8_t high_byte(std::uint32_t value) {
  return static_cast<std::uint8_t>(value >> 8);
}
std::uint8_t low_byte(std::uint32_t value) {
  return static_cast<std::uint8_t>(value);
}

std::string printable(std::uint8_t character) {
  switch (character) {
    case '\r': return "'\\r'";
    case '\n': return "'\\n'";
    case '\b': return "'\\b'";
    case '\a': return "'\\a'";
    default: break;
  }
  return character >= 0x20 && character < 0x7f ? fmt::format("'{}'", static_cast<char>(character))
                                               : fmt::format("{:#04x}", character);
}

// The disk address packet of EDD (section 6, table 1).
std::string disk_address_packet(const Registers& in, const MemoryView& memory) {
  const std::uint32_t at = linear(in.ds, in.esi);
  const auto count = memory(at + 2, 2);
  const auto offset = memory(at + 4, 2);
  const auto segment = memory(at + 6, 2);
  const auto lba = memory(at + 8, 8);
  return fmt::format("drive {:02x}, LBA {} count {} to {:04x}:{:04x}", low_byte(in.edx), lba, count,
                     segment, offset);
}

std::string disk_arguments(const Registers& in, const MemoryView& memory) {
  const std::uint8_t drive = low_byte(in.edx);
  switch (in.ah()) {
    case 0x02:
    case 0x03:
    case 0x04: {
      const unsigned cylinder = high_byte(in.ecx) | (low_byte(in.ecx) & 0xc0u) << 2;
      return fmt::format("drive {:02x}, CHS {}/{}/{} count {} {} {:04x}:{:04x}", drive, cylinder,
                         high_byte(in.edx), low_byte(in.ecx) & 0x3f, in.al(),
                         in.ah() == 0x03 ? "from" : "to", in.es, low(in.ebx));
    }
    case 0x41: return fmt::format("drive {:02x}, BX={:04x}", drive, low(in.ebx));
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47: return disk_address_packet(in, memory);
    case 0x48: return fmt::format("drive {:02x}, buffer {:04x}:{:04x}", drive, in.ds, low(in.esi));
    default: return fmt::format("drive {:02x}", drive);
  }
}

std::string disk_result(const Registers& in, const Registers& out, const MemoryView& memory) {
  if (out.carry()) return fmt::format("error {:02x} ({})", out.ah(), disk_status(out.ah()));
  switch (in.ah()) {
    case 0x02:
    case 0x03:
    case 0x04: return fmt::format("ok, {} sectors", out.al());
    case 0x08:
      return fmt::format("{} cylinders, {} heads, {} sectors, {} drives",
                         (high_byte(out.ecx) | (low_byte(out.ecx) & 0xc0u) << 2) + 1,
                         high_byte(out.edx) + 1, low_byte(out.ecx) & 0x3f, low_byte(out.edx));
    case 0x15: return fmt::format("type {}", out.ah());
    case 0x41: return fmt::format("EDD version {:02x}, support {:04x}", out.ah(), low(out.ecx));
    case 0x48: {
      const std::uint32_t at = linear(in.ds, in.esi);
      return fmt::format("{} sectors of {} bytes", memory(at + 16, 8), memory(at + 24, 2));
    }
    default: return "ok";
  }
}

std::string video_arguments(const Registers& in) {
  switch (in.ah()) {
    case 0x00: return fmt::format("mode {:02x}", in.al());
    case 0x01: return fmt::format("lines {}-{}", high_byte(in.ecx) & 0x1f, low_byte(in.ecx) & 0x1f);
    case 0x02: return fmt::format("row {} column {}", high_byte(in.edx), low_byte(in.edx));
    case 0x06:
    case 0x07: return in.al() == 0 ? std::string("clear") : fmt::format("{} lines", in.al());
    case 0x09:
    case 0x0a:
      return fmt::format("{} x {} attribute {:02x}", printable(in.al()), low(in.ecx),
                         low_byte(in.ebx));
    case 0x0e: return printable(in.al());
    case 0x4f:
      return in.al() == 1 || in.al() == 2
                 ? fmt::format("mode {:04x}", low(in.al() == 1 ? in.ecx : in.ebx))
                 : "";
    default: return "";
  }
}

std::string system_arguments(const Registers& in) {
  if (in.ax() == 0xe820)
    return fmt::format("entry {:#x}, buffer {:04x}:{:04x}", in.ebx, in.es, low(in.edi));
  if (in.ah() == 0x86)
    return fmt::format("{} us", static_cast<std::uint32_t>(low(in.ecx)) << 16 | low(in.edx));
  if (in.ah() == 0x87) return fmt::format("{} words", low(in.ecx));
  return "";
}

std::string system_result(const Registers& in, const Registers& out, const MemoryView& memory) {
  if (out.carry()) return fmt::format("error {:02x}", out.ah());
  if (in.ax() == 0xe820) {
    static constexpr std::string_view kTypes[] = {"?",    "usable", "reserved",
                                                  "ACPI", "NVS",    "unusable"};
    const std::uint32_t at = linear(in.es, in.edi);
    const auto type = memory(at + 16, 4);
    return fmt::format("{:#x} + {:#x} {}, next {:#x}", memory(at, 8), memory(at + 8, 8),
                       kTypes[type < 6 ? type : 0], out.ebx);
  }
  if (in.ax() == 0xe801) return fmt::format("{} KiB + {} x 64 KiB", low(out.eax), low(out.ebx));
  if (in.ah() == 0x88) return fmt::format("{} KiB", out.ax());
  return "ok";
}

std::string clock_result(const Registers& in, const Registers& out) {
  if (in.ah() >= 0xb1) {
    if (out.carry() || out.ah() != 0) return fmt::format("error {:02x}", out.ah());
    switch (in.ax()) {
      case 0xb102:
      case 0xb103:
        return fmt::format("{:02x}:{:02x}.{}", high_byte(out.ebx), low_byte(out.ebx) >> 3,
                           out.ebx & 7);
      case 0xb108: return fmt::format("{:02x}", low_byte(out.ecx));
      case 0xb109: return fmt::format("{:04x}", low(out.ecx));
      case 0xb10a: return fmt::format("{:08x}", out.ecx);
      default: return "ok";
    }
  }
  if (out.carry()) return "error";
  switch (in.ah()) {
    case 0x00:
      return fmt::format("{} ticks", static_cast<std::uint32_t>(low(out.ecx)) << 16 | low(out.edx));
    case 0x02:
      return fmt::format("{:02x}:{:02x}:{:02x}", high_byte(out.ecx), low_byte(out.ecx),
                         high_byte(out.edx));
    case 0x04:
      return fmt::format("{:02x}{:02x}-{:02x}-{:02x}", high_byte(out.ecx), low_byte(out.ecx),
                         high_byte(out.edx), low_byte(out.edx));
    default: return "ok";
  }
}

}  // namespace

Service describe_call(std::uint8_t vector, const Registers& in, const MemoryView& memory) {
  Service service;
  const std::string_view name = name_of_service(vector, in.ax());
  service.name = name.empty() ? fmt::format("function {:02x}", in.ah()) : std::string(name);
  switch (vector) {
    case 0x10: service.text = video_arguments(in); break;
    case 0x13: service.text = disk_arguments(in, memory); break;
    case 0x14:
    case 0x17: service.text = fmt::format("port {}", low(in.edx)); break;
    case 0x15: service.text = system_arguments(in); break;
    case 0x1a:
      if (in.ah() == 0xb1) {
        service.text =
            in.al() == 2
                ? fmt::format("{:04x}:{:04x} index {}", low(in.edx), low(in.ecx), low(in.esi))
            : in.al() >= 8 ? fmt::format("{:02x}:{:02x}.{} register {:02x}", high_byte(in.ebx),
                                         low_byte(in.ebx) >> 3, in.ebx & 7, low_byte(in.edi))
                           : "";
      }
      break;
    default: break;
  }
  return service;
}

std::string name_of_vector(std::uint8_t vector) {
  return std::string(name_of_service(vector, 0));
}

std::string describe_interruption(CallKind kind, std::uint8_t vector) {
  static constexpr std::string_view kExceptions[] = {"divide error",
                                                     "debug",
                                                     "NMI",
                                                     "breakpoint",
                                                     "overflow",
                                                     "BOUND range",
                                                     "invalid opcode",
                                                     "no coprocessor",
                                                     "double fault",
                                                     "coprocessor overrun",
                                                     "invalid TSS",
                                                     "no segment",
                                                     "stack fault",
                                                     "general protection",
                                                     "page fault",
                                                     "?",
                                                     "coprocessor error"};
  if (kind == CallKind::kException && vector < std::size(kExceptions))
    return fmt::format("exception: {}", kExceptions[vector]);
  const std::string_view name = name_of_service(vector, 0);
  const bool known = name.substr(0, 3) == "IRQ" || vector == 2;
  return known ? std::string(name) : fmt::format("interrupt request {:02x}", vector);
}

std::string describe_result(std::uint8_t vector, const Registers& in, const Registers& out,
                            const MemoryView& memory) {
  switch (vector) {
    case 0x10:
      if (in.ah() == 0x03)
        return fmt::format("row {} column {}", high_byte(out.edx), low_byte(out.edx));
      if (in.ah() == 0x0f) return fmt::format("mode {:02x}, {} columns", out.al(), out.ah());
      if (in.ah() == 0x08) return printable(out.al());
      if (in.ah() == 0x4f)
        return out.ax() == 0x004f ? "ok" : fmt::format("failed {:04x}", out.ax());
      return "";
    case 0x11: return fmt::format("{:04x}", out.ax());
    case 0x12: return fmt::format("{} KiB", out.ax());
    case 0x13: return disk_result(in, out, memory);
    case 0x14:
    case 0x17: return fmt::format("status {:02x}", out.ah());
    case 0x15: return system_result(in, out, memory);
    case 0x16:
      if (in.ah() == 0x01 || in.ah() == 0x11)
        return (out.flags & 0x40) != 0
                   ? "none"
                   : fmt::format("scan {:02x} {}", out.ah(), printable(out.al()));
      if (in.ah() == 0x00 || in.ah() == 0x10)
        return fmt::format("scan {:02x} {}", out.ah(), printable(out.al()));
      return fmt::format("{:02x}", out.al());
    case 0x1a: return clock_result(in, out);
    default: return "";
  }
}

}  // namespace ice86::harness
