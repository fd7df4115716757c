; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the 8254, mostly of counter 2, whose gate port 61h holds still; and of port 61h.
; A count that runs is printed only as "in the range" or "moves": values must not hang on the CPU's speed.
%include "probe.inc"

gate_low:
  push ax
  mov al, 0
  out 0x61, al
  pop ax
  ret
gate_high:
  push ax
  mov al, 1
  out 0x61, al
  pop ax
  ret
; OUT 2 as bit 5 of port 61h: a row gets 0 or 1.
show_out:
  push ax
  in al, 0x61
  shr al, 5
  and al, 1
  call hex8
  pop ax
  ret
; The latched count of counter 2 in AX, as two bytes.
latch2:
  OUTB 0x43, 0x80
read2:
  in al, 0x42
  mov ah, al
  in al, 0x42
  xchg al, ah
  ret
; Read-back of the status of counter 2 in AL.
status2:
  OUTB 0x43, 0xE8
  in al, 0x42
  ret
; Control word AL with access low/high, then the count BX, with the gate low.
program:
  call gate_low
  out 0x43, al
  mov al, bl
  out 0x42, al
  mov al, bh
  out 0x42, al
  ret
show_status:
  call status2
  call hex8
  ret
; Waits until OUT 2 is as AL says (0 or 1), at most CX microseconds; prints OUT.
wait_out:
  pushad
  shl al, 5
  mov bl, al
.look:
  in al, 0x61
  and al, 0x20
  cmp al, bl
  je .done
  push cx
  mov cx, 1
  call delay
  pop cx
  loop .look
.done:
  popad
  call show_out
  ret

; Everything of one mode: AL is the control word (counter 2, low/high byte, mode, BCD), BX the count.
%macro MODE 3
  ROW %1
  mov al, %2
  mov bx, %3
  call mode
%endmacro
mode:
  push ax
  SAY "before"
  call gate_low
  out 0x43, al
  call show_out
  call show_status
  SAY "low byte"
  mov al, bl
  out 0x42, al
  call show_out
  call show_status
  SAY "count"
  mov al, bh
  out 0x42, al
  DELAY 5
  call show_out
  call show_status
  SAY "gate"
  call gate_high
  DELAY 5
  call show_out
  call show_status
  SAY "end"
  DELAY 4000
  call gate_low
  DELAY 5
  call show_out
  call show_status
  pop ax
  ret

probe:
  ROW "after reset: port 61h, bits 0-3, 6, 7"
  in al, 0x61
  and al, 0xCF
  call hex8
  ROW "port 61h written FF, 0C, 00 (bits 0-3, 6, 7)"
  mov al, 0xFF
  out 0x61, al
  in al, 0x61
  and al, 0xCF
  call hex8
  mov al, 0x0C
  out 0x61, al
  in al, 0x61
  and al, 0xCF
  call hex8
  mov al, 0
  out 0x61, al
  in al, 0x61
  and al, 0xCF
  call hex8
  ROW "port 61h bit 4 (refresh) changes"
  mov cx, 1000
  xor bl, bl
  in al, 0x61
  mov ah, al
