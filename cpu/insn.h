// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoded form of an instruction: what the interpreter executes and a translator reads.
// Position independent: it holds for every address at which the same bytes stand.
#pragma once

#include <cstdint>

namespace ice86::cpu {

class Core;
struct Insn;

// What the instruction asks of the loop that executes it.
enum class Flow : std::uint8_t {
  kNext,   // go on with the next instruction of the block
  kLeave,  // retired; the block ends here (a jump, or something the run loop must look at)
  kFault,  // not retired; Core::fault says why
  kAgain,  // not retired, no fault: a repeated instruction stopped between two iterations
  kBreak,  // not an instruction at all: the end of the block or of its budget
};

using Handler = Flow (*)(Core&, const Insn&);

// Byte offsets into State name registers, so that no access needs a case for AH or for "no base".
struct Insn {
  Handler execute;
  std::uint64_t
      imm;  // sign-extended as the instruction has it; far pointers: selector << 32 | offset
  std::int32_t disp;
  std::uint8_t length;
  std::uint8_t dst;  // register operands, as offsets into State
  std::uint8_t src;
  std::uint8_t base;
  std::uint8_t index;
  std::uint8_t scale;  // log2
  std::uint8_t segment;
  std::uint8_t address_size;  // 0: 16, 1: 32, 2: 64 bit
  std::uint8_t operand_size;  // in bytes: 2, 4 or 8
  std::uint8_t code;          // condition code, register number, vector...
  bool rep;                   // F3 on a string instruction
  bool repne;                 // F2

  bool operator==(const Insn&) const = default;
};

static_assert(sizeof(Insn) == 32);

}  // namespace ice86::cpu
