// SPDX-License-Identifier: LGPL-2.1-or-later
// Executes one instruction in the interpreter with a given state, in 32-bit flat protected mode or
// in 64-bit mode.
#pragma once

#include "tests/cpu/simd/machine_state.h"
#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {

class Emulated {
 public:
  enum class Mode { k32, k64 };
  explicit Emulated(Mode mode = Mode::k32);
  void load(const Code& code);
  Outcome run(const MachineState& before);

 private:
  const Mode mode_;
  FlatHost host_;
  std::uint64_t code_at_;
  unsigned misalignment_ = 0;
};

}  // namespace ice86::cpu::test
