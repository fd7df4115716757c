; SPDX-License-Identifier: LGPL-2.1-or-later
; CRC-32 by table over 64 KiB, ROUNDS times.
%include "frame.inc"
table equ 0x100000
data equ 0x110000
main:
  xor ebx, ebx
  test ebp, ebp
  jz done
  xor ecx, ecx
entry:
  mov eax, ecx
  mov edx, 8
bit_of_entry:
  shr eax, 1
  jnc no_polynomial
  xor eax, 0xedb88320
no_polynomial:
  dec edx
  jnz bit_of_entry
  mov [table + ecx * 4], eax
  inc cl
  jnz entry
  mov edi, data
  mov ecx, 0x10000
  mov eax, 1
fill:
  imul eax, eax, 1103515245
  add eax, 12345
  mov edx, eax
  shr edx, 16
  mov [edi], dl
  inc edi
  dec ecx
  jnz fill
  not ebx
round:
  mov esi, data
  mov ecx, 0x10000
step:
  movzx eax, byte [esi]
  xor al, bl
  shr ebx, 8
  movzx eax, al
  xor ebx, [table + eax * 4]
  inc esi
  dec ecx
  jnz step
  dec ebp
  jnz round
done:
  ret
end_of_guest
