// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/x87/guest_x87.h"

#include <algorithm>
#include <cstring>

namespace ice86::cpu::test {

void enter_flat_protected_mode(State& s) {
  s.cr0 = cr0::kPe | cr0::kNe | cr0::kEt;
  for (unsigned n = 0; n < s.segment.size(); ++n) {
    Segment& segment = s.segment[n];
    segment.selector = n == kCs ? 8 : 16;
    segment.base = 0;
    segment.limit = 0xffffffff;
    segment.attributes = n == kCs ? 0xc09b00 : 0xc09300;
    segment.usable = true;
  }
}

GuestX87::GuestX87() {
  enter_flat_protected_mode(host_.cpu().mutable_state());
}

unsigned GuestX87::add(const std::vector<std::uint8_t>& instruction) {
  std::uint8_t* at = host_.memory() + kCode + used_ * kSlot;
  at = std::copy(instruction.begin(), instruction.end(), at);
  *at = 0xf4;  // HLT
  return used_++;
}

NativeX87::Result GuestX87::run(unsigned number, FxImage& state, void* operand,
                                unsigned operand_bytes, std::uint64_t flags) {
  return run_at(kCode + number * kSlot, 1, state, operand, operand_bytes, flags);
}

NativeX87::Result GuestX87::run_sequence(const std::vector<std::uint8_t>& code,
                                         unsigned instructions, FxImage& state, void* operand,
                                         unsigned operand_bytes, std::uint64_t flags) {
  host_.cpu().forget_code();
  *std::copy(code.begin(), code.end(), host_.memory() + kSequence) = 0xf4;
  return run_at(kSequence, instructions, state, operand, operand_bytes, flags);
}

NativeX87::Result GuestX87::run_at(std::uint32_t address, unsigned instructions, FxImage& state,
                                   void* operand, unsigned operand_bytes, std::uint64_t flags) {
  State& before = host_.cpu().mutable_state();
  before.halted = before.shutdown = false;
  enter_flat_protected_mode(before);
  before.rip = address;
  before.gpr[kRax] = 0;
  before.gpr[kRsi] = kOperand;
  before.rflags = flags;
  before.fcw = state.control;
  before.fsw = state.status;
  before.x87_empty = static_cast<std::uint8_t>(~state.valid);
  const unsigned top_before = state.status >> 11 & 7u;
  for (unsigned i = 0; i < 8; ++i) {
    before.x87[(top_before + i) & 7] = {state.st[i].significand, state.st[i].sign_exponent};
  }
  std::memcpy(host_.memory() + kOperand, operand, operand_bytes);
  host_.cpu().run(instructions);
  const State& after = host_.cpu().state();
  state.control = after.fcw;
  state.status = after.fsw;
  state.valid = static_cast<std::uint8_t>(~after.x87_empty);
  const unsigned top_after = after.fsw >> 11 & 7u;
  for (unsigned i = 0; i < 8; ++i) {
    const X87Register& value = after.x87[(top_after + i) & 7];
    state.st[i].significand = value.significand;
    state.st[i].sign_exponent = value.sign_exponent;
  }
  std::memcpy(operand, host_.memory() + kOperand, operand_bytes);
  return {after.gpr[kRax], after.rflags};
}

}  // namespace ice86::cpu::test
