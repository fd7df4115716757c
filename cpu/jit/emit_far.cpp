// SPDX-License-Identifier: LGPL-2.1-or-later
// Segment registers, RFLAGS as a whole, and far transfers of real mode: what firmware does at each
// call of a service. There a segment register is a base and nothing more. What is seldom (a trap
// flag, an interrupt that waits, a limit that is not 64 KB) is left to the handlers.
// Reference: Intel SDM vol. 2 (INT n, IRET, POPF, STI), vol. 3A section 20.1.
#include "cpu/core.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

namespace {

// What POPF and IRET change with a 16-bit operand at CPL 0.
constexpr std::uint32_t kWordFlags =
    flag::kArithmetic | flag::kTf | flag::kIf | flag::kDf | flag::kIopl | flag::kNt;

}  // namespace

void Translator::fail_if(const void* member, std::vector<std::size_t>& fail) {
  e_.alu_imm(7, core(member), 0, 1);
  fail.push_back(e_.jcc(kNotEqual));
}

// An interrupt waits, and the flags in kTemp let it in.
void Translator::fail_if_interrupted(std::vector<std::size_t>& fail) {
  e_.op({0xb6, 1, 4}, kValue, core(&c_.intr));
  e_.shift_imm(4, kValue, 9, 4);
  e_.op({0x85, 0, 4}, kValue, std::uint8_t{kTemp});
  fail.push_back(e_.jcc(kNotEqual));
}

// kTemp = the flags as PUSHF has them. Changes kValue; the arithmetic flags are in the image.
void Translator::flags_word() {
  constexpr std::uint32_t kOthers = ~(kAllFlags | flag::kVm | flag::kRf);
  e_.op({0xb7, 1, 4}, kTemp, core(&c_.jit_area.flags));
  e_.mov(kValue, kTemp, 4);
  e_.shift_imm(5, kTemp, 8, 4);
  e_.alu_imm(4, kTemp, 0xd5, 4);
  e_.alu_imm(4, kValue, 1, 4);
  e_.shift_imm(4, kValue, 11, 4);
  e_.op({0x0b, 0, 4}, kTemp, std::uint8_t{kValue});
  e_.load(kValue, core(&c_.s.rflags), 4);
  e_.alu_imm(4, kValue, static_cast<std::int32_t>(kOthers), 4);
  e_.op({0x0b, 0, 4}, kTemp, std::uint8_t{kValue});
}

// These flags become what they are in kTemp. Changes kAddress and kValue.
void Translator::take_flags(std::uint32_t changeable) {
  e_.mov(kValue, kTemp, 4);
  e_.alu_imm(4, kValue, static_cast<std::int32_t>(changeable), 4);
  e_.load(kAddress, core(&c_.s.rflags), 4);
  e_.alu_imm(4, kAddress, static_cast<std::int32_t>(~changeable), 4);
  e_.op({0x0b, 0, 4}, kAddress, std::uint8_t{kValue});
  e_.store(core(&c_.s.rflags), kAddress, 4);
  e_.mov(kValue, kTemp, 4);
  e_.shift_imm(4, kValue, 8, 4);
  e_.alu_imm(4, kValue, 0xd500, 4);
  e_.shift_imm(5, kTemp, 11, 4);
  e_.alu_imm(4, kTemp, 1, 4);
  e_.op({0x0b, 0, 4}, kValue, std::uint8_t{kTemp});
  e_.store(core(&c_.jit_area.flags), kValue, 2);
}

