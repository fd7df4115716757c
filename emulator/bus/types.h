// SPDX-License-Identifier: LGPL-2.1-or-later
// Words every part shares.
#pragma once

#include <cstdint>

namespace ice86 {

// A guest-physical address, after paging and A20.
using Gpa = std::uint64_t;
// Virtual time since power-on, in nanoseconds.
using Nanoseconds = std::uint64_t;

constexpr unsigned kPageBits = 12;
constexpr std::uint64_t kPageSize = 1 << kPageBits;
constexpr std::uint64_t kPageMask = kPageSize - 1;

// What asked for a reset decides what is cleared.
enum class ResetKind {
  kPowerOn,  // everything, RAM contents included
  kHard,     // RESET# / PCIRST# (port CF9, triple fault): all chips, RAM keeps its contents
  kInit,     // INIT# (8042 pulse, port 92): the CPU alone
};

}  // namespace ice86
