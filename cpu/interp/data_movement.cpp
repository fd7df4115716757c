// SPDX-License-Identifier: LGPL-2.1-or-later
// Moves that are more than MOV: exchanges, extensions, conditional moves, segment registers, far
// pointers. Reference: Intel SDM vol. 2.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

constexpr unsigned kAxOffset = 0, kDxOffset = 2 * 8, kBxOffset = 3 * 8;

template <Exchange op, typename T>
T exchanged(Core& c, const Insn& i, T a) {
  const T b = c.reg<T>(i.src);
  if constexpr (op == Exchange::kXchg) {
    return b;
  } else {
    const T sum = static_cast<T>(a + b);
    c.lf.set_add<T>(a, b, sum);
    return sum;
  }
}

template <Exchange op, bool memory>
struct ExchangeForm {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      T a;
      const std::uint64_t at = memory ? c.effective(i) : 0;
      if constexpr (memory) {
        if (!c.read_for_write<T>(i.segment, at, a)) return Flow::kFault;
      } else {
        a = c.reg<T>(i.dst);
      }
      if constexpr (op == Exchange::kCmpxchg) {
        const T expected = c.reg<T>(kAxOffset);
        c.lf.set_sub<T>(expected, a, static_cast<T>(expected - a));
        const bool equal = expected == a;
        // The destination is written in both cases (SDM: a write cycle without regard to the
        // result).
        const T stored = equal ? c.reg<T>(i.src) : a;
        if constexpr (memory) {
          if (!c.write<T>(i.segment, at, stored)) return Flow::kFault;
        } else if (equal) {
          c.set_reg<T>(i.dst, stored);
        }
        if (!equal) c.set_reg<T>(kAxOffset, a);
        return Flow::kNext;
      } else {
        const T r = exchanged<op, T>(c, i, a);
        if constexpr (memory) {
          if (!c.write<T>(i.segment, at, r)) return Flow::kFault;
          c.set_reg<T>(i.src, a);
        } else {
          c.set_reg<T>(i.src, a);
          c.set_reg<T>(i.dst, r);  // last: XADD of a register with itself leaves the sum
        }
        return Flow::kNext;
      }
    }
  };
};

// The operand must be aligned; there is one store for both halves, or none.
Flow cmpxchg16b(Core& c, const Insn& i) {
  const std::uint64_t at = c.effective(i);
  if (((c.views[i.segment].base + at) & 15) != 0) return c.raised(kGp, 0);
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (!c.read_for_write<std::uint64_t>(i.segment, at, low) ||
      !c.read_for_write<std::uint64_t>(i.segment, at + 8, high)) {
    return Flow::kFault;
  }
  const bool equal = c.s.gpr[kRax] == low && c.s.gpr[kRdx] == high;
  if (!c.write<std::uint64_t>(i.segment, at, equal ? c.s.gpr[kRbx] : low) ||
      !c.write<std::uint64_t>(i.segment, at + 8, equal ? c.s.gpr[kRcx] : high)) {
    return Flow::kFault;
  }
  if (!equal) {
    c.s.gpr[kRax] = low;
    c.s.gpr[kRdx] = high;
  }
  c.lf.set_zf(equal);
  return Flow::kNext;
}

Flow cmpxchg8b(Core& c, const Insn& i) {
  const std::uint64_t at = c.effective(i);
  std::uint64_t value = 0;
  if (!c.read_for_write<std::uint64_t>(i.segment, at, value)) return Flow::kFault;
  const std::uint64_t expected = static_cast<std::uint64_t>(c.reg<std::uint32_t>(kDxOffset)) << 32 |
                                 c.reg<std::uint32_t>(kAxOffset);
  const bool equal = expected == value;
  const std::uint64_t wanted =
      static_cast<std::uint64_t>(c.reg<std::uint32_t>(8)) << 32 | c.reg<std::uint32_t>(kBxOffset);
  if (!c.write<std::uint64_t>(i.segment, at, equal ? wanted : value)) return Flow::kFault;
  if (!equal) {
    c.set_reg<std::uint32_t>(kAxOffset, static_cast<std::uint32_t>(value));
    c.set_reg<std::uint32_t>(kDxOffset, static_cast<std::uint32_t>(value >> 32));
  }
  c.lf.set_zf(equal);
  return Flow::kNext;
}

template <bool sign, bool memory, typename Source>
struct Extend {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      Source source;
      if constexpr (memory) {
        if (!c.read<Source>(i.segment, c.effective(i), source)) return Flow::kFault;
      } else {
        source = c.reg<Source>(i.src);
      }
      c.set_reg<T>(i.dst, sign ? static_cast<T>(static_cast<std::make_signed_t<Source>>(source))
                               : static_cast<T>(source));
      return Flow::kNext;
    }
  };
};

