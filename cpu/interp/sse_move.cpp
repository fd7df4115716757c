// SPDX-License-Identifier: LGPL-2.1-or-later
// MMX and SSE data movement: MOVxxx, extracts and inserts, masks, non-temporal stores, EMMS.
// Reference: Intel SDM vol. 2.
#include "cpu/interp/simd_move.h"

namespace ice86::cpu {

namespace {

template <Aligned aligned>
Flow store_all(Core& c, const Insn& i) {
  if (!sse_usable(c)) return Flow::kFault;
  return write128<aligned>(c, i.segment, c.effective(i), xmm(c, i.src)) ? Flow::kNext
                                                                        : Flow::kFault;
}

// ---- General registers ----

template <typename T>
struct XmmFromGpr {
  static Flow reg(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    set_xmm(c, i.dst, vec(c.reg<T>(i.src)));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (!sse_usable(c)) return Flow::kFault;
    T value;
    if (!c.read<T>(i.segment, c.effective(i), value)) return Flow::kFault;
    set_xmm(c, i.dst, vec(value));
    return Flow::kNext;
  }
};
template <typename T>
struct MmxFromGpr {
  static Flow reg(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    enter_mmx(c);
    set_mm(c, i.dst, c.reg<T>(i.src));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    T value;
    if (!c.read<T>(i.segment, c.effective(i), value)) return Flow::kFault;
    enter_mmx(c);
    set_mm(c, i.dst, value);
    return Flow::kNext;
  }
};
template <typename T>
struct GprFromMmx {
  static Flow reg(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    enter_mmx(c);
    c.set_reg<T>(i.dst, static_cast<T>(mm(c, i.src)));
    return Flow::kNext;
  }
  static Flow mem(Core& c, const Insn& i) {
    if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
    if (!c.write<T>(i.segment, c.effective(i), static_cast<T>(mm(c, i.src)))) return Flow::kFault;
    enter_mmx(c);
    return Flow::kNext;
  }
};
Flow movq_mmx(Core& c, const Insn& i) {
  if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
  enter_mmx(c);
  set_mm(c, i.dst, mm(c, i.src));
  return Flow::kNext;
}

Flow movq2dq(Core& c, const Insn& i) {
  if (!sse_usable(c)) return Flow::kFault;
  if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
  enter_mmx(c);
  set_xmm(c, i.dst, vec(mm(c, i.src)));
  return Flow::kNext;
}
Flow movdq2q(Core& c, const Insn& i) {
  if (!sse_usable(c)) return Flow::kFault;
  if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
  enter_mmx(c);
  set_mm(c, i.dst, c.s.ymm[i.src][0]);
  return Flow::kNext;
}

// ---- Masks ----

template <Mask which>
Flow mask_of_xmm(Core& c, const Insn& i) {
  if (!sse_usable(c)) return Flow::kFault;
  c.set_reg<std::uint32_t>(i.dst, mask_of<which>(xmm(c, i.src)));
  return Flow::kNext;
}
Flow mask_of_mmx(Core& c, const Insn& i) {
  if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
  enter_mmx(c);
  c.set_reg<std::uint32_t>(i.dst, static_cast<std::uint32_t>(_mm_movemask_epi8(vec(mm(c, i.src)))));
  return Flow::kNext;
}

Flow maskmovq(Core& c, const Insn& i) {
  if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
  if (!store_masked_bytes(c, i, vec(mm(c, i.dst)), vec(mm(c, i.src)), 8)) return Flow::kFault;
  enter_mmx(c);
  return Flow::kNext;
}

template <typename T>
Flow movnti(Core& c, const Insn& i) {
  return c.write<T>(i.segment, c.effective(i), c.reg<T>(i.src)) ? Flow::kNext : Flow::kFault;
}

Flow emms(Core& c, const Insn&) {
  if (const Flow f = start_mmx(c); f != Flow::kNext) return f;
  enter_mmx(c);
  c.s.x87_empty = 0xff;
  return Flow::kNext;
}

// Order and caches: memory is always in order here.
Flow fence(Core&, const Insn&) {
  return Flow::kNext;
}
// Faults as a load of one byte does, but loads nothing.
Flow flush_line(Core& c, const Insn& i) {
  const std::uint64_t offset = c.effective(i);
  const Core::SegmentView& view = c.views[i.segment];
  if (offset >= view.readable && !c.check_segment(i.segment, offset, 1, Access::kRead))
    return Flow::kFault;
  Core::Translation to;
  const std::uint64_t linear = (view.base + offset) & c.linear_mask;
  return c.walk(linear, Access::kRead, c.rights, to, false) ? Flow::kNext : Flow::kFault;
}

}  // namespace

void add_move_forms(SimdForms& forms) {
  using enum Operand;
  using M = Aligned;
  using U32 = std::uint32_t;
  using U64 = std::uint64_t;
  const auto add = [&](ZydisMnemonic mnemonic, Feature feature, Operand dst, Operand src,
                       unsigned memory, Handler reg, Handler mem) {
    forms.push_back(
        {mnemonic, feature, dst, src, static_cast<std::uint8_t>(memory), false, reg, mem});
  };
  using All = XmmForm<MoveAll, 16>;
  using AllUnaligned = XmmForm<MoveAll, 16, Aligned::kNo>;
  const auto aligned_move = [&](ZydisMnemonic mnemonic, Feature feature) {
    add(mnemonic, feature, kXmm, kXmmMem, 16, &All::reg, &All::mem);
    add(mnemonic, feature, kXmmMem, kXmm, 16, &All::reg, &store_all<M::kYes>);
  };
  const auto unaligned_move = [&](ZydisMnemonic mnemonic, Feature feature) {
    add(mnemonic, feature, kXmm, kXmmMem, 16, &All::reg, &AllUnaligned::mem);
    add(mnemonic, feature, kXmmMem, kXmm, 16, &All::reg, &store_all<M::kNo>);
  };
  aligned_move(ZYDIS_MNEMONIC_MOVAPS, Feature::kSse);
  aligned_move(ZYDIS_MNEMONIC_MOVAPD, Feature::kSse2);
  aligned_move(ZYDIS_MNEMONIC_MOVDQA, Feature::kSse2);
  unaligned_move(ZYDIS_MNEMONIC_MOVUPS, Feature::kSse);
  unaligned_move(ZYDIS_MNEMONIC_MOVUPD, Feature::kSse2);
  unaligned_move(ZYDIS_MNEMONIC_MOVDQU, Feature::kSse2);
  add(ZYDIS_MNEMONIC_LDDQU, Feature::kSse3, kXmm, kMem, 16, nullptr, &AllUnaligned::mem);
  add(ZYDIS_MNEMONIC_MOVNTDQA, Feature::kSse4_1, kXmm, kMem, 16, nullptr, &All::mem);
  add(ZYDIS_MNEMONIC_MOVNTPS, Feature::kSse, kMem, kXmm, 16, nullptr, &store_all<M::kYes>);
  add(ZYDIS_MNEMONIC_MOVNTPD, Feature::kSse2, kMem, kXmm, 16, nullptr, &store_all<M::kYes>);
  add(ZYDIS_MNEMONIC_MOVNTDQ, Feature::kSse2, kMem, kXmm, 16, nullptr, &store_all<M::kYes>);

  // Scalars: between registers the rest of the destination stays, from memory it becomes zero.
  add(ZYDIS_MNEMONIC_MOVSS, Feature::kSse, kXmm, kXmmMem, 4, &XmmForm<MergeLow32, 4>::reg,
      &XmmForm<MoveAll, 4>::mem);
  add(ZYDIS_MNEMONIC_MOVSS, Feature::kSse, kXmmMem, kXmm, 4, &XmmForm<MergeLow32, 4>::reg,
      &store_part<sse_usable, U32>);
  add(ZYDIS_MNEMONIC_MOVSD, Feature::kSse2, kXmm, kXmmMem, 8, &XmmForm<MergeLow64, 8>::reg,
      &XmmForm<MoveAll, 8>::mem);
  add(ZYDIS_MNEMONIC_MOVSD, Feature::kSse2, kXmmMem, kXmm, 8, &XmmForm<MergeLow64, 8>::reg,
      &store_part<sse_usable, U64>);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kSse2, kXmm, kXmmMem, 8, &XmmForm<MoveLow64ZeroRest, 8>::reg,
      &XmmForm<MoveAll, 8>::mem);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kSse2, kXmmMem, kXmm, 8, &XmmForm<MoveLow64ZeroRest, 8>::reg,
      &store_part<sse_usable, U64>);
  for (const auto& [mnemonic, feature] :
       {std::pair{ZYDIS_MNEMONIC_MOVLPS, Feature::kSse}, {ZYDIS_MNEMONIC_MOVLPD, Feature::kSse2}}) {
    add(mnemonic, feature, kXmm, kMem, 8, nullptr, &XmmForm<MergeLow64, 8>::mem);
    add(mnemonic, feature, kMem, kXmm, 8, nullptr, &store_part<sse_usable, U64>);
  }
  for (const auto& [mnemonic, feature] :
       {std::pair{ZYDIS_MNEMONIC_MOVHPS, Feature::kSse}, {ZYDIS_MNEMONIC_MOVHPD, Feature::kSse2}}) {
    add(mnemonic, feature, kXmm, kMem, 8, nullptr, &XmmForm<LowToHigh, 8>::mem);
    add(mnemonic, feature, kMem, kXmm, 8, nullptr, &store_part<sse_usable, U64, true>);
  }
  add(ZYDIS_MNEMONIC_MOVHLPS, Feature::kSse, kXmm, kXmm, 0, &XmmForm<HighToLow, 16>::reg, nullptr);
  add(ZYDIS_MNEMONIC_MOVLHPS, Feature::kSse, kXmm, kXmm, 0, &XmmForm<LowToHigh, 16>::reg, nullptr);

  // General registers.
  add(ZYDIS_MNEMONIC_MOVD, Feature::kSse2, kXmm, kGpr32Mem, 4, &XmmFromGpr<U32>::reg,
      &XmmFromGpr<U32>::mem);
  add(ZYDIS_MNEMONIC_MOVD, Feature::kSse2, kGpr32Mem, kXmm, 4, &gpr_from_xmm<sse_usable, U32>,
      &store_part<sse_usable, U32>);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kSse2, kXmm, kGpr64Mem, 8, &XmmFromGpr<U64>::reg,
      &XmmFromGpr<U64>::mem);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kSse2, kGpr64Mem, kXmm, 8, &gpr_from_xmm<sse_usable, U64>,
      &store_part<sse_usable, U64>);
  add(ZYDIS_MNEMONIC_MOVD, Feature::kMmx, kMmx, kGpr32Mem, 4, &MmxFromGpr<U32>::reg,
      &MmxFromGpr<U32>::mem);
  add(ZYDIS_MNEMONIC_MOVD, Feature::kMmx, kGpr32Mem, kMmx, 4, &GprFromMmx<U32>::reg,
      &GprFromMmx<U32>::mem);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kMmx, kMmx, kGpr64Mem, 8, &MmxFromGpr<U64>::reg,
      &MmxFromGpr<U64>::mem);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kMmx, kGpr64Mem, kMmx, 8, &GprFromMmx<U64>::reg,
      &GprFromMmx<U64>::mem);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kMmx, kMmx, kMmxMem, 8, &movq_mmx, &MmxFromGpr<U64>::mem);
  add(ZYDIS_MNEMONIC_MOVQ, Feature::kMmx, kMmxMem, kMmx, 8, &movq_mmx, &GprFromMmx<U64>::mem);
  add(ZYDIS_MNEMONIC_MOVNTQ, Feature::kSse, kMem, kMmx, 8, nullptr, &GprFromMmx<U64>::mem);
  add(ZYDIS_MNEMONIC_MOVQ2DQ, Feature::kSse2, kXmm, kMmx, 0, &movq2dq, nullptr);
  add(ZYDIS_MNEMONIC_MOVDQ2Q, Feature::kSse2, kMmx, kXmm, 0, &movdq2q, nullptr);
  add(ZYDIS_MNEMONIC_MOVNTI, Feature::kSse2, kMem, kGpr32, 4, nullptr, &movnti<U32>);
  add(ZYDIS_MNEMONIC_MOVNTI, Feature::kSse2, kMem, kGpr64, 8, nullptr, &movnti<U64>);

  // Masks.
  add(ZYDIS_MNEMONIC_MOVMSKPS, Feature::kSse, kGpr, kXmm, 0, &mask_of_xmm<Mask::kPs>, nullptr);
  add(ZYDIS_MNEMONIC_MOVMSKPD, Feature::kSse2, kGpr, kXmm, 0, &mask_of_xmm<Mask::kPd>, nullptr);
  add(ZYDIS_MNEMONIC_PMOVMSKB, Feature::kSse2, kGpr, kXmm, 0, &mask_of_xmm<Mask::kBytes>, nullptr);
  add(ZYDIS_MNEMONIC_PMOVMSKB, Feature::kSse, kGpr, kMmx, 0, &mask_of_mmx, nullptr);
  add(ZYDIS_MNEMONIC_MASKMOVDQU, Feature::kSse2, kXmm, kXmm, 0, &maskmovdqu<sse_usable>, nullptr);
  add(ZYDIS_MNEMONIC_MASKMOVQ, Feature::kSse, kMmx, kMmx, 0, &maskmovq, nullptr);
  add(ZYDIS_MNEMONIC_SFENCE, Feature::kSse, kNone, kNone, 0, &fence, nullptr);
  add(ZYDIS_MNEMONIC_LFENCE, Feature::kSse2, kNone, kNone, 0, &fence, nullptr);
  add(ZYDIS_MNEMONIC_MFENCE, Feature::kSse2, kNone, kNone, 0, &fence, nullptr);
  add(ZYDIS_MNEMONIC_CLFLUSH, Feature::kClflush, kMem, kNone, 64, nullptr, &flush_line);
  add(ZYDIS_MNEMONIC_CLFLUSHOPT, Feature::kClflushopt, kMem, kNone, 64, nullptr, &flush_line);
  add(ZYDIS_MNEMONIC_CLWB, Feature::kClwb, kMem, kNone, 64, nullptr, &flush_line);
  add(ZYDIS_MNEMONIC_EMMS, Feature::kMmx, kNone, kNone, 0, &emms, nullptr);
}

}  // namespace ice86::cpu
