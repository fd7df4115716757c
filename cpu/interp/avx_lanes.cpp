// SPDX-License-Identifier: LGPL-2.1-or-later
// What AVX and AVX2 added beyond three operands and width: broadcasts, moves across lanes, variable
// shifts, masked loads and stores, gathers.
// Reference: Intel SDM vol. 2.
#include <cstring>

#include "cpu/interp/avx.h"

namespace ice86::cpu {

namespace {

// A YMM register as elements.
template <typename T>
struct Elements32 {
  static constexpr unsigned kCount = 32 / sizeof(T);
  T at[kCount];
  explicit Elements32(const Core& c, unsigned number) {
    std::memcpy(at, c.s.ymm[number].data(), sizeof at);
  }
  Elements32() { std::memset(at, 0, sizeof at); }
};
// Writes the lower `bytes`; the rest of the register becomes zero.
template <typename T>
void set_elements(Core& c, unsigned number, const Elements32<T>& value, unsigned bytes) {
  c.s.ymm[number] = {};
  std::memcpy(c.s.ymm[number].data(), value.at, bytes);
}

// The source of the widths below: a register, or `bytes` of memory.
template <unsigned bytes, typename T>
[[nodiscard]] bool read_elements(Core& c, const Insn& i, Elements32<T>& value) {
  Ymm wide{_mm_setzero_si128(), _mm_setzero_si128()};
  if constexpr (bytes == 32) {
    if (!read256(c, i.segment, c.effective(i), wide)) return false;
  } else {
    if (!read_operand<bytes, Aligned::kNo>(c, i, wide.low)) return false;
  }
  std::memcpy(value.at, &wide, sizeof value.at);
  return true;
}

// Op::run(core, insn, source elements): from a register or memory of `source` bytes.
template <typename Op, typename T, unsigned source>
struct FromSource {
  static Flow reg(Core& c, const Insn& i) {
    return avx_usable(c) ? Op::run(c, i, Elements32<T>(c, i.src)) : Flow::kFault;
  }
  static Flow mem(Core& c, const Insn& i) {
    Elements32<T> s;
    if (!avx_usable(c) || !read_elements<source>(c, i, s)) return Flow::kFault;
    return Op::run(c, i, s);
  }
};

// ---- Broadcasts ----

template <typename T, unsigned bytes>
struct Broadcast {
  static Flow run(Core& c, const Insn& i, const Elements32<T>& s) {
    Elements32<T> d;
    for (T& element : d.at) element = s.at[0];
    set_elements(c, i.dst, d, bytes);
    return Flow::kNext;
  }
};
struct Broadcast128 {
  static Flow run(Core& c, const Insn& i, const Elements32<std::uint64_t>& s) {
    c.s.ymm[i.dst] = {s.at[0], s.at[1], s.at[0], s.at[1]};
    return Flow::kNext;
  }
};

// ---- Across lanes ----

struct Insert128 {
  static Flow run(Core& c, const Insn& i, const Elements32<std::uint64_t>& s) {
    auto d = c.s.ymm[i.code];
    const unsigned at = i.imm & 1 ? 2 : 0;
    d[at] = s.at[0];
    d[at + 1] = s.at[1];
    c.s.ymm[i.dst] = d;
    return Flow::kNext;
  }
};
struct Extract128 {
  static Vec part(const Core& c, const Insn& i) {
    const Ymm s = ymm(c, i.src);
    return (i.imm & 1) != 0 ? s.high : s.low;
  }
  static Flow reg(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    set_vex128(c, i.dst, part(c, i));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    return write128<Aligned::kNo>(c, i.segment, c.effective(i), part(c, i)) ? Flow::kNext
                                                                            : Flow::kFault;
  }
};
struct Permute128 {
  static Flow run(Core& c, const Insn& i, const Elements32<std::uint64_t>& s) {
    const auto first = c.s.ymm[i.code];
    std::array<std::uint64_t, 4> d{};
    for (unsigned lane = 0; lane < 2; ++lane) {
      const auto control = static_cast<unsigned>(i.imm >> (4 * lane));
      if ((control & 8) != 0) continue;
      for (unsigned n = 0; n < 2; ++n) {
        const unsigned from = (control & 1) * 2 + n;
        d[lane * 2 + n] = (control & 2) != 0 ? s.at[from] : first[from];
      }
    }
    c.s.ymm[i.dst] = d;
    return Flow::kNext;
  }
};
// VPERMD, VPERMPS: the first source has the indices.
struct PermuteDwords {
  static Flow run(Core& c, const Insn& i, const Elements32<std::uint32_t>& s) {
    const Elements32<std::uint32_t> index(c, i.code);
    Elements32<std::uint32_t> d;
    for (unsigned n = 0; n < 8; ++n) d.at[n] = s.at[index.at[n] & 7];
    set_elements(c, i.dst, d, 32);
    return Flow::kNext;
  }
};
struct PermuteQwords {
  static Flow run(Core& c, const Insn& i, const Elements32<std::uint64_t>& s) {
    std::array<std::uint64_t, 4> d{};
    for (unsigned n = 0; n < 4; ++n) d[n] = s.at[i.imm >> (2 * n) & 3];
    c.s.ymm[i.dst] = d;
    return Flow::kNext;
  }
};

// ---- Within lanes ----

// VPERMILPS, VPERMILPD: by an immediate of `s`, or by the second source of the first.
template <typename T, unsigned bytes>
struct PermuteInLanesImm {
  static Flow run(Core& c, const Insn& i, const Elements32<T>& s) {
    constexpr unsigned kPerLane = 16 / sizeof(T);
    Elements32<T> d;
    for (unsigned n = 0; n < Elements32<T>::kCount; ++n) {
      const unsigned choice = kPerLane == 4 ? i.imm >> (2 * (n % 4)) & 3 : i.imm >> n & 1;
      d.at[n] = s.at[n / kPerLane * kPerLane + choice];
    }
    set_elements(c, i.dst, d, bytes);
    return Flow::kNext;
  }
};
template <typename T, unsigned bytes>
struct PermuteInLanes {
  static Flow run(Core& c, const Insn& i, const Elements32<T>& s) {
    constexpr unsigned kPerLane = 16 / sizeof(T);
    const Elements32<T> first(c, i.code);
    Elements32<T> d;
    for (unsigned n = 0; n < Elements32<T>::kCount; ++n) {
      const auto choice = static_cast<unsigned>(kPerLane == 4 ? s.at[n] & 3 : s.at[n] >> 1 & 1);
      d.at[n] = first.at[n / kPerLane * kPerLane + choice];
    }
    set_elements(c, i.dst, d, bytes);
    return Flow::kNext;
  }
};

template <unsigned bytes>
struct BlendDwords {
  static Flow run(Core& c, const Insn& i, const Elements32<std::uint32_t>& s) {
    Elements32<std::uint32_t> d(c, i.code);
    for (unsigned n = 0; n < 8; ++n) {
      if ((i.imm >> n & 1) != 0) d.at[n] = s.at[n];
    }
    set_elements(c, i.dst, d, bytes);
    return Flow::kNext;
  }
};

enum class VariableShift { kLeft, kRight, kArithmetic };
template <VariableShift how, typename T, unsigned bytes>
struct ShiftVariable {
  static Flow run(Core& c, const Insn& i, const Elements32<T>& s) {
    constexpr T kBits = sizeof(T) * 8;
    Elements32<T> d(c, i.code);
    for (unsigned n = 0; n < Elements32<T>::kCount; ++n) {
      const T count = s.at[n];
      if constexpr (how == VariableShift::kArithmetic) {
        d.at[n] = static_cast<T>(static_cast<std::make_signed_t<T>>(d.at[n]) >>
                                 (count < kBits ? count : kBits - 1));
      } else if (count >= kBits) {
        d.at[n] = 0;
      } else {
        d.at[n] = how == VariableShift::kLeft ? d.at[n] << count : d.at[n] >> count;
      }
    }
    set_elements(c, i.dst, d, bytes);
    return Flow::kNext;
  }
};

// ---- Masked memory ----

// Elements whose mask has its top bit set; what the mask leaves out is not accessed.
template <typename T, unsigned bytes>
struct MaskedMove {
  static constexpr unsigned kCount = bytes / sizeof(T);
  static bool selected(T mask) { return mask >> (sizeof(T) * 8 - 1) != 0; }
  static Flow load(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    const Elements32<T> mask(c, i.code);
    Elements32<T> d;
    const std::uint64_t offset = c.effective(i);
    for (unsigned n = 0; n < kCount; ++n) {
      if (selected(mask.at[n]) && !c.read<T>(i.segment, offset + n * sizeof(T), d.at[n]))
        return Flow::kFault;
    }
    set_elements(c, i.dst, d, bytes);
    return Flow::kNext;
  }
  static Flow store(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    const Elements32<T> mask(c, i.code);
    const Elements32<T> value(c, i.src);
    const std::uint64_t offset = c.effective(i);
    for (unsigned n = 0; n < kCount; ++n) {
      if (selected(mask.at[n]) && !c.check_write<T>(i.segment, offset + n * sizeof(T)))
        return Flow::kFault;
    }
    for (unsigned n = 0; n < kCount; ++n) {
      if (selected(mask.at[n]) && !c.write<T>(i.segment, offset + n * sizeof(T), value.at[n]))
        return Flow::kFault;
    }
    return Flow::kNext;
  }
};

// Gathers: `count` elements; Insn::index is the vector register of indices, src the mask. What has
// been loaded before a fault stays loaded, with its mask bit cleared.
template <typename Index, typename T, unsigned count>
Flow gather(Core& c, const Insn& i) {
  if (!avx_usable(c)) return Flow::kFault;
  if (i.dst == i.index || i.dst == i.src || i.index == i.src) return c.raised(kUd);
  const Elements32<Index> index(c, i.index);
  Elements32<T> d(c, i.dst);
  Elements32<T> mask(c, i.src);
  const std::uint64_t base = load_le<std::uint64_t>(c.raw() + i.base);
  const std::uint64_t address_mask = i.address_size == 2 ? ~std::uint64_t{0} : 0xffffffff;
  const auto keep = [&] {
    set_elements(c, i.dst, d, count * sizeof(T));
    set_elements(c, i.src, mask, count * sizeof(T));
  };
  for (unsigned n = 0; n < count; ++n) {
    if (mask.at[n] >> (sizeof(T) * 8 - 1) != 0) {
      const auto scaled = static_cast<std::uint64_t>(static_cast<std::int64_t>(index.at[n]))
                          << i.scale;
      const std::uint64_t offset =
          (base + scaled + static_cast<std::uint64_t>(static_cast<std::int64_t>(i.disp))) &
          address_mask;
      if (!c.read<T>(i.segment, offset, d.at[n])) {
        keep();
        return Flow::kFault;
      }
    }
    mask.at[n] = 0;
  }
  keep();
  return Flow::kNext;
}

// The decoder leaves the width of the indices in Insn::operand_size.
Flow gather_dwords_by_qwords(Core& c, const Insn& i) {
  return i.operand_size == 32 ? gather<std::int64_t, std::uint32_t, 4>(c, i)
                              : gather<std::int64_t, std::uint32_t, 2>(c, i);
}

}  // namespace

void add_avx_lane_forms(SimdForms& forms) {
  using enum Operand;
  using U8 = std::uint8_t;
  using U16 = std::uint16_t;
  using U32 = std::uint32_t;
  using U64 = std::uint64_t;
#define ICE86_ROW(NAME, ISA, DST, FIRST, SRC, BYTES, IMM, ...) \
  add_vex<__VA_ARGS__>(forms, ZYDIS_MNEMONIC_##NAME, Feature::ISA, DST, FIRST, SRC, BYTES, IMM);
  // From memory with AVX, from registers with AVX2.
  const auto add_split = [&](ZydisMnemonic mnemonic, Operand dst, unsigned memory, Handler reg,
                             Handler mem) {
    const auto bytes = static_cast<U8>(memory);
    forms.push_back({mnemonic, Feature::kAvx, dst, kMem, bytes, false, nullptr, mem, true});
    if (reg != nullptr)
      forms.push_back({mnemonic, Feature::kAvx2, dst, kXmm, 0, false, reg, nullptr, true});
  };
  using Ss128 = FromSource<Broadcast<U32, 16>, U32, 4>;
  using Ss256 = FromSource<Broadcast<U32, 32>, U32, 4>;
  using Sd256 = FromSource<Broadcast<U64, 32>, U64, 8>;
  using Both = FromSource<Broadcast128, U64, 16>;
  add_split(ZYDIS_MNEMONIC_VBROADCASTSS, kXmm, 4, &Ss128::reg, &Ss128::mem);
  add_split(ZYDIS_MNEMONIC_VBROADCASTSS, kYmm, 4, &Ss256::reg, &Ss256::mem);
  add_split(ZYDIS_MNEMONIC_VBROADCASTSD, kYmm, 8, &Sd256::reg, &Sd256::mem);
  add_split(ZYDIS_MNEMONIC_VBROADCASTF128, kYmm, 16, nullptr, &Both::mem);
  forms.push_back({ZYDIS_MNEMONIC_VBROADCASTI128, Feature::kAvx2, kYmm, kMem, 16, false, nullptr,
                   &Both::mem, true});
#define ICE86_BROADCAST(NAME, TYPE)                                 \
  ICE86_ROW(NAME, kAvx2, kXmm, kNone, kXmmMem, sizeof(TYPE), false, \
            FromSource<Broadcast<TYPE, 16>, TYPE, sizeof(TYPE)>)    \
  ICE86_ROW(NAME, kAvx2, kYmm, kNone, kXmmMem, sizeof(TYPE), false, \
            FromSource<Broadcast<TYPE, 32>, TYPE, sizeof(TYPE)>)
  ICE86_BROADCAST(VPBROADCASTB, U8)
  ICE86_BROADCAST(VPBROADCASTW, U16)
  ICE86_BROADCAST(VPBROADCASTD, U32)
  ICE86_BROADCAST(VPBROADCASTQ, U64)

  ICE86_ROW(VINSERTF128, kAvx, kYmm, kYmm, kXmmMem, 16, true, FromSource<Insert128, U64, 16>)
  ICE86_ROW(VINSERTI128, kAvx2, kYmm, kYmm, kXmmMem, 16, true, FromSource<Insert128, U64, 16>)
  ICE86_ROW(VEXTRACTF128, kAvx, kXmmMem, kNone, kYmm, 16, true, Extract128)
  ICE86_ROW(VEXTRACTI128, kAvx2, kXmmMem, kNone, kYmm, 16, true, Extract128)
  ICE86_ROW(VPERM2F128, kAvx, kYmm, kYmm, kYmmMem, 32, true, FromSource<Permute128, U64, 32>)
  ICE86_ROW(VPERM2I128, kAvx2, kYmm, kYmm, kYmmMem, 32, true, FromSource<Permute128, U64, 32>)
  ICE86_ROW(VPERMD, kAvx2, kYmm, kYmm, kYmmMem, 32, false, FromSource<PermuteDwords, U32, 32>)
  ICE86_ROW(VPERMPS, kAvx2, kYmm, kYmm, kYmmMem, 32, false, FromSource<PermuteDwords, U32, 32>)
  ICE86_ROW(VPERMQ, kAvx2, kYmm, kNone, kYmmMem, 32, true, FromSource<PermuteQwords, U64, 32>)
  ICE86_ROW(VPERMPD, kAvx2, kYmm, kNone, kYmmMem, 32, true, FromSource<PermuteQwords, U64, 32>)

#define ICE86_WIDTHS(NAME, ISA, IMM, HAS_FIRST, TYPE, OP)                                         \
  ICE86_ROW(NAME, ISA, kXmm, HAS_FIRST ? kXmm : kNone, kXmmMem, 16, IMM, FromSource<OP 16>, TYPE, \
            16 >)                                                                                 \
  ICE86_ROW(NAME, ISA, kYmm, HAS_FIRST ? kYmm : kNone, kYmmMem, 32, IMM, FromSource<OP 32>, TYPE, \
            32 >)
#define ICE86_COMMA ,
  ICE86_WIDTHS(VPERMILPS, kAvx, true, false, U32, PermuteInLanesImm < U32 ICE86_COMMA)
  ICE86_WIDTHS(VPERMILPD, kAvx, true, false, U64, PermuteInLanesImm < U64 ICE86_COMMA)
  ICE86_WIDTHS(VPERMILPS, kAvx, false, true, U32, PermuteInLanes < U32 ICE86_COMMA)
  ICE86_WIDTHS(VPERMILPD, kAvx, false, true, U64, PermuteInLanes < U64 ICE86_COMMA)
  ICE86_WIDTHS(VPBLENDD, kAvx2, true, true, U32, BlendDwords <)
#define ICE86_VSHIFT(NAME, HOW, TYPE)          \
  ICE86_WIDTHS(NAME, kAvx2, false, true, TYPE, \
               ShiftVariable < VariableShift::HOW ICE86_COMMA TYPE ICE86_COMMA)
  ICE86_VSHIFT(VPSLLVD, kLeft, U32)
  ICE86_VSHIFT(VPSLLVQ, kLeft, U64)
  ICE86_VSHIFT(VPSRLVD, kRight, U32)
  ICE86_VSHIFT(VPSRLVQ, kRight, U64)
  ICE86_VSHIFT(VPSRAVD, kArithmetic, U32)

  const auto add_masked = [&](ZydisMnemonic mnemonic, Feature feature, Operand width,
                              unsigned memory, Handler load, Handler store) {
    const auto bytes = static_cast<U8>(memory);
    forms.push_back({mnemonic, feature, width, kMem, bytes, false, nullptr, load, true, width});
    forms.push_back({mnemonic, feature, kMem, width, bytes, false, nullptr, store, true, width});
  };
#define ICE86_MASKED(NAME, ISA, TYPE)                                                    \
  add_masked(ZYDIS_MNEMONIC_##NAME, Feature::ISA, kXmm, 16, &MaskedMove<TYPE, 16>::load, \
             &MaskedMove<TYPE, 16>::store);                                              \
  add_masked(ZYDIS_MNEMONIC_##NAME, Feature::ISA, kYmm, 32, &MaskedMove<TYPE, 32>::load, \
             &MaskedMove<TYPE, 32>::store);
  const auto add_gather = [&](ZydisMnemonic mnemonic, Operand width, unsigned element,
                              Handler handler) {
    forms.push_back({mnemonic, Feature::kAvx2, width, width, static_cast<U8>(element), false,
                     nullptr, handler, true, kMem});
  };
  for (const ZydisMnemonic mnemonic : {ZYDIS_MNEMONIC_VGATHERDPS, ZYDIS_MNEMONIC_VPGATHERDD}) {
    add_gather(mnemonic, kXmm, 4, &gather<std::int32_t, U32, 4>);
    add_gather(mnemonic, kYmm, 4, &gather<std::int32_t, U32, 8>);
  }
  for (const ZydisMnemonic mnemonic : {ZYDIS_MNEMONIC_VGATHERDPD, ZYDIS_MNEMONIC_VPGATHERDQ}) {
    add_gather(mnemonic, kXmm, 8, &gather<std::int32_t, U64, 2>);
    add_gather(mnemonic, kYmm, 8, &gather<std::int32_t, U64, 4>);
  }
  for (const ZydisMnemonic mnemonic : {ZYDIS_MNEMONIC_VGATHERQPD, ZYDIS_MNEMONIC_VPGATHERQQ}) {
    add_gather(mnemonic, kXmm, 8, &gather<std::int64_t, U64, 2>);
    add_gather(mnemonic, kYmm, 8, &gather<std::int64_t, U64, 4>);
  }
  // Two or four results in an XMM register.
  for (const ZydisMnemonic mnemonic : {ZYDIS_MNEMONIC_VGATHERQPS, ZYDIS_MNEMONIC_VPGATHERQD})
    add_gather(mnemonic, kXmm, 4, &gather_dwords_by_qwords);

  ICE86_MASKED(VMASKMOVPS, kAvx, U32)
  ICE86_MASKED(VMASKMOVPD, kAvx, U64)
  ICE86_MASKED(VPMASKMOVD, kAvx2, U32)
  ICE86_MASKED(VPMASKMOVQ, kAvx2, U64)
}

}  // namespace ice86::cpu
