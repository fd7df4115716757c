// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the handler of an MMX or SSE instruction.
#pragma once

#include <Zydis/Zydis.h>

#include <vector>

#include "cpu/insn.h"
#include "cpu/interp/simd_forms.h"

namespace ice86::cpu {

class SimdTable {
 public:
  explicit SimdTable(const FeatureSet& features);

  // Whether the instruction is one of these (the string instructions MOVSD and CMPSD are not).
  bool has(const ZydisDecodedInstruction& instruction) const {
    return first_[instruction.mnemonic] != 0 && instruction.meta.isa_ext != ZYDIS_ISA_EXT_BASE;
  }
  // Sets the handler and the immediate, and dst, src and code (VEX.vvvv) as far as they are vector
  // registers.
  // The caller sets memory operands and general registers. False: not on this CPU.
  bool decode(const ZydisDecodedInstruction& instruction, const ZydisDecodedOperand* operands,
              Insn& insn) const;

 private:
  SimdForms forms_;                   // sorted by mnemonic
  std::vector<std::uint16_t> first_;  // by mnemonic: 1 + the place in forms_; 0: none
};

}  // namespace ice86::cpu
