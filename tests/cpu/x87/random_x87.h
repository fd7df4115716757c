// SPDX-License-Identifier: LGPL-2.1-or-later
// Random x87 states and operands that meet the corners: zeros, denormals, pseudo-denormals,
// unnormals, infinities, quiet and signalling NaNs, values near each other and near the limits of
// every format.
#pragma once

#include <cstdint>

#include "tests/cpu/x87/forms.h"
#include "tests/cpu/x87/native_x87.h"

namespace ice86::cpu::test {

class RandomX87 {
 public:
  explicit RandomX87(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits();  // SplitMix64
  unsigned below(unsigned n) { return static_cast<unsigned>(bits() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }

  FxImage::Register extended();
  // `pending`: unmasked exceptions may be waiting for their handler.
  FxImage state(bool pending);
  // Fills `operand` (kOperandBytes).
  static constexpr unsigned kOperandBytes = 112;
  void memory(MemoryOperand kind, std::uint8_t* operand);

 private:
  std::uint64_t significand();
  std::uint64_t state_;
};

}  // namespace ice86::cpu::test
