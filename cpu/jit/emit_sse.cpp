// SPDX-License-Identifier: LGPL-2.1-or-later
// SSE and SSE2: the guest's instruction on the host's registers, under the guest's MXCSR.
//
// XMM0 to XMM13 of the guest stand in the host's own while a block runs, each from its first use
// on; those that were written go back to State before anything else looks. The host has the guest's
// MXCSR from the first such instruction until translated code is left (Area::sse_ready): with all
// exceptions masked the sticky flags of the one are those of the other. With any unmasked, or SSE
// disabled, the handlers do it.
// Reference: Intel SDM vol. 1 chapters 10 and 11, vol. 2.
#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

namespace {

constexpr std::uint8_t kVectorTemp = 15;
constexpr unsigned kVectorRegisters = 14;

bool is_vector(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
         ZydisRegisterGetClass(operand.reg.value) == ZYDIS_REGCLASS_XMM;
}
bool is_general(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
  const ZydisRegisterClass kind = ZydisRegisterGetClass(operand.reg.value);
  return kind == ZYDIS_REGCLASS_GPR32 || kind == ZYDIS_REGCLASS_GPR64;
}
unsigned vector_number(const ZydisDecodedOperand& operand) {
  return static_cast<unsigned>(ZydisRegisterGetId(operand.reg.value));
}

// Whole-register moves, which do not need what was there.
bool replaces(const ZydisDecodedInstruction& zi) {
  switch (zi.mnemonic) {
    case ZYDIS_MNEMONIC_MOVAPS:
    case ZYDIS_MNEMONIC_MOVAPD:
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQA:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_PSHUFD:
    case ZYDIS_MNEMONIC_PSHUFHW:
    case ZYDIS_MNEMONIC_PSHUFLW: return true;
    default: return false;
  }
}

// Operands of 16 bytes in memory that need not be aligned.
bool unaligned(const ZydisDecodedInstruction& zi) {
  return zi.mnemonic == ZYDIS_MNEMONIC_MOVUPS || zi.mnemonic == ZYDIS_MNEMONIC_MOVUPD ||
         zi.mnemonic == ZYDIS_MNEMONIC_MOVDQU;
}

}  // namespace

// SSE and SSE2 on XMM registers, but for what is not an operation on them.
bool Translator::is_sse(const Item& item) {
  const ZydisDecodedInstruction& zi = item.zi;
  if (zi.opcode_map != ZYDIS_OPCODE_MAP_0F) return false;
  if (zi.meta.isa_ext != ZYDIS_ISA_EXT_SSE && zi.meta.isa_ext != ZYDIS_ISA_EXT_SSE2) return false;
  switch (zi.mnemonic) {
    case ZYDIS_MNEMONIC_RCPPS:  // approximations are the handler's
    case ZYDIS_MNEMONIC_RCPSS:
    case ZYDIS_MNEMONIC_RSQRTPS:
    case ZYDIS_MNEMONIC_RSQRTSS:
    case ZYDIS_MNEMONIC_CVTPI2PS:  // these concern the x87, too
    case ZYDIS_MNEMONIC_CVTPI2PD:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_STMXCSR: return false;
    default: break;
  }
  bool vector = false;
  for (unsigned i = 0; i < zi.operand_count_visible; ++i) {
    const ZydisDecodedOperand& operand = item.ops[i];
    switch (operand.type) {
      case ZYDIS_OPERAND_TYPE_REGISTER:
        if (is_vector(operand)) {
          if (vector_number(operand) >= kVectorRegisters) return false;
          vector = true;
        } else if (!is_general(operand)) {
          return false;
        }
        break;
      case ZYDIS_OPERAND_TYPE_MEMORY:
        if (operand.mem.type != ZYDIS_MEMOP_TYPE_MEM) return false;
        if (operand.size != 16 && operand.size != 32 && operand.size != 64 && operand.size != 128)
          return false;
        break;
      case ZYDIS_OPERAND_TYPE_IMMEDIATE: break;
      default: return false;
    }
  }
  return vector;
}

void Translator::vector_move(unsigned number, bool load) {
  e_.op({static_cast<std::uint8_t>(load ? 0x10 : 0x11), 1}, static_cast<std::uint8_t>(number),
        core(&c_.s.ymm[number]));  // movups
}

// Back to State, before something else looks at it. They stay where they are, too.
void Translator::store_vectors() {
  for (unsigned i = 0; i < kVectorRegisters; ++i) {
    if ((vectors_.written >> i & 1) != 0) vector_move(i, false);
  }
  vectors_.written = 0;
}

