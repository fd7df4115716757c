// SPDX-License-Identifier: LGPL-2.1-or-later
// FADD, FMUL, FSUB, FSUBR, FDIV, FDIVR and their integer and popping forms; FSQRT, FRNDINT and the
// other functions of ST(0) alone.
// Reference: Intel SDM vol. 1 section 8.3, vol. 2.
#include "cpu/interp/x87_fast.h"

namespace ice86::cpu::x87 {

void adopt_host_flags(Core& c) {
  std::uint16_t status;
  asm volatile("fnstsw %%ax" : "=a"(status));
  if ((status & kExceptions & ~c.s.fsw) != 0) asm volatile("fnclex");
  c.x87_host_known = true;
}

namespace {

// Fields of ModRM: 0 add, 1 mul, 4 sub, 5 subr, 6 div, 7 divr.
template <unsigned escape, unsigned reg>
Flow memory_form(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  using T = OperandType<escape == 4 ? 8 : escape == 6 ? 2 : 4>;
  const std::uint64_t at = c.effective(i);
  T value;
  if (!c.read<T>(i.segment, at, value)) return Flow::kFault;
  const std::uint64_t operand = value;
  const unsigned t = top(c.s);
  if (is_empty(c.s, t)) [[unlikely]]
    return finish_load(c, i, at, operand);
  X87Register& st0 = c.s.x87[t];
  const HostResult r = host_binary_memory<escape, reg>(st0, operand, host_control(c));
  if (!accept(c, r.status, kC1)) [[unlikely]]
    return finish_load(c, i, at, operand);
  st0 = r.value;
  note_operand(c, i, at);
  return Flow::kNext;
}

// D8: ST(0) = ST(0) OP ST(i). DC, DE: ST(i) = ST(i) OP ST(0); DE pops.
template <unsigned escape, unsigned reg>
Flow register_form(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned zero = top(c.s);
  const unsigned other = (zero + i.code) & 7u;
  if (is_empty(c.s, zero) || is_empty(c.s, other)) [[unlikely]]
    return finish_register(c, i);
  X87Register& destination = c.s.x87[escape == 0 ? zero : other];
  const X87Register& source = c.s.x87[escape == 0 ? other : zero];
  const HostResult r = host_binary<reg>(destination, source, host_control(c));
  if (!accept(c, r.status, kC1)) [[unlikely]]
    return finish_register(c, i);
  destination = r.value;
  if constexpr (escape == 6) pop(c.s);
  note_instruction(c, i);
  return Flow::kNext;
}

// Functions of ST(0). C2 is a result of some: the argument was out of range.
template <unsigned modrm>
Flow unary(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned t = top(c.s);
  if (is_empty(c.s, t)) [[unlikely]]
    return finish_register(c, i);
  X87Register& st0 = c.s.x87[t];
  const HostResult r = host_unary<modrm>(st0, host_control(c));
  constexpr bool kHasC2 = modrm == 0xfe || modrm == 0xff;
  if (!accept(c, r.status, kHasC2 ? kC1 | kC2 : kC1)) [[unlikely]]
    return finish_register(c, i);
  st0 = r.value;
  note_instruction(c, i);
  return Flow::kNext;
}

template <unsigned escape>
Handler memory_forms(unsigned reg) {
  static constexpr Handler kHandlers[8] = {memory_form<escape, 0>,
                                           memory_form<escape, 1>,
                                           nullptr,
                                           nullptr,
                                           memory_form<escape, 4>,
                                           memory_form<escape, 5>,
                                           memory_form<escape, 6>,
                                           memory_form<escape, 7>};
  return kHandlers[reg];
}

// With ST(i) as the destination the encodings of SUB and SUBR, and of DIV and DIVR, are exchanged.
template <unsigned escape>
Handler register_forms(unsigned reg) {
  constexpr unsigned kSwap = escape == 0 ? 0 : 1;
  static constexpr Handler kHandlers[8] = {register_form<escape, 0>,
                                           register_form<escape, 1>,
                                           nullptr,
                                           nullptr,
                                           register_form<escape, 4 ^ kSwap>,
                                           register_form<escape, 5 ^ kSwap>,
                                           register_form<escape, 6 ^ kSwap>,
                                           register_form<escape, 7 ^ kSwap>};
  return kHandlers[reg];
}

}  // namespace

Handler arithmetic_memory(unsigned escape, unsigned reg) {
  switch (escape) {
    case 0: return memory_forms<0>(reg);
    case 2: return memory_forms<2>(reg);
    case 4: return memory_forms<4>(reg);
    case 6: return memory_forms<6>(reg);
    default: return nullptr;
  }
}

Handler arithmetic_register(unsigned escape, unsigned modrm) {
  const unsigned reg = modrm >> 3 & 7;
  switch (escape) {
    case 0: return register_forms<0>(reg);
    case 4: return register_forms<4>(reg);
    case 6: return register_forms<6>(reg);
    case 1:
      switch (modrm) {
        case 0xf0: return unary<0xf0>;  // F2XM1
        case 0xfa: return unary<0xfa>;  // FSQRT
        case 0xfc: return unary<0xfc>;  // FRNDINT
        case 0xfe: return unary<0xfe>;  // FSIN
        case 0xff: return unary<0xff>;  // FCOS
        default: return nullptr;
      }
    default: return nullptr;
  }
}

}  // namespace ice86::cpu::x87
