; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the 8042, the keyboard and the mouse. A byte from the mouse (status bit 5) is printed with "m".
%include "probe.inc"

wait_in:
  push ax
.full:
  in al, 0x64
  test al, 2
  jnz .full
  pop ax
  ret
; Waits for a byte: carry clear, AL the byte, AH the status; or carry set.
get:
  push cx
  mov cx, 40
.look:
  in al, 0x64
  test al, 1
  jnz .there
  push cx
  SLEEP 1
  pop cx
  loop .look
  pop cx
  stc
  ret
.there:
  mov ah, al
  in al, 0x60
  pop cx
  clc
  ret
; Prints all bytes that come, until there is silence; "-" for none.
show_all:
  push ax
  push cx
  xor cx, cx
.next:
  call get
  jc .silence
  inc cx
  call hex8
  test ah, 0x20
  jz .next
  mov al, 'm'
  call put
  cmp cx, 24
  jb .next
.silence:
  test cx, cx
  jnz .done
  mov al, ' '
  call put
  mov al, '-'
  call put
.done:
  pop cx
  pop ax
  ret
drain:
  push ax
.next:
  call get
  jnc .next
  pop ax
  ret
%macro CMD 1
  call wait_in
  mov al, %1
  out 0x64, al
  call wait_in
%endmacro
%macro DATA 1
  call wait_in
  mov al, %1
  out 0x60, al
  call wait_in
%endmacro
%macro AUX 1
  CMD 0xD4
  DATA %1
%endmacro
%macro STATUS 0
  in al, 0x64
  call hex8
%endmacro
%macro COMMAND_BYTE 0
  CMD 0x20
  call show_all
%endmacro
; Sends the bytes of a list to the keyboard or mouse, and prints all answers after each.
%macro KEYBOARD 1-*
  %rep %0
    DATA %1
    call show_all
    %rotate 1
  %endrep
%endmacro
%macro MOUSE 1-*
  %rep %0
    AUX %1
    call show_all
    %rotate 1
  %endrep
%endmacro
; Whether addresses with bit 20 wrap: 0 when they do.
show_a20:
  pushad
  mov dword [dword fs:0x000600], 0x11111111
  mov dword [dword fs:0x100600], 0x22222222
  xor al, al
  cmp dword [dword fs:0x000600], 0x11111111
  setne al
  xor al, 1
  call hex8
  popad
  ret

