// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 1 chapter 8.
#include "cpu/interp/x87_generic.h"

namespace ice86::cpu::x87 {

Flow finish_register(Core& c, const Insn& i) {
  Operand operand;
  std::uint32_t flags = c.flags();
  const std::uint32_t before = flags & flag::kArithmetic;
  run_on_host(c.s, static_cast<unsigned>(i.imm), operand, flags);
  if (flags != before) c.lf.load(flags);
  note_instruction(c, i);
  update_summary(c);
  return Flow::kNext;
}

Flow finish_load(Core& c, const Insn& i, std::uint64_t at, Operand& operand) {
  std::uint32_t flags = 0;
  run_on_host(c.s, static_cast<unsigned>(i.imm), operand, flags);
  note_operand(c, i, at);
  update_summary(c);
  return Flow::kNext;
}

Flow finish_load(Core& c, const Insn& i, std::uint64_t at, std::uint64_t value) {
  Operand operand;
  store_le<std::uint64_t>(operand.bytes, value);
  return finish_load(c, i, at, operand);
}

// The destination is known to be writable, so the state may change first.
template <unsigned size>
Flow finish_store(Core& c, const Insn& i, std::uint64_t at) {
  Operand operand;
  std::uint32_t flags = 0;
  const std::uint16_t raised = run_on_host(c.s, static_cast<unsigned>(i.imm), operand, flags);
  if ((raised & ~c.s.fcw & kStoreStops) == 0) {
    using T = OperandType<size>;
    if (!c.write<T>(i.segment, at, load_le<T>(operand.bytes))) return Flow::kFault;
    if constexpr (size == 10) {
      if (!c.write<std::uint16_t>(i.segment, at + 8, load_le<std::uint16_t>(operand.bytes + 8)))
        return Flow::kFault;
    }
  }
  note_operand(c, i, at);
  update_summary(c);
  return Flow::kNext;
}
template Flow finish_store<2>(Core&, const Insn&, std::uint64_t);
template Flow finish_store<4>(Core&, const Insn&, std::uint64_t);
template Flow finish_store<8>(Core&, const Insn&, std::uint64_t);
template Flow finish_store<10>(Core&, const Insn&, std::uint64_t);

Flow generic_register(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  return finish_register(c, i);
}

namespace {

template <unsigned size>
Flow load(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const std::uint64_t at = c.effective(i);
  Operand operand;
  OperandType<size> value = 0;
  if (!c.read(i.segment, at, value)) return Flow::kFault;
  store_le(operand.bytes, value);
  if constexpr (size == 10) {
    std::uint16_t high = 0;
    if (!c.read(i.segment, at + 8, high)) return Flow::kFault;
    store_le(operand.bytes + 8, high);
  }
  return finish_load(c, i, at, operand);
}

template <unsigned size>
Flow store(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const std::uint64_t at = c.effective(i);
  if (!c.check_write<OperandType<size>>(i.segment, at)) return Flow::kFault;
  if constexpr (size == 10) {
    if (!c.check_write<std::uint16_t>(i.segment, at + 8)) return Flow::kFault;
  }
  return finish_store<size>(c, i, at);
}

}  // namespace

Handler generic_load(unsigned size) {
  switch (size) {
    case 2: return load<2>;
    case 4: return load<4>;
    case 8: return load<8>;
    default: return load<10>;
  }
}

Handler generic_store(unsigned size) {
  switch (size) {
    case 2: return store<2>;
    case 4: return store<4>;
    case 8: return store<8>;
    default: return store<10>;
  }
}

}  // namespace ice86::cpu::x87