.refresh:
  push cx
  DELAY 1
  pop cx
  in al, 0x61
  xor al, ah
  or bl, al
  loop .refresh
  mov al, bl
  and al, 0x10
  call hex8
  ROW "aliases of port 61h: 63h, 65h, 67h (bits 0-3)"
  mov al, 0x02
  out 0x61, al
  in al, 0x63
  and al, 0x0F
  call hex8
  in al, 0x65
  and al, 0x0F
  call hex8
  in al, 0x67
  and al, 0x0F
  call hex8
  mov al, 0
  out 0x61, al
  ROW "reading port 43h"
  SHOWB 0x43

  MODE "mode 0, count 1000: OUT and status", 0xB0, 1000
  MODE "mode 1, count 1000: OUT and status", 0xB2, 1000
  MODE "mode 2, count 1000: OUT and status", 0xB4, 1000
  MODE "mode 3, count 1000: OUT and status", 0xB6, 1000
  MODE "mode 4, count 1000: OUT and status", 0xB8, 1000
  MODE "mode 5, count 1000: OUT and status", 0xBA, 1000
  MODE "control word with mode bits 6 (mode 2)", 0xBC, 1000
  MODE "control word with mode bits 7 (mode 3)", 0xBE, 1000
  MODE "mode 0 BCD, count 1000h", 0xB1, 0x1000

  ROW "mode 0: count with the gate low"
  mov al, 0xB0
  mov bx, 0x1234
  call program
  DELAY 10
  call latch2
  call hex16
  ROW "mode 0: the gate stops it: two reads the same, below"
  call gate_high
  DELAY 100
  call gate_low
  call latch2
  mov bx, ax
  DELAY 100
  call latch2
  cmp ax, bx
  sete al
  call hex8
  cmp bx, 0x1234
  setb al
  call hex8
  ROW "mode 0: counts on after the end (wraps to FFFF)"
  mov al, 0xB0
  mov bx, 10
  call program
  call gate_high
  DELAY 100
  call gate_low
  call latch2
  cmp ax, 0xFF00
  seta al
  call hex8
  call show_out
  ROW "mode 0: a new count takes OUT low; low byte alone stops and takes it low"
  call gate_high
  call show_out
  mov al, 10
  out 0x42, al
  call show_out
  DELAY 100
  call show_out
  mov al, 0
  out 0x42, al
  DELAY 100
  call show_out
  call gate_low

  ROW "mode 1: no trigger, no count: OUT; trigger: OUT; end: OUT; trigger again: OUT"
  mov al, 0xB2
  mov bx, 2000
  call program
  DELAY 10
  call show_out
  call gate_high
  DELAY 10
  call show_out
  DELAY 3000
  call show_out
  call gate_low
  DELAY 10
  call show_out
  call gate_high
  DELAY 10
  call show_out
  ROW "mode 1: gate low does not stop it"
  call gate_low
  DELAY 3000
  call show_out
  ROW "mode 1: trigger within the pulse starts it again: OUT at 1.5 and 2.8 times the count"
  mov al, 0xB2
  mov bx, 2386
  call program
  call gate_high
  DELAY 1000
  call gate_low
  call gate_high
  DELAY 1500
  call show_out
  DELAY 1000
  call show_out
  ROW "mode 2: gate low: OUT, and the count stands still"
  mov al, 0xB4
  mov bx, 0x4000
  call program
  call gate_high
  DELAY 100
  call gate_low
  call show_out
  call latch2
  mov bx, ax
  DELAY 100
  call latch2
  cmp ax, bx
  sete al
  call hex8
  ROW "mode 2: a trigger starts from the count again"
  call gate_high
  DELAY 20
  call gate_low
  call latch2
  cmp ax, 0x3F00
  seta al
  call hex8
  ROW "mode 2: counts are between 1 and the count"
  mov al, 0xB4
  mov bx, 5
  call program
  call gate_high
  DELAY 10
  mov cx, 500
  xor si, si
  mov di, 0xFFFF
.periods:
  push cx
  call latch2
  DELAY 1
  pop cx
  cmp ax, si
  jb .not_most
  mov si, ax
.not_most:
  cmp ax, di
  ja .not_least
  mov di, ax
.not_least:
  loop .periods
  mov ax, di
  call hex16
  mov ax, si
  call hex16
  ROW "mode 3, even count 6: least and most count read, all even"
  mov al, 0xB6
  mov bx, 6
  call three
  ROW "mode 3, odd count 7: least and most count read, all even"
  mov al, 0xB6
  mov bx, 7
  call three
  ROW "mode 3 BCD, count 6: least and most count read, all even"
  mov al, 0xB7
  mov bx, 6
  call three
  ROW "mode 4: strobe only with the gate high: OUT low within 4 ms"
  mov al, 0xB8
  mov bx, 1000
  call program
  mov al, 0
  mov cx, 4000
  call wait_out
  call gate_low

  ROW "BCD: count 1000h, gate low; then less, digits 0-9"
  mov al, 0xB1
  mov bx, 0x1000
  call program
  DELAY 10
  call latch2
  call hex16
  call gate_high
  DELAY 60
  call gate_low
  call latch2
  cmp ax, 0x1000
  setb bl
  mov cx, 4
  mov bh, 1
.digits:
  mov dl, al
  and dl, 15
  cmp dl, 9
  jbe .digit
  mov bh, 0
