// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/decoder_simd.h"

#include <algorithm>

namespace ice86::cpu {

namespace {

bool matches(Operand pattern, const ZydisDecodedOperand* operand, bool& memory) {
  if (operand == nullptr) return pattern == Operand::kNone;
  if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
    memory = true;
    return pattern == Operand::kXmmMem || pattern == Operand::kMmxMem ||
           pattern == Operand::kGprMem || pattern == Operand::kGpr32Mem ||
           pattern == Operand::kGpr64Mem || pattern == Operand::kMem;
  }
  if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
  switch (ZydisRegisterGetClass(operand->reg.value)) {
    case ZYDIS_REGCLASS_XMM: return pattern == Operand::kXmm || pattern == Operand::kXmmMem;
    case ZYDIS_REGCLASS_MMX: return pattern == Operand::kMmx || pattern == Operand::kMmxMem;
    case ZYDIS_REGCLASS_GPR32:
      return pattern == Operand::kGpr || pattern == Operand::kGprMem ||
             pattern == Operand::kGpr32 || pattern == Operand::kGpr32Mem;
    case ZYDIS_REGCLASS_GPR64:
      return pattern == Operand::kGpr || pattern == Operand::kGprMem ||
             pattern == Operand::kGpr64 || pattern == Operand::kGpr64Mem;
    default: return false;
  }
}

bool is_vector(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
  const ZydisRegisterClass kind = ZydisRegisterGetClass(operand.reg.value);
  return kind == ZYDIS_REGCLASS_XMM || kind == ZYDIS_REGCLASS_MMX;
}

}  // namespace

SimdTable::SimdTable(const FeatureSet& features)
    : forms_(simd_forms()), first_(static_cast<std::size_t>(ZYDIS_MNEMONIC_MAX_VALUE) + 1) {
  std::erase_if(forms_, [&](const SimdForm& form) { return !features.has(form.feature); });
  std::stable_sort(forms_.begin(), forms_.end(),
                   [](const SimdForm& a, const SimdForm& b) { return a.mnemonic < b.mnemonic; });
  for (std::size_t n = forms_.size(); n > 0; --n)
    first_[forms_[n - 1].mnemonic] = static_cast<std::uint16_t>(n);
}

bool SimdTable::decode(const ZydisDecodedInstruction& instruction,
                       const ZydisDecodedOperand* operands, Insn& insn) const {
  if (instruction.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) return false;
  unsigned count = instruction.operand_count_visible;
  const bool immediate = count > 0 && operands[count - 1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
  if (immediate) insn.imm = operands[--count].imm.value.u & 0xff;
  const ZydisDecodedOperand* dst = count > 0 ? &operands[0] : nullptr;
  const ZydisDecodedOperand* src = count > 1 ? &operands[1] : nullptr;
  for (std::size_t n = first_[instruction.mnemonic]; n <= forms_.size(); ++n) {
    const SimdForm& form = forms_[n - 1];
    if (form.mnemonic != instruction.mnemonic) break;
    bool memory = false;
    if (form.immediate != immediate || !matches(form.dst, dst, memory) ||
        !matches(form.src, src, memory)) {
      continue;
    }
    insn.execute = memory ? form.mem : form.reg;
    if (insn.execute == nullptr) continue;
    // A memory operand's size tells MOVD from MOVQ and CVTSI2SD of 32 from that of 64 bits.
    if (memory && operands[dst->type == ZYDIS_OPERAND_TYPE_MEMORY ? 0 : 1].size != form.memory * 8)
      continue;
    if (dst != nullptr && is_vector(*dst))
      insn.dst = static_cast<std::uint8_t>(ZydisRegisterGetId(dst->reg.value));
    if (src != nullptr && is_vector(*src))
      insn.src = static_cast<std::uint8_t>(ZydisRegisterGetId(src->reg.value));
    return true;
  }
  return false;
}

SimdForms simd_forms() {
  SimdForms all;
  add_integer_forms(all);
  add_move_forms(all);
  add_float_forms(all);
  add_convert_forms(all);
  add_shuffle_forms(all);
  return all;
}

}  // namespace ice86::cpu
