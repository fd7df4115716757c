; SPDX-License-Identifier: LGPL-2.1-or-later
; Where the program and the loader meet: system calls, interrupts, changes of the stack.
;
; The program is compiled for the System V ABI: a function may keep data in the 128 bytes below RSP, the
; red zone, which nothing may touch. The loader and the firmware are compiled for Microsoft's convention,
; which has none. All of it runs in ring 0, and so the processor would push an interrupt's frame into the
; red zone; below, nothing is ever pushed before that is left.
; Reference: Intel SDM vol. 3A sections 5.8.8 (SYSCALL) and 6.14 (64-bit interrupts); System V ABI AMD64
; 3.2.2; Microsoft x64 calling convention.
bits 64
default rel

extern system_call
extern interrupted
extern exception
extern arena
extern arena_states

global call_entry
global resume_call
global switch_context
global enter_program
global leave_program
global interrupt_stubs
global red_zone
global old_handlers
global interrupt_count
global program_interrupt_count

%define RED_ZONE 128
; arena.h
%define ARENA_BASE 0
%define ARENA_PAGES 8
%define ARENA_PAGE_USED 1
%define RFLAGS_IF 9

section .text

; A system call: RAX the number, RDI RSI RDX R10 R8 R9 the arguments, RCX the RIP and R11 the RFLAGS to
; return to. Interrupts are off (FMASK).
call_entry:
  lea rsp, [rsp - RED_ZONE]
  push r11
  push rcx
  push rdi
  push rsi
  push rdx
  push rax
  push r8
  push r9
  push r10
  push rbx
  push rbp
  push r12
  push r13
  push r14
  push r15
  mov rbp, rsp
  ; A system call keeps all vector registers, and C would lose these six.
  sub rsp, 32 + 6 * 16
  and rsp, -16
%assign i 0
%rep 6
  movaps [rsp + 32 + i * 16], xmm%+i
%assign i i + 1
%endrep
  cld
  mov rcx, rbp
  bt r11, RFLAGS_IF
  jnc .off
  sti
.off:
  call system_call
  mov [rbp + 9 * 8], rax
%assign i 0
%rep 6
  movaps xmm%+i, [rsp + 32 + i * 16]
%assign i i + 1
%endrep
resume_call:
  mov rsp, rbp
  pop r15
  pop r14
  pop r13
  pop r12
  pop rbp
  pop rbx
  pop r10
  pop r9
  pop r8
  pop rax
  pop rdx
  pop rsi
  pop rdi
  pop rcx
  pop r11
  push r11
  popfq
  lea rsp, [rsp + RED_ZONE]         ; not ADD: the flags are the program's
  jmp rcx

; switch_context(rcx: where to save RSP, rdx: the RSP to go on with); SavedContext is what it pushes.
switch_context:
  push rbx
  push rbp
  push rdi
  push rsi
  push r12
  push r13
  push r14
  push r15
  pushfq
  sub rsp, 176
%assign i 0
%rep 10
  %assign n i + 6
  movups [rsp + i * 16], xmm%+n
%assign i i + 1
%endrep
  stmxcsr [rsp + 160]
  fnstcw [rsp + 164]
  mov [rcx], rsp
  mov rsp, rdx
%assign i 0
%rep 10
  %assign n i + 6
  movups xmm%+n, [rsp + i * 16]
%assign i i + 1
%endrep
  ldmxcsr [rsp + 160]
  fldcw [rsp + 164]
  add rsp, 176
  popfq
  pop r15
  pop r14
  pop r13
  pop r12
  pop rsi
  pop rdi
  pop rbp
  pop rbx
  ret

; enter_program(rcx: RIP, rdx: RSP) returns what leave_program is given.
enter_program:
  push rbx
  push rbp
  push rdi
  push rsi
  push r12
  push r13
  push r14
  push r15
  sub rsp, 168
%assign i 0
%rep 10
  %assign n i + 6
  movups [rsp + i * 16], xmm%+n
%assign i i + 1
%endrep
  mov [loader_rsp], rsp
  mov rsp, rdx
  mov r11, rcx
  xor eax, eax
  xor ebx, ebx
  xor ecx, ecx
  xor edx, edx                      ; no function for atexit
  xor esi, esi
  xor edi, edi
  xor ebp, ebp
  jmp r11

