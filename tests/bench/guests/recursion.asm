; SPDX-License-Identifier: LGPL-2.1-or-later
; fib(24) by recursion with a frame, ROUNDS times; the sum.
%include "frame.inc"
main:
  xor ebx, ebx
  mov esi, ebp
  test esi, esi
  jz done
round:
  push dword 24
  call fib
  add esp, 4
  add ebx, eax
  dec esi
  jnz round
done:
  ret
fib:
  push ebp
  mov ebp, esp
  push edi
  mov edi, [ebp + 8]
  mov eax, edi
  cmp edi, 2
  jb small
  lea eax, [edi - 1]
  push eax
  call fib
  mov [esp], eax
  lea eax, [edi - 2]
  push eax
  call fib
  add esp, 4
  pop ecx
  add eax, ecx
small:
  pop edi
  pop ebp
  ret
end_of_guest
