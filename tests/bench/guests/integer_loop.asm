; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that runs an integer mix in 32-bit protected mode (arithmetic, shifts, loads and stores,
; calls, data-dependent branches), prints its checksum on port E9 and shuts Bochs and ice86 down.
; ROUNDS: how often the inner loop of 1024 steps runs. 0 measures start-up alone.
%ifndef ROUNDS
%define ROUNDS 20000
%endif
%include "frame.inc"
main:
  mov ebx, 0x12345678
  mov edi, 0x100000
round:
  test ebp, ebp
  jz done
  mov ecx, 1024
step:
  mov eax, ebx
  shl eax, 13
  xor ebx, eax
  mov eax, ebx
  shr eax, 17
  xor ebx, eax
  mov eax, ebx
  shl eax, 5
  xor ebx, eax
  mov edx, ebx
  and edx, 0xffc
  add [edi + edx], ebx
  test bl, 3
  jnz skip
  call mix
skip:
  imul eax, ebx, 17
  adc [edi + 0x1000], eax
  dec ecx
  jnz step
  dec ebp
  jmp round
mix:
  push ecx
  mov ecx, ebx
  rol ecx, 7
  sub ebx, ecx
  sbb ebx, 0
  pop ecx
  ret
done:
  ret
end_of_guest
