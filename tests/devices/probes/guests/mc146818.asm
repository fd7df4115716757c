; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the MC146818 clock. The machines start at 2003-06-09 12:00:00, a Monday.
%include "probe.inc"

; CMOS register AH into AL, and AL into register AH. Bit 7 of port 70h stays clear.
cmos_read:
  push ax
  mov al, ah
  out 0x70, al
  pop ax
  in al, 0x71
  ret
cmos_write:
  push ax
  mov al, ah
  out 0x70, al
  pop ax
  out 0x71, al
  ret
%macro GET 1
  mov ah, %1
  call cmos_read
%endmacro
%macro PUT 2
  mov ah, %1
  mov al, %2
  call cmos_write
%endmacro
%macro SHOW 1
  GET %1
  call hex8
%endmacro
; Seconds, minutes, hours, weekday, day, month, year.
show_time:
  pushad
  mov si, .registers
.next:
  cs lodsb
  test al, al
  js .done
  mov ah, al
  call cmos_read
  call hex8
  jmp .next
.done:
  popad
  ret
.registers: db 0, 2, 4, 6, 7, 8, 9, 0xFF
; Sets the time to the seven bytes at CS:SI, with SET on meanwhile.
set_time:
  pushad
  GET 0x0B
  push ax
  or al, 0x80
  call cmos_write
  mov di, show_time.registers
.next:
  mov ah, [cs:di]
  test ah, ah
  js .done
  cs lodsb
  call cmos_write
  inc di
  jmp .next
.done:
  pop ax
  call cmos_write
  popad
  ret
%macro TIME 7
  mov si, %%time
  call set_time
  jmp %%over
%%time: db %1, %2, %3, %4, %5, %6, %7
%%over:
%endmacro
; Waits for the next second: until the seconds register has changed and the update is over.
next_second:
  pushad
  GET 0
  mov bl, al
.wait:
  SLEEP 1
  GET 0x0A
  test al, 0x80
  jnz .wait
  GET 0
  cmp al, bl
  je .wait
  popad
  ret

