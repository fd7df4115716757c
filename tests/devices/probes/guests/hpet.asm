; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the HPET at FED00000h.
%include "probe.inc"
%define REG(x) [dword fs:0xFED00000 + (x)]
%macro SHOW 1-*
  %rep %0
    mov eax, REG(%1)
    call hex32
    %rotate 1
  %endrep
%endmacro

probe:
  ROW "capabilities and period"
  SHOW 0x000, 0x004
  ROW "configuration, status, counter after reset"
  SHOW 0x010, 0x020, 0x0F0, 0x0F4
  ROW "timers 0-2: configuration, routes, comparator after reset"
  SHOW 0x100, 0x104, 0x108, 0x10C
  SHOW 0x120, 0x124, 0x128, 0x12C
  SHOW 0x140, 0x144, 0x148, 0x14C
  ROW "configuration written FFFFFFFF, 0"
  mov dword REG(0x10), 0xFFFFFFFF
  SHOW 0x10
  mov dword REG(0x10), 0
  SHOW 0x10
  ROW "timer 0, 1 configuration written FFFFFFFF, 0"
  mov dword REG(0x100), 0xFFFFBFFF
  SHOW 0x100
  mov dword REG(0x100), 0
  SHOW 0x100
  mov dword REG(0x120), 0xFFFFBFFF
  SHOW 0x120
  mov dword REG(0x120), 0
  SHOW 0x120
  ROW "counter written while stopped"
  mov dword REG(0xF0), 0x12345678
  mov dword REG(0xF4), 0x9ABCDEF0
  SHOW 0x0F0, 0x0F4
  mov dword REG(0xF0), 0
  mov dword REG(0xF4), 0
  ROW "counter in 10 ms by the period (us, rounded to 512)"
  mov dword REG(0x10), 1
  SLEEP 10
  mov eax, REG(0xF0)
  ; ticks * femtoseconds / 1e9
  mul dword REG(4)
  mov ecx, 1000000000
  div ecx
  add eax, 256
  and eax, 0xFFFFFE00
  call hex32
  mov dword REG(0x10), 0
  ROW "one-shot, level: status, interrupt status cleared by writing 1"
  mov dword REG(0xF0), 0
  mov dword REG(0x100), 0x0006
  mov dword REG(0x108), 1000
  mov dword REG(0x10C), 0
  mov dword REG(0x10), 1
  SLEEP 1
  SHOW 0x20
  mov dword REG(0x20), 1
  SHOW 0x20
  mov dword REG(0x10), 0
  mov dword REG(0x100), 0
  ROW "legacy replacement: IRQ0 from timer 0, periodic; the 8254's is gone"
  PIC_SETUP
  mov dword REG(0xF0), 0
  mov dword REG(0x100), 0x004C
  mov dword REG(0x108), 0x2000
  mov dword REG(0x108), 0x2000
  mov dword REG(0x10), 3
  OUTB 0x21, 0xFE
  DELAY 900
  call interrupts_seen
  OUTB 0x20, 0x20
  mov dword REG(0x10), 0
  ROW "unused register 30, 160"
  SHOW 0x30, 0x160
  ret

END_OF_ROM
