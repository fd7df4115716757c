// SPDX-License-Identifier: LGPL-2.1-or-later
// The six arithmetic flags, kept as what they are computed from until somebody reads them.
// Reference: Intel SDM vol. 1 section 3.4.3.1 and appendix A.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cpu/state.h"

namespace ice86::cpu {

class LazyFlags {
 public:
  template <typename T>
  void set_add(T a, T b, T r) {
    set_carries<T>(static_cast<T>((a & b) | ((a | b) & ~r)));
    set_result<T>(r);
    aux_ = (a ^ b ^ r) & kAuxAf;
  }
  template <typename T>
  void set_sub(T a, T b, T r) {
    set_carries<T>(static_cast<T>((~a & b) | ((~a | b) & r)));
    set_result<T>(r);
    aux_ = (a ^ b ^ r) & kAuxAf;
  }
  // CF = OF = 0. AF is undefined by the manual; processors clear it.
  template <typename T>
  void set_logic(T r) {
    carries_ = 0;
    set_result<T>(r);
    aux_ = 0;
  }
  // INC and DEC leave CF alone.
  template <typename T>
  void set_inc_dec(T before, T r, bool overflow) {
    const bool carry = cf();
    set_result<T>(r);
    aux_ = (before ^ 1 ^ r) & kAuxAf;
    set_cf_of(carry, overflow);
  }
  // Shifts and decimal adjustments: result flags from r, the others given.
  template <typename T>
  void set_result_cf_of(T r, bool carry, bool overflow, bool aux) {
    set_result<T>(r);
    aux_ = aux ? kAuxAf : 0;
    set_cf_of(carry, overflow);
  }
  void set_cf_of(bool carry, bool overflow) {
    carries_ = static_cast<std::uint64_t>(carry) << 63 |
               static_cast<std::uint64_t>(carry != overflow) << 62;
  }
  void set_cf(bool carry) { set_cf_of(carry, of()); }
  void set_zf(bool zero) { load((value() & ~flag::kZf) | (zero ? flag::kZf : 0)); }

  bool cf() const { return (carries_ >> 63) != 0; }
  bool of() const { return ((carries_ ^ carries_ << 1) >> 63) != 0; }
  bool zf() const { return result_ == 0; }
  bool sf() const { return ((static_cast<std::uint64_t>(result_) >> 63) ^ (aux_ >> 7 & 1)) != 0; }
  bool pf() const {
    // The parity of four bits is a bit of 6996.
    const auto low = static_cast<std::uint8_t>(result_);
    return ((0x6996U >> ((low ^ low >> 4) & 15) & 1U) ^ (aux_ >> 2 & 1U)) == 0;
  }
  bool af() const { return (aux_ & kAuxAf) != 0; }

  // Condition code 0-15 of Jcc, SETcc, CMOVcc.
  bool condition(unsigned code) const {
    bool holds = false;
    switch (code >> 1) {
      case 0: holds = of(); break;
      case 1: holds = cf(); break;
      case 2: holds = zf(); break;
      case 3: holds = cf() || zf(); break;
      case 4: holds = sf(); break;
      case 5: holds = pf(); break;
      case 6: holds = sf() != of(); break;
      case 7: holds = zf() || sf() != of(); break;
    }
    return holds != ((code & 1) != 0);
  }

  std::uint32_t value() const {
    return (cf() ? flag::kCf : 0) | (pf() ? flag::kPf : 0) | (af() ? flag::kAf : 0) |
           (zf() ? flag::kZf : 0) | (sf() ? flag::kSf : 0) | (of() ? flag::kOf : 0);
  }
  void load(std::uint32_t flags) {
    const bool zero = (flags & flag::kZf) != 0;
    result_ = zero ? 0 : 1;
    // The parity of 0 is even, of 1 odd; both have a clear sign.
    const bool parity_flips = ((flags & flag::kPf) != 0) != zero;
    aux_ = (flags & (flag::kAf | flag::kSf)) | (parity_flips ? flag::kPf : 0);
    set_cf_of((flags & flag::kCf) != 0, (flags & flag::kOf) != 0);
  }

 private:
  static constexpr std::uint32_t kAuxAf = flag::kAf;

  template <typename T>
  void set_carries(T carries) {
    carries_ = static_cast<std::uint64_t>(carries) << (64 - sizeof(T) * 8);
  }
  template <typename T>
  void set_result(T r) {
    result_ = static_cast<std::make_signed_t<T>>(r);
  }

  std::int64_t result_ = 1;  // sign-extended: ZF, SF, PF
  std::uint64_t carries_ =
      0;                   // carries out of each bit, topmost at bit 63: CF = 63, OF = 63 xor 62
  std::uint32_t aux_ = 0;  // AF; bits 7 and 2 flip SF and PF (flags that no one result gives)
};

}  // namespace ice86::cpu
