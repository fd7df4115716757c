; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that stresses 32-bit paging with 4 KB pages: reads and writes all over 16 MB of linear
; memory (four times what 1024 TLB entries cover), exchanges page table entries with INVLPG, clears
; accessed and dirty bits and reloads CR3; prints a checksum on port E9 and shuts Bochs and ice86
; down.
; ROUNDS: how often. 0 measures start-up alone.
%ifndef ROUNDS
%define ROUNDS 40000
%endif
DIRECTORY equ 0x100000
LOW_TABLE equ 0x101000      ; linear 0-4 MB: itself
TABLES equ 0x102000         ; linear 1 GB-1 GB + 16 MB: physical 4 MB-20 MB
LINEAR equ 0x40000000
PAGES equ 4096
bits 16
org 0x7c00
start:
  cli
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00
  in al, 0x92
  or al, 2                  ; A20
  and al, ~1
  out 0x92, al
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
  cld
  mov edi, DIRECTORY
  xor eax, eax
  mov ecx, 1024
  rep stosd
  mov dword [DIRECTORY], LOW_TABLE + 3
  xor ecx, ecx
directory:
  mov eax, ecx
  shl eax, 12
  add eax, TABLES + 3
  mov [DIRECTORY + (LINEAR >> 20) + ecx * 4], eax
  inc ecx
  cmp ecx, PAGES / 1024
  jb directory
  mov edi, LOW_TABLE
  mov eax, 3
  mov ecx, 1024
low:
  stosd
  add eax, 4096
  loop low
  mov edi, TABLES
  mov eax, 0x400003
  mov ecx, PAGES
high:
  stosd
  add eax, 4096
  loop high
  mov eax, DIRECTORY
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80010000        ; PG, WP
  mov cr0, eax
  jmp paged
paged:
  mov edi, LINEAR           ; known content
  mov ecx, PAGES * 1024
  xor eax, eax
  rep stosd
  mov ebx, 12345            ; the random numbers' seed
  mov ebp, ROUNDS
round:
  test ebp, ebp
  jz sum
  mov ecx, 32
step:                       ; 18 instructions
  imul ebx, ebx, 1664525
  add ebx, 1013904223
  mov esi, ebx
  shr esi, 8
  and esi, PAGES * 4096 - 8
  mov eax, [LINEAR + esi]
  rol eax, 5
  xor eax, ebx
  mov [LINEAR + esi], eax
  mov edx, ebx
  shr edx, 20
  and edx, 0xffc            ; near: the first page
  add [LINEAR + edx], eax
  push eax
  call near_work
  pop edx
  dec ecx
  jnz step
  ; exchange the entries of two pages, their A and D bits cleared
  mov esi, ebx
  shr esi, 10
  and esi, (PAGES - 1)
  mov edi, ebx
  shr edi, 17
  and edi, (PAGES - 1)
  mov eax, [TABLES + esi * 4]
  mov edx, [TABLES + edi * 4]
  and eax, ~0x60
  and edx, ~0x60
  mov [TABLES + esi * 4], edx
  mov [TABLES + edi * 4], eax
  shl esi, 12
  shl edi, 12
  invlpg [LINEAR + esi]
  invlpg [LINEAR + edi]
  test ebp, 63
  jnz next
  mov eax, cr3
  mov cr3, eax
next:
  dec ebp
  jmp round
near_work:
  lea eax, [eax + edx]
  mov [scratch], eax
  ret
sum:
  xor edx, edx
  mov ecx, PAGES * 1024
  mov esi, LINEAR
fold:
  rol edx, 3
  add edx, [esi]
  add esi, 4
  loop fold
  mov esi, TABLES
  mov ecx, PAGES
entries:
  rol edx, 3
  add edx, [esi]
  add esi, 4
  loop entries
  mov ecx, 8
digit:
  rol edx, 4
  mov al, dl
  and al, 15
  cmp al, 10
  sbb al, 0x69
  das
  out 0xe9, al
  loop digit
  mov al, 10
  out 0xe9, al
  mov dx, 0x501
  out dx, al                ; QEMU's and ice86's debug exit
  mov esi, word_shutdown
  mov dx, 0x8900
  mov cl, 8
shutdown:
  lodsb
  out dx, al
  loop shutdown
  hlt
word_shutdown: db "Shutdown"
align 4
scratch: dd 0
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
