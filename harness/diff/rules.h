// SPDX-License-Identifier: LGPL-2.1-or-later
// What two traces may differ in and still agree: calls that are left out, fields that are masked,
// questions that are asked again and again. The file form is in docs/trace-diff.md.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"
#include "harness/interrupts/call_filter.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

enum class Field : std::uint8_t {
  kAx,
  kBx,
  kCx,
  kDx,
  kSi,
  kDi,
  kDs,
  kEs,
  kCf,
  kZf,
  kReturned,  // that the call came back
  kMemory,    // what the call left in memory
};
constexpr unsigned kFields = 12;
constexpr std::array<std::string_view, kFields> kFieldNames = {
    "AX", "BX", "CX", "DX", "SI", "DI", "DS", "ES", "CF", "ZF", "returned", "memory"};

// Calls by service, and by who made them: the BIOS's own calls come from its segment.
struct CallPattern {
  std::optional<CallFilter> service;  // none: every call
  std::optional<std::uint16_t> caller_segment;

  bool matches(const IntEvent& event) const {
    return (!service || service->matches(event)) &&
           (!caller_segment || event.caller.segment == *caller_segment);
  }
};

struct MaskRule {
  CallPattern calls;
  Field field = Field::kAx;
  std::uint32_t bits = 0xffffffff;  // of a register, that may differ
  bool in = false, out = false;     // at the call, on return
  std::string reason;

  bool allows(const IntEvent& event, Field which, bool on_return) const {
    return field == which && (on_return ? out : in) && calls.matches(event);
  }
};

struct DiffRules {
  bool align_by_caller = true;
  std::vector<CallPattern> ignored;
  std::vector<MaskRule> masks;
  // Calls whose number depends on speed: the same question from the same place with the same answer
  // counts once until another call is made.
  std::vector<CallPattern> polls;

  bool ignores(const IntEvent& event) const;
  bool polled(const IntEvent& event) const;
  // Of a field, the bits that may differ.
  std::uint32_t masked_bits(const IntEvent& event, Field field, bool out) const;
};

// What holds for every pair of machines: the time of day, how often the keyboard is asked.
DiffRules default_rules();

// A file's rules, added to the default ones unless it says otherwise. Errors name file and line.
Result<DiffRules> read_rules(const std::filesystem::path& path);
Result<DiffRules> parse_rules(std::string_view text, const std::string& origin);

}  // namespace ice86::harness
