; SPDX-License-Identifier: LGPL-2.1-or-later
; Code of a machine whose flash variables are a chip of 8 KiB: exits with the chip's first byte as
; it was, after erasing the first block and programming 256 bytes of it to 21h, 20h, 23h, ...
; With 'L' at the start of the second block it does so for ever.
bits 16
org 0
%define VARS 0xfffee000             ; below this ROM of 64 KiB
start:
  cli
  o32 lgdt [cs:gdt_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  mov bx, 8
  mov ds, bx
  and al, 0xfe
  mov cr0, eax
  mov esi, VARS
  mov bl, [esi]
again:
  mov byte [esi], 0x20              ; block erase
  mov byte [esi], 0xd0
  xor ecx, ecx
program:
  mov byte [esi + ecx], 0x40
  mov al, cl
  xor al, 0x21
  mov [esi + ecx], al
  inc cl
  jnz program
  mov byte [esi], 0xff              ; read array
  cmp byte [esi + 0x1000], 'L'
  je again
  mov al, bl
  mov dx, 0x501
  out dx, al
  jmp $
align 8
gdt:
  dq 0
  dq 0x00cf93000000ffff             ; data, 4 GiB from 0
gdt_pointer:
  dw 15
  dd 0xffff0000 + gdt
  times 0xfff0 - ($ - $$) db 0xff
  jmp 0xf000:start
  times 0x10000 - ($ - $$) db 0xff