probe:
  ROW "after power-on: time registers"
  call show_time
  ROW "registers A (without UIP), B, C, D"
  GET 0x0A
  and al, 0x7F
  call hex8
  SHOW 0x0B
  SHOW 0x0C
  SHOW 0x0D
  ROW "port 70h read"
  SHOWB 0x70
  ROW "alarm registers written 11 22 23"
  PUT 0x0A, 0x26
  PUT 0x0B, 0x02
  PUT 1, 0x11
  PUT 3, 0x22
  PUT 5, 0x23
  SHOW 1
  SHOW 3
  SHOW 5
  ROW "register A written FF, 26: UIP is read-only"
  PUT 0x0B, 0x82
  PUT 0x0A, 0xFF
  GET 0x0A
  and al, 0x7F
  call hex8
  PUT 0x0A, 0x26
  SHOW 0x0A
  PUT 0x0B, 0x02
  ROW "register D and C are read-only"
  PUT 0x0D, 0x00
  SHOW 0x0D
  PUT 0x0C, 0xFF
  SHOW 0x0C
  ROW "register B written FF (SET clears UIE)"
  PUT 0x0B, 0xFF
  SHOW 0x0B
  ROW "SET from 7F: UIE is cleared"
  PUT 0x0B, 0x12
  PUT 0x0B, 0x92
  SHOW 0x0B
  PUT 0x0B, 0x02
  SHOW 0x0B
  ROW "CMOS 10h-7Fh keep what is written (45: A5, 5A)"
  PUT 0x45, 0xA5
  SHOW 0x45
  PUT 0x45, 0x5A
  SHOW 0x45

  ROW "SET stops the clock: 1.5 s later"
  TIME 0x10, 0x20, 0x15, 0x02, 0x09, 0x06, 0x03
  PUT 0x0B, 0x82
  SLEEP 1500
  call show_time
  ROW "and no UIP meanwhile"
  call uip_seen
  ROW "cleared: it goes on, UIP seen within 1.1 s"
  PUT 0x0B, 0x02
  call uip_seen
  ROW "UIP lasts (us, rounded to 1024)"
  call uip_length
  ROW "divider reset (A = 76): no second within 1.5 s, then the first after (ms, rounded to 64)"
  PUT 0x0A, 0x76
  TIME 0x10, 0x20, 0x15, 0x02, 0x09, 0x06, 0x03
  SLEEP 1500
  SHOW 0
  PUT 0x0A, 0x26
  call until_second
  ROW "minute, hour, day, month, year roll over, BCD 24 h"
  TIME 0x59, 0x59, 0x23, 0x01, 0x31, 0x12, 0x03
  call next_second
  call show_time
  ROW "leap day: 28 February 2004"
  TIME 0x59, 0x59, 0x23, 0x07, 0x28, 0x02, 0x04
  call next_second
  call show_time
  ROW "no leap day: 28 February 2003"
  TIME 0x59, 0x59, 0x23, 0x06, 0x28, 0x02, 0x03
  call next_second
  call show_time
  ROW "30 April"
  TIME 0x59, 0x59, 0x23, 0x04, 0x30, 0x04, 0x03
  call next_second
  call show_time
  ROW "12 h: 11:59:59 am"
  PUT 0x0B, 0x00
  TIME 0x59, 0x59, 0x11, 0x02, 0x09, 0x06, 0x03
  call next_second
  call show_time
  ROW "12 h: 11:59:59 pm"
  TIME 0x59, 0x59, 0x91, 0x02, 0x09, 0x06, 0x03
  call next_second
  call show_time
  ROW "12 h: 12:59:59 pm"
  TIME 0x59, 0x59, 0x92, 0x02, 0x09, 0x06, 0x03
  call next_second
  call show_time
  ROW "12 h: 12:59:59 am"
  TIME 0x59, 0x59, 0x12, 0x02, 0x09, 0x06, 0x03
  call next_second
  call show_time
  ROW "binary 24 h"
  PUT 0x0B, 0x06
  TIME 59, 59, 23, 3, 31, 12, 99
  call next_second
  call show_time
  ROW "binary 12 h: 11:59:59 pm"
  PUT 0x0B, 0x04
  TIME 59, 59, 0x8B, 3, 30, 6, 3
  call next_second
  call show_time
  PUT 0x0B, 0x02
  ROW "changing DM does not convert: 59h seconds kept"
  TIME 0x31, 0x47, 0x15, 0x02, 0x09, 0x06, 0x03
  PUT 0x0B, 0x06
  call show_time
  PUT 0x0B, 0x02

  ROW "DSE: 1:59:59 of the last Sunday in April"
  PUT 0x0B, 0x03
  TIME 0x59, 0x59, 0x01, 0x01, 0x27, 0x04, 0x03
  call next_second
  call show_time
  PUT 0x0B, 0x02

  ROW "update flag: C after a second, again at once"
  GET 0x0C
  call next_second
  SHOW 0x0C
  SHOW 0x0C
  ROW "with UIE: C"
  PUT 0x0B, 0x12
  call next_second
  DELAY 1000
  SHOW 0x0C
  SHOW 0x0C
  PUT 0x0B, 0x02
  ROW "alarm 15:20:12: C at :11 and :12"
  PUT 1, 0x12
  PUT 3, 0x20
  PUT 5, 0x15
  TIME 0x10, 0x20, 0x15, 0x02, 0x09, 0x06, 0x03
  PUT 0x0B, 0x22
  GET 0x0C
  call next_second
  SHOW 0x0C
  call next_second
  SHOW 0x0C
  ROW "alarm every second (C0 C0 C0): C twice"
  PUT 1, 0xC0
  PUT 3, 0xC0
  PUT 5, 0xC0
  TIME 0x10, 0x20, 0x15, 0x02, 0x09, 0x06, 0x03
  GET 0x0C
  call next_second
  SHOW 0x0C
  call next_second
  SHOW 0x0C
  ROW "alarm every minute at :00 (00 FF FF): C at :59, :00, :01"
  PUT 1, 0x00
  PUT 3, 0xFF
  PUT 5, 0xFF
  TIME 0x58, 0x20, 0x15, 0x02, 0x09, 0x06, 0x03
  GET 0x0C
  call next_second
  SHOW 0x0C
  call next_second
  SHOW 0x0C
  call next_second
  SHOW 0x0C
  ROW "alarm of an hour: 59:59 to 00:00 (00 00 C0)"
  PUT 3, 0x00
  PUT 5, 0xC0
  TIME 0x59, 0x59, 0x15, 0x02, 0x09, 0x06, 0x03
  GET 0x0C
  call next_second
  SHOW 0x0C
  ROW "alarm without AIE: the flag alone"
  PUT 0x0B, 0x02
  TIME 0x59, 0x59, 0x15, 0x02, 0x09, 0x06, 0x03
  GET 0x0C
  call next_second
  SHOW 0x0C

  ROW "periodic flag without PIE"
  GET 0x0C
  DELAY 3000
  GET 0x0C
  and al, 0xC0
  call hex8
  ROW "periodic flags in 62.5 ms for rates 1, 3-8 (rounded to 8)"
  mov bl, 1