// Like PUSHF only for ring 0, where all may change and no VIF stands for IF.
void Translator::pop_flags(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned size = item.zi.operand_width / 8u;
  std::vector<std::size_t> fail;
  need_image();
  f_ = FlagState{};
  const FlagState before = f_;
  fail_if(&c_.cpl, fail);
  stack_address(0);
  look_up(kSs, size, false, fail, 0, item.near_stack);
  load_zero_extended(kTemp, Mem{kAddress, kNoHost, 0, 0}, size);
  if (size != 2) {  // AC changes rights
    e_.load(kValue, core(&c_.s.rflags), 4);
    e_.op({0x33, 0, 4}, kValue, std::uint8_t{kTemp});
    e_.op({0xf7, 0, 4}, 0, std::uint8_t{kValue});
    e_.dword(flag::kAc);
    fail.push_back(e_.jcc(kNotEqual));
  }
  e_.op({0xf7, 0, 4}, 0, std::uint8_t{kTemp});
  e_.dword(flag::kTf);
  fail.push_back(e_.jcc(kNotEqual));
  fail_if_interrupted(fail);
  take_flags(size == 2 ? kWordFlags : kWordFlags | flag::kId);
  move_stack(static_cast<std::int32_t>(size));
  cold(index, std::move(fail), before, true);
}

// When nothing waits for it, what the shadow would keep away does not come before the next
// instruction; the run's end behind this one would show it.
void Translator::sti(std::uint32_t index) {
  std::vector<std::size_t> fail;
  clobber_flags(items_[index].live_before);
  const FlagState before = f_;
  fail_if(&c_.cpl, fail);
  e_.alu_imm(7, std::uint8_t{kBudget}, 0, 8);
  fail.push_back(e_.jcc(kEqual));
  fail_if(&c_.intr, fail);
  fail_if(&c_.s.nmi_pending, fail);
  fail_if(&c_.s.smi_pending, fail);
  e_.alu_imm(1, core(&c_.s.rflags), flag::kIf, 4);
  cold(index, std::move(fail), before, true);
}

void Translator::store_segment(std::uint32_t index) {
  const Item& item = items_[index];
  const Mem selector = core(&c_.s.segment[item.insn->code].selector);
  if (item.memory >= 0) {
    std::vector<std::size_t> fail;
    clobber_flags(item.live_before);
    const FlagState before = f_;
    effective(item);
    look_up(item.insn->segment, 2, true, fail);
    load_zero_extended(kTemp, selector, 2);
    e_.store({kAddress, kNoHost, 0, 0}, kTemp, 2);
    return cold(index, std::move(fail), before, true);
  }
  registers_written(hosts_written(item), item.live_after);
  const auto number = static_cast<unsigned>(ZydisRegisterGetId(item.ops[0].reg.value));
  const unsigned size = item.ops[0].size / 8u;
  const std::uint8_t host = host_of(number);
  const std::uint8_t to = host != kNoHost ? host : std::uint8_t{kTemp};
  if (size == 2) {
    e_.load(to, selector, 2);
  } else {
    load_zero_extended(to, selector, 2);
  }
  if (host == kNoHost) e_.store(guest(number), kTemp, size == 2 ? 2 : 8);
}

// In real mode, with a limit of 64 KB on both sides.
void Translator::load_segment(std::uint32_t index) {
  const Item& item = items_[index];
  const unsigned size = item.zi.operand_width / 8u;
  const bool pops = item.zi.mnemonic == ZYDIS_MNEMONIC_POP;
  const unsigned number = item.insn->code;
  const Segment& segment = c_.s.segment[number];
  Core::SegmentView& view = c_.views[number];
  std::vector<std::size_t> fail;
  if (pointers_.segment == static_cast<int>(number)) store_pointers();  // with the old selector
  if (pops) registers_written(1u << kGuestSp, item.live_before);
  clobber_flags(item.live_before);
  const FlagState before = f_;
  const Mem at{kAddress, kNoHost, 0, 0};
  if (pops) {
    stack_address(0);
    look_up(kSs, size, false, fail, 0, item.near_stack);
    load_zero_extended(kTemp, at, 2);
  } else if (item.memory >= 0) {
    effective(item);
    look_up(item.insn->segment, 2, false, fail);
    load_zero_extended(kTemp, at, 2);
  } else {
    const auto from = static_cast<unsigned>(ZydisRegisterGetId(item.ops[1].reg.value));
    load_zero_extended(kTemp, read_register(from, kTemp), 2);
  }
  e_.op({0x81, 0, 2}, 7, core(&segment.attributes));  // as Core::loaded_in_real_mode() has it
  e_.byte(Core::kRealRights & 0xff), e_.byte(Core::kRealRights >> 8);
  fail.push_back(e_.jcc(kNotEqual));
  e_.alu_imm(7, core(&view.writable), 0x10000, 4);
  fail.push_back(e_.jcc(kNotEqual));
  e_.store(core(&segment.selector), kTemp, 2);
  e_.shift_imm(4, kTemp, 4, 4);
  e_.store(core(&segment.base), kTemp);
  e_.store(core(&view.base), kTemp);
  if (pops) move_stack(static_cast<std::int32_t>(size));
  cold(index, std::move(fail), before, true);
}

