// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/diff/diff.h"

#include <fmt/core.h>

#include <algorithm>
#include <climits>
#include <nlohmann/json.hpp>
#include <optional>

namespace ice86::harness {

namespace {

// Beyond so many edits two traces have nothing to do with each other; the rest is reported as it
// stands.
constexpr std::size_t kMostEdits = 8000;
constexpr std::size_t kContext = 4;

// Calls that were under way when the trace ended: everything behind them was called within. Whether
// they would have returned nobody knows.
std::vector<bool> open_at_end(const IntTrace& trace) {
  std::vector<bool> open(trace.events.size());
  unsigned shallowest = UINT_MAX;
  for (std::size_t i = trace.events.size(); i-- > 0;) {
    const IntEvent& event = trace.events[i];
    open[i] = !event.out && event.depth < shallowest;
    shallowest = std::min(shallowest, event.depth);
  }
  return open;
}

bool tells_memory(const IntTrace& trace) {
  return std::any_of(trace.events.begin(), trace.events.end(),
                     [](const IntEvent& event) { return !event.memory.empty(); });
}

bool polls(const IntEvent& event) {
  return event.vector == 0x16 || (event.vector == 0x1a && event.in.ah() == 0);
}

// How often a guest polls depends on speed alone, so the same question from the same place with the
// same answer counts once. Another answer is kept: a key that has come, another shift state. A
// loop may ask several questions in turn; any other call ends the waiting.
std::vector<std::size_t> selected(const IntTrace& trace, const std::vector<bool>& open,
                                  const DiffOptions& options) {
  std::vector<std::size_t> indices;
  std::vector<std::size_t> waiting;  // the last answer to each question of the loop
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const IntEvent& event = trace.events[i];
    if (!options.vectors.empty() && std::find(options.vectors.begin(), options.vectors.end(),
                                              event.vector) == options.vectors.end())
      continue;
    if (!polls(event)) {
      waiting.clear();
      indices.push_back(i);
      continue;
    }
    const auto last = std::find_if(waiting.begin(), waiting.end(), [&](std::size_t w) {
      const IntEvent& asked = trace.events[w];
      return asked.vector == event.vector && asked.in.ax() == event.in.ax() &&
             asked.caller == event.caller;
    });
    if (last == waiting.end()) {
      waiting.push_back(i);
    } else if (open[i] || compare_fields(trace.events[*last], event).empty()) {
      continue;
    } else {
      *last = i;
    }
    indices.push_back(i);
  }
  return indices;
}

bool same_key(const IntEvent& a, const IntEvent& b, const DiffOptions& options) {
  return a.vector == b.vector && a.in.ax() == b.in.ax() &&
         (!options.align_by_caller || a.caller == b.caller);
}

using Pair = std::pair<std::optional<std::size_t>, std::optional<std::size_t>>;

// The shortest edit script (Myers 1986), as pairs of positions; nullopt where a side has no
// partner.
std::vector<Pair> align(const IntTrace& left, const std::vector<std::size_t>& a,
                        const IntTrace& right, const std::vector<std::size_t>& b,
                        const DiffOptions& options) {
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  const auto m = static_cast<std::ptrdiff_t>(b.size());
  const auto equal = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
    return same_key(left.events[a[static_cast<std::size_t>(x)]],
                    right.events[b[static_cast<std::size_t>(y)]], options);
  };
  const std::ptrdiff_t most = std::min<std::ptrdiff_t>(n + m, kMostEdits);
  std::vector<std::vector<std::ptrdiff_t>> history;
  std::vector<std::ptrdiff_t> v(static_cast<std::size_t>(2 * most + 3));
  const std::ptrdiff_t middle = most + 1;
  std::ptrdiff_t edits = -1;
  for (std::ptrdiff_t d = 0; d <= most && edits < 0; ++d) {
    history.emplace_back(v.begin() + (middle - d), v.begin() + (middle + d + 1));
    for (std::ptrdiff_t k = -d; k <= d; k += 2) {
      const auto at = [&](std::ptrdiff_t diagonal) -> std::ptrdiff_t& {
        return v[static_cast<std::size_t>(middle + diagonal)];
      };
      std::ptrdiff_t x = k == -d || (k != d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
      while (x < n && x - k < m && x - k >= 0 && equal(x, x - k)) ++x;
      at(k) = x;
      if (x >= n && x - k >= m) {
        edits = d;
        break;
      }
    }
  }
  std::vector<Pair> pairs;
  if (edits < 0) {
    // Nothing to align: the common beginning, then everything else one-sided.
    std::ptrdiff_t i = 0;
    for (; i < n && i < m && equal(i, i); ++i)
      pairs.emplace_back(a[static_cast<std::size_t>(i)], b[static_cast<std::size_t>(i)]);
    for (std::ptrdiff_t x = i; x < n; ++x)
      pairs.emplace_back(a[static_cast<std::size_t>(x)], std::nullopt);
    for (std::ptrdiff_t y = i; y < m; ++y)
      pairs.emplace_back(std::nullopt, b[static_cast<std::size_t>(y)]);
    return pairs;
  }
  std::ptrdiff_t x = n;
  std::ptrdiff_t y = m;
  for (std::ptrdiff_t d = edits; d >= 0; --d) {
    const std::vector<std::ptrdiff_t>& before = history[static_cast<std::size_t>(d)];
    const auto at = [&](std::ptrdiff_t diagonal) {
      return before[static_cast<std::size_t>(diagonal + d)];
    };
    const std::ptrdiff_t k = x - y;
    std::ptrdiff_t from_x = 0;
    std::ptrdiff_t from_y = 0;
    if (d > 0) {
      const std::ptrdiff_t from_k = k == -d || (k != d && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
      from_x = at(from_k);
      from_y = from_x - from_k;
    }
    while (x > from_x && y > from_y) {
      --x;
      --y;
      pairs.emplace_back(a[static_cast<std::size_t>(x)], b[static_cast<std::size_t>(y)]);
    }
    if (d > 0) {
      if (x > from_x) {
        pairs.emplace_back(a[static_cast<std::size_t>(from_x)], std::nullopt);
      } else {
        pairs.emplace_back(std::nullopt, b[static_cast<std::size_t>(from_y)]);
      }
    }
    x = from_x;
    y = from_y;
  }
  std::reverse(pairs.begin(), pairs.end());
  return pairs;
}

std::string call_text(const IntEvent& event) {
  return fmt::format("#{} INT {:02X}h AX={:04x} {}({}) from {:04x}:{:04x}{}{}", event.number,
                     event.vector, event.in.ax(), event.service, event.arguments,
                     event.caller.segment, event.caller.offset, event.result.empty() ? "" : " = ",
                     event.result);
}

std::string difference_text(const IntTrace& left, const IntTrace& right, const Difference& d) {
  switch (d.kind) {
    case Difference::Kind::kOnlyLeft:
      return fmt::format("  - {}\n", call_text(left.events[d.left]));
    case Difference::Kind::kOnlyRight:
      return fmt::format("  + {}\n", call_text(right.events[d.right]));
    case Difference::Kind::kRegisters: break;
  }
  const IntEvent& a = left.events[d.left];
  const IntEvent& b = right.events[d.right];
  std::string text = fmt::format("  - {}\n  + {}\n", call_text(a), call_text(b));
  for (const auto& [field, out] : d.fields) {
    text +=
        fmt::format("      {} {}: {} | {}\n", name_of(a, field), out ? "on return" : "at the call",
                    value_text(a, field, out), value_text(b, field, out));
  }
  return text;
}

}  // namespace

DiffResult diff(const IntTrace& left, const IntTrace& right, const DiffOptions& options) {
  DiffResult result;
  const std::vector<bool> left_open = open_at_end(left);
  const std::vector<bool> right_open = open_at_end(right);
  const bool memory = tells_memory(left) && tells_memory(right);
  const auto pairs = align(left, selected(left, left_open, options), right,
                           selected(right, right_open, options), options);
  std::size_t left_at = 0;
  std::size_t right_at = 0;
  for (const auto& [l, r] : pairs) {
    if (l) left_at = *l;
    if (r) right_at = *r;
    const IntEvent& event = l ? left.events[*l] : right.events[*r];
    ServiceVerdict& verdict = result.services[{event.vector, event.service}];
    ++verdict.compared;
    ++result.compared;
    Difference difference{Difference::Kind::kRegisters, left_at, right_at, {}};
    if (!r) difference.kind = Difference::Kind::kOnlyLeft;
    if (!l) difference.kind = Difference::Kind::kOnlyRight;
    if (l && r) {
      difference.fields = compare_fields(left.events[*l], right.events[*r]);
      const bool unknown = left_open[*l] || right_open[*r];
      std::erase_if(difference.fields, [&](const std::pair<Field, bool>& field) {
        return (field.first == Field::kReturned && unknown) ||
               (field.first == Field::kMemory && !memory);
      });
    }
    if (l && r && difference.fields.empty()) continue;
    ++verdict.different;
    result.differences.push_back(std::move(difference));
  }
  return result;
}

namespace {

std::string loss_text(const IntTrace& trace) {
  if (trace.losses == TraceLosses()) return "";
  return fmt::format("The trace of {} is not whole: {} calls and {} returns are missing.\n",
                     trace.header.source, trace.losses.calls, trace.losses.returns);
}

}  // namespace

std::string diff_text(const IntTrace& left, const IntTrace& right, const DiffResult& result) {
  const std::string losses = loss_text(left) + loss_text(right);
  if (result.equal()) {
    return losses + fmt::format("The traces agree: {} calls compared ({}: {}, {}: {}).\n",
                                result.compared, left.header.source, left.header.firmware,
                                right.header.source, right.header.firmware);
  }
  const Difference& first = result.differences.front();
  std::string text = losses;
  text += fmt::format(
      "The traces diverge: {} of {} calls differ. - is {} ({}), + is {} ({}).\n\nFirst "
      "divergence:\n",
      result.differences.size(), result.compared, left.header.source, left.header.firmware,
      right.header.source, right.header.firmware);
  const std::size_t from = first.left > kContext ? first.left - kContext : 0;
  for (std::size_t i = from; i < first.left && i < left.events.size(); ++i)
    text += fmt::format("    {}\n", call_text(left.events[i]));
  for (std::size_t i = 0; i < std::min<std::size_t>(result.differences.size(), 10); ++i) {
    if (i == 1) text += "\nNext:\n";
    text += difference_text(left, right, result.differences[i]);
  }
  if (result.differences.size() > 10)
    text += fmt::format("  ... and {} more\n", result.differences.size() - 10);
  text += fmt::format("\n{:<8} {:<34} {:>9} {:>10}\n", "INT", "service", "compared", "different");
  for (const auto& [key, verdict] : result.services) {
    text += fmt::format("{:02X}h      {:<34} {:>9} {:>10}\n", key.first, key.second,
                        verdict.compared, verdict.different);
  }
  return text;
}

std::string diff_json(const IntTrace& left, const IntTrace& right, const DiffResult& result) {
  nlohmann::ordered_json json;
  json["equal"] = result.equal();
  json["compared"] = result.compared;
  json["whole"] = left.losses == TraceLosses() && right.losses == TraceLosses();
  json["left"] = {{"source", left.header.source}, {"firmware", left.header.firmware}};
  json["right"] = {{"source", right.header.source}, {"firmware", right.header.firmware}};
  json["differences"] = nlohmann::ordered_json::array();
  for (const Difference& d : result.differences) {
    nlohmann::ordered_json item;
    item["kind"] = d.kind == Difference::Kind::kOnlyLeft    ? "only-left"
                   : d.kind == Difference::Kind::kOnlyRight ? "only-right"
                                                            : "registers";
    if (d.kind != Difference::Kind::kOnlyRight) item["left"] = left.events[d.left].number;
    if (d.kind != Difference::Kind::kOnlyLeft) item["right"] = right.events[d.right].number;
    for (const auto& [field, out] : d.fields)
      item[out ? "out" : "in"].push_back(name_of(left.events[d.left], field));
    json["differences"].push_back(item);
  }
  json["services"] = nlohmann::ordered_json::array();
  for (const auto& [key, verdict] : result.services) {
    json["services"].push_back({{"vec", fmt::format("{:02x}", key.first)},
                                {"service", key.second},
                                {"compared", verdict.compared},
                                {"different", verdict.different}});
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace ice86::harness
