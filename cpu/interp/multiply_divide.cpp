// SPDX-License-Identifier: LGPL-2.1-or-later
// One-operand arithmetic: INC, DEC, NOT, NEG, and the multiplications and divisions.
// Reference: Intel SDM vol. 2. Undefined flags, as measured on AMD Zen: MUL and IMUL leave SF, ZF,
// AF and PF alone; DIV and IDIV leave CF and OF alone, set AF and clear SF, ZF and PF.
#include <limits>

#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

template <typename T>
struct Wider;
template <>
struct Wider<std::uint8_t> {
  using Unsigned = std::uint16_t;
  using Signed = std::int16_t;
};
template <>
struct Wider<std::uint16_t> {
  using Unsigned = std::uint32_t;
  using Signed = std::int32_t;
};
template <>
struct Wider<std::uint32_t> {
  using Unsigned = std::uint64_t;
  using Signed = std::int64_t;
};
template <>
struct Wider<std::uint64_t> {
  using Unsigned = unsigned __int128;
  using Signed = __int128;
};

constexpr unsigned kAxOffset = 0, kAhOffset = 1, kDxOffset = 2 * 8;

// The double-width accumulator: AX for bytes, else (E)DX:(E)AX.
template <typename T>
typename Wider<T>::Unsigned accumulator(Core& c) {
  using W = typename Wider<T>::Unsigned;
  if constexpr (sizeof(T) == 1) {
    return c.reg<std::uint16_t>(kAxOffset);
  } else {
    return static_cast<W>(static_cast<W>(c.reg<T>(kDxOffset)) << sizeof(T) * 8 |
                          c.reg<T>(kAxOffset));
  }
}

template <typename T>
void set_halves(Core& c, T low, T high) {
  c.set_reg<T>(kAxOffset, low);
  c.set_reg<T>(sizeof(T) == 1 ? kAhOffset : kDxOffset, high);
}

template <Unary op, typename T>
Flow divide(Core& c, T divisor) {
  using W = typename Wider<T>::Unsigned;
  using S = std::make_signed_t<T>;
  using SW = typename Wider<T>::Signed;
  if (divisor == 0) return c.raised(kDe);
  const W dividend = accumulator<T>(c);
  if constexpr (op == Unary::kDiv) {
    const W quotient = static_cast<W>(dividend / divisor);
    if (quotient > std::numeric_limits<T>::max()) return c.raised(kDe);
    set_halves<T>(c, static_cast<T>(quotient), static_cast<T>(dividend % divisor));
  } else {
    const auto n = static_cast<SW>(dividend);
    const auto d = static_cast<S>(divisor);
    constexpr auto kLeast = static_cast<SW>(W{1} << (sizeof(W) * 8 - 1));
    if (d == -1 && n == kLeast) return c.raised(kDe);
    const SW quotient = static_cast<SW>(n / d);
    if (quotient < std::numeric_limits<S>::min() || quotient > std::numeric_limits<S>::max())
      return c.raised(kDe);
    set_halves<T>(c, static_cast<T>(quotient), static_cast<T>(n % d));
  }
  c.lf.load((c.lf.value() & (flag::kCf | flag::kOf)) | flag::kAf);
  return Flow::kNext;
}

template <Unary op, typename T>
Flow multiply(Core& c, T b) {
  using W = typename Wider<T>::Unsigned;
  using S = std::make_signed_t<T>;
  using SW = typename Wider<T>::Signed;
  const T a = c.reg<T>(kAxOffset);
  W product;
  bool overflow;
  if constexpr (op == Unary::kMul) {
    product = static_cast<W>(static_cast<W>(a) * b);
    overflow = product >> sizeof(T) * 8 != 0;
  } else {
    const auto wide = static_cast<SW>(static_cast<SW>(static_cast<S>(a)) * static_cast<S>(b));
    product = static_cast<W>(wide);
    overflow = wide != static_cast<SW>(static_cast<S>(wide));
  }
  const T low = static_cast<T>(product);
  set_halves<T>(c, low, static_cast<T>(product >> sizeof(T) * 8));
  c.lf.set_cf_of(overflow, overflow);
  return Flow::kNext;
}