// For several slots of the stack at once, which must not wrap around within them: kAddress.
void Translator::stack_slots(std::int32_t delta, unsigned bytes, std::vector<std::size_t>& fail) {
  stack_address(delta);
  if (ctx_.stack != 2) return;
  e_.alu_imm(7, kAddress, static_cast<std::int32_t>(0x10000 - bytes), 4);
  fail.push_back(e_.jcc(kAbove));
}

// Whether it is known what is at the RIP in kAddress with CS = kTemp, which is Area::far_selector.
void Translator::find_far(std::vector<std::size_t>& fail) {
  Area& area = c_.jit_area;
  const auto place = [&](const void* member) { return Mem{kCore, kValue, 3, offset(member)}; };
  static_assert(sizeof(FarContext) == 8 && FarContext::kMost == 256);
  e_.mov(kValue, kTemp, 4);  // FarContext::place_of()
  e_.shift_imm(5, kValue, 8, 4);
  e_.op({0x33, 0, 4}, kValue, std::uint8_t{kTemp});
  e_.op({0xb6, 1, 4}, kValue, std::uint8_t{kValue}, false, true);
  e_.alu_imm(1, kTemp, static_cast<std::int32_t>(FarContext::key_of(t_.context, 0)), 4);
  e_.op({0x3b, 0, 4}, kTemp, place(&area.far_contexts[0].key));
  fail.push_back(e_.jcc(kNotEqual));
  e_.load(kTemp, place(&area.far_contexts[0].context), 4);
  e_.store(core(&area.far_context), kTemp, 4);
  if (ctx_.watched) e_.store(core(&area.far_rip), kAddress);
  jump_entry();
  e_.op({0x3b, 0, 4}, kTemp, Mem{kValue, kNoHost, 0, offsetof(JumpEntry, context)});
  fail.push_back(e_.jcc(kNotEqual));
  check_jump_entry(fail);
  e_.load(kTemp, {kValue, kNoHost, 0, offsetof(JumpEntry, code)});
  e_.store(core(&area.far_code), kTemp);
}

// There, with the stack moved; past the observer, if there is one that wants to see it.
void Translator::enter_far(std::int32_t stack, std::uint32_t kind) {
  Area& area = c_.jit_area;
  e_.op({0xb7, 1, 4}, kTemp, core(&area.far_selector));
  e_.store(core(&c_.s.segment[kCs].selector), kTemp, 2);
  e_.shift_imm(4, kTemp, 4, 4);
  e_.store(core(&c_.s.segment[kCs].base), kTemp);
  e_.store(core(&c_.views[kCs].base), kTemp);
  const bool may_pass = ctx_.watched && kind != Jit::kInterrupt;
  if (may_pass) e_.mov(kAddress, kTemp, 4);
  e_.load(kTemp, core(&area.far_context), 4);
  e_.store(core(&area.context), kTemp, 4);
  if (stack != 0) move_stack(stack);
  std::size_t seen = 0;
  if (may_pass) {  // FarTargets::place_of()
    static_assert(FarTargets::kPlaces == 1 << 16);
    e_.op({0x03, 0, 4}, kAddress, core(&area.far_rip));
    e_.mov(kValue, kAddress, 4);
    e_.shift_imm(5, kValue, 16, 4);
    e_.op({0x33, 0, 4}, kValue, std::uint8_t{kAddress});
    e_.op({0xb7, 1, 4}, kValue, std::uint8_t{kValue});
    e_.load(kTemp, core(&c_.far_targets));  // it is nothing but its places
    e_.op({0x80, 0, 1}, 7, Mem{kTemp, kValue, 0, 0});
    e_.byte(0);
    seen = e_.jcc(kNotEqual);
  }
  if (may_pass || !ctx_.watched) e_.op({0xff, 0, 4}, 4, core(&area.far_code));
  if (!ctx_.watched) return;
  if (may_pass) e_.bind(seen);
  e_.mov_imm(kValue, reinterpret_cast<std::uintptr_t>(&t_));
  e_.mov_imm(kTemp, kind);
  e_.call_to(jit_.far_);
}

