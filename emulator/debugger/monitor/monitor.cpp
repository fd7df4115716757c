// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of commands, expressions, and the commands that let the machine run or stop it.
#include "emulator/debugger/monitor/monitor.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "emulator/base/units.h"
#include "emulator/machine/disassembly.h"

namespace ice86::debugger {

namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r\n", at)) != std::string::npos) {
    const std::size_t end = std::min(line.find_first_of(" \t\r\n", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

bool has_name(const char* names, const std::string& name) {
  const auto all = split(names);
  return std::find(all.begin(), all.end(), name) != all.end();
}

}  // namespace

const std::vector<Monitor::Command>& Monitor::commands() {
  static const std::vector<Command> table = {
      {"help h ?", "[COMMAND]", "this list", &Monitor::help, false},
      {"c cont continue", "", "let the machine run", &Monitor::go, true},
      {"s step stepi", "[N]", "N instructions (default 1)", &Monitor::step, true},
      {"n next p", "", "one instruction; a call, an interrupt or a repeated one as a whole",
       &Monitor::next, true},
      {"stop", "", "stop the machine", &Monitor::stop, true},
      {"rs reverse-step", "[N]", "back by N instructions", &Monitor::reverse_step, false},
      {"rc reverse-continue", "", "back to the last breakpoint, watchpoint or port access",
       &Monitor::reverse_continue, true},
      {"goto", "N | +N | -N | TIME | start | end | int VECTOR N",
       "to an instruction count, a virtual time (12.5s, 300ms), or the N-th of an interrupt",
       &Monitor::go_to, false},
      {"history", "", "how far time goes back, and what it costs", &Monitor::history, false},
      {"lb vb b break", "ADDRESS", "breakpoint at a linear address or SEG:OFF",
       &Monitor::break_code, false},
      {"pb pbreak", "ADDRESS", "breakpoint at a physical address", &Monitor::break_physical, false},
      {"magic", "[REGISTER...]",
       "stop at XCHG of a 16-bit register with itself (bx); registers: ax cx dx bx sp bp si di",
       &Monitor::break_magic, false},
      {"resetbp", "[FILE]", "stop before a reset; physical memory is written to FILE",
       &Monitor::break_reset, false},
      {"int break-int", "VECTOR [AH]", "stop when this interrupt is delivered",
       &Monitor::break_interrupt, false},
      {"port iobreak", "PORT [COUNT]", "stop at accesses of ports", &Monitor::break_port, false},
      {"post", "CODE", "stop when this POST code is written to port 80", &Monitor::break_post,
       false},
      {"modebp", "", "stop when the CPU's mode changes", &Monitor::break_mode, false},
      {"watch", "[r|w|a] ADDRESS [BYTES]", "stop at reads, writes (default; DMA, too) or both",
       &Monitor::watch, false},
      {"blist", "", "all breakpoints", &Monitor::list_breaks, false},
      {"d del delete bpd", "NUMBER", "remove a breakpoint", &Monitor::remove, false},
      {"x", "[/NFU] ADDRESS", "memory at a linear address; F: x d u c s i, U: b h w g",
       &Monitor::dump, false},
      {"xp", "[/NFU] ADDRESS", "memory at a physical address", &Monitor::dump_physical, false},
      {"setmem", "ADDRESS BYTE...", "write bytes at a linear address", &Monitor::set_memory, false},
      {"memsave", "ADDRESS BYTES FILE", "memory at a linear address into a file",
       &Monitor::save_memory, false},
      {"pmemsave", "ADDRESS BYTES FILE", "memory at a physical address into a file",
       &Monitor::save_memory, false},
      {"u disasm", "[/N] [ADDRESS]", "disassemble", &Monitor::disassemble, false},
      {"r reg regs registers", "", "registers", &Monitor::registers, false},
      {"sreg", "", "segment registers and descriptor tables", &Monitor::segments, false},
      {"creg", "", "control registers", &Monitor::controls, false},
      {"page", "ADDRESS", "the physical address of a linear one", &Monitor::page, false},
      {"info",
       "ivt [FIRST [COUNT]] | int13 | idt | gdt | post | efi | device | b | cpu | registers",
       "tables and chips; EFI's images", &Monitor::info, false},
      {"profile", "[start [INSTRUCTIONS] | stop | clear | COUNT]",
       "count where the CPU is, each so many instructions (10000); the addresses it is at most",
       &Monitor::profile, false},
      {"in inp", "PORT [1|2|4]", "read a port, with what that does", &Monitor::port_in, false},
      {"out outp", "PORT VALUE [1|2|4]", "write a port", &Monitor::port_out, false},
      {"sendkey", "KEY[-KEY...]", "press and release keys", &Monitor::key, false},
      {"screen screendump", "[FILE.png]", "the screen, as text or into a file", &Monitor::screen,
       false},
      {"reset system_reset", "", "the reset button", &Monitor::reset, false},
      {"pc", "linear | offset", "what $pc is for GDB", &Monitor::pc_policy, false},
      {"arch", "auto | 16 | 32 | 64", "the target description GDB gets next",
       &Monitor::architecture, false},
      {"q quit", "", "end the run", &Monitor::quit, true}};
  return table;
}

const Monitor::Command* Monitor::find(const std::string& name) {
  for (const Command& command : commands()) {
    if (has_name(command.names, name)) return &command;
  }
  return nullptr;
}

std::vector<std::string> Monitor::names() {
  std::vector<std::string> all;
  for (const Command& command : commands()) {
    for (std::string& name : split(command.names)) all.push_back(std::move(name));
  }
  return all;
}

std::vector<std::string> Monitor::completions(const std::string& line) {
  const std::vector<std::string> words = split(line);
  if (words.empty() || (words.size() == 1 && line.back() != ' ')) return names();
  const Command* command = find(words[0]);
  if (command == nullptr) return {};
  if (command->run == &Monitor::help) return names();
  // What the arguments spell in small letters: "ivt [FIRST [COUNT]] | int13 | idt".
  std::vector<std::string> all;
  std::string word;
  for (const char c : std::string(command->arguments) + ' ') {
    if ((c >= 'a' && c <= 'z') || (!word.empty() && c >= '0' && c <= '9')) {
      word += c;
      continue;
    }
    if (word.size() > 1) all.push_back(word);
    word.clear();
  }
  if (command->run == &Monitor::break_magic) all = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  return all;
}

std::string Monitor::execute(const std::string& line) {
  Words words = split(line);
  if (words.empty()) return "";
  // x/8bx ADDRESS, with no blank.
  if (const std::size_t slash = words[0].find('/'); slash != std::string::npos && slash != 0) {
    words.insert(words.begin() + 1, words[0].substr(slash));
    words[0] = words[0].substr(0, slash);
  }
  const Command* command = find(words[0]);
  if (command == nullptr) return fmt::format("'{}' is no command; help lists them\n", words[0]);
  if (command->runs && !controls_)
    return fmt::format("'{}' is GDB's to do: say it without 'monitor'\n", words[0]);
  if (debugger_.travelling() && !has_name("stop q quit help h ?", words[0]))
    return "the machine goes through its past; 'stop' ends that\n";
  if (debugger_.running() && has_name("rs rc goto x xp u n s", words[0]))
    return "the machine runs; stop it first\n";
  return (this->*command->run)(words);
}

std::string Monitor::help(const Words& words) {
  std::string text;
  for (const Command& command : commands()) {
    if (words.size() > 1 && !has_name(command.names, words[1])) continue;
    text += fmt::format("{} {}\n    {}\n", command.names, command.arguments, command.help);
  }
  return text.empty() ? fmt::format("'{}' is no command\n", words[1]) : text;
}

// ---- Expressions ----

std::optional<std::uint64_t> Monitor::term(std::string_view text) const {
  if (!text.empty() && text.front() == '$') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  std::uint64_t value = 0;
  const char* from = text.data() + (hex ? 2 : 0);
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(from, end, value, hex ? 16 : 10);
      read.ec == std::errc() && read.ptr == end)
    return value;
  static constexpr const char* kNames[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  static constexpr const char* kSegments[] = {"es", "cs", "ss", "ds", "fs", "gs"};
  const cpu::State& s = debugger_.state();
  for (unsigned i = 0; i < 6; ++i) {
    if (text == kSegments[i]) return s.segment[i].selector;
  }
  std::uint64_t mask = 0xffff;
  if (text.size() == 3 && text[0] == 'e') mask = 0xffffffff;
  if (text.size() == 3 && text[0] == 'r') mask = ~std::uint64_t{0};
  const std::string_view rest = mask == 0xffff ? text : text.substr(1);
  if (rest == "ip") return s.rip & mask;
  for (unsigned i = 0; i < 8; ++i) {
    if (rest == kNames[i]) return s.gpr[i] & mask;
  }
  for (unsigned i = 8; i < 16; ++i) {
    if (text == fmt::format("r{}", i)) return s.gpr[i];
  }
  if (text == "pc") return debugger_.linear_ip();
  return std::nullopt;
}

// Interrupts, ports and codes have hexadecimal numbers, with 0x or without.
std::optional<std::uint64_t> Monitor::hexadecimal(std::string word) {
  if (word.rfind("0x", 0) == 0) word.erase(0, 2);
  std::uint64_t value = 0;
  const char* end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, value, 16);
  if (word.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

// TERM[+TERM|-TERM], or SEG:TERM... with plain numbers in hexadecimal, as everybody writes them.
std::optional<std::uint64_t> Monitor::address(const std::string& text) const {
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const auto part = [this](const std::string& word) {
      const auto value = hexadecimal(word);
      return value ? value : term(word);
    };
    const std::string segment = text.substr(0, colon);
    const auto selector = part(segment);
    const auto offset = part(text.substr(colon + 1));
    if (!selector || !offset) return std::nullopt;
    const cpu::State& s = debugger_.state();
    // A segment register has its base at hand; so has a selector that is in one.
    for (const cpu::Segment& known : s.segment) {
      if (known.selector == *selector && s.protected_mode() && !s.v8086())
        return known.base + *offset;
    }
    if (s.protected_mode() && !s.v8086()) return std::nullopt;
    return (*selector << 4) + *offset;
  }
  const std::size_t sign = text.find_first_of("+-", 1);
  const auto base = term(std::string_view(text).substr(0, sign));
  if (!base || sign == std::string::npos) return base;
  const auto more = term(std::string_view(text).substr(sign + 1));
  if (!more) return std::nullopt;
  return text[sign] == '+' ? *base + *more : *base - *more;
}

// ---- Running ----

std::string Monitor::place() const {
  const machine::Instant now = debugger_.pc().instant();
  return fmt::format("{}{} at instruction {}, {:.9f} s\n{}\n", debugger_.last_stop().text,
                     debugger_.in_past() ? " (in the past)" : "", now.instructions,
                     static_cast<double>(now.time) / 1e9,
                     machine::instruction_text(debugger_.pc()));
}

std::string Monitor::go(const Words&) {
  debugger_.go();
  return "";
}

std::string Monitor::step(const Words& words) {
  const auto count = words.size() > 1 ? term(words[1]) : 1;
  if (!count || *count == 0) return "how many instructions?\n";
  debugger_.step(*count);
  return "";
}

std::string Monitor::next(const Words&) {
  const cpu::State& s = debugger_.state();
  const std::uint64_t linear = debugger_.linear_ip();
  const auto instruction =
      machine::instruction_at(debugger_.pc(), linear, s.rip, machine::code_bits(s));
  if (instruction && instruction->call) {
    debugger_.go_to_address(linear + instruction->length);
  } else {
    debugger_.step(1);
  }
  return "";
}

std::string Monitor::stop(const Words&) {
  debugger_.stop();
  return "";
}

std::string Monitor::quit(const Words&) {
  debugger_.quit();
  return "";
}

std::string Monitor::reset(const Words&) {
  return debugger_.input(machine::ResetInput{}) ? "" : "not while the machine repeats its past\n";
}

std::string Monitor::no_history() const {
  return "this run keeps no history: see --time-travel\n";
}

std::string Monitor::reverse_step(const Words& words) {
  const auto count = words.size() > 1 ? term(words[1]) : 1;
  if (!count || *count == 0) return "how many instructions?\n";
  if (!debugger_.reverse_step(*count)) return no_history();
  return controls_ ? "" : place();
}

std::string Monitor::reverse_continue(const Words&) {
  return debugger_.reverse_continue() ? "" : no_history();
}

std::string Monitor::go_to(const Words& words) {
  if (debugger_.timeline() == nullptr) return no_history();
  if (words.size() == 4 && words[1] == "int") {
    const auto vector = hexadecimal(words[2]);
    const auto number = term(words[3]);
    if (!vector || *vector > 0xff || !number || *number == 0)
      return "which one? goto int 13 5: the fifth INT 13h\n";
    if (!controls_) return "only at ice86's own monitor\n";
    debugger_.go_to_interrupt(static_cast<std::uint8_t>(*vector), *number);
    return "";
  }
  if (words.size() != 2) return "where? N, +N, -N, 12.5s, start, end, or int VECTOR N\n";
  const std::string& where = words[1];
  machine::Timeline& timeline = *debugger_.timeline();
  const std::uint64_t now = debugger_.pc().instant().instructions;
  bool done = true;
  if (where == "start") {
    done = timeline.go_to(timeline.first());
  } else if (where == "end") {
    timeline.go_to_present();
  } else if (where.back() == 's') {
    const auto time = parse_duration_ns(where);
    if (!time) return fmt::format("{}\n", time.error().message());
    done = timeline.go_to_time(*time);
  } else {
    const bool relative = where.front() == '+' || where.front() == '-';
    const auto count = term(std::string_view(where).substr(relative ? 1 : 0));
    if (!count) return fmt::format("'{}' is neither a count nor a time\n", where);
    if (where.front() == '-' && *count > now) return "that is before the beginning\n";
    done = timeline.go_to(where.front() == '+'   ? now + *count
                          : where.front() == '-' ? now - *count
                                                 : *count);
  }
  if (!done)
    return fmt::format("history is from instruction {} to {}\n", timeline.first(),
                       timeline.present().instructions);
  debugger_.moved("moved");
  std::string text = controls_ ? "" : place();
  if (!controls_) text += "(GDB does not know: say 'maintenance flush register-cache')\n";
  return text;
}

std::string Monitor::history(const Words&) {
  const machine::Timeline* timeline = debugger_.timeline();
  if (timeline == nullptr) return no_history();
  return fmt::format("from instruction {} to {}, {:.3f} s; {} snapshots, {:.1f} MiB\n",
                     timeline->first(), timeline->present().instructions,
                     static_cast<double>(timeline->present().time) / 1e9, timeline->snapshots(),
                     static_cast<double>(timeline->bytes()) / (1 << 20));
}

}  // namespace ice86::debugger
