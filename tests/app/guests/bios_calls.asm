; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that asks the BIOS for what stands behind it: disk, clock, memory, serial line, keyboard.
; Ends the machine through port 501h. The disk is 4 MB; each sector begins with its number.
bits 16
org 0x7c00
BUFFER equ 0x8000
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  sti
  mov [drive], dl
  mov ah, 0x08              ; geometry
  call disk
  xor di, di
  mov es, di
  mov word [BUFFER], 26     ; EDD: parameters
  mov si, BUFFER
  mov ah, 0x48
  call disk
  mov cx, 4                 ; sectors 1 to 4 by number
reads:
  push cx
  inc dword [packet.lba]
  mov si, packet
  mov ah, 0x42
  call disk
  pop cx
  loop reads
  mov ax, 0x0201            ; cylinder 0, head 0, sector 2
  mov bx, BUFFER
  mov cx, 0x0002
  mov dh, 0
  mov dl, [drive]
  int 0x13
  mov ah, 0x04              ; date
  int 0x1a
  mov ah, 0x88              ; extended memory
  int 0x15
  int 0x12
  mov ax, 0x00e3            ; COM1: 9600 8n1, then its status
  xor dx, dx
  int 0x14
  mov ah, 0x03
  xor dx, dx
  int 0x14
  mov ah, 0                 ; a key
  int 0x16
  mov dx, 0x501
  xor al, al
  out dx, al
  jmp $
disk:
  mov dl, [drive]
  int 0x13
  ret
drive: db 0
align 4
packet:
  db 16, 0
  dw 1
  dw BUFFER, 0
.lba:
  dq 0
  times 510 - ($ - $$) db 0
  dw 0xaa55
%assign sector 1
%rep 8191
  dd 0x01020300 + sector
  times 508 db 0
%assign sector sector + 1
%endrep
