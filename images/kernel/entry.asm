; SPDX-License-Identifier: LGPL-2.1-or-later
; Multiboot header and entry of the test kernel.
; Reference: Multiboot Specification 0.6.96, sections 3.1 and 3.2.
bits 32
section .multiboot
align 4
MAGIC equ 0x1badb002
FLAGS equ 3                     ; modules on page boundaries, memory map wanted
  dd MAGIC
  dd FLAGS
  dd -(MAGIC + FLAGS)

section .text
global start
extern kernel_main
start:
  cli
  mov esp, stack_top
  cld
  push ebx                      ; multiboot information
  push eax                      ; boot loader magic
  call kernel_main
stop:
  hlt
  jmp stop

section .bss
align 16
  resb 16384
stack_top:
