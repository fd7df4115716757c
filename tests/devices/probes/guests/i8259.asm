; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the two 8259As. Requests: IR0 from the 8254, IR3 from COM2, IR1 and IR12 from the 8042.
%include "probe.inc"

kMaster equ 0x20
kSlave equ 0xA0

; OCW3 reads of both chips: IRR, ISR, IMR.
registers:
  pushad
  mov dx, kMaster
  call .chip
  mov dx, kSlave
  call .chip
  popad
  ret
.chip:
  mov al, 0x0A
  out dx, al
  in al, dx
  call hex8
  mov al, 0x0B
  out dx, al
  in al, dx
  call hex8
  inc dx
  in al, dx
  call hex8
  ret

; ICW1 in BL, ICW4 in BH; standard vectors and cascade, everything masked.
initialise:
  pushad
  OUTB kMaster, bl
  OUTB kMaster + 1, 0x08
  OUTB kMaster + 1, 0x04
  OUTB kMaster + 1, bh
  OUTB kSlave, bl
  OUTB kSlave + 1, 0x70
  OUTB kSlave + 1, 0x02
  OUTB kSlave + 1, bh
  OUTB kMaster + 1, 0xFF
  OUTB kSlave + 1, 0xFF
  popad
  ret

; IR0: OUT of counter 0 rises after a few microseconds, and stays high.
ir0_high:
  pushad
  OUTB 0x43, 0x30
  OUTB 0x40, 5
  OUTB 0x40, 0
  DELAY 20
  popad
  ret
ir0_low:
  pushad
  OUTB 0x43, 0x30
  popad
  ret
; IR3: the transmitter of COM2 is empty, with its interrupt on and OUT2 set.
ir3_high:
  pushad
  OUTB 0x2FC, 0x08
  OUTB 0x2F9, 0x00
  OUTB 0x2F9, 0x02
  popad
  ret
ir3_low:
  pushad
  OUTB 0x2F9, 0x00
  popad
  ret
; The 8042: its RAM's command byte with both interrupts, clocks off.
kbc_wait:
  in al, 0x64
  test al, 2
  jnz kbc_wait
  ret
kbc_setup:
  pushad
  call kbc_wait
  OUTB 0x64, 0xAA
  DELAY 2000
  in al, 0x60
  OUTB 0x64, 0x60
  call kbc_wait
  OUTB 0x60, 0x33
  call kbc_wait
  popad
  ret
; IR12: a byte in the output buffer that seems to come from the mouse.
ir12_high:
  pushad
  call kbc_wait
  OUTB 0x64, 0xD3
  call kbc_wait
  OUTB 0x60, 0x55
  DELAY 1000
  popad
  ret
ir12_low:
  pushad
  in al, 0x60
  popad
  ret
; IR1: one that seems to come from the keyboard.
ir1_high:
  pushad
  call kbc_wait
  OUTB 0x64, 0xD2
  call kbc_wait
  OUTB 0x60, 0x55
  DELAY 1000
  popad
  ret

; A row that starts afresh: no requests, both chips initialised and masked.
fresh:
  pushad
  call ir0_low
  call ir3_low
  in al, 0x60
  OUTB 0x4D0, 0
  mov bx, 0x0111
  call initialise
  popad
  ret
%macro FRESH 1
  call fresh
  ROW %1
%endmacro

