// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a BIOS call means something, and is therefore compared: the registers its service defines
// at their width, whether it returned, and what it left in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// "In calls of this vector whose AX is `ax` under `mask`, this field may differ, because..."
struct MaskRule {
  std::uint8_t vector;
  std::uint16_t mask;
  std::uint16_t ax;
  Field field;
  bool out;
  std::string_view reason;
};
const std::vector<MaskRule>& default_masks();

// Services of 386 and later take and give 32-bit registers: E820, the PCI BIOS, ... To all others
// the upper halves are whatever their caller last had there.
bool wide(const IntEvent& event);

// "AX", or "EAX" when the call is wide.
std::string_view name_of(const IntEvent& event, Field field);
std::string value_text(const IntEvent& event, Field field, bool out);

// Which fields of two aligned calls differ, and whether on return; masked ones never do. Returns
// are compared when both calls have one; memory, when both traces tell it.
std::vector<std::pair<Field, bool>> compare_fields(const IntEvent& a, const IntEvent& b);

}  // namespace ice86::harness
