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
%include "frame.inc"
main:
  mov eax, cr0
  or al, 2                  ; MP
  and al, ~4                ; EM
  mov cr0, eax
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
  ret
align 16
most: dd 0.75, 0.75, 0.75, 0.75
rest: dd 0.25, 0.25, 0.25, 0.25
factor: dd 0.37
offset: dd 11.0
five: dd 5.0
end_of_guest
