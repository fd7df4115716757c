// SPDX-License-Identifier: LGPL-2.1-or-later
// CVTxxx: between integers and floating point, in XMM, MMX and general registers.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/avx.h"

namespace ice86::cpu {

namespace {

ICE86_FLOAT_STEP(CVTDQ2PS)
ICE86_FLOAT_STEP(CVTPS2DQ)
ICE86_FLOAT_STEP(CVTTPS2DQ)
ICE86_FLOAT_STEP(CVTPD2DQ)
ICE86_FLOAT_STEP(CVTTPD2DQ)
ICE86_FLOAT_STEP(CVTPS2PD)
ICE86_FLOAT_STEP(CVTPD2PS)
ICE86_FLOAT_STEP(CVTSS2SD)
ICE86_FLOAT_STEP(CVTSD2SS)
ICE86_SIMD_OP(CVTDQ2PD)

// ---- MMX registers: the XMM conversion of the lower half ----

// CVTPI2PS keeps the upper half; CVTPI2PD fills both and cannot be inexact.
struct OpCvtpi2ps {
  static bool run(Core& c, const Insn& i, Vec& d, Vec s) {
    Vec result = d;
    if (!FloatOp<StepCVTDQ2PS>::run(c, i, result, s)) return false;
    d = vec(low_half(result), high_half(d));
    return true;
  }
};

// Only with a register as source does the x87 unit become MMX registers (SDM: CVTPI2PD; hardware
// does the same for CVTPI2PS). It does so even if the conversion then raises #XM.
template <typename Op>
struct XmmFromMmx {
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    Vec d = xmm(c, i.dst);
    enter_mmx(c);
    if (!Op::run(c, i, d, vec(mm(c, i.src)))) return Flow::kFault;
    set_xmm(c, i.dst, d);
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) { return XmmForm<Op, 8>::mem(c, i); }
};

template <typename Step, unsigned bytes>
struct MmxFromXmm {
  static Flow apply(Core& c, const Insn& i, Vec s) {
    if constexpr (bytes == 8) s = _mm_move_epi64(s);  // the upper half raises nothing
    Vec d = _mm_setzero_si128();
    enter_mmx(c);
    if (!FloatOp<Step>::run(c, i, d, s)) return Flow::kFault;
    set_mm(c, i.dst, low_half(d));
    return Flow::kNext;
  }
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    return apply(c, i, xmm(c, i.src));
  }
  static Flow mem(Core& c, const Insn& i) {
    Vec s;
    if (!sse_usable(c)) return Flow::kFault;
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    if (!read_operand<bytes>(c, i, s)) return Flow::kFault;
    return apply(c, i, s);
  }
};

// ---- General registers ----

#define ICE86_TO_INTEGER(NAME)                                    \
  struct To##NAME {                                               \
    template <typename T>                                         \
    static T convert(std::uint32_t& mxcsr, Vec s) {               \
      T result;                                                   \
      asm volatile("ldmxcsr %1\n\t" #NAME " %2, %0\n\tstmxcsr %1" \
                   : "=r"(result), "+m"(mxcsr)                    \
                   : "x"(s));                                     \
      return result;                                              \
    }                                                             \
  };
ICE86_TO_INTEGER(CVTSS2SI)
ICE86_TO_INTEGER(CVTTSS2SI)
ICE86_TO_INTEGER(CVTSD2SI)
ICE86_TO_INTEGER(CVTTSD2SI)

template <typename To, typename T, unsigned bytes, bool (*usable)(Core&) = sse_usable>
struct GprFromXmm {
  static Flow apply(Core& c, const Insn& i, Vec s) {
    std::uint32_t mxcsr = (c.s.mxcsr & ~kMxcsrFlags) | kMxcsrMasks;
    const T result = To::template convert<T>(mxcsr, s);
    restore_host_mxcsr(mxcsr);
    if (!finish_float(c, mxcsr & kMxcsrFlags)) return Flow::kFault;
    c.set_reg<T>(i.dst, result);
    return Flow::kNext;
  }
  static Flow reg(Core& c, const Insn& i) {
    if (!usable(c)) return Flow::kFault;
    return apply(c, i, xmm(c, i.src));
  }
  static Flow mem(Core& c, const Insn& i) {
    Vec s;
    if (!usable(c) || !read_operand<bytes>(c, i, s)) return Flow::kFault;
    return apply(c, i, s);
  }
};

// The integer is in the lower half of the source.
#define ICE86_FROM_INTEGER(NAME, SUFFIX, TYPE)                            \
  struct Step##NAME##SUFFIX {                                             \
    static void step(const Insn&, std::uint32_t& mxcsr, Vec& d, Vec s) {  \
      const auto value = static_cast<TYPE>(low_half(s));                  \
      asm volatile("ldmxcsr %1\n\t" #NAME #SUFFIX " %2, %0\n\tstmxcsr %1" \
                   : "+x"(d), "+m"(mxcsr)                                 \
                   : "r"(value));                                         \
    }                                                                     \
  };
