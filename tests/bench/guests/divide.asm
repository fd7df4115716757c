; SPDX-License-Identifier: LGPL-2.1-or-later
; Greatest common divisors by DIV, ROUNDS times 1,000.
%include "frame.inc"
main:
  xor ebx, ebx
  test ebp, ebp
  jz done
  mov edi, 1
round:
  mov esi, 1000
pair:
  imul edi, edi, 1664525
  add edi, 1013904223
  mov eax, edi
  mov ecx, edi
  rol ecx, 16
  or ecx, 1
euclid:
  xor edx, edx
  div ecx
  mov eax, ecx
  mov ecx, edx
  test ecx, ecx
  jnz euclid
  add ebx, eax
  dec esi
  jnz pair
  dec ebp
  jnz round
done:
  ret
end_of_guest
