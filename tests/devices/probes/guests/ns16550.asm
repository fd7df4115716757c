; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of a 16550A: COM2, with nothing at its other end, mostly in loopback.
%include "probe.inc"

kUart equ 0x2F8
%macro SET 2
  OUTB kUart + %1, %2
%endmacro
%macro SHOW 1
  SHOWB kUart + %1
%endmacro
; 115200 baud, 8N1, FIFO off, no interrupts, loopback with RTS and OUT2 as MCR in AL.
loop_setup:
  push ax
  SET 3, 0x83
  SET 0, 1
  SET 1, 0
  SET 3, 0x03
  SET 1, 0
  SET 2, 0
  pop ax
  mov dx, kUart + 4
  out dx, al
  mov cx, 20
.drain:
  INB kUart
  loop .drain
  INB kUart + 5
  INB kUart + 6
  INB kUart + 2
  ret
; Sends CX bytes 41h, 42h, ... as the transmitter takes them, and waits for the last to arrive.
send:
  pushad
  mov bl, 0x41
.next:
  INB kUart + 5
  test al, 0x20
  jz .next
  SET 0, bl
  inc bl
  loop .next
  DELAY 300
  popad
  ret

probe:
  ROW "after reset: IER IIR LCR MCR LSR SCR"
  SHOW 1
  SHOW 2
  SHOW 3
  SHOW 4
  SHOW 5
  SHOW 7
  ROW "MSR, nothing connected"
  SHOW 6
  ROW "scratch 55, AA"
  SET 7, 0x55
  SHOW 7
  SET 7, 0xAA
  SHOW 7
  ROW "written FF: IER LCR MCR"
  SET 1, 0xFF
  SHOW 1
  SET 1, 0
  SET 3, 0x7F
  SHOW 3
  SET 3, 0x03
  SET 4, 0xFF
  SHOW 4
  SET 4, 0
  ROW "divisor latch 1234: low, high; IER is behind it"
  SET 1, 0x05
  SET 3, 0x83
  SET 0, 0x34
  SET 1, 0x12
  SHOW 0
  SHOW 1
  SET 3, 0x03
  SHOW 1
  SET 1, 0
  ROW "IIR with FCR 00, 01, 81, 00"
  SET 2, 0x00
  SHOW 2
  SET 2, 0x01
  SHOW 2
  SET 2, 0x81
  SHOW 2
  SET 2, 0x00
  SHOW 2
  ROW "LSR and MSR are not written (FF): LSR"
  SET 5, 0x00
  SHOW 5

  ROW "loopback MCR 10, 11, 12, 14, 18, 1F, 10: MSR (with its deltas, then without)"
  mov al, 0x10
  call loop_setup
  SHOW 6
  SET 4, 0x11
  SHOW 6
  SHOW 6
  SET 4, 0x12
  SHOW 6
  SHOW 6
  SET 4, 0x14
  SHOW 6
  SHOW 6
  SET 4, 0x18
  SHOW 6
  SHOW 6
  SET 4, 0x1F
  SHOW 6
  SHOW 6
  SET 4, 0x10
  SHOW 6
  SHOW 6
  ROW "loopback, no FIFO: LSR after the write, at the end; byte; LSR"
  mov al, 0x10
  call loop_setup
  SET 0, 0x5A
  SHOW 5
  DELAY 300
  SHOW 5
  SHOW 0
  SHOW 5
  ROW "7 bits: FF comes as"
  SET 3, 0x02
  SET 0, 0xFF
  DELAY 300
  SHOW 0
  ROW "5 bits: FF comes as"
  SET 3, 0x00
  SET 0, 0xFF
  DELAY 300
  SHOW 0
  SET 3, 0x03
  ROW "overrun: LSR twice; the byte"
  mov cx, 2
  call send
  SHOW 5
  SHOW 5
  SHOW 0
  ROW "break (LCR bit 6) in loopback: LSR, byte, LSR"
  SET 3, 0x43
  DELAY 300
  SHOW 5
  SHOW 0
  SHOW 5
  SET 3, 0x03
  DELAY 300
  INB kUart + 5
  INB kUart

  ROW "FIFO: 16 bytes in; LSR; all 16; LSR"
  mov al, 0x10
  call loop_setup
  SET 2, 0x07
  mov cx, 16
  call send
  SHOW 5
  mov cx, 16
