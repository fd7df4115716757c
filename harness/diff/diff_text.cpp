// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/diff/diff_report.h"

namespace ice86::harness {

namespace {

using Verdict = Cell::Verdict;

constexpr std::size_t kContext = 4;

std::string call_text(const IntEvent& event) {
  const std::string ax =
      event.kind == CallKind::kEfi ? "" : fmt::format(" AX={:04x}", event.in.ax());
  return fmt::format("#{} {}{} {}({}) from {:04x}:{:04x}{}{}", event.number, entry_name(event), ax,
                     *event.service, *event.arguments, event.caller.segment, event.caller.offset,
                     event.result->empty() ? "" : " = ", *event.result);
}

// Two traces are - and +, as everywhere; more have letters.
std::string mark(const DiffReport& report, std::size_t trace) {
  if (report.traces.size() == 2) return trace == 0 ? "-" : "+";
  if (trace < 26) return std::string(1, static_cast<char>('A' + trace));
  return fmt::format("{}", trace);
}

std::string row_text(const DiffReport& report, const Row& row) {
  const auto& cells = row.cells;
  std::string text;
  if (cells[0].call)
    text += fmt::format("  {} {}\n", mark(report, 0),
                        call_text(report.traces[0]->events[*cells[0].call]));
  for (std::size_t i = 1; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    const bool several = cells.size() > 2;
    if (cell.verdict == Verdict::kMissing || cell.verdict == Verdict::kNothing) {
      if (several) text += fmt::format("  {} has no such call\n", mark(report, i));
      continue;
    }
    if (cell.verdict == Verdict::kSame) {
      if (several) text += fmt::format("  {} the same\n", mark(report, i));
      continue;
    }
    const IntEvent& event = report.traces[i]->events[*cell.call];
    text += fmt::format("  {} {}\n", mark(report, i), call_text(event));
    for (const auto& [field, out] : cell.fields) {
      const IntEvent& reference = report.traces[0]->events[*cells[0].call];
      text += fmt::format("      {} {}: {} | {}\n", name_of(reference, field),
                          out ? "on return" : "at the call", value_text(reference, field, out),
                          value_text(event, field, out));
    }
  }
  return text;
}

// Whose registers are 32 bits wide, for the names of a service's fields.
const IntEvent* example(const DiffReport& report, const std::string& service) {
  for (const IntTrace* trace : report.traces) {
    for (const IntEvent& event : trace->events) {
      if (event.service == service) return &event;
    }
  }
  return nullptr;
}

std::string verdict_text(const DiffReport& report, const std::string& service,
                         const ServiceVerdict& verdict) {
  if (verdict.compared == 0) return "-";
  if (verdict.different == 0) return fmt::format("{} same", verdict.compared);
  std::vector<std::string> what;
  const IntEvent* call = example(report, service);
  for (const auto& [field, count] : verdict.fields) {
    what.push_back(
        fmt::format("{} {}", call != nullptr ? name_of(*call, field.first) : std::string_view("?"),
                    field.second ? "on return" : "at the call"));
  }
  if (verdict.missing != 0) what.push_back(fmt::format("{} missing", verdict.missing));
  if (verdict.extra != 0) what.push_back(fmt::format("{} too many", verdict.extra));
  return fmt::format("{} of {} differ: {}", verdict.different, verdict.compared,
                     fmt::join(what, ", "));
}

std::string services_text(const DiffReport& report) {
  std::string text = fmt::format("{:<5} {:<34}", "INT", "service");
  const std::size_t columns = report.traces.size() - 1;
  // All but the last column need a width.
  std::vector<std::size_t> widths(columns, 0);
  for (std::size_t i = 0; i + 1 < columns; ++i) {
    for (const auto& [key, verdicts] : report.result.services)
      widths[i] = std::max(widths[i], verdict_text(report, key.second, verdicts[i]).size());
  }
  for (std::size_t i = 0; i < columns; ++i)
    text += fmt::format(" {:<{}} ", columns == 1 ? "verdict" : mark(report, i + 1), widths[i]);
  while (text.back() == ' ') text.pop_back();
  text += "\n";
  for (const auto& [key, verdicts] : report.result.services) {
    std::string line = fmt::format("{:02X}h   {:<34}", key.first, key.second);
    for (std::size_t i = 0; i < columns; ++i)
      line += fmt::format(" {:<{}} ", verdict_text(report, key.second, verdicts[i]), widths[i]);
    while (line.back() == ' ') line.pop_back();
    text += line + "\n";
  }
  return text;
}

// What the reader has to know before the verdict.
std::string remarks(const DiffReport& report) {
  std::string text;
  for (std::size_t i = 0; i < report.traces.size(); ++i) {
    const TraceLosses& losses = report.traces[i]->losses;
    if (losses == TraceLosses()) continue;
    text += fmt::format("{} is not whole: {} calls and {} returns are missing.\n", report.names[i],
                        losses.calls, losses.returns);
  }
  return text;
}

std::string allowances(const DiffReport& report) {
  std::string text;
  for (const auto& [reason, count] : report.result.masked)
    text += fmt::format("{} values differ and may: {}.\n", count, reason);
  if (report.result.ignored != 0)
    text += fmt::format("{} calls are left out by rules.\n", report.result.ignored);
  return text;
}

}  // namespace

std::string diff_text(const DiffReport& report, std::size_t most) {
  const std::vector<std::size_t> differences = report.result.differences();
  std::string text = remarks(report);
  if (differences.empty()) {
    text += fmt::format("The traces agree: {} calls compared.\n", report.result.rows.size());
  } else {
    text += fmt::format("The traces diverge: {} of {} calls differ.\n", differences.size(),
                        report.result.rows.size());
  }
  for (std::size_t i = 0; i < report.traces.size(); ++i) {
    const TraceHeader& header = report.traces[i]->header;
    text += fmt::format("  {} {} ({}: {})", mark(report, i), report.names[i], header.source,
                        header.firmware);
    if (i != 0 && report.traces.size() > 2) {
      const ServiceVerdict& verdict = report.result.traces[i - 1];
      text += verdict.different == 0
                  ? ": the same"
                  : fmt::format(": {} of {} differ", verdict.different, verdict.compared);
    }
    text += "\n";
  }
  if (differences.empty()) return text + allowances(report);
  text += "\nFirst divergence:\n";
  const std::size_t first = differences.front();
  for (std::size_t i = first > kContext ? first - kContext : 0; i < first; ++i)
    text += fmt::format("    {}\n", call_text(call_of(report.traces, report.result.rows[i])));
  for (std::size_t i = 0; i < std::min(differences.size(), most); ++i) {
    if (i == 1) text += "\nNext:\n";
    text += row_text(report, report.result.rows[differences[i]]);
  }
  if (differences.size() > most)
    text += fmt::format("  ... and {} more\n", differences.size() - most);
  return text + "\n" + services_text(report) + allowances(report);
}

}  // namespace ice86::harness