// The state before a far transfer: all is where handlers look for it.
FlagState Translator::begin_far() {
  store_vectors();
  store_pointers();
  need_image();
  return f_ = FlagState{};
}

void Translator::interrupt(std::uint32_t index) {
  const Item& item = items_[index];
  const auto vector = static_cast<unsigned>(item.insn->imm & 0xff);
  std::vector<std::size_t> fail;
  const FlagState before = begin_far();
  const Mem at{kAddress, kNoHost, 0, 0};
  if (item.soft) {
    load_soft(e_, item, kAddress);
    e_.shift_imm(4, kAddress, 2, 4);
    e_.lea(kTemp, {kAddress, kNoHost, 0, 3}, 4);
    e_.op({0x39, 0, 2}, kTemp, core(&c_.s.idtr.limit));
    fail.push_back(e_.jcc(kBelow));
    e_.op({0x03, 0, 4}, kAddress, core(&c_.s.idtr.base));
  } else {
    const unsigned last = vector * 4 + 3;
    e_.op({0x81, 0, 2}, 7, core(&c_.s.idtr.limit));
    e_.byte(last & 0xff), e_.byte(last >> 8);
    fail.push_back(e_.jcc(kBelow));
    e_.load(kAddress, core(&c_.s.idtr.base), 4);
    if (vector != 0) e_.alu_imm(0, kAddress, static_cast<std::int32_t>(vector * 4), 4);
  }
  look_up_linear(4, false, fail, 0);
  static_assert(offsetof(Area, far_selector) == offsetof(Area, far_ip) + 2);
  e_.load(kTemp, at, 4);
  e_.store(core(&c_.jit_area.far_ip), kTemp, 4);
  e_.shift_imm(5, kTemp, 16, 4);
  e_.op({0xb7, 1, 4}, kAddress, core(&c_.jit_area.far_ip));
  find_far(fail);
  stack_slots(-6, 6, fail);
  look_up(kSs, 6, true, fail);
  flags_word();
  e_.store({kAddress, kNoHost, 0, 4}, kTemp, 2);
  if (ctx_.watched) e_.store(core(&c_.jit_area.far_old_flags), kTemp, 4);
  load_zero_extended(kTemp, core(&c_.s.segment[kCs].selector), 2);
  e_.store({kAddress, kNoHost, 0, 2}, kTemp, 2);
  if (ctx_.watched) e_.store(core(&c_.jit_area.far_old_selector), kTemp, 2);
  const std::uint64_t back = rip_after(items_[index]);
  e_.op({0xc7, 0, 2}, 0, at);
  e_.byte(static_cast<unsigned>(back & 0xff)), e_.byte(static_cast<unsigned>(back >> 8 & 0xff));
  constexpr std::uint32_t kCleared = flag::kIf | flag::kTf | flag::kAc | flag::kRf;
  e_.alu_imm(4, core(&c_.s.rflags), static_cast<std::int32_t>(~kCleared), 4);
  enter_far(-6, Jit::kInterrupt);
  cold(index, std::move(fail), before, false);
}

