// SPDX-License-Identifier: LGPL-2.1-or-later
// The monitor's commands that look at the guest and change it.
#include <fmt/core.h>

#include <algorithm>

#include "devices/vga/vga.h"
#include "emulator/base/bits.h"
#include "emulator/base/files.h"
#include "emulator/debugger/monitor/keys.h"
#include "emulator/debugger/monitor/monitor.h"
#include "emulator/display/screen.h"
#include "emulator/machine/disassembly.h"
#include "emulator/machine/efi_images.h"

namespace ice86::debugger {

namespace {

constexpr std::uint64_t kMostItems = 4096;
constexpr std::uint64_t kMostSaved = std::uint64_t{1} << 30;
constexpr std::uint64_t kSampleEach = 10'000, kMostSampleEach = std::uint64_t{1} << 40;

// "/16bx": how many, the unit in bytes, the format.
struct Shape {
  std::uint64_t count = 1;
  unsigned unit = 4;
  char format = 'x';
};

std::optional<Shape> shape_of(const std::string& text) {
  Shape shape;
  std::size_t at = 1;
  if (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    shape.count = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && shape.count <= kMostItems)
      shape.count = shape.count * 10 + static_cast<unsigned>(text[at++] - '0');
  }
  for (; at < text.size(); ++at) {
    switch (text[at]) {
      case 'b': shape.unit = 1; break;
      case 'h': shape.unit = 2; break;
      case 'w': shape.unit = 4; break;
      case 'g': shape.unit = 8; break;
      case 'x':
      case 'd':
      case 'u':
      case 'i':
      case 's': shape.format = text[at]; break;
      case 'c':
        shape.format = 'c';
        shape.unit = 1;
        break;
      default: return std::nullopt;
    }
  }
  if (shape.count == 0 || shape.count > kMostItems) return std::nullopt;
  return shape;
}

std::uint64_t number_of(const std::string& bytes, std::size_t at, unsigned unit) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < unit; ++i)
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[at + i])) << (i * 8);
  return value;
}

std::string item(std::uint64_t value, const Shape& shape) {
  const unsigned bits = shape.unit * 8;
  switch (shape.format) {
    case 'd': {
      const auto top = static_cast<std::int64_t>(value << (64 - bits)) >> (64 - bits);
      return fmt::format(" {:>11}", top);
    }
    case 'u': return fmt::format(" {:>11}", value);
    case 'c':
      return value >= 0x20 && value < 0x7f ? fmt::format("  '{}'", static_cast<char>(value))
                                           : fmt::format(" \\x{:02x}", value);
    default: return fmt::format(" {:0{}x}", value, shape.unit * 2);
  }
}

const char* kind_of_gate(unsigned type) {
  switch (type) {
    case 0x5: return "task gate";
    case 0x6: return "16-bit interrupt gate";
    case 0x7: return "16-bit trap gate";
    case 0xe: return "interrupt gate";
    case 0xf: return "trap gate";
    default: return "no gate";
  }
}

}  // namespace

std::string Monitor::dump(const Words& words) {
  return examine(words, false);
}
std::string Monitor::dump_physical(const Words& words) {
  return examine(words, true);
}

std::string Monitor::examine(const Words& words, bool physical) {
  Shape shape;
  std::size_t at = 1;
  if (words.size() > 1 && words[1].front() == '/') {
    const auto asked = shape_of(words[1]);
    if (!asked) return "/NFU: a count up to 4096, a format x d u c s i, a unit b h w g\n";
    shape = *asked;
    ++at;
  }
  const auto start = words.size() == at + 1 ? address(words[at]) : std::nullopt;
  if (!start) return "where? an address, SEG:OFF, or a register\n";
  if (shape.format == 'i')
    return disassemble({"u", fmt::format("/{}", shape.count), fmt::format("{:#x}", *start)});
  if (shape.format == 's') {
    std::string bytes = debugger_.read(*start, 256, physical);
    bytes = bytes.substr(0, bytes.find('\0'));
    for (char& c : bytes) c = c >= 0x20 && c < 0x7f ? c : '.';
    return fmt::format("{:#x} \"{}\"\n", *start, bytes);
  }
  const std::string bytes = debugger_.read(*start, shape.count * shape.unit, physical);
  const unsigned per_line = 16 / shape.unit;
  std::string text;
  std::uint64_t done = 0;
  for (; done < shape.count && (done + 1) * shape.unit <= bytes.size(); ++done) {
    if (done % per_line == 0)
      text += fmt::format("{}{:08x}:", done == 0 ? "" : "\n", *start + done * shape.unit);
    text += item(number_of(bytes, done * shape.unit, shape.unit), shape);
  }
  if (!text.empty()) text += '\n';
  if (done < shape.count) text += fmt::format("{:#x} is not mapped\n", *start + done * shape.unit);
  return text;
}

