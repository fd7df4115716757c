// SPDX-License-Identifier: LGPL-2.1-or-later
// Instructions of a machine as text, as the CPU would decode them in its mode.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "emulator/machine/pc.h"

namespace ice86::machine {

// Bits of an address in the code that CS describes: 16, 32 or 64.
unsigned code_bits(const cpu::State& state);

struct InstructionText {
  unsigned length = 1;
  std::string bytes;  // "8b 04 24 "
  std::string text;   // "mov eax, [esp]"
  bool call = false;  // comes back: CALL, INT n, a repeated string instruction
};

// What is at `linear` for code of so many bits; `ip` is what it is called in jumps. None: no bytes
// there, or no instruction.
std::optional<InstructionText> instruction_at(const machine::Pc& pc, std::uint64_t linear,
                                              std::uint64_t ip, unsigned bits);

// Where the machine stands: "0008:00101234  8b 04 24  mov eax, [esp]"
std::string instruction_text(const machine::Pc& pc);

}  // namespace ice86::machine
