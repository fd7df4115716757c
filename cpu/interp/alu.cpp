// SPDX-License-Identifier: LGPL-2.1-or-later
// Two-operand arithmetic and logic, and MOV, in all operand forms.
// Reference: Intel SDM vol. 2.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

template <Alu op, typename T>
T compute(Core& c, T a, T b) {
  if constexpr (op == Alu::kMov) {
    return b;
  } else if constexpr (op == Alu::kAdd) {
    const T r = static_cast<T>(a + b);
    c.lf.set_add<T>(a, b, r);
    return r;
  } else if constexpr (op == Alu::kAdc) {
    const T r = static_cast<T>(a + b + (c.lf.cf() ? 1 : 0));
    c.lf.set_add<T>(a, b, r);
    return r;
  } else if constexpr (op == Alu::kSub || op == Alu::kCmp || op == Alu::kNotedCmp) {
    if constexpr (op == Alu::kNotedCmp) c.note_compare(a, b);
    const T r = static_cast<T>(a - b);
    c.lf.set_sub<T>(a, b, r);
    return r;
  } else if constexpr (op == Alu::kSbb) {
    const T r = static_cast<T>(a - b - (c.lf.cf() ? 1 : 0));
    c.lf.set_sub<T>(a, b, r);
    return r;
  } else {
    const T r = op == Alu::kOr    ? static_cast<T>(a | b)
                : op == Alu::kXor ? static_cast<T>(a ^ b)
                                  : static_cast<T>(a & b);
    c.lf.set_logic<T>(r);
    return r;
  }
}

constexpr bool writes(Alu op) {
  return op != Alu::kCmp && op != Alu::kTest && op != Alu::kNotedCmp;
}

template <Alu op, Form form>
struct AluForm {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      constexpr bool memory_destination = form == Form::kMR || form == Form::kMI;
      T b;
      if constexpr (form == Form::kRR || form == Form::kMR) b = c.reg<T>(i.src);
      if constexpr (form == Form::kRI || form == Form::kMI) b = static_cast<T>(i.imm);
      if constexpr (form == Form::kRM) {
        if (!c.read<T>(i.segment, c.effective(i), b)) return Flow::kFault;
      }
      if constexpr (memory_destination) {
        const std::uint64_t at = c.effective(i);
        if constexpr (op == Alu::kMov) {
          return c.write<T>(i.segment, at, b) ? Flow::kNext : Flow::kFault;
        } else {
          T a;
          if constexpr (writes(op)) {
            if (!c.read_for_write<T>(i.segment, at, a)) return Flow::kFault;
          } else {
            if (!c.read<T>(i.segment, at, a)) return Flow::kFault;
          }
          const T r = compute<op, T>(c, a, b);
          if constexpr (writes(op)) {
            if (!c.write<T>(i.segment, at, r)) return Flow::kFault;
          }
        }
      } else {
        const T r = compute<op, T>(c, op == Alu::kMov ? T{0} : c.reg<T>(i.dst), b);
        if constexpr (writes(op)) c.set_reg<T>(i.dst, r);
      }
      return Flow::kNext;
    }
  };
};

template <Alu op>
Handler with_form(Form form, unsigned size) {
  switch (form) {
    case Form::kRR: return sized<AluForm<op, Form::kRR>::template Family>(size);
    case Form::kRM: return sized<AluForm<op, Form::kRM>::template Family>(size);
    case Form::kMR: return sized<AluForm<op, Form::kMR>::template Family>(size);
    case Form::kRI: return sized<AluForm<op, Form::kRI>::template Family>(size);
    case Form::kMI: return sized<AluForm<op, Form::kMI>::template Family>(size);
    default: return nullptr;
  }
}

}  // namespace

Handler alu_handler(Alu op, Form form, unsigned size) {
  switch (op) {
    case Alu::kAdd: return with_form<Alu::kAdd>(form, size);
    case Alu::kOr: return with_form<Alu::kOr>(form, size);
    case Alu::kAdc: return with_form<Alu::kAdc>(form, size);
    case Alu::kSbb: return with_form<Alu::kSbb>(form, size);
    case Alu::kAnd: return with_form<Alu::kAnd>(form, size);
    case Alu::kSub: return with_form<Alu::kSub>(form, size);
    case Alu::kXor: return with_form<Alu::kXor>(form, size);
    case Alu::kCmp: return with_form<Alu::kCmp>(form, size);
    case Alu::kTest: return with_form<Alu::kTest>(form, size);
    case Alu::kMov: return with_form<Alu::kMov>(form, size);
    case Alu::kNotedCmp: return with_form<Alu::kNotedCmp>(form, size);
  }
  return nullptr;
}

Handler noted_compare(Handler handler) {
  for (const Form form : {Form::kRR, Form::kRM, Form::kMR, Form::kRI, Form::kMI}) {
    for (const unsigned size : {1u, 2u, 4u, 8u}) {
      if (handler == alu_handler(Alu::kCmp, form, size))
        return alu_handler(Alu::kNotedCmp, form, size);
    }
  }
  return handler;
}

}  // namespace ice86::cpu
