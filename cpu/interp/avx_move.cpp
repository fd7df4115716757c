// SPDX-License-Identifier: LGPL-2.1-or-later
// VEX-encoded moves: whole registers, parts, general registers, masks; VZEROUPPER, VZEROALL.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/avx.h"
#include "cpu/interp/simd_move.h"

namespace ice86::cpu {

namespace {

// ---- Whole registers ----

template <unsigned bytes, Aligned aligned>
struct VexMove {
  static_assert(bytes == 16 || bytes == 32);
  static Flow reg(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    if constexpr (bytes == 16) {
      set_vex128(c, i.dst, xmm(c, i.src));
    } else {
      set_ymm(c, i.dst, ymm(c, i.src));
    }
    return Flow::kNext;
  }
  static Flow load(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    if (aligned == Aligned::kYes && !check_aligned(c, i, bytes)) return Flow::kFault;
    Ymm value{_mm_setzero_si128(), _mm_setzero_si128()};
    if constexpr (bytes == 16) {
      if (!read128<Aligned::kNo>(c, i.segment, c.effective(i), value.low)) return Flow::kFault;
    } else {
      if (!read256(c, i.segment, c.effective(i), value)) return Flow::kFault;
    }
    set_ymm(c, i.dst, value);
    return Flow::kNext;
  }
  static Flow store(Core& c, const Insn& i) {
    if (!avx_usable(c)) return Flow::kFault;
    if (aligned == Aligned::kYes && !check_aligned(c, i, bytes)) return Flow::kFault;
    if constexpr (bytes == 16) {
      return write128<Aligned::kNo>(c, i.segment, c.effective(i), xmm(c, i.src)) ? Flow::kNext
                                                                                 : Flow::kFault;
    } else {
      return write256(c, i.segment, c.effective(i), ymm(c, i.src)) ? Flow::kNext : Flow::kFault;
    }
  }
};

// ---- General registers and masks ----

template <typename T>
Flow from_gpr(Core& c, const Insn& i) {
  if (!avx_usable(c)) return Flow::kFault;
  set_vex128(c, i.dst, vec(c.reg<T>(i.src)));
  return Flow::kNext;
}
template <Mask which, bool wide>
Flow mask_to_gpr(Core& c, const Insn& i) {
  if (!avx_usable(c)) return Flow::kFault;
  constexpr unsigned kElements = which == Mask::kPs ? 4 : which == Mask::kPd ? 2 : 16;
  const Ymm s = ymm(c, i.src);
  unsigned mask = mask_of<which>(s.low);
  if (wide) mask |= mask_of<which>(s.high) << kElements;
  c.set_reg<std::uint32_t>(i.dst, mask);
  return Flow::kNext;
}

template <bool all>
Flow zero(Core& c, const Insn& i) {
  if (!avx_usable(c)) return Flow::kFault;
  // Without 64-bit mode there are eight registers.
  const unsigned registers = i.operand_size == 8 || c.s.segment[kCs].attributes >> 21 & 1 ? 16 : 8;
  for (unsigned n = 0; n < registers; ++n) {
    if (all) c.s.ymm[n][0] = c.s.ymm[n][1] = 0;
    c.s.ymm[n][2] = c.s.ymm[n][3] = 0;
  }
  return Flow::kNext;
}

}  // namespace

void add_avx_move_forms(SimdForms& forms) {
  using enum Operand;
  using U32 = std::uint32_t;
  using U64 = std::uint64_t;
  const auto add = [&](ZydisMnemonic mnemonic, Operand dst, Operand first, Operand src,
                       unsigned memory, Handler reg, Handler mem, Feature feature = Feature::kAvx) {
    forms.push_back({mnemonic, feature, dst, src, static_cast<std::uint8_t>(memory), false, reg,
                     mem, true, first});
  };
#define ICE86_MOVE(NAME, ALIGNED)                                             \
  {                                                                           \
    using X = VexMove<16, Aligned::ALIGNED>;                                  \
    using Y = VexMove<32, Aligned::ALIGNED>;                                  \
    add(ZYDIS_MNEMONIC_##NAME, kXmm, kNone, kXmmMem, 16, &X::reg, &X::load);  \
    add(ZYDIS_MNEMONIC_##NAME, kXmmMem, kNone, kXmm, 16, &X::reg, &X::store); \
    add(ZYDIS_MNEMONIC_##NAME, kYmm, kNone, kYmmMem, 32, &Y::reg, &Y::load);  \
    add(ZYDIS_MNEMONIC_##NAME, kYmmMem, kNone, kYmm, 32, &Y::reg, &Y::store); \
  }
  ICE86_MOVE(VMOVAPS, kYes)
  ICE86_MOVE(VMOVAPD, kYes)
  ICE86_MOVE(VMOVDQA, kYes)
  ICE86_MOVE(VMOVUPS, kNo)
  ICE86_MOVE(VMOVUPD, kNo)
  ICE86_MOVE(VMOVDQU, kNo)
  using X = VexMove<16, Aligned::kYes>;
  using Y = VexMove<32, Aligned::kYes>;
  for (const ZydisMnemonic mnemonic :
       {ZYDIS_MNEMONIC_VMOVNTPS, ZYDIS_MNEMONIC_VMOVNTPD, ZYDIS_MNEMONIC_VMOVNTDQ}) {
    add(mnemonic, kMem, kNone, kXmm, 16, nullptr, &X::store);
    add(mnemonic, kMem, kNone, kYmm, 32, nullptr, &Y::store);
  }
  add(ZYDIS_MNEMONIC_VMOVNTDQA, kXmm, kNone, kMem, 16, nullptr, &X::load);
  add(ZYDIS_MNEMONIC_VMOVNTDQA, kYmm, kNone, kMem, 32, nullptr, &Y::load, Feature::kAvx2);
  add(ZYDIS_MNEMONIC_VLDDQU, kXmm, kNone, kMem, 16, nullptr, &VexMove<16, Aligned::kNo>::load);
  add(ZYDIS_MNEMONIC_VLDDQU, kYmm, kNone, kMem, 32, nullptr, &VexMove<32, Aligned::kNo>::load);

  add(ZYDIS_MNEMONIC_VMOVSS, kXmm, kXmm, kXmm, 0, &Vex128<MergeLow32, 4>::reg, nullptr);
  add(ZYDIS_MNEMONIC_VMOVSS, kXmm, kNone, kMem, 4, nullptr, &Vex128<MoveAll, 4>::mem);
  add(ZYDIS_MNEMONIC_VMOVSS, kMem, kNone, kXmm, 4, nullptr, &store_part<avx_usable, U32>);
  add(ZYDIS_MNEMONIC_VMOVSD, kXmm, kXmm, kXmm, 0, &Vex128<MergeLow64, 8>::reg, nullptr);
  add(ZYDIS_MNEMONIC_VMOVSD, kXmm, kNone, kMem, 8, nullptr, &Vex128<MoveAll, 8>::mem);
  add(ZYDIS_MNEMONIC_VMOVSD, kMem, kNone, kXmm, 8, nullptr, &store_part<avx_usable, U64>);
  using Low64 = Vex128<MoveLow64ZeroRest, 8>;
  add(ZYDIS_MNEMONIC_VMOVQ, kXmm, kNone, kXmmMem, 8, &Low64::reg, &Low64::mem);
  add(ZYDIS_MNEMONIC_VMOVQ, kXmmMem, kNone, kXmm, 8, &Low64::reg, &store_part<avx_usable, U64>);
  for (const ZydisMnemonic mnemonic : {ZYDIS_MNEMONIC_VMOVLPS, ZYDIS_MNEMONIC_VMOVLPD}) {
    add(mnemonic, kXmm, kXmm, kMem, 8, nullptr, &Vex128<MergeLow64, 8>::mem);
    add(mnemonic, kMem, kNone, kXmm, 8, nullptr, &store_part<avx_usable, U64>);
  }
  for (const ZydisMnemonic mnemonic : {ZYDIS_MNEMONIC_VMOVHPS, ZYDIS_MNEMONIC_VMOVHPD}) {
    add(mnemonic, kXmm, kXmm, kMem, 8, nullptr, &Vex128<LowToHigh, 8>::mem);
    add(mnemonic, kMem, kNone, kXmm, 8, nullptr, &store_part<avx_usable, U64, true>);
  }
  add(ZYDIS_MNEMONIC_VMOVHLPS, kXmm, kXmm, kXmm, 0, &Vex128<HighToLow, 16>::reg, nullptr);
  add(ZYDIS_MNEMONIC_VMOVLHPS, kXmm, kXmm, kXmm, 0, &Vex128<LowToHigh, 16>::reg, nullptr);

  add(ZYDIS_MNEMONIC_VMOVD, kXmm, kNone, kGpr32Mem, 4, &from_gpr<U32>, &Vex128<MoveAll, 4>::mem);
  add(ZYDIS_MNEMONIC_VMOVD, kGpr32Mem, kNone, kXmm, 4, &gpr_from_xmm<avx_usable, U32>,
      &store_part<avx_usable, U32>);
  add(ZYDIS_MNEMONIC_VMOVQ, kXmm, kNone, kGpr64Mem, 8, &from_gpr<U64>, &Vex128<MoveAll, 8>::mem);
  add(ZYDIS_MNEMONIC_VMOVQ, kGpr64Mem, kNone, kXmm, 8, &gpr_from_xmm<avx_usable, U64>,
      &store_part<avx_usable, U64>);

#define ICE86_MASK(NAME, WHICH, WIDE)                                                          \
  add(ZYDIS_MNEMONIC_##NAME, kGpr, kNone, kXmm, 0, &mask_to_gpr<Mask::WHICH, false>, nullptr); \
  add(ZYDIS_MNEMONIC_##NAME, kGpr, kNone, kYmm, 0, &mask_to_gpr<Mask::WHICH, true>, nullptr,   \
      Feature::WIDE);
  ICE86_MASK(VMOVMSKPS, kPs, kAvx)
  ICE86_MASK(VMOVMSKPD, kPd, kAvx)
  ICE86_MASK(VPMOVMSKB, kBytes, kAvx2)
  add(ZYDIS_MNEMONIC_VMASKMOVDQU, kXmm, kNone, kXmm, 0, &maskmovdqu<avx_usable>, nullptr);
  add(ZYDIS_MNEMONIC_VZEROUPPER, kNone, kNone, kNone, 0, &zero<false>, nullptr);
  add(ZYDIS_MNEMONIC_VZEROALL, kNone, kNone, kNone, 0, &zero<true>, nullptr);
}

}  // namespace ice86::cpu
