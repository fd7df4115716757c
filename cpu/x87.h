// SPDX-License-Identifier: LGPL-2.1-or-later
// What the x87 and MMX instruction families share: status bits, the register stack, the checks
// before an instruction, pointers, and the exception summary.
// Reference: Intel SDM vol. 1 chapter 8.
#pragma once

#include <cstdint>

#include "cpu/core.h"

namespace ice86::cpu::x87 {

// Status word (SDM vol. 1 section 8.1.3); exception bits 5:0 are also the control word's masks.
constexpr std::uint16_t kIe = 1u << 0, kDe = 1u << 1, kZe = 1u << 2, kOe = 1u << 3, kUe = 1u << 4,
                        kPe = 1u << 5, kSf = 1u << 6, kSummary = 1u << 7, kC0 = 1u << 8,
                        kC1 = 1u << 9, kC2 = 1u << 10, kTop = 7u << 11, kC3 = 1u << 14,
                        kBusy = 1u << 15;
constexpr std::uint16_t kExceptions = 0x3f, kSticky = kExceptions | kSf,
                        kConditions = kC0 | kC1 | kC2 | kC3;
// Control word: what FNINIT and a reset leave there (SDM vol. 3A table 9-1), bits that exist, and
// bit 6, which always reads as 1.
constexpr std::uint16_t kInitialControl = 0x037f, kResetControl = 0x0040, kControlBits = 0x1f3f,
                        kControlFixed = 0x0040;
// Exceptions whose unmasked response leaves the destination alone when it is memory.
constexpr std::uint16_t kStoreStops = kExceptions & ~kPe;

inline unsigned top(const State& s) {
  return s.fsw >> 11 & 7u;
}
inline void set_top(State& s, unsigned value) {
  s.fsw = static_cast<std::uint16_t>((s.fsw & ~kTop) | (value & 7u) << 11);
}
// The physical register that ST(i) is.
inline unsigned physical(const State& s, unsigned i) {
  return (top(s) + i) & 7u;
}
inline bool is_empty(const State& s, unsigned physical_register) {
  return (s.x87_empty >> physical_register & 1u) != 0;
}
inline void mark_full(State& s, unsigned physical_register) {
  s.x87_empty = static_cast<std::uint8_t>(s.x87_empty & ~(1u << physical_register));
}
inline void mark_empty(State& s, unsigned physical_register) {
  s.x87_empty = static_cast<std::uint8_t>(s.x87_empty | 1u << physical_register);
}

// ES and B follow the exception flags and masks. Whoever writes those calls this afterwards (adding
// masked exceptions apart).
void update_summary(Core& c);

// An exception is pending: #MF, or FERR# and a wait for the interrupt. kNext: to be ignored.
Flow pending(Core& c);
// Slow part of start().
Flow blocked(Core& c);

// Before a waiting instruction: not kNext is what the handler returns.
inline Flow start(Core& c) {
  static_assert((cr0::kEm | cr0::kTs) == 0x0c);
  if (((c.s.cr0 & (cr0::kEm | cr0::kTs)) | (c.s.fsw & kSummary)) == 0) [[likely]]
    return Flow::kNext;
  return blocked(c);
}
// Before FNxxx, which looks at CR0 only.
inline Flow start_no_wait(Core& c) {
  return (c.s.cr0 & (cr0::kEm | cr0::kTs)) == 0 ? Flow::kNext : c.raised(kNm);
}

// The instruction pointer, data pointer and opcode that FSTENV and FXSAVE store. Insn::imm holds
// the opcode's 11 bits.
inline void note_instruction(Core& c, const Insn& i) {
  c.s.fip = c.s.rip - i.length;
  c.s.fcs = c.s.segment[kCs].selector;
  c.s.fop = static_cast<std::uint16_t>(i.imm);
}
inline void note_operand(Core& c, const Insn& i, std::uint64_t offset) {
  note_instruction(c, i);
  c.s.fdp = offset;
  c.s.fds = c.s.segment[i.segment].selector;
}

// FNINIT.
void initialize(Core& c);

// The 16-bit tag word of FSTENV: valid, zero, special, empty for each physical register.
std::uint16_t tag_word(const State& s);

// The 10 bytes of a register in images.
inline void to_bytes(const X87Register& value, std::uint8_t* at) {
  store_le<std::uint64_t>(at, value.significand);
  store_le<std::uint16_t>(at + 8, value.sign_exponent);
}
inline X87Register from_bytes(const std::uint8_t* at) {
  return {load_le<std::uint64_t>(at), load_le<std::uint16_t>(at + 8)};
}

}  // namespace ice86::cpu::x87
