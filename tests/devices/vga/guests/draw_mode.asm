; SPDX-License-Identifier: LGPL-2.1-or-later
; Boot sector: sets a video mode by INT 10h, draws 64 x 16 pixels of colour ((x + y) / 4) & 3 with the
; BIOS, and ends the run through the debug exit port.
; The test stores the mode at offset 1F0h; a mode of 100h and more is set by VBE, and drawn through the
; window at A0000h (8 bits a pixel).
bits 16
org 0x7C00
width equ 64
height equ 16

start:
  cli
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7C00
  sti
  cld
  mov bx, [mode]
  cmp bx, 0x100
  jae vbe
  mov ax, bx
  int 0x10
  xor dx, dx
.row:
  xor cx, cx
.pixel:
  call color
  mov ah, 0x0C
  mov bh, 0
  int 0x10
  inc cx
  cmp cx, width
  jb .pixel
  inc dx
  cmp dx, height
  jb .row
finish:
  mov al, 0
fail:
  mov dx, 0x501
  out dx, al
  hlt

color:                          ; cx, dx -> al
  mov ax, cx
  add ax, dx
  shr ax, 2
  and al, 3
  ret

vbe:
  mov ax, 0x4F02
  int 0x10
  cmp ax, 0x004F
  mov al, 1
  jne fail
  mov ax, 0xA000
  mov es, ax
  xor dx, dx
.row:
  mov ax, dx
  mov bx, [pitch]
  push dx
  mul bx
  pop dx
  mov di, ax
  xor cx, cx
.pixel:
  call color
  stosb
  inc cx
  cmp cx, width
  jb .pixel
  inc dx
  cmp dx, height
  jb .row
  jmp finish

times 0x1F0 - ($ - $$) db 0
mode: dw 3
pitch: dw 640
times 510 - ($ - $$) db 0
dw 0xAA55
