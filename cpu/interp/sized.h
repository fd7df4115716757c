// SPDX-License-Identifier: LGPL-2.1-or-later
// Picks a template by operand size at decoding time.
#pragma once

#include <cstdint>

#include "cpu/insn.h"

namespace ice86::cpu {

// sized<Family>(size) is Family<uintN_t>::handler for size = N / 8.
template <template <typename> class Family>
Handler sized(unsigned size) {
  switch (size) {
    case 1: return &Family<std::uint8_t>::run;
    case 2: return &Family<std::uint16_t>::run;
    case 4: return &Family<std::uint32_t>::run;
    case 8: return &Family<std::uint64_t>::run;
    default: return nullptr;
  }
}

// The same for ports, which have no 64-bit form.
template <template <typename> class Family>
Handler sized_port(unsigned size) {
  switch (size) {
    case 1: return &Family<std::uint8_t>::run;
    case 2: return &Family<std::uint16_t>::run;
    case 4: return &Family<std::uint32_t>::run;
    default: return nullptr;
  }
}

// The same for instructions without a byte form.
template <template <typename> class Family>
Handler sized_word(unsigned size) {
  switch (size) {
    case 2: return &Family<std::uint16_t>::run;
    case 4: return &Family<std::uint32_t>::run;
    case 8: return &Family<std::uint64_t>::run;
    default: return nullptr;
  }
}

}  // namespace ice86::cpu
