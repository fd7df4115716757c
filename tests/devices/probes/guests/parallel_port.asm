; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of LPT1, with a printer that is always ready (a file).
%include "probe.inc"

kPort equ 0x378

probe:
  ROW "after reset: data, status, control"
  SHOWB kPort
  SHOWB kPort + 1
  SHOWB kPort + 2
  ROW "data 55, AA"
  OUTB kPort, 0x55
  SHOWB kPort
  OUTB kPort, 0xAA
  SHOWB kPort
  ROW "control written FF, 00, 0C"
  OUTB kPort + 2, 0xDF
  SHOWB kPort + 2
  OUTB kPort + 2, 0x00
  SHOWB kPort + 2
  OUTB kPort + 2, 0x0C
  SHOWB kPort + 2
  ROW "direction bit (20): control, data read"
  OUTB kPort, 0x5A
  OUTB kPort + 2, 0x2C
  SHOWB kPort + 2
  SHOWB kPort
  OUTB kPort + 2, 0x0C
  ROW "status is not written"
  OUTB kPort + 1, 0x00
  SHOWB kPort + 1
  ROW "strobe: status before, after the strobe, 1 ms later, again"
  OUTB kPort, 'x'
  SHOWB kPort + 1
  OUTB kPort + 2, 0x0D
  OUTB kPort + 2, 0x0C
  SHOWB kPort + 1
  SLEEP 1
  SHOWB kPort + 1
  SHOWB kPort + 1
  ROW "IRQ7 with control bit 4 after a strobe"
  OUTB kPort + 2, 0x1C
  PIC_SETUP
  OUTB 0x21, 0x7F
  OUTB kPort, 'y'
  OUTB kPort + 2, 0x1D
  OUTB kPort + 2, 0x1C
  DELAY 1000
  call interrupts_seen
  OUTB 0x20, 0x20
  SHOWB kPort + 1
  ROW "initialise (control 08), selected again: status"
  OUTB kPort + 2, 0x08
  SHOWB kPort + 1
  OUTB kPort + 2, 0x0C
  SLEEP 1
  SHOWB kPort + 1
  ROW "EPP registers 3-7"
  SHOWB kPort + 3
  SHOWB kPort + 4
  SHOWB kPort + 7
  ROW "ECP (778h), LPT2, LPT3: data"
  SHOWB kPort + 0x402
  SHOWB 0x278
  SHOWB 0x3BC
  ret

END_OF_ROM
