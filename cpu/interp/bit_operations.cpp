// SPDX-License-Identifier: LGPL-2.1-or-later
// BT, BTS, BTR, BTC, BSF, BSR.
// Reference: Intel SDM vol. 2. Undefined flags: BT and family leave all but CF alone; BSF and BSR
// set the flags of a zero or non-zero result and leave the destination alone for a zero source.
#include <bit>

#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

template <Bit op, bool memory, bool immediate>
struct BitForm {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      constexpr unsigned kBits = sizeof(T) * 8;
      const T number = immediate ? static_cast<T>(i.imm) : c.reg<T>(i.src);
      const unsigned index = number % kBits;
      const T mask = static_cast<T>(T{1} << index);
      T value;
      std::uint64_t at = 0;
      if constexpr (memory) {
        static constexpr std::uint64_t kMask[] = {0xffff, 0xffffffff, ~std::uint64_t{0}};
        at = c.effective(i);
        if constexpr (!immediate) {
          // A register bit number reaches beyond the operand, in both directions.
          const auto distance =
              static_cast<std::int64_t>(static_cast<std::make_signed_t<T>>(number)) >>
              std::countr_zero(kBits);
          at = (at + static_cast<std::uint64_t>(distance * static_cast<std::int64_t>(sizeof(T)))) &
               kMask[i.address_size];
        }
        if constexpr (op == Bit::kBt) {
          if (!c.read<T>(i.segment, at, value)) return Flow::kFault;
        } else {
          if (!c.read_for_write<T>(i.segment, at, value)) return Flow::kFault;
        }
      } else {
        value = c.reg<T>(i.dst);
      }
      const bool was_set = (value & mask) != 0;
      if constexpr (op != Bit::kBt) {
        const T changed = op == Bit::kBts   ? static_cast<T>(value | mask)
                          : op == Bit::kBtr ? static_cast<T>(value & ~mask)
                                            : static_cast<T>(value ^ mask);
        if constexpr (memory) {
          if (!c.write<T>(i.segment, at, changed)) return Flow::kFault;
        } else {
          c.set_reg<T>(i.dst, changed);
        }
      }
      c.lf.set_cf(was_set);
      return Flow::kNext;
    }
  };
};

template <Bit op>
Handler with_form(Form form, unsigned size) {
  switch (form) {
    case Form::kRR: return sized_word<BitForm<op, false, false>::template Family>(size);
    case Form::kRI: return sized_word<BitForm<op, false, true>::template Family>(size);
    case Form::kMR: return sized_word<BitForm<op, true, false>::template Family>(size);
    case Form::kMI: return sized_word<BitForm<op, true, true>::template Family>(size);
    default: return nullptr;
  }
}

template <bool reverse, bool memory>
struct BitScan {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      T value;
      if constexpr (memory) {
        if (!c.read<T>(i.segment, c.effective(i), value)) return Flow::kFault;
      } else {
        value = c.reg<T>(i.src);
      }
      c.lf.set_zf(value == 0);
      if (value != 0) {
        const int index = reverse ? static_cast<int>(sizeof(T) * 8) - 1 - std::countl_zero(value)
                                  : std::countr_zero(value);
        c.set_reg<T>(i.dst, static_cast<T>(index));
      }
      return Flow::kNext;
    }
  };
};

}  // namespace

Handler bit_handler(Bit op, Form form, unsigned size) {
  switch (op) {
    case Bit::kBt: return with_form<Bit::kBt>(form, size);
    case Bit::kBts: return with_form<Bit::kBts>(form, size);
    case Bit::kBtr: return with_form<Bit::kBtr>(form, size);
    case Bit::kBtc: return with_form<Bit::kBtc>(form, size);
  }
  return nullptr;
}

Handler bit_scan_handler(bool reverse, Form form, unsigned size) {
  const bool memory = form == Form::kRM;
  if (reverse)
    return memory ? sized_word<BitScan<true, true>::Family>(size)
                  : sized_word<BitScan<true, false>::Family>(size);
  return memory ? sized_word<BitScan<false, true>::Family>(size)
                : sized_word<BitScan<false, false>::Family>(size);
}

}  // namespace ice86::cpu
