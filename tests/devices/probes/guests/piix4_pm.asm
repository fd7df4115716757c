; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the PIIX4's power management (function 1.3): PM timer, status and enable, SMBus.
; The base registers are those of SeaBIOS: 40h (PMBA), 80h (PMREGMISC), 90h (SMBBA), D2h (SMBHSTCFG).
%include "probe.inc"

kPm equ 0x600
kSmb equ 0x700
%macro CONFIG 2
  OUTD 0xCF8, 0x80000B00 | %1
  mov eax, %2
  mov dx, 0xCFC
  out dx, eax
%endmacro
%macro SHOWC 1
  OUTD 0xCF8, 0x80000B00 | %1
  SHOWD 0xCFC
%endmacro
; Reads byte AL of the SPD at AH (slave address): prints status and data.
spd:
  push ax
  OUTB kSmb, 0x1E
  pop ax
  push ax
  mov dx, kSmb + 3
  out dx, al
  mov al, ah
  or al, 1
  mov dx, kSmb + 4
  out dx, al
  OUTB kSmb + 2, 0x48
  mov cx, 100
.busy:
  push cx
  DELAY 100
  pop cx
  INB kSmb
  test al, 1
  loopnz .busy
  call hex8
  SHOWB kSmb + 5
  pop ax
  ret

probe:
  ROW "40, 80, 90, D0 after reset"
  SHOWC 0x40
  SHOWC 0x80
  SHOWC 0x90
  SHOWC 0xD0
  CONFIG 0x40, kPm | 1
  CONFIG 0x80, 0x01
  CONFIG 0x90, kSmb | 1
  CONFIG 0xD0, 0x00090000
  CONFIG 0x04, 0x01
  ROW "the same, set up"
  SHOWC 0x40
  SHOWC 0x80
  SHOWC 0x90
  SHOWC 0xD0
  ROW "PMSTS, PMEN, PMCNTRL"
  SHOWW kPm
  SHOWW kPm + 2
  SHOWW kPm + 4
  ROW "PMEN written FFFF, 0"
  OUTW kPm + 2, 0xFFFF
  SHOWW kPm + 2
  OUTW kPm + 2, 0
  ROW "PMCNTRL written DFFF (without SUS_EN), 1"
  OUTW kPm + 4, 0xDFFF
  SHOWW kPm + 4
  OUTW kPm + 4, 0x0001
  SHOWW kPm + 4
  PM_TIMER_ROW kPm + 8
  ROW "timer overflow (bit 23 toggles within 2.4 s): PMSTS; cleared"
  OUTW kPm, 0xFFFF
  SLEEP 2400
  SHOWW kPm
  OUTW kPm, 0x0001
  SHOWW kPm
  ROW "SCI (IRQ9) with TMROF_EN"
  PIC_SETUP
  SLEEP 2400
  PIC_SETUP
  OUTB 0x4D1, 0x02
  OUTB 0x21, 0xFB
  OUTB 0xA1, 0xFD
  OUTW kPm + 2, 0x0001
  mov word [kSeenCount], 0
  sti
  nop
  nop
  cli
  OUTW kPm + 2, 0x0000
  call print_seen
  OUTB 0xA0, 0x20
  OUTB 0x20, 0x20
  OUTW kPm, 0xFFFF
  ROW "GPSTS, GPEN (AFE0, AFE2)"
  SHOWW 0xAFE0
  SHOWW 0xAFE2
  ROW "PM registers 0C, 10, 14, 18, 1C, 20, 28, 2C, 30, 34"
  SHOWW kPm + 0x0C
  SHOWW kPm + 0x0E
  SHOWD kPm + 0x10
  SHOWB kPm + 0x14
  SHOWD kPm + 0x18
  SHOWW kPm + 0x1C
  SHOWD kPm + 0x20
  SHOWD kPm + 0x28
  SHOWB kPm + 0x30
  SHOWD kPm + 0x34
  ROW "SMBus: status, control, command, address, data 0, 1"
  SHOWB kSmb
  SHOWB kSmb + 2
  SHOWB kSmb + 3
  SHOWB kSmb + 4
  SHOWB kSmb + 5
  SHOWB kSmb + 6
  ROW "SPD of the first module: bytes 0, 1, 2 (status, data)"
  mov ax, 0xA000
  call spd
  mov ax, 0xA001
  call spd
  mov ax, 0xA002
  call spd
  ROW "address without a device (30): status, data"
  mov ax, 0x3000
  call spd
  ROW "status written FF: cleared"
  OUTB kSmb, 0xFF
  SHOWB kSmb
  ROW "APM: B2, B3 written 5A, A5"
  OUTB 0xB3, 0xA5
  SHOWB 0xB3
  SHOWB 0xB2
  ret

END_OF_ROM
