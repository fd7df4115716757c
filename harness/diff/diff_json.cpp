// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "harness/diff/diff_report.h"

namespace ice86::harness {

namespace {

using Json = nlohmann::ordered_json;
using Verdict = Cell::Verdict;

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame: return "same";
    case Verdict::kValues: return "differs";
    case Verdict::kMissing: return "missing";
    case Verdict::kExtra: return "extra";
    case Verdict::kNothing: return "nothing";
  }
  return "";
}

Json cell_json(const DiffReport& report, const Row& row, std::size_t trace) {
  const Cell& cell = row.cells[trace];
  Json json;
  json["call"] = cell.call ? Json(report.traces[trace]->events[*cell.call].number) : Json(nullptr);
  if (trace == 0) return json;
  json["verdict"] = verdict_name(cell.verdict);
  for (const auto& [field, out] : cell.fields) {
    const IntEvent& reference = report.traces[0]->events[*row.cells[0].call];
    json["fields"].push_back(
        {{"field", name_of(reference, field)},
         {"when", out ? "return" : "call"},
         {"reference", value_text(reference, field, out)},
         {"value", value_text(report.traces[trace]->events[*cell.call], field, out)}});
  }
  return json;
}

Json verdict_json(const ServiceVerdict& verdict) {
  return {{"compared", verdict.compared},
          {"different", verdict.different},
          {"missing", verdict.missing},
          {"extra", verdict.extra}};
}

}  // namespace

std::string diff_json(const DiffReport& report) {
  const Comparison& result = report.result;
  Json json;
  json["equal"] = result.equal();
  json["compared"] = result.rows.size();
  json["traces"] = Json::array();
  for (std::size_t i = 0; i < report.traces.size(); ++i) {
    Json trace = {{"name", report.names[i]},
                  {"source", report.traces[i]->header.source},
                  {"firmware", report.traces[i]->header.firmware},
                  {"whole", report.traces[i]->losses == TraceLosses()}};
    if (i != 0) trace.update(verdict_json(result.traces[i - 1]));
    json["traces"].push_back(std::move(trace));
  }
  json["differences"] = Json::array();
  for (const std::size_t index : result.differences()) {
    const Row& row = result.rows[index];
    const IntEvent& event = call_of(report.traces, row);
    Json item = {{"vec", fmt::format("{:02x}", event.vector)},
                 {"service", *event.service},
                 {"traces", Json::array()}};
    for (std::size_t trace = 0; trace < row.cells.size(); ++trace)
      item["traces"].push_back(cell_json(report, row, trace));
    json["differences"].push_back(std::move(item));
  }
  json["services"] = Json::array();
  for (const auto& [key, verdicts] : result.services) {
    Json service = {{"vec", fmt::format("{:02x}", key.first)},
                    {"service", key.second},
                    {"traces", Json::array()}};
    for (const ServiceVerdict& verdict : verdicts)
      service["traces"].push_back(verdict_json(verdict));
    json["services"].push_back(std::move(service));
  }
  json["masked"] = Json::array();
  for (const auto& [reason, count] : result.masked)
    json["masked"].push_back({{"reason", reason}, {"count", count}});
  json["ignored"] = result.ignored;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ice86::harness
