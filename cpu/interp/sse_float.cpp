// SPDX-License-Identifier: LGPL-2.1-or-later
// Floating-point arithmetic and comparison of SSE to SSE4.1; LDMXCSR, STMXCSR.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/avx.h"

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

// With VEX there are 32 predicates.
#define ICE86_VEX_COMPARE_STEP(NAME)                                         \
  struct Step##NAME {                                                        \
    template <unsigned imm>                                                  \
    static void with(std::uint32_t& mxcsr, Vec& d, Vec s) {                  \
      asm volatile("ldmxcsr %1\n\t" #NAME " %3, %2, %0, %0\n\tstmxcsr %1"    \
                   : "+x"(d), "+m"(mxcsr)                                    \
                   : "x"(s), "i"(imm));                                      \
    }                                                                        \
    static void step(const Insn& i, std::uint32_t& mxcsr, Vec& d, Vec s) {   \
      static constexpr auto kTable =                                         \
          immediate_float_table<Step##NAME>(std::make_index_sequence<32>{}); \
      kTable[i.imm & 31].run(mxcsr, d, s);                                   \
    }                                                                        \
  };
ICE86_VEX_COMPARE_STEP(VCMPPS)
ICE86_VEX_COMPARE_STEP(VCMPPD)
ICE86_VEX_COMPARE_STEP(VCMPSS)
ICE86_VEX_COMPARE_STEP(VCMPSD)

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

template <bool (*usable)(Core&)>
Flow ldmxcsr(Core& c, const Insn& i) {
  std::uint32_t value = 0;
  if (!usable(c) || !c.read(i.segment, c.effective(i), value)) return Flow::kFault;
  if ((value & kMxcsrReserved) != 0) return c.raised(kGp, 0);
  c.s.mxcsr = value;
  return Flow::kNext;
}
template <bool (*usable)(Core&)>
Flow stmxcsr(Core& c, const Insn& i) {
  if (!usable(c)) return Flow::kFault;
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
  // The VEX forms: V##NAME does what STEP does.
#define ICE86_VEX_ROW(NAME, STEP, WHAT, ELEMENTS, BYTES, IMM, SOURCES)                     \
  {                                                                                        \
    using Op = FloatOp<Step##STEP, Arithmetic::WHAT, Elements::ELEMENTS>;                  \
    add_vex128<Op, BYTES>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::SOURCES, IMM);           \
    if constexpr (BYTES == 16)                                                             \
      add_vex256<Op>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, Sources::SOURCES, IMM); \
  }
  // Packed and scalar, single and double.