void Translator::load_vectors(std::uint32_t which) {
  for (unsigned i = 0; i < kVectorRegisters; ++i) {
    if ((which >> i & 1) != 0) vector_move(i, true);
  }
}

void Translator::sse(std::uint32_t index) {
  const Item& item = items_[index];
  const ZydisDecodedInstruction& zi = item.zi;
  std::vector<std::size_t> fail;
  const std::uint32_t written = hosts_written(item);
  const bool may_fail = item.checks || item.memory >= 0;
  if (may_fail) clobber_flags(item.live_before);
  if (written != 0) registers_written(written, item.touch == 0 ? item.live_after : 0);
  if (may_fail) clobber_flags(item.live_before);
  const FlagState before = f_;
  const Vectors vectors_before = vectors_;
  vectors_.ready = true;
  if (item.checks) {
    e_.op({0x80, 0, 1}, 7, core(&c_.jit_area.sse_ready));
    e_.byte(0);
    const std::size_t ready = e_.jcc(kNotEqual);
    e_.call_to(jit_.prepare_sse_);
    fail.push_back(e_.jcc(kEqual));
    e_.bind(ready);
  }
  RegisterOrMem rm(std::uint8_t{0});
  const Mem at{kAddress, kNoHost, 0, 0};
  if (item.memory >= 0) {
    const ZydisDecodedOperand& operand = item.ops[static_cast<unsigned>(item.memory)];
    const bool whole = operand.size == 128;
    effective(item);
    look_up(item.insn->segment, operand.size / 8, item.stores, fail,
            whole && !unaligned(zi) ? 15 : 0);
    rm = RegisterOrMem(at);
    if (whole && !item.stores && !unaligned(zi)) {
      // The host's page need not be aligned as the guest's is.
      e_.op({0x10, 1}, kVectorTemp, at);
      rm = RegisterOrMem(kVectorTemp);
    }
  }
  // Past this point nothing fails.
  std::uint8_t reg = zi.raw.modrm.reg;
  unsigned written_vector = ~0U;
  bool store_general = false;
  unsigned general = 0;
  std::uint32_t needed = 0;
  for (unsigned i = 0; i < zi.operand_count_visible; ++i) {
    const ZydisDecodedOperand& operand = item.ops[i];
    const bool is_reg = operand.encoding == ZYDIS_OPERAND_ENCODING_MODRM_REG;
    const bool writes = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (is_vector(operand)) {
      const unsigned number = vector_number(operand);
      if (!writes || !replaces(zi)) needed |= 1u << number;
      if (writes) written_vector = number;
      if (is_reg) {
        reg = static_cast<std::uint8_t>(number);
      } else {
        rm = RegisterOrMem(static_cast<std::uint8_t>(number));
      }
    } else if (is_general(operand)) {
      general = static_cast<unsigned>(ZydisRegisterGetId(operand.reg.value));
      std::uint8_t host = host_of(general);
      if (host == kNoHost) {
        host = kTemp;
        if (writes) {
          store_general = true;
        } else {
          e_.load(kTemp, guest(general));
        }
      }
      if (is_reg) {
        reg = host;
      } else {
        rm = RegisterOrMem(host);
      }
    }
  }
  load_vectors(needed & ~vectors_.loaded);
  vectors_.loaded |= needed;
  if (written_vector != ~0U) {
    vectors_.loaded |= 1u << written_vector;
    vectors_.written |= 1u << written_vector;
  }
  Opcode opcode{zi.opcode, 1, static_cast<std::uint8_t>(zi.raw.rex.W != 0 ? 8 : 4)};
  for (unsigned i = 0; i < zi.raw.prefix_count; ++i) {
    if (zi.raw.prefixes[i].type == ZYDIS_PREFIX_TYPE_MANDATORY)
      opcode.mandatory = zi.raw.prefixes[i].value;
  }
  // All stores of 16 bytes become MOVUPS: the guest's alignment has been looked at.
  if (item.stores && item.ops[static_cast<unsigned>(item.memory)].size == 128)
    opcode = {0x11, 1, 4, 0};
  if (item.touch != 0) need_flags(item.live_after & ~item.kill);
  e_.op(opcode, reg, rm);
  if (zi.raw.imm[0].size != 0) e_.byte(static_cast<unsigned>(zi.raw.imm[0].value.u & 0xff));
  if (store_general) e_.store(guest(general), kTemp);
  if (item.touch != 0) {
    f_.host |= item.kill;
    f_.image = f_.carry_image = false;
    f_.recipe.forget();
    f_.carry.forget();
  }
  cold(index, std::move(fail), before, true, vectors_before, pointers_);
}

}  // namespace ice86::cpu::jit
