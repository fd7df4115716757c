// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/x87/random_x87.h"

#include <cstring>

#include "emulator/base/bits.h"

namespace ice86::cpu::test {

namespace {

constexpr std::uint64_t kIntegerBit = 1ull << 63, kQuietBit = 1ull << 62;

}  // namespace

std::uint64_t RandomX87::bits() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// Mostly few bits set at the top or bottom, so that results are exact, ties or nearly so.
std::uint64_t RandomX87::significand() {
  switch (below(6)) {
    case 0: return bits();
    case 1: return bits() << below(64);
    case 2: return bits() >> below(64);
    case 3: return ~0ull << below(64);
    case 4: return (bits() & 0xffffff0000000000) | (1ull << below(64));
    default: return 1ull << below(64);
  }
}

FxImage::Register RandomX87::extended() {
  FxImage::Register r;
  r.significand = significand();
  const std::uint16_t sign = one_in(2) ? 0x8000 : 0;
  unsigned exponent = 0;
  switch (below(16)) {
    case 0:  // zero
      r.significand = 0;
      break;
    case 1:  // denormal
      r.significand &= ~kIntegerBit;
      break;
    case 2:  // pseudo-denormal
      r.significand |= kIntegerBit;
      break;
    case 3:  // infinity, or a pseudo-infinity
      exponent = 0x7fff;
      r.significand = one_in(8) ? 0 : kIntegerBit;
      break;
    case 4:  // quiet NaN, sometimes the indefinite
      exponent = 0x7fff;
      r.significand |= kIntegerBit | kQuietBit;
      if (one_in(4)) r.significand = kIntegerBit | kQuietBit;
      break;
    case 5:  // signalling NaN
      exponent = 0x7fff;
      r.significand = (r.significand & ~kQuietBit) | kIntegerBit | 1;
      break;
    case 6:  // anything, unnormals and pseudo-NaNs too
      exponent = static_cast<unsigned>(bits() & 0x7fff);
      break;
    case 7:  // near the ends of the format
      exponent = one_in(2) ? 1 + below(70) : 0x7ffe - below(70);
      r.significand |= kIntegerBit;
      break;
    case 8:  // near the ends of double
      exponent = one_in(2) ? 16383 - 1022 - below(60) + 4 : 16383 + 1023 - 3 + below(6);
      r.significand |= kIntegerBit;
      break;
    case 9:  // near the ends of single
      exponent = one_in(2) ? 16383 - 126 - below(30) + 4 : 16383 + 127 - 3 + below(6);
      r.significand |= kIntegerBit;
      break;
    case 10:  // integers and near them
      exponent = 16383 + below(66);
      r.significand |= kIntegerBit;
      break;
    case 11:  // exact small integers
      exponent = 16383 + below(6);
      r.significand = (r.significand | kIntegerBit) & 0xff00000000000000;
      break;
    default:  // around one
      exponent = 16383 - 8 + below(16);
      r.significand |= kIntegerBit;
      break;
  }
  r.sign_exponent = static_cast<std::uint16_t>(sign | exponent);
  return r;
}

FxImage RandomX87::state(bool pending) {
  FxImage image;
  // All masks set in half of the cases; any precision and rounding control, the reserved one too.
  const unsigned masks = one_in(2) ? 0x3f : below(64);
  image.control = static_cast<std::uint16_t>(0x40 | masks | (bits() & 0x0f00));
  if (one_in(2)) image.control |= 0x300;  // extended precision
  // Without pending ones, flags that are set have their exceptions masked.
  const unsigned flags = below(128) & (pending ? 0x7f : masks | 0x40);
  image.status = static_cast<std::uint16_t>(flags | (bits() & 0x7f00));
  if ((flags & ~masks & 0x3f) != 0) image.status |= 0x8080;  // ES, B
  switch (below(4)) {
    case 0: image.valid = static_cast<std::uint8_t>(bits()); break;
    case 1: image.valid = 0xff; break;
    default: {  // ST(0) up to some ST(n): a stack as compilers leave it
      const unsigned depth = below(8);
      const unsigned top = image.status >> 11 & 7u;
      for (unsigned i = 0; i < depth; ++i)
        image.valid = static_cast<std::uint8_t>(image.valid | 1u << ((top + i) & 7));
    }
  }
  for (FxImage::Register& r : image.st) r = extended();
  if (one_in(4)) {  // a close pair: cancellation, comparisons of equals
    image.st[1] = image.st[0];
    if (one_in(2)) image.st[1].significand ^= 1ull << below(64);
    if (one_in(2)) image.st[1].sign_exponent ^= 0x8000;
  }
  return image;
}

void RandomX87::memory(MemoryOperand kind, std::uint8_t* operand) {
  for (unsigned n = 0; n < 112; n += 8) store_le<std::uint64_t>(operand + n, bits());
  switch (kind) {
    case MemoryOperand::kReal32: {
      std::uint32_t value = static_cast<std::uint32_t>(significand());
      const unsigned pick = below(8);
      if (pick < 2) value &= 0x807fffff;                                     // zero, denormal
      if (pick == 2) value |= 0x7f800000;                                    // infinity, NaN
      if (pick == 3) value = (value & 0x80000000) | 0x7f800000;              // infinity
      if (pick > 4) value = (value & 0x807fffff) | (120 + below(16)) << 23;  // around one
      store_le<std::uint32_t>(operand, value);
      break;
    }
    case MemoryOperand::kReal64: {
      std::uint64_t value = significand() ^ (one_in(2) ? 1ull << 63 : 0);
      const unsigned pick = below(8);
      constexpr std::uint64_t kFraction = 0x800fffffffffffff;
      if (pick < 2) value &= kFraction;
      if (pick == 2) value |= 0x7ff0000000000000;
      if (pick == 3) value = (value & kIntegerBit) | 0x7ff0000000000000;
      if (pick > 4)
        value = (value & kFraction) | static_cast<std::uint64_t>(1016 + below(16)) << 52;
      store_le<std::uint64_t>(operand, value);
      break;
    }
    case MemoryOperand::kReal80: {
      const FxImage::Register value = extended();
      store_le<std::uint64_t>(operand, value.significand);
      store_le<std::uint16_t>(operand + 8, value.sign_exponent);
      break;
    }
    case MemoryOperand::kInt16:
    case MemoryOperand::kInt32:
    case MemoryOperand::kInt64:
      if (one_in(2)) {
        store_le<std::uint64_t>(operand, one_in(4) ? 0 : significand());
        if (one_in(2)) store_le<std::uint64_t>(operand, 0 - load_le<std::uint64_t>(operand));
      }
      break;
    case MemoryOperand::kBcd:
      if (!one_in(4)) {  // decimal digits; else whatever the host makes of others
        for (unsigned n = 0; n < 9; ++n)
          operand[n] = static_cast<std::uint8_t>(below(10) << 4 | below(10));
      }
      break;
    case MemoryOperand::kImage:
    case MemoryOperand::kNone: break;
  }
}

}  // namespace ice86::cpu::test
