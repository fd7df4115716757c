// SPDX-License-Identifier: LGPL-2.1-or-later
// What the handlers of MMX and SSE instructions are made from. An operation is a type with
// `run(core, insn, destination, source)` that works on 128-bit values with the host's own
// instruction; the forms below add operands, checks and the registers they stand in.
// In these handlers Insn::dst and Insn::src are register numbers, not offsets, for XMM and MMX
// registers.
// Reference: Intel SDM vol. 1 chapters 9 to 12, vol. 2 tables 2-18 to 2-22 (exception classes),
// vol. 3A section 2.5 and chapter 12.
#pragma once

#include <emmintrin.h>

#include <cstdint>
#include <utility>

#include "cpu/core.h"
#include "cpu/interp/simd_forms.h"
#include "cpu/x87.h"

namespace ice86::cpu {

using Vec = __m128i;

// The lanes of a YMM register.
struct Ymm {
  Vec low;
  Vec high;
};

inline Vec xmm(const Core& c, unsigned number) {
  return _mm_loadu_si128(reinterpret_cast<const Vec*>(c.s.ymm[number].data()));
}
inline void set_xmm(Core& c, unsigned number, Vec value) {
  _mm_storeu_si128(reinterpret_cast<Vec*>(c.s.ymm[number].data()), value);
}
inline Vec vec(std::uint64_t low, std::uint64_t high = 0) {
  return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}
inline std::uint64_t low_half(Vec value) {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(value));
}
inline std::uint64_t high_half(Vec value) {
  return low_half(_mm_unpackhi_epi64(value, value));
}

// ---- Checks ----

// #UD with CR0.EM or without CR4.OSFXSR, #NM with CR0.TS (SDM vol. 3A section 2.5).
inline bool sse_usable(Core& c) {
  const std::uint64_t obstacles = (c.s.cr0 & (cr0::kEm | cr0::kTs)) | (~c.s.cr4 & cr4::kOsfxsr);
  if (obstacles == 0) [[likely]]
    return true;
  return c.raise((obstacles & (cr0::kEm | cr4::kOsfxsr)) != 0 ? kUd : kNm);
}

// Before an MMX instruction: a pending x87 exception comes first (SDM vol. 3A section 12.6). Not
// kNext is what the handler returns.
inline Flow start_mmx(Core& c) {
  if ((c.s.cr0 & cr0::kEm) != 0) [[unlikely]]
    return c.raised(kUd);
  return x87::start(c);
}

// An MMX instruction that completes makes all x87 registers valid and TOS 0 (SDM vol. 3A table
// 12-1).
inline void enter_mmx(Core& c) {
  x87::set_top(c.s, 0);
  c.s.x87_empty = 0;
}
inline std::uint64_t mm(const Core& c, unsigned number) {
  return c.s.x87[number].significand;
}
inline void set_mm(Core& c, unsigned number, std::uint64_t value) {
  c.s.x87[number] = {value, 0xffff};
}

// ---- Memory ----

// 16-byte operands of legacy SSE instructions must be aligned, but for the few that say otherwise.
enum class Aligned : bool { kNo, kYes };

template <Aligned aligned>
[[nodiscard]] inline bool read128(Core& c, unsigned segment, std::uint64_t offset, Vec& value) {
  const Core::SegmentView& view = c.views[segment];
  const std::uint64_t linear = (view.base + offset) & c.linear_mask;
  if constexpr (aligned == Aligned::kYes) {  // before the limit, as AMD Zen has it
    if ((linear & 15) != 0) return c.raise(kGp, 0);
  }
  if (offset + 15 >= view.readable) [[unlikely]] {
    if (!c.check_segment(segment, offset, 16, Access::kRead)) return false;
  }
  const Core::TlbEntry& entry =
      c.tlb[static_cast<unsigned>(c.rights)][linear >> kPageBits & Core::kTlbMask];
  if (entry.read_tag == (linear & ~kPageMask) && (linear & kPageMask) <= kPageSize - 16)
      [[likely]] {
    value = _mm_loadu_si128(reinterpret_cast<const Vec*>(entry.read_at(linear)));
    return true;
  }
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (!c.read_linear<std::uint64_t>(linear, low, c.rights) ||
      !c.read_linear<std::uint64_t>((linear + 8) & c.linear_mask, high, c.rights)) {
    return c.stack_fault(segment);
  }
  value = vec(low, high);
  return true;
}

template <Aligned aligned>
[[nodiscard]] inline bool write128(Core& c, unsigned segment, std::uint64_t offset, Vec value) {
  const Core::SegmentView& view = c.views[segment];
  const std::uint64_t linear = (view.base + offset) & c.linear_mask;
  if constexpr (aligned == Aligned::kYes) {  // before the limit, as AMD Zen has it
    if ((linear & 15) != 0) return c.raise(kGp, 0);
  }
  if (offset + 15 >= view.writable) [[unlikely]] {
    if (!c.check_segment(segment, offset, 16, Access::kWrite)) return false;
  }
  const Core::TlbEntry& entry =
      c.tlb[static_cast<unsigned>(c.rights)][linear >> kPageBits & Core::kTlbMask];
  if (entry.write_tag == (linear & ~kPageMask) && (linear & kPageMask) <= kPageSize - 16)
      [[likely]] {
    _mm_storeu_si128(reinterpret_cast<Vec*>(entry.write_at(linear)), value);
    return true;
  }
  // Both pages are writable before either is written.
  return (c.probe_write(linear, 16) &&
          c.write_linear<std::uint64_t>(linear, low_half(value), c.rights) &&
          c.write_linear<std::uint64_t>((linear + 8) & c.linear_mask, high_half(value),
                                        c.rights)) ||
         c.stack_fault(segment);
}

