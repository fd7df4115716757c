// SPDX-License-Identifier: LGPL-2.1-or-later
// Instructions that are written again with other operands, LEA and MOV of an immediate.
#include <bit>

#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

namespace {

// What is written for the host: the guest's instruction in the form with a ModRM byte.
struct Form {
  std::uint8_t opcode = 0;
  std::uint8_t map = 0;
  std::uint8_t size = 4;
  bool modrm = true;
  bool digit = false;    // the reg field is a part of the opcode
  std::uint8_t reg = 0;  // guest register, or that digit
  std::uint8_t rm = 0;   // guest register
  bool reg_read = true, reg_written = false, rm_read = true, rm_written = false;
  bool reg_byte = false, rm_byte = false;
  bool reg_high = false, rm_high = false;
  std::uint8_t immediate_bytes = 0;
  std::uint64_t immediate = 0;
};

// SPL and the like have the numbers of their registers, AH to BH 4 to 7.
std::uint8_t number_of(ZydisRegister reg, bool& byte, bool& high) {
  byte = ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_GPR8;
  high = reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
  int id = ZydisRegisterGetId(reg);
  if (byte && reg >= ZYDIS_REGISTER_SPL) id -= 4;
  return static_cast<std::uint8_t>(id);
}

Form form_of(const Item& item) {
  const ZydisDecodedInstruction& zi = item.zi;
  Form f;
  f.opcode = zi.opcode;
  f.map = zi.opcode_map == ZYDIS_OPCODE_MAP_0F ? 1 : 0;
  f.size = static_cast<std::uint8_t>(item.ops[0].size / 8);
  if (zi.raw.imm[0].size != 0 && f.map == 0 && (f.opcode < 0xa0 || f.opcode > 0xa3)) {
    f.immediate_bytes = zi.raw.imm[0].size / 8;
    f.immediate = zi.raw.imm[0].value.u;
  } else if (zi.raw.imm[0].size != 0 && f.map == 1) {
    f.immediate_bytes = 1;
    f.immediate = zi.raw.imm[0].value.u;
  }
  const auto take = [&](const ZydisDecodedOperand& operand, bool as_reg) {
    const bool read = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    const bool written = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (as_reg) {
      f.reg_read = read;
      f.reg_written = written;
      f.reg = number_of(operand.reg.value, f.reg_byte, f.reg_high);
    } else {
      f.rm_read = read;
      f.rm_written = written;
      if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
        f.rm = number_of(operand.reg.value, f.rm_byte, f.rm_high);
      } else {
        f.rm_byte = operand.size == 8;
      }
    }
  };
  const unsigned op = f.opcode;
  if (f.map == 0) {
    if (op < 0x40 && (op & 7) >= 4) {  // accumulator and immediate
      take(item.ops[0], false);
      f.digit = true;
      f.reg = static_cast<std::uint8_t>(op >> 3);
      f.opcode = (op & 7) == 4 ? 0x80 : 0x81;
      return f;
    }
    if (op >= 0x40 && op < 0x50) {
      take(item.ops[0], false);
      f.digit = true;
      f.reg = op < 0x48 ? 0 : 1;
      f.opcode = 0xff;
      return f;
    }
    if (op > 0x90 && op < 0x98) {
      take(item.ops[0], true);
      take(item.ops[1], false);
      f.opcode = 0x87;
      return f;
    }
    if (op == 0x98 || op == 0x99) {
      f.modrm = false;
      f.size = item.insn->operand_size;
      const std::uint8_t width = static_cast<std::uint8_t>(zi.operand_width / 8);
      f.size = width;
      return f;
    }
    if (op == 0x9e || op == 0x9f || op >= 0xf8 || op == 0xf5) {
      if (op != 0xfe && op != 0xff) {
        f.modrm = false;
        f.size = 4;
        return f;
      }
    }
    if (op >= 0xa0 && op <= 0xa3) {
      const bool store = op >= 0xa2;
      take(item.ops[store ? 1 : 0], true);
      take(item.ops[store ? 0 : 1], false);
      f.opcode = static_cast<std::uint8_t>((store ? 0x88 : 0x8a) | (op & 1));
      return f;
    }
    if (op == 0xa8 || op == 0xa9) {
      take(item.ops[0], false);
      f.digit = true;
      f.reg = 0;
      f.opcode = static_cast<std::uint8_t>(0xf6 | (op & 1));
      return f;
    }
  } else if (op >= 0xc8 && op < 0xd0) {  // BSWAP: the register is in the opcode
    take(item.ops[0], false);
    f.digit = true;
    return f;
  }
  f.digit = true;
  f.reg = zi.raw.modrm.reg;
  for (unsigned i = 0; i < zi.operand_count_visible; ++i) {
    if (item.ops[i].encoding == ZYDIS_OPERAND_ENCODING_MODRM_REG) {
      f.digit = false;
      take(item.ops[i], true);
    } else if (item.ops[i].encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM) {
      take(item.ops[i], false);
    }
  }
  return f;
}

