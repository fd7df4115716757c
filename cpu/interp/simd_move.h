// SPDX-License-Identifier: LGPL-2.1-or-later
// What SSE and VEX-encoded moves have in common: what arrives in the destination, stores of parts,
// general registers, masks. `usable` is the check that goes with the encoding.
// Reference: Intel SDM vol. 2.
#pragma once

#include "cpu/interp/simd.h"

namespace ice86::cpu {

// What arrives in the destination register.
struct MoveAll {  // of a memory operand the rest becomes zero
  static bool run(Core&, const Insn&, Vec& d, Vec s) {
    d = s;
    return true;
  }
};
struct MoveLow64ZeroRest {
  static bool run(Core&, const Insn&, Vec& d, Vec s) {
    d = _mm_move_epi64(s);
    return true;
  }
};
struct MergeLow32 {
  static bool run(Core&, const Insn&, Vec& d, Vec s) {
    d = vec((low_half(d) & ~std::uint64_t{0xffffffff}) | (low_half(s) & 0xffffffff), high_half(d));
    return true;
  }
};
struct MergeLow64 {
  static bool run(Core&, const Insn&, Vec& d, Vec s) {
    d = vec(low_half(s), high_half(d));
    return true;
  }
};
struct LowToHigh {
  static bool run(Core&, const Insn&, Vec& d, Vec s) {
    d = vec(low_half(d), low_half(s));
    return true;
  }
};
struct HighToLow {
  static bool run(Core&, const Insn&, Vec& d, Vec s) {
    d = vec(high_half(s), high_half(d));
    return true;
  }
};

using Usable = bool (*)(Core&);

template <Usable usable, typename T, bool high = false>
Flow store_part(Core& c, const Insn& i) {
  if (!usable(c)) return Flow::kFault;
  const auto value = static_cast<T>(c.s.ymm[i.src][high ? 1 : 0]);
  return c.write<T>(i.segment, c.effective(i), value) ? Flow::kNext : Flow::kFault;
}

template <Usable usable, typename T>
Flow gpr_from_xmm(Core& c, const Insn& i) {
  if (!usable(c)) return Flow::kFault;
  c.set_reg<T>(i.dst, static_cast<T>(c.s.ymm[i.src][0]));
  return Flow::kNext;
}

// MOVMSKPS, MOVMSKPD, PMOVMSKB.
enum class Mask { kPs, kPd, kBytes };
template <Mask which>
unsigned mask_of(Vec s) {
  const int mask = which == Mask::kPs   ? _mm_movemask_ps(_mm_castsi128_ps(s))
                   : which == Mask::kPd ? _mm_movemask_pd(_mm_castsi128_pd(s))
                                        : _mm_movemask_epi8(s);
  return static_cast<unsigned>(mask);
}

template <Usable usable>
Flow maskmovdqu(Core& c, const Insn& i) {
  if (!usable(c)) return Flow::kFault;
  return store_masked_bytes(c, i, xmm(c, i.dst), xmm(c, i.src), 16) ? Flow::kNext : Flow::kFault;
}

}  // namespace ice86::cpu