template <unsigned bytes>
struct UintOf;
template <>
struct UintOf<1> {
  using Type = std::uint8_t;
};
template <>
struct UintOf<2> {
  using Type = std::uint16_t;
};
template <>
struct UintOf<4> {
  using Type = std::uint32_t;
};
template <>
struct UintOf<8> {
  using Type = std::uint64_t;
};

// The memory operand of `bytes` bytes, zero-extended.
template <unsigned bytes, Aligned aligned = Aligned::kYes>
[[nodiscard]] inline bool read_operand(Core& c, const Insn& i, Vec& value) {
  if constexpr (bytes == 16) {
    return read128<aligned>(c, i.segment, c.effective(i), value);
  } else {
    typename UintOf<bytes>::Type small{};
    if (!c.read(i.segment, c.effective(i), small)) return false;
    value = vec(small);
    return true;
  }
}

// MASKMOVQ, MASKMOVDQU: bytes of `value` whose mask byte has bit 7 set go to DS:rDI. Faults that
// the whole operand would give come even when no byte of it is stored there (SDM: implementation
// specific with an all-zero mask); no byte is written before all may be.
inline bool store_masked_bytes(Core& c, const Insn& i, Vec value, Vec mask, unsigned bytes) {
  const std::uint64_t offset = c.effective(i);
  const auto selected = static_cast<unsigned>(_mm_movemask_epi8(mask)) & ((1u << bytes) - 1);
  alignas(16) std::uint8_t data[16];
  _mm_store_si128(reinterpret_cast<Vec*>(data), value);
  for (unsigned n = 0; n < bytes; ++n) {
    if ((selected >> n & 1) != 0 && !c.check_write<std::uint8_t>(i.segment, offset + n))
      return false;
  }
  for (unsigned n = 0; n < bytes; ++n) {
    if ((selected >> n & 1) != 0 && !c.write<std::uint8_t>(i.segment, offset + n, data[n]))
      return false;
  }
  return true;
}

// ---- Forms ----

// op xmm, xmm/m: the destination is the first source, too.
template <typename Op, unsigned bytes, Aligned aligned = Aligned::kYes>
struct XmmForm {
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    if (!Op::run(c, i, d, xmm(c, i.src))) return Flow::kFault;
    set_xmm(c, i.dst, d);
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    Vec s;
    if (!read_operand<bytes, aligned>(c, i, s)) return Flow::kFault;
    Vec d = xmm(c, i.dst);
    if (!Op::run(c, i, d, s)) return Flow::kFault;
    set_xmm(c, i.dst, d);
    return Flow::kNext;
  }
};

// How a 64-bit MMX operation follows from the 128-bit one.
enum class MmxBy {
  kLow,   // the lower half does the same
  kJoin,  // horizontal: on source:destination, joined
  kHigh,  // the upper half of the result ("unpack high" is the upper half of "unpack low")
};

template <typename Op, unsigned bytes, MmxBy by = MmxBy::kLow>
struct MmxForm {
  static Flow apply(Core& c, const Insn& i, std::uint64_t source) {
    Vec d = vec(mm(c, i.dst));
    Vec s = vec(source);
    if constexpr (by == MmxBy::kJoin) d = s = _mm_unpacklo_epi64(d, s);
    if (!Op::run(c, i, d, s)) return Flow::kFault;
    enter_mmx(c);
    set_mm(c, i.dst, by == MmxBy::kHigh ? high_half(d) : low_half(d));
    return Flow::kNext;
  }
  static Flow reg(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    return apply(c, i, mm(c, i.src));
  }
  static Flow mem(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    typename UintOf<bytes>::Type s{};
    if (!c.read(i.segment, c.effective(i), s)) return Flow::kFault;
    return apply(c, i, s);
  }
};

// An operation by one host instruction without side effects; the assembler takes upper case.
// Inline assembly, not intrinsics: a compiler may swap operands, and the host instruction needs no
// compiler switch.
#define ICE86_SIMD_OP(NAME)                              \
  struct Op##NAME {                                      \
    static bool run(Core&, const Insn&, Vec& d, Vec s) { \
      asm(#NAME " %1, %0" : "+x"(d) : "x"(s));           \
      return true;                                       \
    }                                                    \
  };

// The same with an immediate: one instance for each value of the bits that matter.
struct ImmediateOp {
  void (*run)(Vec&, Vec);
};
template <typename Op, std::size_t... n>
constexpr auto immediate_table(std::index_sequence<n...>) {
  return std::array<ImmediateOp, sizeof...(n)>{ImmediateOp{&Op::template with<n>}...};
}
// HIGH_SHIFT: where in the immediate the bits for the upper lane of a YMM register begin.
#define ICE86_SIMD_IMM_OP(NAME, MASK, HIGH_SHIFT)                            \
  struct Op##NAME {                                                          \
    [[maybe_unused]] static constexpr unsigned kHighShift = HIGH_SHIFT;      \
    template <unsigned imm>                                                  \
    static void with(Vec& d, Vec s) {                                        \
      asm(#NAME " %2, %1, %0" : "+x"(d) : "x"(s), "i"(imm));                 \
    }                                                                        \
    static bool run(Core&, const Insn& i, Vec& d, Vec s) {                   \
      static constexpr auto kTable =                                         \
          immediate_table<Op##NAME>(std::make_index_sequence<(MASK) + 1>{}); \
      kTable[i.imm & (MASK)].run(d, s);                                      \
      return true;                                                           \
    }                                                                        \
  };

}  // namespace ice86::cpu