// With a 16-bit operand.
void Translator::interrupt_return(std::uint32_t index) {
  std::vector<std::size_t> fail;
  const FlagState before = begin_far();
  fail_if(&c_.s.nmi_blocked, fail);
  stack_slots(0, 6, fail);
  look_up(kSs, 6, false, fail);
  load_zero_extended(kTemp, Mem{kAddress, kNoHost, 0, 4}, 2);
  e_.op({0xf7, 0, 4}, 0, std::uint8_t{kTemp});
  e_.dword(flag::kTf);
  fail.push_back(e_.jcc(kNotEqual));
  fail_if_interrupted(fail);
  e_.store(core(&c_.jit_area.far_flags), kTemp, 4);
  // One by one, as they were stored: the host hands each on at once.
  load_zero_extended(kTemp, Mem{kAddress, kNoHost, 0, 2}, 2);
  e_.store(core(&c_.jit_area.far_selector), kTemp, 2);
  load_zero_extended(kAddress, Mem{kAddress, kNoHost, 0, 0}, 2);
  check_limit(kAddress, 2, fail);
  find_far(fail);
  e_.load(kTemp, core(&c_.jit_area.far_flags), 4);
  take_flags(kWordFlags);
  enter_far(6, static_cast<std::uint32_t>(FarTransfer::kIret));
  cold(index, std::move(fail), before, false);
}

// JMP and CALL.
void Translator::far_branch(std::uint32_t index) {
  const Item& item = items_[index];
  const Insn& insn = *item.insn;
  const unsigned size = insn.operand_size;
  const bool calls = item.group == Group::kCallFar;
  const std::uint64_t offset_in = insn.imm & (size == 2 ? 0xffff : 0xffffffff);
  const Mem selector = core(&c_.jit_area.far_selector);
  std::vector<std::size_t> fail;
  if (item.memory < 0 && !target_ok(offset_in)) return handler(index);
  const FlagState before = begin_far();
  if (item.memory >= 0) {
    effective(item);
    if (insn.address_size == 0) {  // the selector is not behind the end of the 64 KB
      e_.alu_imm(7, kAddress, static_cast<std::int32_t>(0x10000 - size - 2), 4);
      fail.push_back(e_.jcc(kAbove));
    }
    look_up(insn.segment, size + 2, false, fail);
    load_zero_extended(kTemp, Mem{kAddress, kNoHost, 0, static_cast<std::int32_t>(size)}, 2);
    e_.store(selector, kTemp, 2);
    load_zero_extended(kAddress, Mem{kAddress, kNoHost, 0, 0}, size);
    check_limit(kAddress, size, fail);
  } else {
    e_.mov_imm(kTemp, insn.imm >> 32 & 0xffff);
    e_.store(selector, kTemp, 2);
    e_.mov_imm(kAddress, offset_in);
  }
  find_far(fail);
  const auto pushed = static_cast<std::int32_t>(2 * size);
  if (calls) {
    stack_slots(-pushed, 2 * size, fail);
    look_up(kSs, 2 * size, true, fail);
    load_zero_extended(kTemp, core(&c_.s.segment[kCs].selector), 2);
    e_.store({kAddress, kNoHost, 0, static_cast<std::int32_t>(size)}, kTemp, size);
    e_.mov_imm(kTemp, rip_after(item));
    e_.store({kAddress, kNoHost, 0, 0}, kTemp, size);
  }
  enter_far(calls ? -pushed : 0,
            static_cast<std::uint32_t>(calls ? FarTransfer::kCallFar : FarTransfer::kJmpFar));
  cold(index, std::move(fail), before, false);
}

void Translator::far_return(std::uint32_t index) {
  const Insn& insn = *items_[index].insn;
  const unsigned size = insn.operand_size;
  std::vector<std::size_t> fail;
  const FlagState before = begin_far();
  stack_slots(0, 2 * size, fail);
  look_up(kSs, 2 * size, false, fail);
  load_zero_extended(kTemp, Mem{kAddress, kNoHost, 0, static_cast<std::int32_t>(size)}, 2);
  e_.store(core(&c_.jit_area.far_selector), kTemp, 2);
  load_zero_extended(kAddress, Mem{kAddress, kNoHost, 0, 0}, size);
  check_limit(kAddress, size, fail);
  find_far(fail);
  enter_far(static_cast<std::int32_t>(2 * size + (insn.imm & 0xffff)),
            static_cast<std::uint32_t>(FarTransfer::kRetFar));
  cold(index, std::move(fail), before, false);
}

}  // namespace ice86::cpu::jit
