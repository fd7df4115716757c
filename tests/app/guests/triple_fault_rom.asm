; SPDX-License-Identifier: LGPL-2.1-or-later
; An IDT with limit 0 and an exception: the CPU shuts down.
; A 64 KiB ROM: code at F000:0000, the reset vector jumps to it.
bits 16
org 0
start:
  o32 lidt [cs:no_idt]
  ud2
no_idt:
  dw 0
  dd 0
  times 0xfff0 - ($ - $$) db 0xff
  jmp 0xf000:start
  times 0x10000 - ($ - $$) db 0xff
