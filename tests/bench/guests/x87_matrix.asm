; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that multiplies 32 x 32 matrices of doubles with x87 instructions in 32-bit protected
; mode, prints a checksum of the result's bits on port E9 and shuts Bochs and ice86 down.
; ROUNDS: how many products. 0 measures start-up alone.
%ifndef ROUNDS
%define ROUNDS 600
%endif
N equ 32
A equ 0x100000
B equ A + N * N * 8
C equ B + N * N * 8
counter equ C + N * N * 8
%include "frame.inc"
main:
  fninit
  ; A[i] = i * 0.37 - 11, B[i] = 5 - i * 0.013, for N * N elements each.
  xor ecx, ecx
fill:
  mov [counter], ecx
  fild dword [counter]
  fmul qword [factor_a]
  fsub qword [offset_a]
  fstp qword [A + ecx * 8]
  fild dword [counter]
  fmul qword [factor_b]
  fsubr qword [offset_b]
  fstp qword [B + ecx * 8]
  inc ecx
  cmp ecx, N * N
  jb fill
round:
  test ebp, ebp
  jz sum
  mov edi, C                ; C = A * B / N, element by element
  mov esi, A
  mov edx, N
row:
  mov ebx, B
column:
  fldz
  xor ecx, ecx
  mov eax, ebx
element:
  fld qword [esi + ecx * 8]
  fmul qword [eax]
  faddp st1
  add eax, N * 8
  inc ecx
  cmp ecx, N
  jb element
  fdiv dword [size]
  fstp qword [edi]
  add edi, 8
  add ebx, 8
  cmp ebx, B + N * 8
  jb column
  add esi, N * 8
  dec edx
  jnz row
  ; B = 3/4 B + C / 4096: the next round's numbers depend on this one's.
  xor ecx, ecx
blend:
  fld qword [C + ecx * 8]
  fmul dword [small]
  fld qword [B + ecx * 8]
  fmul dword [most]
  fadd st1
  fxch
  fcomip st1
  jp blend_end
  fstp qword [B + ecx * 8]
  inc ecx
  cmp ecx, N * N
  jb blend
blend_end:
  dec ebp
  jmp round
sum:
  xor ebx, ebx
  xor ecx, ecx
fold:
  rol ebx, 3
  add ebx, [B + ecx * 4]
  inc ecx
  cmp ecx, N * N * 2
  jb fold
  ret
align 8
factor_a: dq 0.37
offset_a: dq 11.0
factor_b: dq 0.013
offset_b: dq 5.0
size: dd 32.0
small: dd 0.000244140625
most: dd 0.75
end_of_guest
