; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the VGA: registers after reset and after modes 3 and 13h, attribute flip-flop, DAC, latches and
; write modes, retrace, the Bochs display interface. The registers of the modes are IBM's tables.
%include "probe.inc"

; Prints registers 0 to CX - 1 of the index port DX.
dump:
  pushad
  xor bl, bl
.next:
  mov al, bl
  out dx, al
  inc dx
  in al, dx
  dec dx
  call hex8
  inc bl
  loop .next
  popad
  ret
; Attribute registers 0 to 14h, video on afterwards.
dump_attributes:
  pushad
  xor bl, bl
.next:
  mov dx, 0x3DA
  in al, dx
  mov dx, 0x3C0
  mov al, bl
  out dx, al
  inc dx
  in al, dx
  call hex8
  inc bl
  cmp bl, 0x15
  jb .next
  mov dx, 0x3DA
  in al, dx
  mov dx, 0x3C0
  mov al, 0x20
  out dx, al
  popad
  ret
%macro DUMP 2
  mov dx, %1
  mov cx, %2
  call dump
%endmacro
%macro INDEX 3
  OUTB %1, %2
  OUTB %1 + 1, %3
%endmacro
; Sets a mode from a table at CS:SI: misc, sequencer 0-4, CRTC 0-18h, graphics 0-8, attributes 0-14h.
set_mode:
  pushad
  cs lodsb
  mov dx, 0x3C2
  out dx, al
  mov dx, 0x3C4
  mov cx, 5
  call .indexed
  INDEX 0x3D4, 0x11, 0x00
  mov dx, 0x3D4
  mov cx, 0x19
  call .indexed
  mov dx, 0x3CE
  mov cx, 9
  call .indexed
  mov dx, 0x3DA
  in al, dx
  mov dx, 0x3C0
  xor bl, bl
.attribute:
  mov al, bl
  out dx, al
  cs lodsb
  out dx, al
  inc bl
  cmp bl, 0x15
  jb .attribute
  mov al, 0x20
  out dx, al
  popad
  ret
.indexed:
  xor bl, bl
.register:
  mov al, bl
  out dx, al
  inc dx
  cs lodsb
  out dx, al
  dec dx
  inc bl
  loop .register
  ret
mode3: db 0x67, 0x03,0x00,0x03,0x00,0x02
  db 0x5F,0x4F,0x50,0x82,0x55,0x81,0xBF,0x1F,0x00,0x4F,0x0D,0x0E,0x00,0x00,0x00,0x00,0x9C,0x8E,0x8F,0x28,0x1F,0x96,0xB9,0xA3,0xFF
  db 0x00,0x00,0x00,0x00,0x00,0x10,0x0E,0x00,0xFF
  db 0x00,0x01,0x02,0x03,0x04,0x05,0x14,0x07,0x38,0x39,0x3A,0x3B,0x3C,0x3D,0x3E,0x3F,0x0C,0x00,0x0F,0x08,0x00
mode13: db 0x63, 0x03,0x01,0x0F,0x00,0x0E
  db 0x5F,0x4F,0x50,0x82,0x54,0x80,0xBF,0x1F,0x00,0x41,0x00,0x00,0x00,0x00,0x00,0x00,0x9C,0x8E,0x8F,0x28,0x40,0x96,0xB9,0xA3,0xFF
  db 0x00,0x00,0x00,0x00,0x00,0x40,0x05,0x0F,0xFF
  db 0x00,0x01,0x02,0x03,0x04,0x05,0x06,0x07,0x08,0x09,0x0A,0x0B,0x0C,0x0D,0x0E,0x0F,0x41,0x00,0x0F,0x00,0x00
%macro MODE 1
  mov si, %1
  call set_mode
%endmacro
; Four planes of the byte at A000:ES:0.
show_planes:
  pushad
  xor bl, bl
.plane:
  INDEX 0x3CE, 4, bl
  mov al, [dword fs:0xA0000]
  call hex8
  inc bl
  cmp bl, 4
  jb .plane
  popad
  ret
