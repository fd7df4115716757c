// SPDX-License-Identifier: LGPL-2.1-or-later
// Executes one instruction on the host's CPU with a given state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/cpu/simd/machine_state.h"

namespace ice86::cpu::test {

class Native {
 public:
  Native();
  ~Native();
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;

  // Puts the instruction into place; run() then executes it.
  void load(const Code& code);
  Outcome run(const MachineState& before);

 private:
  struct Page;      // what generated code reads and writes
  const bool avx_;  // XSAVE and the upper halves of YMM registers
  Page* page_ = nullptr;
  std::uint8_t* code_ = nullptr;
  std::size_t instruction_at_ = 0;
  unsigned misalignment_ = 0;
};

}  // namespace ice86::cpu::test
