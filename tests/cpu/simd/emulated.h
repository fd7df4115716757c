// SPDX-License-Identifier: LGPL-2.1-or-later
// Executes one instruction in the interpreter with a given state, in 32-bit flat protected mode.
#pragma once

#include "tests/cpu/simd/machine_state.h"
#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {

class Emulated {
 public:
  Emulated();
  void load(const Code& code);
  Outcome run(const MachineState& before);

  // CR0 and CR4 during the instruction.
  std::uint64_t cr0 = cr0::kPe | cr0::kEt | cr0::kNe;
  std::uint64_t cr4 = cr4::kOsfxsr | cr4::kOsxmmexcpt;

 private:
  FlatHost host_;
  std::uint64_t code_at_;
  unsigned misalignment_ = 0;
};

}  // namespace ice86::cpu::test
