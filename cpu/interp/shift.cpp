// SPDX-License-Identifier: LGPL-2.1-or-later
// Shifts and rotates.
// Reference: Intel SDM vol. 2 (SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). Counts are masked to
// five bits, for 64-bit operands to six. Undefined flags: OF for counts above 1 is computed as for
// a count of 1 on the last step; shifts set AF, as AMD Zen does (the 80286 only for SHR and SAR).
// SHLD and SHRD of 16 bits by more than 16: the result is that of Zen, CF and OF are ours.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

constexpr unsigned kClOffset = 1 * 8;

template <typename T>
constexpr unsigned kCountMask = sizeof(T) == 8 ? 63 : 31;

template <typename T>
constexpr bool top(T value) {
  return (value >> (sizeof(T) * 8 - 1) & 1) != 0;
}

template <Shift op, typename T>
T shifted(Core& c, T a, unsigned count) {
  constexpr unsigned kBits = sizeof(T) * 8;
  using S = std::make_signed_t<T>;
  // Holds the operand and the bits around it.
  using Wide = std::conditional_t<sizeof(T) == 8, unsigned __int128, std::uint64_t>;
  const Wide wide = a;
  if constexpr (op == Shift::kShl) {
    const Wide r = wide << count;
    const T result = static_cast<T>(r);
    const bool carry = (r >> kBits & 1) != 0;
    c.lf.set_result_cf_of<T>(result, carry, carry != top(result), true);
    return result;
  } else if constexpr (op == Shift::kShr) {
    const T result = static_cast<T>(wide >> count);
    const Wide before_last = wide >> (count - 1);
    c.lf.set_result_cf_of<T>(result, (before_last & 1) != 0, top(static_cast<T>(before_last)),
                             true);
    return result;
  } else if constexpr (op == Shift::kSar) {
    const auto extended = static_cast<std::int64_t>(static_cast<S>(a));
    const T result = static_cast<T>(extended >> count);
    c.lf.set_result_cf_of<T>(result, (extended >> (count - 1) & 1) != 0, false, true);
    return result;
  } else if constexpr (op == Shift::kRol) {
    const unsigned n = count % kBits;
    const T result = n == 0 ? a : static_cast<T>(wide << n | wide >> (kBits - n));
    const bool carry = (result & 1) != 0;
    c.lf.set_cf_of(carry, carry != top(result));
    return result;
  } else if constexpr (op == Shift::kRor) {
    const unsigned n = count % kBits;
    const T result = n == 0 ? a : static_cast<T>(wide >> n | wide << (kBits - n));
    c.lf.set_cf_of(top(result), top(result) != top(static_cast<T>(result << 1)));
    return result;
  } else {
    // Through carry: a rotation of kBits + 1 bits.
    const unsigned n = count % (kBits + 1);
    if (n == 0) {
      // The operand and CF stay; OF follows them as after a rotation.
      const bool carry = c.lf.cf();
      c.lf.set_cf_of(carry,
                     op == Shift::kRcl ? carry != top(a) : top(a) != top(static_cast<T>(a << 1)));
      return a;
    }
    const Wide carry_in = c.lf.cf() ? 1 : 0;
    if constexpr (op == Shift::kRcl) {
      const Wide low = n == 1 ? 0 : wide >> (kBits + 1 - n);
      const T result = static_cast<T>(wide << n | carry_in << (n - 1) | low);
      const bool carry = (wide >> (kBits - n) & 1) != 0;
      c.lf.set_cf_of(carry, carry != top(result));
      return result;
    } else {
      const Wide high = n == 1 ? 0 : wide << (kBits + 1 - n);
      const T result = static_cast<T>(wide >> n | carry_in << (kBits - n) | high);
      const bool carry = (wide >> (n - 1) & 1) != 0;
      c.lf.set_cf_of(carry, top(result) != top(static_cast<T>(result << 1)));
      return result;
    }
  }
}

template <Shift op, bool by_cl, bool memory>
struct ShiftForm {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      const unsigned count =
          (by_cl ? c.reg<std::uint8_t>(kClOffset) : static_cast<std::uint8_t>(i.imm)) &
          kCountMask<T>;
      if constexpr (memory) {
        const std::uint64_t at = c.effective(i);
        T a;
        if (!c.read_for_write<T>(i.segment, at, a)) return Flow::kFault;
        if (count == 0) return Flow::kNext;
        return c.write<T>(i.segment, at, shifted<op, T>(c, a, count)) ? Flow::kNext : Flow::kFault;
      } else {
        if (count == 0) {
          c.set_reg<T>(i.dst, c.reg<T>(i.dst));
          return Flow::kNext;
        }
        c.set_reg<T>(i.dst, shifted<op, T>(c, c.reg<T>(i.dst), count));
        return Flow::kNext;
      }
    }
  };
};

