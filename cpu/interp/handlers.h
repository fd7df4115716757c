// SPDX-License-Identifier: LGPL-2.1-or-later
// What the decoder asks the instruction families for: the handler of an operation, a form and a
// size.
#pragma once

#include "cpu/insn.h"

namespace ice86::cpu {

// Operand forms: destination, then source. R: register, M: memory, I: immediate.
enum class Form { kRR, kRM, kMR, kRI, kMI, kR, kM };

enum class Alu { kAdd, kOr, kAdc, kSbb, kAnd, kSub, kXor, kCmp, kTest, kMov, kNotedCmp };
Handler alu_handler(Alu op, Form form, unsigned size);
// The same, and Core::note_compare() sees the operands: of CMP; any other handler stays as it is.
Handler noted_compare(Handler handler);

enum class Unary { kInc, kDec, kNot, kNeg, kMul, kImul, kDiv, kIdiv };
Handler unary_handler(Unary op, Form form, unsigned size);

// Count in Insn::imm, or in CL when `by_cl`.
enum class Shift { kRol, kRor, kRcl, kRcr, kShl, kShr, kSar };
Handler shift_handler(Shift op, bool by_cl, Form form, unsigned size);
// SHLD, SHRD: destination form R or M; the register is Insn::src.
Handler double_shift_handler(bool left, bool by_cl, Form form, unsigned size);

// IMUL r, r/m and IMUL r, r/m, imm (the immediate in Insn::imm).
Handler imul_handler(bool immediate, Form form, unsigned size);

enum class Bit { kBt, kBts, kBtr, kBtc };
Handler bit_handler(Bit op, Form form, unsigned size);
Handler bit_scan_handler(bool reverse, Form form, unsigned size);

// Destination Insn::dst; the source is Insn::src or memory (kRR, kRM; a store of MOVBE: kMR); the
// register of VEX.vvvv is Insn::code.
enum class Bits {
  kPopcnt,
  kLzcnt,
  kTzcnt,
  kAdcx,
  kAdox,
  kAndn,  // from here to kMulx: VEX encoded
  kBextr,
  kBlsi,
  kBlsr,
  kBlsmsk,
  kBzhi,
  kPdep,
  kPext,
  kRorx,
  kSarx,
  kShlx,
  kShrx,
  kMulx,
  kCrc32,
  kMovbe,
  kRandom  // RDRAND, RDSEED
};
Handler bits_handler(Bits op, Form form, unsigned size);

enum class Exchange { kXchg, kXadd, kCmpxchg };
Handler exchange_handler(Exchange op, Form form, unsigned size);
Handler cmpxchg8b_handler();
Handler cmpxchg16b_handler();
// MOV of the accumulator from or to a 64-bit absolute address (A0 to A3 in 64-bit mode).
Handler far_address_handler(bool store, unsigned size);
// MOVZX, MOVSX from `source` bytes to `size`.
Handler extend_handler(bool sign, Form form, unsigned source, unsigned size);
Handler cmov_handler(Form form, unsigned size);
Handler setcc_handler(Form form);
Handler lea_handler(unsigned size);
Handler bswap_handler(unsigned size);
// MOV r, Sreg and MOV Sreg, r/m; Insn::code is the segment register.
Handler mov_from_segment_handler(Form form, unsigned size);
Handler mov_to_segment_handler(Form form);
// LDS, LES, LFS, LGS, LSS.
Handler load_far_pointer_handler(unsigned size);
// CBW/CWDE/CDQE and CWD/CDQ/CQO by size.
Handler convert_handler(bool into_dx, unsigned size);
Handler xlat_handler();

enum class Stack {
  kPush,
  kPop,
  kPushImm,
  kPushSegment,
  kPopSegment,
  kPushAll,
  kPopAll,
  kPushFlags,
  kPopFlags,
  kEnter,
  kLeave
};
Handler stack_handler(Stack op, Form form, unsigned size);

enum class Jump {
  kJcc,
  kJmp,
  kJmpR,
  kJmpM,
  kCall,
  kCallR,
  kCallM,
  kRet,
  kLoop,
  kLoopZ,
  kLoopNz,
  kJcxz,
  kJmpFar,
  kJmpFarM,
  kCallFar,
  kCallFarM,
  kRetFar,
  kIret,
  kInt,
  kInt3,
  kInt1,
  kInto,
  kBound
};
Handler jump_handler(Jump op);

enum class Decimal { kDaa, kDas, kAaa, kAas, kAam, kAad, kSalc };
Handler decimal_handler(Decimal op);

enum class Flag { kClc, kStc, kCmc, kCld, kStd, kCli, kSti, kLahf, kSahf };
Handler flag_handler(Flag op);

enum class String { kMovs, kStos, kLods, kCmps, kScas, kIns, kOuts };
Handler string_handler(String op, unsigned size);

// IN, OUT: Insn::code is 1 when the port is DX, else the port is Insn::imm.
Handler port_handler(bool out, unsigned size);

enum class System {
  kHlt,
  kNop,
  kLgdt,
  kLidt,
  kSgdt,
  kSidt,
  kLldt,
  kLtr,
  kSldt,
  kStr,
  kLmsw,
  kSmsw,
  kClts,
  kInvlpg,
  kStac,
  kClac,
  kInvd,
  kWbinvd,
  kCpuid,
  kRdtsc,
  kRdpmc,
  kRdmsr,
  kWrmsr,
  kMovFromCr,
  kMovToCr,
  kMovFromDr,
  kMovToDr,
  kLar,
  kLsl,
  kVerr,
  kVerw,
  kArpl,
  kSysenter,
  kSysexit,
  kSyscall,
  kSysret,
  kSwapgs,
  kReadBase,
  kWriteBase,
  kRdtscp,
  kInvpcid,
  kRsm,
  kUd
};
Handler system_handler(System op, Form form);
// The part of them that came with long mode, and SYSENTER.
Handler long_mode_handler(System op);

// ESC instructions that exist: low three bits of the first byte, ModRM. Insn::imm holds both as
// FOP has them.
Handler x87_handler(unsigned escape, unsigned modrm);
Handler x87_absent_handler();  // ESC on a CPU without an FPU
Handler x87_wait_handler();
enum class X87Image { kFnstenv, kFnsave, kFldenv, kFrstor };
Handler x87_image_handler(X87Image op);
enum class ExtendedState { kFxsave, kFxrstor, kXsave, kXsaveopt, kXrstor, kXgetbv, kXsetbv };
Handler extended_state_handler(ExtendedState op);

}  // namespace ice86::cpu