// INC and DEC of a register that is not AH to BH.
bool steps_by_one(const Item& item) {
  if (item.zi.mnemonic != ZYDIS_MNEMONIC_INC && item.zi.mnemonic != ZYDIS_MNEMONIC_DEC)
    return false;
  const ZydisDecodedOperand& operand = item.ops[0];
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
         (operand.reg.value < ZYDIS_REGISTER_AH || operand.reg.value > ZYDIS_REGISTER_BH);
}

// The form with a register instead of the immediate operand.
std::uint8_t soft_opcode(const Form& f) {
  const unsigned wide = f.size == 1 ? 0 : 1;
  const unsigned base = f.opcode >= 0xf6 ? 0x84 : f.opcode >= 0xc6 ? 0x88 : f.reg << 3;
  return static_cast<std::uint8_t>(base | wide);
}

}  // namespace

// The host register of a guest's; kNoHost: it is in State.
std::uint8_t Translator::host_of(unsigned number) {
  if (number == kRsp) return kGuestSp;
  return number < 10 ? static_cast<std::uint8_t>(number) : std::uint8_t{kNoHost};
}

// A host register that holds it: its own, or `temp`.
std::uint8_t Translator::read_register(unsigned number, std::uint8_t temp) {
  const std::uint8_t host = host_of(number);
  if (host != kNoHost) return host;
  e_.load(temp, guest(number));
  return temp;
}

// The host registers of the guest that it writes, as a mask.
std::uint32_t Translator::hosts_written(const Item& item) const {
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < item.zi.operand_count; ++i) {
    const ZydisDecodedOperand& operand = item.ops[i];
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER ||
        (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0)
      continue;
    const ZydisRegisterClass kind = ZydisRegisterGetClass(operand.reg.value);
    if (kind < ZYDIS_REGCLASS_GPR8 || kind > ZYDIS_REGCLASS_GPR64) continue;
    bool byte = false;
    bool high = false;
    const unsigned number = number_of(operand.reg.value, byte, high);
    const std::uint8_t host = host_of(high ? number - 4 : number);
    if (host != kNoHost) mask |= 1u << host;
  }
  return mask;
}

