// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares traces: aligns their calls by vector, AX and caller, then compares the registers and the
// memory that the services define, where both sides have them. What may vary is told by rules
// (rules.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/diff/fields.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct DiffOptions {
  DiffRules rules = default_rules();
  // Vectors to look at; empty: all.
  std::vector<std::uint8_t> vectors;
};

// What one trace has where the first one, the reference, has a call, or has none.
struct Cell {
  enum class Verdict : std::uint8_t {
    kSame,     // as the reference
    kValues,   // the same call, other values
    kMissing,  // the reference has a call, this trace has not
    kExtra,    // this trace has a call, the reference has not
    kNothing,  // neither has one: some other trace does
  };
  std::optional<std::size_t> call;  // index in the trace's events
  Verdict verdict = Verdict::kSame;
  std::vector<FieldAt> fields;  // kValues: which

  bool differs() const { return verdict != Verdict::kSame && verdict != Verdict::kNothing; }
};

// One call, in each trace that has it; the first cell is the reference's.
struct Row {
  std::vector<Cell> cells;
  bool differs() const;
};

struct ServiceVerdict {
  std::uint64_t compared = 0;
  std::uint64_t different = 0;  // one-sided calls included
  std::uint64_t missing = 0, extra = 0;
  std::map<FieldAt, std::uint64_t> fields;  // how many calls differ in it
};

struct Comparison {
  std::vector<Row> rows;
  // By vector and service, for each trace but the first.
  std::map<std::pair<std::uint8_t, std::string>, std::vector<ServiceVerdict>> services;
  std::vector<ServiceVerdict> traces;  // all services, for each trace but the first
  // Values that differ and were allowed to, by the reason of the rule.
  std::map<std::string, std::uint64_t> masked;
  std::uint64_t ignored = 0;  // calls that rules leave out, in all traces

  bool equal() const;
  // Indices of the rows that differ.
  std::vector<std::size_t> differences() const;
};

// At least two traces; the first is the reference.
using Traces = std::vector<const IntTrace*>;
Comparison compare(const Traces& traces, const DiffOptions& options);

// The call that stands for a row: the reference's where it has one.
const IntEvent& call_of(const Traces& traces, const Row& row);

}  // namespace ice86::harness
