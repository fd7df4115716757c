// SPDX-License-Identifier: LGPL-2.1-or-later
// Packed integer instructions: MMX and their SSE2 to SSE4.2 forms; AES.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/simd.h"

namespace ice86::cpu {

namespace {

// Each with an MMX form that does the same to 64 bits.
#define ICE86_MMX_OPS(X)                                                                           \
  X(PADDB)                                                                                         \
  X(PADDW)                                                                                         \
  X(PADDD)                                                                                         \
  X(PADDSB)                                                                                        \
  X(PADDSW) X(PADDUSB) X(PADDUSW) X(PSUBB) X(PSUBW) X(PSUBD) X(PSUBSB) X(PSUBSW) X(PSUBUSB)        \
      X(PSUBUSW) X(PAND) X(PANDN) X(POR) X(PXOR) X(PCMPEQB) X(PCMPEQW) X(PCMPEQD) X(PCMPGTB)       \
          X(PCMPGTW) X(PCMPGTD) X(PMULLW) X(PMULHW) X(PMADDWD) X(PSLLW) X(PSLLD) X(PSLLQ) X(PSRLW) \
              X(PSRLD) X(PSRLQ) X(PSRAW) X(PSRAD)
// New with SSE.
#define ICE86_MMX_OPS_SSE(X) \
  X(PMULHUW) X(PAVGB) X(PAVGW) X(PMAXSW) X(PMAXUB) X(PMINSW) X(PMINUB) X(PSADBW)
#define ICE86_MMX_OPS_SSE2(X) X(PADDQ) X(PSUBQ) X(PMULUDQ)
#define ICE86_MMX_OPS_SSSE3(X) \
  X(PABSB) X(PABSW) X(PABSD) X(PSIGNB) X(PSIGNW) X(PSIGND) X(PMULHRSW) X(PMADDUBSW)
#define ICE86_JOIN_OPS(X) X(PACKSSWB) X(PACKSSDW) X(PACKUSWB)
#define ICE86_JOIN_OPS_SSSE3(X) X(PHADDW) X(PHADDD) X(PHADDSW) X(PHSUBW) X(PHSUBD) X(PHSUBSW)

// XMM only.
#define ICE86_XMM_OPS_SSE2(X) X(PUNPCKLQDQ) X(PUNPCKHQDQ)
#define ICE86_XMM_OPS_SSE41(X) \
  X(PACKUSDW)                  \
  X(PCMPEQQ)                   \
  X(PMULDQ)                    \
  X(PMULLD)                    \
  X(PMINSB) X(PMINSD) X(PMINUW) X(PMINUD) X(PMAXSB) X(PMAXSD) X(PMAXUW) X(PMAXUD) X(PHMINPOSUW)
#define ICE86_XMM_OPS_SSE42(X) X(PCMPGTQ)
#define ICE86_XMM_OPS_AES(X) X(AESENC) X(AESENCLAST) X(AESDEC) X(AESDECLAST) X(AESIMC)
// Bitwise and data movement: no exception although the element type is floating-point.
#define ICE86_XMM_OPS_BITWISE_SSE(X) X(ANDPS) X(ANDNPS) X(ORPS) X(XORPS) X(UNPCKLPS) X(UNPCKHPS)
#define ICE86_XMM_OPS_BITWISE_SSE2(X) X(ANDPD) X(ANDNPD) X(ORPD) X(XORPD) X(UNPCKLPD) X(UNPCKHPD)
#define ICE86_XMM_OPS_SSE3(X) X(MOVSLDUP) X(MOVSHDUP)

ICE86_MMX_OPS(ICE86_SIMD_OP)
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

struct OpPslldq {
  static bool run(Core&, const Insn& i, Vec& d, Vec) {
    __extension__ using Wide = unsigned __int128;
    const Wide value = static_cast<Wide>(high_half(d)) << 64 | low_half(d);
    const Wide shifted = i.imm > 15 ? 0 : value << (i.imm * 8);
    d = vec(static_cast<std::uint64_t>(shifted), static_cast<std::uint64_t>(shifted >> 64));
    return true;
  }
};
struct OpPsrldq {
  static bool run(Core&, const Insn& i, Vec& d, Vec) {
    __extension__ using Wide = unsigned __int128;
    const Wide value = static_cast<Wide>(high_half(d)) << 64 | low_half(d);
    const Wide shifted = i.imm > 15 ? 0 : value >> (i.imm * 8);
    d = vec(static_cast<std::uint64_t>(shifted), static_cast<std::uint64_t>(shifted >> 64));
    return true;
  }
};

}  // namespace

void add_integer_forms(SimdForms& forms) {
  using enum Operand;
#define ICE86_MMX_ROW(NAME, ISA)                                        \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, ISA, kMmx, kMmxMem, 8, false, \
                   &MmxForm<Op##NAME, 8>::reg, &MmxForm<Op##NAME, 8>::mem});
#define ICE86_XMM_ROW(NAME, ISA)                                         \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, ISA, kXmm, kXmmMem, 16, false, \
                   &XmmForm<Op##NAME, 16>::reg, &XmmForm<Op##NAME, 16>::mem});
#define ICE86_JOIN_ROW(NAME, ISA)                                       \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, ISA, kMmx, kMmxMem, 8, false, \
                   &MmxForm<Op##NAME, 8, MmxBy::kJoin>::reg,            \
                   &MmxForm<Op##NAME, 8, MmxBy::kJoin>::mem});
#define ICE86_BOTH(NAME) ICE86_MMX_ROW(NAME, Feature::kMmx) ICE86_XMM_ROW(NAME, Feature::kSse2)
#define ICE86_BOTH_SSE(NAME) ICE86_MMX_ROW(NAME, Feature::kSse) ICE86_XMM_ROW(NAME, Feature::kSse2)
#define ICE86_BOTH_SSE2(NAME) \
  ICE86_MMX_ROW(NAME, Feature::kSse2) ICE86_XMM_ROW(NAME, Feature::kSse2)
#define ICE86_BOTH_SSSE3(NAME) \
  ICE86_MMX_ROW(NAME, Feature::kSsse3) ICE86_XMM_ROW(NAME, Feature::kSsse3)
#define ICE86_JOIN(NAME) ICE86_JOIN_ROW(NAME, Feature::kMmx) ICE86_XMM_ROW(NAME, Feature::kSse2)
#define ICE86_JOIN_SSSE3(NAME) \
  ICE86_JOIN_ROW(NAME, Feature::kSsse3) ICE86_XMM_ROW(NAME, Feature::kSsse3)
#define ICE86_ROW_SSE(NAME) ICE86_XMM_ROW(NAME, Feature::kSse)
#define ICE86_ROW_SSE2(NAME) ICE86_XMM_ROW(NAME, Feature::kSse2)
#define ICE86_ROW_SSE3(NAME) ICE86_XMM_ROW(NAME, Feature::kSse3)
#define ICE86_ROW_SSE41(NAME) ICE86_XMM_ROW(NAME, Feature::kSse4_1)
#define ICE86_ROW_SSE42(NAME) ICE86_XMM_ROW(NAME, Feature::kSse4_2)
#define ICE86_ROW_AES(NAME) ICE86_XMM_ROW(NAME, Feature::kAes)
  ICE86_MMX_OPS(ICE86_BOTH)
  ICE86_MMX_OPS_SSE(ICE86_BOTH_SSE)
  ICE86_MMX_OPS_SSE2(ICE86_BOTH_SSE2)
  ICE86_MMX_OPS_SSSE3(ICE86_BOTH_SSSE3)
  ICE86_JOIN_OPS(ICE86_JOIN)
  ICE86_JOIN_OPS_SSSE3(ICE86_JOIN_SSSE3)
  ICE86_XMM_OPS_SSE2(ICE86_ROW_SSE2)
  ICE86_XMM_OPS_SSE41(ICE86_ROW_SSE41)
  ICE86_XMM_OPS_SSE42(ICE86_ROW_SSE42)
  ICE86_XMM_OPS_AES(ICE86_ROW_AES)
  ICE86_XMM_OPS_BITWISE_SSE(ICE86_ROW_SSE)
  ICE86_XMM_OPS_BITWISE_SSE2(ICE86_ROW_SSE2)
  ICE86_XMM_OPS_SSE3(ICE86_ROW_SSE3)

  // PUNPCKL of MMX reads 32 bits of memory.
#define ICE86_UNPACK(WHICH)                                                                  \
  forms.push_back({ZYDIS_MNEMONIC_PUNPCKL##WHICH, Feature::kMmx, kMmx, kMmxMem, 4, false,    \
                   &MmxForm<OpPUNPCKL##WHICH, 4>::reg, &MmxForm<OpPUNPCKL##WHICH, 4>::mem}); \
  forms.push_back({ZYDIS_MNEMONIC_PUNPCKH##WHICH, Feature::kMmx, kMmx, kMmxMem, 8, false,    \
                   &MmxForm<OpPUNPCKL##WHICH, 8, MmxBy::kHigh>::reg,                         \
                   &MmxForm<OpPUNPCKL##WHICH, 8, MmxBy::kHigh>::mem});                       \
  ICE86_XMM_ROW(PUNPCKL##WHICH, Feature::kSse2)                                              \
  ICE86_XMM_ROW(PUNPCKH##WHICH, Feature::kSse2)
  ICE86_UNPACK(BW)
  ICE86_UNPACK(WD)
  ICE86_UNPACK(DQ)

  forms.push_back({ZYDIS_MNEMONIC_PSHUFB, Feature::kSsse3, kMmx, kMmxMem, 8, false,
                   &MmxForm<OpMmxPshufb, 8>::reg, &MmxForm<OpMmxPshufb, 8>::mem});
  ICE86_XMM_ROW(PSHUFB, Feature::kSsse3)

#define ICE86_NARROW(NAME, BYTES, ISA)                                      \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, ISA, kXmm, kXmmMem, BYTES, false, \
                   &XmmForm<Op##NAME, BYTES>::reg, &XmmForm<Op##NAME, BYTES>::mem});
  ICE86_NARROW(MOVDDUP, 8, Feature::kSse3)
  ICE86_NARROW(PMOVSXBW, 8, Feature::kSse4_1)
  ICE86_NARROW(PMOVSXBD, 4, Feature::kSse4_1)
  ICE86_NARROW(PMOVSXBQ, 2, Feature::kSse4_1)
  ICE86_NARROW(PMOVSXWD, 8, Feature::kSse4_1)
  ICE86_NARROW(PMOVSXWQ, 4, Feature::kSse4_1)
  ICE86_NARROW(PMOVSXDQ, 8, Feature::kSse4_1)
  ICE86_NARROW(PMOVZXBW, 8, Feature::kSse4_1)
  ICE86_NARROW(PMOVZXBD, 4, Feature::kSse4_1)
  ICE86_NARROW(PMOVZXBQ, 2, Feature::kSse4_1)
  ICE86_NARROW(PMOVZXWD, 8, Feature::kSse4_1)
  ICE86_NARROW(PMOVZXWQ, 4, Feature::kSse4_1)
  ICE86_NARROW(PMOVZXDQ, 8, Feature::kSse4_1)

#define ICE86_SHIFT(NAME)                                                       \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, Feature::kMmx, kMmx, kNone, 0, true,  \
                   &ByImmediate<Op##NAME>::mmx_form, nullptr});                 \
  forms.push_back({ZYDIS_MNEMONIC_##NAME, Feature::kSse2, kXmm, kNone, 0, true, \
                   &ByImmediate<Op##NAME>::xmm_form, nullptr});
  ICE86_SHIFT(PSLLW)
  ICE86_SHIFT(PSLLD)
  ICE86_SHIFT(PSLLQ)
  ICE86_SHIFT(PSRLW)
  ICE86_SHIFT(PSRLD)
  ICE86_SHIFT(PSRLQ)
  ICE86_SHIFT(PSRAW)
  ICE86_SHIFT(PSRAD)
  forms.push_back({ZYDIS_MNEMONIC_PSLLDQ, Feature::kSse2, kXmm, kNone, 0, true,
                   &ByImmediate<OpPslldq>::xmm_form, nullptr});
  forms.push_back({ZYDIS_MNEMONIC_PSRLDQ, Feature::kSse2, kXmm, kNone, 0, true,
                   &ByImmediate<OpPsrldq>::xmm_form, nullptr});
}

}  // namespace ice86::cpu