void Translator::generic_op(const Item& item, const RegisterOrMem* memory, Steps steps) {
  Form f = form_of(item);
  if (steps == Steps::kAllButLast && f.immediate_bytes != 0) {
    f.immediate = (f.immediate & (f.size == 8 ? 63 : 31)) - 1;
  } else if (steps == Steps::kLast) {  // D0 and D1: by 1
    f.opcode = static_cast<std::uint8_t>(0xd0 | (f.opcode & 1));
    f.immediate_bytes = 0;
  }
  if (!f.modrm) {
    if (f.size == 2) e_.byte(0x66);
    if (f.size == 8) e_.byte(0x48);
    e_.byte(f.opcode);
    return;
  }
  if (item.soft) {
    load_soft(e_, item, kValue);
    const bool in_state = memory == nullptr && host_of(f.rm) == kNoHost;
    const std::uint8_t rm = memory != nullptr ? 0 : in_state ? std::uint8_t{kTemp} : host_of(f.rm);
    if (in_state && (f.rm_read || f.size < 4)) e_.load(rm, guest(f.rm));
    e_.op({soft_opcode(f), 0, f.size}, kValue, memory != nullptr ? *memory : RegisterOrMem(rm),
          f.size == 1, f.size == 1);
    if (in_state && f.rm_written) e_.store(guest(f.rm), rm);
    return;
  }
  const Opcode opcode{f.opcode, f.map, f.size};
  const bool bswap = f.map == 1 && f.opcode >= 0xc8;
  // High byte registers.
  if ((!f.digit && f.reg_high) || (memory == nullptr && f.rm_high)) {
    if (memory == nullptr) {
      e_.op_legacy(opcode, f.reg, RegisterOrMem(f.rm));
    } else {  // the address needs REX: the low half takes the place of the high one
      const auto low = static_cast<std::uint8_t>(f.reg - 4);
      e_.op_legacy({0x86, 0, 1}, low, RegisterOrMem(f.reg));
      e_.op(opcode, low, *memory, true);
      e_.op_legacy({0x86, 0, 1}, low, RegisterOrMem(f.reg));
    }
    for (unsigned i = 0; i < f.immediate_bytes; ++i)
      e_.byte(static_cast<unsigned>(f.immediate >> (i * 8) & 0xff));
    return;
  }
  std::uint8_t reg = f.reg;
  bool store_reg = false;
  if (!f.digit) {
    reg = host_of(f.reg);
    if (reg == kNoHost) {
      reg = kValue;
      if (f.reg_read || f.size < 4 || f.map == 1) e_.load(reg, guest(f.reg));
      store_reg = f.reg_written;
    }
  }
  std::uint8_t rm = 0;
  bool store_rm = false;
  if (memory == nullptr) {
    rm = host_of(f.rm);
    if (rm == kNoHost) {
      if (!f.digit && f.rm == f.reg) {
        rm = kValue;
        store_reg = store_reg || f.rm_written;
        if (!f.reg_read && f.size >= 4 && f.map == 0) e_.load(rm, guest(f.rm));
      } else {
        rm = kTemp;
        if (f.rm_read || f.size < 4 || f.map == 1) e_.load(rm, guest(f.rm));
        store_rm = f.rm_written;
      }
    }
  }
  if (bswap) {
    if (f.size == 8 || rm >= 8) e_.byte((f.size == 8 ? 0x48u : 0x40u) | (rm >= 8 ? 1u : 0u));
    e_.byte(0x0f);
    e_.byte(0xc8 | (rm & 7u));
  } else {
    e_.op(opcode, reg, memory != nullptr ? *memory : RegisterOrMem(rm), !f.digit && f.reg_byte,
          f.rm_byte);
    for (unsigned i = 0; i < f.immediate_bytes; ++i)
      e_.byte(static_cast<unsigned>(f.immediate >> (i * 8) & 0xff));
  }
  if (store_reg) e_.store(guest(f.reg), reg);
  if (store_rm) e_.store(guest(f.rm), rm);
}

