; SPDX-License-Identifier: LGPL-2.1-or-later
; Additions of 256-bit numbers with their carries, in a loop whose counter leaves CF alone, ROUNDS times 1,000.
%include "frame.inc"
first equ 0x100000
second equ 0x100100
main:
  mov ebx, 0x9e3779b9
  test ebp, ebp
  jz done
  xor ecx, ecx
fill:
  imul ebx, ebx, 69069
  inc ebx
  mov [first + ecx * 4], ebx
  mov [second + ecx * 4 + 32], ebx
  inc ecx
  cmp ecx, 128
  jb fill
round:
  mov edx, 1000
number:
  mov esi, first
  mov edi, second
  mov ecx, 8
  clc
limb:
  mov eax, [esi]
  adc eax, [edi]
  mov [esi], eax
  lea esi, [esi + 4]
  lea edi, [edi + 4]
  dec ecx
  jnz limb
  sbb ebx, eax
  dec edx
  jnz number
  dec ebp
  jnz round
done:
  ret
end_of_guest
