// SPDX-License-Identifier: LGPL-2.1-or-later
// Instructions after which the host leaves undefined flags otherwise than the interpreter, and
// something looks at them: what is ours is made explicitly.
// Reference: docs/cpu-undefined-flags.md.
#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

namespace {

constexpr std::uint32_t kAux = flag::kAf;
constexpr std::uint32_t kOverflowFlag = flag::kOf;
constexpr std::uint32_t kZero = flag::kZf;

bool is_rotate(ZydisMnemonic mnemonic) {
  return mnemonic == ZYDIS_MNEMONIC_ROL || mnemonic == ZYDIS_MNEMONIC_ROR ||
         mnemonic == ZYDIS_MNEMONIC_RCL || mnemonic == ZYDIS_MNEMONIC_RCR;
}

bool is_double_shift(ZydisMnemonic mnemonic) {
  return mnemonic == ZYDIS_MNEMONIC_SHLD || mnemonic == ZYDIS_MNEMONIC_SHRD;
}

bool by_cl(const ZydisDecodedInstruction& zi) {
  return zi.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT ? zi.opcode == 0xd2 || zi.opcode == 0xd3
                                                   : zi.opcode == 0xa5 || zi.opcode == 0xad;
}

// Of a shift that is not by CL.
unsigned count_of(const Item& item) {
  if (item.zi.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && item.zi.opcode >= 0xd0) return 1;
  return static_cast<unsigned>(item.zi.raw.imm[0].value.u & (item.ops[0].size == 64 ? 63 : 31));
}

bool is_rcx(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
         (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand.reg.value) ==
          ZYDIS_REGISTER_RCX);
}

}  // namespace

// False: there is no other way than the handler.
bool Translator::note_differences(Item& item) const {
  const ZydisDecodedInstruction& zi = item.zi;
  switch (zi.mnemonic) {
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_TEST: return host_.logic;
    case ZYDIS_MNEMONIC_SBB:  // all are defined, whatever Zydis says
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV: return true;  // never taken from the host
    case ZYDIS_MNEMONIC_MUL:
    case ZYDIS_MNEMONIC_IMUL:
      if (!host_.multiply) item.differs = kAllFlags & ~(kCarry | kOverflowFlag);
      return true;
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTS:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTC: return host_.bit_test;
    case ZYDIS_MNEMONIC_BSF:
    case ZYDIS_MNEMONIC_BSR:
      if (!host_.bit_scan) item.differs = kAllFlags & ~kZero;
      return true;
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR:
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR:
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD: break;
    default:
      return host_.all() || zi.cpu_flags == nullptr || (zi.cpu_flags->undefined & kAllFlags) == 0;
  }
  if (item.touch == 0) return true;
  const bool count_known = !by_cl(zi);
  const unsigned bits = item.ops[0].size;
  if (!host_.last_step && !(count_known && count_of(item) == 1)) {
    item.differs = kOverflowFlag;
    // CF, too, is undefined for counts beyond the operand's size.
    if (bits < 32 && (!count_known || count_of(item) >= bits)) item.differs |= kCarry;
  }
  if (!is_rotate(zi.mnemonic)) {
    if (host_.shift_clears_aux) item.differs |= kAux;
    if (!host_.shift_clears_aux && !host_.shift_sets_aux) return false;
  }
  if (item.differs == 0 || (count_known && !is_double_shift(zi.mnemonic))) return true;
  if (!count_known) return !is_double_shift(zi.mnemonic) && !is_rcx(item.ops[0]);
  return host_of_operand(item.ops[0]) != kNoHost && host_of_operand(item.ops[1]) != kNoHost;
}

// The host register that a word operand has all the time, if any.
std::uint8_t Translator::host_of_operand(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return kNoHost;
  return host_of(static_cast<unsigned>(ZydisRegisterGetId(operand.reg.value)));
}

// The image from the host's flags, with AF as shifts leave it.
void Translator::save_shifted(bool sets_aux) {
  e_.mov(kValue, kHostRax);
  e_.byte(0x9f);                                   // lahf
  e_.op({0x90, 1, 1}, 0, std::uint8_t{kHostRax});  // seto al
  // AF is clear: adding its bit changes no other, and no flags.
  if (sets_aux) e_.lea(kHostRax, {kHostRax, kNoHost, 0, static_cast<std::int32_t>(kAux) << 8}, 4);
  e_.store(core(&c_.jit_area.flags), kHostRax, 2);
  e_.mov(kHostRax, kValue);
  f_.image = f_.carry_image = true;
}

