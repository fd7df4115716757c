; SPDX-License-Identifier: LGPL-2.1-or-later
; A loop of 1,000 steps whose constant is written into the code before each run, ROUNDS times.
%include "frame.inc"
main:
  xor ebx, ebx
  test ebp, ebp
  jz done
round:
  mov [constant + 2], ebp
  mov ecx, 1000
step:
  rol ebx, 1
constant:
  add ebx, 0x12345678
  dec ecx
  jnz step
  dec ebp
  jnz round
done:
  ret
end_of_guest
