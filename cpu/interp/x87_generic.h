// SPDX-License-Identifier: LGPL-2.1-or-later
// Any x87 instruction, with the whole state on the host's x87: exact in every case, but slow. And
// the handlers of the families, by encoding; null: the generic one will do.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cpu/interp/x87_host.h"
#include "cpu/x87.h"

namespace ice86::cpu::x87 {

template <unsigned size>
using OperandType = std::conditional_t<size == 2, std::uint16_t,
                                       std::conditional_t<size == 4, std::uint32_t, std::uint64_t>>;

// Handlers of whole instructions; `size` in bytes, 10 for 80 bits.
Flow generic_register(Core& c, const Insn& i);
Handler generic_load(unsigned size);
Handler generic_store(unsigned size);

// After start() and the memory access or its check.
Flow finish_register(Core& c, const Insn& i);
Flow finish_load(Core& c, const Insn& i, std::uint64_t at, Operand& operand);
Flow finish_load(Core& c, const Insn& i, std::uint64_t at, std::uint64_t operand);
template <unsigned size>
Flow finish_store(Core& c, const Insn& i, std::uint64_t at);

// By first byte (low three bits) and the reg field of ModRM, or the whole ModRM of register forms.
Handler arithmetic_memory(unsigned escape, unsigned reg);
Handler arithmetic_register(unsigned escape, unsigned modrm);
Handler compare_memory(unsigned escape, unsigned reg);
Handler compare_register(unsigned escape, unsigned modrm);
Handler move_memory(unsigned escape, unsigned reg);
Handler move_register(unsigned escape, unsigned modrm);

}  // namespace ice86::cpu::x87
