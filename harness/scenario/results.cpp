// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/results.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ice86::harness {

namespace {

using Json = nlohmann::ordered_json;
using Verdict = Outcome::Verdict;

constexpr const char* kSchema = "ice86-test-results";
constexpr unsigned kVersion = 1;
constexpr Verdict kVerdicts[] = {Verdict::kPassed, Verdict::kFailed, Verdict::kInvalid,
                                 Verdict::kMissing};

Json json_of(const Outcome& outcome) {
  Json json{{"verdict", name_of(outcome.verdict)},  {"message", outcome.message},
            {"evidence", outcome.evidence},         {"time_ns", outcome.time},
            {"instructions", outcome.instructions}, {"state_sha256", outcome.state_sha256}};
  for (const Blessing& one : outcome.blessings) {
    json["blessings"].push_back(Json{{"file", one.file.string()},
                                     {"proposal", one.proposal.string()},
                                     {"changes", one.changes}});
  }
  return json;
}

std::string dumped(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// XML 1.0 has no control characters but three, however they are written.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\n':
      case '\t': out += c; break;
      default: out += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    }
  }
  // What is no UTF-8 (a guest may send anything) is replaced as in JSON.
  const std::string quoted = dumped(Json(out));
  return Json::parse(quoted).get<std::string>();
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.empty() || out.back() != '\n') out += '\n';
  return out;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed: return "passed";
    case Verdict::kFailed: return "failed";
    case Verdict::kInvalid: return "invalid";
    case Verdict::kMissing: return "missing";
  }
  ICE86_UNREACHABLE();
}

std::string outcome_json(const Outcome& outcome) {
  return dumped(json_of(outcome));
}

Result<Outcome> parse_outcome(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  Outcome outcome;
  const auto take = [&](const char* key, auto& to) {
    const auto found = json.find(key);
    using T = std::remove_reference_t<decltype(to)>;
    const bool fits = found != json.end() &&
                      (std::is_same_v<T, std::string> ? found->is_string() : found->is_number());
    if (fits) to = found->template get<T>();
    return fits;
  };
  std::string verdict;
  if (!json.is_object() || !take("verdict", verdict) || !take("message", outcome.message) ||
      !take("evidence", outcome.evidence) || !take("time_ns", outcome.time) ||
      !take("instructions", outcome.instructions) || !take("state_sha256", outcome.state_sha256)) {
    return Error("no outcome of a scenario");
  }
  if (const auto blessings = json.find("blessings"); blessings != json.end()) {
    for (const Json& one : *blessings) {
      const auto part = [&](const char* key) {
        return one.is_object() && one.contains(key) && one[key].is_string()
                   ? one[key].get<std::string>()
                   : std::string();
      };
      Blessing blessing{part("file"), part("proposal"), part("changes")};
      if (blessing.file.empty() || blessing.proposal.empty())
        return Error("no outcome of a scenario: a blessing names no file");
      outcome.blessings.push_back(std::move(blessing));
    }
  }
  for (const Verdict one : kVerdicts) {
    if (name_of(one) == verdict) {
      outcome.verdict = one;
      return outcome;
    }
  }
  return Error(fmt::format("no verdict: {}", verdict));
}

std::string results_json(const std::vector<CaseResult>& results) {
  Json json{{"schema", kSchema}, {"version", kVersion}, {"results", Json::array()}};
  for (const CaseResult& result : results) {
    Json one{{"file", result.file}, {"name", result.name}, {"tags", result.tags}};
    one.update(json_of(result.outcome));
    one["wall_seconds"] = result.wall_seconds;
    one["again"] = result.again;
    one["folder"] = result.folder;
    json["results"].push_back(std::move(one));
  }
  return dumped(json, 2) + "\n";
}

Result<std::set<std::string>> failed_in(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const auto wrong = [] { return Error("these are no results of 'ice86 test'"); };
  if (!json.is_object() || json.value("schema", Json()) != kSchema) return wrong();
  if (json.value("version", Json()) != kVersion)
    return Error("these results are of another version of ice86");
  const auto results = json.find("results");
  if (results == json.end() || !results->is_array()) return wrong();
  std::set<std::string> failed;
  for (const Json& one : *results) {
    const auto text_of = [&](const char* key) {
      const auto found = one.is_object() ? one.find(key) : one.end();
      return one.is_object() && found != one.end() && found->is_string() ? found->get<std::string>()
                                                                         : std::string();
    };
    const std::string file = text_of("file"), name = text_of("name"), verdict = text_of("verdict");
    if (file.empty() || name.empty() || verdict.empty()) return wrong();
    if (verdict != name_of(Verdict::kPassed)) failed.insert(file + " " + name);
  }
  return failed;
}

std::string results_junit(const std::vector<CaseResult>& results) {
  const auto count = [&](auto counts) {
    return std::count_if(results.begin(), results.end(),
                         [&](const CaseResult& one) { return counts(one.outcome.verdict); });
  };
  double wall = 0;
  for (const CaseResult& result : results) wall += result.wall_seconds;
  const std::string sums = fmt::format(
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\"", results.size(),
      count([](Verdict v) { return v == Verdict::kFailed; }),
      count([](Verdict v) { return v == Verdict::kInvalid || v == Verdict::kMissing; }), wall);
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n"
      "  <testsuite name=\"ice86\" {0}>\n",
      sums);
  for (const CaseResult& result : results) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                       xml(result.file), xml(result.name), result.wall_seconds);
    if (result.outcome.verdict == Verdict::kPassed) {
      out += "/>\n";
      continue;
    }
    const char* element = result.outcome.verdict == Verdict::kFailed ? "failure" : "error";
    out += fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n",
                       element, name_of(result.outcome.verdict),
                       xml(first_line(result.outcome.message)),
                       xml(fmt::format("{}\n{}\nagain: {}\n", result.outcome.message,
                                       result.outcome.evidence, result.again)));
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

std::string results_tap(const std::vector<CaseResult>& results) {
  std::string out = fmt::format("TAP version 13\n1..{}\n", results.size());
  std::size_t number = 0;
  for (const CaseResult& result : results) {
    const bool passed = result.outcome.verdict == Verdict::kPassed;
    // '#' would begin a directive.
    std::string name = result.name;
    std::replace(name.begin(), name.end(), '#', '_');
    out += fmt::format("{} {} - {}\n", passed ? "ok" : "not ok", ++number, name);
    if (passed) continue;
    out += fmt::format("  ---\n  severity: {}\n  file: {}\n  message: {}\n  again: {}\n  ...\n",
                       name_of(result.outcome.verdict), dumped(Json(result.file)),
                       dumped(Json(result.outcome.message)), dumped(Json(result.again)));
  }
  return out;
}

std::string result_text(const CaseResult& result) {
  static constexpr const char* kWords[] = {"PASS   ", "FAIL   ", "INVALID", "MISSING"};
  std::string out =
      fmt::format("{} {}", kWords[static_cast<int>(result.outcome.verdict)], result.name);
  if (result.outcome.instructions != 0) {
    out += fmt::format("  {:.1f} s ({:.3f} s of virtual time)", result.wall_seconds,
                       static_cast<double>(result.outcome.time) / 1e9);
  }
  out += '\n';
  if (result.outcome.verdict == Verdict::kPassed) return out;
  out += indented(result.outcome.message);
  if (!result.outcome.evidence.empty()) out += indented(result.outcome.evidence);
  if (result.outcome.verdict == Verdict::kFailed)
    out += fmt::format("    again, with a window: {}\n", result.again);
  return out;
}

}  // namespace ice86::harness
