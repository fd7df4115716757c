; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the two 8237s and the page registers.
%include "probe.inc"

; Status of both.
show_status:
  SHOWB 0x08
  SHOWB 0xD0
  ret
; All registers of channel pairs: address and count of channels 0-3, then 4-7.
show_channels:
  OUTB 0x0C, 0
  OUTB 0xD8, 0
  mov dx, 0
.low:
  in al, dx
  mov ah, al
  in al, dx
  xchg al, ah
  call hex16
  inc dx
  cmp dx, 8
  jb .low
  mov dx, 0xC0
.high:
  in al, dx
  mov ah, al
  in al, dx
  xchg al, ah
  call hex16
  add dx, 2
  cmp dx, 0xD0
  jb .high
  ret

probe:
  ROW "after reset: status, mask (0Fh, DEh), temporary (0Dh, DAh)"
  call show_status
  SHOWB 0x0F
  SHOWB 0xDE
  SHOWB 0x0D
  SHOWB 0xDA
  ROW "reading 09h-0Ch, 0Eh"
  SHOWB 0x09
  SHOWB 0x0A
  SHOWB 0x0B
  SHOWB 0x0C
  SHOWB 0x0E
  ROW "address and count of all channels written 1100, 3322, ..., read"
  OUTB 0x0D, 0
  OUTB 0xDA, 0
  mov dx, 0
  xor al, al
.fill:
  out dx, al
  add al, 0x11
  out dx, al
  add al, 0x11
  inc dx
  cmp dx, 8
  jb .fill
  mov dx, 0xC0
.fill_high:
  out dx, al
  add al, 0x11
  out dx, al
  add al, 0x11
  add dx, 2
  cmp dx, 0xD0
  jb .fill_high
  call show_channels
  ROW "flip-flop: one byte read, cleared, the same byte"
  OUTB 0x0C, 0
  SHOWB 0x02
  OUTB 0x0C, 0
  SHOWB 0x02
  SHOWB 0x02
  ROW "one flip-flop for all channels of a chip"
  OUTB 0x0C, 0
  SHOWB 0x02
  SHOWB 0x03
  ROW "the chips have one each"
  OUTB 0x0C, 0
  OUTB 0xD8, 0
  SHOWB 0x02
  SHOWB 0xC4
  ROW "master clear keeps addresses and counts, clears the flip-flop"
  SHOWB 0x02
  OUTB 0x0D, 0
  SHOWB 0x02
  SHOWB 0x02
  ROW "mask after master clear; single mask bits; all; clear mask (0Eh)"
  SHOWB 0x0F
  OUTB 0x0A, 0x02
  SHOWB 0x0F
  OUTB 0x0A, 0x06
  SHOWB 0x0F
  OUTB 0x0F, 0x05
  SHOWB 0x0F
  OUTB 0x0E, 0x00
  SHOWB 0x0F
  OUTB 0x0F, 0x0F
  SHOWB 0x0F
  ROW "second chip: mask after master clear, 0F, clear"
  OUTB 0xDA, 0
  SHOWB 0xDE
  OUTB 0xDE, 0x0F
  SHOWB 0xDE
  OUTB 0xDC, 0x00
  SHOWB 0xDE
  ROW "software request of channel 2 (masked): status"
  OUTB 0x0D, 0
  OUTB 0x0B, 0x46
  OUTB 0x09, 0x06
  call show_status
  OUTB 0x09, 0x02
  call show_status
  ROW "memory to memory (command 01, request on channel 0): status, counts"
  OUTB 0x0D, 0
  OUTB 0x08, 0x01
  OUTB 0x0B, 0x88
  OUTB 0x0B, 0x85
  OUTB 0x0C, 0
  OUTB 0x01, 0x0F
  OUTB 0x01, 0x00
  OUTB 0x03, 0x0F
  OUTB 0x03, 0x00
  OUTB 0x0F, 0x0C
  OUTB 0x09, 0x04
  DELAY 100
  SHOWB 0x08
  OUTB 0x0C, 0
  SHOWB 0x01
  SHOWB 0x01
  OUTB 0x0D, 0
  ROW "command register after that: temporary"
  SHOWB 0x0D
  ROW "page registers 80h-8Fh after reset"
  mov dx, 0x80
.page_reset:
  in al, dx
  cmp dx, 0x80
  je .skip
  call hex8
.skip:
  inc dx
  cmp dx, 0x90
  jb .page_reset
  ROW "81h-8Fh written 01-0F, read"
  mov dx, 0x81
.page_write:
  mov al, dl
  and al, 0x0F
  out dx, al
  inc dx
  cmp dx, 0x90
  jb .page_write
  mov dx, 0x81
.page_read:
  in al, dx
  call hex8
  inc dx
  cmp dx, 0x90
  jb .page_read
  ROW "aliases 91h, 93h, 97h"
  SHOWB 0x91
  SHOWB 0x93
  SHOWB 0x97
  ROW "high page registers 481h-48Bh"
  SHOWB 0x481
  SHOWB 0x482
  SHOWB 0x483
  SHOWB 0x487
  SHOWB 0x48B
  ROW "aliases 10h-1Fh: 12h, 1Fh"
  OUTB 0x0D, 0
  SHOWB 0x12
  SHOWB 0x1F
  ROW "odd ports of the second chip: C1h, C5h"
  OUTB 0xDA, 0
  SHOWB 0xC1
  SHOWB 0xC5
  ret

END_OF_ROM
