// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

namespace ice86::harness {

namespace {

bool is_teletype(const IntEvent& event) {
  return event.kind == CallKind::kInterrupt && event.vector == 0x10 && event.in.ah() == 0x0e;
}

bool same_call(const IntEvent& a, const IntEvent& b) {
  return a.kind == b.kind && a.vector == b.vector && a.caller == b.caller && a.depth == b.depth &&
         a.service == b.service && a.arguments == b.arguments && a.result == b.result &&
         a.how == b.how && a.how != ReturnKind::kNever;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '\n': result += "\\n"; break;
      case '\r': result += "\\r"; break;
      case '\t': result += "\\t"; break;
      case '"': result += "\\\""; break;
      default:
        result += c >= 0x20 && c < 0x7f ? std::string(1, c)
                                        : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

// Calls within calls are set in, but what a file says of them is not to fill the host.
constexpr unsigned kDeepest = 20;

std::string line(const IntEvent& event, const std::string& call, const std::string& result,
                 std::uint64_t duration) {
  std::string text = fmt::format("{:>12.6f} {}{}  {}", static_cast<double>(event.time) / 1e9,
                                 std::string(std::size_t{std::min(event.depth, kDeepest)} * 2, ' '),
                                 entry_name(event), call);
  if (!result.empty()) text += " = " + result;
  return fmt::format("{}  <{}>\n", text, duration_text(duration));
}

}  // namespace

std::string duration_text(std::uint64_t nanoseconds) {
  const auto n = static_cast<double>(nanoseconds);
  if (nanoseconds >= 1'000'000'000) return fmt::format("{:.3f} s", n / 1e9);
  if (nanoseconds >= 1'000'000) return fmt::format("{:.2f} ms", n / 1e6);
  return fmt::format("{:.1f} us", n / 1e3);
}

std::string trace_text(const IntTrace& trace) {
  std::string text;
  const auto& events = trace.events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const IntEvent& event = events[i];
    if (is_teletype(event)) {
      std::string characters;
      std::uint64_t duration = 0;
      std::size_t next = i;
      for (; next < events.size() && is_teletype(events[next]) && events[next].depth == event.depth;
           ++next) {
        characters += static_cast<char>(events[next].in.al());
        duration += events[next].duration;
        if (events[next].in.al() == '\n') {
          ++next;
          break;
        }
      }
      text +=
          line(event, fmt::format("{}(\"{}\")", *event.service, escaped(characters)), "", duration);
      i = next - 1;
      continue;
    }
    // Polling: the same call from the same place with the same answer, again and again.
    std::size_t last = i;
    std::uint64_t duration = 0;
    while (last + 1 < events.size() && same_call(event, events[last + 1])) ++last;
    for (std::size_t k = i; k <= last; ++k) duration += events[k].duration;
    const std::string result = event.how == ReturnKind::kNever ? "does not return" : *event.result;
    text += line(event, fmt::format("{}({})", *event.service, *event.arguments),
                 last == i ? result : fmt::format("{} [{} times]", result, last - i + 1), duration);
    i = last;
  }
  return text;
}

std::string summary_text(const IntTrace& trace) {
  struct Row {
    std::uint64_t calls = 0, time = 0, never = 0;
  };
  // Entry points come behind the vectors.
  std::map<std::tuple<CallKind, std::uint8_t, std::string>, Row> rows;
  for (const IntEvent& event : trace.events) {
    Row& row = rows[{event.kind, event.vector, *event.service}];
    ++row.calls;
    row.time += event.duration;
    if (event.how == ReturnKind::kNever) ++row.never;
  }
  std::string text = fmt::format("{:<13} {:<34} {:>7} {:>12}\n", "", "service", "calls", "time");
  for (const auto& [key, row] : rows) {
    IntEvent one;
    one.kind = std::get<CallKind>(key);
    one.vector = std::get<std::uint8_t>(key);
    text += fmt::format("{:<13} {:<34} {:>7} {:>12}{}\n", entry_name(one),
                        std::get<std::string>(key), row.calls, duration_text(row.time),
                        row.never != 0 ? fmt::format("  ({} did not return)", row.never) : "");
  }
  text += fmt::format("{} calls\n", trace.events.size());
  if (trace.losses.calls != 0)
    text +=
        fmt::format("{} more calls were not recorded: the trace was full\n", trace.losses.calls);
  if (trace.losses.returns != 0) {
    text += fmt::format("the returns of {} calls were not waited for: too many were under way\n",
                        trace.losses.returns);
  }
  return text;
}

}  // namespace ice86::harness