void Translator::generic(std::uint32_t index) {
  const Item& item = items_[index];
  std::uint32_t needed = item.reads | (item.touch != 0 ? item.live_after & ~item.kill : 0);
  const std::uint32_t wrong = item.differs & item.live_after;
  std::vector<std::size_t> fail;
  FlagState before;
  const bool memory = item.memory >= 0;
  const std::uint32_t written = hosts_written(item);
  const std::uint32_t live = needed | (item.touch == 0 ? item.live_after : 0);
  if (memory) {
    const ZydisDecodedOperand& operand = item.ops[static_cast<unsigned>(item.memory)];
    // A recipe that would have to be followed behind the access: the flags are still here now.
    if (live != 0 && f_.host == kAllFlags && (f_.recipe.registers & written) != 0)
      f_.recipe.forget();
    clobber_flags(item.live_before);
    before = f_;
    effective(item);
    look_up(item.insn->segment, operand.size / 8, item.stores, fail, 0, item.near_operand);
  }
  const RegisterOrMem at = Mem{kAddress, kNoHost, 0, 0};
  if (wrong != 0) {
    as_interpreted(item, memory ? &at : nullptr, wrong);
    if (memory) cold(index, std::move(fail), std::move(before), true);
    return;
  }
  // INC and DEC can be done again for the other flags, and CF stays where it is.
  if (needed == kCarry && item.reads == 0 && !memory && written != 0 && f_.carry_image &&
      (!f_.carry || (f_.carry.registers & written) != 0) && steps_by_one(item))
    needed = 0;
  // SETcc may write a register that its own flags would be made from.
  if (written != 0) registers_written(written, item.touch == 0 ? live : needed);
  if (needed != 0) need_flags(needed);
  const std::size_t from = e_.size();
  generic_op(item, memory ? &at : nullptr);
  if (item.touch != 0) {
    f_.host |= item.kill;
    f_.image = false;
    f_.recipe.forget();
    finish_recipe(item, from);
  }
  if (memory) cold(index, std::move(fail), std::move(before), true);
}

// Flags of operands that are still there can be had again. `from`: where the instruction begins.
void Translator::finish_recipe(const Item& item, std::size_t from) {
  if ((item.touch & kCarry) != 0) {
    f_.carry.forget();
    f_.carry_image = false;
  }
  if (item.reads != 0) return;
  const Form f = form_of(item);
  const bool memory = item.memory >= 0;
  const std::uint8_t rm = memory || f.rm_high ? std::uint8_t{kNoHost} : host_of(f.rm);
  const std::uint8_t reg = f.digit ? rm : f.reg_high ? std::uint8_t{kNoHost} : host_of(f.reg);
  Emitter again;
  again.begin(nullptr);
  const auto take = [&](std::uint32_t registers) { f_.recipe.take(again.bytes(), registers); };
  const auto as_made = [&] { again.raw(e_.bytes().data() + from, e_.size() - from); };
  if (item.soft && !(rm != kNoHost && reg != kNoHost)) return;
  const bool in_registers = rm != kNoHost && reg != kNoHost;
  const std::uint32_t both = in_registers ? 1u << rm | 1u << reg : 0;
  switch (item.zi.mnemonic) {
    case ZYDIS_MNEMONIC_CMP:
    case ZYDIS_MNEMONIC_TEST:
      if (!in_registers) return;
      as_made();
      take(both);
      break;
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_XOR: {
      const std::uint8_t target = f.reg_written ? reg : rm;
      if (target == kNoHost) return;
      again.op({static_cast<std::uint8_t>(f.size == 1 ? 0x84 : 0x85), 0, f.size}, target,
               RegisterOrMem(target), f.size == 1, f.size == 1);
      take(1u << target);
      break;
    }
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB: {
      // Undone and done again. An operation and its inverse differ in one bit field.
      if (!in_registers) return;
      if (item.soft) {
        load_soft(again, item, kValue);
        again.op({static_cast<std::uint8_t>(soft_opcode(f) ^ 0x28), 0, f.size}, kValue, rm,
                 f.size == 1, f.size == 1);
        again.op({soft_opcode(f), 0, f.size}, kValue, rm, f.size == 1, f.size == 1);
        take(both);
        break;
      }
      if (f.digit ? f.map != 0 || f.opcode < 0x80 || f.opcode > 0x83 : rm == reg) return;
      const auto opcode = static_cast<std::uint8_t>(f.digit ? f.opcode : f.opcode ^ 0x28);
      again.op({opcode, f.map, f.size}, static_cast<std::uint8_t>(f.digit ? f.reg ^ 5 : reg), rm,
               !f.digit && f.reg_byte, f.rm_byte);
      if (f.immediate_bytes != 0)
        again.raw(e_.bytes().data() + e_.size() - f.immediate_bytes, f.immediate_bytes);
      as_made();
      take(both);
      break;
    }
    case ZYDIS_MNEMONIC_INC:
    case ZYDIS_MNEMONIC_DEC:
      // Likewise, with CF of what came before.
      if (!in_registers || !(f_.carry || f_.carry_image)) return;
      if (carry_at_hand()) {
        load_carry(again);
      } else {
        again.raw(f_.carry.code.data(), f_.carry.length);
      }
      again.op({f.opcode, 0, f.size}, static_cast<std::uint8_t>(f.reg ^ 1), rm, false, f.rm_byte);
      as_made();
      take(both | f_.carry.registers);
      f_.recipe.soft = f_.carry.soft;
      f_.recipe.from_image = carry_at_hand();
      return;
    default: return;
  }
  f_.recipe.soft = item.soft;
  f_.carry = f_.recipe;
}

