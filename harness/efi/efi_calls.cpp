// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/efi/efi_calls.h"

#include <fmt/core.h>

#include <algorithm>

#include "emulator/machine/efi_images.h"
#include "emulator/machine/linear_memory.h"
#include "harness/interrupts/state_registers.h"

namespace ice86::harness {

namespace {

constexpr Nanoseconds kLook = 10'000'000;
constexpr std::size_t kMostInterfaces = 65'536, kMostOpen = 1024, kMostParameters = 17;
constexpr std::size_t kLongestText = 96;
constexpr std::uint64_t kError = std::uint64_t{1} << 63;

bool sixty_four_bit(const cpu::State& state) {
  constexpr unsigned kLong = 21;
  return (state.segment[cpu::kCs].attributes >> kLong & 1) != 0;
}

}  // namespace

machine::RunResult EfiCalls::run(const machine::RunLimits& limits) {
  machine::RunLimits slice = limits;
  machine::Instant next_visit{};
  bool visited = false;
  if (limits.attend) {
    // Asked at the beginning of every slice: only those that are due are passed on.
    slice.attend = [&] {
      const machine::Instant now = pc_.instant();
      if (!visited || (now.time >= next_visit.time && now.instructions >= next_visit.instructions))
        next_visit = limits.attend();
      visited = true;
      return next_visit;
    };
  }
  for (;;) {
    const Nanoseconds now = pc_.clock().now();
    if (!over_ && now >= next_look_) {
      look();
      next_look_ = now + kLook;
    }
    slice.time = over_ ? limits.time : std::min(next_look_, limits.time.value_or(next_look_));
    pc_.set_debug_stops(stops_.any() ? &stops_ : nullptr);
    const machine::RunResult result = pc_.run(slice);
    if (result.end == machine::RunEnd::kStopped && stops_.hit) {
      hit();
      continue;
    }
    const bool out_of_time = limits.time && pc_.clock().now() >= *limits.time;
    if (result.end == machine::RunEnd::kTimeLimit && !out_of_time) continue;
    pc_.set_debug_stops(nullptr);
    return result;
  }
}

// ---- What there is ----

void EfiCalls::look() {
  if (system_table_ == 0) find_system_table();
  if (system_table_ != 0) read_tables();
}

void EfiCalls::find_system_table() {
  const auto found = machine::find_efi_system_table(pc_);
  if (found && found->pointer == 8) system_table_ = found->at;
}

// Again and again: some services get their functions only when a driver has come.
void EfiCalls::read_tables() {
  const auto read = [&](std::uint64_t table, std::string_view family,
                        std::span<const EfiFunction> functions) {
    for (const EfiFunction& function : functions)
      add_entry(memory(table + function.offset, 8), {family, nullptr, &function});
  };
  using Table = machine::EfiSystemTable;
  const Table table{system_table_, 8};
  read(memory(table.member(Table::kBootServices), 8), "boot services", efi_boot_services());
  read(memory(table.member(Table::kRuntimeServices), 8), "runtime services",
       efi_runtime_services());
}

void EfiCalls::add_entry(std::uint64_t address, const Entry& entry) {
  if (address == 0 || (entry.function->often && !options_.all)) return;
  std::vector<Entry>& list = entries_[address];
  const bool known = std::any_of(list.begin(), list.end(), [&](const Entry& one) {
    return one.function == entry.function && one.protocol == entry.protocol;
  });
  if (known) return;
  list.push_back(entry);
  stop_at(address);
}

void EfiCalls::learn(std::uint64_t guid, std::uint64_t interface) {
  if (guid == 0 || interface == 0) return;
  const EfiProtocol* protocol = find_efi_protocol(guid_at(guid));
  if (protocol == nullptr) return;
  if (interfaces_.size() < kMostInterfaces) interfaces_[interface] = protocol;
  for (const EfiFunction& function : protocol->functions)
    add_entry(memory(interface + function.offset, 8), {protocol->name, protocol, &function});
}

// Interfaces among a service's parameters: given at the call, or put somewhere before its return.
void EfiCalls::learn_from(const EfiFunction& function, const std::vector<std::uint64_t>& parameters,
                          bool back) {
  std::uint64_t guid = 0;
  for (std::size_t i = 0; i < parameters.size() && i < function.parameters.size(); ++i) {
    const char kind = function.parameters[i];
    if (kind == 'g') guid = parameters[i];
    if (kind == 'i' && !back) learn(guid, parameters[i]);
    if (kind == 'o' && back && parameters[i] != 0) learn(guid, memory(parameters[i], 8));
    if (kind == 'q' && !back) {
      for (std::size_t k = i; k + 1 < parameters.size(); k += 2)
        learn(parameters[k], parameters[k + 1]);
    }
  }
}

void EfiCalls::stop_at(std::uint64_t address) {
  const auto place = std::lower_bound(stops_.code.begin(), stops_.code.end(), address);
  if (place == stops_.code.end() || *place != address) stops_.code.insert(place, address);
}

void EfiCalls::no_stop_at(std::uint64_t address) {
  const bool wanted = entries_.count(address) != 0 ||
                      std::any_of(open_.begin(), open_.end(),
                                  [&](const Open& one) { return one.return_to == address; });
  const auto place = std::lower_bound(stops_.code.begin(), stops_.code.end(), address);
  if (!wanted && place != stops_.code.end() && *place == address) stops_.code.erase(place);
}

// ---- Calls ----

void EfiCalls::hit() {
  stops_.pass = stops_.hit->count;
  const cpu::State& state = pc_.cpu().state();
  if (!sixty_four_bit(state)) return;
  const std::uint64_t here = state.rip, stack = state.gpr[cpu::kRsp];
  // One function may end with a jump to another: both return then.
  const auto ends = [&](const Open& one) {
    return one.return_to == here && stack == one.stack + 8;
  };
  for (auto one = std::find_if(open_.rbegin(), open_.rend(), ends); one != open_.rend();
       one = std::find_if(open_.rbegin(), open_.rend(), ends))
    returned(static_cast<std::size_t>(open_.rend() - one) - 1);
  if (over_) return;
  const auto entry = entries_.find(here);
  if (entry != entries_.end()) called(entry->second);
}

void EfiCalls::called(const std::vector<Entry>& entries) {
  const cpu::State& state = pc_.cpu().state();
  const std::uint64_t stack = state.gpr[cpu::kRsp];
  // Protocols that one driver installs may share a function: whose it is the interface tells.
  const Entry* entry = &entries.front();
  const auto interface = interfaces_.find(state.gpr[cpu::kRcx]);
  for (const Entry& one : entries) {
    if (interface != interfaces_.end() && one.protocol == interface->second) entry = &one;
  }
  const EfiFunction& function = *entry->function;
  if (events_.size() >= options_.most_events) {
    ++lost_;
    return;
  }
  // What is below on the stack was left without a return: Exit, a driver that was unloaded.
  while (!open_.empty() && open_.back().stack <= stack &&
         !(open_.back().stack == stack && open_.back().return_to == memory(stack, 8))) {
    const std::uint64_t left = open_.back().return_to;
    open_.pop_back();
    no_stop_at(left);
  }
  if (open_.size() >= kMostOpen) return;
  IntEvent event;
  event.kind = CallKind::kEfi;
  event.number = events_.size();
  event.instruction = pc_.clock().instructions();
  event.time = pc_.clock().now();
  const std::uint16_t cs = state.segment[cpu::kCs].selector;
  event.caller = {cs, memory(stack, 8)};
  event.handler = {cs, state.rip};
  event.depth = static_cast<unsigned>(open_.size());
  event.in = registers_of(state);
  event.service = fmt::format("{}: {}", entry->family, function.name);
  // The first four in registers, the others on the stack, above room for those four (section
  // 2.3.4.2).
  const auto parameter = [&](std::size_t i) {
    static constexpr cpu::Gpr kOrder[] = {cpu::kRcx, cpu::kRdx, cpu::kR8, cpu::kR9};
    return i < 4 ? state.gpr[kOrder[i]] : memory(stack + 8 + i * 8, 8);
  };
  std::vector<std::uint64_t>& given = event.extras.edit().parameters;
  std::string text;
  for (std::size_t i = 0; i < function.parameters.size(); ++i) {
    const char kind = function.parameters[i];
    std::string one;
    if (kind == 'q') {
      for (std::size_t k = i; k + 1 < kMostParameters && parameter(k) != 0; k += 2) {
        given.push_back(parameter(k));
        given.push_back(parameter(k + 1));
        one += fmt::format("{}{} {:x}", one.empty() ? "" : ", ", argument('g', parameter(k)),
                           parameter(k + 1));
      }
    } else {
      given.push_back(parameter(i));
      one = argument(kind, parameter(i));
    }
    if (!one.empty()) text += (text.empty() ? "" : ", ") + one;
  }
  event.arguments = std::move(text);
  learn_from(function, given, false);
  open_.push_back({events_.size(), &function, event.caller.offset, stack});
  stop_at(event.caller.offset);
  events_.push_back(std::move(event));
}

void EfiCalls::returned(std::size_t index) {
  const Open open = open_[index];
  std::vector<std::uint64_t> left;
  for (std::size_t i = index; i < open_.size(); ++i) left.push_back(open_[i].return_to);
  open_.resize(index);
  for (const std::uint64_t address : left) no_stop_at(address);
  const cpu::State& state = pc_.cpu().state();
  IntEvent& event = events_[open.event];
  event.out = registers_of(state);
  event.how = ReturnKind::kRet;
  event.extras.edit().value = open.function->result == 'v' ? 0 : state.gpr[cpu::kRax];
  event.instructions = pc_.clock().instructions() - event.instruction;
  event.duration = pc_.clock().now() - event.time;
  event.result = answer(event, *open.function);
  if (open.function->result == 'e' && (event.extras->value & kError) == 0) {
    learn_from(*open.function, event.extras->parameters, true);
    if (event.service == "boot services: ExitBootServices") {
      // The tables are the operating system's now, and most services are gone.
      over_ = true;
      stops_.code.clear();
      open_.clear();
    }
  }
}

std::string EfiCalls::argument(char kind, std::uint64_t value) const {
  switch (kind) {
    case 'd': return fmt::format("{}", value);
    case 'x':
    case 'i': return fmt::format("{:x}", value);
    case 'g': return value == 0 ? "all" : efi_guid_text(guid_at(value));
    case 's': return value == 0 ? "none" : "'" + text_at(value) + "'";
    case 'c': {
      if (value == 0) return "none";
      const auto address = [&](std::uint64_t at) {
        return fmt::format("{}.{}.{}.{}", memory(at, 1), memory(at + 1, 1), memory(at + 2, 1),
                           memory(at + 3, 1));
      };
      const std::uint64_t port = memory(value + 12, 2), remote_port = memory(value + 18, 2);
      return memory(value + 20, 1) != 0
                 ? fmt::format("from port {} to {}:{}", port, address(value + 14), remote_port)
                 : fmt::format("listen at port {}", port);
    }
    case 't':
    case 'r': {
      const std::uint64_t data = value != 0 ? memory(value + 16, 8) : 0;
      return data == 0 ? "none" : fmt::format("{} bytes", memory(data + 4, 4));
    }
    default: return "";
  }
}

std::string EfiCalls::answer(const IntEvent& event, const EfiFunction& function) const {
  if (function.result == 'v') return "";
  if (function.result == 'd') return fmt::format("{}", event.extras->value);
  std::string text = efi_status_text(event.extras->value);
  if ((event.extras->value & kError) != 0) return text;
  const std::vector<std::uint64_t>& given = event.extras->parameters;
  for (std::size_t i = 0; i < function.parameters.size() && i < given.size(); ++i) {
    const char kind = function.parameters[i];
    if ((kind == 'o' || kind == 'p' || kind == '*') && given[i] != 0)
      text += fmt::format("{}{:x}", text.empty() ? "" : ", ", memory(given[i], 8));
  }
  return text;
}

// ---- Memory ----

std::uint64_t EfiCalls::memory(std::uint64_t linear, unsigned width) const {
  return machine::peek_linear(pc_, linear, width);
}

EfiGuid EfiCalls::guid_at(std::uint64_t linear) const {
  EfiGuid guid{};
  for (unsigned i = 0; i < guid.size(); ++i)
    guid[i] = static_cast<std::uint8_t>(memory(linear + i, 1));
  return guid;
}

std::string EfiCalls::text_at(std::uint64_t linear) const {
  std::string text;
  while (text.size() < kLongestText) {
    const std::uint64_t c = memory(linear, 2);
    if (c == 0) return text;
    if (c >= ' ' && c < 0x7f) {
      text += static_cast<char>(c);
    } else if (c == '\n' || c == '\r') {
      text += c == '\n' ? "\\n" : "\\r";
    } else {
      text += fmt::format("\\u{:04x}", c);
    }
    linear += 2;
  }
  return text + "...";
}

IntTrace merged(IntTrace interrupts, const std::vector<IntEvent>& efi) {
  if (efi.empty()) return interrupts;
  std::vector<IntEvent> all;
  all.reserve(interrupts.events.size() + efi.size());
  std::merge(interrupts.events.begin(), interrupts.events.end(), efi.begin(), efi.end(),
             std::back_inserter(all),
             [](const IntEvent& a, const IntEvent& b) { return a.instruction < b.instruction; });
  std::map<std::uint64_t, std::uint64_t> numbers;  // of INT calls: before, now
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind != CallKind::kEfi) numbers[all[i].number] = i;
    all[i].number = i;
  }
  for (VectorChange& change : interrupts.vectors) change.call = numbers[change.call];
  interrupts.events = std::move(all);
  return interrupts;
}

}  // namespace ice86::harness