#define ICE86_FOUR_SSE(NAME, WHAT, ISA1, ISA2, IMM)   \
  ICE86_FLOAT_ROW(NAME##PS, ISA1, WHAT, kPs, 16, IMM) \
  ICE86_FLOAT_ROW(NAME##PD, ISA2, WHAT, kPd, 16, IMM) \
  ICE86_FLOAT_ROW(NAME##SS, ISA1, WHAT, kSs, 4, IMM)  \
  ICE86_FLOAT_ROW(NAME##SD, ISA2, WHAT, kSd, 8, IMM)
#define ICE86_FOUR_VEX(NAME, STEP, WHAT, IMM, PACKED)           \
  ICE86_VEX_ROW(NAME##PS, STEP##PS, WHAT, kPs, 16, IMM, PACKED) \
  ICE86_VEX_ROW(NAME##PD, STEP##PD, WHAT, kPd, 16, IMM, PACKED) \
  ICE86_VEX_ROW(NAME##SS, STEP##SS, WHAT, kSs, 4, IMM, kTwo)    \
  ICE86_VEX_ROW(NAME##SD, STEP##SD, WHAT, kSd, 8, IMM, kTwo)
#define ICE86_FOUR(NAME, WHAT, ISA1, ISA2, IMM, PACKED) \
  ICE86_FOUR_SSE(NAME, WHAT, ISA1, ISA2, IMM)           \
  ICE86_FOUR_VEX(NAME, NAME, WHAT, IMM, PACKED)
#define ICE86_TWO(NAME, WHAT, ISA, IMM)                       \
  ICE86_FLOAT_ROW(NAME##PS, ISA, WHAT, kPs, 16, IMM)          \
  ICE86_FLOAT_ROW(NAME##PD, ISA, WHAT, kPd, 16, IMM)          \
  ICE86_VEX_ROW(NAME##PS, NAME##PS, WHAT, kPs, 16, IMM, kTwo) \
  ICE86_VEX_ROW(NAME##PD, NAME##PD, WHAT, kPd, 16, IMM, kTwo)
  ICE86_FOUR(ADD, kAdd, kSse, kSse2, false, kTwo)
  ICE86_FOUR(SUB, kSubtract, kSse, kSse2, false, kTwo)
  ICE86_FOUR(MUL, kMultiply, kSse, kSse2, false, kTwo)
  ICE86_FOUR(DIV, kDivide, kSse, kSse2, false, kTwo)
  ICE86_FOUR(MIN, kNone, kSse, kSse2, false, kTwo)
  ICE86_FOUR(MAX, kNone, kSse, kSse2, false, kTwo)
  ICE86_FOUR(SQRT, kNone, kSse, kSse2, false, kOne)
  ICE86_FOUR(ROUND, kNone, kSse4_1, kSse4_1, true, kOne)
  ICE86_FOUR_SSE(CMP, kNone, kSse, kSse2, true)
  ICE86_FOUR_VEX(CMP, VCMP, kNone, true, kTwo)
  ICE86_TWO(ADDSUB, kAddSubtract, kSse3, false)
  ICE86_TWO(HADD, kHorizontalAdd, kSse3, false)
  ICE86_TWO(HSUB, kHorizontalSubtract, kSse3, false)
  ICE86_FLOAT_ROW(DPPS, kSse4_1, kDotProduct, kPs, 16, true)
  ICE86_FLOAT_ROW(DPPD, kSse4_1, kDotProduct, kPd, 16, true)
  ICE86_VEX_ROW(DPPS, DPPS, kDotProduct, kPs, 16, true, kTwo) {
    using Op = FloatOp<StepDPPD, Arithmetic::kDotProduct, Elements::kPd>;
    add_vex128<Op>(forms, ZYDIS_MNEMONIC_VDPPD, Sources::kTwo, true);
  }
  ICE86_ROW(RCPPS, kSse, OpRCPPS, 16, false)
  ICE86_ROW(RCPSS, kSse, OpRCPSS, 4, false)
  ICE86_ROW(RSQRTPS, kSse, OpRSQRTPS, 16, false)
  ICE86_ROW(RSQRTSS, kSse, OpRSQRTSS, 4, false)
  ICE86_ROW(UCOMISS, kSse, OpUCOMISS, 4, false)
  ICE86_ROW(UCOMISD, kSse2, OpUCOMISD, 8, false)
  ICE86_ROW(COMISS, kSse, OpCOMISS, 4, false)
  ICE86_ROW(COMISD, kSse2, OpCOMISD, 8, false)
  add_vex128<OpRCPPS>(forms, ZYDIS_MNEMONIC_VRCPPS, Sources::kOne);
  add_vex256<OpRCPPS>(forms, ZYDIS_MNEMONIC_VRCPPS, Feature::kAvx, Sources::kOne);
  add_vex128<OpRCPSS, 4>(forms, ZYDIS_MNEMONIC_VRCPSS, Sources::kTwo);
  add_vex128<OpRSQRTPS>(forms, ZYDIS_MNEMONIC_VRSQRTPS, Sources::kOne);
  add_vex256<OpRSQRTPS>(forms, ZYDIS_MNEMONIC_VRSQRTPS, Feature::kAvx, Sources::kOne);
  add_vex128<OpRSQRTSS, 4>(forms, ZYDIS_MNEMONIC_VRSQRTSS, Sources::kTwo);
#define ICE86_VEX_COMPARE(NAME, BYTES)                                                             \
  add_vex<VexNoResult<Op##NAME, BYTES>>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, kXmm, kNone, \
                                        kXmmMem, BYTES, false);
  ICE86_VEX_COMPARE(UCOMISS, 4)
  ICE86_VEX_COMPARE(UCOMISD, 8)
  ICE86_VEX_COMPARE(COMISS, 4)
  ICE86_VEX_COMPARE(COMISD, 8)
  const auto add_mxcsr = [&](ZydisMnemonic mnemonic, Feature feature, Handler handler, bool vex) {
    forms.push_back({mnemonic, feature, kMem, kNone, 4, false, nullptr, handler, vex});
  };
  add_mxcsr(ZYDIS_MNEMONIC_LDMXCSR, Feature::kSse, &ldmxcsr<sse_usable>, false);
  add_mxcsr(ZYDIS_MNEMONIC_STMXCSR, Feature::kSse, &stmxcsr<sse_usable>, false);
  add_mxcsr(ZYDIS_MNEMONIC_VLDMXCSR, Feature::kAvx, &ldmxcsr<avx_usable>, true);
  add_mxcsr(ZYDIS_MNEMONIC_VSTMXCSR, Feature::kAvx, &stmxcsr<avx_usable>, true);
}

}  // namespace ice86::cpu
