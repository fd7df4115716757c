// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 1 figure 8-9 (the image of FSAVE), vol. 2 FNSAVE, FRSTOR.
#include "cpu/interp/x87_host.h"

#include <cstring>

#include "cpu/x87.h"

#if !defined(__x86_64__)
#error "x87 arithmetic is the host's own: the host must be x86-64"
#endif

// Every ESC instruction, 4 bytes apart: for each first byte D8..DF the eight memory forms, at
// (%rsi), then the 64 register forms; each followed by RET. Encodings that do not exist stand there
// too, and are never called: the decoder has refused them.
//
// ice86_x87_run(image, operand, instruction, flags): loads the FSAVE image and the flags, calls the
// instruction, saves the image again and returns the flags. FNSAVE does not wait for a pending
// exception, so unmasked ones stay in the image. It leaves the host's x87 initialised, which is the
// state that the ABI wants.
asm(R"(
  .pushsection .text
  .balign 16
  .hidden ice86_x87_instructions
  .globl ice86_x87_instructions
ice86_x87_instructions:
  .set ice86_x87_first, 0xd8
  .rept 8
    .set ice86_x87_modrm, 0x06
    .rept 8
      .byte ice86_x87_first, ice86_x87_modrm, 0xc3, 0x90
      .set ice86_x87_modrm, ice86_x87_modrm + 8
    .endr
    .set ice86_x87_modrm, 0xc0
    .rept 64
      .byte ice86_x87_first, ice86_x87_modrm, 0xc3, 0x90
      .set ice86_x87_modrm, ice86_x87_modrm + 1
    .endr
    .set ice86_x87_first, ice86_x87_first + 1
  .endr

  .balign 16
  .hidden ice86_x87_run
  .globl ice86_x87_run
  .type ice86_x87_run, @function
ice86_x87_run:
  frstor (%rdi)
  pushq %rcx
  popfq
  callq *%rdx
  pushfq
  popq %rax
  fnsave (%rdi)
  retq
  .size ice86_x87_run, . - ice86_x87_run
  .popsection
)");

extern "C" {
extern const std::uint8_t ice86_x87_instructions[];
std::uint64_t ice86_x87_run(void* image, void* operand, const std::uint8_t* instruction,
                            std::uint64_t flags);
}

namespace ice86::cpu::x87 {

namespace {

// The 32-bit protected-mode image, which is also what 64-bit mode uses.
struct Image {
  std::uint32_t control, status, tags;
  std::uint32_t pointers[4];
  std::uint8_t registers[8][10];  // ST(0) first
};
static_assert(sizeof(Image) == 108);

const std::uint8_t* instruction_at(unsigned opcode) {
  const unsigned modrm = opcode & 0xff;
  const unsigned form = modrm >= 0xc0 ? 8 + (modrm & 0x3f) : modrm >> 3 & 7;
  return ice86_x87_instructions + ((opcode >> 8 & 7) * (8 + 64) + form) * 4;
}

}  // namespace

std::uint16_t run_on_host(State& s, unsigned opcode, Operand& operand,
                          std::uint32_t& arithmetic_flags) {
  Image image{};
  image.control = s.fcw;
  // Without the sticky bits, so that what comes back was raised now.
  const std::uint16_t sticky = s.fsw & kSticky;
  image.status = s.fsw & (kTop | kConditions);
  for (unsigned i = 0; i < 8; ++i) {
    if (is_empty(s, i)) image.tags |= 3u << (2 * i);
    to_bytes(s.x87[physical(s, i)], image.registers[i]);
  }
  constexpr std::uint32_t kOthers = flag::kFixed | flag::kIf;
  const std::uint64_t flags = ice86_x87_run(&image, operand.bytes, instruction_at(opcode),
                                            (arithmetic_flags & flag::kArithmetic) | kOthers);
  arithmetic_flags = static_cast<std::uint32_t>(flags) & flag::kArithmetic;
  const auto raised = static_cast<std::uint16_t>(image.status & kExceptions);
  s.fsw = static_cast<std::uint16_t>((image.status & (kTop | kConditions | kSticky)) | sticky);
  s.x87_empty = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if ((image.tags >> (2 * i) & 3) == 3) mark_empty(s, i);
    s.x87[physical(s, i)] = from_bytes(image.registers[i]);
  }
  return raised;
}

}  // namespace ice86::cpu::x87
