; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that fills the disk behind it, eight sectors a call (INT 13h AH=43h), each sector with its
; own number in every dword. Ends the machine through port 501h with the status of the call that failed, or
; 0 when the disk (16 MB) is full.
bits 16
org 0x7c00
FIRST equ 64
LAST equ 16 * 2048
BUFFER equ 0x8000
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  sti
  cld
  mov [drive], dl
next:
  mov di, BUFFER
  mov eax, [packet.lba]
fill:
  mov cx, 128
  rep stosd
  inc eax
  cmp di, BUFFER + 8 * 512
  jb fill
  mov ax, 0x4300            ; no verify
  mov dl, [drive]
  mov si, packet
  int 0x13
  mov al, ah
  jc done
  add dword [packet.lba], 8
  cmp dword [packet.lba], LAST
  jb next
  xor al, al
done:
  mov dx, 0x501
  out dx, al
  jmp $
drive: db 0
align 4
packet:
  db 16, 0
  dw 8
  dw BUFFER, 0
.lba:
  dq FIRST
  times 510 - ($ - $$) db 0
  dw 0xaa55
