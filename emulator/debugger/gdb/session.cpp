// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/gdb/session.h"

#include <fmt/core.h>

#include <algorithm>

#include "emulator/machine/disassembly.h"

namespace ice86::debugger::gdb {

namespace {

constexpr const char* kThread = "1";
// Signals as the protocol numbers them.
constexpr unsigned kSigInt = 2, kSigTrap = 5, kSigSegv = 11;

bool starts(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

std::string memory_map(machine::Pc& pc) {
  const std::uint64_t bytes = pc.config().memory_mib << 20;
  constexpr std::uint64_t kHole = 0xc0000000;
  const std::uint64_t low = std::min(bytes, kHole);
  std::string text =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map "
      "V1.0//EN\" \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n";
  const auto add = [&text](const char* type, std::uint64_t start, std::uint64_t length) {
    text += fmt::format("<memory type=\"{}\" start=\"{:#x}\" length=\"{:#x}\"/>\n", type, start,
                        length);
  };
  // All is said to be RAM, ROM too: breakpoints are not in memory, and GDB would refuse to write.
  add("ram", 0, low);
  add("ram", low, (std::uint64_t{1} << 32) - low);
  add("ram", std::uint64_t{1} << 32, 0xffffffff00000000);
  return text + "</memory-map>\n";
}

}  // namespace

Session::Session(Debugger& debugger, const FrontEnd& owner, Settings& settings, Send send,
                 Monitor monitor)
    : debugger_(debugger),
      owner_(owner),
      settings_(settings),
      send_(std::move(send)),
      monitor_(std::move(monitor)),
      registers_(current()) {}

Architecture Session::current() const {
  if (settings_.architecture) return *settings_.architecture;
  switch (machine::code_bits(debugger_.state())) {
    case 64: return Architecture::kAmd64;
    case 32: return Architecture::kI386;
    default: return Architecture::kI8086;
  }
}

void Session::receive(std::string_view bytes) {
  using Kind = PacketReader::Event::Kind;
  reader_.add(bytes);
  while (!over_) {
    const auto event = reader_.next();
    if (!event) return;
    switch (event->kind) {
      case Kind::kInterrupt: debugger_.stop(); break;
      case Kind::kRefused:
        if (acknowledge_ && !last_.empty()) send_(last_);
        break;
      case Kind::kDamaged:
        if (acknowledge_) send_("-");
        break;
      case Kind::kPacket:
        if (acknowledge_) send_("+");
        handle(event->text);
        if (no_ack_next_) acknowledge_ = no_ack_next_ = false;
        break;
    }
  }
}

void Session::answer(std::string_view body) {
  last_ = packet(body);
  send_(last_);
}

void Session::handle(std::string_view text) {
  if (text.empty()) return answer("");
  // While the guest runs there is nothing to ask.
  if (waits_) return;
  const char command = text.front();
  const std::string_view rest = text.substr(1);
  switch (command) {
    case '?': return answer(stop_reply());
    case 'q':
    case 'Q': return query(text);
    case 'g': return read_all();
    case 'G': return write_all(rest);
    case 'p': return read_one(rest);
    case 'P': return write_one(rest);
    case 'm': return read_memory(rest);
    case 'M': return write_memory(rest, false);
    case 'X': return write_memory(rest, true);
    case 'Z': return breakpoint(rest, true);
    case 'z': return breakpoint(rest, false);
    case 'v': return v_packet(text);
    case 'c':
    case 's':
    case 'C':
    case 'S': return resume(text);
    case 'b':
      if (rest == "c" || rest == "s") return backwards(rest == "s");
      return answer("");
    case 'H':
    case 'T': return answer("OK");
    case 'D':
      answer("OK");
      over_ = true;
      return;
    case 'k':
      debugger_.quit();
      over_ = true;
      return;
    default: return answer("");
  }
}

// ---- Queries ----

void Session::query(std::string_view text) {
  if (starts(text, "qSupported")) return supported(text);
  if (starts(text, "qXfer:")) return transfer(text.substr(6));
  if (starts(text, "qRcmd,")) return remote_command(text.substr(6));
  if (text == "QStartNoAckMode") {
    no_ack_next_ = true;
    return answer("OK");
  }
  if (text == "qC") return answer(std::string("QC") + kThread);
  if (text == "qfThreadInfo") return answer(std::string("m") + kThread);
  if (text == "qsThreadInfo") return answer("l");
  if (starts(text, "qThreadExtraInfo,")) return answer(hex("CPU 0"));
  // Not started by GDB: it lets go at its end, and does not kill.
  if (starts(text, "qAttached")) return answer("1");
  if (text == "qqemu.PhyMemMode") return answer(physical_ ? "1" : "0");
  if (starts(text, "Qqemu.PhyMemMode:")) {
    const std::string_view value = text.substr(17);
    if (value != "0" && value != "1") return answer("E16");
    physical_ = value == "1";
    return answer("OK");
  }
  answer("");
}

void Session::supported(std::string_view text) {
  sw_reasons_ = text.find("swbreak+") != std::string_view::npos;
  hw_reasons_ = text.find("hwbreak+") != std::string_view::npos;
  std::string reply = fmt::format(
      "PacketSize={:x};qXfer:features:read+;qXfer:memory-map:read+;QStartNoAckMode+;"
      "vContSupported+;swbreak+;hwbreak+",
      kPacketSize);
  if (debugger_.timeline() != nullptr) reply += ";ReverseStep+;ReverseContinue+";
  answer(reply);
}

// OBJECT:read:ANNEX:OFFSET,LENGTH
void Session::transfer(std::string_view text) {
  std::string_view annex;
  if (starts(text, "features:read:")) {
    text.remove_prefix(14);
  } else if (starts(text, "memory-map:read:")) {
    text.remove_prefix(16);
    annex = "memory-map";
  } else {
    return answer("");
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return answer("E00");
  const std::string_view name = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  const auto offset = take_number(text);
  const bool comma = take(text, ',');
  const auto length = take_number(text);
  if (!offset || !comma || !length || !text.empty()) return answer("E00");
  if (annex == "memory-map") {
    if (!name.empty()) return answer("E00");
    chunk_ = memory_map(debugger_.pc());
  } else {
    if (name != "target.xml") return answer("E00");
    // From here on the registers are these, for this GDB.
    if (*offset == 0) registers_ = RegisterMap(current());
    chunk_ = registers_.description();
  }
  if (*offset >= chunk_.size()) return answer("l");
  const std::size_t part = std::min<std::uint64_t>(*length, kPacketSize / 2);
  const bool more = *offset + part < chunk_.size();
  answer((more ? "m" : "l") + chunk_.substr(*offset, part));
}

void Session::remote_command(std::string_view digits) {
  const auto line = unhex(digits);
  if (!line) return answer("E01");
  const std::string text = monitor_(*line);
  // In pieces, as console output.
  constexpr std::size_t kPiece = kPacketSize / 2 - 16;
  for (std::size_t at = 0; at < text.size(); at += kPiece)
    answer("O" + hex(std::string_view(text).substr(at, kPiece)));
  answer("OK");
}

// ---- Registers and memory ----

void Session::read_all() {
  std::string text;
  for (std::size_t i = 0; i < registers_.count(); ++i)
    text += hex(registers_.read(debugger_.state(), i, settings_.pc));
  answer(text);
}

void Session::write_all(std::string_view digits) {
  const auto bytes = unhex(digits);
  if (!bytes) return answer("E01");
  cpu::State state = debugger_.state();
  std::size_t at = 0;
  for (std::size_t i = 0; i < registers_.count() && at < bytes->size(); ++i) {
    const std::string value = bytes->substr(at, registers_.size(i));
    at += registers_.size(i);
    if (value == registers_.read(state, i, settings_.pc)) continue;
    if (!registers_.write(state, i, value, settings_.pc)) return answer("E01");
  }
  debugger_.change_state() = state;
  answer("OK");
}

void Session::read_one(std::string_view text) {
  const auto number = take_number(text);
  if (!number || !text.empty() || *number >= registers_.count()) return answer("E01");
  answer(hex(registers_.read(debugger_.state(), *number, settings_.pc)));
}

void Session::write_one(std::string_view text) {
  const auto number = take_number(text);
  const bool equals = take(text, '=');
  const auto bytes = unhex(text);
  if (!number || !equals || !bytes) return answer("E01");
  cpu::State state = debugger_.state();
  if (!registers_.write(state, *number, *bytes, settings_.pc)) return answer("E01");
  debugger_.change_state() = state;
  answer("OK");
}

// GDB for 32-bit code may extend an address by its sign.
std::uint64_t Session::masked(std::uint64_t address) const {
  const bool wide = (debugger_.state().efer & cpu::efer::kLma) != 0 || physical_;
  return wide ? address : address & 0xffffffff;
}

void Session::read_memory(std::string_view text) {
  const auto address = take_number(text);
  const bool comma = take(text, ',');
  const auto length = take_number(text);
  if (!address || !comma || !length || !text.empty()) return answer("E01");
  const std::uint64_t most = std::min<std::uint64_t>(*length, kPacketSize / 2);
  const std::string bytes = debugger_.read(masked(*address), most, physical_);
  if (bytes.empty() && *length != 0) return answer("E14");  // EFAULT
  answer(hex(bytes));
}

void Session::write_memory(std::string_view text, bool binary) {
  const auto address = take_number(text);
  const bool comma = take(text, ',');
  const auto length = take_number(text);
  if (!address || !comma || !length || !take(text, ':')) return answer("E01");
  const auto bytes = binary ? std::optional<std::string>(text) : unhex(text);
  if (!bytes || bytes->size() != *length) return answer("E01");
  if (bytes->empty()) return answer("OK");
  answer(debugger_.write(masked(*address), *bytes, physical_) ? "OK" : "E14");
}

// ---- Breakpoints ----

// TYPE,ADDRESS,KIND: 0 software and 1 hardware breakpoint, 2 write, 3 read, 4 access watchpoint.
void Session::breakpoint(std::string_view text, bool insert) {
  const auto type = take_number(text);
  const bool comma = take(text, ',');
  const auto address = take_number(text);
  const bool second = take(text, ',');
  const auto kind = take_number(text);
  if (!type || !comma || !address || !second || !kind) return answer("E01");
  if (*type > 4) return answer("");
  Breakpoint b;
  b.owner = &owner_;
  b.address = masked(*address);
  if (*type <= 1) {
    b.hardware = *type == 1;
  } else {
    if (*kind == 0 || *kind > kPageSize) return answer("E16");
    b.kind = Breakpoint::Kind::kWatch;
    b.size = *kind;
    b.on_write = *type != 3;
    b.on_read = *type != 2;
  }
  // Inserting twice and removing what is not there are no errors (E.2, "Z" packets).
  debugger_.remove(b);
  if (insert) debugger_.insert(b);
  answer("OK");
}

// ---- Running ----

void Session::v_packet(std::string_view text) {
  if (text == "vCont?") return answer("vCont;c;C;s;S;t;r");
  if (starts(text, "vKill")) {
    answer("OK");
    debugger_.quit();
    over_ = true;
    return;
  }
  if (!starts(text, "vCont;")) return answer("");
  // One CPU: the first action that applies to it is what happens.
  text.remove_prefix(6);
  const std::string_view action = text.substr(0, text.find_first_of(":;"));
  if (action.empty()) return answer("E01");
  if (action == "t") {
    debugger_.stop();
    return answer("OK");
  }
  if (starts(action, "r")) {
    std::string_view range = action.substr(1);
    const auto first = take_number(range);
    const bool comma = take(range, ',');
    const auto end = take_number(range);
    if (!first || !comma || !end || !range.empty()) return answer("E01");
    // The range is in GDB's view of the instruction pointer.
    const std::uint64_t shift =
        settings_.pc == PcPolicy::kLinear ? 0 : debugger_.state().segment[cpu::kCs].base;
    waits_ = true;
    return debugger_.step_range(*first + shift, *end + shift);
  }
  resume(action);
}

void Session::resume(std::string_view action) {
  const char how = action.front();
  std::string_view rest = action.substr(1);
  if (how == 'C' || how == 'S') {
    // The guest has no signals; the number is read and dropped.
    if (!take_number(rest)) return answer("E01");
    take(rest, ';');
  }
  if (!rest.empty()) {
    const auto address = take_number(rest);
    if (!address || !rest.empty()) return answer("E01");
    cpu::State state = debugger_.state();
    state.rip =
        masked(*address) - (settings_.pc == PcPolicy::kLinear ? state.segment[cpu::kCs].base : 0);
    debugger_.change_state() = state;
  }
  if (how != 'c' && how != 'C' && how != 's' && how != 'S') return answer("E01");
  waits_ = true;
  if (how == 's' || how == 'S') {
    debugger_.step(1);
  } else {
    debugger_.go();
  }
}

void Session::backwards(bool step) {
  waits_ = true;
  const bool done = step ? debugger_.reverse_step(1) : debugger_.reverse_continue();
  if (done) return;
  waits_ = false;
  answer("E01");
}

void Session::stopped(const Stop&) {
  if (!waits_) return;
  waits_ = false;
  answer(stop_reply());
}

std::string Session::stop_reply() const {
  const Stop& stop = debugger_.last_stop();
  const auto with = [](unsigned signal, const std::string& what) {
    return fmt::format("T{:02x}thread:{};{}", signal, kThread, what);
  };
  switch (stop.reason) {
    case Stop::Reason::kAsked: return with(kSigInt, "");
    case Stop::Reason::kCrash: return with(kSigSegv, "");
    case Stop::Reason::kHistoryBegins: return with(kSigTrap, "replaylog:begin;");
    case Stop::Reason::kCode: {
      const auto& all = debugger_.breakpoints();
      const auto own = std::find_if(all.begin(), all.end(), [&](const Breakpoint& b) {
        return b.kind == Breakpoint::Kind::kCode && b.owner == &owner_ &&
               b.address == stop.hit.address;
      });
      // Of one that it does not know GDB would think that it was its own once, and go on.
      if (own == all.end()) return with(kSigTrap, "");
      if (own->hardware) return with(kSigTrap, hw_reasons_ ? "hwbreak:;" : "");
      return with(kSigTrap, sw_reasons_ ? "swbreak:;" : "");
    }
    case Stop::Reason::kData: {
      const auto& all = debugger_.breakpoints();
      const auto found = std::find_if(all.begin(), all.end(), [&](const Breakpoint& b) {
        return b.kind == Breakpoint::Kind::kWatch && b.address == stop.hit.address;
      });
      const char* name = found == all.end() || !found->on_read ? "watch"
                         : found->on_write                     ? "awatch"
                                                               : "rwatch";
      return with(kSigTrap, fmt::format("{}:{:x};", name, stop.hit.address));
    }
    default: return with(kSigTrap, "");
  }
}

}  // namespace ice86::debugger::gdb
