// SPDX-License-Identifier: LGPL-2.1-or-later
// Packed integer instructions: MMX and their SSE2 to SSE4.2 forms; AES.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/avx.h"

namespace ice86::cpu {

namespace {

// Each with an MMX form that does the same to 64 bits.
#define ICE86_MMX_OPS(X)                                                                     \
  X(PADDB)                                                                                   \
  X(PADDW)                                                                                   \
  X(PADDD)                                                                                   \
  X(PADDSB) X(PADDSW) X(PADDUSB) X(PADDUSW) X(PSUBB) X(PSUBW) X(PSUBD) X(PSUBSB) X(PSUBSW)   \
      X(PSUBUSB) X(PSUBUSW) X(PAND) X(PANDN) X(POR) X(PXOR) X(PCMPEQB) X(PCMPEQW) X(PCMPEQD) \
          X(PCMPGTB) X(PCMPGTW) X(PCMPGTD) X(PMULLW) X(PMULHW) X(PMADDWD)
// The count is the lower half of the source.
#define ICE86_SHIFT_OPS(X) X(PSLLW) X(PSLLD) X(PSLLQ) X(PSRLW) X(PSRLD) X(PSRLQ) X(PSRAW) X(PSRAD)
// New with SSE.
#define ICE86_MMX_OPS_SSE(X) \
  X(PMULHUW) X(PAVGB) X(PAVGW) X(PMAXSW) X(PMAXUB) X(PMINSW) X(PMINUB) X(PSADBW)
#define ICE86_MMX_OPS_SSE2(X) X(PADDQ) X(PSUBQ) X(PMULUDQ)
#define ICE86_MMX_OPS_SSSE3(X) X(PSIGNB) X(PSIGNW) X(PSIGND) X(PMULHRSW) X(PMADDUBSW)
#define ICE86_UNARY_OPS_SSSE3(X) X(PABSB) X(PABSW) X(PABSD)
#define ICE86_JOIN_OPS(X) X(PACKSSWB) X(PACKSSDW) X(PACKUSWB)
#define ICE86_JOIN_OPS_SSSE3(X) X(PHADDW) X(PHADDD) X(PHADDSW) X(PHSUBW) X(PHSUBD) X(PHSUBSW)

// XMM only.
#define ICE86_XMM_OPS_SSE2(X) X(PUNPCKLQDQ) X(PUNPCKHQDQ)
#define ICE86_XMM_OPS_SSE41(X) \
  X(PACKUSDW)                  \
  X(PCMPEQQ)                   \
  X(PMULDQ)                    \
  X(PMULLD) X(PMINSB) X(PMINSD) X(PMINUW) X(PMINUD) X(PMAXSB) X(PMAXSD) X(PMAXUW) X(PMAXUD)
#define ICE86_XMM_OPS_SSE42(X) X(PCMPGTQ)
#define ICE86_XMM_OPS_AES(X) X(AESENC) X(AESENCLAST) X(AESDEC) X(AESDECLAST)
// Bitwise and data movement: no exception although the element type is floating-point.
#define ICE86_XMM_OPS_BITWISE_SSE(X) X(ANDPS) X(ANDNPS) X(ORPS) X(XORPS) X(UNPCKLPS) X(UNPCKHPS)
#define ICE86_XMM_OPS_BITWISE_SSE2(X) X(ANDPD) X(ANDNPD) X(ORPD) X(XORPD) X(UNPCKLPD) X(UNPCKHPD)
#define ICE86_XMM_OPS_SSE3(X) X(MOVSLDUP) X(MOVSHDUP)

ICE86_MMX_OPS(ICE86_SIMD_OP)
ICE86_SHIFT_OPS(ICE86_SIMD_OP)
ICE86_UNARY_OPS_SSSE3(ICE86_SIMD_OP)
ICE86_SIMD_OP(PHMINPOSUW)
ICE86_SIMD_OP(AESIMC)
ICE86_MMX_OPS_SSE(ICE86_SIMD_OP)
ICE86_MMX_OPS_SSE2(ICE86_SIMD_OP)
ICE86_MMX_OPS_SSSE3(ICE86_SIMD_OP)
ICE86_JOIN_OPS(ICE86_SIMD_OP)
ICE86_JOIN_OPS_SSSE3(ICE86_SIMD_OP)
ICE86_XMM_OPS_SSE2(ICE86_SIMD_OP)
ICE86_XMM_OPS_SSE41(ICE86_SIMD_OP)
ICE86_XMM_OPS_SSE42(ICE86_SIMD_OP)
ICE86_XMM_OPS_AES(ICE86_SIMD_OP)
ICE86_XMM_OPS_BITWISE_SSE(ICE86_SIMD_OP)
ICE86_XMM_OPS_BITWISE_SSE2(ICE86_SIMD_OP)
ICE86_XMM_OPS_SSE3(ICE86_SIMD_OP)
ICE86_SIMD_OP(PUNPCKLBW)
ICE86_SIMD_OP(PUNPCKLWD)
ICE86_SIMD_OP(PUNPCKLDQ)
ICE86_SIMD_OP(PUNPCKHBW)
ICE86_SIMD_OP(PUNPCKHWD)
ICE86_SIMD_OP(PUNPCKHDQ)
ICE86_SIMD_OP(PSHUFB)
ICE86_SIMD_OP(MOVDDUP)
ICE86_SIMD_OP(PMOVSXBW)
ICE86_SIMD_OP(PMOVSXBD)
ICE86_SIMD_OP(PMOVSXBQ)
ICE86_SIMD_OP(PMOVSXWD)
ICE86_SIMD_OP(PMOVSXWQ)
ICE86_SIMD_OP(PMOVSXDQ)
ICE86_SIMD_OP(PMOVZXBW)
ICE86_SIMD_OP(PMOVZXBD)
ICE86_SIMD_OP(PMOVZXBQ)
ICE86_SIMD_OP(PMOVZXWD)
ICE86_SIMD_OP(PMOVZXWQ)
ICE86_SIMD_OP(PMOVZXDQ)

// The MMX form has 8 bytes to choose from: bit 3 of an index does not count.
struct OpMmxPshufb {
  static bool run(Core& c, const Insn& i, Vec& d, Vec s) {
    return OpPSHUFB::run(c, i, d, _mm_and_si128(s, _mm_set1_epi8(static_cast<char>(0x87))));
  }
};

// Shifts by an immediate: the form with the count in a register does it.
template <typename Op>
struct ByImmediate {
  static Flow xmm_form(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    Op::run(c, i, d, vec(i.imm));
    set_xmm(c, i.dst, d);
    return Flow::kNext;
  }
  static Flow mmx_form(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    return MmxForm<Op, 8>::apply(c, i, i.imm);
  }
};

// Insn::src is shifted into dst, which VEX.vvvv names.
template <typename Op>
struct VexByImmediate {
  static Flow xmm_form(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    Vec d = xmm(c, i.src);
    Op::run(c, i, d, vec(i.imm));
    set_vex128(c, i.dst, d);
    return Flow::kNext;
  }
  static Flow ymm_form(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    Ymm d = ymm(c, i.src);
    Op::run(c, i, d.low, vec(i.imm));
    Op::run(c, i, d.high, vec(i.imm));
    set_ymm(c, i.dst, d);
    return Flow::kNext;
  }
};

// PSLLDQ, PSRLDQ: by bytes.
template <bool left>
struct OpShiftBytes {
  static bool run(Core&, const Insn& i, Vec& d, Vec) {
    __extension__ using Wide = unsigned __int128;
    const Wide value = static_cast<Wide>(high_half(d)) << 64 | low_half(d);
    const auto bits = static_cast<unsigned>(i.imm * 8);
    const Wide shifted = i.imm > 15 ? 0 : left ? value << bits : value >> bits;
    d = vec(static_cast<std::uint64_t>(shifted), static_cast<std::uint64_t>(shifted >> 64));
    return true;
  }
};

// PMOVSX, PMOVZX to 256 bits: each lane of the result from `bytes` of the source.
template <typename Op, unsigned bytes>
struct VexExtend256 : XmmSource<VexExtend256<Op, bytes>, bytes * 2> {
  static Flow apply(Core& c, const Insn& i, Vec s) {
    alignas(16) std::uint8_t source[32] = {};
    _mm_store_si128(reinterpret_cast<Vec*>(source), s);
    Ymm d{};
    Op::run(c, i, d.low, s);
    Op::run(c, i, d.high, _mm_loadu_si128(reinterpret_cast<const Vec*>(source + bytes)));
    set_ymm(c, i.dst, d);
    return Flow::kNext;
  }
};

}  // namespace

void add_integer_forms(SimdForms& forms) {
  using enum Feature;
  constexpr Operand kXmm = Operand::kXmm, kXmmMem = Operand::kXmmMem, kYmm = Operand::kYmm,
                    kMm = Operand::kMmx, kMmMem = Operand::kMmxMem, kNone = Operand::kNone;
#define ICE86_MMX_ROW(NAME, ISA, ...)                                 \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, ISA, kMm, kMmMem, 8, false, \
                   &MmxForm<Op##NAME, __VA_ARGS__>::reg, &MmxForm<Op##NAME, __VA_ARGS__>::mem});
#define ICE86_SSE_ROW(NAME, ISA, BYTES)                                     \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, ISA, kXmm, kXmmMem, BYTES, false, \
                   &XmmForm<Op##NAME, BYTES>::reg, &XmmForm<Op##NAME, BYTES>::mem});
  // XMM, and with VEX XMM and YMM. WIDE: where the YMM form came.
#define ICE86_XMM_ROW(NAME, ISA, WIDE, SOURCES)                          \
  ICE86_SSE_ROW(NAME, ISA, 16)                                           \
  add_vex128<Op##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::SOURCES); \
  add_vex256<Op##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, WIDE, Sources::SOURCES);
#define ICE86_BOTH(NAME) ICE86_MMX_ROW(NAME, kMmx, 8) ICE86_XMM_ROW(NAME, kSse2, kAvx2, kTwo)
#define ICE86_BOTH_SSE(NAME) ICE86_MMX_ROW(NAME, kSse, 8) ICE86_XMM_ROW(NAME, kSse2, kAvx2, kTwo)
#define ICE86_BOTH_SSE2(NAME) ICE86_MMX_ROW(NAME, kSse2, 8) ICE86_XMM_ROW(NAME, kSse2, kAvx2, kTwo)
#define ICE86_BOTH_SSSE3(NAME) \
  ICE86_MMX_ROW(NAME, kSsse3, 8) ICE86_XMM_ROW(NAME, kSsse3, kAvx2, kTwo)
#define ICE86_UNARY_SSSE3(NAME) \
  ICE86_MMX_ROW(NAME, kSsse3, 8) ICE86_XMM_ROW(NAME, kSsse3, kAvx2, kOne)
#define ICE86_JOIN(NAME) \
  ICE86_MMX_ROW(NAME, kMmx, 8, MmxBy::kJoin) ICE86_XMM_ROW(NAME, kSse2, kAvx2, kTwo)
#define ICE86_JOIN_SSSE3(NAME) \
  ICE86_MMX_ROW(NAME, kSsse3, 8, MmxBy::kJoin) ICE86_XMM_ROW(NAME, kSsse3, kAvx2, kTwo)
#define ICE86_ROW_SSE2(NAME) ICE86_XMM_ROW(NAME, kSse2, kAvx2, kTwo)
#define ICE86_ROW_SSE41(NAME) ICE86_XMM_ROW(NAME, kSse4_1, kAvx2, kTwo)
#define ICE86_ROW_SSE42(NAME) ICE86_XMM_ROW(NAME, kSse4_2, kAvx2, kTwo)
#define ICE86_ROW_AES(NAME)     \
  ICE86_SSE_ROW(NAME, kAes, 16) \
  add_vex128<Op##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::kTwo);
#define ICE86_ROW_BITWISE_SSE(NAME) ICE86_XMM_ROW(NAME, kSse, kAvx, kTwo)
#define ICE86_ROW_BITWISE_SSE2(NAME) ICE86_XMM_ROW(NAME, kSse2, kAvx, kTwo)
#define ICE86_ROW_SSE3(NAME) ICE86_XMM_ROW(NAME, kSse3, kAvx, kOne)
#define ICE86_SHIFT(NAME)                                                                       \
  ICE86_MMX_ROW(NAME, kMmx, 8)                                                                  \
  ICE86_SSE_ROW(NAME, kSse2, 16)                                                                \
  add_vex128<Op##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::kTwo);                           \
  add_vex<VexShift256<Op##NAME>>(forms, ZYDIS_MNEMONIC_V##NAME, kAvx2, kYmm, kYmm, kXmmMem, 16, \
                                 false);                                                        \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, kMmx, kMm, kNone, 0, true,                            \
                   &ByImmediate<Op##NAME>::mmx_form, nullptr});                                 \
  ICE86_SHIFT_IMM(NAME, Op##NAME)
#define ICE86_SHIFT_IMM(NAME, OP)                                                                 \
  forms.push_back(                                                                                \
      {ZYDIS_MNEMONIC_##NAME, kSse2, kXmm, kNone, 0, true, &ByImmediate<OP>::xmm_form, nullptr}); \
  forms.push_back({ZYDIS_MNEMONIC_V##NAME, kAvx, kXmm, kXmm, 0, true,                             \
                   &VexByImmediate<OP>::xmm_form, nullptr, true});                                \
  forms.push_back({ZYDIS_MNEMONIC_V##NAME, kAvx2, kYmm, kYmm, 0, true,                            \
                   &VexByImmediate<OP>::ymm_form, nullptr, true});
  ICE86_MMX_OPS(ICE86_BOTH)
  ICE86_SHIFT_OPS(ICE86_SHIFT)
  ICE86_SHIFT_IMM(PSLLDQ, OpShiftBytes<true>)
  ICE86_SHIFT_IMM(PSRLDQ, OpShiftBytes<false>)
  ICE86_MMX_OPS_SSE(ICE86_BOTH_SSE)
  ICE86_MMX_OPS_SSE2(ICE86_BOTH_SSE2)
  ICE86_MMX_OPS_SSSE3(ICE86_BOTH_SSSE3)
  ICE86_UNARY_OPS_SSSE3(ICE86_UNARY_SSSE3)
  ICE86_JOIN_OPS(ICE86_JOIN)
  ICE86_JOIN_OPS_SSSE3(ICE86_JOIN_SSSE3)
  ICE86_XMM_OPS_SSE2(ICE86_ROW_SSE2)
  ICE86_XMM_OPS_SSE41(ICE86_ROW_SSE41)
  ICE86_XMM_OPS_SSE42(ICE86_ROW_SSE42)
  ICE86_XMM_OPS_AES(ICE86_ROW_AES)
  ICE86_XMM_OPS_BITWISE_SSE(ICE86_ROW_BITWISE_SSE)
  ICE86_XMM_OPS_BITWISE_SSE2(ICE86_ROW_BITWISE_SSE2)
  ICE86_XMM_OPS_SSE3(ICE86_ROW_SSE3)
  ICE86_SSE_ROW(PHMINPOSUW, kSse4_1, 16)
  add_vex128<OpPHMINPOSUW>(forms, ZYDIS_MNEMONIC_VPHMINPOSUW, Sources::kOne);
  ICE86_SSE_ROW(AESIMC, kAes, 16)
  add_vex128<OpAESIMC>(forms, ZYDIS_MNEMONIC_VAESIMC, Sources::kOne);
  ICE86_SSE_ROW(MOVDDUP, kSse3, 8)
  add_vex128<OpMOVDDUP, 8>(forms, ZYDIS_MNEMONIC_VMOVDDUP, Sources::kOne);
  add_vex256<OpMOVDDUP>(forms, ZYDIS_MNEMONIC_VMOVDDUP, kAvx, Sources::kOne);

  // PUNPCKL of MMX reads 32 bits of memory.
#define ICE86_UNPACK(WHICH)                                                                  \
  forms.push_back({ZYDIS_MNEMONIC_PUNPCKL##WHICH, kMmx, kMm, kMmMem, 4, false,               \
                   &MmxForm<OpPUNPCKL##WHICH, 4>::reg, &MmxForm<OpPUNPCKL##WHICH, 4>::mem}); \
  forms.push_back({ZYDIS_MNEMONIC_PUNPCKH##WHICH, kMmx, kMm, kMmMem, 8, false,               \
                   &MmxForm<OpPUNPCKL##WHICH, 8, MmxBy::kHigh>::reg,                         \
                   &MmxForm<OpPUNPCKL##WHICH, 8, MmxBy::kHigh>::mem});                       \
  ICE86_XMM_ROW(PUNPCKL##WHICH, kSse2, kAvx2, kTwo)                                          \
  ICE86_XMM_ROW(PUNPCKH##WHICH, kSse2, kAvx2, kTwo)
  ICE86_UNPACK(BW)
  ICE86_UNPACK(WD)
  ICE86_UNPACK(DQ)

  forms.push_back({ZYDIS_MNEMONIC_PSHUFB, kSsse3, kMm, kMmMem, 8, false,
                   &MmxForm<OpMmxPshufb, 8>::reg, &MmxForm<OpMmxPshufb, 8>::mem});
  ICE86_XMM_ROW(PSHUFB, kSsse3, kAvx2, kTwo)

#define ICE86_WIDEN(NAME, BYTES)                                                            \
  ICE86_SSE_ROW(NAME, kSse4_1, BYTES)                                                       \
  add_vex128<Op##NAME, BYTES>(forms, ZYDIS_MNEMONIC_V##NAME, Sources::kOne);                \
  add_vex<VexExtend256<Op##NAME, BYTES>>(forms, ZYDIS_MNEMONIC_V##NAME, kAvx2, kYmm, kNone, \
                                         kXmmMem, BYTES * 2, false);
  ICE86_WIDEN(PMOVSXBW, 8)
  ICE86_WIDEN(PMOVSXBD, 4)
  ICE86_WIDEN(PMOVSXBQ, 2)
  ICE86_WIDEN(PMOVSXWD, 8)
  ICE86_WIDEN(PMOVSXWQ, 4)
  ICE86_WIDEN(PMOVSXDQ, 8)
  ICE86_WIDEN(PMOVZXBW, 8)
  ICE86_WIDEN(PMOVZXBD, 4)
  ICE86_WIDEN(PMOVZXBQ, 2)
  ICE86_WIDEN(PMOVZXWD, 8)
  ICE86_WIDEN(PMOVZXWQ, 4)
  ICE86_WIDEN(PMOVZXDQ, 8)
}

}  // namespace ice86::cpu
