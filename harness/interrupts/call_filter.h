// SPDX-License-Identifier: LGPL-2.1-or-later
// Which BIOS calls are meant: a vector, and AH or AX.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/trace/int_event.h"

namespace ice86::harness {

struct CallFilter {
  std::uint8_t vector = 0;
  std::optional<std::uint16_t> function;  // AH, or AX; none: any
  bool whole_ax = false;

  bool matches(const IntEvent& event) const {
    if (event.vector != vector) return false;
    return !function || (whole_ax ? event.in.ax() : event.in.ah()) == *function;
  }
};

// "13", "13:42" (AH), "15:e820" (AX), hexadecimal; nothing when it is none of these.
std::optional<CallFilter> parse_call_filter(std::string_view text);

}  // namespace ice86::harness