void Translator::lea(const Item& item) {
  const std::uint32_t written = hosts_written(item);
  registers_written(written, item.live_after);
  bool byte = false;
  bool high = false;
  const unsigned number = number_of(item.ops[0].reg.value, byte, high);
  effective(item);
  const std::uint8_t host = host_of(number);
  const unsigned size = item.ops[0].size / 8;
  if (host != kNoHost) {
    e_.mov(host, kAddress, size);
  } else if (size == 4) {
    e_.mov(kAddress, kAddress, 4);
    e_.store(guest(number), kAddress);
  } else {
    e_.store(guest(number), kAddress, size);
  }
}

// DIV and IDIV of words and more, when no fault comes of it: for IDIV, when the dividend is its
// lower half, sign-extended, and the divisor not 0 or -1.
void Translator::divide(std::uint32_t index) {
  const Item& item = items_[index];
  const ZydisDecodedOperand& operand = item.ops[0];
  const unsigned size = operand.size / 8U;
  std::vector<std::size_t> fail;
  const bool live = item.live_after != 0;
  if (live) {
    need_image();
    f_ = FlagState{};
  } else {
    clobber_flags(item.live_before);
  }
  const FlagState before = f_;
  if (item.memory >= 0) {
    effective(item);
    look_up(item.insn->segment, size, false, fail);
    load_zero_extended(kValue, Mem{kAddress, kNoHost, 0, 0}, size);
  } else {
    const auto number = static_cast<unsigned>(ZydisRegisterGetId(operand.reg.value));
    load_zero_extended(kValue, read_register(number, kValue), size);
  }
  const bool is_signed = item.zi.raw.modrm.reg == 7;
  const auto width = static_cast<std::uint8_t>(size);
  if (is_signed) {
    e_.mov(kTemp, kHostRax, size == 2 ? 4 : size);
    e_.shift_imm(7, kTemp, size * 8 - 1, size);
    e_.op({0x3b, 0, width}, kTemp, std::uint8_t{kHostRdx});
    fail.push_back(e_.jcc(kNotEqual));
    e_.lea(kTemp, {kValue, kNoHost, 0, 1}, size == 2 ? 4 : size);
    e_.alu_imm(7, kTemp, 1, size);
    fail.push_back(e_.jcc(kNotAbove));
  } else {
    e_.op({0x3b, 0, width}, kHostRdx, std::uint8_t{kValue});
    fail.push_back(e_.jcc(kNotBelow));
  }
  e_.op({0xf7, 0, width}, is_signed ? 7 : 6, std::uint8_t{kValue});
  if (!live) {
    registers_written(1U << kHostRax | 1U << kHostRdx, 0);
    f_.recipe.forget();
    f_.image = false;
  } else if ((item.live_after & item.kill) != 0) {
    // In the image: CF and OF stay, AF is set.
    const Mem image = core(&c_.jit_area.flags);
    e_.op({0x81, 0, 4}, 4, image);
    e_.dword(0xffff0101);
    e_.op({0x81, 0, 4}, 1, image);
    e_.dword(flag::kAf << 8);
  }
  cold(index, std::move(fail), before, true);
}

