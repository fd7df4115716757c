// SPDX-License-Identifier: LGPL-2.1-or-later
// Shuffles, blends, inserts, extracts, PTEST, PCLMULQDQ, AESKEYGENASSIST, string comparison of
// SSE4.2.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/avx.h"

namespace ice86::cpu {

namespace {

ICE86_SIMD_IMM_OP(PSHUFD, 255, 0)
ICE86_SIMD_IMM_OP(PSHUFLW, 255, 0)
ICE86_SIMD_IMM_OP(PSHUFHW, 255, 0)
ICE86_SIMD_IMM_OP(SHUFPS, 255, 0)
ICE86_SIMD_IMM_OP(SHUFPD, 3, 2)
ICE86_SIMD_IMM_OP(BLENDPS, 15, 4)
ICE86_SIMD_IMM_OP(BLENDPD, 3, 2)
ICE86_SIMD_IMM_OP(PBLENDW, 255, 0)
ICE86_SIMD_IMM_OP(MPSADBW, 7, 3)
ICE86_SIMD_IMM_OP(INSERTPS, 255, 0)
ICE86_SIMD_IMM_OP(AESKEYGENASSIST, 255, 0)
ICE86_SIMD_IMM_OP(PCLMULQDQ, 31, 0)

// From memory there is one element to choose from.
struct OpInsertpsMem {
  static bool run(Core& c, const Insn& i, Vec& d, Vec s) {
    Insn low = i;
    low.imm &= 0x3f;
    return OpINSERTPS::run(c, low, d, s);
  }
};

// Destination:source, shifted right by bytes.
struct OpPALIGNR {
  static bool run(Core&, const Insn& i, Vec& d, Vec s) {
    alignas(16) std::uint8_t both[48] = {};
    _mm_store_si128(reinterpret_cast<Vec*>(both), s);
    _mm_store_si128(reinterpret_cast<Vec*>(both + 16), d);
    d = _mm_loadu_si128(reinterpret_cast<const Vec*>(both + (i.imm < 32 ? i.imm : 32)));
    return true;
  }
};
struct OpMmxPalignr {
  static bool run(Core&, const Insn& i, Vec& d, Vec s) {
    std::uint8_t both[24] = {};
    store_le<std::uint64_t>(both, low_half(s));
    store_le<std::uint64_t>(both + 8, low_half(d));
    d = vec(load_le<std::uint64_t>(both + (i.imm < 16 ? i.imm : 16)));
    return true;
  }
};

// Variable blends: the mask is XMM0 (constraint Yz); with VEX a register that the immediate names.
#define ICE86_BLENDV_OP(NAME)                                      \
  struct Op##NAME {                                                \
    static void blend(Vec& d, Vec s, Vec mask) {                   \
      asm(#NAME " %%xmm0, %1, %0" : "+x"(d) : "x"(s), "Yz"(mask)); \
    }                                                              \
    static bool run(Core& c, const Insn&, Vec& d, Vec s) {         \
      blend(d, s, xmm(c, 0));                                      \
      return true;                                                 \
    }                                                              \
  };                                                               \
  struct Vex##NAME {                                               \
    static bool run(Core& c, const Insn& i, Vec& d, Vec s) {       \
      Op##NAME::blend(d, s, xmm(c, static_cast<unsigned>(i.imm))); \
      return true;                                                 \
    }                                                              \
    static bool run_lanes(Core& c, const Insn& i, Ymm& d, Ymm s) { \
      const Ymm mask = ymm(c, static_cast<unsigned>(i.imm));       \
      Op##NAME::blend(d.low, s.low, mask.low);                     \
      Op##NAME::blend(d.high, s.high, mask.high);                  \
      return true;                                                 \
    }                                                              \
  };
ICE86_BLENDV_OP(PBLENDVB)
ICE86_BLENDV_OP(BLENDVPS)
ICE86_BLENDV_OP(BLENDVPD)

// ZF: no bit of `bits` is set in both; CF: none that is set in the source alone. VTESTPS and
// VTESTPD look at sign bits.
template <std::uint64_t bits>
struct OpTest {
  static void set_flags(Core& c, Vec both, Vec only_source) {
    const auto none = [](Vec v) { return ((low_half(v) | high_half(v)) & bits) == 0; };
    c.lf.load((none(both) ? flag::kZf : 0) | (none(only_source) ? flag::kCf : 0));
  }
  static bool run(Core& c, const Insn&, Vec& d, Vec s) {
    set_flags(c, _mm_and_si128(d, s), _mm_andnot_si128(d, s));
    return true;
  }
};
template <std::uint64_t bits>
struct VexTest256 : YmmSource<VexTest256<bits>> {
  static Flow apply(Core& c, const Insn& i, Ymm s) {
    const Ymm d = ymm(c, i.dst);
    OpTest<bits>::set_flags(
        c, _mm_or_si128(_mm_and_si128(d.low, s.low), _mm_and_si128(d.high, s.high)),
        _mm_or_si128(_mm_andnot_si128(d.low, s.low), _mm_andnot_si128(d.high, s.high)));
    return Flow::kNext;
  }
};
constexpr std::uint64_t kAllBits = ~std::uint64_t{0}, kSignsPs = 0x8000000080000000,
                        kSignsPd = 0x8000000000000000;
using OpPTEST = OpTest<kAllBits>;

// ---- Inserts and extracts ----

template <typename T>
T element(const Core& c, unsigned number, std::uint64_t which) {
  constexpr unsigned kPerHalf = 8 / sizeof(T);
  const auto index = static_cast<unsigned>(which % (2 * kPerHalf));
  return static_cast<T>(c.s.ymm[number][index / kPerHalf] >> index % kPerHalf * sizeof(T) * 8);
}

template <typename T, bool (*usable)(Core&) = sse_usable>
struct Extract {
  using Wide = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  static Flow reg(Core& c, const Insn& i) {
    if (!usable(c)) return Flow::kFault;
    c.set_reg<Wide>(i.dst, element<T>(c, i.src, i.imm));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (!usable(c)) return Flow::kFault;
    return c.write<T>(i.segment, c.effective(i), element<T>(c, i.src, i.imm)) ? Flow::kNext
                                                                              : Flow::kFault;
  }
};

// The general register or memory operand is the source's lower half.
template <typename T>
struct OpInsert {
  static bool run(Core&, const Insn& i, Vec& d, Vec s) {
    alignas(16) T elements[16 / sizeof(T)];
    _mm_store_si128(reinterpret_cast<Vec*>(elements), d);
    elements[i.imm % std::size(elements)] = static_cast<T>(low_half(s));
    d = _mm_load_si128(reinterpret_cast<const Vec*>(elements));
    return true;
  }
};
template <typename T>
struct Insert {
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    OpInsert<T>::run(c, i, d, vec(c.reg<std::uint64_t>(i.src)));
    set_xmm(c, i.dst, d);
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) { return XmmForm<OpInsert<T>, sizeof(T)>::mem(c, i); }
};