template <bool memory>
struct Cmov {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      T source;
      if constexpr (memory) {  // read, and possibly fault, whatever the condition says
        if (!c.read<T>(i.segment, c.effective(i), source)) return Flow::kFault;
      } else {
        source = c.reg<T>(i.src);
      }
      c.set_reg<T>(i.dst, c.lf.condition(i.code) ? source : c.reg<T>(i.dst));
      return Flow::kNext;
    }
  };
};

Flow setcc_register(Core& c, const Insn& i) {
  c.set_reg<std::uint8_t>(i.dst, c.lf.condition(i.code) ? 1 : 0);
  return Flow::kNext;
}
Flow setcc_memory(Core& c, const Insn& i) {
  const std::uint8_t value = c.lf.condition(i.code) ? 1 : 0;
  return c.write<std::uint8_t>(i.segment, c.effective(i), value) ? Flow::kNext : Flow::kFault;
}

template <typename T>
struct Lea {
  static Flow run(Core& c, const Insn& i) {
    c.set_reg<T>(i.dst, static_cast<T>(c.effective(i)));
    return Flow::kNext;
  }
};

template <typename T>
struct Bswap {
  static Flow run(Core& c, const Insn& i) {
    // The 16-bit form is undefined; processors clear the register.
    if constexpr (sizeof(T) == 8) {
      c.set_reg<T>(i.dst, __builtin_bswap64(c.reg<T>(i.dst)));
    } else {
      c.set_reg<T>(i.dst, sizeof(T) == 4
                              ? static_cast<T>(__builtin_bswap32(c.reg<std::uint32_t>(i.dst)))
                              : T{0});
    }
    return Flow::kNext;
  }
};

// MOV between the accumulator and a 64-bit absolute address, which is in Insn::imm.
template <typename T>
struct LoadFarAddress {
  static Flow run(Core& c, const Insn& i) {
    T value;
    if (!c.read<T>(i.segment, i.imm, value)) return Flow::kFault;
    c.set_reg<T>(kAxOffset, value);
    return Flow::kNext;
  }
};
template <typename T>
struct StoreFarAddress {
  static Flow run(Core& c, const Insn& i) {
    return c.write<T>(i.segment, i.imm, c.reg<T>(kAxOffset)) ? Flow::kNext : Flow::kFault;
  }
};

template <typename T>
struct MovFromSegment {
  static Flow run(Core& c, const Insn& i) {
    c.set_reg<T>(i.dst, c.s.segment[i.code].selector);
    return Flow::kNext;
  }
};
Flow mov_from_segment_memory(Core& c, const Insn& i) {
  return c.write<std::uint16_t>(i.segment, c.effective(i), c.s.segment[i.code].selector)
             ? Flow::kNext
             : Flow::kFault;
}

// A load of SS holds interrupts off for one instruction; any load may change what a block was
// decoded for.
Flow segment_loaded(Core& c, unsigned segment) {
  if (segment != kSs) return Flow::kNext;
  c.s.mov_ss_shadow = true;
  return Flow::kLeave;
}

template <bool memory>
Flow mov_to_segment(Core& c, const Insn& i) {
  std::uint16_t selector = 0;
  if constexpr (memory) {
    if (!c.read<std::uint16_t>(i.segment, c.effective(i), selector)) return Flow::kFault;
  } else {
    selector = c.reg<std::uint16_t>(i.src);
  }
  if (!c.load_segment(i.code, selector)) return Flow::kFault;
  return segment_loaded(c, i.code);
}

template <typename T>
struct LoadFarPointer {
  static Flow run(Core& c, const Insn& i) {
    const std::uint64_t at = c.effective(i);
    static constexpr std::uint64_t kMask[] = {0xffff, 0xffffffff, ~std::uint64_t{0}};
    T offset;
    std::uint16_t selector = 0;
    if (!c.read<T>(i.segment, at, offset)) return Flow::kFault;
    if (!c.read<std::uint16_t>(i.segment, (at + sizeof(T)) & kMask[i.address_size], selector))
      return Flow::kFault;
    if (!c.load_segment(i.code, selector)) return Flow::kFault;
    c.set_reg<T>(i.dst, offset);
    return Flow::kNext;
  }
};

