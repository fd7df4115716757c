// SPDX-License-Identifier: LGPL-2.1-or-later
// The x87: the guest's instruction on the host's, which has the guest's whole x87 state.
//
// The first such instruction is done by its handler; after that Jit::call_handler() loads the state
// (Area::x87_ready), and it goes back when translated code is left or another handler is called.
// This is for all exceptions masked; with any unmasked the handlers do it. The pointers that FSTENV
// stores are not the host's: they are written when a stretch of instructions ends.
// Reference: Intel SDM vol. 1 chapter 8, vol. 2 appendix A.
#include "cpu/core.h"
#include "cpu/jit/translator.h"
#include "cpu/x87.h"

namespace ice86::cpu::jit {

namespace {

bool memory_form(unsigned escape, unsigned digit) {
  switch (escape) {
    case 1: return digit == 0 || digit == 2 || digit == 3 || digit == 5 || digit == 7;
    case 3: return digit == 0 || digit == 2 || digit == 3 || digit == 5 || digit == 7;
    case 5: return digit == 0 || digit == 2 || digit == 3 || digit == 7;
    case 7: return digit == 0 || digit == 2 || digit == 3 || digit == 5 || digit == 7;
    default: return true;
  }
}

// Without those that have another, documented encoding.
bool register_form(unsigned escape, unsigned modrm) {
  const unsigned digit = modrm >> 3 & 7;
  switch (escape) {
    case 0: return true;
    case 1: return digit <= 1 || modrm == 0xd0 || modrm >= 0xe0;
    case 2: return digit <= 3 || modrm == 0xe9;
    case 3: return digit <= 3 || digit == 5 || digit == 6;
    case 4: return digit <= 1 || digit >= 4;
    case 5: return digit == 0 || (digit >= 2 && digit <= 5);
    case 6: return digit <= 1 || modrm == 0xd9 || digit >= 4;
    default: return modrm == 0xe0 || digit == 5 || digit == 6;
  }
}

// FNSTSW, FNSTCW and FLDCW do not become "the last instruction".
bool is_control(unsigned escape, unsigned modrm) {
  const unsigned digit = modrm >> 3 & 7;
  if (modrm >= 0xc0) return escape == 7 && modrm == 0xe0;
  return (escape == 1 && (digit == 5 || digit == 7)) || (escape == 5 && digit == 7);
}

}  // namespace

bool Translator::is_x87(const Item& item) const {
  const ZydisDecodedInstruction& zi = item.zi;
  if (zi.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT || zi.opcode < 0xd8 || zi.opcode > 0xdf)
    return false;
  if (!c_.has(Feature::kFpu)) return false;
  const unsigned escape = zi.opcode - 0xd8U;
  return zi.raw.modrm.mod == 3
             ? register_form(escape, 0xc0U | zi.raw.modrm.reg << 3 | zi.raw.modrm.rm)
             : memory_form(escape, zi.raw.modrm.reg);
}

// Loading and storing the host's x87 costs as much as some ten handlers: it must be worth it.
void Translator::prefer_handlers() {
  unsigned native = 0;
  unsigned handlers = 0;
  for (const Item& item : items_) {
    if (item.group == Group::kX87) ++native;
    if (item.group == Group::kHandler) ++handlers;
  }
  if (jit_.hot_ == 1 || native == 0 || (native > 1 && native > 8 * handlers)) return;
  for (Item& item : items_) {
    if (item.group != Group::kX87) continue;
    item.group = Group::kHandler;
    item.memory = -1;
    item.reads = item.touch = kAllFlags;
    item.kill = 0;
  }
}

// The pointers, as of the last instruction that changes them. Changes no flags; uses kTemp.
void Translator::store_pointers() {
  if (pointers_.instruction < 0) return;
  const Item& last = items_[static_cast<unsigned>(pointers_.instruction)];
  const auto selector = [&](unsigned segment, const std::uint16_t* to) {
    e_.op({0xb7, 1, 4}, kTemp, core(&c_.s.segment[segment].selector));
    e_.store(core(to), kTemp, 2);
  };
  std::uint64_t rip = t_.rip + last.at;
  if (ctx_.mode != 2) rip &= 0xffffffff;
  e_.mov_imm(kTemp, rip);
  e_.store(core(&c_.s.fip), kTemp);
  e_.mov_imm(kTemp, last.insn->imm & 0x7ff);
  e_.store(core(&c_.s.fop), kTemp, 2);
  selector(kCs, &c_.s.fcs);
  if (pointers_.segment >= 0) selector(static_cast<unsigned>(pointers_.segment), &c_.s.fds);
  pointers_ = Pointers{};
}

// FCOMI and FUCOMI clear C1 (SDM); processors leave it. There and back changes nothing else.
void Translator::clear_c1() {
  e_.byte(0xd9), e_.byte(0xf7);  // fincstp
  e_.byte(0xd9), e_.byte(0xf6);  // fdecstp
}

void Translator::x87(std::uint32_t index) {
  const Item& item = items_[index];
  const ZydisDecodedInstruction& zi = item.zi;
  const unsigned escape = zi.opcode - 0xd8U;
  const unsigned modrm =
      static_cast<unsigned>(zi.raw.modrm.mod) << 6 | zi.raw.modrm.reg << 3 | zi.raw.modrm.rm;
  const bool control = is_control(escape, modrm);
  const bool to_ax = modrm == 0xe0 && escape == 7;
  std::vector<std::size_t> fail;
  const bool may_fail = item.checks || item.memory >= 0;
  const std::uint32_t written = to_ax ? 1u << kHostRax : 0;
  if (may_fail) clobber_flags(item.live_before);
  if (written != 0) registers_written(written, item.live_after);
  if (may_fail) clobber_flags(item.live_before);
  const FlagState before = f_;
  const Vectors vectors_before = vectors_;
  const Pointers pointers_before = pointers_;
  vectors_.x87_ready = true;
  if (item.checks) {
    e_.op({0x80, 0, 1}, 7, core(&c_.jit_area.x87_ready));
    e_.byte(0);
    fail.push_back(e_.jcc(kEqual));
  }
  if (item.memory >= 0) {
    const ZydisDecodedOperand& operand = item.ops[static_cast<unsigned>(item.memory)];
    effective(item);
    look_up(item.insn->segment, operand.size / 8, item.stores, fail);
    const Mem at{kAddress, kNoHost, 0, 0};
    if (escape == 1 && zi.raw.modrm.reg == 5) {  // FLDCW: all exceptions stay masked
      e_.op({0xb7, 1, 4}, kTemp, at);
      e_.alu_imm(4, kTemp, x87::kExceptions, 4);
      e_.alu_imm(7, kTemp, x87::kExceptions, 4);
      fail.push_back(e_.jcc(kNotEqual));
    }
    e_.op({zi.opcode, 0, 4}, zi.raw.modrm.reg, at);
    if (!control) {
      effective(item);
      e_.store(core(&c_.s.fdp), kAddress);
      pointers_.segment = item.insn->segment;
    }
  } else {
    need_flags(item.reads | (item.touch != 0 ? item.live_after & ~item.kill : 0));
    if (item.touch != 0 && item.reads == 0) clear_c1();
    e_.byte(zi.opcode);
    e_.byte(modrm);
  }
  if (!control) pointers_.instruction = static_cast<int>(index);
  if (item.touch != 0) {
    f_.host |= item.kill;
    f_.image = f_.carry_image = false;
    f_.recipe.forget();
    f_.carry.forget();
  }
  cold(index, std::move(fail), before, true, vectors_before, pointers_before);
}

}  // namespace ice86::cpu::jit
