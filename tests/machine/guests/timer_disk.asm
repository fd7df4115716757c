; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that uses what a boot loader uses: prints by INT 10h, waits three timer ticks with HLT,
; reads 8 sectors by INT 13h, sums them, asks E820 and the date, goes to protected mode and back, writes a
; line to port E9 and ends the run through port 501.
; Expected: "sum=XXXX" on port E9, debug exit value 3.
bits 16
org 0x7c00
start:
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  mov [drive], dl
  sti
  mov si, hello
print:
  lodsb
  test al, al
  jz waiting
  mov ah, 0x0e
  mov bx, 7
  int 0x10
  jmp print
waiting:
  mov cx, 3
tick:
  mov ax, [0x46c]
same:
  hlt
  cmp ax, [0x46c]
  je same
  loop tick
  mov ax, 0x0208          ; 8 sectors of track 0 from sector 1
  mov cx, 0x0001
  mov dh, 0
  mov dl, [drive]
  mov bx, 0x8000
  int 0x13
  jc failed
  mov si, 0x8000
  mov cx, 8 * 256
  xor dx, dx
sum:
  lodsw
  add dx, ax
  rol dx, 1
  loop sum
  mov [total], dx
  xor ebx, ebx
  mov eax, 0xe820
  mov edx, 0x534d4150
  mov ecx, 20
  mov di, 0x9000
  int 0x15
  jc failed
  mov ah, 4
  int 0x1a
  jc failed
  cli
  lgdt [gdt_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp 8:protected
bits 32
protected:
  mov ax, 16
  mov ds, ax
  mov dword [0x200000], 0x12345678
  jmp 24:back
bits 16
back:
  mov eax, cr0
  and al, 0xfe
  mov cr0, eax
  jmp 0:real
real:
  xor ax, ax
  mov ds, ax
  sti
  mov si, label
line:
  lodsb
  test al, al
  jz number
  out 0xe9, al
  jmp line
number:
  mov dx, [total]
  mov cx, 4
digit:
  rol dx, 4
  mov al, dl
  and al, 15
  cmp al, 10
  sbb al, 0x69
  das
  out 0xe9, al
  loop digit
  mov al, 10
  out 0xe9, al
  mov al, 3
  jmp done
failed:
  mov al, 1
done:
  mov dx, 0x501
  out dx, al
  jmp $
hello: db "machine test", 13, 10, 0
label: db "sum=", 0
drive: db 0
total: dw 0
align 8
gdt:
  dq 0
  dq 0x00cf9a000000ffff
  dq 0x00cf92000000ffff
  dq 0x00009a000000ffff
gdt_pointer:
  dw 31
  dd gdt
  times 510 - ($ - $$) db 0
  dw 0xaa55
  times 0x100000 - ($ - $$) db 0x5a