probe:
  ROW "after reset: status"
  STATUS
  ROW "self test (AA): answer, status before and after it is read"
  call drain
  CMD 0xAA
  DELAY 5000
  STATUS
  call show_all
  STATUS
  ROW "command byte (20) after the self test"
  COMMAND_BYTE
  ROW "status after a command, after data"
  CMD 0x60
  STATUS
  DATA 0x30
  STATUS
  ROW "command byte written 30, FF, 00"
  COMMAND_BYTE
  CMD 0x60
  DATA 0xFF
  COMMAND_BYTE
  CMD 0x60
  DATA 0x00
  COMMAND_BYTE
  CMD 0x60
  DATA 0x30
  ROW "A8, A7, AE, AD: command byte after each"
  CMD 0xA8
  COMMAND_BYTE
  CMD 0xA7
  COMMAND_BYTE
  CMD 0xAE
  COMMAND_BYTE
  CMD 0xAD
  COMMAND_BYTE
  ROW "AB, A9 (interface tests)"
  CMD 0xAB
  call show_all
  CMD 0xA9
  call show_all
  ROW "A4 (password installed?)"
  CMD 0xA4
  call show_all
  ROW "RAM: 61 writes 5A to byte 1, 21 reads it; 7F/3F the last"
  CMD 0x61
  DATA 0x5A
  CMD 0x21
  call show_all
  CMD 0x7F
  DATA 0xC3
  CMD 0x3F
  call show_all
  call drain
  ROW "C0 (input port), bits 7-4"
  CMD 0xC0
  call get
  and al, 0xF0
  call hex8
  ROW "D0 (output port)"
  CMD 0xD0
  call show_all
  ROW "A20 at reset; D1 DD, DF: A20 and output port bits 1-0"
  call show_a20
  CMD 0xD1
  DATA 0xDD
  call show_a20
  CMD 0xD0
  call get
  and al, 3
  call hex8
  CMD 0xD1
  DATA 0xDF
  call show_a20
  CMD 0xD0
  call get
  and al, 3
  call hex8
  ROW "port 92h: read, 00, 02: A20 and what is read"
  in al, 0x92
  call hex8
  mov al, 0
  out 0x92, al
  call show_a20
  in al, 0x92
  call hex8
  mov al, 2
  out 0x92, al
  call show_a20
  in al, 0x92
  call hex8
  ROW "DD, DF (A20 off, on)"
  mov al, 0
  out 0x92, al
  CMD 0xDD
  call show_a20
  CMD 0xDF
  call show_a20
  call drain
  ROW "D2 A5: byte, status before"
  CMD 0xD2
  DATA 0xA5
  DELAY 2000
  STATUS
  call show_all
  ROW "D3 5A: byte, status before"
  CMD 0xD3
  DATA 0x5A
  DELAY 2000
  STATUS
  call show_all
  ROW "output port with a byte waiting: bits 4 (IRQ1) and 5 (IRQ12), interrupts off, on"
  CMD 0xD0
  call get
  and al, 0x30
  call hex8
  CMD 0x60
  DATA 0x33
  CMD 0xD0
  call get
  and al, 0x30
  call hex8
  CMD 0x60
  DATA 0x30
  ROW "reading port 60 again gives the last byte"
  CMD 0xD2
  DATA 0x77
  call get
  in al, 0x60
  call hex8

  ; The keyboard, without translation.
  ROW "keyboard reset (FF)"
  CMD 0x60
  DATA 0x20
  call drain
  DATA 0xFF
  call show_all
  SLEEP 900
  call show_all
  ROW "echo (EE)"
  KEYBOARD 0xEE
  ROW "identify (F2)"
  KEYBOARD 0xF2
  ROW "identify with translation"
  CMD 0x60
  DATA 0x60
  KEYBOARD 0xF2
  ROW "scan-code set query with translation"
  KEYBOARD 0xF0, 0x00
  CMD 0x60
  DATA 0x20
  ROW "scan-code set query"
  KEYBOARD 0xF0, 0x00
  ROW "sets 1, 2, 3, each queried"
  KEYBOARD 0xF0, 0x01
  KEYBOARD 0xF0, 0x00
  KEYBOARD 0xF0, 0x02
  KEYBOARD 0xF0, 0x00
  KEYBOARD 0xF0, 0x03
  KEYBOARD 0xF0, 0x00
  ROW "set 4 does not exist; query"
  KEYBOARD 0xF0, 0x04
  KEYBOARD 0xF0, 0x00
  ROW "F6 (defaults): set after"
  KEYBOARD 0xF6
  KEYBOARD 0xF0, 0x00
  ROW "indicators (ED 07), typematic (F3 20)"
  KEYBOARD 0xED, 0x07, 0xF3, 0x20
  ROW "ED with a command in place of the bits: ED F2"
  KEYBOARD 0xED, 0xF2
  ROW "F4, F5"
  KEYBOARD 0xF4, 0xF5
  ROW "F7, F8, F9, FA (set 3 key types)"
  KEYBOARD 0xF7, 0xF8, 0xF9, 0xFA
  ROW "resend (FE) after F2's answer"
  KEYBOARD 0xF2, 0xFE
  ROW "unknown: 00, E1, EF, F1"
  KEYBOARD 0x00, 0xE1, 0xEF, 0xF1
  ROW "data to a keyboard whose clock is disabled (F2, AD before): command byte after"
  CMD 0xAD
  KEYBOARD 0xF2
  COMMAND_BYTE
  KEYBOARD 0xF4

  ; The mouse.
  ROW "mouse reset (FF)"
  CMD 0x60
  DATA 0x10
  call drain
  AUX 0xFF
  call show_all
  SLEEP 900
  call show_all
  ROW "mouse identify (F2)"
  MOUSE 0xF2
  ROW "mouse status (E9) after reset"
  MOUSE 0xE9
  ROW "sample rates 10, 20, 40, 60, 80, 100, 200: rate in E9"
  mov bl, 0