std::string Monitor::set_memory(const Words& words) {
  const auto at = words.size() > 2 ? address(words[1]) : std::nullopt;
  std::string bytes;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto value = term(words[i]);
    if (!value || *value > 0xff) return fmt::format("'{}' is no byte\n", words[i]);
    bytes += static_cast<char>(*value);
  }
  if (!at) return "setmem ADDRESS BYTE...\n";
  return debugger_.write(*at, bytes, false) ? "" : fmt::format("{:#x} is not mapped\n", *at);
}

// QEMU's words and their order.
std::string Monitor::save_memory(const Words& words) {
  const auto at = words.size() == 4 ? address(words[1]) : std::nullopt;
  const std::uint64_t size = words.size() == 4 ? term(words[2]).value_or(0) : 0;
  if (!at || size == 0 || size > kMostSaved)
    return fmt::format("{} ADDRESS BYTES FILE, up to 1 GiB\n", words[0]);
  const std::string bytes = debugger_.read(*at, size, words[0] == "pmemsave");
  if (bytes.size() != size) return fmt::format("{:#x} is not mapped\n", *at + bytes.size());
  const auto written = write_file(words[3], bytes);
  return written ? "" : written.error().message() + "\n";
}

std::string Monitor::profile(const Words& words) {
  const std::string what = words.size() > 1 ? words[1] : "20";
  if (what == "start") {
    const auto each = words.size() > 2 ? term(words[2]) : kSampleEach;
    if (!each || *each == 0 || *each > kMostSampleEach) return "each how many instructions?\n";
    debugger_.profile(*each);
    return "";
  }
  if (what == "stop" || what == "clear") {
    if (what == "stop") debugger_.profile(0);
    if (what == "clear") debugger_.forget_samples();
    return "";
  }
  const auto most = term(what);
  if (!most) return "profile [start [INSTRUCTIONS] | stop | clear | COUNT]\n";
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all(debugger_.samples().begin(),
                                                           debugger_.samples().end());
  std::uint64_t sum = 0;
  for (const auto& [linear, count] : all) sum += count;
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (all.size() > *most) all.resize(*most);
  std::string text = fmt::format("{} samples at {} addresses\n", sum, debugger_.samples().size());
  for (const auto& [linear, count] : all) text += fmt::format("{:>8}  {:08x}\n", count, linear);
  return text;
}

std::string Monitor::disassemble(const Words& words) {
  std::uint64_t count = 8;
  std::size_t at = 1;
  if (words.size() > 1 && words[1].front() == '/') {
    const auto asked = shape_of(words[1]);
    if (!asked) return "how many instructions? u /N ADDRESS\n";
    count = asked->count;
    ++at;
  }
  const auto start = words.size() > at ? address(words[at]) : std::optional(debugger_.linear_ip());
  if (!start) return "where? an address, SEG:OFF, or a register\n";
  const cpu::State& s = debugger_.state();
  const unsigned bits = machine::code_bits(s);
  std::uint64_t linear = *start;
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t ip = linear - s.segment[cpu::kCs].base;
    const auto instruction = machine::instruction_at(debugger_.pc(), linear, ip, bits);
    if (!instruction) {
      text += fmt::format("{:08x}  no instruction\n", linear);
      break;
    }
    text += fmt::format("{:08x}  {:<30} {}\n", linear, instruction->bytes, instruction->text);
    linear += instruction->length;
  }
  return text;
}

