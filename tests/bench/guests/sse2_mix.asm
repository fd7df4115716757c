; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that works through arrays with SSE2 in 32-bit protected mode (single and double
; precision, packed and scalar, integers, shuffles, conversions), prints a checksum on port E9 and
; shuts Bochs and ice86 down.
; ROUNDS: how often it goes through the arrays. 0 measures start-up alone.
%ifndef ROUNDS
%define ROUNDS 6000
%endif
N equ 2048                  ; floats in each array
X equ 0x100000
Y equ X + N * 4
Z equ Y + N * 4
bits 16
org 0x7c00
start:
  cli
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00
  lgdt [gdt_pointer]
  mov eax, cr0
  or al, 3                  ; PE, MP
  and al, ~4                ; EM
  mov cr0, eax
  jmp 8:protected
bits 32
protected:
  mov ax, 16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0x90000
  mov eax, cr4
  or eax, 0x600             ; OSFXSR, OSXMMEXCPT
  mov cr4, eax
  ; X[i] = i * 0.37 - 11, Y[i] = 5 - X[i], Z[i] = 0
  xor ecx, ecx
fill:
  cvtsi2ss xmm0, ecx
  mulss xmm0, [factor]
  subss xmm0, [offset]
  movss [X + ecx * 4], xmm0
  movss xmm1, [five]
  subss xmm1, xmm0
  movss [Y + ecx * 4], xmm1
  mov dword [Z + ecx * 4], 0
  inc ecx
  cmp ecx, N
  jb fill
  movaps xmm6, [most]
  movaps xmm7, [rest]
  mov ebp, ROUNDS
round:
  test ebp, ebp
  jz sum
  xor ecx, ecx
  pxor xmm5, xmm5
  xorps xmm4, xmm4
step:                       ; 22 instructions for 4 elements
  movaps xmm0, [X + ecx * 4]
  movaps xmm1, [Y + ecx * 4]
  mulps xmm0, xmm7
  mulps xmm1, xmm6
  addps xmm1, xmm0
  movaps [Y + ecx * 4], xmm1
  pshufd xmm2, xmm1, 0x1b
  paddd xmm5, xmm2
  movdqa xmm3, [Z + ecx * 4]
  pmaddwd xmm2, xmm5
  pxor xmm3, xmm2
  psrlq xmm2, 7
  por xmm3, xmm2
  movdqa [Z + ecx * 4], xmm3
  cvtps2pd xmm0, xmm1
  mulpd xmm0, xmm0
  addsd xmm4, xmm0
  unpcklps xmm1, xmm6
  maxps xmm1, xmm7
  add ecx, 4
  cmp ecx, N
  jb step
  sqrtsd xmm4, xmm4
  cvttsd2si eax, xmm4
  xor [Z], eax
  dec ebp
  jmp round
sum:
  xor ebx, ebx
  xor ecx, ecx
fold:
  rol ebx, 3
  add ebx, [X + ecx * 4]
  inc ecx
  cmp ecx, N * 3
  jb fold
  mov ecx, 8
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
  mov esi, word_shutdown
  mov dx, 0x8900
  mov ecx, 8
shutdown:
  lodsb
  out dx, al
  loop shutdown
  hlt
word_shutdown: db "Shutdown"
align 16
most: dd 0.75, 0.75, 0.75, 0.75
rest: dd 0.25, 0.25, 0.25, 0.25
factor: dd 0.37
offset: dd 11.0
five: dd 5.0
gdt:
  dq 0
  dq 0x00cf9a000000ffff
  dq 0x00cf92000000ffff
gdt_pointer:
  dw 23
  dd gdt
  times 510 - ($ - $$) db 0
  dw 0xaa55
  times 0x200000 - ($ - $$) db 0
