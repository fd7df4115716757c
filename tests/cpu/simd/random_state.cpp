// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/simd/random_state.h"

#include <fmt/core.h>

namespace ice86::cpu::test {

std::uint64_t Random::integers() {
  static constexpr std::uint64_t kBytes[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0xff, 0xfe, 0x55};
  switch (below(5)) {
    case 0: {
      std::uint64_t value = 0;
      for (int n = 0; n < 8; ++n) value = value << 8 | kBytes[below(8)];
      return value;
    }
    case 1: {
      static constexpr std::uint64_t kWords[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0xff, 0x100};
      std::uint64_t value = 0;
      for (int n = 0; n < 4; ++n) value = value << 16 | kWords[below(8)];
      return value;
    }
    case 2: return below(72);
    default: return bits();
  }
}
std::uint32_t Random::single() {
  static constexpr std::uint32_t kCorners[] = {
      0x00000000, 0x00000001, 0x007fffff, 0x00800000, 0x00800001, 0x3f800000, 0x3f800001,
      0x40000000, 0x40490fdb, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa00000, 0x7fc00000,
      0x7fffffff, 0x4effffff, 0x4f000000, 0x4f800000, 0x5f000000, 0x3f000000, 0x3effffff,
      0x4b000000, 0x4b800001, 0x33800000, 0x20000000, 0x5f800000, 0x00400000, 0x34000000};
  switch (below(4)) {
    case 0: return static_cast<std::uint32_t>(bits());
    case 1: {  // near 1, so that sums and products stay in range
      return (static_cast<std::uint32_t>(bits()) & 0x807fffff) |
             (0x3f800000 + (below(48) << 23) - (24u << 23));
    }
    default: return kCorners[below(std::size(kCorners))] | below(2) << 31;
  }
}
std::uint64_t Random::real() {
  static constexpr std::uint64_t kCorners[] = {
      0x0000000000000000, 0x0000000000000001, 0x000fffffffffffff, 0x0010000000000000,
      0x3ff0000000000000, 0x3ff0000000000001, 0x4000000000000000, 0x400921fb54442d18,
      0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000,
      0x7fffffffffffffff, 0x41dfffffffc00000, 0x41e0000000000000, 0x43e0000000000000,
      0x3fe0000000000000, 0x3fdfffffffffffff, 0x4330000000000001, 0x36a0000000000000,
      0x3690000000000000, 0x380fffffffffffff, 0x3810000000000000, 0x47efffffe0000000,
      0x47effffff0000000, 0x2000000000000000, 0x5ff0000000000000, 0x0008000000000000,
      0x41dfffffffe00000, 0xc1e0000000200000, 0x3800000000000000, 0x380fffffe0000000};
  switch (below(4)) {
    case 0: return bits();
    case 1:
      return (bits() & 0x800fffffffffffff) |
             (0x3ff0000000000000 + (std::uint64_t{below(120)} << 52) - (std::uint64_t{60} << 52));
    default: return kCorners[below(std::size(kCorners))] | std::uint64_t{below(2)} << 63;
  }
}
std::uint64_t Random::operand() {
  switch (below(3)) {
    case 0: return integers();
    case 1: return std::uint64_t{single()} << 32 | single();
    default: return real();
  }
}

MachineState random_state(Random& random) {
  MachineState s;
  for (auto& value : s.gpr) value = random.operand() & 0xffffffff;  // the guest is in 32-bit mode
  s.flags = static_cast<std::uint32_t>(random.bits()) & 0x8d5;
  // Exceptions are masked in two of three; rounding, flush-to-zero, denormals-are-zero and flags
  // are anything.
  s.mxcsr = static_cast<std::uint32_t>(random.bits()) & 0xffff;
  if (random.below(3) != 0) s.mxcsr |= 0x1f80;
  if (random.below(3) == 0) s.mxcsr |= 0x1e00;  // all but invalid and denormal
  if (random.below(2) == 0) s.mxcsr &= ~0x8040u;
  // One kind of element in most states: corner cases meet each other more often.
  const std::uint32_t kind = random.below(4);
  const auto element = [&] {
    switch (kind) {
      case 0: return random.integers();
      case 1: return std::uint64_t{random.single()} << 32 | random.single();
      case 2: return random.real();
      default: return random.operand();
    }
  };
  for (auto& value : s.ymm) {
    value[0] = element();
    value[1] = random.below(8) == 0 ? value[0] : element();
    value[2] = element();
    value[3] = element();
  }
  for (unsigned n = 0; n < 8; ++n) {
    s.significand[n] = element();
    s.sign_exponent[n] = static_cast<std::uint16_t>(random.bits());
  }
  s.fsw = static_cast<std::uint16_t>(random.below(8) << 11 | (random.bits() & 0x4700));
  s.x87_empty = static_cast<std::uint8_t>(random.bits());
  for (unsigned n = 0; n < kOperandArea; n += 8) {
    const std::uint64_t value = element();
    for (unsigned byte = 0; byte < 8; ++byte)
      s.memory[n + byte] = static_cast<std::uint8_t>(value >> (8 * byte));
  }
  return s;
}

std::string text(const MachineState& s) {
  std::string out = fmt::format("flags {:03x} mxcsr {:04x} fsw {:04x} empty {:02x}\n", s.flags,
                                s.mxcsr, s.fsw, s.x87_empty);
  for (unsigned n = 0; n < 8; ++n) {
    out += fmt::format("  {}: {:016x} xmm {:016x}:{:016x} mm {:04x}:{:016x}\n", n, s.gpr[n],
                       s.ymm[n][1], s.ymm[n][0], s.sign_exponent[n], s.significand[n]);
  }
  for (unsigned n = 0; n < kOperandArea; ++n)
    out += fmt::format("{:02x}{}", s.memory[n], n % 16 == 15 ? "\n" : "");
  return out;
}

bool same(const MachineState& a, const MachineState& b) {
  return a.gpr == b.gpr && a.flags == b.flags && a.mxcsr == b.mxcsr && a.ymm == b.ymm &&
         a.significand == b.significand && a.sign_exponent == b.sign_exponent && a.fcw == b.fcw &&
         a.fsw == b.fsw && a.x87_empty == b.x87_empty && a.memory == b.memory;
}

}  // namespace ice86::cpu::test
