; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the 82540EM at function 3.0: registers after reset, EEPROM, PHY, address, link.
%include "probe.inc"
%define REG(x) [dword fs:0xE0000000 + (x)]
%macro SHOW 1-*
  %rep %0
    mov eax, REG(%1)
    call hex32
    %rotate 1
  %endrep
%endmacro
; EEPROM word AL by EERD into AX.
eeprom:
  movzx eax, al
  shl eax, 8
  or al, 1
  mov REG(0x14), eax
  mov cx, 1000
.wait:
  mov eax, REG(0x14)
  test al, 0x10
  jnz .done
  push cx
  DELAY 1
  pop cx
  loop .wait
.done:
  shr eax, 16
  ret
; PHY register AL of PHY 1 by MDIC into AX.
phy:
  movzx eax, al
  shl eax, 16
  or eax, 0x08200000
  mov REG(0x20), eax
  mov cx, 1000
.wait:
  mov eax, REG(0x20)
  bt eax, 28
  jc .done
  push cx
  DELAY 1
  pop cx
  loop .wait
.done:
  ret
%macro EEPROM 1-*
  %rep %0
    mov al, %1
    call eeprom
    call hex16
    %rotate 1
  %endrep
%endmacro
%macro PHY 1-*
  %rep %0
    mov al, %1
    call phy
    call hex16
    %rotate 1
  %endrep
%endmacro

probe:
  OUTD 0xCF8, 0x80001810
  OUTD 0xCFC, 0xE0000000
  OUTD 0xCF8, 0x80001814
  OUTD 0xCFC, 0xD001
  OUTD 0xCF8, 0x80001804
  OUTW 0xCFC, 0x0007
  ROW "CTRL, STATUS (link down or up)"
  SHOW 0x00, 0x08
  SLEEP 100
  ROW "software reset (CTRL.RST): CTRL, STATUS after 100 ms"
  mov dword REG(0), 0x04000000
  SLEEP 100
  SHOW 0x00, 0x08
  ROW "EECD (without the data bit), EERD, CTRL_EXT"
  mov eax, REG(0x10)
  and al, 0xF7
  call hex32
  SHOW 0x14, 0x18
  ROW "ICR, IMS, RCTL, TCTL, TIPG"
  SHOW 0xC0, 0xD0, 0x100, 0x400, 0x410
  ROW "RDLEN RDH RDT, TDLEN TDH TDT"
  SHOW 0x2808, 0x2810, 0x2818, 0x3808, 0x3810, 0x3818
  ROW "PBA, LEDCTL, RAL0, RAH0, RAL1, RAH1"
  SHOW 0x1000, 0xE00, 0x5400, 0x5404, 0x5408, 0x540C
  ROW "EEPROM words 0-2 (address), 3, 8, 9"
  EEPROM 0, 1, 2, 3, 8, 9
  ROW "EEPROM words A-F"
  EEPROM 10, 11, 12, 13, 14, 15
  ROW "EEPROM checksum of words 0-3F"
  xor bx, bx
  xor si, si
.sum:
  mov ax, si
  call eeprom
  add bx, ax
  inc si
  cmp si, 64
  jb .sum
  mov ax, bx
  call hex16
  ROW "PHY 0-6: control, status, ID, advertise, partner, expansion"
  PHY 0, 1, 2, 3, 4, 5, 6
  ROW "PHY 9, A, F, 10, 11, 14, 15"
  PHY 9, 10, 15, 16, 17, 20, 21
  ROW "PHY of address 2: MDIC"
  mov dword REG(0x20), 0x08400000 | (2 << 16)
  DELAY 200
  SHOW 0x20
  ROW "ICS 4: ICR while masked, ICR again"
  mov eax, REG(0xC0)
  mov dword REG(0xC8), 0x04
  SHOW 0xC0, 0xC0
  ROW "IMS 4, ICS 4: IMS, ICR; IMC"
  mov dword REG(0xD0), 0x04
  mov dword REG(0xC8), 0x04
  SHOW 0xD0, 0xC0
  mov dword REG(0xD8), 0xFFFFFFFF
  SHOW 0xD0
  ROW "link up (CTRL.SLU): STATUS after 5 s"
  mov dword REG(0), 0x00000260
  SLEEP 5000
  SHOW 0x08
  ROW "ICR then (LSC)"
  SHOW 0xC0
  ROW "statistics after reset: CRCERRS GPRC GPTC TORL"
  SHOW 0x4000, 0x4074, 0x4080, 0x40C0
  ROW "I/O ports: IOADDR 8, IODATA (STATUS)"
  OUTD 0xD000, 8
  SHOWD 0xD000
  SHOWD 0xD004
  ret

END_OF_ROM
