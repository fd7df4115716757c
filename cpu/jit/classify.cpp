// SPDX-License-Identifier: LGPL-2.1-or-later
// Which instructions have a translation of their own, and what they do with the flags.
// Reference: Intel SDM vol. 2 and its appendix A; docs/cpu-undefined-flags.md.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

namespace {

constexpr std::uint32_t kOverflowFlag = 0x800;

// The group of what is not told by a list of opcodes.
Group one_byte(const ZydisDecodedInstruction& zi, unsigned mode) {
  const unsigned op = zi.opcode;
  const unsigned digit = zi.raw.modrm.reg;
  if (op < 0x20 && (op & 7) == 6)  // segment registers
    return zi.mnemonic == ZYDIS_MNEMONIC_PUSH && zi.operand_width == 16 ? Group::kPush
                                                                        : Group::kHandler;
  if (op < 0x20 && (op & 7) == 7) return Group::kLoadSegment;
  if (op < 0x40) return (op & 7) < 6 ? Group::kGeneric : Group::kHandler;
  if (op < 0x50) return mode != 2 ? Group::kGeneric : Group::kHandler;
  if (op < 0x58) return Group::kPush;
  if (op < 0x60) return Group::kPop;
  switch (op) {
    case 0x63: return mode == 2 && zi.raw.rex.W != 0 ? Group::kGeneric : Group::kHandler;
    case 0x68:
    case 0x6a: return Group::kPushImmediate;
    case 0x69:
    case 0x6b:
    case 0x80:
    case 0x81:
    case 0x83:
    case 0x84:
    case 0x85:
    case 0x86:
    case 0x87:
    case 0x88:
    case 0x89:
    case 0x8a:
    case 0x8b:
    case 0x98:
    case 0x99:
    case 0x9e:
    case 0x9f:
    case 0xa8:
    case 0xa9: return Group::kGeneric;
    case 0xa4:
    case 0xa5:
    case 0xaa:
    case 0xab:
    case 0xac:
    case 0xad: return Group::kString;
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0xc7:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xf5:
    case 0xf8:
    case 0xf9: return Group::kGeneric;
    case 0x8d: return Group::kLea;
    case 0xa0:  // 64-bit addresses have handlers of their own
    case 0xa1:
    case 0xa2:
    case 0xa3: return mode == 2 ? Group::kHandler : Group::kGeneric;
    case 0x8c: return Group::kStoreSegment;
    case 0x8e: return Group::kLoadSegment;
    case 0x8f: return Group::kPop;
    case 0x9a: return Group::kCallFar;
    case 0x9d: return Group::kPopFlags;
    case 0xc2:
    case 0xc3: return Group::kRet;
    case 0xca:
    case 0xcb: return Group::kRetFar;
    case 0xcd: return Group::kInterrupt;
    case 0xcf: return Group::kInterruptReturn;
    case 0xc9: return Group::kLeave;
    case 0xe0:
    case 0xe1:
    case 0xe2:
    case 0xe3: return Group::kLoop;
    case 0xe8: return Group::kCall;
    case 0xe9:
    case 0xeb: return Group::kJmp;
    case 0xea: return Group::kJmpFar;
    case 0xf6:
    case 0xf7: return digit < 6 ? Group::kGeneric : op == 0xf7 ? Group::kDivide : Group::kHandler;
    case 0x9c: return Group::kPushFlags;
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed: return Group::kPortIn;
    case 0xfa: return Group::kCli;
    case 0xfb: return Group::kSti;
    case 0xfc:
    case 0xfd: return Group::kDirection;
    case 0xfe: return Group::kGeneric;
    case 0xff:
      return digit < 2    ? Group::kGeneric
             : digit == 2 ? Group::kCallIndirect
             : digit == 3 ? Group::kCallFar
             : digit == 4 ? Group::kJmpIndirect
             : digit == 5 ? Group::kJmpFar
             : digit == 6 ? Group::kPush
                          : Group::kHandler;
    default: break;
  }
  if (op >= 0x70 && op < 0x80) return Group::kJcc;
  if (op > 0x90 && op < 0x98) return Group::kGeneric;
  if (op >= 0xb0 && op < 0xc0) return Group::kMovImmediate;
  return Group::kHandler;
}

Group two_bytes(const ZydisDecodedInstruction& zi, unsigned size) {
  const unsigned op = zi.opcode;
  const bool register_form = zi.raw.modrm.mod == 3;
  if (op == 0xa0 || op == 0xa8) return zi.operand_width == 16 ? Group::kPush : Group::kHandler;
  if (op == 0xa1 || op == 0xa9) return Group::kLoadSegment;
  switch (op) {
    case 0x31: return Group::kTimestamp;
    case 0xae:  // LFENCE, MFENCE, SFENCE
      return zi.mnemonic == ZYDIS_MNEMONIC_LFENCE || zi.mnemonic == ZYDIS_MNEMONIC_MFENCE ||
                     zi.mnemonic == ZYDIS_MNEMONIC_SFENCE
                 ? Group::kNop
                 : Group::kHandler;
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb: return register_form ? Group::kGeneric : Group::kHandler;
    case 0xa4:
    case 0xa5:
    case 0xac:
    case 0xad: return size == 2 ? Group::kHandler : Group::kGeneric;
    case 0xb0:
    case 0xb1: return register_form ? Group::kHandler : Group::kGeneric;
    case 0xbc: return zi.mnemonic == ZYDIS_MNEMONIC_BSF ? Group::kGeneric : Group::kHandler;
    case 0xbd: return zi.mnemonic == ZYDIS_MNEMONIC_BSR ? Group::kGeneric : Group::kHandler;
    case 0xaf:
    case 0xb6:
    case 0xb7:
    case 0xba:
    case 0xbe:
    case 0xbf:
    case 0xc0:
    case 0xc1: return Group::kGeneric;
    default: break;
  }
  if (op >= 0x40 && op < 0x50) return Group::kGeneric;
  if (op >= 0x80 && op < 0x90) return Group::kJcc;
  if (op >= 0x90 && op < 0xa0) return Group::kGeneric;
  if (op >= 0xc8 && op < 0xd0) return size == 2 ? Group::kHandler : Group::kGeneric;
  return Group::kHandler;
}

void note_flags(Item& item) {
  const ZydisDecodedInstruction& zi = item.zi;
  if (zi.cpu_flags != nullptr) {
    const ZydisAccessedFlags& f = *zi.cpu_flags;
    const std::uint32_t defined = f.modified | f.set_0 | f.set_1;
    item.reads = f.tested & kAllFlags;
    item.touch = (defined | f.undefined) & kAllFlags;
    item.kill = defined & ~f.undefined & kAllFlags;
  }
  const bool by_cl = zi.operand_count_visible > 1 &&
                     item.ops[zi.operand_count_visible - 1].type == ZYDIS_OPERAND_TYPE_REGISTER;
  const auto& last = item.ops[zi.operand_count_visible > 0 ? zi.operand_count_visible - 1 : 0];
  const unsigned mask = item.ops[0].size == 64 ? 63 : 31;
  const bool no_count = last.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && (last.imm.value.u & mask) == 0;
  switch (zi.mnemonic) {
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_TEST:
    case ZYDIS_MNEMONIC_SBB:  // Zydis takes its AF for undefined
      item.kill = item.touch = kAllFlags;
      break;
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD:
      item.touch = no_count ? 0 : kAllFlags;
      item.kill = no_count || by_cl ? 0 : kAllFlags;
      break;
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR:
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR:
      item.touch = no_count ? 0 : kCarry | kOverflowFlag;
      item.kill = no_count || by_cl ? 0 : kCarry | kOverflowFlag;
      break;
    case ZYDIS_MNEMONIC_MUL:
    case ZYDIS_MNEMONIC_IMUL:
      item.touch = kAllFlags;
      item.kill = kCarry | kOverflowFlag;
      break;
    case ZYDIS_MNEMONIC_DIV:  // docs/cpu-undefined-flags.md
    case ZYDIS_MNEMONIC_IDIV: item.touch = item.kill = kAllFlags & ~(kCarry | kOverflowFlag); break;
    case ZYDIS_MNEMONIC_COMISS:
    case ZYDIS_MNEMONIC_COMISD:
    case ZYDIS_MNEMONIC_UCOMISS:
    case ZYDIS_MNEMONIC_UCOMISD:
    case ZYDIS_MNEMONIC_FCOMI:
    case ZYDIS_MNEMONIC_FCOMIP:
    case ZYDIS_MNEMONIC_FUCOMI:
    case ZYDIS_MNEMONIC_FUCOMIP: item.kill = item.touch = kAllFlags; break;
    default: break;
  }
}

// Handlers that neither read nor write the arithmetic flags.
bool keeps_flags(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_POP:
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD:
    case ZYDIS_MNEMONIC_POPA:
    case ZYDIS_MNEMONIC_POPAD:
    case ZYDIS_MNEMONIC_LDS:
    case ZYDIS_MNEMONIC_LES:
    case ZYDIS_MNEMONIC_LSS:
    case ZYDIS_MNEMONIC_LFS:
    case ZYDIS_MNEMONIC_LGS:
    case ZYDIS_MNEMONIC_LODSB:
    case ZYDIS_MNEMONIC_LODSW:
    case ZYDIS_MNEMONIC_LODSD:
    case ZYDIS_MNEMONIC_LODSQ:
    case ZYDIS_MNEMONIC_STOSB:
    case ZYDIS_MNEMONIC_STOSW:
    case ZYDIS_MNEMONIC_STOSD:
    case ZYDIS_MNEMONIC_STOSQ:
    case ZYDIS_MNEMONIC_MOVSB:
    case ZYDIS_MNEMONIC_MOVSW:
    case ZYDIS_MNEMONIC_MOVSD:  // SSE's MOVSD, too
    case ZYDIS_MNEMONIC_MOVSQ:
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_OUT:
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
    case ZYDIS_MNEMONIC_RDTSC:
    case ZYDIS_MNEMONIC_RDMSR:
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_SWAPGS:
    case ZYDIS_MNEMONIC_LFENCE:
    case ZYDIS_MNEMONIC_PAUSE: return true;
    default: return false;
  }
}

}  // namespace

