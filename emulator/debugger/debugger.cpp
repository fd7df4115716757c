// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/debugger.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <span>
#include <utility>

#include "emulator/machine/disassembly.h"
#include "emulator/machine/linear_memory.h"

namespace ice86::debugger {

namespace {

using Kind = cpu::DebugStops::Kind;

// While the machine stands: how long between two looks at the host (a window, Ctrl-C).
constexpr int kLookMs = 20;

unsigned mode_of(const cpu::State& s) {
  return machine::code_bits(s) | (s.protected_mode() ? 1u : 0) |
         ((s.cr0 & cpu::cr0::kPg) != 0 ? 2u : 0) | (s.v8086() ? 4u : 0);
}

std::string mode_text(const cpu::State& s) {
  const char* kind = (s.efer & cpu::efer::kLma) != 0 ? "long mode"
                     : !s.protected_mode()           ? "real mode"
                     : s.v8086()                     ? "virtual-8086 mode"
                                                     : "protected mode";
  return fmt::format("{}, {}-bit code, paging {}", kind, machine::code_bits(s),
                     (s.cr0 & cpu::cr0::kPg) != 0 ? "on" : "off");
}

const char* end_text(machine::RunEnd end) {
  switch (end) {
    case machine::RunEnd::kPowerOff: return "the guest has switched the power off";
    case machine::RunEnd::kDebugExit: return "the guest has ended the run at its exit port";
    case machine::RunEnd::kCrashed: return "triple fault";
    case machine::RunEnd::kStuck: return "halted, and nothing can wake it";
    case machine::RunEnd::kReset: return "the guest asks for a reset";
    default: return "the run is over";
  }
}

}  // namespace

Debugger::Debugger(machine::Pc& pc, std::optional<machine::TimelineOptions> history) : pc_(pc) {
  if (history) timeline_ = std::make_unique<machine::Timeline>(pc, *history);
}

Debugger::~Debugger() {
  pc_.set_debug_stops(nullptr);
  pc_.cpu().set_interrupt_observer(nullptr);
}

void Debugger::add(std::unique_ptr<FrontEnd> front_end) {
  front_ends_.push_back(std::move(front_end));
}

void Debugger::serve_all() {
  for (const auto& front_end : front_ends_) front_end->serve();
}

bool Debugger::anybody() const {
  return std::any_of(front_ends_.begin(), front_ends_.end(),
                     [](const auto& front_end) { return front_end->attached(); });
}

void Debugger::wait(const machine::RunLimits& limits) {
  std::vector<pollfd> list;
  for (const auto& front_end : front_ends_) front_end->descriptors(list);
  if (!list.empty()) ::poll(list.data(), list.size(), kLookMs);
  serve_all();
  // The window stays alive; what is typed there belongs to the present.
  if (!running_ && !in_past() && limits.attend) limits.attend();
}

machine::RunResult Debugger::run(const machine::RunLimits& limits) {
  const machine::RunResult asked_to_end{machine::RunEnd::kInterrupted, 0};
  if (!running_) stand({Stop::Reason::kAsked, {}, false, {}, "before the first instruction"});
  for (;;) {
    if (quit_) return asked_to_end;
    if (!running_) {
      wait(limits);
      if (limits.interrupted && limits.interrupted()) return asked_to_end;
      continue;
    }
    if (journey_) {
      if (travel(limits)) return asked_to_end;
      continue;
    }
    if (ended_ && !in_past()) return *std::exchange(ended_, std::nullopt);
    ended_.reset();
    if (const auto result = advance(limits)) return *result;
  }
}

// Runs until there is something to tell; a result ends it all.
std::optional<machine::RunResult> Debugger::advance(const machine::RunLimits& limits) {
  machine::RunLimits own = limits;
  bool outer = false;
  own.interrupted = [&] {
    serve_all();
    outer = limits.interrupted && limits.interrupted();
    return outer || stop_asked_ || quit_ || !running_;
  };
  machine::Instant visit{0, 0};
  if (sample_each_ != 0) own.attend = [&] { return sample(limits, visit); };
  if (step_to_) own.instructions = std::min(*step_to_, limits.instructions.value_or(*step_to_));
  if (range_) own.instructions = pc_.instant().instructions + 1;
  interrupted_.reset();
  mode_ = mode_of(state());
  const machine::RunResult result = timeline_ ? timeline_->run(own) : pc_.run(own);
  stops_.pass.reset();
  if (result.end == machine::RunEnd::kInterrupted) {
    if (outer || quit_) return result;
    if (stop_asked_) stand({Stop::Reason::kAsked, {}, false, {}, "stopped"});
    return std::nullopt;
  }
  if (result.end == machine::RunEnd::kTimeLimit) return result;
  if (result.end == machine::RunEnd::kInstructionLimit) {
    const std::uint64_t now = pc_.instant().instructions;
    if (limits.instructions && now >= *limits.instructions) return result;
    if (range_) {
      const std::uint64_t ip = linear_ip();
      if (ip >= range_->first && ip < range_->second) return std::nullopt;
    }
    if (range_ || (step_to_ && now >= *step_to_))
      stand({Stop::Reason::kStep, {}, false, {}, "stepped"});
    return std::nullopt;
  }
  if (result.end == machine::RunEnd::kStopped && stops_.hit && !wanted(*stops_.hit)) {
    stops_.pass = pc_.instant().instructions;
    rebuild();
    return std::nullopt;
  }
  Stop stop = stop_of(result);
  if (stop.reason == Stop::Reason::kReset) stop.text += keep_memory();
  if (stop.reason == Stop::Reason::kEnd || stop.reason == Stop::Reason::kCrash) {
    if (!anybody()) return result;
    if (result.end != machine::RunEnd::kCrashed && result.end != machine::RunEnd::kStuck)
      ended_ = result;
  }
  stand(std::move(stop));
  return std::nullopt;
}

// Where the CPU is, now and then; and the others' visits when they are due.
machine::Instant Debugger::sample(const machine::RunLimits& limits, machine::Instant& visit) {
  const machine::Instant now = pc_.instant();
  if (!repeating()) ++samples_[linear_ip()];
  const std::uint64_t rate = pc_.clock().instructions_per_microsecond();
  machine::Instant next{0, now.time + std::max<std::uint64_t>(sample_each_ * 1000 / rate, 1)};
  if (!limits.attend) return next;
  if (now.time >= visit.time && now.instructions >= visit.instructions) visit = limits.attend();
  if (visit.time < next.time) next = visit;
  return next;
}

void Debugger::profile(std::uint64_t interval) {
  sample_each_ = interval;
}

// What was asked for of the past. True: the run is to end.
bool Debugger::travel(const machine::RunLimits& limits) {
  const auto journey = std::exchange(journey_, nullptr);
  bool outer = false;
  go_on_ = false;
  travelling_ = true;
  journey([&] {
    serve_all();
    outer = outer || (limits.interrupted && limits.interrupted());
    return outer || stop_asked_ || quit_ || go_on_;
  });
  if (std::exchange(go_on_, false)) go();
  return outer || quit_;
}

// Conditions that the CPU does not look at.
bool Debugger::wanted(const cpu::DebugStops::Hit& hit) const {
  if (hit.kind != Kind::kPort) return true;
  const auto al = static_cast<std::uint8_t>(state().gpr[cpu::kRax]);
  return std::any_of(breakpoints_.begin(), breakpoints_.end(), [&](const Breakpoint& b) {
    return b.kind == Breakpoint::Kind::kPorts && b.address == hit.address &&
           (!b.value || *b.value == al);
  });
}

Stop Debugger::stop_of(const machine::RunResult& result) {
  Stop stop;
  stop.result = result;
  if (result.end != machine::RunEnd::kStopped) {
    stop.reason =
        result.end == machine::RunEnd::kCrashed ? Stop::Reason::kCrash : Stop::Reason::kEnd;
    stop.text = end_text(result.end);
    return stop;
  }
  if (stops_.hit) {
    stop.hit = *stops_.hit;
    switch (stop.hit.kind) {
      case Kind::kCode:
        stop.reason = Stop::Reason::kCode;
        stop.text = stop.hit.magic ? fmt::format("magic breakpoint at {:#x}", stop.hit.address)
                    : stop.hit.gpa ? fmt::format("breakpoint at physical {:#x}", *stop.hit.gpa)
                                   : fmt::format("breakpoint at {:#x}", stop.hit.address);
        break;
      case Kind::kReset:
        stop.reason = Stop::Reason::kReset;
        stop.text = "a reset comes next; memory and registers are as they were";
        break;
      case Kind::kPort:
        stop.reason = Stop::Reason::kPort;
        stop.text = fmt::format("access to port {:#x}", stop.hit.value);
        break;
      default:
        stop.reason = Stop::Reason::kData;
        stop.text = fmt::format("{} {:#x}",
                                stop.hit.dma                    ? "DMA to physical"
                                : stop.hit.kind == Kind::kWrite ? "write to"
                                                                : "read of",
                                stop.hit.value);
    }
    return stop;
  }
  if (interrupted_) {
    stop.reason = Stop::Reason::kInterrupt;
    stop.text = fmt::format("interrupt {:02x}h from {:04x}:{:x}, ax={:04x}", interrupted_->vector,
                            interrupted_->return_cs, interrupted_->return_ip,
                            state().gpr[cpu::kRax] & 0xffff);
    return stop;
  }
  stop.reason = Stop::Reason::kMode;
  stop.text = mode_text(state());
  return stop;
}

// For breakpoints of a reset that have a file: physical memory from 0 up to the PCI hole.
std::string Debugger::keep_memory() {
  constexpr std::uint64_t kHole = 0xc0000000;
  const std::uint64_t end = std::min(pc_.config().memory_mib << 20, kHole);
  std::string text;
  for (const Breakpoint& b : breakpoints_) {
    if (b.kind != Breakpoint::Kind::kReset || b.file.empty()) continue;
    std::ofstream file(b.file, std::ios::binary | std::ios::trunc);
    std::array<std::uint8_t, 1 << 16> part;
    for (std::uint64_t at = 0; at < end && file; at += part.size()) {
      pc_.peek_memory(at, part);
      file.write(reinterpret_cast<const char*>(part.data()), part.size());
    }
    file.flush();
    text += fmt::format("{} {}", file ? "; memory is in" : "; cannot write", b.file);
  }
  return text;
}

void Debugger::stand(Stop stop) {
  running_ = travelling_ = false;
  stop_asked_ = false;
  step_to_.reset();
  range_.reset();
  if (once_) {
    once_.reset();
    rebuild();
  }
  last_stop_ = std::move(stop);
  for (const auto& front_end : front_ends_) front_end->stopped(last_stop_);
}

// ---- What front ends ask for ----

void Debugger::resume() {
  running_ = true;
  // The instruction at which it stands is to be executed.
  stops_.pass = pc_.instant().instructions;
  for (const auto& front_end : front_ends_) front_end->resumed();
}

void Debugger::go() {
  if (!running_) resume();
  go_on_ = travelling_;
}

void Debugger::step(std::uint64_t instructions) {
  if (running_) return;
  step_to_ = pc_.instant().instructions + std::max<std::uint64_t>(instructions, 1);
  resume();
}

void Debugger::step_range(std::uint64_t first, std::uint64_t end) {
  if (running_) return;
  range_ = {first, end};
  resume();
}

void Debugger::go_to_address(std::uint64_t linear) {
  if (running_) return;
  once_ = linear;
  rebuild();
  resume();
}

void Debugger::stop() {
  if (running_) stop_asked_ = true;
}

void Debugger::quit() {
  quit_ = true;
}

bool Debugger::reverse_step(std::uint64_t instructions) {
  if (!timeline_ || running_) return false;
  const std::uint64_t now = pc_.instant().instructions;
  const std::uint64_t first = timeline_->first();
  const bool begins = now - first < instructions;
  timeline_->go_to(begins ? first : now - instructions);
  if (begins) {
    stand({Stop::Reason::kHistoryBegins, {}, false, {}, "history begins here"});
  } else {
    stand({Stop::Reason::kStep, {}, false, {}, "stepped back"});
  }
  return true;
}

bool Debugger::reverse_continue() {
  if (!timeline_ || running_) return false;
  journey_ = [this](const std::function<bool()>& interrupted) { reverse(interrupted); };
  resume();
  return true;
}

void Debugger::reverse(const std::function<bool()>& interrupted) {
  bool gave_up = false;
  const auto ask = [&] { return gave_up = gave_up || interrupted(); };
  std::optional<cpu::DebugStops::Hit> hit;
  do {
    hit = timeline_->reverse(stops_, ask);
  } while (hit && !wanted(*hit));
  if (hit) {
    stops_.hit = hit;
    stand(stop_of({machine::RunEnd::kStopped, 0}));
  } else if (gave_up) {
    stand({Stop::Reason::kAsked, {}, false, {}, "stopped on the way back: it is where it was"});
  } else {
    stand({Stop::Reason::kHistoryBegins, {}, false, {}, "history begins here"});
  }
}

bool Debugger::go_to_interrupt(std::uint8_t vector, std::uint64_t number) {
  if (!timeline_ || running_) return false;
  journey_ = [=, this](const std::function<bool()>& interrupted) {
    find_interrupt(vector, number, interrupted);
  };
  resume();
  return true;
}

void Debugger::find_interrupt(std::uint8_t vector, std::uint64_t number,
                              const std::function<bool()>& interrupted) {
  const std::uint64_t from = pc_.instant().instructions;
  const bool was_present = !in_past();
  timeline_->go_to(timeline_->first());
  timeline_->set_stops(nullptr);
  pc_.cpu().set_interrupt_observer(this);
  counting_ = Count{vector, number};
  machine::RunLimits limits;
  limits.instructions = timeline_->present().instructions;
  limits.interrupted = interrupted;
  const machine::RunResult result = timeline_->run(limits);
  const std::uint64_t left = std::exchange(counting_, std::nullopt)->left;
  rebuild();
  if (left == 0) {
    stand({Stop::Reason::kInterrupt,
           {},
           false,
           result,
           fmt::format("interrupt {:02x}h, the {}. of them", vector, number)});
    return;
  }
  if (was_present) {
    timeline_->go_to_present();
  } else {
    timeline_->go_to(from);
  }
  const bool gave_up = result.end == machine::RunEnd::kInterrupted;
  stand({Stop::Reason::kAsked,
         {},
         false,
         {},
         gave_up ? "stopped on the way: it is where it was"
                 : fmt::format("history has {} interrupts {:02x}h", number - left, vector)});
}

void Debugger::moved(const std::string& text) {
  ended_.reset();
  stand({Stop::Reason::kStep, {}, false, {}, text});
}

// ---- Stops ----

void Debugger::rebuild() {
  stops_.code.clear();
  stops_.physical_code.clear();
  stops_.magic = 0;
  stops_.reset = false;
  stops_.data.clear();
  stops_.ports.clear();
  bool observe = false;
  for (const Breakpoint& b : breakpoints_) {
    switch (b.kind) {
      case Breakpoint::Kind::kCode: stops_.code.push_back(b.address); break;
      case Breakpoint::Kind::kPhysical: stops_.physical_code.push_back(b.address); break;
      case Breakpoint::Kind::kMagic: stops_.magic |= static_cast<std::uint8_t>(b.address); break;
      case Breakpoint::Kind::kReset: stops_.reset = true; break;
      case Breakpoint::Kind::kWatch:
        stops_.data.push_back({b.address, b.size, b.on_read, b.on_write});
        break;
      case Breakpoint::Kind::kPorts:
        stops_.ports.push_back({static_cast<std::uint16_t>(b.address),
                                static_cast<std::uint16_t>(b.address + b.size - 1)});
        break;
      default: observe = true;
    }
  }
  if (once_) stops_.code.push_back(*once_);
  std::sort(stops_.physical_code.begin(), stops_.physical_code.end());
  std::sort(stops_.code.begin(), stops_.code.end());
  stops_.code.erase(std::unique(stops_.code.begin(), stops_.code.end()), stops_.code.end());
  pc_.cpu().set_interrupt_observer(observe ? this : nullptr);
  if (timeline_) {
    timeline_->set_stops(&stops_);
  } else {
    pc_.set_debug_stops(&stops_);
  }
}

unsigned Debugger::insert(Breakpoint breakpoint) {
  breakpoint.number = next_number_++;
  breakpoints_.push_back(breakpoint);
  rebuild();
  return breakpoint.number;
}

bool Debugger::remove(const Breakpoint& breakpoint) {
  const auto found = std::find_if(breakpoints_.begin(), breakpoints_.end(), [&](Breakpoint known) {
    known.number = breakpoint.number;
    return known == breakpoint;
  });
  if (found == breakpoints_.end()) return false;
  breakpoints_.erase(found);
  rebuild();
  return true;
}

bool Debugger::remove(unsigned number) {
  const bool any =
      std::erase_if(breakpoints_, [&](const Breakpoint& b) { return b.number == number; }) != 0;
  if (any) rebuild();
  return any;
}

void Debugger::remove_all(const FrontEnd* owner) {
  std::erase_if(breakpoints_, [&](const Breakpoint& b) { return b.owner == owner; });
  rebuild();
}

void Debugger::interrupt_delivered(const cpu::InterruptDelivery& delivery) {
  if (counting_) {
    if (counting_->left != 0 && delivery.vector == counting_->vector && --counting_->left == 0)
      pc_.stop();
    return;
  }
  const auto ah = static_cast<std::uint8_t>(state().gpr[cpu::kRax] >> 8);
  for (const Breakpoint& b : breakpoints_) {
    if (b.kind != Breakpoint::Kind::kInterrupt || b.address != delivery.vector) continue;
    if (b.value && *b.value != ah) continue;
    interrupted_ = delivery;
    pc_.stop();
    return;
  }
}

bool Debugger::any_of(Breakpoint::Kind kind) const {
  return std::any_of(breakpoints_.begin(), breakpoints_.end(),
                     [kind](const Breakpoint& b) { return b.kind == kind; });
}

// A CPU takes its new mode's code up with a far jump.
void Debugger::far_transfer(cpu::FarTransfer) {
  if (mode_of(state()) != mode_ && any_of(Breakpoint::Kind::kMode)) pc_.stop();
}

bool Debugger::input(const machine::Input& input) {
  if (travelling_ || (in_past() && running_)) return false;
  pc_.input(input);
  return true;
}

// ---- Registers and memory ----

void Debugger::changed() {
  if (timeline_) timeline_->changed();
}

cpu::State& Debugger::change_state() {
  changed();
  return pc_.cpu().mutable_state();
}

std::uint64_t Debugger::linear_ip() const {
  const cpu::State& s = state();
  const std::uint64_t linear = s.segment[cpu::kCs].base + s.rip;
  return machine::code_bits(s) == 64 ? linear : linear & 0xffffffff;
}

std::string Debugger::read(std::uint64_t address, std::uint64_t size, bool physical) {
  std::string bytes(size, '\0');
  const std::span room(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  if (physical) {
    pc_.peek_memory(address, room);
  } else {
    bytes.resize(machine::peek_linear(pc_, address, room));
  }
  return bytes;
}

bool Debugger::write(std::uint64_t address, const std::string& bytes, bool physical) {
  // All or nothing.
  for (std::uint64_t at = address & ~kPageMask; !physical && at < address + bytes.size();
       at += kPageSize) {
    Gpa page = 0;
    if (!pc_.cpu().translate(at, page)) return false;
  }
  changed();
  for (std::uint64_t i = 0; i < bytes.size(); ++i) {
    Gpa gpa = address + i;
    if (!physical && !pc_.cpu().translate(address + i, gpa)) return false;
    pc_.write_memory(gpa, 1, static_cast<std::uint8_t>(bytes[i]));
  }
  return true;
}

}  // namespace ice86::debugger