template <Unary op, typename T>
T modify(Core& c, T a) {
  constexpr T kTop = static_cast<T>(T{1} << (sizeof(T) * 8 - 1));
  if constexpr (op == Unary::kInc) {
    const T r = static_cast<T>(a + 1);
    c.lf.set_inc_dec<T>(a, r, r == kTop);
    return r;
  } else if constexpr (op == Unary::kDec) {
    const T r = static_cast<T>(a - 1);
    c.lf.set_inc_dec<T>(a, r, a == kTop);
    return r;
  } else if constexpr (op == Unary::kNeg) {
    const T r = static_cast<T>(-a);
    c.lf.set_sub<T>(0, a, r);
    return r;
  } else {
    return static_cast<T>(~a);
  }
}

template <Unary op, bool memory>
struct UnaryForm {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      if constexpr (op == Unary::kMul || op == Unary::kImul || op == Unary::kDiv ||
                    op == Unary::kIdiv) {
        T b;
        if constexpr (memory) {
          if (!c.read<T>(i.segment, c.effective(i), b)) return Flow::kFault;
        } else {
          b = c.reg<T>(i.dst);
        }
        if constexpr (op == Unary::kMul || op == Unary::kImul) return multiply<op, T>(c, b);
        return divide<op, T>(c, b);
      } else if constexpr (memory) {
        const std::uint64_t at = c.effective(i);
        T a;
        if (!c.read_for_write<T>(i.segment, at, a)) return Flow::kFault;
        return c.write<T>(i.segment, at, modify<op, T>(c, a)) ? Flow::kNext : Flow::kFault;
      } else {
        c.set_reg<T>(i.dst, modify<op, T>(c, c.reg<T>(i.dst)));
        return Flow::kNext;
      }
    }
  };
};

template <Unary op>
Handler with_form(Form form, unsigned size) {
  return form == Form::kM ? sized<UnaryForm<op, true>::template Family>(size)
                          : sized<UnaryForm<op, false>::template Family>(size);
}

template <bool immediate, bool memory>
struct ImulForm {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      using S = std::make_signed_t<T>;
      T source;
      if constexpr (memory) {
        if (!c.read<T>(i.segment, c.effective(i), source)) return Flow::kFault;
      } else {
        source = c.reg<T>(i.src);
      }
      using Product = std::conditional_t<sizeof(T) == 8, __int128, std::int64_t>;
      const auto a = static_cast<Product>(static_cast<S>(source));
      const auto b =
          static_cast<Product>(immediate ? static_cast<S>(i.imm) : static_cast<S>(c.reg<T>(i.dst)));
      const Product product = a * b;
      const T r = static_cast<T>(product);
      const bool overflow = product != static_cast<Product>(static_cast<S>(r));
      c.set_reg<T>(i.dst, r);
      c.lf.set_cf_of(overflow, overflow);
      return Flow::kNext;
    }
  };
};

}  // namespace

Handler unary_handler(Unary op, Form form, unsigned size) {
  switch (op) {
    case Unary::kInc: return with_form<Unary::kInc>(form, size);
    case Unary::kDec: return with_form<Unary::kDec>(form, size);
    case Unary::kNot: return with_form<Unary::kNot>(form, size);
    case Unary::kNeg: return with_form<Unary::kNeg>(form, size);
    case Unary::kMul: return with_form<Unary::kMul>(form, size);
    case Unary::kImul: return with_form<Unary::kImul>(form, size);
    case Unary::kDiv: return with_form<Unary::kDiv>(form, size);
    case Unary::kIdiv: return with_form<Unary::kIdiv>(form, size);
  }
  return nullptr;
}

Handler imul_handler(bool immediate, Form form, unsigned size) {
  if (form == Form::kRM) {
    return immediate ? sized_word<ImulForm<true, true>::Family>(size)
                     : sized_word<ImulForm<false, true>::Family>(size);
  }
  return immediate ? sized_word<ImulForm<true, false>::Family>(size)
                   : sized_word<ImulForm<false, false>::Family>(size);
}

}  // namespace ice86::cpu