void Translator::classify(Item& item) {
  const ZydisDecodedInstruction& zi = item.zi;
  item.group = Group::kHandler;
  item.reads = item.touch = keeps_flags(zi.mnemonic) ? 0 : kAllFlags;
  item.kill = 0;
  if (item.insn->execute == system_handler(System::kUd, Form::kR)) return;
  if (zi.mnemonic == ZYDIS_MNEMONIC_CMP && c_.jit_area.compare_map != nullptr) return;
  Group group = Group::kHandler;
  const unsigned size = zi.operand_count_visible > 0 ? item.ops[0].size / 8 : 0;
  if (item.insn->execute == system_handler(System::kNop, Form::kR)) {
    group = Group::kNop;
  } else if (zi.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) {
    return;
  } else if (is_sse(item)) {
    group = Group::kSse;
  } else if (is_x87(item)) {
    group = Group::kX87;
  } else if (zi.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
    group = one_byte(zi, ctx_.mode);
  } else if (zi.opcode_map == ZYDIS_OPCODE_MAP_0F) {
    group = two_bytes(zi, size);
  }
  if (group == Group::kString && (item.insn->rep || item.insn->repne))
    group = zi.opcode < 0xac ? Group::kRepeat : Group::kHandler;
  if (group == Group::kHandler) return;
  item.reads = item.touch = 0;
  if (group != Group::kNop) {
    for (unsigned i = 0; i < zi.operand_count_visible; ++i) {
      const ZydisDecodedOperand& operand = item.ops[i];
      if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.mem.type == ZYDIS_MEMOP_TYPE_AGEN)
        continue;
      item.memory = static_cast<int>(i);
      item.stores = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    }
    note_flags(item);
    if (group == Group::kPopFlags || (group >= Group::kInterrupt && group <= Group::kRetFar))
      item.reads = item.touch = kAllFlags;
    if (!note_differences(item)) group = Group::kHandler;
    // PUSH and POP of segment registers share opcodes with nothing above; far branches neither.
    if (group == Group::kGeneric && !encodable(item)) group = Group::kHandler;
    if (group == Group::kJcc || group == Group::kJmp || group == Group::kCall ||
        group == Group::kLoop) {
      if (!target_ok(target_of(item))) group = Group::kHandler;
      if (item.insn->operand_size == 2 && ctx_.mode == 2) group = Group::kHandler;
    }
    if (item.soft && !soft_known(item, group)) group = Group::kHandler;
    if (!far_known(item, group)) group = Group::kHandler;
    if ((group == Group::kRet || group == Group::kJmpIndirect || group == Group::kCallIndirect) &&
        item.insn->operand_size == 2 && ctx_.mode == 2)
      group = Group::kHandler;
  }
  if (group == Group::kHandler) {
    item.memory = -1;
    item.reads = item.touch = keeps_flags(zi.mnemonic) ? 0 : kAllFlags;
    item.kill = 0;
  }
  item.group = group;
}

