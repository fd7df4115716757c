// SPDX-License-Identifier: LGPL-2.1-or-later
// The interpreter with one x87 instruction at a time, in 32-bit flat protected mode.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/cpu/support/flat_host.h"
#include "tests/cpu/x87/native_x87.h"

namespace ice86::cpu::test {

class GuestX87 {
 public:
  static constexpr std::uint32_t kOperand = 0x80000;

  GuestX87();
  // Places the instruction; its memory operand is [esi]. Returns its number.
  unsigned add(const std::vector<std::uint8_t>& instruction);
  // As NativeX87::run; pointers are the guest's.
  NativeX87::Result run(unsigned number, FxImage& state, void* operand, unsigned operand_bytes,
                        std::uint64_t flags);
  // Runs this code, so many instructions of it.
  NativeX87::Result run_sequence(const std::vector<std::uint8_t>& code, unsigned instructions,
                                 FxImage& state, void* operand, unsigned operand_bytes,
                                 std::uint64_t flags);

 private:
  NativeX87::Result run_at(std::uint32_t address, unsigned instructions, FxImage& state,
                           void* operand, unsigned operand_bytes, std::uint64_t flags);
  static constexpr unsigned kSlot = 64, kCode = 0x10000, kSequence = 0x40000;
  FlatHost host_{1 << 20};
  unsigned used_ = 0;
};

// Puts the CPU into 32-bit protected mode with flat segments; CR0.NE is set.
void enter_flat_protected_mode(State& s);

}  // namespace ice86::cpu::test
