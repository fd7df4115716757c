// SPDX-License-Identifier: LGPL-2.1-or-later
// FMA: a * b + c with one rounding, in the order of operands that the instruction's name says.
// Reference: Intel SDM vol. 1 sections 14.5 and 14.5.3 (exceptions); vol. 2 VFMADD132PD and on.
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "cpu/interp/avx.h"

namespace ice86::cpu {

namespace {

// Which instruction, and what it does to the signs: NMADD is -(a * b) + c.
enum class Fused { kAdd, kSubtract, kNegateAdd, kNegateSubtract, kAddSubtract, kSubtractAdd };
// Places of a, b and c among destination (1), VEX.vvvv (2) and the last source (3).
enum class Order { k132, k213, k231 };

template <typename T>
struct Operands {
  T a, b, c;
};

#define ICE86_FMA_SCALAR(NAME)                                    \
  asm volatile("ldmxcsr %1\n\t" #NAME " %3, %2, %0\n\tstmxcsr %1" \
               : "+x"(c), "+m"(mxcsr)                             \
               : "x"(a), "x"(b))

float host_fma(std::uint32_t& mxcsr, float a, float b, float c) {
  ICE86_FMA_SCALAR(VFMADD231SS);
  return c;
}
double host_fma(std::uint32_t& mxcsr, double a, double b, double c) {
  ICE86_FMA_SCALAR(VFMADD231SD);
  return c;
}

template <typename T>
T without_denormal(T value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(T{0}, value) : value;
}

// Whether a * b + c with an unbounded exponent has more significant bits than T holds. The factors
// are brought to [0.5, 1) and c is scaled with them, so that the host can tell.
template <typename T>
bool inexact(std::uint32_t guest_mxcsr, Operands<T> o) {
  constexpr std::uint32_t kDenormalsAreZero = 1u << 6;
  if ((guest_mxcsr & kDenormalsAreZero) != 0)
    o = {without_denormal(o.a), without_denormal(o.b), without_denormal(o.c)};
  if (o.a == 0 || o.b == 0) return false;
  int exponent_a = 0;
  int exponent_b = 0;
  const T a = std::frexp(o.a, &exponent_a);
  const T b = std::frexp(o.b, &exponent_b);
  const T c = std::scalbn(o.c, -(exponent_a + exponent_b));
  // One of the two lies far below the other's last bit.
  if (o.c != 0 && std::fpclassify(c) != FP_NORMAL) return true;
  std::uint32_t mxcsr =
      (guest_mxcsr & ~(kMxcsrFlags | kMxcsrFlushToZero | kDenormalsAreZero)) | kMxcsrMasks;
  host_fma(mxcsr, a, b, c);
  restore_host_mxcsr(mxcsr);
  return (mxcsr & kMxcsrPrecision) != 0;
}

template <typename T>
std::uint32_t element_flags(std::uint32_t guest, const Operands<T>& o) {
  std::uint32_t mxcsr = masked_mxcsr(guest);
  const T result = host_fma(mxcsr, o.a, o.b, o.c);
  restore_host_mxcsr(mxcsr);
  return unbounded_flags(mxcsr & kMxcsrFlags, guest, std::fpclassify(result) == FP_SUBNORMAL,
                         [&] { return inexact(guest, o); });
}

template <typename T, Fused what>
std::uint32_t lane_flags(std::uint32_t guest, Vec a, Vec b, Vec c, unsigned count) {
  T as[16 / sizeof(T)];
  T bs[16 / sizeof(T)];
  T cs[16 / sizeof(T)];
  std::memcpy(as, &a, 16);
  std::memcpy(bs, &b, 16);
  std::memcpy(cs, &c, 16);
  std::uint32_t flags = 0;
  for (unsigned n = 0; n < count; ++n) {
    constexpr bool kNegated = what == Fused::kNegateAdd || what == Fused::kNegateSubtract;
    const bool subtract = what == Fused::kSubtract || what == Fused::kNegateSubtract ||
                          (what == Fused::kAddSubtract && n % 2 == 0) ||
                          (what == Fused::kSubtractAdd && n % 2 == 1);
    flags |= element_flags<T>(guest, {kNegated ? -as[n] : as[n], bs[n], subtract ? -cs[n] : cs[n]});
  }
  return flags;
}

template <typename Step, typename T, Fused what, Order order>
struct Fma {
  static Vec run(std::uint32_t& mxcsr, Vec d, Vec first, Vec s) {
    Step::step(mxcsr, d, first, s);
    restore_host_mxcsr(mxcsr);
    return d;
  }
  static std::uint32_t flags_of(std::uint32_t guest, Vec d, Vec first, Vec s, unsigned count) {
    switch (order) {
      case Order::k132: return lane_flags<T, what>(guest, d, s, first, count);
      case Order::k213: return lane_flags<T, what>(guest, first, d, s, count);
      case Order::k231: return lane_flags<T, what>(guest, first, s, d, count);
    }
    return 0;
  }
  // The destination changes only when no unmasked exception occurs, in any lane.
  static bool run_lanes(Core& c, Vec* d, const Vec* first, const Vec* s, unsigned lanes,
                        unsigned count) {
    if ((c.s.mxcsr & kMxcsrMasks) == kMxcsrMasks) [[likely]] {
      for (unsigned n = 0; n < lanes; ++n) d[n] = run(c.s.mxcsr, d[n], first[n], s[n]);
      return true;
    }
    const bool by_element = judged_by_element(c.s.mxcsr);
    Vec result[2];
    std::uint32_t flags = 0;
    for (unsigned n = 0; n < lanes; ++n) {
      std::uint32_t mxcsr = masked_mxcsr(c.s.mxcsr);
      result[n] = run(mxcsr, d[n], first[n], s[n]);
      flags |= by_element ? flags_of(c.s.mxcsr, d[n], first[n], s[n], count) : mxcsr & kMxcsrFlags;
    }
    if (!finish_float(c, flags)) return false;
    for (unsigned n = 0; n < lanes; ++n) d[n] = result[n];
    return true;
  }
};

// `count` elements of T in an XMM register; a scalar keeps the rest of the destination.
template <typename Op, typename T, unsigned count>
struct Fma128 : XmmSource<Fma128<Op, T, count>, count * sizeof(T)> {
  static Flow apply(Core& c, const Insn& i, Vec s) {
    Vec d = xmm(c, i.dst);
    const Vec first = xmm(c, i.code);
    if (!Op::run_lanes(c, &d, &first, &s, 1, count)) return Flow::kFault;
    set_vex128(c, i.dst, d);
    return Flow::kNext;
  }
};
template <typename Op, typename T>
struct Fma256 : YmmSource<Fma256<Op, T>> {
  static Flow apply(Core& c, const Insn& i, Ymm s) {
    const Ymm old = ymm(c, i.dst);
    const Ymm second = ymm(c, i.code);
    Vec d[] = {old.low, old.high};
    const Vec first[] = {second.low, second.high};
    const Vec last[] = {s.low, s.high};
    if (!Op::run_lanes(c, d, first, last, 2, 16 / sizeof(T))) return Flow::kFault;
    set_ymm(c, i.dst, {d[0], d[1]});
    return Flow::kNext;
  }
};

#define ICE86_FMA_STEP(NAME)                                           \
  struct Step##NAME {                                                  \
    static void step(std::uint32_t& mxcsr, Vec& d, Vec first, Vec s) { \
      asm volatile("ldmxcsr %1\n\t" #NAME " %3, %2, %0\n\tstmxcsr %1"  \
                   : "+x"(d), "+m"(mxcsr)                              \
                   : "x"(first), "x"(s));                              \
    }                                                                  \
  };
#define ICE86_FMA_PACKED_STEPS(NAME) \
  ICE86_FMA_STEP(NAME##132PS)        \
  ICE86_FMA_STEP(NAME##132PD)        \
  ICE86_FMA_STEP(NAME##213PS)        \
  ICE86_FMA_STEP(NAME##213PD) ICE86_FMA_STEP(NAME##231PS) ICE86_FMA_STEP(NAME##231PD)
#define ICE86_FMA_SCALAR_STEPS(NAME) \
  ICE86_FMA_STEP(NAME##132SS)        \
  ICE86_FMA_STEP(NAME##132SD)        \
  ICE86_FMA_STEP(NAME##213SS)        \
  ICE86_FMA_STEP(NAME##213SD) ICE86_FMA_STEP(NAME##231SS) ICE86_FMA_STEP(NAME##231SD)

ICE86_FMA_PACKED_STEPS(VFMADD)
ICE86_FMA_PACKED_STEPS(VFMSUB)
ICE86_FMA_PACKED_STEPS(VFNMADD)
ICE86_FMA_PACKED_STEPS(VFNMSUB)
ICE86_FMA_PACKED_STEPS(VFMADDSUB)
ICE86_FMA_PACKED_STEPS(VFMSUBADD)
ICE86_FMA_SCALAR_STEPS(VFMADD)
ICE86_FMA_SCALAR_STEPS(VFMSUB)
ICE86_FMA_SCALAR_STEPS(VFNMADD)
ICE86_FMA_SCALAR_STEPS(VFNMSUB)

template <typename Step, typename T, Fused what, Order order>
void add_packed(SimdForms& forms, ZydisMnemonic mnemonic) {
  using enum Operand;
  using Op = Fma<Step, T, what, order>;
  add_vex<Fma128<Op, T, 16 / sizeof(T)>>(forms, mnemonic, Feature::kFma, kXmm, kXmm, kXmmMem, 16,
                                         false);
  add_vex<Fma256<Op, T>>(forms, mnemonic, Feature::kFma, kYmm, kYmm, kYmmMem, 32, false);
}
template <typename Step, typename T, Fused what, Order order>
void add_scalar(SimdForms& forms, ZydisMnemonic mnemonic) {
  using enum Operand;
  add_vex<Fma128<Fma<Step, T, what, order>, T, 1>>(forms, mnemonic, Feature::kFma, kXmm, kXmm,
                                                   kXmmMem, sizeof(T), false);
}

}  // namespace

void add_fma_forms(SimdForms& forms) {
#define ICE86_FMA_ROW(HOW, NAME, TYPE, WHAT, ORDER) \
  add_##HOW<Step##NAME, TYPE, Fused::WHAT, Order::ORDER>(forms, ZYDIS_MNEMONIC_##NAME);
#define ICE86_FMA_ORDERS(HOW, NAME, SUFFIX, TYPE, WHAT)   \
  ICE86_FMA_ROW(HOW, NAME##132##SUFFIX, TYPE, WHAT, k132) \
  ICE86_FMA_ROW(HOW, NAME##213##SUFFIX, TYPE, WHAT, k213) \
  ICE86_FMA_ROW(HOW, NAME##231##SUFFIX, TYPE, WHAT, k231)
#define ICE86_FMA_PACKED(NAME, WHAT)              \
  ICE86_FMA_ORDERS(packed, NAME, PS, float, WHAT) \
  ICE86_FMA_ORDERS(packed, NAME, PD, double, WHAT)
#define ICE86_FMA_ALL(NAME, WHAT)                 \
  ICE86_FMA_PACKED(NAME, WHAT)                    \
  ICE86_FMA_ORDERS(scalar, NAME, SS, float, WHAT) \
  ICE86_FMA_ORDERS(scalar, NAME, SD, double, WHAT)
  ICE86_FMA_ALL(VFMADD, kAdd)
  ICE86_FMA_ALL(VFMSUB, kSubtract)
  ICE86_FMA_ALL(VFNMADD, kNegateAdd)
  ICE86_FMA_ALL(VFNMSUB, kNegateSubtract)
  ICE86_FMA_PACKED(VFMADDSUB, kAddSubtract)
  ICE86_FMA_PACKED(VFMSUBADD, kSubtractAdd)
}

}  // namespace ice86::cpu
