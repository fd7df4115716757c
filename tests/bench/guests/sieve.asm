; SPDX-License-Identifier: LGPL-2.1-or-later
; The primes below 200,000, ROUNDS times; their count times ROUNDS.
%include "frame.inc"
flags equ 0x100000
most equ 200000
main:
  xor ebx, ebx
  test ebp, ebp
  jz done
round:
  mov edi, flags
  mov eax, 0x01010101
  mov ecx, most / 4
clear:
  mov [edi], eax
  add edi, 4
  dec ecx
  jnz clear
  mov ecx, 2
number:
  cmp byte [flags + ecx], 0
  je next
  inc ebx
  lea eax, [ecx + ecx]
  jmp check
strike:
  mov byte [flags + eax], 0
  add eax, ecx
check:
  cmp eax, most
  jb strike
next:
  inc ecx
  cmp ecx, most
  jb number
  dec ebp
  jnz round
done:
  ret
end_of_guest
