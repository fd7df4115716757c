// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "harness/diff/diff_report.h"
#include "harness/report/page/embed.h"

namespace ice86::harness {

std::span<const std::uint8_t> diff_page_template();  // page/diff.html

namespace {

using Json = nlohmann::ordered_json;
using Verdict = Cell::Verdict;

// Of long traces, calls that agree are in the page when so few calls lie between them and one that
// differs.
constexpr std::size_t kAllRows = 5000;
constexpr std::size_t kNear = 50;

Json values(const Registers& r) {
  return {r.eax, r.ebx, r.ecx, r.edx, r.esi, r.edi, r.ebp, r.ds, r.es, r.flags};
}

Json cell_json(const DiffReport& report, const Row& row, std::size_t trace) {
  const Cell& cell = row.cells[trace];
  const auto verdict = static_cast<unsigned>(cell.verdict);
  if (!cell.call) return trace == 0 ? Json(nullptr) : Json({verdict, nullptr});
  const IntEvent& event = report.traces[trace]->events[*cell.call];
  if (trace != 0 && cell.verdict == Verdict::kSame) return {verdict, event.number};
  Json json = {verdict,
               event.number,
               fmt::format("{:04x}:{:04x}", event.caller.segment, event.caller.offset),
               *event.result,
               values(event.in),
               event.out ? values(*event.out) : Json(nullptr),
               event.extras->memory,
               Json::array()};
  for (const auto& [field, out] : cell.fields) {
    const IntEvent& reference = report.traces[0]->events[*row.cells[0].call];
    json[7].push_back({name_of(reference, field), out ? "return" : "call",
                       value_text(reference, field, out), value_text(event, field, out)});
  }
  return json;
}

std::vector<bool> rows_near(const Comparison& result) {
  std::vector<bool> near(result.rows.size(), result.rows.size() <= kAllRows);
  for (const std::size_t row : result.differences()) {
    const std::size_t from = row > kNear ? row - kNear : 0;
    for (std::size_t i = from; i < std::min(near.size(), row + kNear + 1); ++i) near[i] = true;
  }
  return near;
}

Json rows_json(const DiffReport& report) {
  const std::vector<bool> near = rows_near(report.result);
  Json rows = Json::array();
  std::size_t left_out = 0;
  const auto close = [&] {
    if (left_out != 0) rows.push_back(left_out);
    left_out = 0;
  };
  for (std::size_t i = 0; i < report.result.rows.size(); ++i) {
    if (!near[i]) {
      ++left_out;
      continue;
    }
    close();
    const Row& row = report.result.rows[i];
    const IntEvent& event = call_of(report.traces, row);
    Json cells = Json::array();
    for (std::size_t trace = 0; trace < row.cells.size(); ++trace)
      cells.push_back(cell_json(report, row, trace));
    rows.push_back({event.vector, *event.service, *event.arguments, event.in.ax(), std::move(cells),
                    row.differs()});
  }
  close();
  return rows;
}

}  // namespace

std::string diff_html(const DiffReport& report) {
  const Comparison& result = report.result;
  Json data;
  data["compared"] = result.rows.size();
  data["differences"] = result.differences().size();
  data["traces"] = Json::array();
  for (std::size_t i = 0; i < report.traces.size(); ++i) {
    const TraceHeader& header = report.traces[i]->header;
    data["traces"].push_back({{"name", report.names[i]},
                              {"source", header.source},
                              {"firmware", header.firmware},
                              {"whole", report.traces[i]->losses == TraceLosses()}});
  }
  data["services"] = Json::array();
  for (const auto& [key, verdicts] : result.services) {
    Json service = {{"vec", key.first}, {"service", key.second}, {"traces", Json::array()}};
    for (const ServiceVerdict& verdict : verdicts)
      service["traces"].push_back(Json::array({verdict.compared, verdict.different}));
    data["services"].push_back(std::move(service));
  }
  data["masked"] = Json::array();
  for (const auto& [reason, count] : result.masked)
    data["masked"].push_back(Json::array({reason, count}));
  data["ignored"] = result.ignored;
  data["rows"] = rows_json(report);
  return page_with_data(diff_page_template(), data);
}

}  // namespace ice86::harness