probe:
  ROW "after reset: IMR"
  SHOWB kMaster + 1
  SHOWB kSlave + 1
  ROW "ELCR after reset"
  SHOWB 0x4D0
  SHOWB 0x4D1
  ROW "ELCR written FF FF"
  OUTB 0x4D0, 0xFF
  OUTB 0x4D1, 0xFF
  SHOWB 0x4D0
  SHOWB 0x4D1
  OUTB 0x4D0, 0
  OUTB 0x4D1, 0
  mov bx, 0x0111
  call initialise
  call ir0_low
  call kbc_setup
  ROW "IRR ISR IMR of both, initialised"
  call registers
  FRESH "IMR after ICW1 alone"
  OUTB kMaster + 1, 0xA5
  OUTB kMaster, 0x11
  SHOWB kMaster + 1
  mov bx, 0x0111
  call initialise
  ROW "A0=0 after ICW1: IRR (ISR was selected)"
  OUTB kMaster, 0x0B
  call initialise
  call ir0_high
  SHOWB kMaster
  call ir0_low
  FRESH "after OCW3 without RR: still ISR"
  call ir0_high
  OUTB kMaster, 0x0B
  OUTB kMaster, 0x08
  SHOWB kMaster
  call ir0_low
  FRESH "mask bits written 5A, A5"
  OUTB kMaster + 1, 0x5A
  OUTB kSlave + 1, 0xA5
  SHOWB kMaster + 1
  SHOWB kSlave + 1
  OUTB kMaster + 1, 0xFF
  OUTB kSlave + 1, 0xFF

  FRESH "masked request on IR0"
  call ir0_high
  call registers
  call interrupts_seen
  ROW "unmasked: taken"
  OUTB kMaster + 1, 0xFE
  call interrupts_seen
  call registers
  ROW "IR0 in service blocks IR3"
  call ir3_high
  OUTB kMaster + 1, 0xF6
  call interrupts_seen
  call registers
  ROW "after non-specific EOI"
  OUTB kMaster, 0x20
  call interrupts_seen
  call registers
  ROW "IR0 still high: no second edge"
  OUTB kMaster, 0x20
  call interrupts_seen
  call registers
  ROW "IR0 falls and rises"
  call ir0_low
  call ir0_high
  call interrupts_seen
  OUTB kMaster, 0x20
  call registers
  call ir0_low

  FRESH "specific EOI of IR3, IR0 in service stays"
  OUTB kMaster + 1, 0xF6
  call ir3_high
  call interrupts_seen
  call ir0_high
  call interrupts_seen
  OUTB kMaster, 0x63
  call registers
  OUTB kMaster, 0x60
  call registers
  call ir3_low
  call ir0_low

  FRESH "IR3 withdrawn before INTA, masked"
  OUTB kMaster + 1, 0xFF
  call ir3_high
  OUTB kMaster, 0x0A
  SHOWB kMaster
  call ir3_low
  SHOWB kMaster
  OUTB kMaster + 1, 0xF7
  call interrupts_seen
  FRESH "IR0 withdrawn before INTA, unmasked"
  OUTB kMaster + 1, 0xFE
  call ir0_high
  OUTB kMaster, 0x0A
  SHOWB kMaster
  call ir0_low
  SHOWB kMaster
  call interrupts_seen

  FRESH "poll without a request"
  OUTB kMaster + 1, 0xFF
  OUTB kMaster, 0x0C
  SHOWB kMaster
  FRESH "poll with IR0 and IR3: byte, ISR, second poll, ISR"
  OUTB kMaster + 1, 0xF6
  call ir3_high
  call ir0_high
  OUTB kMaster, 0x0C
  SHOWB kMaster
  OUTB kMaster, 0x0B
  SHOWB kMaster
  OUTB kMaster, 0x20
  OUTB kMaster, 0x0C
  SHOWB kMaster
  OUTB kMaster, 0x0B
  SHOWB kMaster
  OUTB kMaster, 0x20
  FRESH "poll read at A0=1"
  OUTB kMaster + 1, 0xF7
  call ir3_high
  OUTB kMaster, 0x0C
  SHOWB kMaster + 1
  OUTB kMaster, 0x0B
  SHOWB kMaster
  OUTB kMaster, 0x20
  call ir3_low
  call ir0_low

  FRESH "special mask mode: IR0 in service and masked lets IR3 through"
  call ir0_high
  OUTB kMaster + 1, 0xFE
  call interrupts_seen
  call ir3_high
  OUTB kMaster + 1, 0xF7
  call interrupts_seen
  OUTB kMaster, 0x68
  call interrupts_seen
  call registers
  ROW "there, non-specific EOI"
  OUTB kMaster, 0x20
  call registers
  OUTB kMaster, 0x48
  OUTB kMaster, 0x63
  OUTB kMaster, 0x60
  call registers
  call ir3_low
  call ir0_low

  FRESH "set priority: IR1 lowest, so IR3 before IR0"
  OUTB kMaster + 1, 0xFF
  call ir0_high
  call ir3_high
  OUTB kMaster, 0xC1
  OUTB kMaster + 1, 0xF6
  call interrupts_seen
  OUTB kMaster, 0x20
  call interrupts_seen
  OUTB kMaster, 0x20
  call ir3_low
  call ir0_low
  FRESH "rotate on non-specific EOI: IR3 becomes the lowest, then IR0 and IR3 in turn"
  OUTB kMaster + 1, 0xF6
  call ir3_high
  call interrupts_seen
  OUTB kMaster, 0xA0
  call ir3_low
  OUTB kMaster + 1, 0xFF
  call ir3_high
  call ir0_high
  OUTB kMaster + 1, 0xF6
  call interrupts_seen
  OUTB kMaster, 0xA0
  call interrupts_seen
  OUTB kMaster, 0xA0
  call ir3_low
  call ir0_low
  FRESH "rotate on specific EOI of IR0: IR3 before IR0"
  OUTB kMaster + 1, 0xF6
  call ir0_high
  call interrupts_seen
  OUTB kMaster, 0xE0
  call ir0_low
  OUTB kMaster + 1, 0xFF
  call ir3_high
  call ir0_high
  OUTB kMaster + 1, 0xF6
  call interrupts_seen
  OUTB kMaster, 0x20
  call interrupts_seen
  OUTB kMaster, 0x20
  call ir3_low
  call ir0_low

  FRESH "automatic EOI: ISR stays empty"
  mov bx, 0x0311
  call initialise
  call ir0_high
  OUTB kMaster + 1, 0xFE
  call interrupts_seen
  call registers
  call ir0_low
  FRESH "rotate in automatic EOI mode: IR3, then IR0 before IR3"
  mov bx, 0x0311
  call initialise
  OUTB kMaster, 0x80
  OUTB kMaster + 1, 0xF6
  call ir3_high
  call interrupts_seen
  call ir3_low
  OUTB kMaster + 1, 0xFF
  call ir3_high
  call ir0_high
  OUTB kMaster + 1, 0xF6
  call interrupts_seen
  OUTB kMaster, 0x00
  call ir3_low
  call ir0_low

  FRESH "slave: IR12 (both masks), registers, after both EOIs"
  mov bx, 0x0111
  call initialise
  call ir12_high
  call registers
  OUTB kMaster + 1, 0xFB
  OUTB kSlave + 1, 0xEF
  call interrupts_seen
  call registers
  OUTB kSlave, 0x20
  OUTB kMaster, 0x20
  call registers
  call ir12_low
  FRESH "slave request withdrawn"
  OUTB kSlave + 1, 0xEF
  OUTB kMaster + 1, 0xFF
  call ir12_high
  OUTB kMaster, 0x0A
  SHOWB kMaster
  call ir12_low
  SHOWB kMaster
  OUTB kMaster + 1, 0xFB
  call interrupts_seen
  FRESH "slave masked: IR2 of the master"
  OUTB kMaster + 1, 0xFB
  OUTB kSlave + 1, 0xFF
  call ir12_high
  call registers
  call interrupts_seen
  call ir12_low
  FRESH "poll of the slave"
  OUTB kSlave + 1, 0xEF
  OUTB kMaster + 1, 0xFF
  call ir12_high
  OUTB kSlave, 0x0C
  SHOWB kSlave
  call registers
  OUTB kSlave, 0x20
  call registers
  call ir12_low

  FRESH "IR1 from the 8042 (command D2)"
  OUTB kMaster + 1, 0xFD
  call ir1_high
  call interrupts_seen
  call registers
  in al, 0x60
  OUTB kMaster, 0x20
  OUTB kMaster + 1, 0xFF

  FRESH "level by ELCR on IR3: again after each EOI while high"
  OUTB 0x4D0, 0x08
  OUTB kMaster + 1, 0xF7
  call ir3_high
  call interrupts_seen
  OUTB kMaster, 0x20
  call interrupts_seen
  OUTB kMaster, 0x20
  call registers
  call ir3_low
  call registers
  call interrupts_seen
  OUTB 0x4D0, 0x00
  FRESH "ICW1 with a request pending drops it"
  mov bx, 0x0111
  call initialise
  call ir0_high
  OUTB kMaster, 0x0A
  SHOWB kMaster
  call initialise
  SHOWB kMaster
  OUTB kMaster + 1, 0xFE
  call interrupts_seen
  OUTB kMaster, 0x20
  call ir0_low
  FRESH "other vectors: base 50"
  OUTB kMaster, 0x11
  OUTB kMaster + 1, 0x57
  OUTB kMaster + 1, 0x04
  OUTB kMaster + 1, 0x01
  OUTB kMaster + 1, 0xFE
  call ir0_high
  call interrupts_seen
  OUTB kMaster, 0x20
  call ir0_low
  FRESH "single, without ICW3: IR3"
  OUTB kMaster, 0x13
  OUTB kMaster + 1, 0x08
  OUTB kMaster + 1, 0x01
  OUTB kMaster + 1, 0xF7
  call ir3_high
  call interrupts_seen
  call registers
  OUTB kMaster, 0x20
  FRESH "ICW1.LTIM: IR0 level"
  mov bx, 0x0119
  call initialise
  OUTB 0x4D0, 0x00
  call ir0_high
  OUTB kMaster + 1, 0xFE
  call interrupts_seen
  OUTB kMaster, 0x20
  call interrupts_seen
  OUTB kMaster, 0x20
  call ir0_low
  ret

END_OF_ROM
