// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/difftest/generator.h"

namespace ice86::cpu::test {

namespace {

constexpr unsigned kEs = 0, kCs = 1, kSs = 2, kDs = 3, kFs = 4, kGs = 5;
constexpr unsigned kEcx = 1, kEsp = 4, kEsi = 6, kEdi = 7;
// No jump leads to less than this behind a snippet's beginning: it could loop.
constexpr std::int32_t kClear = kMostBytes + 16;
// C0, C2 and C3, which no rule of the manual gives after most instructions that do not compare.
constexpr std::uint16_t kX87Conditions = 0x4500, kX87C1 = 0x0200;
constexpr unsigned kMostPokes = sizeof(Snippet::pokes) / sizeof(Poke);

// Not the transcendental functions, whose last bits are the vendor's; not the environments and
// images with the place of the last instruction; not FNSTSW and what else shows undefined condition
// codes.
bool allowed_x87(std::uint8_t opcode, std::uint8_t modrm) {
  const unsigned reg = modrm >> 3 & 7;
  if (modrm < 0xc0) {
    if (opcode == 0xd9 && (reg == 4 || reg == 6)) return false;
    if (opcode == 0xdd && (reg == 4 || reg == 6 || reg == 7)) return false;
    return true;
  }
  if (opcode == 0xd9 && modrm >= 0xf0)
    return modrm == 0xf6 || modrm == 0xf7 || modrm == 0xfa || modrm == 0xfc || modrm == 0xf4;
  if (opcode == 0xdf && modrm == 0xe0) return false;
  return true;
}

// FST, FSTP, FIST, FISTP, FISTTP, FBSTP, to memory.
bool stores_x87(std::uint8_t opcode, std::uint8_t modrm) {
  const unsigned reg = modrm >> 3 & 7;
  switch (opcode) {
    case 0xd9: return reg == 2 || reg == 3;
    case 0xdb: return (reg >= 1 && reg <= 3) || reg == 7;
    case 0xdd: return reg >= 1 && reg <= 3;
    case 0xdf: return (reg >= 1 && reg <= 3) || reg >= 6;
    default: return false;
  }
}

// Comparisons set all of C0, C2 and C3 (SDM vol. 1 section 8.1.3.3); the ones into EFLAGS and the
// control instructions leave them alone.
bool sets_conditions(std::uint8_t opcode, std::uint8_t modrm) {
  const unsigned reg = modrm >> 3 & 7;
  const bool memory = modrm < 0xc0;
  switch (opcode) {
    case 0xd8:
    case 0xdc: return reg == 2 || reg == 3;                           // FCOM, FCOMP
    case 0xd9: return modrm == 0xe4 || modrm == 0xe5;                 // FTST, FXAM
    case 0xda: return memory ? reg == 2 || reg == 3 : modrm == 0xe9;  // FICOM; FUCOMPP
    case 0xdd: return !memory && (reg == 4 || reg == 5);              // FUCOM, FUCOMP
    case 0xde: return memory ? reg == 2 || reg == 3 : reg == 2 || modrm == 0xd9;
    default: return false;
  }
}

}  // namespace

Generator::Generator(std::string_view opcode, bool single, bool zen)
    : forms_(select_forms(opcode)), single_(single), zen_(zen) {
  ZydisDecoderInit(&decoders_[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
  ZydisDecoderInit(&decoders_[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
  ZydisDecoderInit(&decoders_[2], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

Snippet Generator::generate(std::uint64_t seed, std::uint64_t index, unsigned bits) {
  state_ = (seed * 0x9e3779b97f4a7c15ULL ^ (index + 1) * 0xd1342543de82ef95ULL ^ bits) | 1;
  for (int i = 0; i < 8; ++i) next_random(state_);
  bits_ = bits;
  snippet_ = {};
  snippet_.bits = static_cast<std::uint8_t>(bits);
  snippet_.place = static_cast<std::uint32_t>(index % kBatch);
  pokes_ = 0;
  initial_state();
  const unsigned wanted = single_ || one_in(2) ? 1 : 2 + below(3);
  bool last = false;
  for (unsigned i = 0; i < wanted && !last; ++i) {
    // Another form where this one would read flags that are undefined.
    for (unsigned tries = 0; tries < 8; ++tries) {
      const Snippet before = snippet_;
      const unsigned pokes_before = pokes_;
      first_ = i == 0;
      if (instruction(i == 0, last)) break;
      snippet_ = before;
      pokes_ = pokes_before;
      last = false;
    }
  }
  return snippet_;
}

// Mostly offsets within the data page, then the values where arithmetic turns over, then anything.
std::uint64_t Generator::register_value() {
  if (bits_ == 64) {
    switch (below(8)) {
      case 0: return next_random(state_);
      case 1: {
        static constexpr std::uint64_t kCorners64[] = {0,
                                                       1,
                                                       0x7f,
                                                       0x80,
                                                       0xff,
                                                       0x7fff,
                                                       0x8000,
                                                       0xffff,
                                                       0x7fffffff,
                                                       0x80000000,
                                                       0xffffffff,
                                                       0x100000000,
                                                       0x7fffffffffffffff,
                                                       0x8000000000000000,
                                                       ~0ULL,
                                                       ~1ULL,
                                                       0x0000800000000000,
                                                       0xffff800000000000};
        return kCorners64[below(sizeof kCorners64 / sizeof *kCorners64)];
      }
      case 2: return below(0x40);
      case 3: return static_cast<std::uint64_t>(static_cast<std::int32_t>(random()));
      default: return kDataLinear + below(0x700);
    }
  }
  static constexpr std::uint32_t kCorners[] = {
      0,       1,          0x7f,       0x80,       0xff,       0x7fff, 0x8000, 0xffff,
      0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0xfff,  0xffe};
  switch (below(8)) {
    case 0: return random();
    case 1: return kCorners[below(sizeof kCorners / sizeof *kCorners)];
    case 2: return random() & 0xffff0fff;
    default: return below(0x700);
  }
}

// Of the local table and beyond it, with any RPL, null ones, and the kernel's (ring 0).
std::uint16_t Generator::any_selector() {
  std::uint32_t selector = below(kLdtEntries - kCode32Entry + 2) + kCode32Entry;
  selector = selector * 8 + 4 + (one_in(6) ? below(4) : 3);
  switch (below(12)) {
    case 0: selector = below(4); break;
    case 1: selector = (one_in(2) ? 0x10 : 0x18) + below(4); break;
    case 2: selector = 0x80 + (random() & 0xff7f); break;
    case 3: selector = below(kCode32Entry) * 8 + 7; break;
    default: break;
  }
  // In the global table there is more than these on the host.
  if ((selector & 4) == 0 && selector < 0x80 && selector >= 4 && (selector & 0x7c) != 0x10 &&
      (selector & 0x7c) != 0x18) {
    selector |= 0x80;
  }
  return static_cast<std::uint16_t>(selector);
}

void Generator::initial_state() {
  snippet_.data_seed = next_random(state_);
  for (unsigned i = 0; i < (bits_ == 64 ? 16 : 8); ++i) snippet_.gpr[i] = register_value();
  snippet_.flags = 0x202 | (random() & (kStatus | (one_in(4) ? kDf : 0)));
  Selectors& selectors = snippet_.selectors;
  if (bits_ == 64) {  // FS and GS have a base instead
    selectors = {ldt_selector(kData32Entry), kUserCs64, kUserSs64,
                 ldt_selector(kData32Entry), 0,         0};
    if (!one_in(12)) snippet_.gpr[kEsp] = data_address();
    return;
  }
  const unsigned usual = bits_ == 32 ? kData32Entry : kData16Entry;
  static constexpr unsigned kOdd[] = {kData32Entry + 1, kData32Entry + 2, kData32Entry + 3,
                                      kData32Entry + 7, kData32Entry + 9, kCode32Entry};
  for (const unsigned i : {kEs, kDs, kFs, kGs}) {
    selectors[i] = ldt_selector(usual);
    if (one_in(i < kFs ? 16 : 3)) selectors[i] = ldt_selector(kOdd[below(6)]);
    if (one_in(i < kFs ? 100 : 8)) selectors[i] = 0;
  }
  unsigned stack = usual;
  switch (below(20)) {
    case 0:
      stack = kData32Entry + 2;
      snippet_.gpr[kEsp] = 0xf000 + below(0x1004);
      break;
    case 1:
      stack = kData32Entry + 3;
      snippet_.gpr[kEsp] = 0xfffff000 + below(0x1000);
      break;
    case 2:
    case 3:
    case 4: stack = kData16Entry + kData32Entry - usual; break;
    default: break;
  }
  selectors[kSs] = ldt_selector(stack);
  selectors[kCs] = ldt_selector(bits_ == 32 ? kCode32Entry : snippet_.at() / kCodeSegment16);
}

bool Generator::instruction(bool first, bool& last) {
  const FormOpcode chosen = forms_[below(static_cast<std::uint32_t>(forms_.size()))];
  const Form& form = *chosen.form;
  // What they get is known in the beginning only; a random one could be a segment of the host.
  if (!first && (form.extra & (kReturn | kPopSelector | kIndirect)) != 0) return false;
  if ((form.extra & (kSelector | kFarPointer)) != 0 && pokes_ + 2 > kMostPokes) return false;
  if ((form.extra & (bits_ == 64 ? kNot64 : kOnly64)) != 0) return false;
  if ((form.extra & kFx) != 0 && snippet_.fx_seed == 0) snippet_.fx_seed = next_random(state_) | 1;
  rip_relative_at_ = 0;
  undefined_ = form.undefined;
  snippet_.starts[snippet_.count] = snippet_.length;
  snippet_.undefined_before[snippet_.count] = snippet_.undefined;
  const std::uint8_t start = snippet_.length;
  prefixes(form);
  if (form.map > 0xff) emit(form.map >> 8);
  if (form.map != 0) emit(form.map & 0xff);
  emit(chosen.opcode);
  if (form.reg != -2) modrm(form);
  immediate(form);
  if (rip_relative_at_ != 0) {
    const std::uint64_t target = kDataLinear + below(kDataBytes + 4);
    const std::uint64_t displacement = target - (snippet_.rip() + snippet_.length);
    for (unsigned i = 0; i < 4; ++i)
      snippet_.bytes[rip_relative_at_ + i] = static_cast<std::uint8_t>(displacement >> (8 * i));
  }
  if ((form.extra & kX87) != 0) {
    const std::uint8_t modrm = snippet_.bytes[modrm_at_];
    if (!allowed_x87(chosen.opcode, modrm)) return false;
    if (!sets_conditions(chosen.opcode, modrm)) snippet_.undefined_fsw |= kX87Conditions;
    // FCOMI and its like: C1 is 0 on Intel's, and what it was on AMD's.
    if ((chosen.opcode & 0xfb) == 0xdb && modrm >= 0xe8 && modrm < 0xf8)
      snippet_.undefined_fsw |= kX87C1;
  }
  if (!shift_count(form, chosen.opcode)) return false;
  if (!zen_ && !same_on_all_vendors(form, chosen.opcode)) return false;
  if ((form.extra & kPopSelector) != 0 && first)
    poke(static_cast<std::uint32_t>(snippet_.gpr[kEsp]), 2, any_selector());
  if ((form.extra & kPushSelector) != 0 && operand_bytes() != 2) {
    // Intel's write 16 bits, AMD's all: zeros there before make it the same.
    if (!first) return false;
    const unsigned size = operand_bytes();
    const std::uint32_t top = (static_cast<std::uint32_t>(snippet_.gpr[kEsp]) - size) % kDataBytes;
    if (top + size > kDataBytes) return false;  // nor do both reach the limit
    poke(top + 2, size - 2, 0);
  }
  if ((form.extra & kReturn) != 0) {
    const std::uint32_t top = static_cast<std::uint32_t>(snippet_.gpr[kEsp]);
    const std::uint64_t target =
        (form.extra & kFar) != 0 ? far_target() : static_cast<std::uint64_t>(landing());
    const unsigned size = operand_bytes();
    poke(top, size, target);
    if ((form.extra & kFar) != 0) poke(top + size, 2, target >> 32);
    // IRETD's RF: clear. It is for debug exceptions, which the host's kernel takes.
    if (chosen.opcode == 0xcf) poke(top + 2 * size, size, random() & ~0x10000U);
  }

  // Flags that earlier instructions left undefined must not have any effect.
  ZydisDecodedInstruction decoded;
  const bool valid = ZYAN_SUCCESS(
      ZydisDecoderDecodeInstruction(&decoders_[bits_ / 32], nullptr, snippet_.bytes + start,
                                    static_cast<ZyanUSize>(snippet_.length - start), &decoded));
  if (valid && decoded.cpu_flags != nullptr) {
    if ((decoded.cpu_flags->tested & snippet_.undefined) != 0) return false;
    const bool conditional = (form.extra & (kShift | kDoubleShift)) != 0 ||
                             ((form.extra & kString) != 0 && repeat_ != 0);
    if (!conditional) {
      snippet_.undefined &=
          ~(decoded.cpu_flags->modified | decoded.cpu_flags->set_0 | decoded.cpu_flags->set_1);
    }
  }
  snippet_.undefined |= undefined_;
  ++snippet_.count;
  snippet_.partial = snippet_.partial || (form.extra & kPartial) != 0;
  constexpr unsigned kFarReturn = kFar | kReturn;
  snippet_.any_operand = snippet_.any_operand || (form.extra & kNoStackSegment) != 0;
  snippet_.either_fault = snippet_.either_fault || (form.extra & kFarReturn) == kFarReturn;
  // A misaligned operand beyond the stack segment's limit: #GP for the one, #SS for the other.
  snippet_.any_order = snippet_.any_order || (form.extra & kFx) != 0;
  last = (form.extra & kLast) != 0;
  return true;
}

void Generator::prefixes(const Form& form) {
  default_64_ = (form.extra & kDefault64) != 0;
  rex_ = 0;
  wide_ = false;
  opsize_ = (form.extra & kNoOpsize) != 0 ? bits_ == 16 : below(10) < 3;
  if (bits_ == 64 && (form.extra & kNoOpsize64) != 0) opsize_ = false;
  adsize_ = below(10) < (bits_ == 64 ? 1 : 2);
  const bool mandatory = (form.extra & kMandatory) != 0;
  if (mandatory) opsize_ = form.map > 0xff ? !one_in(8) : one_in(2);
  if (one_in(10)) {
    static constexpr std::uint8_t kSegments[] = {0x26, 0x2e, 0x3e, 0x64, 0x65, 0x36};
    const std::uint8_t segment = kSegments[below((form.extra & kNoStackSegment) != 0 ? 5 : 6)];
    // AMD Zen finds an offset that is not canonical, too, where the sum with the base is.
    if (bits_ == 64 && (segment & 0xfe) == 0x64) snippet_.any_operand = true;
    emit(segment);
  }
  if (opsize_) emit(0x66);
  if (adsize_) emit(0x67);
  repeat_ = 0;
  if ((form.extra & kString) != 0) {
    if (one_in(2)) repeat_ = 0xf2 + below(2);
  } else if ((form.extra & kRepeat) != 0) {
    repeat_ = 0xf3;
  } else if (mandatory) {
    if (one_in(opsize_ ? 20 : 2)) repeat_ = 0xf2 + below(2);
  } else if (form.map == 0 && (form.extra & kNoRepeat) == 0 && one_in(40)) {
    repeat_ = 0xf2 + below(2);
  }
  if (repeat_ != 0) emit(repeat_);
  if (one_in((form.extra & kLockable) != 0 ? 8 : 100) && (form.extra & kNoLock) == 0) emit(0xf0);
  if (bits_ == 64 && !one_in(3)) {
    rex_ = static_cast<std::uint8_t>(0x40 | below(16));
    wide_ = (rex_ & 8) != 0;
    emit(rex_);
  }
}

void Generator::modrm(const Form& form) {
  modrm_at_ = snippet_.length;
  const std::uint32_t reg = form.reg >= 0 ? static_cast<std::uint32_t>(form.reg) : below(8);
  constexpr unsigned kChosen = kSelector | kFarPointer | kIndirect;
  std::uint32_t mod = below(5);
  if (mod == 4) mod = 3;
  if ((form.extra & kFx) != 0 && one_in(3)) mod = 3;
  if ((form.extra & kMemoryOnly) != 0 && !one_in(16)) mod = below(3);
  if ((form.extra & kMemoryAlways) != 0) mod = below(3);
  if ((form.extra & kRegisterOnly) != 0) mod = 3;
  if ((form.extra & kChosen) != 0 && !first_) mod = 0;
  const std::uint32_t rm = below(8);
  // C4, C5 and 62 with a register would be VEX and EVEX, and LEA's has no meaning: #UD on all but
  // VEX.
  if (form.map == 0 && (form.opcode == 0x62 || form.opcode == 0xc4) && mod == 3) mod = 0;
  // 0F C7 /1 and 0F 01 with a register are others' instructions.
  if (form.map != 0 && (form.opcode == 0xc7 || (form.opcode == 0x01 && form.reg != 6)) && mod == 3)
    mod = 1;
  const std::uint32_t long_rm = rm | ((rex_ & 1) != 0 ? 8 : 0);
  if (mod == 3) {
    emit(mod << 6 | reg << 3 | rm);
    if (!first_) return;
    if ((form.extra & kSelector) != 0)
      snippet_.gpr[rm] = (snippet_.gpr[rm] & 0xffff0000) | any_selector();
    if ((form.extra & kIndirect) != 0)
      snippet_.gpr[long_rm] = static_cast<std::uint64_t>(landing());
    return;
  }
  if ((form.extra & kChosen) != 0) {
    const std::uint32_t offset = below(0xf00);
    absolute_address(reg, offset);
    const unsigned size = operand_bytes();
    if ((form.extra & kSelector) != 0) poke(offset, 2, any_selector());
    if ((form.extra & kFarPointer) != 0) {
      poke(offset, size, random());
      poke(offset + size, 2, any_selector());
    }
    if ((form.extra & kIndirect) != 0) {
      const std::uint64_t target =
          (form.extra & kFar) != 0 ? far_target() : static_cast<std::uint64_t>(landing());
      poke(offset, size, target);
      if ((form.extra & kFar) != 0) poke(offset + size, 2, target >> 32);
    }
    return;
  }
  const bool aligned = (form.extra & kFx) != 0 && !one_in(6);
  if (bits_ == 64) return memory_64(reg, aligned);
  if (aligned) return absolute_address(reg, below(0x100) * 16);
  emit(mod << 6 | reg << 3 | rm);
  bool has_offset = false;
  if (address_bits() == 32) {
    if (rm == 4) {
      const std::uint32_t sib = random() & 0xff;
      emit(sib);
      has_offset = mod == 0 && (sib & 7) == 5;
    } else {
      has_offset = mod == 0 && rm == 5;
    }
  } else {
    has_offset = mod == 0 && rm == 6;
  }
  if (mod == 1) return emit(random() & 0xff);
  if (mod == 2 || has_offset)
    emit(one_in(8) ? random() : below(kDataBytes + 4), address_bits() == 32 ? 4 : 2);
}

// [offset] of the data page.
void Generator::absolute_address(std::uint32_t reg, std::uint32_t offset) {
  if (bits_ == 64) {
    emit(reg << 3 | 4);
    emit(0x25);
    return emit(kDataLinear + offset, 4);
  }
  emit(reg << 3 | (address_bits() == 32 ? 5 : 6));
  emit(offset, address_bits() == 32 ? 4 : 2);
}

// Random addresses of 64 bits are mostly mapped nowhere: the kinds are chosen, and the base
// register made to fit where it still has its first value.
void Generator::memory_64(std::uint32_t reg, bool aligned) {
  switch (below(5)) {
    case 0: return absolute_address(reg, aligned ? below(0x100) * 16 : below(kDataBytes + 4));
    case 1:
      emit(reg << 3 | 5);
      rip_relative_at_ = snippet_.length;
      return emit(0, 4);
    default: break;
  }
  const std::uint32_t mod = below(3), rm = below(8);
  emit(mod << 6 | reg << 3 | rm);
  std::uint32_t base = rm | ((rex_ & 1) != 0 ? 8 : 0);
  bool has_offset = mod == 0 && rm == 5;
  if (rm == 4) {
    const std::uint32_t sib = one_in(3) ? random() & 0xff : (random() & 7) | 0x20;
    emit(sib);
    base = (sib & 7) | ((rex_ & 1) != 0 ? 8 : 0);
    has_offset = mod == 0 && (sib & 7) == 5;
    const std::uint32_t index = (sib >> 3 & 7) | ((rex_ & 2) != 0 ? 8 : 0);
    if (first_ && index != 4 && !one_in(4)) snippet_.gpr[index] = below(0x80);
  }
  if (first_ && !one_in(8))
    snippet_.gpr[base] = aligned ? kDataLinear + below(0x60) * 16 : data_address();
  if (mod == 1) return emit(aligned ? random() & 0xf0 : random() & 0xff);
  if (mod == 2 || has_offset) {
    const std::uint32_t distance = aligned ? below(0x80) * 16 : below(0x800);
    emit(has_offset ? static_cast<std::uint32_t>(kDataLinear) + distance : distance, 4);
  }
}

void Generator::immediate(const Form& form) {
  switch (form.imm) {
    case kNone: break;
    case kImm8: emit(random() & 0xff); break;
    case kImm16: emit(one_in(4) ? random() : below(0x400), 2); break;
    case kImmZ: emit(register_value(), immediate_bytes()); break;
    case kImmFull: emit(register_value(), operand_bytes()); break;
    case kRel8: emit(beside(1), 1); break;
    case kRelZ:
      if (one_in(8) && immediate_bytes() == 4)
        return emit((random() & 0x3fffffff) | 0x40000000, 4);  // beyond the limit, or not mapped
      emit(beside(immediate_bytes()), immediate_bytes());
      break;
    case kOffset:
      emit((bits_ == 64 ? kDataLinear : 0) + (one_in(8) ? random() : below(kDataBytes + 4)),
           address_bits() / 8);
      break;
    case kPointer: {
      const std::uint64_t target = far_target();
      emit(target, operand_bytes());
      emit(target >> 32, 2);
      break;
    }
    case kEnter:
      emit(below(0x800), 2);
      emit(one_in(4) ? random() & 0xff : below(4));
      break;
    case kAnyInt: {
      const std::uint32_t vector = random() & 0xff;
      emit(vector == 0x80 ? 0x81 : vector);
      break;
    }
  }
}

// The displacement of a jump within the snippet's own stretch of INT3.
std::uint32_t Generator::beside(unsigned bytes) {
  std::int32_t displacement =
      bytes == 1 ? static_cast<std::int8_t>(random()) : static_cast<std::int32_t>(below(360)) - 160;
  const std::int32_t next = snippet_.length + static_cast<std::int32_t>(bytes);
  if (next + displacement >= 0 && next + displacement < kClear)
    displacement = -next - 1 - static_cast<std::int32_t>(below(50));
  return static_cast<std::uint32_t>(displacement);
}

// An offset in the own code segment, within the stretch of INT3; sometimes beyond the limit.
std::int64_t Generator::landing() {
  if (one_in(16) && operand_bytes() != 2) return (random() & 0x3fffffff) | 0x40000000;
  const std::int64_t start = static_cast<std::int64_t>(snippet_.rip());
  return one_in(2) ? start - 1 - below(200) : start + kClear + below(100);
}

// Selector << 32 | offset.
std::uint64_t Generator::far_target() {
  const std::uint32_t at = snippet_.at() - 1 - below(200);
  switch (below(6)) {
    case 0:
    case 1: return std::uint64_t{ldt_selector(at / kCodeSegment16)} << 32 | at % kCodeSegment16;
    case 2:
    case 3: return std::uint64_t{ldt_selector(kCode32Entry)} << 32 | at;
    case 4: return std::uint64_t{ldt_selector(kData32Entry + 4)} << 32 | at;
    default: break;
  }
  // Other code segments would be executed where other snippets are.
  std::uint64_t selector = any_selector();
  if ((selector & 4) != 0 && (selector >> 3) < kCode32Entry) selector |= 0xf800;
  return selector << 32 | at;
}

void Generator::poke(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  if (pokes_ == kMostPokes) return;
  snippet_.pokes[pokes_++] = {static_cast<std::uint16_t>(offset % kDataBytes),
                              static_cast<std::uint8_t>(bytes), value};
}

// Which flags a shift leaves undefined depends on its count. False: the result would be undefined.
bool Generator::shift_count(const Form& form, std::uint8_t opcode) {
  if ((form.extra & (kShift | kDoubleShift)) == 0) return true;
  const bool immediate_count = form.imm == kImm8;
  const bool is_byte = (form.extra & kShift) != 0 && (opcode & 1) == 0;
  const unsigned size = is_byte ? 8 : operand_bytes() * 8;
  const bool drops = (form.extra & kShift) != 0 && form.reg >= 4 && form.reg <= 6;
  if (!immediate_count && !first_) {  // what is in CL then?
    if ((form.extra & kDoubleShift) != 0 && size == 16 && !zen_) return false;
    undefined_ |= kOf | (drops && size < 32 ? kCf : 0);
    return true;
  }
  std::uint32_t count =
      static_cast<std::uint32_t>(immediate_count ? snippet_.bytes[snippet_.length - 1]
                                                 : snippet_.gpr[kEcx]) &
      (size == 64 ? 63 : 31);
  if ((form.extra & kDoubleShift) != 0 && count > size && !zen_) {
    count &= 15;
    if (immediate_count) {
      snippet_.bytes[snippet_.length - 1] = static_cast<std::uint8_t>(count);
    } else {
      snippet_.gpr[kEcx] = (snippet_.gpr[kEcx] & ~31ULL) | count;
    }
  }
  if (count == 0) undefined_ = 0;
  if (count > 1) undefined_ |= kOf;
  if (drops && count >= size) undefined_ |= kCf;
  return true;
}

// Makes it so that Intel's and AMD's do the same, or notes what they do not; false: not this one.
bool Generator::same_on_all_vendors(const Form& form, std::uint8_t opcode) {
  std::uint8_t& open = snippet_.open[snippet_.count];
  open = 0;
  const bool repeated = (form.extra & kString) != 0 && repeat_ != 0;
  if (repeated && (form.extra & kComparison) != 0)
    snippet_.undefined_before[snippet_.count] |= kStatus;
  // PAUSE on Intel's, XCHG with R8 on AMD's.
  if (form.map == 0 && opcode == 0x90 && (rex_ & 1) != 0 && repeat_ == 0xf3) return false;
  if (repeated && bits_ == 64 && adsize_) {
    // Intel's clear the upper halves of RCX, RSI and RDI even when not one element is done.
    if (!first_) return false;
    for (const unsigned i : {kEcx, kEsi, kEdi}) snippet_.gpr[i] &= 0xffffffff;
  }
  if ((form.extra & kPopSelector) != 0 && operand_bytes() != 2) {
    // Intel's read 16 bits, AMD's the whole slot.
    const auto top = static_cast<std::uint32_t>(snippet_.gpr[kEsp]) % kDataBytes;
    if (top + operand_bytes() > kDataBytes) return false;
  }
  if ((form.extra & kNearCall) != 0) open = kOpenMemory;
  if (form.reg == -2 || snippet_.bytes[modrm_at_] >= 0xc0) return true;
  if ((form.extra & kX87) != 0 && stores_x87(opcode, snippet_.bytes[modrm_at_]))
    open = kOpenNumeric;
  if (form.map == 0 && opcode == 0x62) open = kOpenBoundRange;
  if (form.map == 0x0f && (opcode == 0x7e || opcode == 0x7f || opcode == 0xe7)) open = kOpenX87;
  return true;
}

}  // namespace ice86::cpu::test
