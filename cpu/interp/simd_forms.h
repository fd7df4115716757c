// SPDX-License-Identifier: LGPL-2.1-or-later
// The MMX and SSE instructions as tables: what the decoder looks up, and what tests go through so
// that no form is left out.
#pragma once

#include <Zydis/Mnemonic.h>

#include <cstdint>
#include <vector>

#include "cpu/features.h"
#include "cpu/insn.h"

namespace ice86::cpu {

enum class Operand : std::uint8_t {
  kNone,
  kXmm,
  kXmmMem,  // register or memory
  kYmm,
  kYmmMem,
  kMmx,
  kMmxMem,
  kGpr,  // 32 bits, or 64 with the same meaning: the result is zero-extended
  kGpr32,
  kGpr64,
  kGprMem,
  kGpr32Mem,
  kGpr64Mem,
  kMem,
};

struct SimdForm {
  ZydisMnemonic mnemonic;
  Feature feature;
  Operand dst;
  Operand src;
  std::uint8_t memory;  // bytes of the memory operand
  bool immediate;       // an 8-bit immediate follows
  Handler reg;          // operands in registers; null: no such form
  Handler mem;          // one operand in memory; null: no such form
  bool vex = false;
  Operand first = Operand::kNone;  // in VEX.vvvv, between dst and src
  bool fourth = false;             // a register in the immediate's upper half
};

using SimdForms = std::vector<SimdForm>;
void add_integer_forms(SimdForms& forms);
void add_move_forms(SimdForms& forms);
void add_float_forms(SimdForms& forms);
void add_convert_forms(SimdForms& forms);
void add_shuffle_forms(SimdForms& forms);
void add_avx_move_forms(SimdForms& forms);
void add_avx_lane_forms(SimdForms& forms);
void add_fma_forms(SimdForms& forms);
void add_half_float_forms(SimdForms& forms);

// All of them. Not every host can execute them: see implemented_features().
SimdForms simd_forms();

}  // namespace ice86::cpu
