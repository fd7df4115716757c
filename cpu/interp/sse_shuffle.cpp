// SPDX-License-Identifier: LGPL-2.1-or-later
// Shuffles, blends, inserts, extracts, PTEST, PCLMULQDQ, AESKEYGENASSIST, string comparison of
// SSE4.2.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/simd.h"

namespace ice86::cpu {

namespace {

ICE86_SIMD_IMM_OP(PSHUFD, 255)
ICE86_SIMD_IMM_OP(PSHUFLW, 255)
ICE86_SIMD_IMM_OP(PSHUFHW, 255)
ICE86_SIMD_IMM_OP(SHUFPS, 255)
ICE86_SIMD_IMM_OP(SHUFPD, 3)
ICE86_SIMD_IMM_OP(BLENDPS, 15)
ICE86_SIMD_IMM_OP(BLENDPD, 3)
ICE86_SIMD_IMM_OP(PBLENDW, 255)
ICE86_SIMD_IMM_OP(MPSADBW, 7)
ICE86_SIMD_IMM_OP(INSERTPS, 255)
ICE86_SIMD_IMM_OP(AESKEYGENASSIST, 255)
ICE86_SIMD_IMM_OP(PCLMULQDQ, 31)

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

// Variable blends: the mask is XMM0 (constraint Yz).
#define ICE86_BLENDV_OP(NAME)                                           \
  struct Op##NAME {                                                     \
    static bool run(Core& c, const Insn&, Vec& d, Vec s) {              \
      asm(#NAME " %%xmm0, %1, %0" : "+x"(d) : "x"(s), "Yz"(xmm(c, 0))); \
      return true;                                                      \
    }                                                                   \
  };
ICE86_BLENDV_OP(PBLENDVB)
ICE86_BLENDV_OP(BLENDVPS)
ICE86_BLENDV_OP(BLENDVPD)

struct OpPTEST {
  static bool run(Core& c, const Insn&, Vec& d, Vec s) {
    const Vec both = _mm_and_si128(d, s);
    const Vec only_source = _mm_andnot_si128(d, s);
    const bool zero = (low_half(both) | high_half(both)) == 0;
    const bool carry = (low_half(only_source) | high_half(only_source)) == 0;
    c.lf.load((zero ? flag::kZf : 0) | (carry ? flag::kCf : 0));
    return true;
  }
};

// ---- Inserts and extracts ----

template <typename T>
T element(const Core& c, unsigned number, std::uint64_t which) {
  constexpr unsigned kPerHalf = 8 / sizeof(T);
  const auto index = static_cast<unsigned>(which % (2 * kPerHalf));
  return static_cast<T>(c.s.ymm[number][index / kPerHalf] >> index % kPerHalf * sizeof(T) * 8);
}

template <typename T>
struct Extract {
  using Wide = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    c.set_reg<Wide>(i.dst, element<T>(c, i.src, i.imm));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
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

template <bool explicit_length, bool to_mask>
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
      set_xmm(c, 0, r.mask);
    } else {
      c.set_reg<std::uint32_t>(kRcx * 8, r.index);
    }
    return true;
  }
  // The result is implicit, and memory need not be aligned.
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    run(c, i, d, xmm(c, i.src));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    Vec s;
    if (!sse_usable(c) || !read_operand<16, Aligned::kNo>(c, i, s)) return Flow::kFault;
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
}

}  // namespace ice86::cpu