.sixteen:
  push cx
  SHOW 0
  pop cx
  loop .sixteen
  SHOW 5
  ROW "FIFO overrun by the 17th: LSR twice, first byte, the last of 16"
  mov cx, 17
  call send
  SHOW 5
  SHOW 5
  SHOW 0
  mov cx, 14
.fourteen:
  INB kUart
  loop .fourteen
  SHOW 0
  SHOW 5
  ROW "FIFO cleared by FCR bit 1: LSR"
  mov cx, 3
  call send
  SET 2, 0x03
  SHOW 5
  ROW "changing FCR bit 0 clears the FIFOs: LSR"
  mov cx, 3
  call send
  SET 2, 0x00
  SHOW 5

  ROW "receive trigger 1, 4, 8, 14: bytes until IIR says C4"
  mov al, 0x10
  call loop_setup
  SET 1, 0x01
  mov bl, 0x07
.trigger:
  SET 2, bl
  xor bh, bh
.feed:
  inc bh
  SET 0, bh
  ; Nine tenths of a byte more than one: less than the time-out of four bytes.
  DELAY 120
  INB kUart + 2
  cmp al, 0xC4
  je .reached
  cmp bh, 20
  jb .feed
.reached:
  mov al, bh
  call hex8
  add bl, 0x40
  cmp bl, 0x07
  jne .trigger
  ROW "below the trigger: IIR at once, after the time-out, after a read"
  SET 2, 0xC7
  mov cx, 2
  call .two
  SHOW 2
  DELAY 2000
  SHOW 2
  INB kUart
  SHOW 2
  DELAY 2000
  SHOW 2
  INB kUart
  SHOW 2
  SET 1, 0
  jmp .priorities
.two:
  SET 0, 0x41
  SET 0, 0x42
  DELAY 200
  ret
.priorities:
  ROW "IIR priorities, all enabled: line status, data, THRE, modem, none"
  mov al, 0x10
  call loop_setup
  SET 1, 0x0F
  mov cx, 2
  call send
  SET 4, 0x11
  SHOW 2
  SHOW 5
  SHOW 2
  SHOW 0
  SHOW 2
  SHOW 2
  SHOW 6
  SHOW 2
  SET 1, 0
  ROW "THRE interrupt: on enabling, cleared by reading IIR, not again; enabling once more"
  mov al, 0x10
  call loop_setup
  SHOW 2
  SET 1, 0x02
  SHOW 2
  SHOW 2
  SET 1, 0x00
  SET 1, 0x02
  SHOW 2
  SHOW 2
  ROW "THRE interrupt cleared by a write; comes when THR empties"
  SET 1, 0x00
  SET 1, 0x02
  SET 0, 0x41
  SET 0, 0x42
  SHOW 2
  DELAY 400
  SHOW 2
  SHOW 2
  INB kUart
  ROW "THRE pending when a receive interrupt hides it: IIR, IIR, after the data, then"
  mov al, 0x10
  call loop_setup
  SET 1, 0x03
  INB kUart + 2
  mov cx, 1
  call send
  SHOW 2
  SHOW 2
  SHOW 0
  SHOW 2
  SHOW 2
  SET 1, 0
  ROW "writing 02 again with 02 set: IIR"
  SET 1, 0x02
  INB kUart + 2
  SET 1, 0x02
  SHOW 2
  SET 1, 0
  ROW "IRQ3 only with OUT2: with MCR 00, 08"
  PIC_SETUP
  OUTB 0x21, 0xF7
  mov al, 0x00
  call loop_setup
  SET 1, 0x02
  call interrupts_seen
  SET 4, 0x08
  call interrupts_seen
  OUTB 0x20, 0x20
  SET 1, 0
  ROW "IRQ3 in loopback (MCR 18)"
  mov al, 0x18
  call loop_setup
  SET 1, 0x02
  call interrupts_seen
  OUTB 0x20, 0x20
  SET 1, 0
  ROW "transmitter not in loopback: LSR after one byte, two; 400 us later"
  mov al, 0x08
  call loop_setup
  SET 3, 0x83
  SET 0, 1
  SET 3, 0x03
  SET 0, 0x41
  DELAY 5
  SHOW 5
  SET 0, 0x42
  SHOW 5
  DELAY 400
  SHOW 5
  ROW "COM3, COM4 (IER)"
  SHOWB 0x3E9
  SHOWB 0x2E9
  ret

END_OF_ROM