leave_program:
  mov rax, rcx
  mov rsp, [loader_rsp]
%assign i 0
%rep 10
  %assign n i + 6
  movups xmm%+n, [rsp + i * 16]
%assign i i + 1
%endrep
  add rsp, 168
  pop r15
  pop r14
  pop r13
  pop r12
  pop rsi
  pop rdi
  pop rbp
  pop rbx
  ret

; One stub of 16 bytes for each vector. They run with interrupts off on a stack of their own (IST1), which
; so is free again before the next interrupt: the firmware's handler runs on the interrupted stack.
align 16
interrupt_stubs:
%assign vector 0
%rep 256
  align 16
  push strict dword vector
  jmp strict near interrupt
%assign vector vector + 1
%endrep

; On the stack: vector, RIP, CS, RFLAGS, RSP, SS; an error code behind the vector of some exceptions.
interrupt:
  push rax
  push rcx
  push rdx
%define SAVED_RDX rsp
%define VECTOR rsp + 24
%define FRAME rsp + 32
  cmp qword [VECTOR], 32
  jb .exception
  inc qword [interrupt_count]
  mov rcx, [FRAME + 24]             ; the interrupted RSP
  sub rcx, [red_zone]
  and rcx, -16
  ; Is it the program? Its code is in used pages of the arena.
  mov rax, [FRAME]
  sub rax, [arena + ARENA_BASE]
  jb .deliver
  shr rax, 12
  cmp rax, [arena + ARENA_PAGES]
  jae .deliver
  mov rdx, [arena_states]
  cmp byte [rdx + rax], ARENA_PAGE_USED
  jne .deliver
  ; The program: its own frame goes below the red zone, and the firmware gets one that returns to
  ; `after_interrupt`, with RSP at the program's.
  inc qword [program_interrupt_count]
%assign i 0
%rep 5
  mov rax, [FRAME + 32 - i * 8]
  mov [rcx - 8 - i * 8], rax
%assign i i + 1
%endrep
  lea rax, [rcx - 40]
  mov [FRAME + 24], rax
  lea rax, [after_interrupt]
  mov [FRAME], rax
  and qword [FRAME + 16], ~0x300    ; IF and TF
  sub rcx, 48
.deliver:
  ; The processor's frame once more, on the interrupted stack, and below it what `ret` and the pops take.
%assign i 0
%rep 5
  mov rax, [FRAME + 32 - i * 8]
  mov [rcx - 8 - i * 8], rax
%assign i i + 1
%endrep
  mov rax, [VECTOR]
  lea rdx, [old_handlers]
  mov rax, [rdx + rax * 8]
  mov [rcx - 48], rax
%assign i 0
%rep 3
  mov rax, [SAVED_RDX + 16 - i * 8]
  mov [rcx - 56 - i * 8], rax
%assign i i + 1
%endrep
  lea rsp, [rcx - 72]
  pop rdx
  pop rcx
  pop rax
  ret

.exception:
  push rbx
  push rbp
  push rsi
  push rdi
  push r8
  push r9
  push r10
  push r11
  push r12
  push r13
  push r14
  push r15
  mov rcx, rsp
  sub rsp, 32
  and rsp, -16
  cld
  call exception
.stop:
  hlt
  jmp .stop

; The firmware has handled an interrupt that hit the program. RSP is at the program's frame, interrupts
; are off.
after_interrupt:
  push rax
  push rcx
  push rdx
  push rbx
  push rbp
  push rsi
  push rdi
  push r8
  push r9
  push r10
  push r11
  push r12
  push r13
  push r14
  push r15
  mov rbp, rsp
  sub rsp, 32 + 512
  and rsp, -64
  fxsave64 [rsp + 32]               ; behind the 32 bytes that belong to the called function
  cld
  mov rcx, rbp
  call interrupted
  fxrstor64 [rsp + 32]
  mov rsp, rbp
  pop r15
  pop r14
  pop r13
  pop r12
  pop r11
  pop r10
  pop r9
  pop r8
  pop rdi
  pop rsi
  pop rbp
  pop rbx
  pop rdx
  pop rcx
  pop rax
  iretq

section .data align=8
loader_rsp: dq 0
red_zone: dq RED_ZONE               ; 0 shows what happens without: see the test
interrupt_count: dq 0
program_interrupt_count: dq 0
old_handlers: times 256 dq 0
