// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/diff/diff.h"

#include <algorithm>
#include <climits>
#include <iterator>
#include <numeric>
#include <string_view>
#include <tuple>

#include "harness/diff/align.h"

namespace ice86::harness {

namespace {

using Verdict = Cell::Verdict;

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
                     [](const IntEvent& event) { return !event.extras->memory.empty(); });
}

// What makes calls partners, in several passes: what one leaves alone the next one looks at.
enum class Pass {
  kArguments,  // vector, AX, caller, and what it asks for (which sectors, which character)
  kCaller,     // vector, AX, caller
  kPlace,  // vector and caller: the same INT instruction with another AX is one call that differs
};
constexpr Pass kPasses[] = {Pass::kArguments, Pass::kCaller, Pass::kPlace};

using Key = std::tuple<CallKind, std::uint8_t, std::uint16_t, std::uint16_t, std::uint64_t,
                       std::string_view, std::string_view>;

Key key_of(const IntEvent& event, Pass pass, bool by_caller) {
  const FarPointer caller = by_caller ? event.caller : FarPointer();
  std::uint16_t function = event.in.ax();
  // Whoever calls, AH has to be the same.
  if (pass == Pass::kPlace) function = by_caller ? 0 : event.in.ah();
  // The registers of these say nothing of what is called.
  const bool by_name = event.kind == CallKind::kBios32 || event.kind >= CallKind::kPnp;
  if (by_name) function = 0;
  return {event.kind,
          event.vector,
          function,
          caller.segment,
          caller.offset,
          by_name ? std::string_view(*event.service) : std::string_view(),
          pass == Pass::kArguments ? std::string_view(*event.arguments) : std::string_view()};
}

class Comparer {
 public:
  Comparer(const Traces& traces, const DiffOptions& options) : traces_(traces), options_(options) {
    for (const IntTrace* trace : traces) {
      open_.push_back(open_at_end(*trace));
      memory_.push_back(tells_memory(*trace));
    }
  }

  Comparison run() {
    for (const std::size_t call : selected(0)) {
      Row row{std::vector<Cell>(traces_.size())};
      row.cells[0].call = call;
      result_.rows.push_back(std::move(row));
    }
    for (std::size_t trace = 1; trace < traces_.size(); ++trace) add(trace);
    result_.traces.resize(traces_.size() - 1);
    for (Row& row : result_.rows) judge(row);
    return std::move(result_);
  }

 private:
  std::vector<std::size_t> selected(std::size_t trace);
  void add(std::size_t trace);
  void merge(std::size_t trace, std::span<const std::size_t> rows,
             std::span<const std::size_t> calls, std::size_t pass, std::vector<Row>& merged);
  void judge(Row& row);

  const Traces& traces_;
  const DiffOptions& options_;
  std::vector<std::vector<bool>> open_;
  std::vector<bool> memory_;
  Comparison result_;
};

// The calls that are compared. How often a guest polls depends on speed alone, so the same question
// from the same place with the same answer counts once. Another answer is kept: a key that has
// come, another shift state. A loop may ask several questions in turn; any other call ends the
// waiting.
std::vector<std::size_t> Comparer::selected(std::size_t number) {
  const IntTrace& trace = *traces_[number];
  std::vector<std::size_t> indices;
  std::vector<std::size_t> waiting;  // the last answer to each question of the loop
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const IntEvent& event = trace.events[i];
    if (!options_.vectors.empty() && std::find(options_.vectors.begin(), options_.vectors.end(),
                                               event.vector) == options_.vectors.end())
      continue;
    if (options_.rules.ignores(event)) {
      ++result_.ignored;
      continue;
    }
    if (!options_.rules.polled(event)) {
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
    } else if (open_[number][i] ||
               compare_fields(trace.events[*last], event, options_.rules).different.empty()) {
      continue;
    } else {
      *last = i;
    }
    indices.push_back(i);
  }
  return indices;
}