.rate:
  mov al, bl
  or al, 0x20
  mov ah, 0x0A
  call cmos_write
  PUT 0x0B, 0x42
  GET 0x0C
  mov cx, 12500
  xor dx, dx
.count:
  push cx
  mov cx, 4
  call delay
  pop cx
  mov al, 0x0C
  out 0x70, al
  times 105 nop             ; with the rest of the loop: a microsecond
  in al, 0x71
  test al, 0x40
  jz .none
  inc dx
.none:
  loop .count
  mov ax, dx
  add ax, 4
  and ax, 0xFFF8
  call hex16
  cmp bl, 1
  jne .next
  inc bl
.next:
  inc bl
  cmp bl, 9
  jb .rate
  PUT 0x0A, 0x26
  PUT 0x0B, 0x02
  ROW "IRQ8: vector of PIE, once until C is read; C"
  PIC_SETUP
  OUTB 0x21, 0xFB
  OUTB 0xA1, 0xFE
  GET 0x0C
  PUT 0x0B, 0x42
  DELAY 3000
  call interrupts_seen
  OUTB 0xA0, 0x20
  OUTB 0x20, 0x20
  DELAY 3000
  call interrupts_seen
  SHOW 0x0C
  DELAY 3000
  call interrupts_seen
  PUT 0x0B, 0x02
  ROW "IRQF when an enable is set after its flag"
  GET 0x0C
  DELAY 3000
  PUT 0x0B, 0x42
  SHOW 0x0C
  PUT 0x0B, 0x02
  ret

uip_seen:
  pushad
  mov dx, 1100
  xor bl, bl
.look:
  SLEEP 1
  GET 0x0A
  or bl, al
  dec dx
  jnz .look
  mov al, bl
  and al, 0x80
  call hex8
  popad
  ret
uip_length:
  pushad
  call next_second
  SLEEP 990
.begin:
  GET 0x0A
  test al, 0x80
  jz .begin
  xor bx, bx
.during:
  inc bx
  DELAY 1
  GET 0x0A
  test al, 0x80
  jnz .during
  mov ax, bx
  add ax, 512
  and ax, 0xFC00
  call hex16
  popad
  ret
until_second:
  pushad
  GET 0
  mov bl, al
  xor dx, dx
.wait:
  SLEEP 1
  inc dx
  cmp dx, 3000
  ja .done
  GET 0x0A
  test al, 0x80
  jnz .wait
  GET 0
  cmp al, bl
  je .wait
.done:
  mov ax, dx
  add ax, 32
  and ax, 0xFFC0
  call hex16
  popad
  ret

END_OF_ROM