template <typename T>
struct VexInsert {
  static Flow reg(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    return Vex128<OpInsert<T>, sizeof(T)>::apply(c, i, vec(c.reg<std::uint64_t>(i.src)));
  }
  static Flow mem(Core& c, const Insn& i) { return Vex128<OpInsert<T>, sizeof(T)>::mem(c, i); }
};
struct VexInsertps {
  static Flow reg(Core& c, const Insn& i) { return Vex128<OpINSERTPS, 4>::reg(c, i); }
  static Flow mem(Core& c, const Insn& i) { return Vex128<OpInsertpsMem, 4>::mem(c, i); }
};

Flow mmx_pextrw(Core& c, const Insn& i) {
  if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
  enter_mmx(c);
  c.set_reg<std::uint32_t>(i.dst, mm(c, i.src) >> i.imm % 4 * 16 & 0xffff);
  return Flow::kNext;
}
struct MmxPinsrw {
  static Flow apply(Core& c, const Insn& i, std::uint16_t value) {
    const auto shift = static_cast<unsigned>(i.imm % 4 * 16);
    enter_mmx(c);
    set_mm(c, i.dst,
           (mm(c, i.dst) & ~(std::uint64_t{0xffff} << shift)) | std::uint64_t{value} << shift);
    return Flow::kNext;
  }
  static Flow reg(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    return apply(c, i, c.reg<std::uint16_t>(i.src));
  }
  static Flow mem(Core& c, const Insn& i) {
    std::uint16_t value = 0;
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    if (!c.read(i.segment, c.effective(i), value)) return Flow::kFault;
    return apply(c, i, value);
  }
};

// ---- PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM ----

struct StringResult {
  std::uint32_t index = 0;
  Vec mask;
  bool carry = false, zero = false, sign = false, overflow = false;
};
struct StringCompare {
  void (*run)(Vec first, Vec second, std::uint32_t first_length, std::uint32_t second_length,
              StringResult&);
};