void Comparer::add(std::size_t trace) {
  const std::vector<std::size_t> calls = selected(trace);
  std::vector<std::size_t> rows(result_.rows.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::vector<Row> merged;
  merge(trace, rows, calls, 0, merged);
  result_.rows = std::move(merged);
}

// Appends to `merged` these rows and these calls of a trace, partners together.
void Comparer::merge(std::size_t trace, std::span<const std::size_t> rows,
                     std::span<const std::size_t> calls, std::size_t pass,
                     std::vector<Row>& merged) {
  const auto put = [&](const std::size_t* row, const std::size_t* call) {
    merged.push_back(row != nullptr ? std::move(result_.rows[*row])
                                    : Row{std::vector<Cell>(traces_.size())});
    if (call != nullptr) merged.back().cells[trace].call = *call;
  };
  if (rows.empty() || calls.empty() || pass == std::size(kPasses)) {
    for (const std::size_t row : rows) put(&row, nullptr);
    for (const std::size_t call : calls) put(nullptr, &call);
    return;
  }
  std::map<Key, std::uint32_t> numbers;
  const auto number = [&](const IntEvent& event) {
    const Key key = key_of(event, kPasses[pass], options_.rules.align_by_caller);
    return numbers.emplace(key, static_cast<std::uint32_t>(numbers.size())).first->second;
  };
  std::vector<std::uint32_t> left, right;
  for (const std::size_t row : rows) left.push_back(number(call_of(traces_, result_.rows[row])));
  for (const std::size_t call : calls) right.push_back(number(traces_[trace]->events[call]));
  // Where the next gap begins on each side.
  std::size_t row = 0, call = 0;
  const auto close_gap = [&](std::size_t row_end, std::size_t call_end) {
    merge(trace, rows.subspan(row, row_end - row), calls.subspan(call, call_end - call), pass + 1,
          merged);
  };
  for (const auto& [l, r] : align(left, right)) {
    if (!l || !r) continue;
    close_gap(*l, *r);
    put(&rows[*l], &calls[*r]);
    row = *l + 1;
    call = *r + 1;
  }
  close_gap(rows.size(), calls.size());
}

void Comparer::judge(Row& row) {
  const IntEvent& shown = call_of(traces_, row);
  std::vector<ServiceVerdict>& services = result_.services[{shown.vector, shown.service}];
  services.resize(traces_.size() - 1);
  const std::optional<std::size_t> first = row.cells[0].call;
  for (std::size_t trace = 1; trace < row.cells.size(); ++trace) {
    Cell& cell = row.cells[trace];
    if (!first && !cell.call) {
      cell.verdict = Verdict::kNothing;
      continue;
    }
    if (!cell.call) {
      cell.verdict = Verdict::kMissing;
    } else if (!first) {
      cell.verdict = Verdict::kExtra;
    } else {
      const IntEvent& a = traces_[0]->events[*first];
      const IntEvent& b = traces_[trace]->events[*cell.call];
      FieldComparison fields = compare_fields(a, b, options_.rules);
      const bool unknown = open_[0][*first] || open_[trace][*cell.call];
      std::erase_if(fields.different, [&](const FieldAt& field) {
        return (field.first == Field::kReturned && unknown) ||
               (field.first == Field::kMemory && !(memory_[0] && memory_[trace]));
      });
      for (const FieldAt& field : fields.masked) {
        for (const MaskRule& rule : options_.rules.masks) {
          if (!rule.allows(a, field.first, field.second)) continue;
          ++result_.masked[rule.reason.empty() ? "no reason is given" : rule.reason];
          break;
        }
      }
      cell.fields = std::move(fields.different);
      if (!cell.fields.empty()) cell.verdict = Verdict::kValues;
    }
    for (ServiceVerdict* verdict : {&services[trace - 1], &result_.traces[trace - 1]}) {
      ++verdict->compared;
      if (cell.differs()) ++verdict->different;
      if (cell.verdict == Verdict::kMissing) ++verdict->missing;
      if (cell.verdict == Verdict::kExtra) ++verdict->extra;
      for (const FieldAt& field : cell.fields) ++verdict->fields[field];
    }
  }
}

}  // namespace

bool Row::differs() const {
  return std::any_of(cells.begin(), cells.end(), [](const Cell& cell) { return cell.differs(); });
}

bool Comparison::equal() const {
  return std::all_of(traces.begin(), traces.end(),
                     [](const ServiceVerdict& trace) { return trace.different == 0; });
}

std::vector<std::size_t> Comparison::differences() const {
  std::vector<std::size_t> list;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].differs()) list.push_back(i);
  }
  return list;
}

Comparison compare(const Traces& traces, const DiffOptions& options) {
  ICE86_ASSERT(traces.size() >= 2);
  return Comparer(traces, options).run();
}

const IntEvent& call_of(const Traces& traces, const Row& row) {
  for (std::size_t trace = 0;; ++trace) {
    ICE86_ASSERT(trace < row.cells.size());
    if (row.cells[trace].call) return traces[trace]->events[*row.cells[trace].call];
  }
}

}  // namespace ice86::harness
