; SPDX-License-Identifier: LGPL-2.1-or-later
; An interpreter of byte codes that jumps through a table; its program counts 1,000 down, ROUNDS times.
%include "frame.inc"
main:
  xor ebx, ebx
  test ebp, ebp
  jz done
round:
  mov edx, 1000
run:
  mov esi, program
next:
  movzx eax, byte [esi]
  inc esi
  jmp [codes + eax * 4]
op_add:
  add ebx, edx
  jmp next
op_xor:
  xor ebx, 0x5a5a1234
  jmp next
op_rotate:
  rol ebx, 3
  jmp next
op_shift:
  mov ecx, ebx
  shr ecx, 7
  sub ebx, ecx
  jmp next
op_down:
  dec edx
  jmp next
op_again:
  test edx, edx
  jnz run
  dec ebp
  jnz round
done:
  ret
align 4
codes: dd op_add, op_xor, op_rotate, op_shift, op_down, op_again
program: db 0, 2, 3, 1, 0, 3, 2, 0, 4, 5
end_of_guest
