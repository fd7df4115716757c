// SPDX-License-Identifier: LGPL-2.1-or-later
// What entry.asm leaves on the stack; the order of the fields is its order of pushes.
#pragma once

#include <stdint.h>

// Of a system call. SYSCALL itself destroys RCX and R11.
typedef struct {
  uint64_t r15, r14, r13, r12, rbp, rbx, r10, r9, r8, rax, rdx, rsi, rdi, rip, rflags;
} CallFrame;

// Of an interrupt that has hit the program.
typedef struct {
  uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
  uint64_t rip, cs, rflags, rsp, ss;
} InterruptFrame;

// Of an exception; an error code may stand between `vector` and the processor's own frame.
typedef struct {
  uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
  uint64_t vector;
  uint64_t processor[6];
} ExceptionFrame;

// What switch_context saves: the registers that a called function keeps, by the convention of
// UEFI's C, and where it goes on.
typedef struct {
  uint8_t xmm[10][16];  // XMM6-XMM15
  uint32_t mxcsr;
  uint16_t x87_control, pad;
  uint64_t pad2;
  uint64_t rflags, r15, r14, r13, r12, rsi, rdi, rbp, rbx;
  uint64_t rip;
} SavedContext;

// entry.asm
uint64_t enter_program(uint64_t rip, uint64_t rsp);
_Noreturn void leave_program(uint64_t code);
void switch_context(uint64_t* saved_rsp, uint64_t rsp);
void resume_call(void);  // the first RIP of a new thread, with its CallFrame in RBP
void call_entry(void);
extern uint8_t interrupt_stubs[];
