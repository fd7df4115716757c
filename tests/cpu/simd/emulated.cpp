// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/cpu/simd/emulated.h"

#include <cstring>

namespace ice86::cpu::test {

namespace {

constexpr std::uint64_t kGdt = 0x1000, kIdt = 0x2000, kStack = 0x8000, kHandlers = 0x9000;
constexpr std::uint64_t kOperands = 0x10000, kCode = 0x20000, kCodeEnd = 0x3f000;
constexpr std::uint64_t kMemory = 0x40000;
// Page tables of 64-bit mode: the first 2 MB, identity mapped by one large page.
constexpr std::uint64_t kPml4 = 0x3000, kPointers = 0x4000, kPageDirectory = 0x5000;

}  // namespace

Emulated::Emulated(Mode mode) : mode_(mode), host_(kMemory), code_at_(kCode) {
  std::uint8_t* memory = host_.memory();
  store_le<std::uint64_t>(memory + kPml4, kPointers | 3);
  store_le<std::uint64_t>(memory + kPointers, kPageDirectory | 3);
  store_le<std::uint64_t>(memory + kPageDirectory, 0x83);
  const bool is_64 = mode == Mode::k64;
  store_le<std::uint64_t>(memory + kGdt + 8, is_64 ? 0x00af9b000000ffff : 0x00cf9b000000ffff);
  store_le<std::uint64_t>(memory + kGdt + 16, 0x00cf93000000ffff);
  for (std::uint64_t vector = 0; vector < 32; ++vector) {
    store_le<std::uint64_t>(memory + kIdt + vector * (is_64 ? 16 : 8),
                            (kHandlers + vector) | 8 << 16 | std::uint64_t{0x8e00} << 32);
  }
}

void Emulated::load(const Code& code) {
  code_at_ += 16;
  if (code_at_ >= kCodeEnd) {
    code_at_ = kCode;
    host_.cpu().forget_code();
  }
  std::memcpy(host_.memory() + code_at_, code.bytes.data(), code.length);
  host_.memory()[code_at_ + code.length] = 0xf4;
  misalignment_ = code.misalignment;
}

Outcome Emulated::run(const MachineState& before) {
  std::uint8_t* operands = host_.memory() + kOperands;
  std::memcpy(operands, before.memory.data(), kOperandArea);
  const bool is_64 = mode_ == Mode::k64;
  const unsigned gprs = is_64 ? 16 : 8;
  Cpu& cpu = host_.cpu();
  State& s = cpu.mutable_state();
  s.halted = s.shutdown = s.interrupt_shadow = s.mov_ss_shadow = false;
  s.cr0 = cr0::kPe | cr0::kEt | cr0::kNe;
  s.cr4 = cr4::kOsfxsr | cr4::kOsxmmexcpt | cr4::kOsxsave;
  s.xcr0 = 7;
  if (is_64) {
    s.cr0 |= cr0::kPg;
    s.cr3 = kPml4;
    s.cr4 |= cr4::kPae;
    s.efer = efer::kLme | efer::kLma;
  }
  s.gdtr = {kGdt, 23};
  s.idtr = {kIdt, static_cast<std::uint16_t>(is_64 ? 0x1ff : 0xff)};
  s.segment[kCs] = {8, is_64 ? 0xa09b00u : 0xc09b00u, 0, 0xffffffff, true};
  for (const SegmentName name : {kEs, kSs, kDs})
    s.segment[name] = {16, 0xc09300, 0, 0xffffffff, true};
  for (unsigned n = 0; n < gprs; ++n) s.gpr[n] = before.gpr[n];
  s.gpr[kRsp] = kStack;
  s.gpr[kRdi] = kOperands + kOperandAt + misalignment_;
  s.rip = code_at_;
  s.rflags = before.flags | 2;
  s.mxcsr = before.mxcsr;
  s.ymm = before.ymm;
  for (unsigned n = 0; n < 8; ++n) s.x87[n] = {before.significand[n], before.sign_exponent[n]};
  s.fcw = before.fcw;
  s.fsw = before.fsw;
  s.x87_empty = before.x87_empty;
  cpu.run(1);

  const State& end = cpu.state();
  Outcome outcome;
  MachineState& after = outcome.state;
  after = before;
  for (unsigned n = 0; n < gprs; ++n) after.gpr[n] = end.gpr[n];
  after.gpr[kRsp] = before.gpr[kRsp];
  after.gpr[kRdi] = before.gpr[kRdi] + (end.gpr[kRdi] - (kOperands + kOperandAt + misalignment_));
  after.flags = static_cast<std::uint32_t>(end.rflags) & flag::kArithmetic;
  after.mxcsr = end.mxcsr;
  after.ymm = end.ymm;
  for (unsigned n = 0; n < 8; ++n) {
    after.significand[n] = end.x87[n].significand;
    after.sign_exponent[n] = end.x87[n].sign_exponent;
  }
  after.fcw = end.fcw;
  after.fsw = end.fsw;
  after.x87_empty = end.x87_empty;
  std::memcpy(after.memory.data(), operands, kOperandArea);
  if (end.rip >= kHandlers && end.rip < kHandlers + 32)
    outcome.exception = static_cast<int>(end.rip - kHandlers);
  return outcome;
}

}  // namespace ice86::cpu::test
