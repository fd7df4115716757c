; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that runs an integer mix in 32-bit protected mode (arithmetic, shifts, loads and stores,
; calls, data-dependent branches), prints its checksum on port E9 and shuts Bochs and ice86 down.
; ROUNDS: how often the inner loop of 1024 steps runs. 0 measures start-up alone.
%ifndef ROUNDS
%define ROUNDS 20000
%endif
bits 16
org 0x7c00
start:
  cli
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00
  lgdt [gdt_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp 8:protected
bits 32
protected:
  mov ax, 16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0x90000
  mov ebx, 0x12345678
  mov edi, 0x100000
  mov ebp, ROUNDS
round:
  test ebp, ebp
  jz finish
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
finish:
  mov ecx, 8
digit:
  rol ebx, 4
  mov al, bl
  and al, 15
  add al, '0'
  cmp al, '9'
  jbe out_digit
  add al, 7
out_digit:
  out 0xe9, al
  loop digit
  mov al, 10
  out 0xe9, al
  mov dx, 0x501
  out dx, al                ; QEMU's and ice86's debug exit
  mov esi, word_shutdown
  mov dx, 0x8900
  mov ecx, 8
shutdown:
  lodsb
  out dx, al
  loop shutdown
  hlt
word_shutdown: db "Shutdown"
align 8
gdt:
  dq 0
  dq 0x00cf9a000000ffff
  dq 0x00cf92000000ffff
gdt_pointer:
  dw 23
  dd gdt
  times 510 - ($ - $$) db 0
  dw 0xaa55
  times 0x200000 - ($ - $$) db 0
