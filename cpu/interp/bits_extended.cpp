// SPDX-License-Identifier: LGPL-2.1-or-later
// POPCNT, LZCNT, TZCNT, BMI1, BMI2, ADX, MOVBE, CRC32, RDRAND, RDSEED.
// Reference: Intel SDM vol. 2. Undefined flags: PF and, after BEXTR, SF are the
// result's, AF is 0; LZCNT and TZCNT: see there.
#include <bit>
#include <type_traits>

#include "cpu/core.h"
#include "cpu/interp/handlers.h"

namespace ice86::cpu {

namespace {

// The polynomial of CRC32, bit-reversed: 11EDC6F41 hex.
constexpr std::uint32_t kCrc32cReversed = 0x82f63b78;

template <typename T>
constexpr unsigned kBits = sizeof(T) * 8;

// CF, and the rest of the flags from a result; OF, AF cleared.
template <typename T>
void flags_of(Core& c, T result, bool carry) {
  c.lf.set_result_cf_of<T>(result, carry, false, false);
}

// result = op(first, rm): `first` is the register Insn::code (VEX.vvvv), where there is one.
template <typename T, Bits op>
T compute(Core& c, const Insn& i, T first, T rm) {
  if constexpr (op == Bits::kPopcnt) {
    c.lf.load(rm == 0 ? flag::kZf : 0);
    return static_cast<T>(std::popcount(rm));
  } else if constexpr (op == Bits::kLzcnt || op == Bits::kTzcnt) {
    // Undefined: OF stays, SF, PF and AF are cleared, as AMD's Zen does.
    const auto count =
        static_cast<T>(op == Bits::kLzcnt ? std::countl_zero(rm) : std::countr_zero(rm));
    const std::uint32_t others = c.lf.value() & flag::kOf;
    c.lf.load(others | (rm == 0 ? flag::kCf : 0) | (count == 0 ? flag::kZf : 0));
    return count;
  } else if constexpr (op == Bits::kAndn) {
    const auto result = static_cast<T>(~first & rm);
    flags_of<T>(c, result, false);
    return result;
  } else if constexpr (op == Bits::kBextr) {
    const unsigned start = first & 0xff;
    const unsigned length = first >> 8 & 0xff;
    T result = start < kBits<T> ? static_cast<T>(rm >> start) : T{0};
    if (length < kBits<T>) result = static_cast<T>(result & ((T{1} << length) - 1));
    flags_of<T>(c, result, false);
    return result;
  } else if constexpr (op == Bits::kBlsi) {
    const auto result = static_cast<T>(rm & (T{0} - rm));
    flags_of<T>(c, result, rm != 0);
    return result;
  } else if constexpr (op == Bits::kBlsr) {
    const auto result = static_cast<T>(rm & (rm - 1));
    flags_of<T>(c, result, rm == 0);
    return result;
  } else if constexpr (op == Bits::kBlsmsk) {
    const auto result = static_cast<T>(rm ^ (rm - 1));
    flags_of<T>(c, result, rm == 0);
    return result;
  } else if constexpr (op == Bits::kBzhi) {
    const unsigned index = first & 0xff;
    const T result = index < kBits<T> ? static_cast<T>(rm & ((T{1} << index) - 1)) : rm;
    flags_of<T>(c, result, index >= kBits<T>);
    return result;
  } else if constexpr (op == Bits::kPdep) {
    T result = 0;
    T source = first;
    for (T left = rm; left != 0; left &= left - 1, source >>= 1) {
      if ((source & 1) != 0) result |= left & (T{0} - left);
    }
    return result;
  } else if constexpr (op == Bits::kPext) {
    T result = 0;
    unsigned at = 0;
    for (T left = rm; left != 0; left &= left - 1, ++at) {
      if ((first & left & (T{0} - left)) != 0) result |= T{1} << at;
    }
    return result;
  } else if constexpr (op == Bits::kRorx) {
    return std::rotr(rm, static_cast<int>(i.imm & (kBits<T> - 1)));
  } else if constexpr (op == Bits::kSarx) {
    return static_cast<T>(static_cast<std::make_signed_t<T>>(rm) >> (first & (kBits<T> - 1)));
  } else if constexpr (op == Bits::kShlx) {
    return static_cast<T>(rm << (first & (kBits<T> - 1)));
  } else if constexpr (op == Bits::kShrx) {
    return static_cast<T>(rm >> (first & (kBits<T> - 1)));
  } else {
    // ADCX, ADOX: addition with its own carry flag; nothing else changes.
    const T before = c.reg<T>(i.dst);
    const bool of = c.lf.of();
    const bool cf = c.lf.cf();
    const auto partial = static_cast<T>(before + rm);
    const auto result = static_cast<T>(partial + (op == Bits::kAdcx ? cf : of));
    const bool carry = partial < rm || result < partial;
    if constexpr (op == Bits::kAdcx) {
      c.lf.set_cf_of(carry, of);
    } else {
      c.lf.set_cf_of(cf, carry);
    }
    return result;
  }
}

constexpr bool is_vex(Bits op) {
  return op >= Bits::kAndn && op <= Bits::kMulx;
}

template <typename T>
bool operand(Core& c, const Insn& i, bool memory, T& value) {
  if (memory) return c.read<T>(i.segment, c.effective(i), value);
  value = c.reg<T>(i.src);
  return true;
}

template <typename T, Bits op, bool memory>
Flow run(Core& c, const Insn& i) {
  // VEX prefixes exist in protected mode only.
  if (is_vex(op) && c.real_or_v86()) return c.raised(kUd);
  T rm;
  if (!operand(c, i, memory, rm)) return Flow::kFault;
  if constexpr (op == Bits::kMulx) {
    __extension__ using Wide = std::conditional_t<sizeof(T) == 8, unsigned __int128, std::uint64_t>;
    const Wide product = static_cast<Wide>(rm) * c.reg<T>(kRdx * 8);
    c.set_reg<T>(i.code, static_cast<T>(product));
    c.set_reg<T>(i.dst, static_cast<T>(product >> kBits<T>));
  } else {
    c.set_reg<T>(i.dst, compute<T, op>(c, i, c.reg<T>(i.code), rm));
  }
  return Flow::kNext;
}

template <typename T>
T swapped(T value) {
  T result = 0;
  for (unsigned n = 0; n < sizeof(T); ++n)
    result = static_cast<T>(result << 8 | (value >> (8 * n) & 0xff));
  return result;
}
template <typename T>
Flow movbe_load(Core& c, const Insn& i) {
  T value;
  if (!c.read<T>(i.segment, c.effective(i), value)) return Flow::kFault;
  c.set_reg<T>(i.dst, swapped(value));
  return Flow::kNext;
}
template <typename T>
Flow movbe_store(Core& c, const Insn& i) {
  return c.write<T>(i.segment, c.effective(i), swapped(c.reg<T>(i.src))) ? Flow::kNext
                                                                         : Flow::kFault;
}

template <typename T, bool memory>
Flow crc32(Core& c, const Insn& i) {
  T value;
  if (!operand(c, i, memory, value)) return Flow::kFault;
  auto crc = c.reg<std::uint32_t>(i.dst);
  for (unsigned n = 0; n < sizeof(T); ++n) {
    crc ^= static_cast<std::uint8_t>(value >> (8 * n));
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kCrc32cReversed : 0);
  }
  c.set_reg<std::uint32_t>(i.dst, crc);
  return Flow::kNext;
}

// A generator instead of entropy, so that every run is the same: SplitMix64 (Steele, Lea, Flood,
// "Fast splittable pseudorandom number generators", 2014). It never runs dry.
template <typename T>
Flow random_number(Core& c, const Insn& i) {
  std::uint64_t value = c.random_state += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  c.set_reg<T>(i.dst, static_cast<T>(value ^ value >> 31));
  c.lf.load(flag::kCf);
  return Flow::kNext;
}

template <Bits op, bool memory>
Handler by_size(unsigned size) {
  switch (size) {
    case 2:
      if constexpr (!is_vex(op)) return &run<std::uint16_t, op, memory>;
      return nullptr;
    case 4: return &run<std::uint32_t, op, memory>;
    case 8: return &run<std::uint64_t, op, memory>;
    default: return nullptr;
  }
}
template <Bits op>
Handler by_form(Form form, unsigned size) {
  return form == Form::kRM ? by_size<op, true>(size) : by_size<op, false>(size);
}

template <bool memory>
Handler crc32_by_size(unsigned size) {
  switch (size) {
    case 1: return &crc32<std::uint8_t, memory>;
    case 2: return &crc32<std::uint16_t, memory>;
    case 4: return &crc32<std::uint32_t, memory>;
    case 8: return &crc32<std::uint64_t, memory>;
    default: return nullptr;
  }
}

}  // namespace