std::string Monitor::registers(const Words&) {
  static constexpr const char* kNames[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  const cpu::State& s = debugger_.state();
  const bool wide = machine::code_bits(s) == 64;
  std::string text;
  for (unsigned i = 0; i < (wide ? 16u : 8u); ++i) {
    const std::string name =
        i < 8 ? fmt::format("{}{}", wide ? 'r' : 'e', kNames[i]) : fmt::format("r{}", i);
    text += fmt::format("{:<3} {:0{}x}{}", name, s.gpr[i], wide ? 16 : 8, i % 4 == 3 ? "\n" : "  ");
  }
  text += fmt::format("{:<3} {:0{}x}  ", wide ? "rip" : "eip", s.rip, wide ? 16 : 8);
  text += fmt::format("eflags {:08x}  [", static_cast<std::uint32_t>(s.rflags));
  static constexpr std::pair<unsigned, const char*> kFlags[] = {
      {17, "vm"}, {16, "rf"}, {14, "nt"}, {11, "of"}, {10, "df"}, {9, "if"},
      {8, "tf"},  {7, "sf"},  {6, "zf"},  {4, "af"},  {2, "pf"},  {0, "cf"}};
  std::string flags;
  for (const auto& [number, name] : kFlags) {
    if (bit(s.rflags, number)) flags += (flags.empty() ? "" : " ") + std::string(name);
  }
  return text + flags + "]\n";
}

std::string Monitor::segments(const Words&) {
  static constexpr const char* kNames[] = {"es", "cs", "ss", "ds", "fs", "gs"};
  const cpu::State& s = debugger_.state();
  std::string text;
  const auto add = [&text](const char* name, const cpu::Segment& segment) {
    text += fmt::format("{:<4} {:04x}  base {:08x}  limit {:08x}  attributes {:06x}{}\n", name,
                        segment.selector, segment.base, segment.limit, segment.attributes,
                        segment.usable ? "" : "  null");
  };
  for (unsigned i = 0; i < 6; ++i) add(kNames[i], s.segment[i]);
  add("ldtr", s.ldtr);
  add("tr", s.tr);
  text += fmt::format("gdtr base {:08x}  limit {:04x}\n", s.gdtr.base, s.gdtr.limit);
  text += fmt::format("idtr base {:08x}  limit {:04x}\n", s.idtr.base, s.idtr.limit);
  return text;
}

std::string Monitor::controls(const Words&) {
  const cpu::State& s = debugger_.state();
  std::string text = fmt::format("cr0 {:08x}  cr2 {:x}  cr3 {:x}  cr4 {:08x}  cr8 {:x}\n", s.cr0,
                                 s.cr2, s.cr3, s.cr4, s.cr8);
  text += fmt::format("efer {:x}  cpl {}  {}-bit code{}{}{}\n", s.efer, s.cpl(),
                      machine::code_bits(s), s.protected_mode() ? ", protected mode" : "",
                      (s.cr0 & cpu::cr0::kPg) != 0 ? ", paging" : "",
                      (s.efer & cpu::efer::kLma) != 0 ? ", long mode" : "");
  return text;
}

std::string Monitor::page(const Words& words) {
  const auto at = words.size() == 2 ? address(words[1]) : std::nullopt;
  if (!at) return "which address?\n";
  Gpa gpa = 0;
  if (!debugger_.pc().cpu().translate(*at, gpa)) return fmt::format("{:#x} is not mapped\n", *at);
  return fmt::format("linear {:#x} is physical {:#x}\n", *at, gpa);
}

std::string Monitor::vectors(unsigned first, unsigned count) {
  std::string text;
  for (unsigned i = first; i < first + count && i < 256; ++i) {
    const std::string entry = debugger_.read(i * 4, 4, true);
    const auto offset = number_of(entry, 0, 2), segment = number_of(entry, 2, 2);
    text += fmt::format("{:02x}h  {:04x}:{:04x}  at {:05x}\n", i, segment, offset,
                        (segment << 4) + offset);
  }
  return text;
}

std::string Monitor::descriptor_table(bool interrupts) {
  const cpu::State& s = debugger_.state();
  const cpu::DescriptorTable& table = interrupts ? s.idtr : s.gdtr;
  const bool wide = interrupts && (s.efer & cpu::efer::kLma) != 0;
  const unsigned size = wide ? 16 : 8;
  std::string text;
  for (unsigned at = 0; at + size - 1 <= table.limit && at / size < 256; at += size) {
    const std::string bytes = debugger_.read(table.base + at, size, false);
    if (bytes.size() < size) return text + fmt::format("{:#x} is not mapped\n", table.base + at);
    const auto low = static_cast<std::uint32_t>(number_of(bytes, 0, 4));
    const auto high = static_cast<std::uint32_t>(number_of(bytes, 4, 4));
    if (high == 0 && low == 0) continue;
    if (interrupts) {
      std::uint64_t offset = (low & 0xffff) | (high & 0xffff0000);
      if (wide) offset |= number_of(bytes, 8, 4) << 32;
      text += fmt::format("{:02x}h  {:04x}:{:x}  {}, DPL {}{}\n", at / size, low >> 16, offset,
                          kind_of_gate(bits(high, 11, 8)), bits(high, 14, 13),
                          bit(high, 15) ? "" : ", not present");
    } else {
      std::uint64_t limit = (low & 0xffff) | (high & 0xf0000);
      if (bit(high, 23)) limit = limit << 12 | 0xfff;
      text += fmt::format("{:04x}  base {:08x}  limit {:08x}  {}, type {:x}, DPL {}{}{}\n", at,
                          low >> 16 | (high & 0xff) << 16 | (high & 0xff000000), limit,
                          !bit(high, 12)  ? "system"
                          : bit(high, 11) ? "code"
                                          : "data",
                          bits(high, 11, 8), bits(high, 14, 13),
                          bit(high, 21)   ? ", 64-bit"
                          : bit(high, 22) ? ", 32-bit"
                                          : ", 16-bit",
                          bit(high, 15) ? "" : ", not present");
    }
  }
  return text.empty() ? "empty\n" : text;
}

std::string Monitor::efi_images() {
  const auto table = machine::find_efi_system_table(debugger_.pc());
  if (!table) return "there is no EFI system table\n";
  std::string text = fmt::format("system table at {:#x}, {}-bit; base, size, entry, file\n",
                                 table->at, table->pointer * 8);
  const auto images = machine::efi_images(debugger_.pc(), *table);
  for (const machine::EfiImage& image : images) {
    text += fmt::format("{:#x} {:#x} {:#x} {}", image.base, image.size, image.entry,
                        image.loaded_from.empty() ? "?" : image.loaded_from);
    if (!image.debug_file.empty()) text += fmt::format(" [{}]", image.debug_file);
    text += '\n';
  }
  return images.empty() ? text + "no debug image info table\n" : text;
}

std::string Monitor::info(const Words& words) {
  const std::string what = words.size() > 1 ? words[1] : "";
  if (what == "ivt") {
    const auto first = words.size() > 2 ? term(words[2]) : 0;
    const auto count = words.size() > 3 ? term(words[3]) : words.size() > 2 ? 1 : 256;
    if (!first || !count || *first > 255 || *count > 256) return "info ivt [FIRST [COUNT]]\n";
    return vectors(static_cast<unsigned>(*first), static_cast<unsigned>(*count));
  }
  if (what == "int13") {
    // BIOS data area: last status 41h, disks 75h. Vectors of the diskette tables and disk tables.
    std::string text = vectors(0x13, 1) + vectors(0x1e, 1) + vectors(0x40, 2) + vectors(0x46, 1);
    return text + fmt::format("disks {}, last status {:02x}h\n",
                              number_of(debugger_.read(0x475, 1, true), 0, 1),
                              number_of(debugger_.read(0x441, 1, true), 0, 1));
  }
  if (what == "idt") return descriptor_table(true);
  if (what == "gdt") return descriptor_table(false);
  if (what == "efi") return efi_images();
  if (what == "post") return fmt::format("{:02x}\n", debugger_.pc().peek_port(0x80, 1));
  if (what == "device" || what == "devices") return debugger_.pc().dump();
  if (what == "b" || what == "break" || what == "breakpoints") return list_breaks(words);
  if (what == "cpu" || what == "registers" || what == "r")
    return registers(words) + segments(words) + controls(words);
  return "info ivt | int13 | idt | gdt | post | efi | device | b | cpu | registers\n";
}

std::string Monitor::port_in(const Words& words) {
  const auto port = words.size() > 1 ? term(words[1]) : std::nullopt;
  const auto width = words.size() > 2 ? term(words[2]) : 1;
  if (!port || *port > 0xffff || !width || (*width != 1 && *width != 2 && *width != 4))
    return "in PORT [1|2|4]\n";
  debugger_.changed();
  return fmt::format("{:#x}\n", debugger_.pc().read_port(static_cast<std::uint16_t>(*port),
                                                         static_cast<unsigned>(*width)));
}

std::string Monitor::port_out(const Words& words) {
  const auto port = words.size() > 2 ? term(words[1]) : std::nullopt;
  const auto value = words.size() > 2 ? term(words[2]) : std::nullopt;
  const auto width = words.size() > 3 ? term(words[3]) : 1;
  if (!port || *port > 0xffff || !value || !width || (*width != 1 && *width != 2 && *width != 4))
    return "out PORT VALUE [1|2|4]\n";
  debugger_.changed();
  debugger_.pc().write_port(static_cast<std::uint16_t>(*port), static_cast<unsigned>(*width),
                            static_cast<std::uint32_t>(*value));
  return "";
}

// QEMU's spelling: ctrl-alt-delete.
std::string Monitor::key(const Words& words) {
  if (words.size() != 2) return "which key? sendkey ctrl-alt-delete\n";
  std::vector<devices::KeyCode> keys;
  std::size_t at = 0;
  while (at <= words[1].size()) {
    const std::size_t end = std::min(words[1].find('-', at), words[1].size());
    const auto code = key_named(words[1].substr(at, end - at));
    if (!code) return fmt::format("there is no key '{}'\n", words[1].substr(at, end - at));
    keys.push_back(*code);
    at = end + 1;
  }
  for (const devices::KeyCode code : keys) {
    if (!debugger_.input(machine::KeyInput{code, true}))
      return "not while the machine repeats its past\n";
  }
  for (auto code = keys.rbegin(); code != keys.rend(); ++code)
    debugger_.input(machine::KeyInput{*code, false});
  return "";
}

std::string Monitor::screen(const Words& words) {
  devices::Vga& vga = debugger_.pc().vga();
  if (words.size() < 2) return display::describe(vga);
  const auto png = display::png_of(vga.frame());
  if (!png) return png.error().message() + "\n";
  const auto written = write_file(words[1], *png);
  return written ? "" : written.error().message() + "\n";
}

std::string Monitor::pc_policy(const Words& words) {
  const std::string what = words.size() == 2 ? words[1] : "";
  if (what == "linear") gdb_.pc = gdb::PcPolicy::kLinear;
  if (what == "offset") gdb_.pc = gdb::PcPolicy::kOffset;
  return fmt::format("GDB's $pc is the {}\n", gdb_.pc == gdb::PcPolicy::kLinear
                                                  ? "linear address of the instruction"
                                                  : "offset in CS");
}

std::string Monitor::architecture(const Words& words) {
  const std::string what = words.size() == 2 ? words[1] : "";
  if (what == "auto") gdb_.architecture.reset();
  if (what == "16") gdb_.architecture = gdb::Architecture::kI8086;
  if (what == "32") gdb_.architecture = gdb::Architecture::kI386;
  if (what == "64") gdb_.architecture = gdb::Architecture::kAmd64;
  const unsigned now = machine::code_bits(debugger_.state());
  return fmt::format(
      "{}; the code that runs now has {} bits; 'unset tdesc filename' in GDB "
      "fetches the description anew\n",
      !gdb_.architecture                                ? "auto"
      : *gdb_.architecture == gdb::Architecture::kI8086 ? "16"
      : *gdb_.architecture == gdb::Architecture::kI386  ? "32"
                                                        : "64",
      now);
}

}  // namespace ice86::debugger
