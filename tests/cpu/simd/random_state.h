// SPDX-License-Identifier: LGPL-2.1-or-later
// Operands for the comparison with the host: corner cases of every element type, and chance.
#pragma once

#include <random>
#include <string>

#include "tests/cpu/simd/machine_state.h"

namespace ice86::cpu::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t bits() { return engine_(); }
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>((engine_() >> 32) * limit >> 32);
  }
  std::uint64_t integers();
  std::uint32_t single();
  std::uint64_t real();
  std::uint64_t operand();

 private:
  std::mt19937_64 engine_;
};

MachineState random_state(Random& random);
std::string text(const MachineState& state);
bool same(const MachineState& a, const MachineState& b);

}  // namespace ice86::cpu::test