// These of the image from the host's flags; the others stay. The host's are lost.
void Translator::merge_image(std::uint32_t fresh) {
  const std::uint32_t bits = (fresh & 0xd5) << 8 | ((fresh & kOverflowFlag) != 0 ? 1U : 0U);
  const Mem image = core(&c_.jit_area.flags);
  e_.mov(kValue, kHostRax);
  e_.byte(0x9f);                                   // lahf
  e_.op({0x90, 1, 1}, 0, std::uint8_t{kHostRax});  // seto al
  e_.op({0xb7, 1, 4}, kTemp, image);
  e_.alu_imm(4, std::uint8_t{kHostRax}, static_cast<std::int32_t>(bits), 4);
  e_.alu_imm(4, kTemp, static_cast<std::int32_t>(0xffff & ~bits), 4);
  e_.op({0x0b, 0, 4}, kHostRax, std::uint8_t{kTemp});
  e_.store(image, kHostRax, 2);
  e_.mov(kHostRax, kValue);
  f_.image = f_.carry_image = true;
  f_.host = 0;
}

// `wrong`: of those that the host leaves otherwise, the ones that something looks at. An operand in
// memory has been looked up.
void Translator::as_interpreted(const Item& item, const RegisterOrMem* memory,
                                std::uint32_t wrong) {
  const ZydisMnemonic mnemonic = item.zi.mnemonic;
  const bool shift = mnemonic != ZYDIS_MNEMONIC_MUL && mnemonic != ZYDIS_MNEMONIC_IMUL &&
                     mnemonic != ZYDIS_MNEMONIC_BSF && mnemonic != ZYDIS_MNEMONIC_BSR;
  const bool rotate = is_rotate(mnemonic);
  const std::uint32_t written = hosts_written(item);
  if (!shift || by_cl(item.zi)) {
    need_image();
    f_ = FlagState{};
    if (shift) {
      shift_by_count(item, memory);
    } else {
      generic_op(item, memory);
      if ((item.live_after & item.kill) != 0) merge_image(item.kill);
    }
    return;
  }
  if (rotate) {  // SF, ZF, AF and PF go through it, and RCL and RCR read CF
    registers_written(written, kAllFlags);
    need_flags(item.reads | (item.live_after & ~item.kill));
  } else {
    registers_written(written, 0);
  }
  if (is_double_shift(mnemonic)) {
    double_shift(item);
  } else if ((wrong & (kCarry | kOverflowFlag)) != 0 && count_of(item) > 1) {
    generic_op(item, memory, Steps::kAllButLast);
    generic_op(item, memory, Steps::kLast);
  } else {
    generic_op(item, memory);
  }
  const std::uint32_t host = rotate ? f_.host | item.kill : item.kill;
  f_ = FlagState{};
  f_.image = f_.carry_image = false;
  f_.host = host;
  if ((wrong & kAux) == 0) return;
  save_shifted(true);
  f_.host &= ~kAux;
}

// By CL, which may be 0: then the flags in the image stay.
void Translator::shift_by_count(const Item& item, const RegisterOrMem* memory) {
  const unsigned size = item.ops[0].size / 8U;
  if (memory == nullptr && size == 4) {  // the upper half is cleared in any case
    const std::uint8_t host = host_of_operand(item.ops[0]);
    const auto number = static_cast<unsigned>(ZydisRegisterGetId(item.ops[0].reg.value));
    if (host == kNoHost) e_.load(kTemp, guest(number), 4);
    if (host == kNoHost) e_.store(guest(number), kTemp);
    if (host != kNoHost) e_.mov(host, host, 4);
  }
  e_.op({0xf6, 0, 1}, 0, std::uint8_t{kHostRcx});  // test cl, ...
  e_.byte(size == 8 ? 63 : 31);
  const std::size_t none = e_.jcc(kEqual);
  const bool rotate = is_rotate(item.zi.mnemonic);
  if (rotate) load_flags();
  const auto move_count = [this](std::int32_t by) { e_.lea(kHostRcx, {kHostRcx, kNoHost, 0, by}); };
  move_count(-1);
  generic_op(item, memory, Steps::kAllButLast);
  move_count(1);
  generic_op(item, memory, Steps::kLast);
  save_shifted(!rotate && (item.differs & kAux) != 0);
  e_.bind(none);
  f_ = FlagState{};
}

// The last step takes its bit from what the others have left of the source.
void Translator::double_shift(const Item& item) {
  const std::uint8_t to = host_of_operand(item.ops[0]);
  const std::uint8_t from = host_of_operand(item.ops[1]);
  const auto size = static_cast<std::uint8_t>(item.ops[0].size / 8U);
  const unsigned count = count_of(item);
  const bool left = item.zi.mnemonic == ZYDIS_MNEMONIC_SHLD;
  const auto shift = [&](std::uint8_t source, unsigned n) {
    e_.op({item.zi.opcode, 1, size}, source, to);
    e_.byte(n);
  };
  if (count == 1) return shift(from, 1);
  e_.mov(kTemp, from, size);
  e_.shift_imm(left ? 4 : 5, kTemp, count - 1, size);
  shift(from, count - 1);
  shift(kTemp, 1);
}

}  // namespace ice86::cpu::jit
