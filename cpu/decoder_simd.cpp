// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/decoder_simd.h"

#include <algorithm>

namespace ice86::cpu {

namespace {

bool matches(Operand pattern, const ZydisDecodedOperand* operand, bool& memory) {
  if (operand == nullptr) return pattern == Operand::kNone;
  if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
    memory = true;
    return pattern == Operand::kXmmMem || pattern == Operand::kYmmMem ||
           pattern == Operand::kMmxMem || pattern == Operand::kGprMem ||
           pattern == Operand::kGpr32Mem || pattern == Operand::kGpr64Mem ||
           pattern == Operand::kMem;
  }
  if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
  switch (ZydisRegisterGetClass(operand->reg.value)) {
    case ZYDIS_REGCLASS_XMM: return pattern == Operand::kXmm || pattern == Operand::kXmmMem;
    case ZYDIS_REGCLASS_YMM: return pattern == Operand::kYmm || pattern == Operand::kYmmMem;
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

std::uint8_t vector_number(const ZydisDecodedOperand& operand, std::uint8_t otherwise) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return otherwise;
  switch (ZydisRegisterGetClass(operand.reg.value)) {
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
    case ZYDIS_REGCLASS_MMX:
      return static_cast<std::uint8_t>(ZydisRegisterGetId(operand.reg.value));
    default: return otherwise;
  }
}

const ZydisDecodedOperand* memory_of(std::initializer_list<const ZydisDecodedOperand*> operands) {
  for (const ZydisDecodedOperand* operand : operands) {
    if (operand != nullptr && operand->type == ZYDIS_OPERAND_TYPE_MEMORY) return operand;
  }
  return nullptr;
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
  const bool vex = instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
  if (!vex && instruction.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) return false;
  unsigned count = instruction.operand_count_visible;
  const bool immediate = count > 0 && operands[count - 1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
  if (immediate) insn.imm = operands[--count].imm.value.u & 0xff;
  const bool fourth = count == 4;
  if (fourth) insn.imm = vector_number(operands[--count], 0);
  const ZydisDecodedOperand* dst = count > 0 ? &operands[0] : nullptr;
  const ZydisDecodedOperand* first = count > 2 ? &operands[1] : nullptr;
  const ZydisDecodedOperand* src = count > 1 ? &operands[count - 1] : nullptr;
  for (std::size_t n = first_[instruction.mnemonic]; n <= forms_.size(); ++n) {
    const SimdForm& form = forms_[n - 1];
    if (form.mnemonic != instruction.mnemonic) break;
    bool memory = false;
    if (form.vex != vex || form.immediate != immediate || form.fourth != fourth ||
        !matches(form.dst, dst, memory) || !matches(form.first, first, memory) ||
        !matches(form.src, src, memory)) {
      continue;
    }
    insn.execute = memory ? form.mem : form.reg;
    if (insn.execute == nullptr) continue;
    const ZydisDecodedOperand* at = memory_of({dst, first, src});
    if (at != nullptr && at->mem.type == ZYDIS_MEMOP_TYPE_VSIB) {
      // A gather: a vector of indices.
      insn.index = static_cast<std::uint8_t>(ZydisRegisterGetId(at->mem.index));
      insn.operand_size = ZydisRegisterGetClass(at->mem.index) == ZYDIS_REGCLASS_YMM ? 32 : 16;
    } else if (at != nullptr && at->size != form.memory * 8) {
      // Its size tells MOVD from MOVQ and CVTSI2SD of 32 from that of 64 bits.
      continue;
    }
    if (dst != nullptr) insn.dst = vector_number(*dst, insn.dst);
    insn.code = first != nullptr ? vector_number(*first, 0) : insn.dst;
    if (src != nullptr) insn.src = vector_number(*src, insn.src);
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
  add_avx_move_forms(all);
  add_avx_lane_forms(all);
  add_fma_forms(all);
  add_half_float_forms(all);
  return all;
}

}  // namespace ice86::cpu
