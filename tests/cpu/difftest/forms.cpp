// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of instruction forms.
// Undefined flags: Intel SDM vol. 2, each instruction's "Flags affected". What is left out, and
// why: docs/cpu-difftest.md.
#include "tests/cpu/difftest/forms.h"

#include <fmt/core.h>

namespace ice86::cpu::test {

namespace {

constexpr std::uint32_t kMulFlags = kSf | kZf | kAf | kPf, kBtFlags = kOf | kSf | kAf | kPf;
constexpr std::uint32_t kBsfFlags = kStatus & ~kZf;

const Form kRows[] = {
    // ALU: op r/m,r; op r,r/m; op a,imm. CMP (38..3D) takes no LOCK: that is #UD, which is tested,
    // too.
    {0, 0x00, 0x03, -1, kNone, 0, kLockable},
    {0, 0x04, 0x04, -2, kImm8, 0, 0},
    {0, 0x05, 0x05, -2, kImmZ, 0, 0},
    {0, 0x08, 0x0b, -1, kNone, kAf, kLockable},
    {0, 0x0c, 0x0c, -2, kImm8, kAf, 0},
    {0, 0x0d, 0x0d, -2, kImmZ, kAf, 0},
    {0, 0x10, 0x13, -1, kNone, 0, kLockable},
    {0, 0x14, 0x14, -2, kImm8, 0, 0},
    {0, 0x15, 0x15, -2, kImmZ, 0, 0},
    {0, 0x18, 0x1b, -1, kNone, 0, kLockable},
    {0, 0x1c, 0x1c, -2, kImm8, 0, 0},
    {0, 0x1d, 0x1d, -2, kImmZ, 0, 0},
    {0, 0x20, 0x23, -1, kNone, kAf, kLockable},
    {0, 0x24, 0x24, -2, kImm8, kAf, 0},
    {0, 0x25, 0x25, -2, kImmZ, kAf, 0},
    {0, 0x28, 0x2b, -1, kNone, 0, kLockable},
    {0, 0x2c, 0x2c, -2, kImm8, 0, 0},
    {0, 0x2d, 0x2d, -2, kImmZ, 0, 0},
    {0, 0x30, 0x33, -1, kNone, kAf, kLockable},
    {0, 0x34, 0x34, -2, kImm8, kAf, 0},
    {0, 0x35, 0x35, -2, kImmZ, kAf, 0},
    {0, 0x38, 0x3b, -1, kNone, 0, kLockable},
    {0, 0x3c, 0x3c, -2, kImm8, 0, 0},
    {0, 0x3d, 0x3d, -2, kImmZ, 0, 0},
    {0, 0x27, 0x27, -2, kNone, kOf, kNot64},
    {0, 0x2f, 0x2f, -2, kNone, kOf, kNot64},  // DAA DAS
    {0, 0x37, 0x37, -2, kNone, kOf | kSf | kZf | kPf, kNot64},
    {0, 0x3f, 0x3f, -2, kNone, kOf | kSf | kZf | kPf, kNot64},
    {0, 0xd4, 0xd5, -2, kImm8, kOf | kAf | kCf, kNot64},  // AAM AAD
    {0, 0x40, 0x4f, -2, kNone, 0, kNot64},                // INC DEC: REX
    {0, 0x50, 0x5f, -2, kNone, 0, kDefault64},            // PUSH POP
    {0, 0x63, 0x63, -1, kNone, 0, kOnly64},               // MOVSXD
    {0, 0xd7, 0xd7, -2, kNone, 0, 0},                     // XLAT
    {0, 0x60, 0x60, -2, kNone, 0, kNot64},
    {0, 0x61, 0x61, -2, kNone, 0, kPartial | kLast | kNot64},
    {0, 0x62, 0x62, -1, kNone, 0, kMemoryOnly | kNot64},  // PUSHA POPA BOUND
    {0, 0x63, 0x63, -1, kNone, 0, kNot64},                // ARPL
    {0, 0x68, 0x68, -2, kImmZ, 0, kDefault64},
    {0, 0x6a, 0x6a, -2, kImm8, 0, kDefault64},
    {0, 0x69, 0x69, -1, kImmZ, kMulFlags, 0},
    {0, 0x6b, 0x6b, -1, kImm8, kMulFlags, 0},
    {0, 0x6c, 0x6f, -2, kNone, 0, kString},  // INS OUTS: #GP
    {0, 0x70, 0x7f, -2, kRel8, 0, kDefault64 | kNoOpsize64},
    {0, 0x80, 0x80, 0, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 1, kImm8, kAf, kLockable},
    {0, 0x80, 0x80, 2, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 3, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 4, kImm8, kAf, kLockable},
    {0, 0x80, 0x80, 5, kImm8, 0, kLockable},
    {0, 0x80, 0x80, 6, kImm8, kAf, kLockable},
    {0, 0x80, 0x80, 7, kImm8, 0, kLockable},
    {0, 0x81, 0x81, 0, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 1, kImmZ, kAf, kLockable},
    {0, 0x81, 0x81, 2, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 3, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 4, kImmZ, kAf, kLockable},
    {0, 0x81, 0x81, 5, kImmZ, 0, kLockable},
    {0, 0x81, 0x81, 6, kImmZ, kAf, kLockable},
    {0, 0x81, 0x81, 7, kImmZ, 0, kLockable},
    {0, 0x82, 0x82, -1, kImm8, kAf, kNot64},
    {0, 0x83, 0x83, 0, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 1, kImm8, kAf, kLockable},
    {0, 0x83, 0x83, 2, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 3, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 4, kImm8, kAf, kLockable},
    {0, 0x83, 0x83, 5, kImm8, 0, kLockable},
    {0, 0x83, 0x83, 6, kImm8, kAf, kLockable},
    {0, 0x83, 0x83, 7, kImm8, 0, kLockable},
    {0, 0x84, 0x85, -1, kNone, kAf, 0},
    {0, 0x86, 0x87, -1, kNone, 0, kLockable},  // TEST XCHG
    {0, 0x88, 0x8b, -1, kNone, 0, 0},
    {0, 0x8d, 0x8d, -1, kNone, 0, kMemoryOnly},
    {0, 0x8f, 0x8f, 0, kNone, 0, kDefault64},
    {0, 0x90, 0x99, -2, kNone, 0, 0},  // XCHG CBW CWD
    {0, 0x9b, 0x9b, -2, kNone, 0, kFx},
    {0, 0x9c, 0x9c, -2, kNone, 0, kDefault64},
    {0, 0x9d, 0x9d, -2, kNone, 0, kLast | kDefault64},
    {0, 0x9e, 0x9f, -2, kNone, 0, 0},
    {0, 0xa0, 0xa3, -2, kOffset, 0, 0},
    {0, 0xa4, 0xa5, -2, kNone, 0, kString},
    {0, 0xa6, 0xa7, -2, kNone, 0, kString | kNoStackSegment | kComparison},
    {0, 0xaa, 0xad, -2, kNone, 0, kString},
    {0, 0xae, 0xaf, -2, kNone, 0, kString | kComparison},
    {0, 0xa8, 0xa8, -2, kImm8, kAf, 0},
    {0, 0xa9, 0xa9, -2, kImmZ, kAf, 0},
    {0, 0xb0, 0xb7, -2, kImm8, 0, 0},
    {0, 0xb8, 0xbf, -2, kImmFull, 0, 0},
    {0, 0xc0, 0xc1, 0, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 1, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 2, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 3, kImm8, 0, kShift},
    {0, 0xc0, 0xc1, 4, kImm8, kAf, kShift},
    {0, 0xc0, 0xc1, 5, kImm8, kAf, kShift},
    {0, 0xc0, 0xc1, 6, kImm8, kAf, kShift},
    {0, 0xc0, 0xc1, 7, kImm8, kAf, kShift},
    {0, 0xd0, 0xd1, 0, kNone, 0, 0},
    {0, 0xd0, 0xd1, 1, kNone, 0, 0},
    {0, 0xd0, 0xd1, 2, kNone, 0, 0},
    {0, 0xd0, 0xd1, 3, kNone, 0, 0},
    {0, 0xd0, 0xd1, 4, kNone, kAf, 0},
    {0, 0xd0, 0xd1, 5, kNone, kAf, 0},
    {0, 0xd0, 0xd1, 6, kNone, kAf, 0},
    {0, 0xd0, 0xd1, 7, kNone, kAf, 0},
    {0, 0xd2, 0xd3, 0, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 1, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 2, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 3, kNone, 0, kShift},
    {0, 0xd2, 0xd3, 4, kNone, kAf, kShift},
    {0, 0xd2, 0xd3, 5, kNone, kAf, kShift},
    {0, 0xd2, 0xd3, 6, kNone, kAf, kShift},
    {0, 0xd2, 0xd3, 7, kNone, kAf, kShift},
    {0, 0xc6, 0xc6, 0, kImm8, 0, 0},
    {0, 0xc7, 0xc7, 0, kImmZ, 0, 0},
    {0, 0xc8, 0xc8, -2, kEnter, 0, kDefault64},
    {0, 0xc9, 0xc9, -2, kNone, 0, kDefault64},
    {0, 0xcc, 0xcc, -2, kNone, 0, 0},
    {0, 0xcd, 0xcd, -2, kAnyInt, 0, 0},
    {0, 0xce, 0xce, -2, kNone, 0, kNot64},
    {0, 0xd6, 0xd7, -2, kNone, 0, kNot64},  // SALC XLAT
    {0, 0xe0, 0xe3, -2, kRel8, 0, kNoRepeat | kDefault64 | kNoOpsize64},
    {0, 0xe8, 0xe8, -2, kRelZ, 0, kDefault64 | kNoOpsize64 | kNearCall},
    {0, 0xe9, 0xe9, -2, kRelZ, 0, kDefault64 | kNoOpsize64},
    {0, 0xeb, 0xeb, -2, kRel8, 0, kDefault64 | kNoOpsize64},
    {0, 0xe4, 0xe7, -2, kImm8, 0, 0},
    {0, 0xec, 0xef, -2, kNone, 0, 0},  // IN OUT: #GP
    {0, 0xf4, 0xf5, -2, kNone, 0, kNoRepeat},
    {0, 0xf8, 0xfd, -2, kNone, 0, 0},
    {0, 0xf6, 0xf6, 0, kImm8, kAf, 0},
    {0, 0xf6, 0xf6, 1, kImm8, kAf, 0},
    {0, 0xf7, 0xf7, 0, kImmZ, kAf, 0},
    {0, 0xf7, 0xf7, 1, kImmZ, kAf, 0},
    {0, 0xf6, 0xf7, 2, kNone, 0, kLockable},
    {0, 0xf6, 0xf7, 3, kNone, 0, kLockable},
    {0, 0xf6, 0xf7, 4, kNone, kMulFlags, 0},
    {0, 0xf6, 0xf7, 5, kNone, kMulFlags, 0},
    {0, 0xf6, 0xf7, 6, kNone, kStatus, 0},
    {0, 0xf6, 0xf7, 7, kNone, kStatus, 0},
    {0, 0xfe, 0xff, 0, kNone, 0, kLockable},
    {0, 0xfe, 0xff, 1, kNone, 0, kLockable},
    {0, 0xff, 0xff, 6, kNone, 0, kDefault64},
    {0, 0xff, 0xff, 7, kNone, 0, 0},  // #UD
    // Two-byte opcodes.
    {0x0f, 0x0b, 0x0b, -2, kNone, 0, 0},
    {0x0f, 0x06, 0x06, -2, kNone, 0, 0},  // UD2; CLTS: #GP
    {0x0f, 0x1f, 0x1f, 0, kNone, 0, 0},
    {0x0f, 0x40, 0x4f, -1, kNone, 0, 0},
    {0x0f, 0x80, 0x8f, -2, kRelZ, 0, kDefault64 | kNoOpsize64},
    {0x0f, 0x90, 0x9f, -1, kNone, 0, 0},
    {0x0f, 0xa3, 0xa3, -1, kNone, kBtFlags, 0},
    {0x0f, 0xab, 0xab, -1, kNone, kBtFlags, kLockable},
    {0x0f, 0xb3, 0xb3, -1, kNone, kBtFlags, kLockable},
    {0x0f, 0xbb, 0xbb, -1, kNone, kBtFlags, kLockable},
    {0x0f, 0xba, 0xba, 4, kImm8, kBtFlags, 0},
    {0x0f, 0xba, 0xba, 5, kImm8, kBtFlags, kLockable},
    {0x0f, 0xba, 0xba, 6, kImm8, kBtFlags, kLockable},
    {0x0f, 0xba, 0xba, 7, kImm8, kBtFlags, kLockable},
    {0x0f, 0xa4, 0xa4, -1, kImm8, kAf, kDoubleShift},
    {0x0f, 0xa5, 0xa5, -1, kNone, kAf, kDoubleShift},
    {0x0f, 0xac, 0xac, -1, kImm8, kAf, kDoubleShift},
    {0x0f, 0xad, 0xad, -1, kNone, kAf, kDoubleShift},
    {0x0f, 0xaf, 0xaf, -1, kNone, kMulFlags, 0},
    {0x0f, 0xb0, 0xb1, -1, kNone, 0, kLockable},
    {0x0f, 0xc0, 0xc1, -1, kNone, 0, kLockable},
    {0x0f, 0xc7, 0xc7, 1, kNone, 0, kLockable | kMemoryOnly},
    {0x0f, 0xb6, 0xb7, -1, kNone, 0, 0},
    {0x0f, 0xbe, 0xbf, -1, kNone, 0, 0},
    {0x0f, 0xbc, 0xbd, -1, kNone, kBsfFlags, 0},
    {0x0f, 0xc8, 0xcf, -2, kNone, 0, kNoOpsize},
    // Segment registers: PUSH, POP, MOV, LDS and its like; 8E /1 and /6 and /7 are #UD.
    {0, 0x06, 0x06, -2, kNone, 0, kPushSelector | kNot64},
    {0, 0x0e, 0x0e, -2, kNone, 0, kPushSelector | kNot64},
    {0, 0x16, 0x16, -2, kNone, 0, kPushSelector | kNot64},
    {0, 0x1e, 0x1e, -2, kNone, 0, kPushSelector | kNot64},
    {0x0f, 0xa0, 0xa0, -2, kNone, 0, kPushSelector | kDefault64},
    {0x0f, 0xa8, 0xa8, -2, kNone, 0, kPushSelector | kDefault64},
    {0, 0x07, 0x07, -2, kNone, 0, kPopSelector | kNot64},
    {0, 0x17, 0x17, -2, kNone, 0, kPopSelector | kNot64},
    {0, 0x1f, 0x1f, -2, kNone, 0, kPopSelector | kNot64},
    {0x0f, 0xa1, 0xa1, -2, kNone, 0, kPopSelector | kNot64},
    {0x0f, 0xa9, 0xa9, -2, kNone, 0, kPopSelector | kNot64},
    {0, 0x8c, 0x8c, -1, kNone, 0, 0},
    {0, 0x8e, 0x8e, -1, kNone, 0, kSelector | kNot64},
    {0, 0xc4, 0xc5, -1, kNone, 0, kFarPointer | kNot64},
    {0x0f, 0xb2, 0xb2, -1, kNone, 0, kFarPointer | kNot64},
    {0x0f, 0xb4, 0xb5, -1, kNone, 0, kFarPointer | kNot64},
    {0x0f, 0x00, 0x00, 2, kNone, 0, kNot64},  // LLDT LTR: #GP
    {0x0f, 0x00, 0x00, 3, kNone, 0, kNot64},
    {0x0f, 0x00, 0x00, 4, kNone, 0, kSelector | kNoLock | kNot64},  // VERR VERW LAR LSL
    {0x0f, 0x00, 0x00, 5, kNone, 0, kSelector | kNoLock | kNot64},
    {0x0f, 0x02, 0x03, -1, kNone, 0, kSelector | kNot64},
    // Near and far returns, indirect jumps and calls, far jumps and calls.
    {0, 0xc2, 0xc2, -2, kImm16, 0, kReturn | kDefault64 | kNoOpsize64},
    {0, 0xc3, 0xc3, -2, kNone, 0, kReturn | kDefault64 | kNoOpsize64},
    {0, 0xca, 0xca, -2, kImm16, 0, kReturn | kFar | kNot64},
    {0, 0xcb, 0xcb, -2, kNone, 0, kReturn | kFar | kNot64},
    {0, 0xcf, 0xcf, -2, kNone, 0, kReturn | kFar | kLast | kNot64},
    {0, 0x9a, 0x9a, -2, kPointer, 0, kNot64},
    {0, 0xea, 0xea, -2, kPointer, 0, kNot64},
    {0, 0xff, 0xff, 2, kNone, 0, kIndirect | kDefault64 | kNoOpsize64 | kNearCall},
    {0, 0xff, 0xff, 4, kNone, 0, kIndirect | kDefault64 | kNoOpsize64},
    {0, 0xff, 0xff, 3, kNone, 0, kIndirect | kFar | kNot64},
    {0, 0xff, 0xff, 5, kNone, 0, kIndirect | kFar | kNot64},
    // POPCNT, TZCNT, LZCNT; MOVBE and CRC32.
    {0x0f, 0xb8, 0xb8, -1, kNone, 0, kRepeat},
    {0x0f, 0xbc, 0xbd, -1, kNone, kOf | kSf | kAf | kPf, kRepeat},
    {0x0f38, 0xf0, 0xf1, -1, kNone, 0, kMandatory},
    // x87: everything but what memory operands of 94 and 108 bytes, transcendental functions (the
    // last bits are the vendor's), and what the decoder knows under other names has.
    {0, 0xd8, 0xd8, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    {0, 0xd9, 0xd9, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    {0, 0xda, 0xda, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    {0, 0xdb, 0xdb, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    {0, 0xdc, 0xdc, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    {0, 0xdd, 0xdd, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    {0, 0xde, 0xde, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    {0, 0xdf, 0xdf, -1, kNone, 0, kFx | kX87 | kNoRepeat},
    // MMX and SSE without a mandatory prefix; with 66, F2 and F3, others. 0F 77 is EMMS.
    {0x0f, 0x10, 0x17, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0x28, 0x2a, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0x2b, 0x2b, -1, kNone, 0, kFx},  // with F2 and F3 AMD's own
    {0x0f, 0x2c, 0x2f, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0x50, 0x6f, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0x70, 0x70, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0x74, 0x76, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0x7e, 0x7f, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0xd1, 0xef, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0xf1, 0xf6, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0xf8, 0xfe, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0x71, 0x71, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0x72, 0x72, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0x73, 0x73, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0x77, 0x77, -2, kNone, 0, kFx},
    {0x0f, 0xc2, 0xc2, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0xc4, 0xc4, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0xc5, 0xc5, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0xc6, 0xc6, -1, kImm8, 0, kFx | kMandatory},
    {0x0f, 0xd0, 0xd0, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0x7c, 0x7d, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0xc3, 0xc3, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0xf0, 0xf0, -1, kNone, 0, kFx | kMandatory},
    {0x0f, 0xae, 0xae, 2, kNone, 0, kFx | kMemoryAlways},  // LDMXCSR STMXCSR
    {0x0f, 0xae, 0xae, 3, kNone, 0, kFx | kMemoryAlways},
    {0x0f38, 0x00, 0x0b, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x10, 0x10, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x14, 0x15, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x17, 0x17, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x1c, 0x1e, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x20, 0x25, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x28, 0x2b, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x30, 0x35, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0x37, 0x41, -1, kNone, 0, kFx | kMandatory},
    {0x0f38, 0xdb, 0xdf, -1, kNone, 0, kFx | kMandatory},
    {0x0f3a, 0x08, 0x0f, -1, kImm8, 0, kFx | kMandatory},
    {0x0f3a, 0x14, 0x17, -1, kImm8, 0, kFx | kMandatory},
    {0x0f3a, 0x20, 0x22, -1, kImm8, 0, kFx | kMandatory},
    {0x0f3a, 0x40, 0x42, -1, kImm8, 0, kFx | kMandatory},
    {0x0f3a, 0x44, 0x44, -1, kImm8, 0, kFx | kMandatory},
    {0x0f3a, 0x60, 0x63, -1, kImm8, 0, kFx | kMandatory},
    {0x0f3a, 0xdf, 0xdf, -1, kImm8, 0, kFx | kMandatory},
    // What only ring 0 may do: #GP.
    {0x0f, 0x01, 0x01, 2, kNone, 0, kMemoryOnly},
    {0x0f, 0x01, 0x01, 3, kNone, 0, kMemoryOnly},
    {0x0f, 0x01, 0x01, 6, kNone, 0, 0},
    {0x0f, 0x01, 0x01, 7, kNone, 0, kMemoryOnly},
    {0x0f, 0x08, 0x09, -2, kNone, 0, 0},
    {0x0f, 0x20, 0x23, -1, kNone, 0, kRegisterOnly | kNoLock | kNot64},
    {0x0f, 0x30, 0x30, -2, kNone, 0, 0},
    {0x0f, 0x32, 0x32, -2, kNone, 0, 0},
    // Nothing at all: #UD.
    {0x0f, 0x04, 0x04, -2, kNone, 0, 0},
    {0x0f, 0x0a, 0x0a, -2, kNone, 0, 0},
    {0x0f, 0x0c, 0x0c, -2, kNone, 0, 0},
    {0x0f, 0x24, 0x27, -2, kNone, 0, kNot64},
    {0x0f, 0x36, 0x36, -2, kNone, 0, kNot64},
    {0x0f, 0x39, 0x39, -2, kNone, 0, 0},
    {0x0f, 0x3b, 0x3f, -2, kNone, 0, 0},
    {0x0f, 0xb9, 0xb9, -1, kNone, 0, 0},
    {0x0f, 0xff, 0xff, -1, kNone, 0, 0},
    {0, 0xfe, 0xfe, 7, kNone, 0, 0},
    {0x0f, 0xba, 0xba, 2, kImm8, 0, 0},
};

}  // namespace

std::vector<FormOpcode> select_forms(std::string_view opcode) {
  std::vector<FormOpcode> chosen;
  for (const Form& row : kRows) {
    for (unsigned code = row.opcode; code <= row.last; ++code) {
      std::string own = fmt::format("{}{:02X}",
                                    row.map == 0        ? ""
                                    : row.map == 0x0f   ? "0F"
                                    : row.map == 0x0f38 ? "0F38"
                                                        : "0F3A",
                                    code);
      if (row.reg >= 0) own += fmt::format(".{}", row.reg);
      if (std::string_view(own).substr(0, opcode.size()) == opcode)
        chosen.push_back({&row, static_cast<std::uint8_t>(code)});
    }
  }
  return chosen;
}

}  // namespace ice86::cpu::test
