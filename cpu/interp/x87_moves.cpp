// SPDX-License-Identifier: LGPL-2.1-or-later
// FLD, FILD, FST, FIST, FISTTP and their popping forms, FXCH, FCMOVcc, FCHS, FABS, FLD1, FLDZ.
// Reference: Intel SDM vol. 1 section 8.3.3, vol. 2.
#include <bit>

#include "cpu/interp/x87_fast.h"

namespace ice86::cpu::x87 {

namespace {

constexpr unsigned kBias = 16383;
constexpr std::uint16_t kSign = 0x8000;

// FLD of zeros and normal numbers, which is exact and raises nothing. False: anything else.
template <typename T>
bool widen(T bits, X87Register& value) {
  constexpr unsigned kWidth = sizeof(T) * 8, kFraction = sizeof(T) == 4 ? 23 : 52,
                     kExponents = sizeof(T) == 4 ? 255 : 2047;
  const auto sign = static_cast<std::uint16_t>(bits >> (kWidth - 1) << 15);
  const unsigned exponent = static_cast<unsigned>(bits >> kFraction) & kExponents;
  const std::uint64_t fraction = static_cast<std::uint64_t>(bits) << (63 - kFraction);
  if (exponent - 1 < kExponents - 1) [[likely]] {
    value.significand = 1ull << 63 | fraction;
    value.sign_exponent = static_cast<std::uint16_t>(sign | (exponent + kBias - kExponents / 2));
    return true;
  }
  if (exponent != 0 || fraction << 1 != 0) return false;
  value = {0, sign};
  return true;
}

X87Register from_integer(std::int64_t integer) {
  if (integer == 0) return {};
  const std::uint16_t sign = integer < 0 ? kSign : 0;
  const std::uint64_t magnitude =
      integer < 0 ? 0 - static_cast<std::uint64_t>(integer) : static_cast<std::uint64_t>(integer);
  const auto shift = static_cast<unsigned>(std::countl_zero(magnitude));
  return {magnitude << shift, static_cast<std::uint16_t>(sign | (kBias + 63 - shift))};
}

bool room_for_push(const State& s) {
  return is_empty(s, (top(s) - 1) & 7u);
}

void loaded(Core& c, const X87Register& value) {
  push(c.s, value);
  clear_c1(c.s);
}

template <typename T>
Flow load_real(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const std::uint64_t at = c.effective(i);
  T bits;
  if (!c.read<T>(i.segment, at, bits)) return Flow::kFault;
  X87Register value;
  if (!room_for_push(c.s) || !widen(bits, value)) [[unlikely]]
    return finish_load(c, i, at, std::uint64_t{bits});
  loaded(c, value);
  note_operand(c, i, at);
  return Flow::kNext;
}

template <typename T>
Flow load_integer(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const std::uint64_t at = c.effective(i);
  T bits;
  if (!c.read<T>(i.segment, at, bits)) return Flow::kFault;
  if (!room_for_push(c.s)) [[unlikely]]
    return finish_load(c, i, at, std::uint64_t{bits});
  loaded(c, from_integer(static_cast<std::make_signed_t<T>>(bits)));
  note_operand(c, i, at);
  return Flow::kNext;
}

Flow load_extended(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const std::uint64_t at = c.effective(i);
  X87Register value;
  if (!c.read<std::uint64_t>(i.segment, at, value.significand) ||
      !c.read<std::uint16_t>(i.segment, at + 8, value.sign_exponent)) {
    return Flow::kFault;
  }
  if (!room_for_push(c.s)) [[unlikely]] {
    Operand operand;
    to_bytes(value, operand.bytes);
    return finish_load(c, i, at, operand);
  }
  loaded(c, value);
  note_operand(c, i, at);
  return Flow::kNext;
}

Flow store_extended(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const std::uint64_t at = c.effective(i);
  if (!c.check_write<std::uint64_t>(i.segment, at) ||
      !c.check_write<std::uint16_t>(i.segment, at + 8)) {
    return Flow::kFault;
  }
  const unsigned t = top(c.s);
  if (is_empty(c.s, t)) [[unlikely]]
    return finish_store<10>(c, i, at);
  const X87Register value = c.s.x87[t];
  if (!c.write<std::uint64_t>(i.segment, at, value.significand) ||
      !c.write<std::uint16_t>(i.segment, at + 8, value.sign_exponent)) {
    return Flow::kFault;
  }
  pop(c.s);
  clear_c1(c.s);
  note_operand(c, i, at);
  return Flow::kNext;
}

// FST, FIST and FISTTP. `form` is the reg field of the popping form, which is what the host runs.
template <unsigned escape, unsigned form, unsigned size, bool popping>
Flow store(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const std::uint64_t at = c.effective(i);
  using T = OperandType<size>;
  if (!c.check_write<T>(i.segment, at)) return Flow::kFault;
  const unsigned t = top(c.s);
  if (is_empty(c.s, t)) [[unlikely]]
    return finish_store<size>(c, i, at);
  std::uint64_t value = 0;
  const std::uint16_t status = host_store<escape, form>(c.s.x87[t], value, host_control(c));
  if (interrupted(c.s, status)) [[unlikely]]
    return finish_store<size>(c, i, at);
  if (!c.write<T>(i.segment, at, static_cast<T>(value))) return Flow::kFault;
  accept(c, status, kC1);
  if constexpr (popping) pop(c.s);
  note_operand(c, i, at);
  return Flow::kNext;
}

Flow load_register(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned source = physical(c.s, i.code);
  if (is_empty(c.s, source) || !room_for_push(c.s)) [[unlikely]]
    return finish_register(c, i);
  loaded(c, c.s.x87[source]);
  note_instruction(c, i);
  return Flow::kNext;
}

template <bool popping>
Flow store_register(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned t = top(c.s);
  if (is_empty(c.s, t)) [[unlikely]]
    return finish_register(c, i);
  const unsigned destination = physical(c.s, i.code);
  c.s.x87[destination] = c.s.x87[t];
  mark_full(c.s, destination);
  clear_c1(c.s);
  if constexpr (popping) pop(c.s);
  note_instruction(c, i);
  return Flow::kNext;
}

Flow exchange(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned t = top(c.s);
  const unsigned other = physical(c.s, i.code);
  if (is_empty(c.s, t) || is_empty(c.s, other)) [[unlikely]]
    return finish_register(c, i);
  std::swap(c.s.x87[t], c.s.x87[other]);
  clear_c1(c.s);
  note_instruction(c, i);
  return Flow::kNext;
}

// FCMOVcc; `code` is the condition of CMOVcc. C1 stays, as on AMD's processors; the SDM names stack
// underflow only.
template <unsigned code>
Flow conditional(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned t = top(c.s);
  const unsigned other = physical(c.s, i.code);
  if (is_empty(c.s, t) || is_empty(c.s, other)) [[unlikely]]
    return finish_register(c, i);
  if (c.lf.condition(code)) c.s.x87[t] = c.s.x87[other];
  note_instruction(c, i);
  return Flow::kNext;
}

// FCHS, FABS.
template <bool flip>
Flow sign(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  const unsigned t = top(c.s);
  if (is_empty(c.s, t)) [[unlikely]]
    return finish_register(c, i);
  std::uint16_t& value = c.s.x87[t].sign_exponent;
  value = flip ? value ^ kSign : value & static_cast<std::uint16_t>(~kSign);
  clear_c1(c.s);
  note_instruction(c, i);
  return Flow::kNext;
}

template <bool one>
Flow load_constant(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  if (!room_for_push(c.s)) [[unlikely]]
    return finish_register(c, i);
  loaded(c, one ? X87Register{1ull << 63, kBias} : X87Register{});
  note_instruction(c, i);
  return Flow::kNext;
}

}  // namespace

Handler move_memory(unsigned escape, unsigned reg) {
  switch (escape << 4 | reg) {
    case 0x10: return load_real<std::uint32_t>;
    case 0x12: return store<1, 3, 4, false>;
    case 0x13: return store<1, 3, 4, true>;
    case 0x30: return load_integer<std::uint32_t>;
    case 0x31: return store<3, 1, 4, true>;
    case 0x32: return store<3, 3, 4, false>;
    case 0x33: return store<3, 3, 4, true>;
    case 0x35: return load_extended;
    case 0x37: return store_extended;
    case 0x50: return load_real<std::uint64_t>;
    case 0x51: return store<5, 1, 8, true>;
    case 0x52: return store<5, 3, 8, false>;
    case 0x53: return store<5, 3, 8, true>;
    case 0x70: return load_integer<std::uint16_t>;
    case 0x71: return store<7, 1, 2, true>;
    case 0x72: return store<7, 3, 2, false>;
    case 0x73: return store<7, 3, 2, true>;
    case 0x75: return load_integer<std::uint64_t>;
    case 0x77: return store<7, 7, 8, true>;
    default: return nullptr;
  }
}

Handler move_register(unsigned escape, unsigned modrm) {
  switch (escape << 8 | (modrm & 0xf8)) {
    case 0x1c0: return load_register;
    case 0x1c8:
    case 0x5c8:
    case 0x7c8: return exchange;
    case 0x5d0: return store_register<false>;
    case 0x1d8:
    case 0x5d8:
    case 0x7d0:
    case 0x7d8: return store_register<true>;
    case 0x2c0: return conditional<2>;   // B
    case 0x2c8: return conditional<4>;   // E
    case 0x2d0: return conditional<6>;   // BE
    case 0x2d8: return conditional<10>;  // U
    case 0x3c0: return conditional<3>;
    case 0x3c8: return conditional<5>;
    case 0x3d0: return conditional<7>;
    case 0x3d8: return conditional<11>;
    default: break;
  }
  switch (escape << 8 | modrm) {
    case 0x1e0: return sign<true>;
    case 0x1e1: return sign<false>;
    case 0x1e8: return load_constant<true>;
    case 0x1ee: return load_constant<false>;
    default: return nullptr;
  }
}

}  // namespace ice86::cpu::x87
