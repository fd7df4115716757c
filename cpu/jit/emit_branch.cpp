// SPDX-License-Identifier: LGPL-2.1-or-later
// The stack, and everything that ends a block: jumps, calls, returns, and the way from one
// translation to the next.
#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

std::uint64_t Translator::rip_after(const Item& item) const {
  const std::uint64_t rip = t_.rip + item.at + item.insn->length;
  return ctx_.mode == 2 ? rip : rip & 0xffffffff;
}

std::uint64_t Translator::target_of(const Item& item) const {
  const std::uint64_t target = t_.rip + item.at + item.insn->length + item.insn->imm;
  if (ctx_.mode == 2) return target;
  return item.insn->operand_size == 2 ? target & 0xffff : target & 0xffffffff;
}

// Not one that faults.
bool Translator::target_ok(std::uint64_t target) const {
  return ctx_.mode == 2 ? Core::canonical(target) : target <= ctx_.cs_limit;
}

// Changes no flags.
void Translator::load_zero_extended(std::uint8_t to, const RegisterOrMem& from, unsigned size) {
  if (size == 2) {
    e_.op({0xb7, 1, 4}, to, from);
  } else {
    e_.op({0x8b, 0, static_cast<std::uint8_t>(size)}, to, from);
  }
}

// Whether a jump of this operand size to the RIP in a register stays within CS.
void Translator::check_limit(std::uint8_t target, unsigned size, std::vector<std::size_t>& fail) {
  const std::uint64_t limit = ctx_.cs_limit;
  if (ctx_.mode == 2 || (size == 2 && limit >= 0xffff) || limit >= 0xffffffff) return;
  e_.alu_imm(7, target, static_cast<std::int32_t>(limit), 4);
  fail.push_back(e_.jcc(kAbove));
}

// kAddress = (SP + delta) in the stack's size. Changes no flags.
void Translator::stack_address(std::int32_t delta) {
  if (delta == 0) {
    return load_zero_extended(kAddress, std::uint8_t{kGuestSp}, ctx_.stack);
  }
  e_.lea(kAddress, {kGuestSp, kNoHost, 0, delta}, ctx_.stack == 8 ? 8 : 4);
  if (ctx_.stack == 2) e_.op({0xb7, 1, 4}, kAddress, std::uint8_t{kAddress});
}

void Translator::move_stack(std::int32_t delta) {
  if (ctx_.stack == 2) {
    e_.lea(kTemp, {kGuestSp, kNoHost, 0, delta}, 4);
    e_.mov(kGuestSp, kTemp, 2);
  } else {
    e_.lea(kGuestSp, {kGuestSp, kNoHost, 0, delta}, ctx_.stack);
  }
}

