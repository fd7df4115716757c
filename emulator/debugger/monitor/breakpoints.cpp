// SPDX-License-Identifier: LGPL-2.1-or-later
// The monitor's commands for breakpoints and watchpoints.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "emulator/debugger/monitor/monitor.h"

namespace ice86::debugger {

namespace {

// By their numbers.
constexpr std::array<std::string_view, 8> kRegisters = {"ax", "cx", "dx", "bx",
                                                        "sp", "bp", "si", "di"};

}  // namespace

std::string Monitor::break_code(const Words& words) {
  const auto at = words.size() == 2 ? address(words[1]) : std::nullopt;
  if (!at) return "where? a linear address, or SEG:OFF\n";
  Breakpoint b;
  b.owner = owner_;
  b.address = *at;
  return fmt::format("breakpoint {} at {:#x}\n", debugger_.insert(b), *at);
}

std::string Monitor::break_physical(const Words& words) {
  const auto at = words.size() == 2 ? address(words[1]) : std::nullopt;
  if (!at) return "where? a physical address\n";
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kPhysical;
  b.address = *at;
  return fmt::format("breakpoint {} at physical {:#x}\n", debugger_.insert(b), *at);
}

std::string Monitor::break_magic(const Words& words) {
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kMagic;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto known = std::find(kRegisters.begin(), kRegisters.end(), words[i]);
    if (known == kRegisters.end()) return fmt::format("'{}' is no 16-bit register\n", words[i]);
    b.address |= std::uint64_t{1} << (known - kRegisters.begin());
  }
  if (words.size() == 1) b.address = 1 << cpu::kRbx;
  return fmt::format("breakpoint {}\n", debugger_.insert(b));
}

std::string Monitor::break_reset(const Words& words) {
  if (words.size() > 2) return "resetbp [FILE]\n";
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kReset;
  if (words.size() == 2) b.file = words[1];
  return fmt::format("breakpoint {}\n", debugger_.insert(b));
}

std::string Monitor::break_interrupt(const Words& words) {
  const auto number = [&](std::size_t i) {
    const auto value = hexadecimal(words[i]);
    return value && *value <= 0xff ? value : std::nullopt;
  };
  if (words.size() < 2 || words.size() > 3 || !number(1) || (words.size() == 3 && !number(2)))
    return "which interrupt, and for which AH? Both in hexadecimal: int 13 42\n";
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kInterrupt;
  b.address = *number(1);
  if (words.size() == 3) b.value = static_cast<std::uint8_t>(*number(2));
  return fmt::format("breakpoint {}\n", debugger_.insert(b));
}

std::string Monitor::break_port(const Words& words) {
  const auto port = words.size() > 1 ? term(words[1]) : std::nullopt;
  const auto count = words.size() > 2 ? term(words[2]) : 1;
  if (!port || !count || *count == 0 || *port + *count > 0x10000) return "which ports?\n";
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kPorts;
  b.address = *port;
  b.size = *count;
  return fmt::format("breakpoint {}\n", debugger_.insert(b));
}

std::string Monitor::break_post(const Words& words) {
  const auto code = words.size() == 2 ? hexadecimal(words[1]) : std::nullopt;
  if (!code || *code > 0xff) return "which code? Two hexadecimal digits\n";
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kPorts;
  b.address = 0x80;
  b.value = static_cast<std::uint8_t>(*code);
  return fmt::format("breakpoint {}\n", debugger_.insert(b));
}

std::string Monitor::break_mode(const Words&) {
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kMode;
  return fmt::format("breakpoint {}\n", debugger_.insert(b));
}

std::string Monitor::watch(const Words& words) {
  std::size_t at = 1;
  std::string kind = "w";
  if (words.size() > 2 && (words[1] == "r" || words[1] == "w" || words[1] == "a"))
    kind = words[at++];
  const auto where = words.size() > at ? address(words[at]) : std::nullopt;
  const auto size = words.size() > at + 1 ? term(words[at + 1]) : 1;
  if (!where || !size || *size == 0 || *size > kPageSize) return "watch [r|w|a] ADDRESS [BYTES]\n";
  Breakpoint b;
  b.owner = owner_;
  b.kind = Breakpoint::Kind::kWatch;
  b.address = *where;
  b.size = *size;
  b.on_read = kind != "w";
  b.on_write = kind != "r";
  return fmt::format("watchpoint {} at {:#x}\n", debugger_.insert(b), *where);
}

std::string Monitor::list_breaks(const Words&) {
  std::string text;
  for (const Breakpoint& b : debugger_.breakpoints()) {
    text += fmt::format("{:>4}  ", b.number);
    switch (b.kind) {
      case Breakpoint::Kind::kCode: text += fmt::format("code at {:#x}", b.address); break;
      case Breakpoint::Kind::kWatch:
        text += fmt::format("{} of {:#x}, {} bytes",
                            b.on_read ? b.on_write ? "reads and writes" : "reads" : "writes",
                            b.address, b.size);
        break;
      case Breakpoint::Kind::kPorts:
        text += fmt::format("ports {:#x} to {:#x}", b.address, b.address + b.size - 1);
        if (b.value) text += fmt::format(", AL = {:02x}", *b.value);
        break;
      case Breakpoint::Kind::kInterrupt:
        text += fmt::format("interrupt {:02x}h", b.address);
        if (b.value) text += fmt::format(", AH = {:02x}", *b.value);
        break;
      case Breakpoint::Kind::kMode: text += "a change of mode"; break;
      case Breakpoint::Kind::kPhysical:
        text += fmt::format("code at physical {:#x}", b.address);
        break;
      case Breakpoint::Kind::kMagic:
        text += "magic:";
        for (unsigned i = 0; i < kRegisters.size(); ++i) {
          if ((b.address >> i & 1) != 0) text += fmt::format(" xchg {0},{0}", kRegisters[i]);
        }
        break;
      case Breakpoint::Kind::kReset:
        text += b.file.empty() ? "a reset" : "a reset, memory into " + b.file;
        break;
    }
    text += b.owner == owner_ ? "\n" : " (somebody else's)\n";
  }
  return text.empty() ? "none\n" : text;
}

std::string Monitor::remove(const Words& words) {
  const auto number = words.size() == 2 ? term(words[1]) : std::nullopt;
  if (!number || *number > 0xffffffff || !debugger_.remove(static_cast<unsigned>(*number)))
    return "which one? blist shows their numbers\n";
  return "";
}

}  // namespace ice86::debugger
