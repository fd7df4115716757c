// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a BIOS call means something, and is therefore compared: the registers its service defines
// at their width, whether it returned, and what it left in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/diff/rules.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

// Services of 386 and later take and give 32-bit registers: E820, the PCI BIOS, ... To all others
// the upper halves are whatever their caller last had there.
bool wide(const IntEvent& event);

// "AX", or "EAX" when the call is wide.
std::string_view name_of(const IntEvent& event, Field field);
std::string value_text(const IntEvent& event, Field field, bool out);

// A field, and whether on return (or at the call).
using FieldAt = std::pair<Field, bool>;

struct FieldComparison {
  std::vector<FieldAt> different;
  std::vector<FieldAt> masked;  // they differ, and a rule allows it
};

// Of two aligned calls. Returns are compared when both have one.
FieldComparison compare_fields(const IntEvent& a, const IntEvent& b, const DiffRules& rules);

}  // namespace ice86::harness
