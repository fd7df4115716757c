; SPDX-License-Identifier: LGPL-2.1-or-later
; Resets the machine through port CF9, again and again.
; A 64 KiB ROM: code at F000:0000, the reset vector jumps to it.
bits 16
org 0
start:
  mov dx, 0xcf9
  mov al, 6
  out dx, al
  jmp $
  times 0xfff0 - ($ - $$) db 0xff
  jmp 0xf000:start
  times 0x10000 - ($ - $$) db 0xff