ICE86_FROM_INTEGER(CVTSI2SS, L, std::uint32_t)
ICE86_FROM_INTEGER(CVTSI2SS, Q, std::uint64_t)
ICE86_FROM_INTEGER(CVTSI2SD, L, std::uint32_t)
ICE86_FROM_INTEGER(CVTSI2SD, Q, std::uint64_t)

template <typename Step, typename T>
struct XmmFromGpr {
  using Op = FloatOp<Step>;
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    if (!Op::run(c, i, d, vec(c.reg<T>(i.src)))) return Flow::kFault;
    set_xmm(c, i.dst, d);
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) { return XmmForm<Op, sizeof(T)>::mem(c, i); }
};

template <typename Step, typename T>
struct VexFromGpr {
  using Op = FloatOp<Step>;
  static Flow reg(Core& c, const Insn& i) {
    return avx_usable(c) ? Vex128<Op, sizeof(T)>::apply(c, i, vec(c.reg<T>(i.src))) : Flow::kFault;
  }
  static Flow mem(Core& c, const Insn& i) { return Vex128<Op, sizeof(T)>::mem(c, i); }
};

// To elements half as wide: both lanes' results in one XMM register.
template <typename Op>
struct VexNarrow256 : YmmSource<VexNarrow256<Op>> {
  static Flow apply(Core& c, const Insn& i, Ymm s) {
    Ymm d{};
    if (!run_lanes<Op>(c, i, d, s)) return Flow::kFault;
    set_vex128(c, i.dst, _mm_unpacklo_epi64(d.low, d.high));
    return Flow::kNext;
  }
};

}  // namespace