template <bool (*usable)(Core&)>
struct Usable {};

template <bool explicit_length, bool to_mask, bool (*usable)(Core&) = sse_usable>
struct StringOp {
  template <unsigned imm>
  static void with(Vec d, Vec s, std::uint32_t first, std::uint32_t second, StringResult& r) {
    static_cast<void>(first);
    static_cast<void>(second);
#define ICE86_STRING_ASM(NAME, RESULT, TARGET, ...)                                             \
  asm(#NAME " %[imm], %[s], %[d]"                                                               \
      : RESULT(TARGET), "=@ccc"(r.carry), "=@ccz"(r.zero), "=@ccs"(r.sign), "=@cco"(r.overflow) \
      : [d] "x"(d), [s] "x"(s), [imm] "i"(imm)__VA_ARGS__)
    if constexpr (explicit_length && to_mask) {
      ICE86_STRING_ASM(PCMPESTRM, "=Yz", r.mask, , "a"(first), "d"(second));
    } else if constexpr (explicit_length) {
      ICE86_STRING_ASM(PCMPESTRI, "=c", r.index, , "a"(first), "d"(second));
    } else if constexpr (to_mask) {
      ICE86_STRING_ASM(PCMPISTRM, "=Yz", r.mask, );
    } else {
      ICE86_STRING_ASM(PCMPISTRI, "=c", r.index, );
    }
  }
  template <std::size_t... n>
  static constexpr auto table(std::index_sequence<n...>) {
    return std::array<StringCompare, sizeof...(n)>{StringCompare{&with<n>}...};
  }
  // Lengths count up to 16, whatever their sign.
  static std::uint32_t length(Core& c, const Insn& i, Gpr number) {
    const std::int64_t value = i.operand_size == 8 ? static_cast<std::int64_t>(c.s.gpr[number])
                                                   : static_cast<std::int32_t>(c.s.gpr[number]);
    return value > -16 && value < 16 ? static_cast<std::uint32_t>(value < 0 ? -value : value) : 16;
  }
  static bool run(Core& c, const Insn& i, Vec& d, Vec s) {
    static constexpr auto kTable = table(std::make_index_sequence<128>{});
    StringResult r;
    kTable[i.imm & 0x7f].run(d, s, length(c, i, kRax), length(c, i, kRdx), r);
    c.lf.load((r.carry ? flag::kCf : 0) | (r.zero ? flag::kZf : 0) | (r.sign ? flag::kSf : 0) |
              (r.overflow ? flag::kOf : 0));
    if constexpr (to_mask) {
      // By type: g++ 12 does not compare functions in a constant expression under UBSan.
      if constexpr (std::is_same_v<Usable<usable>, Usable<avx_usable>>) {
        set_vex128(c, 0, r.mask);
      } else {
        set_xmm(c, 0, r.mask);
      }
    } else {
      c.set_reg<std::uint32_t>(kRcx * 8, r.index);
    }
    return true;
  }
  // The result is implicit, and memory need not be aligned.
  static Flow reg(Core& c, const Insn& i) {
    if (!usable(c)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    run(c, i, d, xmm(c, i.src));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    Vec s;
    if (!usable(c) || !read_operand<16, Aligned::kNo>(c, i, s)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    run(c, i, d, s);
    return Flow::kNext;
  }
};

}  // namespace

void add_shuffle_forms(SimdForms& forms) {
  using enum Operand;
#define ICE86_ROW(NAME, ISA, DST, SRC, BYTES, IMM, ...)                                           \
  {                                                                                               \
    using Family = __VA_ARGS__;                                                                   \
    forms.push_back(                                                                              \
        {ZYDIS_MNEMONIC_##NAME, Feature::ISA, DST, SRC, BYTES, IMM, &Family::reg, &Family::mem}); \
  }
#define ICE86_IMM_ROW(NAME, ISA) \
  ICE86_ROW(NAME, ISA, kXmm, kXmmMem, 16, true, XmmForm<Op##NAME, 16>)
  ICE86_IMM_ROW(PSHUFD, kSse2)
  ICE86_IMM_ROW(PSHUFLW, kSse2)
  ICE86_IMM_ROW(PSHUFHW, kSse2)
  ICE86_IMM_ROW(SHUFPS, kSse)
  ICE86_IMM_ROW(SHUFPD, kSse2)
  ICE86_IMM_ROW(BLENDPS, kSse4_1)
  ICE86_IMM_ROW(BLENDPD, kSse4_1)
  ICE86_IMM_ROW(PBLENDW, kSse4_1)
  ICE86_IMM_ROW(MPSADBW, kSse4_1)
  ICE86_IMM_ROW(PALIGNR, kSsse3)
  ICE86_IMM_ROW(AESKEYGENASSIST, kAes)
  ICE86_IMM_ROW(PCLMULQDQ, kPclmulqdq)
  ICE86_ROW(PSHUFW, kSse, kMmx, kMmxMem, 8, true, MmxForm<OpPSHUFLW, 8>)
  ICE86_ROW(PALIGNR, kSsse3, kMmx, kMmxMem, 8, true, MmxForm<OpMmxPalignr, 8>)
  ICE86_ROW(PBLENDVB, kSse4_1, kXmm, kXmmMem, 16, false, XmmForm<OpPBLENDVB, 16>)
  ICE86_ROW(BLENDVPS, kSse4_1, kXmm, kXmmMem, 16, false, XmmForm<OpBLENDVPS, 16>)
  ICE86_ROW(BLENDVPD, kSse4_1, kXmm, kXmmMem, 16, false, XmmForm<OpBLENDVPD, 16>)
  ICE86_ROW(PTEST, kSse4_1, kXmm, kXmmMem, 16, false, XmmForm<OpPTEST, 16>)
  forms.push_back({ZYDIS_MNEMONIC_INSERTPS, Feature::kSse4_1, kXmm, kXmmMem, 4, true,
                   &XmmForm<OpINSERTPS, 4>::reg, &XmmForm<OpInsertpsMem, 4>::mem});

  ICE86_ROW(PEXTRB, kSse4_1, kGprMem, kXmm, 1, true, Extract<std::uint8_t>)
  // Into a general register since SSE2 (0F C5); the encoding that also has memory came with SSE4.1.
  forms.push_back({ZYDIS_MNEMONIC_PEXTRW, Feature::kSse2, kGpr, kXmm, 0, true,
                   &Extract<std::uint16_t>::reg, nullptr});
  ICE86_ROW(PEXTRW, kSse4_1, kGprMem, kXmm, 2, true, Extract<std::uint16_t>)
  ICE86_ROW(PEXTRD, kSse4_1, kGprMem, kXmm, 4, true, Extract<std::uint32_t>)
  ICE86_ROW(PEXTRQ, kSse4_1, kGpr64Mem, kXmm, 8, true, Extract<std::uint64_t>)
  ICE86_ROW(EXTRACTPS, kSse4_1, kGprMem, kXmm, 4, true, Extract<std::uint32_t>)
  ICE86_ROW(PINSRB, kSse4_1, kXmm, kGprMem, 1, true, Insert<std::uint8_t>)
  ICE86_ROW(PINSRW, kSse2, kXmm, kGprMem, 2, true, Insert<std::uint16_t>)
  ICE86_ROW(PINSRD, kSse4_1, kXmm, kGprMem, 4, true, Insert<std::uint32_t>)
  ICE86_ROW(PINSRQ, kSse4_1, kXmm, kGpr64Mem, 8, true, Insert<std::uint64_t>)
  ICE86_ROW(PINSRW, kSse, kMmx, kGprMem, 2, true, MmxPinsrw)
  forms.push_back(
      {ZYDIS_MNEMONIC_PEXTRW, Feature::kSse, kGpr, kMmx, 0, true, &mmx_pextrw, nullptr});

  ICE86_ROW(PCMPESTRI, kSse4_2, kXmm, kXmmMem, 16, true, StringOp<true, false>)
  ICE86_ROW(PCMPESTRM, kSse4_2, kXmm, kXmmMem, 16, true, StringOp<true, true>)
  ICE86_ROW(PCMPISTRI, kSse4_2, kXmm, kXmmMem, 16, true, StringOp<false, false>)
  ICE86_ROW(PCMPISTRM, kSse4_2, kXmm, kXmmMem, 16, true, StringOp<false, true>)

  using enum Sources;
#define ICE86_VEX_IMM(NAME, WIDE, SOURCES)                            \
  add_vex128<Op##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, SOURCES, true); \
  add_vex256<Op##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::WIDE, SOURCES, true);
  ICE86_VEX_IMM(PSHUFD, kAvx2, kOne)
  ICE86_VEX_IMM(PSHUFLW, kAvx2, kOne)
  ICE86_VEX_IMM(PSHUFHW, kAvx2, kOne)
  ICE86_VEX_IMM(SHUFPS, kAvx, kTwo)
  ICE86_VEX_IMM(SHUFPD, kAvx, kTwo)
  ICE86_VEX_IMM(BLENDPS, kAvx, kTwo)
  ICE86_VEX_IMM(BLENDPD, kAvx, kTwo)
  ICE86_VEX_IMM(PBLENDW, kAvx2, kTwo)
  ICE86_VEX_IMM(MPSADBW, kAvx2, kTwo)
  ICE86_VEX_IMM(PALIGNR, kAvx2, kTwo)
  add_vex128<OpAESKEYGENASSIST>(forms, ZYDIS_MNEMONIC_VAESKEYGENASSIST, kOne, true);
  add_vex128<OpPCLMULQDQ>(forms, ZYDIS_MNEMONIC_VPCLMULQDQ, kTwo, true);
#define ICE86_VEX_BLENDV(NAME, WIDE)                                         \
  add_vex128<Vex##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, kTwo);                \
  forms.back().fourth = true;                                                \
  add_vex256<Vex##NAME>(forms, ZYDIS_MNEMONIC_V##NAME, Feature::WIDE, kTwo); \
  forms.back().fourth = true;
  ICE86_VEX_BLENDV(PBLENDVB, kAvx2)
  ICE86_VEX_BLENDV(BLENDVPS, kAvx)
  ICE86_VEX_BLENDV(BLENDVPD, kAvx)
#define ICE86_VEX_TEST(NAME, BITS)                                                                 \
  add_vex<VexNoResult<OpTest<BITS>, 16>>(forms, ZYDIS_MNEMONIC_##NAME, Feature::kAvx, kXmm, kNone, \
                                         kXmmMem, 16, false);                                      \
  add_vex<VexTest256<BITS>>(forms, ZYDIS_MNEMONIC_##NAME, Feature::kAvx, kYmm, kNone, kYmmMem, 32, \
                            false);
  ICE86_VEX_TEST(VPTEST, kAllBits)
  ICE86_VEX_TEST(VTESTPS, kSignsPs)
  ICE86_VEX_TEST(VTESTPD, kSignsPd)
#define ICE86_VEX_ELEMENT(NAME, DST, FIRST, SRC, BYTES, ...) \
  add_vex<__VA_ARGS__>(forms, ZYDIS_MNEMONIC_##NAME, Feature::kAvx, DST, FIRST, SRC, BYTES, true);
  ICE86_VEX_ELEMENT(VINSERTPS, kXmm, kXmm, kXmmMem, 4, VexInsertps)
  ICE86_VEX_ELEMENT(VPEXTRB, kGprMem, kNone, kXmm, 1, Extract<std::uint8_t, avx_usable>)
  ICE86_VEX_ELEMENT(VPEXTRW, kGprMem, kNone, kXmm, 2, Extract<std::uint16_t, avx_usable>)
  ICE86_VEX_ELEMENT(VPEXTRD, kGprMem, kNone, kXmm, 4, Extract<std::uint32_t, avx_usable>)
  ICE86_VEX_ELEMENT(VPEXTRQ, kGpr64Mem, kNone, kXmm, 8, Extract<std::uint64_t, avx_usable>)
  ICE86_VEX_ELEMENT(VEXTRACTPS, kGprMem, kNone, kXmm, 4, Extract<std::uint32_t, avx_usable>)
  ICE86_VEX_ELEMENT(VPINSRB, kXmm, kXmm, kGprMem, 1, VexInsert<std::uint8_t>)
  ICE86_VEX_ELEMENT(VPINSRW, kXmm, kXmm, kGprMem, 2, VexInsert<std::uint16_t>)
  ICE86_VEX_ELEMENT(VPINSRD, kXmm, kXmm, kGprMem, 4, VexInsert<std::uint32_t>)
  ICE86_VEX_ELEMENT(VPINSRQ, kXmm, kXmm, kGpr64Mem, 8, VexInsert<std::uint64_t>)
#define ICE86_VEX_STRING(NAME, EXPLICIT, MASK) \
  ICE86_VEX_ELEMENT(NAME, kXmm, kNone, kXmmMem, 16, StringOp<EXPLICIT, MASK, avx_usable>)
  ICE86_VEX_STRING(VPCMPESTRI, true, false)
  ICE86_VEX_STRING(VPCMPESTRM, true, true)
  ICE86_VEX_STRING(VPCMPISTRI, false, false)
  ICE86_VEX_STRING(VPCMPISTRM, false, true)
}

}  // namespace ice86::cpu
