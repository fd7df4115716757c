// SPDX-License-Identifier: LGPL-2.1-or-later
// The instruction forms that user mode can execute, in one table.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ice86::cpu::test {

constexpr std::uint32_t kCf = 0x001, kPf = 0x004, kAf = 0x010, kZf = 0x040, kSf = 0x080,
                        kDf = 0x400, kOf = 0x800;
constexpr std::uint32_t kStatus = kCf | kPf | kAf | kZf | kSf | kOf;

// What follows opcode and ModRM.
enum Imm : std::uint8_t {
  kNone,
  kImm8,
  kImm16,
  kImmZ,  // by operand size, 32 bits at most
  kImmFull,
  kRel8,  // of a jump that ends in its snippet's stretch of code
  kRelZ,
  kOffset,  // by address size
  kPointer,
  kEnter,
  kAnyInt,
};

enum Extra : unsigned {
  kPlain = 0,
  kString = 1 << 0,       // half of them with a repeat prefix
  kLockable = 1 << 1,     // LOCK is more often tried
  kDoubleShift = 1 << 2,  // which flags are undefined depends on the count
  kShift = 1 << 3,
  kMemoryOnly = 1 << 4,  // ModRM names memory
  kRegisterOnly = 1 << 5,
  kNoOpsize = 1 << 6,  // operand size is always 32 (or 64)
  kNoRepeat = 1 << 7,
  kNoStackSegment = 1 << 8,
  kPartial = 1 << 9,       // a stack fault may come after some registers are loaded
  kLast = 1 << 10,         // ends the snippet's sequence
  kSelector = 1 << 11,     // its operand is a selector
  kPopSelector = 1 << 12,  // the top of the stack is
  kFarPointer = 1 << 13,   // its memory operand is
  kReturn = 1 << 14,       // the top of the stack is where it goes
  kIndirect = 1 << 15,     // its operand is where it goes
  kFar = 1 << 16,
  kPushSelector = 1 << 17,
  kNoLock = 1 << 18,
  kNot64 = 1 << 19,  // another instruction, or none, in 64-bit mode
  kOnly64 = 1 << 20,
  kDefault64 = 1 << 21,  // operand size 64 without REX.W: stack and near branches
  kFx = 1 << 22,         // x87, MMX or SSE: needs that state
  kX87 = 1 << 23,
  kMandatory = 1 << 24,   // 66, F2 and F3 make other instructions of it
  kNoOpsize64 = 1 << 25,  // vendors differ on 66 in 64-bit mode
  kMemoryAlways = 1 << 26,
  kRepeat = 1 << 27,     // F3 is part of it
  kNearCall = 1 << 28,   // Intel's push before they look at the target
  kComparison = 1 << 29  // repeated and faulting, Intel's give the flags back that were before
};

struct Form {
  std::uint16_t map;  // 0: one byte; 0x0f, 0x0f38, 0x0f3a
  std::uint8_t opcode;
  std::uint8_t last;  // opcodes of a row have the same shape
  std::int8_t reg;    // ModRM.reg, -1: any, -2: no ModRM
  Imm imm;
  std::uint32_t undefined;  // flags
  unsigned extra;
};

struct FormOpcode {
  const Form* form;
  std::uint8_t opcode;
};

// The forms whose name ("0FA4", "F7.6") begins with `opcode`; empty: all.
std::vector<FormOpcode> select_forms(std::string_view opcode);

}  // namespace ice86::cpu::test
