; SPDX-License-Identifier: LGPL-2.1-or-later
; 16-bit real mode: calls of an interrupt handler of its own, with segment registers saved and loaded as a BIOS does;
; 1,000 calls, ROUNDS times.
bits 16
org 0x7c00
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  mov word [0x60 * 4], service
  mov [0x60 * 4 + 2], ax
  mov ebp, ROUNDS
  xor ebx, ebx
  test ebp, ebp
  jz finish
round:
  mov cx, 1000
call_it:
  mov ah, cl
  and ah, 3
  mov dx, cx
  int 0x60
  adc ebx, edx
  loop call_it
  dec ebp
  jnz round
finish:
  mov cx, 8
digit:
  rol ebx, 4
  mov al, bl
  and al, 15
  add al, '0'
  cmp al, '9'
  jbe out_digit
  add al, 7
out_digit:
  out 0xe9, al
  loop digit
  mov al, 10
  out 0xe9, al
  mov dx, 0x501
  out dx, al                ; QEMU's and ice86's debug exit
  mov si, word_shutdown
  mov dx, 0x8900
  mov cx, 8
shutdown:
  lodsb
  out dx, al
  loop shutdown
  hlt
; AH: which function; DX: its argument and result. CF in the pushed flags as an answer.
service:
  push ds
  push es
  push bp
  push bx
  mov bp, sp
  mov bx, 0x40
  mov ds, bx
  mov bl, ah
  xor bh, bh
  shl bx, 1
  call [cs:functions + bx]
  jc carry
  and word [bp + 12], 0xfffe
  jmp leave_service
carry:
  or word [bp + 12], 1
leave_service:
  pop bx
  pop bp
  pop es
  pop ds
  iret
function_0:
  add dx, [0x7800]          ; the first word of this program
  add dx, dx
  ret
function_1:
  xor dx, 0x5555
  ret
function_2:
  mov es, dx
  mov dx, es
  ror dx, 3
  ret
function_3:
  imul dx, dx, 17
  stc
  ret
align 2
functions: dw function_0, function_1, function_2, function_3
word_shutdown: db "Shutdown"
  times 510 - ($ - $$) db 0
  dw 0xaa55
  times 0x200000 - ($ - $$) db 0
