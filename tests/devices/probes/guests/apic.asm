; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the local APIC (FEE00000h) and the IOAPIC (FEC00000h).
%define KEEP_LOCAL_APIC
%include "probe.inc"
%define APIC(x) [dword fs:0xFEE00000 + (x)]
%macro SHOW 1-*
  %rep %0
    mov eax, APIC(%1)
    call hex32
    %rotate 1
  %endrep
%endmacro
%macro PUT 2
  mov dword APIC(%1), %2
%endmacro
%define IOSEL [dword fs:0xFEC00000]
%define IOWIN [dword fs:0xFEC00010]
%macro IOSHOW 1-*
  %rep %0
    mov dword IOSEL, %1
    mov eax, IOWIN
    call hex32
    %rotate 1
  %endrep
%endmacro
%macro IOPUT 2
  mov dword IOSEL, %1
  mov dword IOWIN, %2
%endmacro

probe:
  ROW "IA32_APIC_BASE"
  mov ecx, 0x1B
  rdmsr
  call hex32
  ROW "ID, version, TPR, APR, PPR, LDR, DFR, SVR after reset"
  SHOW 0x20, 0x30, 0x80, 0x90, 0xA0, 0xD0, 0xE0, 0xF0
  ROW "ESR, ICR, LVTs (timer, thermal, counter, LINT0, LINT1, error)"
  SHOW 0x280, 0x300, 0x310, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370
  ROW "timer: initial, current, divide"
  SHOW 0x380, 0x390, 0x3E0
  ROW "LVT timer unmasked while software-disabled"
  PUT 0x320, 0x20040
  SHOW 0x320
  ROW "SVR written FFFFFFFF, 1FF"
  PUT 0xF0, 0xFFFFFFFF
  SHOW 0xF0
  PUT 0xF0, 0x1FF
  SHOW 0xF0
  ROW "LVTs written FFFFFFFF (timer, LINT0, error)"
  PUT 0x320, 0xFFFFFFFF
  SHOW 0x320
  PUT 0x350, 0xFFFFFFFF
  SHOW 0x350
  PUT 0x370, 0xFFFFFFFF
  SHOW 0x370
  PUT 0x320, 0x10000
  PUT 0x350, 0x10000
  PUT 0x370, 0x10000
  ROW "TPR, LDR, DFR, ICR, divide written FFFFFFFF"
  PUT 0x80, 0xFFFFFFFF
  SHOW 0x80, 0xA0
  PUT 0x80, 0
  PUT 0xD0, 0xFFFFFFFF
  SHOW 0xD0
  PUT 0xE0, 0x0FFFFFFF
  SHOW 0xE0
  PUT 0xE0, 0xFFFFFFFF
  PUT 0x310, 0xFFFFFFFF
  SHOW 0x310
  PUT 0x3E0, 0xFFFFFFFF
  SHOW 0x3E0
  ROW "self-IPI vector 60: vector, ISR, PPR; after EOI"
  sti
  PUT 0x300, 0x00044060
  DELAY 10
  cli
  call print_seen
  SHOW 0x130, 0xA0
  PUT 0xB0, 0
  SHOW 0x130, 0xA0
  ROW "vector 50 behind TPR 60: IRR; TPR 0: vector"
  PUT 0x80, 0x60
  PUT 0x300, 0x00044050
  sti
  DELAY 10
  SHOW 0x220
  call print_seen
  PUT 0x80, 0
  DELAY 10
  cli
  call print_seen
  PUT 0xB0, 0
  ROW "vector 40 while 60 is in service; after its EOI"
  sti
  PUT 0x300, 0x00044060
  DELAY 10
  PUT 0x300, 0x00044040
  DELAY 10
  call print_seen
  PUT 0xB0, 0
  DELAY 10
  cli
  call print_seen
  PUT 0xB0, 0
  ROW "illegal vector 05 sent: ESR (after a write), again"
  PUT 0x300, 0x00044005
  PUT 0x280, 0
  SHOW 0x280
  PUT 0x280, 0
  SHOW 0x280
  ROW "timer, one-shot: current count at the end, vector once"
  PUT 0x3E0, 0x0B
  PUT 0x320, 0x00061
  PUT 0x380, 10000
  sti
  DELAY 1000
  cli
  SHOW 0x390
  call print_seen
  PUT 0xB0, 0
  ROW "timer, masked: the count runs, no vector"
  PUT 0x320, 0x10061
  PUT 0x380, 10000
  sti
  DELAY 1000
  cli
  SHOW 0x390
  call print_seen
  ROW "timer, periodic: three vectors seen within 2 ms"
  PUT 0x320, 0x20062
  PUT 0x380, 1000
  mov cx, 3
.periods:
  push cx
  sti
  DELAY 600
  cli
  PUT 0xB0, 0
  pop cx
  loop .periods
  mov word [kSeenCount], 3
  call print_seen
  PUT 0x320, 0x10000
  PUT 0x380, 0
  sti
  DELAY 10
  cli
  PUT 0xB0, 0
  PUT 0xB0, 0
  mov word [kSeenCount], 0
  ROW "SVR disabled: LVT masks"
  PUT 0x320, 0x20062
  PUT 0xF0, 0x0FF
  SHOW 0x320
  PUT 0xF0, 0x1FF
  SHOW 0x320
  PUT 0x320, 0x10000

  ROW "IOAPIC: ID, version, arbitration after reset"
  IOSHOW 0, 1, 2
  ROW "redirection entries 0 and 23 after reset"
  IOSHOW 0x10, 0x11, 0x3E, 0x3F
  ROW "written FFFFFFFF: ID, entry 0"
  IOPUT 0, 0xFFFFFFFF
  IOSHOW 0
  IOPUT 0, 0
  IOPUT 0x10, 0xFFFFFFFF
  IOPUT 0x11, 0xFFFFFFFF
  IOSHOW 0x10, 0x11
  IOPUT 0x10, 0x10000
  IOPUT 0x11, 0
  ROW "register select reads back; index 40, 03"
  mov dword IOSEL, 0x123
  mov eax, IOSEL
  call hex32
  IOSHOW 0x40, 0x03
  ROW "COM2 (input 3), edge, vector 70: vector, entry"
  OUTB 0x2FC, 0x08
  OUTB 0x2F9, 0
  IOPUT 0x17, 0
  IOPUT 0x16, 0x00070
  sti
  OUTB 0x2F9, 0x02
  DELAY 20
  cli
  call print_seen
  IOSHOW 0x16
  PUT 0xB0, 0
  ROW "level: vector, remote IRR; after EOI again; at the end"
  OUTB 0x2F9, 0
  IOPUT 0x16, 0x08071
  sti
  OUTB 0x2F9, 0x02
  DELAY 20
  cli
  call print_seen
  IOSHOW 0x16
  sti
  PUT 0xB0, 0
  DELAY 20
  cli
  call print_seen
  OUTB 0x2F9, 0
  PUT 0xB0, 0
  IOSHOW 0x16
  IOPUT 0x16, 0x10000
  ret

END_OF_ROM