.digit:
  shr ax, 4
  loop .digits
  mov al, bl
  call hex8
  mov al, bh
  call hex8
  ROW "BCD: count 0 is 10000: mode 0, then above 9000"
  mov al, 0xB1
  mov bx, 0
  call program
  DELAY 10
  call gate_high
  DELAY 60
  call gate_low
  call latch2
  cmp ax, 0x9000
  seta al
  call hex8
  call show_out
  ROW "binary: count 0 is 65536"
  mov al, 0xB0
  mov bx, 0
  call program
  DELAY 10
  call latch2
  call hex16
  call gate_high
  DELAY 60
  call gate_low
  call latch2
  cmp ax, 0xF000
  seta al
  call hex8
  call show_out

  ROW "access low byte only: 34: count, read twice"
  call gate_low
  OUTB 0x43, 0x90
  OUTB 0x42, 0x34
  DELAY 10
  SHOWB 0x42
  SHOWB 0x42
  OUTB 0x43, 0x80
  SHOWB 0x42
  SHOWB 0x42
  ROW "access high byte only: 12: count, read twice"
  OUTB 0x43, 0xA0
  OUTB 0x42, 0x12
  DELAY 10
  SHOWB 0x42
  SHOWB 0x42
  ROW "latch: the second latch is ignored until the first is read"
  mov al, 0xB0
  mov bx, 0x8000
  call program
  DELAY 10
  OUTB 0x43, 0x80
  call gate_high
  DELAY 100
  call gate_low
  OUTB 0x43, 0x80
  call read2
  call hex16
  call read2
  cmp ax, 0x8000
  setb al
  call hex8
  ROW "read-back of status and count together: status first, then count"
  mov al, 0xB0
  mov bx, 0x1234
  call program
  DELAY 10
  OUTB 0x43, 0xC8
  SHOWB 0x42
  SHOWB 0x42
  SHOWB 0x42
  SHOWB 0x42
  SHOWB 0x42
  ROW "read-back twice: the first status stays"
  mov al, 0xB0
  call program
  DELAY 10
  OUTB 0x43, 0xE8
  OUTB 0x43, 0xB4
  OUTB 0x43, 0xE8
  SHOWB 0x42
  SHOWB 0x42
  ROW "read-back with neither (F8)"
  mov al, 0xB0
  call program
  DELAY 10
  OUTB 0x43, 0xF8
  SHOWB 0x42
  SHOWB 0x42
  ROW "between low and high byte: status null flag, count read"
  mov al, 0xB0
  mov bx, 0x1234
  call program
  DELAY 10
  mov al, 0x78
  out 0x42, al
  call show_status
  mov al, 0x56
  out 0x42, al
  DELAY 10
  call show_status
  call latch2
  call hex16
  ROW "control word between two bytes of a read: starts at the low byte again"
  mov al, 0xB0
  call program
  DELAY 10
  SHOWB 0x42
  OUTB 0x43, 0xB0
  OUTB 0x42, 0x78
  OUTB 0x42, 0x56
  DELAY 10
  SHOWB 0x42
  SHOWB 0x42
  ROW "status of counter 0 and 1 after their control words 34, 54"
  OUTB 0x43, 0x34
  OUTB 0x43, 0x54
  OUTB 0x43, 0xE2
  SHOWB 0x40
  OUTB 0x43, 0xE4
  SHOWB 0x41
  ROW "their status with counts, running"
  OUTB 0x40, 0
  OUTB 0x40, 0
  OUTB 0x41, 18
  DELAY 100
  OUTB 0x43, 0xE2
  INB 0x40
  and al, 0x7F
  call hex8
  OUTB 0x43, 0xE4
  INB 0x41
  and al, 0x7F
  call hex8
  ROW "IRQ0 in mode 2 with count 1193 (1 ms), interrupts in 10.5 ms"
  OUTB 0x43, 0x34
  OUTB 0x40, 0xA9
  OUTB 0x40, 0x04
  call count_ticks
  ROW "in mode 3"
  OUTB 0x43, 0x36
  OUTB 0x40, 0xA9
  OUTB 0x40, 0x04
  call count_ticks
  ROW "in mode 0 (one-shot)"
  OUTB 0x43, 0x30
  OUTB 0x40, 0xA9
  OUTB 0x40, 0x04
  call count_ticks
  ret

; Polls the 8259A for 10.5 ms and prints how often IR0 asked for service.
count_ticks:
  pushad
  PIC_SETUP
  OUTB 0x21, 0xFE
  OUTB 0x20, 0x0A
  xor bx, bx
  mov cx, 2100
.look:
  push cx
  DELAY 5
  pop cx
  in al, 0x20
  test al, 1
  jz .next
  mov word [kSeenCount], 0
  sti
  nop
  nop
  cli
  add bx, [kSeenCount]
  OUTB 0x20, 0x20
.next:
  loop .look
  OUTB 0x21, 0xFF
  mov ax, bx
  call hex16
  popad
  ret

; Mode 3: least and most of many counts, and whether all were even.
three:
  call program
  call gate_high
  DELAY 10
  mov cx, 500
  xor si, si
  mov di, 0xFFFF
  mov bp, 1
.periods:
  push cx
  call latch2
  DELAY 1
  pop cx
  test al, 1
  jz .even
  xor bp, bp
.even:
  cmp ax, si
  jb .not_most
  mov si, ax
.not_most:
  cmp ax, di
  ja .not_least
  mov di, ax
.not_least:
  loop .periods
  mov ax, di
  call hex16
  mov ax, si
  call hex16
  mov ax, bp
  call hex8
  ret

END_OF_ROM
