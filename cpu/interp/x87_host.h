// SPDX-License-Identifier: LGPL-2.1-or-later
// One x87 instruction executed by the host's own x87 with the guest's complete state: exact in
// every case (masked and unmasked exceptions, empty and full stacks), at some 250 host cycles.
#pragma once

#include <cstdint>

#include "cpu/state.h"

namespace ice86::cpu::x87 {

// Space for any memory operand up to 80 bits.
struct Operand {
  alignas(16) std::uint8_t bytes[16] = {};
};

// Executes the instruction with these 11 bits of opcode (FOP: first byte's low 3 bits, ModRM); a
// memory operand is in `operand` whatever ModRM says. `arithmetic_flags` are RFLAGS' status bits
// before, and after. The guest must have no pending exception. Registers, tags, FSW (but for ES
// and B) change as the instruction says. Returns the exceptions that this instruction raised.
std::uint16_t run_on_host(State& s, unsigned opcode, Operand& operand,
                          std::uint32_t& arithmetic_flags);

}  // namespace ice86::cpu::x87