// CBW, CWDE, CDQE.
template <typename T>
struct ConvertInAx {
  static Flow run(Core& c, const Insn&) {
    if constexpr (sizeof(T) == 2) {
      c.set_reg<T>(kAxOffset,
                   static_cast<T>(static_cast<std::int8_t>(c.reg<std::uint8_t>(kAxOffset))));
    } else if constexpr (sizeof(T) == 8) {
      c.set_reg<T>(kAxOffset,
                   static_cast<T>(static_cast<std::int32_t>(c.reg<std::uint32_t>(kAxOffset))));
    } else {
      c.set_reg<T>(kAxOffset,
                   static_cast<T>(static_cast<std::int16_t>(c.reg<std::uint16_t>(kAxOffset))));
    }
    return Flow::kNext;
  }
};
// CWD, CDQ, CQO.
template <typename T>
struct ConvertIntoDx {
  static Flow run(Core& c, const Insn&) {
    const bool negative = static_cast<std::make_signed_t<T>>(c.reg<T>(kAxOffset)) < 0;
    c.set_reg<T>(kDxOffset, negative ? static_cast<T>(~T{0}) : T{0});
    return Flow::kNext;
  }
};

Flow xlat(Core& c, const Insn& i) {
  static constexpr std::uint64_t kMask[] = {0xffff, 0xffffffff, ~std::uint64_t{0}};
  const std::uint64_t at = (c.s.gpr[kRbx] + c.reg<std::uint8_t>(kAxOffset)) & kMask[i.address_size];
  std::uint8_t value = 0;
  if (!c.read<std::uint8_t>(i.segment, at, value)) return Flow::kFault;
  c.set_reg<std::uint8_t>(kAxOffset, value);
  return Flow::kNext;
}

template <bool sign, bool memory>
Handler extend_from(unsigned source, unsigned size) {
  switch (source) {
    case 1: return sized_word<Extend<sign, memory, std::uint8_t>::template Family>(size);
    case 2: return sized_word<Extend<sign, memory, std::uint16_t>::template Family>(size);
    default: return sized_word<Extend<sign, memory, std::uint32_t>::template Family>(size);
  }
}

}  // namespace

Handler exchange_handler(Exchange op, Form form, unsigned size) {
  const bool memory = form == Form::kMR;
  switch (op) {
    case Exchange::kXchg:
      return memory ? sized<ExchangeForm<Exchange::kXchg, true>::Family>(size)
                    : sized<ExchangeForm<Exchange::kXchg, false>::Family>(size);
    case Exchange::kXadd:
      return memory ? sized<ExchangeForm<Exchange::kXadd, true>::Family>(size)
                    : sized<ExchangeForm<Exchange::kXadd, false>::Family>(size);
    case Exchange::kCmpxchg:
      return memory ? sized<ExchangeForm<Exchange::kCmpxchg, true>::Family>(size)
                    : sized<ExchangeForm<Exchange::kCmpxchg, false>::Family>(size);
  }
  return nullptr;
}

Handler cmpxchg8b_handler() {
  return cmpxchg8b;
}
Handler cmpxchg16b_handler() {
  return cmpxchg16b;
}
Handler far_address_handler(bool store, unsigned size) {
  return store ? sized<StoreFarAddress>(size) : sized<LoadFarAddress>(size);
}

Handler extend_handler(bool sign, Form form, unsigned source, unsigned size) {
  const bool memory = form == Form::kRM;
  if (sign)
    return memory ? extend_from<true, true>(source, size) : extend_from<true, false>(source, size);
  return memory ? extend_from<false, true>(source, size) : extend_from<false, false>(source, size);
}

Handler cmov_handler(Form form, unsigned size) {
  return form == Form::kRM ? sized_word<Cmov<true>::Family>(size)
                           : sized_word<Cmov<false>::Family>(size);
}

Handler setcc_handler(Form form) {
  return form == Form::kM ? setcc_memory : setcc_register;
}
Handler lea_handler(unsigned size) {
  return sized_word<Lea>(size);
}
Handler bswap_handler(unsigned size) {
  return sized_word<Bswap>(size);
}

Handler mov_from_segment_handler(Form form, unsigned size) {
  return form == Form::kM ? mov_from_segment_memory : sized_word<MovFromSegment>(size);
}
Handler mov_to_segment_handler(Form form) {
  return form == Form::kM ? mov_to_segment<true> : mov_to_segment<false>;
}
Handler load_far_pointer_handler(unsigned size) {
  return sized_word<LoadFarPointer>(size);
}
Handler convert_handler(bool into_dx, unsigned size) {
  return into_dx ? sized_word<ConvertIntoDx>(size) : sized_word<ConvertInAx>(size);
}
Handler xlat_handler() {
  return xlat;
}

}  // namespace ice86::cpu