Handler bits_handler(Bits op, Form form, unsigned size) {
  switch (op) {
    case Bits::kPopcnt: return by_form<Bits::kPopcnt>(form, size);
    case Bits::kLzcnt: return by_form<Bits::kLzcnt>(form, size);
    case Bits::kTzcnt: return by_form<Bits::kTzcnt>(form, size);
    case Bits::kAdcx: return by_form<Bits::kAdcx>(form, size);
    case Bits::kAdox: return by_form<Bits::kAdox>(form, size);
    case Bits::kAndn: return by_form<Bits::kAndn>(form, size);
    case Bits::kBextr: return by_form<Bits::kBextr>(form, size);
    case Bits::kBlsi: return by_form<Bits::kBlsi>(form, size);
    case Bits::kBlsr: return by_form<Bits::kBlsr>(form, size);
    case Bits::kBlsmsk: return by_form<Bits::kBlsmsk>(form, size);
    case Bits::kBzhi: return by_form<Bits::kBzhi>(form, size);
    case Bits::kPdep: return by_form<Bits::kPdep>(form, size);
    case Bits::kPext: return by_form<Bits::kPext>(form, size);
    case Bits::kRorx: return by_form<Bits::kRorx>(form, size);
    case Bits::kSarx: return by_form<Bits::kSarx>(form, size);
    case Bits::kShlx: return by_form<Bits::kShlx>(form, size);
    case Bits::kShrx: return by_form<Bits::kShrx>(form, size);
    case Bits::kMulx: return by_form<Bits::kMulx>(form, size);
    case Bits::kCrc32:
      return form == Form::kRM ? crc32_by_size<true>(size) : crc32_by_size<false>(size);
    case Bits::kMovbe:
      switch (size) {
        case 2: return form == Form::kRM ? &movbe_load<std::uint16_t> : &movbe_store<std::uint16_t>;
        case 4: return form == Form::kRM ? &movbe_load<std::uint32_t> : &movbe_store<std::uint32_t>;
        case 8: return form == Form::kRM ? &movbe_load<std::uint64_t> : &movbe_store<std::uint64_t>;
        default: return nullptr;
      }
    case Bits::kRandom:
      switch (size) {
        case 2: return &random_number<std::uint16_t>;
        case 4: return &random_number<std::uint32_t>;
        case 8: return &random_number<std::uint64_t>;
        default: return nullptr;
      }
  }
  return nullptr;
}

}  // namespace ice86::cpu