void Translator::push(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned size = item.zi.operand_width / 8u;
  std::vector<std::size_t> fail;
  registers_written(1u << kGuestSp, item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  const Mem scratch = core(&c_.jit_area.scratch);
  const Mem at{kAddress, kNoHost, 0, 0};
  if (item.memory >= 0) {
    effective(item);
    look_up(item.insn->segment, size, false, fail, 0, item.near_operand);
    load_zero_extended(kTemp, at, size);
    e_.store(scratch, kTemp);
  }
  const auto delta = -static_cast<std::int32_t>(size);
  stack_address(delta);
  look_up(kSs, size, true, fail, 0, item.near_stack);
  if (item.memory >= 0) {
    e_.load(kTemp, scratch);
    e_.store(at, kTemp, size);
  } else if (item.group == Group::kPushImmediate) {
    e_.op({0xc7, 0, static_cast<std::uint8_t>(size)}, 0, at);
    const std::uint64_t value = item.insn->imm;
    for (unsigned i = 0; i < (size == 2 ? 2u : 4u); ++i)
      e_.byte(static_cast<unsigned>(value >> (i * 8) & 0xff));
  } else {
    const ZydisRegister reg = item.ops[0].reg.value;
    const auto number = static_cast<unsigned>(ZydisRegisterGetId(reg));
    if (ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_SEGMENT) {
      e_.load(kTemp, core(&c_.s.segment[number].selector), size);
      e_.store(at, kTemp, size);
    } else {
      e_.store(at, read_register(number, kTemp), size);
    }
  }
  move_stack(delta);
  cold(index, std::move(fail), before, true);
}

// Only a program in ring 0 is sure to have the right to CLI, and not to be in virtual-8086 mode.
void Translator::cli(std::uint32_t index) {
  std::vector<std::size_t> fail;
  clobber_flags(items_[index].live_before);
  const FlagState before = f_;
  fail_if(&c_.cpl, fail);
  e_.alu_imm(4, core(&c_.s.rflags), ~static_cast<std::int32_t>(flag::kIf), 4);
  cold(index, std::move(fail), before, true);
}

void Translator::push_flags(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned size = item.zi.operand_width / 8u;
  std::vector<std::size_t> fail;
  need_image();
  f_ = FlagState{};
  const FlagState before = f_;
  if (ctx_.mode != 2) {
    e_.alu_imm(7, core(&c_.cpl), 0, 4);
    fail.push_back(e_.jcc(kNotEqual));
  }
  const auto delta = -static_cast<std::int32_t>(size);
  stack_address(delta);
  look_up(kSs, size, true, fail, 0, item.near_stack);
  flags_word();
  e_.store({kAddress, kNoHost, 0, 0}, kTemp, size);
  move_stack(delta);
  cold(index, std::move(fail), before, true);
}

// POP into memory.
void Translator::pop_memory(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned size = item.zi.operand_width / 8u;
  // An address with RSP is that after the instruction has moved it.
  if (item.insn->base == offsetof(State, gpr) + 8 * kRsp) return handler(index);
  std::vector<std::size_t> fail;
  registers_written(1u << kGuestSp, item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  const Mem scratch = core(&c_.jit_area.scratch);
  const Mem at{kAddress, kNoHost, 0, 0};
  stack_address(0);
  look_up(kSs, size, false, fail);
  load_zero_extended(kTemp, at, size);
  e_.store(scratch, kTemp);
  effective(item);
  look_up(item.insn->segment, size, true, fail);
  e_.load(kTemp, scratch);
  e_.store(at, kTemp, size);
  move_stack(static_cast<std::int32_t>(size));
  cold(index, std::move(fail), before, true);
}

void Translator::pop(std::uint32_t index) {
  const Item& item = items_[index];
  if (item.memory >= 0) return pop_memory(index);
  const unsigned size = item.zi.operand_width / 8u;
  const auto number = static_cast<unsigned>(ZydisRegisterGetId(item.ops[0].reg.value));
  if (number == kRsp) return handler(index);
  std::vector<std::size_t> fail;
  const std::uint8_t host = host_of(number);
  registers_written(1u << kGuestSp | (host != kNoHost ? 1u << host : 0), item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  stack_address(0);
  look_up(kSs, size, false, fail, 0, item.near_stack);
  const Mem at{kAddress, kNoHost, 0, 0};
  if (host != kNoHost) {
    e_.load(host, at, size);
  } else {
    e_.load(kTemp, at, size);
    e_.store(guest(number), kTemp, size);
  }
  move_stack(static_cast<std::int32_t>(size));
  cold(index, std::move(fail), before, true);
}

void Translator::leave(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned size = item.zi.operand_width / 8u;
  if (size != ctx_.stack) return handler(index);
  std::vector<std::size_t> fail;
  registers_written(1u << kGuestSp | 1u << kHostRbp, item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  load_zero_extended(kAddress, std::uint8_t{kHostRbp}, size);
  look_up(kSs, size, false, fail);
  e_.mov(kGuestSp, kHostRbp, size);
  e_.load(kHostRbp, {kAddress, kNoHost, 0, 0}, size);
  move_stack(static_cast<std::int32_t>(size));
  cold(index, std::move(fail), before, true);
}

// To a known place. The flags are in the image.
void Translator::go_to(std::uint64_t target, std::uint32_t refund) {
  store_vectors();
  store_pointers();
  need_image();
  f_.host = 0;
  Edge& edge = new_edge(target);
  edge.refund = static_cast<std::uint16_t>(refund);
  const std::uint64_t here = ctx_.cs_base + t_.rip;
  const std::uint64_t there = ctx_.cs_base + target;
  if ((here ^ there) >> kPageBits == 0) {
    e_.op({0x81, 0, 8}, 5, kBudget);
    edge.cost_at = jit_.buffer_.offset(e_.here());
    e_.dword(0);
    const std::size_t js = e_.jcc(kSign);
    edge.jump_at = jit_.buffer_.offset(e_.here() + 1);
    e_.jmp();
    cold_edges_.push_back({&edge, {js}});
    return;
  }
  if (refund != 0) e_.alu_imm(0, kBudget, static_cast<std::int32_t>(refund), 8);
  // The other page may be another one by the time this runs.
  e_.mov_imm(kAddress, target);
  std::vector<std::size_t> miss;
  e_.mov_imm(kValue, reinterpret_cast<std::uintptr_t>(&jit_.jumps_[Jit::jump_index(target)]));
  jump_by_entry(miss, 0, false);
  cold_edges_.push_back({&edge, std::move(miss)});
}

// kValue = the place in the table of jumps for RIP = kAddress.
void Translator::jump_entry() {
  e_.mov(kValue, kAddress, 4);
  e_.shift_imm(5, kValue, 12, 4);  // Jit::jump_index()
  e_.op({0x33, 0, 4}, kValue, std::uint8_t{kAddress});
  e_.alu_imm(4, kValue, Jit::kJumps - 1, 4);
  e_.shift_imm(4, kValue, 5, 4);
  e_.op({0x03, 0, 8}, kValue, core(&c_.jit_area.jumps));
}

// To the translation for RIP = kAddress, if it is in the table and nothing has been flushed since.
void Translator::jump_by_table(std::vector<std::size_t>& miss, std::int32_t stack,
                               bool moves_stack) {
  jump_entry();
  jump_by_entry(miss, stack, moves_stack);
}

// Whether the entry in kValue is for RIP = kAddress and holds. Changes kTemp.
void Translator::check_jump_entry(std::vector<std::size_t>& miss) {
  e_.op({0x3b, 0, 8}, kAddress, Mem{kValue, kNoHost, 0, offsetof(JumpEntry, rip)});
  miss.push_back(e_.jcc(kNotEqual));
  e_.load(kTemp, core(&c_.jit_area.jump_generation));
  e_.op({0x3b, 0, 8}, kTemp, Mem{kValue, kNoHost, 0, offsetof(JumpEntry, generation)});
  miss.push_back(e_.jcc(kNotEqual));
}

// The same with the table's entry in kValue.
void Translator::jump_by_entry(std::vector<std::size_t>& miss, std::int32_t stack,
                               bool moves_stack) {
  check_jump_entry(miss);
  e_.op({0x81, 0, 4}, 7, Mem{kValue, kNoHost, 0, offsetof(JumpEntry, context)});
  e_.dword(t_.context);
  miss.push_back(e_.jcc(kNotEqual));
  if (moves_stack) move_stack(stack);
  e_.op({0xff, 0, 4}, 4, Mem{kValue, kNoHost, 0, offsetof(JumpEntry, code)});
}

void Translator::jcc(std::uint32_t index) {
  const Item& item = items_[index];
  store_vectors();
  store_pointers();
  need_flags(item.reads);
  const std::size_t taken = e_.jcc(item.zi.opcode & 15u);
  sides_.push_back({taken, f_, target_of(item), t_.count - index - 1});
}

void Translator::jmp(std::uint32_t index) {
  const std::uint64_t target = target_of(items_[index]);
  if (target == t_.rip && to_loop(0)) return;
  go_to(target);
}

// LOOP, LOOPZ, LOOPNZ, JCXZ by the address size.
void Translator::loop(std::uint32_t index) {
  const Item& item = items_[index];
  store_vectors();
  store_pointers();
  need_image();
  f_.host = 0;
  const unsigned address = item.insn->address_size;
  const unsigned size = address == 0 ? 2 : address == 1 ? 4 : 8;
  const unsigned op = item.zi.opcode;
  std::size_t out = 0;
  std::size_t out_2 = 0;
  if (op == 0xe3) {
    e_.op({0x85, 0, static_cast<std::uint8_t>(size)}, kHostRcx, std::uint8_t{kHostRcx});
    out = e_.jcc(kNotEqual);
  } else {
    e_.lea(kTemp, {kHostRcx, kNoHost, 0, -1}, size == 8 ? 8 : 4);
    e_.mov(kHostRcx, kTemp, size);
    e_.op({0x85, 0, static_cast<std::uint8_t>(size)}, kHostRcx, std::uint8_t{kHostRcx});
    out = e_.jcc(kEqual);
    if (op != 0xe2) {  // ZF is bit 6 of what LAHF gives
      e_.op({0xf7, 0, 4}, 0, core(&c_.jit_area.flags));
      e_.dword(flag::kZf << 8);
      out_2 = e_.jcc(op == 0xe1 ? kEqual : kNotEqual);
    }
  }
  const FlagState state = f_;
  go_to(target_of(item));
  e_.bind(out);
  if (out_2 != 0) e_.bind(out_2);
  f_ = state;
  go_to(rip_after(item));
}

void Translator::call(std::uint32_t index) {
  const Item& item = items_[index];
  store_vectors();
  store_pointers();
  const unsigned size = item.insn->operand_size;
  const bool direct = item.group == Group::kCall;
  need_image();
  f_ = FlagState{};
  const FlagState before = f_;
  std::vector<std::size_t> fail;
  const Mem scratch = core(&c_.jit_area.scratch);
  const Mem at{kAddress, kNoHost, 0, 0};
  if (item.memory >= 0) {
    effective(item);
    look_up(item.insn->segment, size, false, fail);
    load_zero_extended(kTemp, at, size);
    e_.store(scratch, kTemp);
  } else if (!direct) {
    const auto number = static_cast<unsigned>(ZydisRegisterGetId(item.ops[0].reg.value));
    load_zero_extended(kTemp, read_register(number, kTemp), size);
    e_.store(scratch, kTemp);
  }
  if (!direct) check_limit(kTemp, size, fail);
  const auto delta = -static_cast<std::int32_t>(size);
  stack_address(delta);
  look_up(kSs, size, true, fail, 0, item.near_stack);
  const std::uint64_t back = rip_after(item);
  const auto store_return = [&] {
    if (size == 8 && back != static_cast<std::uint64_t>(
                                 static_cast<std::int64_t>(static_cast<std::int32_t>(back)))) {
      e_.mov_imm(kTemp, back);
      e_.store(at, kTemp, 8);
      return;
    }
    e_.op({0xc7, 0, static_cast<std::uint8_t>(size)}, 0, at);
    for (unsigned i = 0; i < (size == 2 ? 2u : 4u); ++i)
      e_.byte(static_cast<unsigned>(back >> (i * 8) & 0xff));
  };
  if (direct) {
    store_return();
    move_stack(delta);
    cold(index, std::move(fail), before, false);
    go_to(target_of(item));
    return;
  }
  if (ctx_.mode == 2) {  // a target that is not canonical faults before anything is stored
    e_.load(kTemp, scratch);
    e_.mov(kValue, kTemp);
    e_.shift_imm(4, kValue, 16, 8);
    e_.shift_imm(7, kValue, 16, 8);
    e_.op({0x3b, 0, 8}, kValue, std::uint8_t{kTemp});
    fail.push_back(e_.jcc(kNotEqual));
  }
  store_return();
  move_stack(delta);
  cold(index, std::move(fail), before, false);
  e_.load(kAddress, scratch);
  std::vector<std::size_t> miss;
  jump_by_table(miss, 0, false);
  Edge& edge = new_edge(0);
  edge.to_scratch = true;
  cold_edges_.push_back({&edge, std::move(miss)});
}

// RET and JMP to what stands in a register or in memory.
void Translator::ret(std::uint32_t index) {
  const Item& item = items_[index];
  store_vectors();
  store_pointers();
  const unsigned size = item.insn->operand_size;
  const bool is_ret = item.group == Group::kRet;
  need_image();
  f_ = FlagState{};
  const FlagState before = f_;
  std::vector<std::size_t> fail;
  const Mem at{kAddress, kNoHost, 0, 0};
  if (is_ret || item.memory >= 0) {
    if (is_ret) {
      stack_address(0);
      look_up(kSs, size, false, fail, 0, item.near_stack);
    } else {
      effective(item);
      look_up(item.insn->segment, size, false, fail);
    }
    load_zero_extended(kAddress, at, size);
  } else {
    const auto number = static_cast<unsigned>(ZydisRegisterGetId(item.ops[0].reg.value));
    load_zero_extended(kAddress, read_register(number, kTemp), size);
  }
  check_limit(kAddress, size, fail);
  const auto release = static_cast<std::int32_t>(item.insn->imm & 0xffff);
  jump_by_table(fail, static_cast<std::int32_t>(size) + (is_ret ? release : 0), is_ret);
  cold(index, std::move(fail), before, false);
}

}  // namespace ice86::cpu::jit
