// SPDX-License-Identifier: LGPL-2.1-or-later
// Floating-point arithmetic and comparison of SSE to SSE4.1; LDMXCSR, STMXCSR.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/simd_float.h"

namespace ice86::cpu {

namespace {

ICE86_FLOAT_STEP(ADDPS)
ICE86_FLOAT_STEP(ADDPD)
ICE86_FLOAT_STEP(ADDSS)
ICE86_FLOAT_STEP(ADDSD)
ICE86_FLOAT_STEP(SUBPS)
ICE86_FLOAT_STEP(SUBPD)
ICE86_FLOAT_STEP(SUBSS)
ICE86_FLOAT_STEP(SUBSD)
ICE86_FLOAT_STEP(MULPS)
ICE86_FLOAT_STEP(MULPD)
ICE86_FLOAT_STEP(MULSS)
ICE86_FLOAT_STEP(MULSD)
ICE86_FLOAT_STEP(DIVPS)
ICE86_FLOAT_STEP(DIVPD)
ICE86_FLOAT_STEP(DIVSS)
ICE86_FLOAT_STEP(DIVSD)
ICE86_FLOAT_STEP(MINPS)
ICE86_FLOAT_STEP(MINPD)
ICE86_FLOAT_STEP(MINSS)
ICE86_FLOAT_STEP(MINSD)
ICE86_FLOAT_STEP(MAXPS)
ICE86_FLOAT_STEP(MAXPD)
ICE86_FLOAT_STEP(MAXSS)
ICE86_FLOAT_STEP(MAXSD)
ICE86_FLOAT_STEP(SQRTPS)
ICE86_FLOAT_STEP(SQRTPD)
ICE86_FLOAT_STEP(SQRTSS)
ICE86_FLOAT_STEP(SQRTSD)
ICE86_FLOAT_STEP(ADDSUBPS)
ICE86_FLOAT_STEP(ADDSUBPD)
ICE86_FLOAT_STEP(HADDPS)
ICE86_FLOAT_STEP(HADDPD)
ICE86_FLOAT_STEP(HSUBPS)
ICE86_FLOAT_STEP(HSUBPD)
// Approximations: no exceptions, and MXCSR does not matter.
ICE86_SIMD_OP(RCPPS)
ICE86_SIMD_OP(RCPSS)
ICE86_SIMD_OP(RSQRTPS)
ICE86_SIMD_OP(RSQRTSS)

ICE86_FLOAT_IMM_STEP(CMPPS, 7)
ICE86_FLOAT_IMM_STEP(CMPPD, 7)
ICE86_FLOAT_IMM_STEP(CMPSS, 7)
ICE86_FLOAT_IMM_STEP(CMPSD, 7)
ICE86_FLOAT_IMM_STEP(ROUNDPS, 15)
ICE86_FLOAT_IMM_STEP(ROUNDPD, 15)
ICE86_FLOAT_IMM_STEP(ROUNDSS, 15)
ICE86_FLOAT_IMM_STEP(ROUNDSD, 15)
ICE86_FLOAT_IMM_STEP(DPPS, 255)
ICE86_FLOAT_IMM_STEP(DPPD, 255)

// Ordered and unordered comparison into ZF, PF and CF. The destination register is not written.
#define ICE86_COMPARE_OP(NAME)                                                                \
  struct Op##NAME {                                                                           \
    static bool run(Core& c, const Insn&, Vec& d, Vec s) {                                    \
      std::uint32_t mxcsr = (c.s.mxcsr & ~kMxcsrFlags) | kMxcsrMasks;                         \
      bool zero, parity, carry;                                                               \
      asm volatile("ldmxcsr %0\n\t" #NAME " %5, %4\n\tstmxcsr %0"                             \
                   : "+m"(mxcsr), "=@ccz"(zero), "=@ccp"(parity), "=@ccc"(carry)              \
                   : "x"(d), "x"(s));                                                         \
      restore_host_mxcsr(mxcsr);                                                              \
      if (!finish_float(c, mxcsr & kMxcsrFlags)) return false;                                \
      c.lf.load((zero ? flag::kZf : 0) | (parity ? flag::kPf : 0) | (carry ? flag::kCf : 0)); \
      return true;                                                                            \
    }                                                                                         \
  };
ICE86_COMPARE_OP(UCOMISS)
ICE86_COMPARE_OP(UCOMISD)
ICE86_COMPARE_OP(COMISS)
ICE86_COMPARE_OP(COMISD)

Flow ldmxcsr(Core& c, const Insn& i) {
  std::uint32_t value = 0;
  if (!sse_usable(c) || !c.read(i.segment, c.effective(i), value)) return Flow::kFault;
  if ((value & kMxcsrReserved) != 0) return c.raised(kGp, 0);
  c.s.mxcsr = value;
  return Flow::kNext;
}
Flow stmxcsr(Core& c, const Insn& i) {
  if (!sse_usable(c)) return Flow::kFault;
  return c.write<std::uint32_t>(i.segment, c.effective(i), c.s.mxcsr) ? Flow::kNext : Flow::kFault;
}

}  // namespace