%macro DISPI_SHOW 1-*
  %rep %0
    OUTW 0x1CE, %1
    SHOWW 0x1CF
    %rotate 1
  %endrep
%endmacro
%macro DISPI 2
  OUTW 0x1CE, %1
  OUTW 0x1CF, %2
%endmacro

probe:
  OUTD 0xCF8, 0x80001004
  OUTW 0xCFC, 0x0003
  ROW "after reset: misc (3CC), feature (3CA), status 0 (3C2)"
  SHOWB 0x3CC
  SHOWB 0x3CA
  SHOWB 0x3C2
  OUTB 0x3C2, 0x67
  ROW "index registers: 3C4, 3CE, 3D4, 3C0"
  OUTB 0x3C4, 0xFF
  SHOWB 0x3C4
  OUTB 0x3CE, 0xFF
  SHOWB 0x3CE
  OUTB 0x3D4, 0xFF
  SHOWB 0x3D4
  INB 0x3DA
  OUTB 0x3C0, 0xFF
  SHOWB 0x3C0
  INB 0x3DA
  OUTB 0x3C0, 0x20
  ROW "mode 3: misc, sequencer"
  MODE mode3
  SHOWB 0x3CC
  DUMP 0x3C4, 5
  ROW "mode 3: CRTC 00-18"
  DUMP 0x3D4, 0x19
  ROW "mode 3: graphics 0-8"
  DUMP 0x3CE, 9
  ROW "mode 3: attributes 00-14"
  call dump_attributes
  ROW "mode 13: misc, sequencer"
  MODE mode13
  SHOWB 0x3CC
  DUMP 0x3C4, 5
  ROW "mode 13: CRTC 00-18"
  DUMP 0x3D4, 0x19
  ROW "mode 13: graphics 0-8"
  DUMP 0x3CE, 9
  ROW "mode 13: attributes 00-14"
  call dump_attributes
  ROW "all written FF: sequencer 1-4"
  INDEX 0x3C4, 1, 0xFF
  SHOWB 0x3C5
  INDEX 0x3C4, 2, 0xFF
  SHOWB 0x3C5
  INDEX 0x3C4, 3, 0xFF
  SHOWB 0x3C5
  INDEX 0x3C4, 4, 0xFF
  SHOWB 0x3C5
  ROW "all written FF: graphics 0-8"
  mov bl, 0
.graphics:
  INDEX 0x3CE, bl, 0xFF
  SHOWB 0x3CF
  inc bl
  cmp bl, 9
  jb .graphics
  MODE mode3
  ROW "CRTC 0-7 protected (register 11 bit 7): 00 written FF; 07 written FF (bit 4 alone)"
  INDEX 0x3D4, 0x11, 0x8E
  INDEX 0x3D4, 0x00, 0xFF
  SHOWB 0x3D5
  INDEX 0x3D4, 0x07, 0xFF
  SHOWB 0x3D5
  INDEX 0x3D4, 0x07, 0x00
  SHOWB 0x3D5
  ROW "CRTC registers that do not exist: 19, 22, 24"
  OUTB 0x3D4, 0x19
  SHOWB 0x3D5
  OUTB 0x3D4, 0x22
  SHOWB 0x3D5
  OUTB 0x3D4, 0x24
  SHOWB 0x3D5
  MODE mode3
  ROW "monochrome (misc bit 0 off): 3D4, 3B4, 3BA"
  OUTB 0x3C2, 0x66
  OUTB 0x3B4, 0x0F
  SHOWB 0x3D4
  SHOWB 0x3B4
  INB 0x3BA
  and al, 0x36
  call hex8
  OUTB 0x3C2, 0x67
  ROW "attribute flip-flop: after 3DA the index; a second write is data"
  INB 0x3DA
  OUTB 0x3C0, 0x32
  OUTB 0x3C0, 0x05
  SHOWB 0x3C0
  SHOWB 0x3C1
  INB 0x3DA
  OUTB 0x3C0, 0x31
  OUTB 0x3C0, 0x3F
  SHOWB 0x3C1
  OUTB 0x3C0, 0x31
  OUTB 0x3C0, 0x00
  ROW "palette is not written while bit 5 is on"
  INB 0x3DA
  OUTB 0x3C0, 0x23
  OUTB 0x3C0, 0x2A
  INB 0x3DA
  OUTB 0x3C0, 0x03
  SHOWB 0x3C1
  OUTB 0x3C0, 0x3F
  INB 0x3DA
  OUTB 0x3C0, 0x03
  SHOWB 0x3C1
  INB 0x3DA
  OUTB 0x3C0, 0x20
  ROW "status 1: retrace bits within a frame (or-ed, and-ed), diagnostic bits"
  xor bx, bx
  mov bh, 0xFF
  mov cx, 20000
