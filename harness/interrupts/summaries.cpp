// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/summaries.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/interrupts/owners.h"
#include "harness/interrupts/services.h"
#include "harness/report/text.h"

namespace ice86::harness {

namespace {

constexpr std::size_t kMostChanges = 40;

bool real_mode_call(const IntEvent& event) {
  return event.kind <= CallKind::kException || event.kind == CallKind::kPxe;
}

std::string far_text(const FarPointer& pointer) {
  return fmt::format("{:04x}:{:04x}", pointer.segment, pointer.offset);
}

}  // namespace

std::string callers_text(const IntTrace& trace) {
  struct Row {
    std::uint64_t calls = 0, time = 0;
  };
  std::map<std::string, std::map<std::pair<std::string, std::string>, Row>> callers;
  for (const IntEvent& event : trace.events) {
    const std::string owner = real_mode_call(event) ? owner_of(event.caller, trace.header.roms)
                                                    : std::string("protected mode");
    Row& row = callers[owner][{entry_name(event), *event.service}];
    ++row.calls;
    row.time += event.duration;
  }
  std::string text =
      fmt::format("{:<36} {:<13} {:<34} {:>7} {:>12}\n", "caller", "", "service", "calls", "time");
  for (const auto& [owner, services] : callers) {
    std::string name = owner;
    for (const auto& [service, row] : services) {
      text += fmt::format("{:<36} {:<13} {:<34} {:>7} {:>12}\n", name, service.first,
                          service.second, row.calls, duration_text(row.time));
      name.clear();
    }
  }
  return text;
}

std::string stage_calls_text(const IntTrace& trace, const std::vector<Stage>& stages) {
  if (stages.empty()) return "";
  std::map<std::string, std::vector<std::uint64_t>> rows;
  std::vector<std::uint64_t> all(stages.size());
  for (const IntEvent& event : trace.events) {
    std::size_t stage = 0;
    while (stage + 1 < stages.size() && stages[stage + 1].time <= event.time) ++stage;
    auto& row = rows[entry_name(event)];
    row.resize(stages.size());
    ++row[stage];
    ++all[stage];
  }
  std::string text = fmt::format("{:<13}", "calls in");
  for (const Stage& stage : stages) text += fmt::format(" {:>12}", stage.name);
  text += "\n";
  rows["all"] = all;
  for (const auto& [name, row] : rows) {
    text += fmt::format("{:<13}", name);
    for (const std::uint64_t calls : row) text += fmt::format(" {:>12}", calls);
    text += "\n";
  }
  return text;
}

std::string handlers_text(const IntTrace& trace) {
  std::string text;
  std::map<std::pair<std::string, std::string>, std::uint64_t> handlers;
  std::uint64_t chained = 0;
  for (const IntEvent& event : trace.events) {
    if (event.kind > CallKind::kException) continue;
    ++handlers[{fmt::format("{:02X}h {}", event.vector, far_text(event.handler)),
                handler_text(event, trace)}];
    if (!event.extras->chain.empty()) ++chained;
  }
  text += fmt::format("{:<16} {:<50} {:>7}\n", "INT, handler", "whose", "calls");
  for (const auto& [handler, calls] : handlers)
    text += fmt::format("{:<16} {:<50} {:>7}\n", handler.first, handler.second, calls);
  if (chained != 0) text += fmt::format("{} calls were passed on to the handler before\n", chained);
  std::size_t shown = 0;
  for (const VectorChange& change : trace.vectors) {
    if (++shown > kMostChanges) continue;
    const std::string name = name_of_vector(change.vector);
    text += fmt::format("before call {}: vector {:02X}h{} from {} to {} ({}), seen at {} ({})\n",
                        change.call, change.vector, name.empty() ? "" : ", " + name + ",",
                        far_text(change.before), far_text(change.after),
                        owner_of(change.after, trace.header.roms), far_text(change.seen_at),
                        owner_of(change.seen_at, trace.header.roms));
  }
  if (shown > kMostChanges)
    text += fmt::format("and {} more changes of vectors\n", shown - kMostChanges);
  for (const RomArea& rom : trace.header.roms)
    text += fmt::format("option ROM {:05x}, {} bytes{}\n", rom.address, rom.size,
                        rom.name.empty() ? "" : ": " + rom.name);
  return text;
}

}  // namespace ice86::harness
