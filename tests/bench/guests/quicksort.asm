; SPDX-License-Identifier: LGPL-2.1-or-later
; Sorts 16,384 pseudo-random numbers, ROUNDS times; a checksum of the order.
%include "frame.inc"
numbers equ 0x100000
count equ 16384
main:
  xor ebx, ebx
  test ebp, ebp
  jz done
round:
  mov eax, ebp
  xor ecx, ecx
fill:
  imul eax, eax, 1664525
  add eax, 1013904223
  mov [numbers + ecx * 4], eax
  inc ecx
  cmp ecx, count
  jb fill
  push ebp
  mov esi, numbers
  mov edi, numbers + (count - 1) * 4
  call sort
  pop ebp
  xor ecx, ecx
fold:
  rol ebx, 1
  xor ebx, [numbers + ecx * 4]
  inc ecx
  cmp ecx, count
  jb fold
  dec ebp
  jnz round
done:
  ret
; ESI to EDI, both inside.
sort:
  cmp esi, edi
  jae sorted
  mov eax, edi
  sub eax, esi
  shr eax, 1
  and eax, -4
  mov eax, [esi + eax]      ; the pivot
  mov ecx, esi
  mov edx, edi
part:
  cmp [ecx], eax
  jae left_found
  add ecx, 4
  jmp part
left_found:
  cmp [edx], eax
  jbe right_found
  sub edx, 4
  jmp left_found
right_found:
  cmp ecx, edx
  ja parted
  push dword [ecx]
  push dword [edx]
  pop dword [ecx]
  pop dword [edx]
  add ecx, 4
  sub edx, 4
  cmp ecx, edx
  jbe part
parted:
  push edi
  push ecx
  mov edi, edx
  call sort
  pop esi
  pop edi
  jmp sort
sorted:
  ret
end_of_guest
