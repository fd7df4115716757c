// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares two traces: aligns their calls by vector, AX and caller, then compares the registers and
// the memory that the services define, where both sides have them. What legitimately varies is
// masked by rules (fields.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/diff/fields.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct DiffOptions {
  bool align_by_caller = true;
  // Vectors to look at; empty: all.
  std::vector<std::uint8_t> vectors;
};

struct Difference {
  enum class Kind { kOnlyLeft, kOnlyRight, kRegisters };
  Kind kind;
  std::size_t left;  // index into left.events (or where it would stand)
  std::size_t right;
  std::vector<std::pair<Field, bool>> fields;  // kRegisters: which, and whether on return
};

struct ServiceVerdict {
  std::uint64_t compared = 0;
  std::uint64_t different = 0;  // one-sided calls included
};

struct DiffResult {
  std::vector<Difference> differences;
  std::map<std::pair<std::uint8_t, std::string>, ServiceVerdict> services;
  std::uint64_t compared = 0;
  bool equal() const { return differences.empty(); }
};

DiffResult diff(const IntTrace& left, const IntTrace& right, const DiffOptions& options);

// The verdict, the first divergence with the calls around it, the verdict per service.
std::string diff_text(const IntTrace& left, const IntTrace& right, const DiffResult& result);
std::string diff_json(const IntTrace& left, const IntTrace& right, const DiffResult& result);

}  // namespace ice86::harness