.rates:
  movzx bx, bl
  mov bh, [cs:rate_list + bx]
  AUX 0xF3
  call drain
  AUX bh
  call drain
  AUX 0xE9
  call get
  call get
  call get
  call get
  call hex8
  inc bl
  cmp bl, 7
  jb .rates
  ROW "rate 50 is not one"
  MOUSE 0xF3, 50
  MOUSE 0xE9
  MOUSE 0xF3, 100
  ROW "resolutions 0-3"
  MOUSE 0xE8, 0, 0xE8, 1, 0xE8, 2, 0xE8, 3
  MOUSE 0xE9
  ROW "resolution 4 is not one"
  MOUSE 0xE8, 4
  MOUSE 0xE9
  AUX 0xE8
  call drain
  AUX 2
  call drain
  ROW "enable (F4): status; disable (F5): status"
  MOUSE 0xF4, 0xE9, 0xF5, 0xE9
  ROW "remote mode (F0): status"
  MOUSE 0xF0, 0xE9
  ROW "read data (EB) in remote mode"
  MOUSE 0xEB
  ROW "stream mode (EA): status; read data"
  MOUSE 0xEA, 0xE9, 0xEB
  ROW "wrap mode (EE): 12, F2, F4 come back; EC ends it; status"
  MOUSE 0xEE, 0x12, 0xF2, 0xF4, 0xEC, 0xE9
  ROW "scaling 2:1 (E7), 1:1 (E6): status"
  MOUSE 0xE7, 0xE9, 0xE6, 0xE9
  ROW "FF ends wrap mode"
  MOUSE 0xEE, 0xFF
  SLEEP 900
  call show_all
  AUX 0xEC
  call drain
  AUX 0xFF
  SLEEP 900
  call drain
  ROW "resend (FE) after E9"
  MOUSE 0xE9, 0xFE
  ROW "mouse, unknown: 00, E1, EF, F1"
  MOUSE 0x00, 0xE1, 0xEF, 0xF1
  ROW "F3 followed by a command in place of the rate: F3 F2"
  MOUSE 0xF3, 0xF2
  call drain
  AUX 100
  call drain
  ROW "defaults (F6): status"
  MOUSE 0xF6, 0xE9
  ROW "IntelliMouse knock 200 100 80: identify"
  MOUSE 0xF3, 200, 0xF3, 100, 0xF3, 80, 0xF2
  ROW "five-button knock 200 200 80: identify"
  MOUSE 0xF3, 200, 0xF3, 200, 0xF3, 80, 0xF2
  ROW "F6 and identify: keeps the wheel"
  MOUSE 0xF6, 0xF2
  ROW "read data (EB) with a wheel"
  MOUSE 0xF0, 0xEB
  ROW "reset: identify"
  AUX 0xFF
  call drain
  SLEEP 900
  call drain
  MOUSE 0xF2
  ROW "wrong knock 200 100 100 80: identify"
  MOUSE 0xF3, 200, 0xF3, 100, 0xF3, 100, 0xF3, 80, 0xF2
  ROW "mouse with its clock disabled (A7): identify"
  CMD 0xA7
  MOUSE 0xF2
  CMD 0xA8
  call drain

  ROW "IRQ12 for the mouse's answer; IRQ1 for the keyboard's"
  CMD 0x60
  DATA 0x03
  PIC_SETUP
  OUTB 0x21, 0xFB
  OUTB 0xA1, 0xEF
  AUX 0xE6
  DELAY 5000
  call interrupts_seen
  OUTB 0xA0, 0x20
  OUTB 0x20, 0x20
  call drain
  OUTB 0x21, 0xFD
  DATA 0xEE
  DELAY 5000
  call interrupts_seen
  call drain
  ROW "FF (pulse nothing)"
  CMD 0xFF
  call show_all
  ROW "E0 (test inputs)"
  CMD 0xE0
  call show_all
  ROW "unknown command B8"
  CMD 0xB8
  call show_all
  ret
rate_list: db 10, 20, 40, 60, 80, 100, 200

END_OF_ROM