void add_float_forms(SimdForms& forms) {
  using enum Operand;
#define ICE86_ROW(NAME, ISA, OP, BYTES, IMM)                                       \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, Feature::ISA, kXmm, kXmmMem, BYTES, IMM, \
                   &XmmForm<OP, BYTES>::reg, &XmmForm<OP, BYTES>::mem});
#define ICE86_FLOAT_ROW(NAME, ISA, WHAT, ELEMENTS, BYTES, IMM)            \
  {                                                                       \
    using Op = FloatOp<Step##NAME, Arithmetic::WHAT, Elements::ELEMENTS>; \
    ICE86_ROW(NAME, ISA, Op, BYTES, IMM)                                  \
  }
  // Packed and scalar, single and double.
#define ICE86_FOUR(NAME, WHAT, ISA1, ISA2, IMM)       \
  ICE86_FLOAT_ROW(NAME##PS, ISA1, WHAT, kPs, 16, IMM) \
  ICE86_FLOAT_ROW(NAME##PD, ISA2, WHAT, kPd, 16, IMM) \
  ICE86_FLOAT_ROW(NAME##SS, ISA1, WHAT, kSs, 4, IMM)  \
  ICE86_FLOAT_ROW(NAME##SD, ISA2, WHAT, kSd, 8, IMM)
#define ICE86_TWO(NAME, WHAT, ISA, IMM)              \
  ICE86_FLOAT_ROW(NAME##PS, ISA, WHAT, kPs, 16, IMM) \
  ICE86_FLOAT_ROW(NAME##PD, ISA, WHAT, kPd, 16, IMM)
  ICE86_FOUR(ADD, kAdd, kSse, kSse2, false)
  ICE86_FOUR(SUB, kSubtract, kSse, kSse2, false)
  ICE86_FOUR(MUL, kMultiply, kSse, kSse2, false)
  ICE86_FOUR(DIV, kDivide, kSse, kSse2, false)
  ICE86_FOUR(MIN, kNone, kSse, kSse2, false)
  ICE86_FOUR(MAX, kNone, kSse, kSse2, false)
  ICE86_FOUR(SQRT, kNone, kSse, kSse2, false)
  ICE86_FOUR(CMP, kNone, kSse, kSse2, true)
  ICE86_FOUR(ROUND, kNone, kSse4_1, kSse4_1, true)
  ICE86_TWO(ADDSUB, kAddSubtract, kSse3, false)
  ICE86_TWO(HADD, kHorizontalAdd, kSse3, false)
  ICE86_TWO(HSUB, kHorizontalSubtract, kSse3, false)
  ICE86_TWO(DP, kDotProduct, kSse4_1, true)
  ICE86_ROW(RCPPS, kSse, OpRCPPS, 16, false)
  ICE86_ROW(RCPSS, kSse, OpRCPSS, 4, false)
  ICE86_ROW(RSQRTPS, kSse, OpRSQRTPS, 16, false)
  ICE86_ROW(RSQRTSS, kSse, OpRSQRTSS, 4, false)
  ICE86_ROW(UCOMISS, kSse, OpUCOMISS, 4, false)
  ICE86_ROW(UCOMISD, kSse2, OpUCOMISD, 8, false)
  ICE86_ROW(COMISS, kSse, OpCOMISS, 4, false)
  ICE86_ROW(COMISD, kSse2, OpCOMISD, 8, false)
  forms.push_back(
      {ZYDIS_MNEMONIC_LDMXCSR, Feature::kSse, kMem, kNone, 4, false, nullptr, &ldmxcsr});
  forms.push_back(
      {ZYDIS_MNEMONIC_STMXCSR, Feature::kSse, kMem, kNone, 4, false, nullptr, &stmxcsr});
}

}  // namespace ice86::cpu