.frame:
  INB 0x3DA
  or bl, al
  and bh, al
  push cx
  DELAY 1
  pop cx
  loop .frame
  mov al, bl
  and al, 0x09
  call hex8
  mov al, bh
  and al, 0x09
  call hex8
  mov al, bl
  and al, 0xC6
  call hex8

  ROW "DAC: index 10 written 01 02 3F FF: state, read back"
  OUTB 0x3C6, 0xFF
  SHOWB 0x3C6
  OUTB 0x3C8, 0x10
  SHOWB 0x3C7
  OUTB 0x3C9, 0x01
  OUTB 0x3C9, 0x02
  OUTB 0x3C9, 0xFF
  SHOWB 0x3C8
  OUTB 0x3C7, 0x10
  SHOWB 0x3C7
  SHOWB 0x3C9
  SHOWB 0x3C9
  SHOWB 0x3C9
  SHOWB 0x3C8
  ROW "DAC mask written 5A"
  OUTB 0x3C6, 0x5A
  SHOWB 0x3C6
  OUTB 0x3C6, 0xFF
  ROW "DAC: the index goes from FF to"
  OUTB 0x3C8, 0xFF
  OUTB 0x3C9, 0
  OUTB 0x3C9, 0
  OUTB 0x3C9, 0
  SHOWB 0x3C8

  ; Planar: sequencer 4 = 06 (no chain), map mask, graphics 6 = 05 (A0000, graphics).
  MODE mode13
  INDEX 0x3C4, 4, 0x06
  INDEX 0x3D4, 0x14, 0x00
  INDEX 0x3D4, 0x17, 0xE3
  INDEX 0x3CE, 5, 0x00
  INDEX 0x3CE, 6, 0x05
  mov word [0x600], 0
  ROW "write mode 0, map mask 5: planes"
  INDEX 0x3C4, 2, 0x0F
  mov byte [dword fs:0xA0000], 0x00
  INDEX 0x3C4, 2, 0x05
  mov byte [dword fs:0xA0000], 0xC3
  call show_planes
  ROW "set/reset A, enable F"
  INDEX 0x3C4, 2, 0x0F
  INDEX 0x3CE, 0, 0x0A
  INDEX 0x3CE, 1, 0x0F
  mov byte [dword fs:0xA0000], 0x00
  INDEX 0x3CE, 1, 0x00
  call show_planes
  ROW "bit mask 0F with latches"
  mov al, [dword fs:0xA0000]
  INDEX 0x3CE, 8, 0x0F
  mov byte [dword fs:0xA0000], 0x33
  INDEX 0x3CE, 8, 0xFF
  call show_planes
  ROW "rotate by 3; AND, OR, XOR with 0F"
  INDEX 0x3CE, 3, 0x03
  mov byte [dword fs:0xA0000], 0x81
  INDEX 0x3CE, 3, 0x00
  call show_planes
  mov al, [dword fs:0xA0000]
  INDEX 0x3CE, 3, 0x08
  mov byte [dword fs:0xA0000], 0x0F
  INDEX 0x3CE, 3, 0x00
  call show_planes
  mov al, [dword fs:0xA0000]
  INDEX 0x3CE, 3, 0x10
  mov byte [dword fs:0xA0000], 0x0F
  INDEX 0x3CE, 3, 0x00
  call show_planes
  mov al, [dword fs:0xA0000]
  INDEX 0x3CE, 3, 0x18
  mov byte [dword fs:0xA0000], 0xFF
  INDEX 0x3CE, 3, 0x00
  call show_planes
  ROW "write mode 1 copies the latches"
  mov byte [dword fs:0xA0000], 0x5A
  mov al, [dword fs:0xA0000]
  mov byte [dword fs:0xA0000], 0x00
  INDEX 0x3CE, 5, 0x01
  mov byte [dword fs:0xA0000], 0xFF
  INDEX 0x3CE, 5, 0x00
  call show_planes
  ROW "write mode 2, colour 6, bit mask F0"
  mov byte [dword fs:0xA0000], 0xAA
  mov al, [dword fs:0xA0000]
  INDEX 0x3CE, 5, 0x02
  INDEX 0x3CE, 8, 0xF0
  mov byte [dword fs:0xA0000], 0x06
  INDEX 0x3CE, 8, 0xFF
  INDEX 0x3CE, 5, 0x00
  call show_planes
  ROW "write mode 3, set/reset 9, data 3C"
  mov byte [dword fs:0xA0000], 0x00
  mov al, [dword fs:0xA0000]
  INDEX 0x3CE, 0, 0x09
  INDEX 0x3CE, 5, 0x03
  mov byte [dword fs:0xA0000], 0x3C
  INDEX 0x3CE, 5, 0x00
  call show_planes
  ROW "read mode 1: colour compare 9, don't care F, 7"
  INDEX 0x3CE, 2, 0x09
  INDEX 0x3CE, 7, 0x0F
  INDEX 0x3CE, 5, 0x08
  mov al, [dword fs:0xA0000]
  call hex8
  INDEX 0x3CE, 2, 0x00
  INDEX 0x3CE, 7, 0x07
  mov al, [dword fs:0xA0000]
  call hex8
  INDEX 0x3CE, 5, 0x00
  ROW "chain 4: bytes 0-3 as planes"
  MODE mode13
  mov dword [dword fs:0xA0000], 0x44332211
  INDEX 0x3C4, 4, 0x06
  call show_planes
  MODE mode3
  ROW "text: B8000 character and attribute; A0000 is not decoded"
  mov word [dword fs:0xB8000], 0x1E41
  mov ax, [dword fs:0xB8000]
  call hex16
  mov byte [dword fs:0xA0000], 0x12
  mov al, [dword fs:0xA0000]
  call hex8

  ROW "DISPI: ID after reset; written B0C0, B0C4, B0C5"
  DISPI_SHOW 0
  DISPI 0, 0xB0C0
  DISPI_SHOW 0
  DISPI 0, 0xB0C4
  DISPI_SHOW 0
  DISPI 0, 0xB0C5
  DISPI_SHOW 0
  ROW "DISPI 1-9 after reset; A (64 KiB blocks)"
  DISPI_SHOW 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
  ROW "limits (enable bit 1): x, y, bpp"
  DISPI 4, 0x02
  DISPI_SHOW 1, 2, 3
  DISPI 4, 0x00
  ROW "1024x768x8 with the linear frame buffer: registers"
  DISPI 1, 1024
  DISPI 2, 768
  DISPI 3, 8
  DISPI 4, 0x41
  DISPI_SHOW 1, 2, 3, 4, 5, 6, 7, 8, 9
  ROW "virtual width 2048, y offset 300"
  DISPI 6, 2048
  DISPI 9, 300
  DISPI_SHOW 6, 7, 8, 9
  ROW "linear frame buffer at E0000000 and bank 0 at A0000"
  OUTD 0xCF8, 0x80001010
  OUTD 0xCFC, 0xE0000000
  mov dword [dword fs:0xE0000000], 0xCAFEBABE
  mov eax, [dword fs:0xE0000000]
  call hex32
  mov eax, [dword fs:0xA0000]
  call hex32
  DISPI 5, 1
  mov dword [dword fs:0xE0010000], 0x0BADF00D
  mov eax, [dword fs:0xA0000]
  call hex32
  DISPI 4, 0
  ret

END_OF_ROM
