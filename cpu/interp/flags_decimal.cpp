// SPDX-License-Identifier: LGPL-2.1-or-later
// Flag instructions and decimal arithmetic.
// Reference: Intel SDM vol. 2. Undefined flags: DAA, DAS: OF clear; AAA, AAS: OF, SF clear, ZF and
// PF follow AL; AAM, AAD: CF, OF, AF clear.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"

namespace ice86::cpu {

namespace {

constexpr unsigned kAlOffset = 0, kAhOffset = 1;

template <Flag op>
Flow flag_op(Core& c, const Insn&) {
  if constexpr (op == Flag::kClc) c.lf.set_cf(false);
  if constexpr (op == Flag::kStc) c.lf.set_cf(true);
  if constexpr (op == Flag::kCmc) c.lf.set_cf(!c.lf.cf());
  if constexpr (op == Flag::kCld) c.s.rflags &= ~static_cast<std::uint64_t>(flag::kDf);
  if constexpr (op == Flag::kStd) c.s.rflags |= flag::kDf;
  if constexpr (op == Flag::kLahf)
    c.set_reg<std::uint8_t>(kAhOffset, static_cast<std::uint8_t>(c.flags()));
  if constexpr (op == Flag::kSahf) {
    constexpr std::uint32_t kLoaded = flag::kSf | flag::kZf | flag::kAf | flag::kPf | flag::kCf;
    c.lf.load((c.lf.value() & ~kLoaded) | (c.reg<std::uint8_t>(kAhOffset) & kLoaded));
  }
  if constexpr (op == Flag::kCli || op == Flag::kSti) {
    if (c.protected_mode() && (c.v8086() ? c.iopl() != 3 : c.cpl > c.iopl())) {
      // CR4.VME and CR4.PVI give such programs an IF of their own (SDM vol. 3A section 20.3).
      const bool virtual_flag =
          c.v8086() ? (c.s.cr4 & cr4::kVme) != 0 : c.cpl == 3 && (c.s.cr4 & cr4::kPvi) != 0;
      if (!virtual_flag) return c.raised(kGp, 0);
      if constexpr (op == Flag::kCli) {
        c.s.rflags &= ~std::uint64_t{flag::kVif};
      } else {
        if ((c.s.rflags & flag::kVip) != 0) return c.raised(kGp, 0);
        c.s.rflags |= flag::kVif;
      }
      return Flow::kNext;
    }
    if constexpr (op == Flag::kCli) {
      c.s.rflags &= ~static_cast<std::uint64_t>(flag::kIf);
      return Flow::kNext;
    } else {
      // The next instruction still runs without interrupts, if they were off before.
      if ((c.s.rflags & flag::kIf) == 0) c.s.interrupt_shadow = true;
      c.s.rflags |= flag::kIf;
      return Flow::kLeave;
    }
  }
  return Flow::kNext;
}

// The manual leaves OF after DAA and DAS undefined, and SF, ZF, PF and OF after AAA and AAS, and
// CF, AF and OF after AAD. AMD Zen has those of the addition or subtraction of the correction: to
// AL, and to AX for AAA and AAS.
template <bool subtract, typename T>
T adjusted(T value, int correction) {
  return static_cast<T>(subtract ? value - correction : value + correction);
}
// The sign of the correction is positive.
template <bool subtract, typename T>
bool overflows(T before, T after) {
  return ((subtract ? before & ~after : ~before & after) >> (sizeof(T) * 8 - 1) & 1) != 0;
}

template <bool subtract>
Flow decimal_adjust(Core& c, const Insn&) {
  const auto old_al = c.reg<std::uint8_t>(kAlOffset);
  const bool old_cf = c.lf.cf();
  const bool low = (old_al & 0x0f) > 9 || c.lf.af();
  const bool high = old_al > 0x99 || old_cf;
  const bool cf = high || (low && (subtract ? old_al < 6 : old_al > 0xf9));
  const auto al = adjusted<subtract, std::uint8_t>(old_al, (low ? 6 : 0) + (high ? 0x60 : 0));
  c.set_reg<std::uint8_t>(kAlOffset, al);
  c.lf.set_result_cf_of<std::uint8_t>(al, cf, overflows<subtract>(old_al, al), low);
  return Flow::kNext;
}

template <bool subtract>
Flow ascii_adjust(Core& c, const Insn&) {
  const std::uint16_t old_ax = c.ax();
  const bool adjust = (old_ax & 0x0f) > 9 || c.lf.af();
  const auto ax = adjusted<subtract>(old_ax, adjust ? 0x106 : 0);
  c.set_reg<std::uint16_t>(kAlOffset, ax & 0xff0f);
  c.lf.set_result_cf_of<std::uint16_t>(ax, adjust, overflows<subtract>(old_ax, ax), adjust);
  return Flow::kNext;
}

Flow aam(Core& c, const Insn& i) {
  const auto base = static_cast<std::uint8_t>(i.imm);
  if (base == 0) return c.raised(kDe);
  const auto al = c.reg<std::uint8_t>(kAlOffset);
  c.set_reg<std::uint8_t>(kAhOffset, static_cast<std::uint8_t>(al / base));
  c.set_reg<std::uint8_t>(kAlOffset, static_cast<std::uint8_t>(al % base));
  c.lf.set_logic<std::uint8_t>(static_cast<std::uint8_t>(al % base));
  return Flow::kNext;
}

Flow aad(Core& c, const Insn& i) {
  const auto al = c.reg<std::uint8_t>(kAlOffset);
  const auto product =
      static_cast<std::uint8_t>(c.reg<std::uint8_t>(kAhOffset) * static_cast<std::uint8_t>(i.imm));
  const auto sum = static_cast<std::uint8_t>(al + product);
  c.set_reg<std::uint16_t>(kAlOffset, sum);
  c.lf.set_add<std::uint8_t>(al, product, sum);
  return Flow::kNext;
}

Flow salc(Core& c, const Insn&) {
  c.set_reg<std::uint8_t>(kAlOffset, c.lf.cf() ? 0xff : 0);
  return Flow::kNext;
}

}  // namespace

Handler flag_handler(Flag op) {
  switch (op) {
    case Flag::kClc: return flag_op<Flag::kClc>;
    case Flag::kStc: return flag_op<Flag::kStc>;
    case Flag::kCmc: return flag_op<Flag::kCmc>;
    case Flag::kCld: return flag_op<Flag::kCld>;
    case Flag::kStd: return flag_op<Flag::kStd>;
    case Flag::kCli: return flag_op<Flag::kCli>;
    case Flag::kSti: return flag_op<Flag::kSti>;
    case Flag::kLahf: return flag_op<Flag::kLahf>;
    case Flag::kSahf: return flag_op<Flag::kSahf>;
  }
  return nullptr;
}

Handler decimal_handler(Decimal op) {
  switch (op) {
    case Decimal::kDaa: return decimal_adjust<false>;
    case Decimal::kDas: return decimal_adjust<true>;
    case Decimal::kAaa: return ascii_adjust<false>;
    case Decimal::kAas: return ascii_adjust<true>;
    case Decimal::kAam: return aam;
    case Decimal::kAad: return aad;
    case Decimal::kSalc: return salc;
  }
  return nullptr;
}

}  // namespace ice86::cpu