// A byte register AH to BH.
static bool is_high(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER && operand.reg.value >= ZYDIS_REGISTER_AH &&
         operand.reg.value <= ZYDIS_REGISTER_BH;
}

// Instructions with an immediate operand that is not a part of the translation.
bool Translator::soft_known(const Item& item, Group group) const {
  const ZydisDecodedInstruction& zi = item.zi;
  if (zi.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT || is_high(item.ops[0])) return false;
  if (group == Group::kMovImmediate || group == Group::kInterrupt) return true;
  if (group != Group::kGeneric || item.differs != 0) return false;
  const unsigned op = zi.opcode;
  return op < 0x40 || (op >= 0x80 && op <= 0x83) || op == 0xa8 || op == 0xa9 || op == 0xc6 ||
         op == 0xc7 || op == 0xf6 || op == 0xf7;
}

// Loads of segment registers and what goes with them: what has a translation in this context.
bool Translator::far_known(const Item& item, Group group) const {
  const unsigned segment = item.insn->code;
  const bool far = group >= Group::kInterrupt && group <= Group::kRetFar;
  if (group != Group::kLoadSegment && !far) return true;
  if (!ctx_.real || ctx_.mode != 0 || ctx_.rights != 0 || item.zi.mnemonic == ZYDIS_MNEMONIC_UD2)
    return false;
  // SS holds interrupts off; a flat one may be one no more.
  if (group == Group::kLoadSegment)
    return segment != kSs && segment != kCs &&
           ((ctx_.flat_read | ctx_.flat_write) >> segment & 1) == 0;
  if (group == Group::kInterruptReturn) return item.insn->operand_size == 2;
  return true;
}

// AH to BH do not go together with a REX prefix.
bool Translator::encodable(const Item& item) const {
  bool high = false;
  bool rex = false;
  for (unsigned i = 0; i < item.zi.operand_count_visible; ++i) {
    const ZydisDecodedOperand& operand = item.ops[i];
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    if (is_high(operand)) {
      high = true;
    } else if (ZydisRegisterGetClass(operand.reg.value) == ZYDIS_REGCLASS_GPR8) {
      if (operand.reg.value > ZYDIS_REGISTER_BL) rex = true;
    } else if (ZydisRegisterGetId(operand.reg.value) >= 8 ||
               ZydisRegisterGetId(operand.reg.value) == 4) {
      rex = true;
    }
  }
  // Where AH changes places with AL, AL must have no other part in it.
  if (high && item.zi.mnemonic == ZYDIS_MNEMONIC_CMPXCHG) return false;
  return !(high && rex);
}

}  // namespace ice86::cpu::jit
