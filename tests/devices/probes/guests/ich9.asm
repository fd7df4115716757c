; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the ICH9's LPC bridge: interrupt routing, power management, SMI registers, the root
; complex's registers, reset control.
%include "probe.inc"

kPm equ 0x600
kRoot equ 0xFED1C000
%macro CONFIG 2
  OUTD 0xCF8, 0x8000F800 | %1
  mov eax, %2
  mov dx, 0xCFC
  out dx, eax
%endmacro
%macro SHOWC 1
  OUTD 0xCF8, 0x8000F800 | %1
  SHOWD 0xCFC
%endmacro

probe:
  ROW "PMBASE, ACPI_CNTL (40, 44) after reset"
  SHOWC 0x40
  SHOWC 0x44
  ROW "PIRQ routes (60, 68) after reset; written FFFFFFFF"
  SHOWC 0x60
  SHOWC 0x68
  CONFIG 0x60, 0xFFFFFFFF
  CONFIG 0x68, 0xFFFFFFFF
  SHOWC 0x60
  SHOWC 0x68
  CONFIG 0x60, 0x80808080
  CONFIG 0x68, 0x80808080
  ROW "GEN_PMCON_1 and 2 (A0), RCBA (F0) after reset"
  SHOWC 0xA0
  SHOWC 0xF0
  ROW "PMBASE written FFFFFFFF; set up, ACPI_EN"
  CONFIG 0x40, 0xFFFFFFFF
  SHOWC 0x40
  CONFIG 0x40, kPm | 1
  CONFIG 0x44, 0x80
  SHOWC 0x40
  SHOWC 0x44
  ROW "PM1_STS, PM1_EN, PM1_CNT"
  SHOWW kPm
  SHOWW kPm + 2
  SHOWD kPm + 4
  ROW "PM1_EN written FFFF, 0"
  OUTW kPm + 2, 0xFFFF
  SHOWW kPm + 2
  OUTW kPm + 2, 0
  ROW "PM1_CNT written DFFF (without SLP_EN), 1"
  OUTW kPm + 4, 0xDFFF
  SHOWW kPm + 4
  OUTW kPm + 4, 0x0001
  SHOWW kPm + 4
  PM_TIMER_ROW kPm + 8
  ROW "timer overflow: PM1_STS; cleared"
  OUTW kPm, 0xFFFF
  SLEEP 2400
  SHOWW kPm
  OUTW kPm, 0x0001
  SHOWW kPm
  ROW "GPE0_STS, GPE0_EN (20-2C); enables written FFFFFFFF"
  SHOWD kPm + 0x20
  SHOWD kPm + 0x24
  SHOWD kPm + 0x28
  SHOWD kPm + 0x2C
  OUTD kPm + 0x28, 0xFFFFFFFF
  SHOWD kPm + 0x28
  OUTD kPm + 0x28, 0
  ROW "SMI_EN, SMI_STS (30, 34)"
  SHOWD kPm + 0x30
  SHOWD kPm + 0x34
  ROW "SMI_EN written FFFFFFDE (no GBL_SMI_EN, no APMC_EN), 0"
  OUTD kPm + 0x30, 0xFFFFFFDE
  SHOWD kPm + 0x30
  OUTD kPm + 0x30, 0
  SHOWD kPm + 0x30
  ROW "APM: B2, B3 after reset; B2 written 5A, B3 A5; SMI_STS"
  SHOWB 0xB2
  SHOWB 0xB3
  OUTB 0xB3, 0xA5
  OUTB 0xB2, 0x5A
  SHOWB 0xB2
  SHOWB 0xB3
  SHOWD kPm + 0x34
  ROW "SCI_EN after 03h to B2, after 02h"
  OUTB 0xB2, 0x03
  SHOWW kPm + 4
  OUTB 0xB2, 0x02
  SHOWW kPm + 4
  ROW "SCI_EN after F1h, F0h to B2"
  OUTB 0xB2, 0xF1
  SHOWW kPm + 4
  OUTB 0xB2, 0xF0
  SHOWW kPm + 4
  ROW "TCO: 60, 62, 64, 68, 6A, 72"
  SHOWW kPm + 0x60
  SHOWB kPm + 0x62
  SHOWW kPm + 0x64
  SHOWW kPm + 0x68
  SHOWW kPm + 0x6A
  SHOWW kPm + 0x72
  ROW "RCBA written FFFFFFFF; set up"
  CONFIG 0xF0, 0xFFFFFFFE
  SHOWC 0xF0
  CONFIG 0xF0, kRoot | 1
  SHOWC 0xF0
  ROW "root complex: 3000, 3100, 3108, 3140, 3144, 3404, 3410, 3418"
  SHOWM kRoot + 0x3000
  SHOWM kRoot + 0x3100
  SHOWM kRoot + 0x3108
  SHOWM kRoot + 0x3140
  SHOWM kRoot + 0x3144
  SHOWM kRoot + 0x3404
  SHOWM kRoot + 0x3410
  SHOWM kRoot + 0x3418
  ROW "there: D31IR (3140) written 1234; 3404 written 83"
  mov word [dword fs:kRoot + 0x3140], 0x1234
  SHOWM kRoot + 0x3140
  mov byte [dword fs:kRoot + 0x3404], 0x83
  SHOWM kRoot + 0x3404
  ROW "RCBA off"
  CONFIG 0xF0, kRoot
  SHOWM kRoot + 0x3410
  ROW "CF9 after reset; written 02; 0A; 0"
  SHOWB 0xCF9
  OUTB 0xCF9, 0x02
  SHOWB 0xCF9
  OUTB 0xCF9, 0x0A
  SHOWB 0xCF9
  OUTB 0xCF9, 0x00
  SHOWB 0xCF9
  ROW "port 92 after reset; written 02, 00"
  SHOWB 0x92
  OUTB 0x92, 0x02
  SHOWB 0x92
  OUTB 0x92, 0x00
  SHOWB 0x92
  ROW "level-triggered inputs 4D0, 4D1; written FF"
  SHOWB 0x4D0
  SHOWB 0x4D1
  OUTB 0x4D0, 0xFF
  OUTB 0x4D1, 0xFF
  SHOWB 0x4D0
  SHOWB 0x4D1
  ROW "PMBASE off: PM1_CNT"
  CONFIG 0x44, 0x00
  SHOWW kPm + 4
  ret

END_OF_ROM