void add_convert_forms(SimdForms& forms) {
  using enum Operand;
  using U32 = std::uint32_t;
  using U64 = std::uint64_t;
#define ICE86_ROW(NAME, ISA, DST, SRC, BYTES, ...)                                              \
  {                                                                                             \
    using Family = __VA_ARGS__;                                                                 \
    forms.push_back({ZYDIS_MNEMONIC_##NAME, Feature::ISA, DST, SRC, BYTES, false, &Family::reg, \
                     &Family::mem});                                                            \
  }
#define ICE86_XMM_ROW(NAME, BYTES, ...) \
  ICE86_ROW(NAME, kSse2, kXmm, kXmmMem, BYTES, XmmForm<FloatOp<Step##NAME __VA_ARGS__>, BYTES>)
  ICE86_XMM_ROW(CVTDQ2PS, 16)
  ICE86_XMM_ROW(CVTPS2DQ, 16)
  ICE86_XMM_ROW(CVTTPS2DQ, 16)
  ICE86_XMM_ROW(CVTPD2DQ, 16)
  ICE86_XMM_ROW(CVTTPD2DQ, 16)
  ICE86_XMM_ROW(CVTPS2PD, 8)
  ICE86_XMM_ROW(CVTPD2PS, 16, , Arithmetic::kNarrow, Elements::kPd)
  ICE86_XMM_ROW(CVTSS2SD, 4)
  ICE86_XMM_ROW(CVTSD2SS, 8, , Arithmetic::kNarrow, Elements::kSd)
  ICE86_ROW(CVTDQ2PD, kSse2, kXmm, kXmmMem, 8, XmmForm<OpCVTDQ2PD, 8>)
  ICE86_ROW(CVTPI2PS, kSse, kXmm, kMmxMem, 8, XmmFromMmx<OpCvtpi2ps>)
  ICE86_ROW(CVTPI2PD, kSse2, kXmm, kMmxMem, 8, XmmFromMmx<OpCVTDQ2PD>)
  ICE86_ROW(CVTPS2PI, kSse, kMmx, kXmmMem, 8, MmxFromXmm<StepCVTPS2DQ, 8>)
  ICE86_ROW(CVTTPS2PI, kSse, kMmx, kXmmMem, 8, MmxFromXmm<StepCVTTPS2DQ, 8>)
  ICE86_ROW(CVTPD2PI, kSse2, kMmx, kXmmMem, 16, MmxFromXmm<StepCVTPD2DQ, 16>)
  ICE86_ROW(CVTTPD2PI, kSse2, kMmx, kXmmMem, 16, MmxFromXmm<StepCVTTPD2DQ, 16>)
#define ICE86_TO_ROWS(NAME, ISA, BYTES)                                          \
  ICE86_ROW(NAME, ISA, kGpr32, kXmmMem, BYTES, GprFromXmm<To##NAME, U32, BYTES>) \
  ICE86_ROW(NAME, ISA, kGpr64, kXmmMem, BYTES, GprFromXmm<To##NAME, U64, BYTES>)
  ICE86_TO_ROWS(CVTSS2SI, kSse, 4)
  ICE86_TO_ROWS(CVTTSS2SI, kSse, 4)
  ICE86_TO_ROWS(CVTSD2SI, kSse2, 8)
  ICE86_TO_ROWS(CVTTSD2SI, kSse2, 8)
  ICE86_ROW(CVTSI2SS, kSse, kXmm, kGpr32Mem, 4, XmmFromGpr<StepCVTSI2SSL, U32>)
  ICE86_ROW(CVTSI2SS, kSse, kXmm, kGpr64Mem, 8, XmmFromGpr<StepCVTSI2SSQ, U64>)
  ICE86_ROW(CVTSI2SD, kSse2, kXmm, kGpr32Mem, 4, XmmFromGpr<StepCVTSI2SDL, U32>)
  ICE86_ROW(CVTSI2SD, kSse2, kXmm, kGpr64Mem, 8, XmmFromGpr<StepCVTSI2SDQ, U64>)

#define ICE86_VEX_OP(NAME, ...) using Vex##NAME = FloatOp<Step##NAME __VA_ARGS__>;
  ICE86_VEX_OP(CVTDQ2PS)
  ICE86_VEX_OP(CVTPS2DQ)
  ICE86_VEX_OP(CVTTPS2DQ)
  ICE86_VEX_OP(CVTPD2DQ)
  ICE86_VEX_OP(CVTTPD2DQ)
  ICE86_VEX_OP(CVTPS2PD)
  ICE86_VEX_OP(CVTSS2SD)
  ICE86_VEX_OP(CVTPD2PS, , Arithmetic::kNarrow, Elements::kPd)
  ICE86_VEX_OP(CVTSD2SS, , Arithmetic::kNarrow, Elements::kSd)
#define ICE86_VEX_SAME(NAME)                                           \
  add_vex128<Vex##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::kOne); \
  add_vex256<Vex##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, Sources::kOne);
  ICE86_VEX_SAME(CVTDQ2PS)
  ICE86_VEX_SAME(CVTPS2DQ)
  ICE86_VEX_SAME(CVTTPS2DQ)
#define ICE86_VEX_WIDEN(NAME, OP)                                                                  \
  add_vex128<OP, 8>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::kOne);                                 \
  add_vex<VexWiden256<OP>>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, kYmm, kNone, kXmmMem, 16, \
                           false);
  ICE86_VEX_WIDEN(CVTPS2PD, VexCVTPS2PD)
  ICE86_VEX_WIDEN(CVTDQ2PD, OpCVTDQ2PD)
#define ICE86_VEX_NARROW(NAME)                                                                \
  add_vex128<Vex##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::kOne);                        \
  add_vex<VexNarrow256<Vex##NAME>>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, kXmm, kNone, \
                                   kYmmMem, 32, false);
  ICE86_VEX_NARROW(CVTPD2PS)
  ICE86_VEX_NARROW(CVTPD2DQ)
  ICE86_VEX_NARROW(CVTTPD2DQ)
  add_vex128<VexCVTSS2SD, 4>(forms, ZYDIS_MNEMONIC_VCVTSS2SD, Sources::kTwo);
  add_vex128<VexCVTSD2SS, 8>(forms, ZYDIS_MNEMONIC_VCVTSD2SS, Sources::kTwo);
#define ICE86_VEX_TO(NAME, BYTES)                                                          \
  add_vex<GprFromXmm<To##NAME, U32, BYTES, avx_usable>>(                                   \
      forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, kGpr32, kNone, kXmmMem, BYTES, false); \
  add_vex<GprFromXmm<To##NAME, U64, BYTES, avx_usable>>(                                   \
      forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, kGpr64, kNone, kXmmMem, BYTES, false);
  ICE86_VEX_TO(CVTSS2SI, 4)
  ICE86_VEX_TO(CVTTSS2SI, 4)
  ICE86_VEX_TO(CVTSD2SI, 8)
  ICE86_VEX_TO(CVTTSD2SI, 8)
#define ICE86_VEX_FROM(NAME)                                                                  \
  add_vex<VexFromGpr<Step##NAME##L, U32>>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, kXmm, \
                                          kXmm, kGpr32Mem, 4, false);                         \
  add_vex<VexFromGpr<Step##NAME##Q, U64>>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::kAvx, kXmm, \
                                          kXmm, kGpr64Mem, 8, false);
  ICE86_VEX_FROM(CVTSI2SS)
  ICE86_VEX_FROM(CVTSI2SD)
}

}  // namespace ice86::cpu
