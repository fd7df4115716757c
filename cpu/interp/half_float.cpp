// SPDX-License-Identifier: LGPL-2.1-or-later
// F16C: VCVTPH2PS and VCVTPS2PH, between half and single precision.
// Reference: Intel SDM vol. 1 section 14.4 (tables 14-9 and 14-10: exceptions), vol. 2.
#include <cmath>
#include <cstring>

#include "cpu/interp/avx.h"

namespace ice86::cpu {

namespace {

ICE86_FLOAT_STEP(VCVTPH2PS)

// Bits 1:0 of the immediate: rounding; bit 2: MXCSR.RC instead.
struct StepVCVTPS2PH {
  template <unsigned imm>
  static void with(std::uint32_t& mxcsr, Vec& d, Vec s) {
    asm volatile("ldmxcsr %1\n\tVCVTPS2PH %3, %2, %0\n\tstmxcsr %1"
                 : "+x"(d), "+m"(mxcsr)
                 : "x"(s), "i"(imm));
  }
  static Vec run(const Insn& i, std::uint32_t& mxcsr, Vec s) {
    static constexpr auto kTable =
        immediate_float_table<StepVCVTPS2PH>(std::make_index_sequence<8>{});
    Vec d = _mm_setzero_si128();
    kTable[i.imm & 7].run(mxcsr, d, s);
    restore_host_mxcsr(mxcsr);
    return d;
  }
};

// Whether a finite value has more significant bits than half precision holds.
bool has_more_bits(float value) {
  int exponent = 0;
  const float significand = std::scalbn(std::frexp(value, &exponent), 11);
  return significand != std::trunc(significand);
}

// The flags of one lane's elements.
std::uint32_t narrow_flags(const Insn& i, std::uint32_t guest, Vec s) {
  float elements[4];
  std::memcpy(elements, &s, sizeof elements);
  std::uint32_t all = 0;
  for (const float element : elements) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &element, sizeof bits);
    std::uint32_t mxcsr = masked_mxcsr(guest);
    const auto half = static_cast<std::uint16_t>(low_half(StepVCVTPS2PH::run(i, mxcsr, vec(bits))));
    const bool tiny = (half & 0x7c00) == 0 && (half & 0x3ff) != 0;
    all |= unbounded_flags(mxcsr & kMxcsrFlags, guest, tiny,
                           [element] { return has_more_bits(element); });
  }
  return all;
}

// The halves of `lanes` lanes, one behind the other; false: an unmasked exception.
bool narrow(Core& c, const Insn& i, const Vec* s, unsigned lanes, Vec& result) {
  const bool by_element = judged_by_element(c.s.mxcsr);
  Vec halves[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
  std::uint32_t flags = 0;
  for (unsigned n = 0; n < lanes; ++n) {
    std::uint32_t mxcsr = masked_mxcsr(c.s.mxcsr);
    halves[n] = StepVCVTPS2PH::run(i, mxcsr, s[n]);
    flags |= by_element ? narrow_flags(i, c.s.mxcsr, s[n]) : mxcsr & kMxcsrFlags;
  }
  if (!finish_float(c, flags)) return false;
  result = _mm_unpacklo_epi64(halves[0], halves[1]);
  return true;
}

// From one lane to 8 bytes, from two to 16.
template <unsigned lanes>
struct Narrow {
  static bool run(Core& c, const Insn& i, Vec& result) {
    const Ymm source = ymm(c, i.src);
    const Vec s[] = {source.low, source.high};
    return narrow(c, i, s, lanes, result);
  }
  static Flow reg(Core& c, const Insn& i) {
    Vec result;
    if (!avx_usable(c) || !run(c, i, result)) return Flow::kFault;
    set_vex128(c, i.dst, result);
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    const std::uint64_t offset = c.effective(i);
    // A store that cannot be done leaves MXCSR alone.
    for (unsigned n = 0; n < lanes; ++n) {
      if (!c.check_write<std::uint64_t>(i.segment, offset + n * 8)) return Flow::kFault;
    }
    Vec result;
    if (!run(c, i, result)) return Flow::kFault;
    const bool stored = lanes == 1 ? c.write<std::uint64_t>(i.segment, offset, low_half(result))
                                   : write128<Aligned::kNo>(c, i.segment, offset, result);
    return stored ? Flow::kNext : Flow::kFault;
  }
};

}  // namespace

void add_half_float_forms(SimdForms& forms) {
  using enum Operand;
  using Op = FloatOp<StepVCVTPH2PS>;
  add_vex<Vex128<Op, 8>>(forms, ZYDIS_MNEMONIC_VCVTPH2PS, Feature::kF16c, kXmm, kNone, kXmmMem, 8,
                         false);
  add_vex<VexWiden256<Op>>(forms, ZYDIS_MNEMONIC_VCVTPH2PS, Feature::kF16c, kYmm, kNone, kXmmMem,
                           16, false);
  add_vex<Narrow<1>>(forms, ZYDIS_MNEMONIC_VCVTPS2PH, Feature::kF16c, kXmmMem, kNone, kXmm, 8,
                     true);
  add_vex<Narrow<2>>(forms, ZYDIS_MNEMONIC_VCVTPS2PH, Feature::kF16c, kXmmMem, kNone, kYmm, 16,
                     true);
}

}  // namespace ice86::cpu
