// SPDX-License-Identifier: LGPL-2.1-or-later
// FCOM, FUCOM, FICOM, FCOMI, FUCOMI and their popping forms, FTST.
// Reference: Intel SDM vol. 1 section 8.3.6, vol. 2.
#include "cpu/interp/x87_fast.h"

namespace ice86::cpu::x87 {

namespace {

template <unsigned escape, bool popping>
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
  host_control(c);
  const std::uint16_t status = host_compare_memory<escape>(c.s.x87[t], operand);
  if (!accept(c, status, kConditions)) [[unlikely]]
    return finish_load(c, i, at, operand);
  if constexpr (popping) pop(c.s);
  note_operand(c, i, at);
  return Flow::kNext;
}

// FCOMI and FUCOMI clear C1 (SDM); AMD's processors leave it.
template <bool into_flags>
Flow finish_compare(Core& c, const Insn& i) {
  const Flow flow = finish_register(c, i);
  if constexpr (into_flags) clear_c1(c.s);
  return flow;
}

template <bool ordered, unsigned pops, bool into_flags>
Flow register_form(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned zero = top(c.s);
  const unsigned other = (zero + i.code) & 7u;
  if (is_empty(c.s, zero) || is_empty(c.s, other)) [[unlikely]]
    return finish_compare<into_flags>(c, i);
  host_control(c);
  const std::uint16_t status = host_compare<ordered>(c.s.x87[zero], c.s.x87[other]);
  if (!accept(c, status, into_flags ? kC1 : kConditions)) [[unlikely]]
    return finish_compare<into_flags>(c, i);
  if constexpr (into_flags) {
    // C0, C2, C3 are CF, PF, ZF; OF, SF and AF are cleared.
    static_assert(kC0 >> 8 == flag::kCf && kC2 >> 8 == flag::kPf && kC3 >> 8 == flag::kZf);
    c.lf.load(static_cast<std::uint32_t>(status >> 8) & (flag::kCf | flag::kPf | flag::kZf));
  }
  for (unsigned n = 0; n < pops; ++n) pop(c.s);
  note_instruction(c, i);
  return Flow::kNext;
}

Flow ftst(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned t = top(c.s);
  if (is_empty(c.s, t)) [[unlikely]]
    return finish_register(c, i);
  host_control(c);
  if (!accept(c, host_compare<true>(c.s.x87[t], X87Register{}), kConditions)) [[unlikely]]
    return finish_register(c, i);
  note_instruction(c, i);
  return Flow::kNext;
}

template <unsigned escape>
Handler memory_forms(unsigned reg) {
  return reg == 2   ? memory_form<escape, false>
         : reg == 3 ? memory_form<escape, true>
                    : static_cast<Handler>(nullptr);
}

}  // namespace

Handler compare_memory(unsigned escape, unsigned reg) {
  switch (escape) {
    case 0: return memory_forms<0>(reg);
    case 2: return memory_forms<2>(reg);
    case 4: return memory_forms<4>(reg);
    case 6: return memory_forms<6>(reg);
    default: return nullptr;
  }
}

Handler compare_register(unsigned escape, unsigned modrm) {
  switch (escape << 8 | (modrm & 0xf8)) {
    case 0x0d0:
    case 0x4d0: return register_form<true, 0, false>;  // FCOM
    case 0x0d8:
    case 0x4d8:
    case 0x6d0: return register_form<true, 1, false>;   // FCOMP
    case 0x6d8: return register_form<true, 2, false>;   // FCOMPP
    case 0x5e0: return register_form<false, 0, false>;  // FUCOM
    case 0x5e8: return register_form<false, 1, false>;  // FUCOMP
    case 0x2e8: return register_form<false, 2, false>;  // FUCOMPP
    case 0x3f0: return register_form<true, 0, true>;    // FCOMI
    case 0x7f0: return register_form<true, 1, true>;    // FCOMIP
    case 0x3e8: return register_form<false, 0, true>;   // FUCOMI
    case 0x7e8: return register_form<false, 1, true>;   // FUCOMIP
    default: return escape == 1 && modrm == 0xe4 ? ftst : static_cast<Handler>(nullptr);
  }
}

}  // namespace ice86::cpu::x87
