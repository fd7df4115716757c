// SPDX-License-Identifier: LGPL-2.1-or-later
// Floating-point vector operations: the host's instruction under the guest's MXCSR, with the
// guest's exceptions.
// Reference: Intel SDM vol. 1 sections 10.2.3 (MXCSR), 11.5 (exceptions), 4.9.1 (the exceptions).
#pragma once

#include "cpu/interp/simd.h"

namespace ice86::cpu {

constexpr std::uint32_t kMxcsrFlags = 0x3f, kMxcsrOverflow = 1u << 3, kMxcsrUnderflow = 1u << 4,
                        kMxcsrPrecision = 1u << 5, kMxcsrMasks = 0x3fu << 7,
                        kMxcsrOverflowMask = 1u << 10, kMxcsrUnderflowMask = 1u << 11,
                        kMxcsrFlushToZero = 1u << 15, kMxcsrReserved = 0xffff0000;
// Invalid, denormal, divide-by-zero: found before the result is computed.
constexpr std::uint32_t kMxcsrBeforeResult = 7;
// What the host's own code runs under; what its flags say is nobody's concern.
constexpr std::uint32_t kMxcsrOfHost = 0x1f80;

inline void restore_host_mxcsr(std::uint32_t now) {
  if ((now & ~kMxcsrFlags) != kMxcsrOfHost) _mm_setcsr(kMxcsrOfHost);
}

// What the guest's MXCSR becomes for an execution that cannot trap: no flags, all masks. Unmasked,
// underflow keeps flush-to-zero from having an effect.
inline std::uint32_t masked_mxcsr(std::uint32_t guest) {
  const std::uint32_t masked = (guest & ~kMxcsrFlags) | kMxcsrMasks;
  return (guest & kMxcsrUnderflowMask) == 0 ? masked & ~kMxcsrFlushToZero : masked;
}

// An unmasked exception found before the result keeps those of the result from being looked for.
inline std::uint32_t visible_flags(std::uint32_t flags, std::uint32_t guest) {
  return (flags & ~(guest >> 7) & kMxcsrBeforeResult) != 0 ? flags & kMxcsrBeforeResult : flags;
}

// Puts flags into the guest's MXCSR; false when one of them is unmasked.
inline bool raise_float(Core& c, std::uint32_t flags) {
  c.s.mxcsr |= flags;
  if ((flags & ~(c.s.mxcsr >> 7)) == 0) return true;
  return c.raise((c.s.cr4 & cr4::kOsxmmexcpt) != 0 ? kXm : kUd);
}
inline bool finish_float(Core& c, std::uint32_t flags) {
  return raise_float(c, visible_flags(flags, c.s.mxcsr));
}

// Whether each element has to be looked at: overflow or underflow is unmasked, and the host, with
// both masked, cannot tell.
inline bool judged_by_element(std::uint32_t guest) {
  constexpr std::uint32_t kBothMasks = kMxcsrOverflowMask | kMxcsrUnderflowMask;
  return (guest & kBothMasks) != kBothMasks;
}

// From the flags that the host gives for one element to those of the guest: unmasked, overflow and
// underflow are judged with an unbounded exponent (SDM vol. 1 sections 4.9.1.4 and 4.9.1.5).
// `tiny`: the host's result is denormal. `inexact()`: with an unbounded exponent it needs more
// bits.
template <typename Inexact>
std::uint32_t unbounded_flags(std::uint32_t flags, std::uint32_t guest, bool tiny,
                              Inexact inexact) {
  const bool overflow = (flags & kMxcsrOverflow & ~(guest >> 7)) != 0;
  const bool underflow =
      (guest & kMxcsrUnderflowMask) == 0 && (tiny || (flags & kMxcsrUnderflow) != 0);
  if (underflow) flags |= kMxcsrUnderflow;
  if (!overflow && !underflow) return flags;
  return inexact() ? flags | kMxcsrPrecision : flags & ~kMxcsrPrecision;
}

// Operations whose result may overflow or underflow.
enum class Arithmetic {
  kNone,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kAddSubtract,
  kHorizontalAdd,
  kHorizontalSubtract,
  kDotProduct,
  kNarrow,  // double to single
};
enum class Elements { kSs, kSd, kPs, kPd };  // of the source

// The flags that hardware sets under `mxcsr` when overflow or underflow is unmasked; of a dot
// product, which works in stages, whatever is unmasked.
std::uint32_t arithmetic_flags(std::uint32_t mxcsr, Arithmetic what, Elements elements,
                               std::uint64_t imm, const Vec* d, const Vec* s, unsigned lanes);

using FloatStep = void (*)(const Insn&, std::uint32_t& mxcsr, Vec& d, Vec s);

// With an unmasked exception: the destination changes only when none of those occurs, in any lane.
inline bool run_unmasked(Core& c, const Insn& i, FloatStep step, Arithmetic what, Elements elements,
                         Vec* d, const Vec* s, unsigned lanes) {
  const bool by_element = what == Arithmetic::kDotProduct ||
                          (what != Arithmetic::kNone && judged_by_element(c.s.mxcsr));
  Vec result[2];
  std::uint32_t flags = 0;
  for (unsigned n = 0; n < lanes; ++n) {
    std::uint32_t mxcsr = masked_mxcsr(c.s.mxcsr);
    result[n] = d[n];
    step(i, mxcsr, result[n], s[n]);
    restore_host_mxcsr(mxcsr);
    flags |= mxcsr & kMxcsrFlags;
  }
  if (by_element) {
    flags = arithmetic_flags(c.s.mxcsr, what, elements, i.imm, d, s, lanes);
    c.x87_host_known = false;  // it may have calculated with long double
  } else {
    flags = visible_flags(flags, c.s.mxcsr);
  }
  if (!raise_float(c, flags)) return false;
  for (unsigned n = 0; n < lanes; ++n) d[n] = result[n];
  return true;
}

// Step::step executes between LDMXCSR and STMXCSR of its argument.
template <typename Step, Arithmetic what = Arithmetic::kNone, Elements elements = Elements::kPs>
struct FloatOp {
  static bool all_masked(Core& c) { return (c.s.mxcsr & kMxcsrMasks) == kMxcsrMasks; }
  static bool run(Core& c, const Insn& i, Vec& d, Vec s) {
    if (!all_masked(c)) [[unlikely]]
      return run_unmasked(c, i, &Step::step, what, elements, &d, &s, 1);
    Step::step(i, c.s.mxcsr, d, s);
    restore_host_mxcsr(c.s.mxcsr);
    return true;
  }
  static bool run_lanes(Core& c, const Insn& i, Ymm& d, Ymm s) {
    if (all_masked(c)) return run(c, i, d.low, s.low) && run(c, i, d.high, s.high);
    Vec lanes[] = {d.low, d.high};
    const Vec sources[] = {s.low, s.high};
    if (!run_unmasked(c, i, &Step::step, what, elements, lanes, sources, 2)) return false;
    d = {lanes[0], lanes[1]};
    return true;
  }
};

#define ICE86_FLOAT_STEP(NAME)                                           \
  struct Step##NAME {                                                    \
    static void step(const Insn&, std::uint32_t& mxcsr, Vec& d, Vec s) { \
      asm volatile("ldmxcsr %1\n\t" #NAME " %2, %0\n\tstmxcsr %1"        \
                   : "+x"(d), "+m"(mxcsr)                                \
                   : "x"(s));                                            \
    }                                                                    \
  };

struct ImmediateFloatStep {
  void (*run)(std::uint32_t&, Vec&, Vec);
};
template <typename Step, std::size_t... n>
constexpr auto immediate_float_table(std::index_sequence<n...>) {
  return std::array<ImmediateFloatStep, sizeof...(n)>{
      ImmediateFloatStep{&Step::template with<n>}...};
}
#define ICE86_FLOAT_IMM_STEP(NAME, MASK)                                             \
  struct Step##NAME {                                                                \
    template <unsigned imm>                                                          \
    static void with(std::uint32_t& mxcsr, Vec& d, Vec s) {                          \
      asm volatile("ldmxcsr %1\n\t" #NAME " %3, %2, %0\n\tstmxcsr %1"                \
                   : "+x"(d), "+m"(mxcsr)                                            \
                   : "x"(s), "i"(imm));                                              \
    }                                                                                \
    static void step(const Insn& i, std::uint32_t& mxcsr, Vec& d, Vec s) {           \
      static constexpr auto kTable =                                                 \
          immediate_float_table<Step##NAME>(std::make_index_sequence<(MASK) + 1>{}); \
      kTable[i.imm & (MASK)].run(mxcsr, d, s);                                       \
    }                                                                                \
  };

}  // namespace ice86::cpu
