// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/chrome_trace.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ice86::harness {

namespace {

using Json = nlohmann::ordered_json;

constexpr unsigned kProcess = 1;
// Tracks: a viewer calls them threads.
constexpr unsigned kStages = 1, kCalls = 2;

double microseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

Json name_of_track(unsigned track, const char* name) {
  return {{"name", "thread_name"},
          {"ph", "M"},
          {"pid", kProcess},
          {"tid", track},
          {"args", {{"name", name}}}};
}

Json slice(const std::string& name, const char* category, unsigned track, std::uint64_t begin,
           std::uint64_t duration) {
  return {{"name", name},
          {"cat", category},
          {"ph", "X"},
          {"pid", kProcess},
          {"tid", track},
          {"ts", microseconds(begin)},
          {"dur", microseconds(duration)}};
}

Json registers_json(const Registers& r) {
  const auto hex = [](std::uint32_t value) { return fmt::format("{:08x}", value); };
  return {{"eax", hex(r.eax)},
          {"ebx", hex(r.ebx)},
          {"ecx", hex(r.ecx)},
          {"edx", hex(r.edx)},
          {"esi", hex(r.esi)},
          {"edi", hex(r.edi)},
          {"ebp", hex(r.ebp)},
          {"flags", hex(r.flags)},
          {"ds", fmt::format("{:04x}", r.ds)},
          {"es", fmt::format("{:04x}", r.es)}};
}

}  // namespace

std::string chrome_trace_json(const IntTrace& trace, const std::vector<Stage>& stages,
                              std::uint64_t end) {
  for (const IntEvent& event : trace.events) end = std::max(end, event.time + event.duration);
  Json events = Json::array();
  events.push_back({{"name", "process_name"},
                    {"ph", "M"},
                    {"pid", kProcess},
                    {"args", {{"name", trace.header.firmware + " on " + trace.header.machine}}}});
  events.push_back(name_of_track(kStages, "stages"));
  events.push_back(name_of_track(kCalls, "BIOS calls"));
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::uint64_t until = i + 1 < stages.size() ? stages[i + 1].time : end;
    Json stage = slice(stages[i].name, "stage", kStages, stages[i].time, until - stages[i].time);
    stage["args"] = {{"detail", stages[i].detail}};
    events.push_back(std::move(stage));
  }
  for (const IntEvent& event : trace.events) {
    const bool returned = event.how != ReturnKind::kNever;
    Json call = slice(fmt::format("{} {}", entry_name(event), *event.service), "int", kCalls,
                      event.time, returned ? event.duration : end - event.time);
    Json& about = call["args"];
    about["arguments"] = *event.arguments;
    about["result"] = returned ? *event.result : "never returned";
    about["instruction"] = event.instruction;
    about["caller"] = fmt::format("{:04x}:{:04x}", event.caller.segment, event.caller.offset);
    about["in"] = registers_json(event.in);
    if (event.out) about["out"] = registers_json(*event.out);
    events.push_back(std::move(call));
  }
  const Json whole = {{"displayTimeUnit", "ns"},
                      {"otherData",
                       {{"source", trace.header.source},
                        {"rom_sha256", trace.header.rom_sha256},
                        {"clock", "virtual"}}},
                      {"traceEvents", std::move(events)}};
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ice86::harness
