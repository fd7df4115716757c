; SPDX-License-Identifier: LGPL-2.1-or-later
; REP STOS, REP MOVS by words of four bytes and by bytes, and a loop of loads and stores, over 64 KiB; ROUNDS times.
%include "frame.inc"
source equ 0x100000
target equ 0x110800
main:
  xor ebx, ebx
  test ebp, ebp
  jz done
round:
  mov edi, source
  mov eax, ebp
  mov ecx, 0x4000
  rep stosd
  mov [source + 0x100], ebx
  mov esi, source
  mov edi, target
  mov ecx, 0x4000
  rep movsd
  mov esi, target + 3
  mov edi, source
  mov ecx, 0x8000
  rep movsb
  xor ecx, ecx
move:
  mov eax, [source + ecx * 4]
  mov edx, [target + ecx * 4 + 4]
  mov [target + ecx * 4], eax
  add ebx, edx
  inc ecx
  cmp ecx, 0x1000
  jb move
  dec ebp
  jnz round
done:
  ret
end_of_guest