template <Shift op>
Handler with_form(bool by_cl, Form form, unsigned size) {
  if (form == Form::kM) {
    return by_cl ? sized<ShiftForm<op, true, true>::template Family>(size)
                 : sized<ShiftForm<op, false, true>::template Family>(size);
  }
  return by_cl ? sized<ShiftForm<op, true, false>::template Family>(size)
               : sized<ShiftForm<op, false, false>::template Family>(size);
}

template <bool left, bool by_cl, bool memory>
struct DoubleShift {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      constexpr unsigned kBits = sizeof(T) * 8;
      const unsigned count =
          (by_cl ? c.reg<std::uint8_t>(kClOffset) : static_cast<std::uint8_t>(i.imm)) &
          kCountMask<T>;
      const T filler = c.reg<T>(i.src);
      T a;
      const std::uint64_t at = memory ? c.effective(i) : 0;
      if constexpr (memory) {
        if (!c.read_for_write<T>(i.segment, at, a)) return Flow::kFault;
      } else {
        a = c.reg<T>(i.dst);
      }
      if (count == 0) {
        if constexpr (!memory) c.set_reg<T>(i.dst, a);
        return Flow::kNext;
      }
      // For 16 bits and counts above 16 the result is undefined; AMD Zen shifts the source in
      // again: destination:source:source as one shift register.
      T r;
      bool carry;
      if constexpr (sizeof(T) == 8) {
        const unsigned rest = kBits - count;
        r = left ? a << count | filler >> rest : a >> count | filler << rest;
        carry = (left ? a >> rest & 1 : a >> (count - 1) & 1) != 0;
      } else if constexpr (left) {
        const auto high = static_cast<unsigned __int128>(a) << 2 * kBits |
                          static_cast<unsigned __int128>(filler) << kBits | filler;
        r = static_cast<T>(high << count >> 2 * kBits);
        carry = (static_cast<unsigned>(high << (count - 1) >> (3 * kBits - 1)) & 1) != 0;
      } else {
        const auto low = static_cast<unsigned __int128>(filler) << 2 * kBits |
                         static_cast<unsigned __int128>(filler) << kBits | a;
        r = static_cast<T>(low >> count);
        carry = (static_cast<unsigned>(low >> (count - 1)) & 1) != 0;
      }
      if constexpr (memory) {
        if (!c.write<T>(i.segment, at, r)) return Flow::kFault;
      } else {
        c.set_reg<T>(i.dst, r);
      }
      bool sign_before = left ? carry : top(static_cast<T>(r << 1));
      if constexpr (sizeof(T) == 2) {  // measured on AMD Zen
        if (count > kBits) carry = false;
        if (left && count >= kBits) sign_before = carry != top(r);
      }
      c.lf.set_result_cf_of<T>(r, carry, sign_before != top(r), true);
      return Flow::kNext;
    }
  };
};

}  // namespace

Handler shift_handler(Shift op, bool by_cl, Form form, unsigned size) {
  switch (op) {
    case Shift::kRol: return with_form<Shift::kRol>(by_cl, form, size);
    case Shift::kRor: return with_form<Shift::kRor>(by_cl, form, size);
    case Shift::kRcl: return with_form<Shift::kRcl>(by_cl, form, size);
    case Shift::kRcr: return with_form<Shift::kRcr>(by_cl, form, size);
    case Shift::kShl: return with_form<Shift::kShl>(by_cl, form, size);
    case Shift::kShr: return with_form<Shift::kShr>(by_cl, form, size);
    case Shift::kSar: return with_form<Shift::kSar>(by_cl, form, size);
  }
  return nullptr;
}

Handler double_shift_handler(bool left, bool by_cl, Form form, unsigned size) {
  const bool memory = form == Form::kM;
  if (left) {
    if (memory)
      return by_cl ? sized_word<DoubleShift<true, true, true>::Family>(size)
                   : sized_word<DoubleShift<true, false, true>::Family>(size);
    return by_cl ? sized_word<DoubleShift<true, true, false>::Family>(size)
                 : sized_word<DoubleShift<true, false, false>::Family>(size);
  }
  if (memory)
    return by_cl ? sized_word<DoubleShift<false, true, true>::Family>(size)
                 : sized_word<DoubleShift<false, false, true>::Family>(size);
  return by_cl ? sized_word<DoubleShift<false, true, false>::Family>(size)
               : sized_word<DoubleShift<false, false, false>::Family>(size);
}

}  // namespace ice86::cpu
