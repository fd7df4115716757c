// SPDX-License-Identifier: LGPL-2.1-or-later
// Which exception flags an SSE arithmetic instruction sets when overflow or underflow is unmasked.
// The host cannot tell: with all exceptions masked it reports underflow only for inexact results,
// and a result that overflows is always inexact, while unmasked both are judged with an unbounded
// exponent.
// Reference: Intel SDM vol. 1 sections 4.9.1.4 to 4.9.1.6, 11.5.2, 11.5.3; vol. 2 DPPS, DPPD.
#include <cfenv>
#include <cstring>
#include <limits>

#include "cpu/interp/simd_float.h"

namespace ice86::cpu {

namespace {

enum class Step { kAdd, kSubtract, kMultiply, kDivide };

#define ICE86_SCALAR(NAME) \
  asm volatile("ldmxcsr %1\n\t" #NAME " %2, %0\n\tstmxcsr %1" : "+x"(a), "+m"(mxcsr) : "x"(b))

float host_result(Step step, std::uint32_t& mxcsr, float a, float b) {
  switch (step) {
    case Step::kAdd: ICE86_SCALAR(ADDSS); break;
    case Step::kSubtract: ICE86_SCALAR(SUBSS); break;
    case Step::kMultiply: ICE86_SCALAR(MULSS); break;
    case Step::kDivide: ICE86_SCALAR(DIVSS); break;
  }
  return a;
}
double host_result(Step step, std::uint32_t& mxcsr, double a, double b) {
  switch (step) {
    case Step::kAdd: ICE86_SCALAR(ADDSD); break;
    case Step::kSubtract: ICE86_SCALAR(SUBSD); break;
    case Step::kMultiply: ICE86_SCALAR(MULSD); break;
    case Step::kDivide: ICE86_SCALAR(DIVSD); break;
  }
  return a;
}
float host_narrowed(std::uint32_t& mxcsr, double value) {
  float result = 0;
  asm volatile("ldmxcsr %1\n\tCVTSD2SS %2, %0\n\tstmxcsr %1"
               : "+x"(result), "+m"(mxcsr)
               : "x"(value));
  return result;
}

// Whether a finite value of the x87's wider format has more significant bits than T.
template <typename T>
bool has_more_bits(long double value) {
  static_assert(std::numeric_limits<long double>::digits == 64);
  std::uint64_t significand = 0;
  std::memcpy(&significand, &value, sizeof significand);
  return significand << std::numeric_limits<T>::digits != 0;
}

template <typename T>
bool inexact(Step step, T first, T second) {
  const volatile long double a = first;
  const volatile long double b = second;
  std::feclearexcept(FE_INEXACT);
  volatile long double result = 0;
  switch (step) {
    case Step::kAdd: result = a + b; break;
    case Step::kSubtract: result = a - b; break;
    case Step::kMultiply: result = a * b; break;
    case Step::kDivide: result = a / b; break;
  }
  return std::fetestexcept(FE_INEXACT) != 0 || has_more_bits<T>(result);
}

class Flags {
 public:
  explicit Flags(std::uint32_t guest_mxcsr) : guest_(guest_mxcsr) {}

  template <typename T>
  T apply(Step step, T a, T b) {
    std::uint32_t mxcsr = masked_mxcsr(guest_);
    const T result = host_result(step, mxcsr, a, b);
    restore_host_mxcsr(mxcsr);
    take(mxcsr & kMxcsrFlags, result, [&] { return inexact(step, a, b); });
    return result;
  }
  void narrow(double value) {
    std::uint32_t mxcsr = masked_mxcsr(guest_);
    const float result = host_narrowed(mxcsr, value);
    restore_host_mxcsr(mxcsr);
    take(mxcsr & kMxcsrFlags, result, [&] { return has_more_bits<float>(value); });
  }
  // The operations since the last call were done at once. False: an unmasked exception.
  bool end_stage() {
    all_ |= visible_flags(stage_, guest_);
    stage_ = 0;
    return (all_ & ~(guest_ >> 7)) == 0;
  }
  std::uint32_t all() const { return all_; }

 private:
  template <typename T, typename Inexact>
  void take(std::uint32_t flags, T result, Inexact is_inexact) {
    const bool tiny = result != 0 && result < std::numeric_limits<T>::min() &&
                      -result < std::numeric_limits<T>::min();
    stage_ |= unbounded_flags(flags, guest_, tiny, is_inexact);
  }

  std::uint32_t guest_;
  std::uint32_t stage_ = 0;
  std::uint32_t all_ = 0;
};

// One lane's elements.
template <typename T>
struct Lane {
  T a[16 / sizeof(T)];
  T b[16 / sizeof(T)];
};

template <typename T>
void first_stage(Flags& flags, Arithmetic what, unsigned count, std::uint64_t imm, Lane<T>& lane) {
  auto& a = lane.a;
  auto& b = lane.b;
  for (unsigned n = 0; n < count; ++n) {
    switch (what) {
      case Arithmetic::kAdd: flags.apply(Step::kAdd, a[n], b[n]); break;
      case Arithmetic::kSubtract: flags.apply(Step::kSubtract, a[n], b[n]); break;
      case Arithmetic::kMultiply: flags.apply(Step::kMultiply, a[n], b[n]); break;
      case Arithmetic::kDivide: flags.apply(Step::kDivide, a[n], b[n]); break;
      case Arithmetic::kAddSubtract:
        flags.apply(n % 2 == 0 ? Step::kSubtract : Step::kAdd, a[n], b[n]);
        break;
      case Arithmetic::kHorizontalAdd:
      case Arithmetic::kHorizontalSubtract: {
        const T* from = n < count / 2 ? a : b;
        const unsigned pair = n % (count / 2) * 2;
        flags.apply(what == Arithmetic::kHorizontalAdd ? Step::kAdd : Step::kSubtract, from[pair],
                    from[pair + 1]);
        break;
      }
      case Arithmetic::kDotProduct:
        a[n] = (imm >> (4 + n) & 1) != 0 ? flags.apply(Step::kMultiply, a[n], b[n]) : T{0};
        break;
      default: break;
    }
  }
}

template <typename T>
void packed(Flags& flags, Arithmetic what, unsigned count, std::uint64_t imm, const Vec* d,
            const Vec* s, unsigned lanes) {
  Lane<T> lane[2];
  for (unsigned l = 0; l < lanes; ++l) {
    std::memcpy(lane[l].a, &d[l], 16);
    std::memcpy(lane[l].b, &s[l], 16);
    first_stage(flags, what, count, imm, lane[l]);
  }
  if (!flags.end_stage() || what != Arithmetic::kDotProduct) return;
  for (unsigned left = count / 2; left > 0; left /= 2) {
    for (unsigned l = 0; l < lanes; ++l) {
      auto& a = lane[l].a;
      for (unsigned n = 0; n < left; ++n) a[n] = flags.apply(Step::kAdd, a[2 * n], a[2 * n + 1]);
    }
    if (!flags.end_stage()) return;
  }
}

}  // namespace

std::uint32_t arithmetic_flags(std::uint32_t mxcsr, Arithmetic what, Elements elements,
                               std::uint64_t imm, const Vec* d, const Vec* s, unsigned lanes) {
  Flags flags(mxcsr);
  if (what == Arithmetic::kNarrow) {
    for (unsigned l = 0; l < lanes; ++l) {
      double values[2];
      std::memcpy(values, &s[l], sizeof values);
      flags.narrow(values[0]);
      if (elements == Elements::kPd) flags.narrow(values[1]);
    }
    flags.end_stage();
    return flags.all();
  }
  switch (elements) {
    case Elements::kSs: packed<float>(flags, what, 1, imm, d, s, lanes); break;
    case Elements::kSd: packed<double>(flags, what, 1, imm, d, s, lanes); break;
    case Elements::kPs: packed<float>(flags, what, 4, imm, d, s, lanes); break;
    case Elements::kPd: packed<double>(flags, what, 2, imm, d, s, lanes); break;
  }
  return flags.all();
}

}  // namespace ice86::cpu