// MOVS, STOS and LODS of one element, upwards.
void Translator::string(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned op = item.zi.opcode & 0xfeU;
  const unsigned size = item.zi.operand_width / 8U;
  const unsigned address = item.insn->address_size == 0 ? 2 : item.insn->address_size == 1 ? 4 : 8;
  const bool loads = op != 0xaa;
  const bool stores = op != 0xac;
  std::vector<std::size_t> fail;
  registers_written((loads ? 1U << kHostRsi : 0) | (stores ? 1U << kHostRdi : 1U << kHostRax),
                    item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  const Mem at{kAddress, kNoHost, 0, 0};
  const Mem scratch = core(&c_.jit_area.scratch);
  const auto step = [&](std::uint8_t reg) {
    e_.lea(kTemp, {reg, kNoHost, 0, static_cast<std::int32_t>(size)}, address == 8 ? 8 : 4);
    e_.mov(reg, kTemp, address);
  };
  e_.op({0xf7, 0, 4}, 0, core(&c_.s.rflags));
  e_.dword(flag::kDf);
  fail.push_back(e_.jcc(kNotEqual));
  if (loads) {
    load_zero_extended(kAddress, std::uint8_t{kHostRsi}, address);
    look_up(item.insn->segment, size, false, fail);
    if (!stores) {
      e_.op(
          {static_cast<std::uint8_t>(size == 1 ? 0x8a : 0x8b), 0, static_cast<std::uint8_t>(size)},
          kHostRax, at);
    } else {
      e_.op(
          {static_cast<std::uint8_t>(size == 1 ? 0x8a : 0x8b), 0, static_cast<std::uint8_t>(size)},
          kTemp, at);
      e_.store(scratch, kTemp);
    }
  }
  if (stores) {
    load_zero_extended(kAddress, std::uint8_t{kHostRdi}, address);
    look_up(kEs, size, true, fail);
    if (loads) e_.load(kTemp, scratch);
    e_.store(at, loads ? std::uint8_t{kTemp} : std::uint8_t{kHostRax}, size);
  }
  if (loads) step(kHostRsi);
  if (stores) step(kHostRdi);
  cold(index, std::move(fail), before, true);
}

// Where the host has the first element, into `place`; the last one, after as many as Area::scratch
// says, must be as far from it as for the guest: between them there is no more than one end of a
// page.
void Translator::string_ends(std::uint8_t pointer, unsigned address, unsigned segment,
                             unsigned size, bool write, const std::uint64_t& place,
                             std::vector<std::size_t>& fail) {
  const auto step = static_cast<std::int32_t>(size);
  const auto scale = static_cast<std::uint8_t>(std::countr_zero(size));
  const Mem count = core(&c_.jit_area.scratch);
  load_zero_extended(kAddress, pointer, address);
  look_up_plain(segment, size, write, fail);
  e_.store(core(&place), kAddress);
  e_.load(kTemp, count);
  load_zero_extended(kAddress, pointer, address);
  e_.lea(kAddress, {kAddress, kTemp, scale, -step});
  if (address != 8) {  // it does not wrap around
    e_.mov(kTemp, kAddress);
    e_.shift_imm(5, kTemp, address * 8, 8);
    fail.push_back(e_.jcc(kNotEqual));
  }
  look_up_plain(segment, size, write, fail);
  if (size != 1) {  // one that lies in both pages has its pages looked at in another way
    e_.mov(kTemp, kAddress);
    e_.op({0x33, 0, 8}, kTemp, core(&place));
    e_.op({0xf7, 0, 8}, 0, std::uint8_t{kTemp});
    e_.dword(static_cast<std::uint32_t>(~kPageMask));
    const std::size_t in_one_page = e_.jcc(kEqual);
    e_.op({0xf7, 0, 4}, 0, core(&place));
    e_.dword(size - 1);
    fail.push_back(e_.jcc(kNotEqual));
    e_.bind(in_one_page);
  }
  e_.load(kTemp, count);
  e_.op({0x2b, 0, 8}, kAddress, core(&place));
  e_.lea(kTemp, {kNoHost, kTemp, scale, -step});
  e_.op({0x3b, 0, 8}, kAddress, std::uint8_t{kTemp});
  fail.push_back(e_.jcc(kNotEqual));
}

// REP MOVS and STOS upwards within a page or two: the host does the same, element by element. Each
// counts as one instruction.
void Translator::repeat(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned op = item.zi.opcode;
  const bool moves = op < 0xaa;
  const unsigned size = (op & 1) == 0 ? 1 : item.zi.operand_width / 8U;
  const unsigned address = item.insn->address_size == 0 ? 2 : item.insn->address_size == 1 ? 4 : 8;
  Area& area = c_.jit_area;
  std::vector<std::size_t> fail;
  registers_written((moves ? 1U << kHostRsi : 0) | 1U << kHostRdi | 1U << kHostRcx,
                    item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  e_.op({0xf7, 0, 4}, 0, core(&c_.s.rflags));
  e_.dword(flag::kDf);
  fail.push_back(e_.jcc(kNotEqual));
  load_zero_extended(kTemp, std::uint8_t{kHostRcx}, address);
  e_.op({0x85, 0, 8}, kTemp, std::uint8_t{kTemp});
  const std::size_t nothing = e_.jcc(kEqual);
  e_.alu_imm(7, std::uint8_t{kTemp}, static_cast<std::int32_t>(kPageSize / size), 8);
  fail.push_back(e_.jcc(kAbove));
  e_.lea(kValue, {kTemp, kNoHost, 0, -1});
  e_.op({0x3b, 0, 8}, kBudget, std::uint8_t{kValue});
  fail.push_back(e_.jcc(kBelow));
  e_.store(core(&area.scratch), kTemp);
  if (moves)
    string_ends(kHostRsi, address, item.insn->segment, size, false, area.string_source, fail);
  string_ends(kHostRdi, address, kEs, size, true, area.string_target, fail);
  e_.load(kTemp, core(&area.scratch));
  e_.op({0x2b, 0, 8}, kBudget, std::uint8_t{kTemp});
  e_.alu_imm(0, std::uint8_t{kBudget}, 1, 8);
  if (address == 2) e_.store(core(&area.string_counter), kHostRcx);
  e_.mov(kAddress, kHostRsi);
  e_.mov(kValue, kHostRdi);
  if (moves) e_.load(kHostRsi, core(&area.string_source));
  e_.load(kHostRdi, core(&area.string_target));
  e_.mov(kHostRcx, kTemp);
  if (size == 2) e_.byte(0x66);
  e_.byte(0xf3);
  if (size == 8) e_.byte(0x48);
  e_.byte(op);
  if (size != 1) e_.shift_imm(4, kTemp, static_cast<unsigned>(std::countr_zero(size)), 4);
  const auto advance = [&](std::uint8_t pointer, std::uint8_t from) {
    if (address != 2) return e_.lea(pointer, {from, kTemp, 0, 0}, address);
    e_.mov(pointer, from);
    e_.op({0x03, 0, 2}, pointer, std::uint8_t{kTemp});
  };
  if (moves) advance(kHostRsi, kAddress);
  advance(kHostRdi, kValue);
  if (address == 2) {
    e_.load(kHostRcx, core(&area.string_counter));
    e_.op({0xc7, 0, 2}, 0, std::uint8_t{kHostRcx});
    e_.byte(0), e_.byte(0);
  }
  e_.bind(nothing);
  cold(index, std::move(fail), before, true);
}

// Not while the host's units are the guest's: devices may compute with them.
void Translator::port_in(std::uint32_t index) {
  const Item& item = items_[index];
  std::vector<std::size_t> fail;
  store_vectors();
  store_pointers();
  need_image();
  f_ = FlagState{};
  const FlagState before = f_;
  const Vectors vectors_before = vectors_;
  vectors_.loaded = 0;
  static_assert(offsetof(Area, x87_ready) == offsetof(Area, sse_ready) + 1);
  e_.op({0x81, 0, 2}, 7, core(&c_.jit_area.sse_ready));  // cmp word [...], 0
  e_.byte(0), e_.byte(0);
  fail.push_back(e_.jcc(kNotEqual));
  e_.mov_imm(kValue, reinterpret_cast<std::uintptr_t>(&t_));
  const unsigned size_bits = item.ops[0].size == 8 ? 0 : item.ops[0].size == 16 ? 1 : 2;
  e_.mov_imm(kTemp, index | size_bits << Jit::kPortSizeBit);
  e_.call_to(jit_.port_);
  cold(index, std::move(fail), before, true, vectors_before, pointers_);
}

void Translator::timestamp(std::uint32_t index) {
  const Item& item = items_[index];
  std::vector<std::size_t> fail;
  registers_written(1U << kHostRax | 1U << kHostRdx, item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  store_vectors();
  const Vectors vectors_before = vectors_;
  vectors_.loaded = 0;
  e_.op({0xf7, 0, 4}, 0, core(&c_.s.cr4));
  e_.dword(cr4::kTsd);
  fail.push_back(e_.jcc(kNotEqual));
  e_.mov_imm(kTemp, t_.count - index);
  e_.call_to(jit_.timestamp_);
  cold(index, std::move(fail), before, true, vectors_before, pointers_);
}

// The immediate operand from where a store to it leaves it.
void Translator::load_soft(Emitter& e, const Item& item, std::uint8_t to) const {
  e.mov_imm(to, reinterpret_cast<std::uintptr_t>(&item.insn->imm));
  e.load(to, {to, kNoHost, 0, 0});
}

void Translator::mov_immediate(const Item& item) {
  registers_written(hosts_written(item), item.live_after);
  bool byte = false;
  bool high = false;
  const unsigned number = number_of(item.ops[0].reg.value, byte, high);
  const std::uint64_t value = item.ops[1].imm.value.u;
  const unsigned size = item.ops[0].size / 8;
  if (high) {
    e_.byte(0xb0 | number);
    e_.byte(static_cast<unsigned>(value & 0xff));
    return;
  }
  const std::uint8_t host = host_of(number);
  const std::uint8_t to = host != kNoHost ? host : std::uint8_t{kTemp};
  if (item.soft) {
    load_soft(e_, item, kValue);
    if (size == 1 && host != kNoHost) {
      e_.op({0x88, 0, 1}, kValue, host, true, true);
    } else if (host != kNoHost) {
      e_.mov(host, kValue, size);
    } else {
      if (size == 4) e_.mov(kValue, kValue, 4);
      e_.store(guest(number), kValue, size == 4 ? 8 : size);
    }
    return;
  }
  if (size >= 4) {
    e_.mov_imm(to, size == 4 ? value & 0xffffffff : value);
    if (host == kNoHost) e_.store(guest(number), to);
    return;
  }
  if (host == kNoHost) {
    e_.mov_imm(to, value & 0xffff);
    e_.store(guest(number), to, size);
    return;
  }
  e_.op({static_cast<std::uint8_t>(size == 1 ? 0xc6 : 0xc7), 0, static_cast<std::uint8_t>(size)}, 0,
        host, false, size == 1);
  e_.byte(static_cast<unsigned>(value & 0xff));
  if (size == 2) e_.byte(static_cast<unsigned>(value >> 8 & 0xff));
}

}  // namespace ice86::cpu::jit
