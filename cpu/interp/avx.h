// SPDX-License-Identifier: LGPL-2.1-or-later
// VEX-encoded forms of vector operations: three operands, unaligned memory, the rest of the YMM
// register cleared. 256-bit operations work on two 128-bit lanes.
// Insn::code is the register of VEX.vvvv, the first source.
// Reference: Intel SDM vol. 1 chapter 14, vol. 2 section 2.3.
#pragma once

#include "cpu/interp/simd_float.h"

namespace ice86::cpu {

constexpr std::uint64_t kXcr0SseAvx = 6;

// #UD outside protected mode and before the system has enabled the state, #NM with CR0.TS (SDM
// vol. 2 tables 2-18 to 2-24, vol. 1 section 14.8.1).
inline bool avx_usable(Core& c) {
  if ((c.s.cr4 & cr4::kOsxsave) == 0 || (c.s.xcr0 & kXcr0SseAvx) != kXcr0SseAvx || c.real_or_v86())
      [[unlikely]] {
    return c.raise(kUd);
  }
  if ((c.s.cr0 & cr0::kTs) != 0) [[unlikely]]
    return c.raise(kNm);
  return true;
}

inline Ymm ymm(const Core& c, unsigned number) {
  const auto* at = reinterpret_cast<const Vec*>(c.s.ymm[number].data());
  return {_mm_loadu_si128(at), _mm_loadu_si128(at + 1)};
}
inline void set_ymm(Core& c, unsigned number, Ymm value) {
  auto* at = reinterpret_cast<Vec*>(c.s.ymm[number].data());
  _mm_storeu_si128(at, value.low);
  _mm_storeu_si128(at + 1, value.high);
}
// A 128-bit result clears the upper half.
inline void set_vex128(Core& c, unsigned number, Vec value) {
  set_ymm(c, number, {value, _mm_setzero_si128()});
}

[[nodiscard]] inline bool read256(Core& c, unsigned segment, std::uint64_t offset, Ymm& value) {
  return read128<Aligned::kNo>(c, segment, offset, value.low) &&
         read128<Aligned::kNo>(c, segment, offset + 16, value.high);
}
[[nodiscard]] inline bool write256(Core& c, unsigned segment, std::uint64_t offset, Ymm value) {
  // All of it is writable before any of it is written.
  for (unsigned n = 0; n < 32; n += 8) {
    if (!c.check_write<std::uint64_t>(segment, offset + n)) return false;
  }
  return write128<Aligned::kNo>(c, segment, offset, value.low) &&
         write128<Aligned::kNo>(c, segment, offset + 16, value.high);
}
// VMOVAPS and its like: 32-byte operands must be aligned.
[[nodiscard]] inline bool check_aligned(Core& c, const Insn& i, unsigned bytes) {
  const std::uint64_t linear = (c.views[i.segment].base + c.effective(i)) & c.linear_mask;
  return (linear & (bytes - 1)) == 0 || c.raise(kGp, 0);
}

// ---- Operations on two lanes ----

template <typename Op>
bool run_lanes(Core& c, const Insn& i, Ymm& d, Ymm s) {
  if constexpr (requires { Op::run_lanes(c, i, d, s); }) {
    return Op::run_lanes(c, i, d, s);
  } else if constexpr (requires { Op::kHighShift; }) {
    // The upper lane has its own bits of the immediate.
    Insn high = i;
    high.imm >>= Op::kHighShift;
    return Op::run(c, i, d.low, s.low) && Op::run(c, high, d.high, s.high);
  } else {
    return Op::run(c, i, d.low, s.low) && Op::run(c, i, d.high, s.high);
  }
}

// ---- Forms ----

// The last source is a register or memory; Form::apply(core, insn, source) does the rest.
template <typename Form, unsigned bytes>
struct XmmSource {
  static Flow reg(Core& c, const Insn& i) {
    return avx_usable(c) ? Form::apply(c, i, xmm(c, i.src)) : Flow::kFault;
  }
  static Flow mem(Core& c, const Insn& i) {
    Vec s;
    if (!avx_usable(c) || !read_operand<bytes, Aligned::kNo>(c, i, s)) return Flow::kFault;
    return Form::apply(c, i, s);
  }
};
template <typename Form>
struct YmmSource {
  static Flow reg(Core& c, const Insn& i) {
    return avx_usable(c) ? Form::apply(c, i, ymm(c, i.src)) : Flow::kFault;
  }
  static Flow mem(Core& c, const Insn& i) {
    Ymm s;
    if (!avx_usable(c) || !read256(c, i.segment, c.effective(i), s)) return Flow::kFault;
    return Form::apply(c, i, s);
  }
};

template <typename Op, unsigned bytes>
struct Vex128 : XmmSource<Vex128<Op, bytes>, bytes> {
  static Flow apply(Core& c, const Insn& i, Vec s) {
    Vec d = xmm(c, i.code);
    if (!Op::run(c, i, d, s)) return Flow::kFault;
    set_vex128(c, i.dst, d);
    return Flow::kNext;
  }
};

template <typename Op>
struct Vex256 : YmmSource<Vex256<Op>> {
  static Flow apply(Core& c, const Insn& i, Ymm s) {
    Ymm d = ymm(c, i.code);
    if (!run_lanes<Op>(c, i, d, s)) return Flow::kFault;
    set_ymm(c, i.dst, d);
    return Flow::kNext;
  }
};

// Shifts by a register: the count is 128 bits wide for both lanes.
template <typename Op>
struct VexShift256 : XmmSource<VexShift256<Op>, 16> {
  static Flow apply(Core& c, const Insn& i, Vec s) { return Vex256<Op>::apply(c, i, {s, s}); }
};

// To elements twice as wide: each lane of the result from half of the source.
template <typename Op>
struct VexWiden256 : XmmSource<VexWiden256<Op>, 16> {
  static Flow apply(Core& c, const Insn& i, Vec s) {
    Ymm d{};
    if (!run_lanes<Op>(c, i, d, {_mm_move_epi64(s), _mm_srli_si128(s, 8)})) return Flow::kFault;
    set_ymm(c, i.dst, d);
    return Flow::kNext;
  }
};

// Comparisons that write flags or an implicit register, not their first operand.
template <typename Op, unsigned bytes>
struct VexNoResult : XmmSource<VexNoResult<Op, bytes>, bytes> {
  static Flow apply(Core& c, const Insn& i, Vec s) {
    Vec d = xmm(c, i.dst);
    return Op::run(c, i, d, s) ? Flow::kNext : Flow::kFault;
  }
};

// ---- Rows of the table ----

// Whether there is a first source in VEX.vvvv.
enum class Sources { kOne, kTwo };

template <typename Family>
void add_vex(SimdForms& forms, ZydisMnemonic mnemonic, Feature feature, Operand dst, Operand first,
             Operand src, unsigned memory, bool immediate) {
  forms.push_back({mnemonic, feature, dst, src, static_cast<std::uint8_t>(memory), immediate,
                   &Family::reg, &Family::mem, true, first});
}
template <typename Op, unsigned bytes = 16>
void add_vex128(SimdForms& forms, ZydisMnemonic mnemonic, Sources sources, bool immediate = false) {
  add_vex<Vex128<Op, bytes>>(forms, mnemonic, Feature::kAvx, Operand::kXmm,
                             sources == Sources::kTwo ? Operand::kXmm : Operand::kNone,
                             Operand::kXmmMem, bytes, immediate);
}
template <typename Op>
void add_vex256(SimdForms& forms, ZydisMnemonic mnemonic, Feature feature, Sources sources,
                bool immediate = false) {
  add_vex<Vex256<Op>>(forms, mnemonic, feature, Operand::kYmm,
                      sources == Sources::kTwo ? Operand::kYmm : Operand::kNone, Operand::kYmmMem,
                      32, immediate);
}

}  // namespace ice86::cpu
