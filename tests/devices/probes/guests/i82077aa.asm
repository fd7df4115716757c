; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the diskette controller, with a formatted 1.44 MB diskette in drive A and no drive B.
%include "probe.inc"

kDor equ 0x3F2
kMsr equ 0x3F4
kFifo equ 0x3F5
kBuffer equ 0x2000
kHidden equ 0x0600         ; this result byte is not printed: a sector that rotation decides

; Sends AL; carry when the controller does not take it within 100 ms.
put_fifo:
  push cx
  push ax
  mov cx, 100
.look:
  INB kMsr
  and al, 0xC0
  cmp al, 0x80
  je .ready
  push cx
  SLEEP 1
  pop cx
  loop .look
  pop ax
  pop cx
  stc
  ret
.ready:
  pop ax
  mov dx, kFifo
  out dx, al
  pop cx
  clc
  ret
; Prints the result bytes (up to 16), after at most 400 ms; "-" when there are none.
results:
  pushad
  xor bl, bl
.next:
  mov cx, 400
.look:
  INB kMsr
  and al, 0xC0
  cmp al, 0xC0
  je .there
  test bl, bl
  jnz .done
  push cx
  SLEEP 1
  pop cx
  loop .look
  SAY "-"
  popad
  ret
.there:
  INB kFifo
  inc bl
  cmp bl, [kHidden]
  je .hide
  call hex8
  jmp .shown
.hide:
  SAY ".."
.shown:

  cmp bl, 16
  jb .next
.done:
  popad
  ret
%macro COMMAND 1-*
  %rep %0
    mov al, %1
    call put_fifo
    %rotate 1
  %endrep
%endmacro
%macro RUN 1-*
  COMMAND %{1:-1}
  call results
%endmacro
; Waits for an interrupt of a seek: sense interrupt status after 400 ms.
%macro SEEK_END 0
  SLEEP 400
  RUN 0x08
%endmacro
; Channel 2 of the 8237 moves CX bytes at kBuffer; AL is the mode.
dma_setup:
  pushad
  push ax
  OUTB 0x0A, 0x06
  OUTB 0x0C, 0x00
  pop ax
  OUTB 0x0B, al
  OUTB 0x04, (kBuffer & 0xFF)
  OUTB 0x04, (kBuffer >> 8)
  dec cx
  OUTB 0x05, cl
  OUTB 0x05, ch
  OUTB 0x81, 0
  OUTB 0x0A, 0x02
  popad
  ret
%macro DMA 2
  mov al, %1
  mov cx, %2
  call dma_setup
%endmacro
; Reset by DOR, then four sense interrupt status commands.
reset:
  OUTB kDor, 0x08
  DELAY 100
  OUTB kDor, 0x1C
  SLEEP 5
  ret

probe:
  mov byte [kHidden], 0
  OUTB 0xD6, 0xC0
  OUTB 0xD4, 0x00
  ROW "after power-on: DOR, MSR, DIR"
  SHOWB kDor
  SHOWB kMsr
  SHOWB 0x3F7
  ROW "SRA, SRB, TDR (3F0, 3F1, 3F3)"
  SHOWB 0x3F0
  SHOWB 0x3F1
  SHOWB 0x3F3
  ROW "in reset (DOR 00): MSR; out of it (0C): MSR"
  OUTB kDor, 0x00
  DELAY 100
  SHOWB kMsr
  OUTB kDor, 0x0C
  SLEEP 5
  SHOWB kMsr
  ROW "sense interrupt status five times after a reset"
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x08
  ROW "interrupt after a reset (IRQ6)"
  PIC_SETUP
  OUTB 0x21, 0xBF
  OUTB kDor, 0x08
  DELAY 100
  OUTB kDor, 0x1C
  DELAY 5000
  call interrupts_seen
  OUTB 0x20, 0x20
  ROW "without DMA gate (DOR 14): interrupt"
  PIC_SETUP
  OUTB 0x21, 0xBF
  OUTB kDor, 0x10
  DELAY 100
  OUTB kDor, 0x14
  DELAY 5000
  call interrupts_seen
  OUTB 0x20, 0x20
  call reset
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x08
  ROW "DOR read back (1C), with motor B and drive 1 (2D)"
  SHOWB kDor
  OUTB kDor, 0x2D
  SHOWB kDor
  OUTB kDor, 0x1C
  ROW "VERSION (10)"
  RUN 0x10
  ROW "DUMPREG (0E) after reset and SPECIFY AF 02"
  COMMAND 0x03, 0xAF, 0x02
  RUN 0x0E
  ROW "CONFIGURE 00 57 00: DUMPREG"
  COMMAND 0x13, 0x00, 0x57, 0x00
  RUN 0x0E
  ROW "LOCK (94), UNLOCK (14)"
  RUN 0x94
  RUN 0x14
  ROW "configuration after a reset, unlocked; locked"
  call reset
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x0E
  COMMAND 0x13, 0x00, 0x57, 0x00
  RUN 0x94
  call reset
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x0E
  RUN 0x14
  ROW "PERPENDICULAR MODE (12 84): DUMPREG"
  COMMAND 0x12, 0x84
  RUN 0x0E
  COMMAND 0x12, 0x80
  ROW "NSC / part id (18)"
  RUN 0x18
  ROW "SAVE (2E)"
  RUN 0x2E
  ROW "invalid commands 00, 01, 1F, 5F"
  RUN 0x00
  RUN 0x01
  RUN 0x1F
  RUN 0x5F
  ROW "SENSE DRIVE STATUS of drives 0, 1, head 1 of 0"
  RUN 0x04, 0x00
  RUN 0x04, 0x01
  RUN 0x04, 0x04
  COMMAND 0x03, 0xAF, 0x02
  OUTB 0x3F7, 0x00
  ROW "disk change line (DIR bit 7) after power-on"
  INB 0x3F7
  and al, 0x80
  call hex8
  ROW "RECALIBRATE drive 0: MSR while it seeks, then sense interrupt status"
  COMMAND 0x07, 0x00
  SHOWB kMsr
  SEEK_END
  ROW "without a pending interrupt"
  RUN 0x08
  ROW "SEEK to 40: sense interrupt status, sense drive status"
  COMMAND 0x0F, 0x00, 40
  SEEK_END
  RUN 0x04, 0x00
  ROW "RECALIBRATE drive 1 (not there)"
  OUTB kDor, 0x2D
  COMMAND 0x07, 0x01
  SEEK_END
  OUTB kDor, 0x1C
  ROW "relative seek out by 5 (CF): sense interrupt status"
  COMMAND 0xCF, 0x00, 5
  SEEK_END
  call reset
  RUN 0x08
  RUN 0x08
  RUN 0x08
  RUN 0x08
  COMMAND 0x03, 0xAF, 0x02
  COMMAND 0x07, 0x00
  SEEK_END
  ROW "disk change line after the seeks"
  INB 0x3F7
  and al, 0x80
  call hex8
  mov byte [kHidden], 6
  ROW "READ ID (4A 00): C H S N after the status"
  RUN 0x4A, 0x00
  ROW "READ ID of head 1"
  RUN 0x4A, 0x04
  ROW "READ ID in FM (0A)"
  RUN 0x0A, 0x00
  ROW "READ ID at the wrong rate (250 kbit/s)"
  OUTB 0x3F7, 0x02
  RUN 0x4A, 0x00
  OUTB 0x3F7, 0x00
  mov byte [kHidden], 0
  ROW "READ DATA of sector 1 by DMA: result, first bytes"
  DMA 0x46, 512
  RUN 0xE6, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF
  mov al, [kBuffer]
  call hex8
  mov al, [kBuffer + 1]
  call hex8
  ROW "8237 status and count after it"
  SHOWB 0x08
  OUTB 0x0C, 0
  SHOWB 0x05
  SHOWB 0x05
  ROW "READ DATA of sectors 17 to 18, multi-track (E6): C H S in the result"
  DMA 0x46, 1024
  RUN 0xE6, 0x00, 0, 0, 17, 2, 18, 0x1B, 0xFF
  ROW "three sectors from 17: over to head 1"
  DMA 0x46, 1536
  RUN 0xE6, 0x00, 0, 0, 17, 2, 18, 0x1B, 0xFF
  ROW "the same without multi-track (66)"
  DMA 0x46, 1536
  RUN 0x66, 0x00, 0, 0, 17, 2, 18, 0x1B, 0xFF
  ROW "sector 19 (not there)"
  DMA 0x46, 512
  RUN 0xE6, 0x00, 0, 0, 19, 2, 19, 0x1B, 0xFF
  ROW "cylinder 5 while at 0 (implied seek is on)"
  DMA 0x46, 512
  RUN 0xE6, 0x00, 5, 0, 1, 2, 18, 0x1B, 0xFF
  ROW "sector size 1024 (not there)"
  DMA 0x46, 512
  RUN 0xE6, 0x00, 0, 0, 1, 3, 18, 0x1B, 0xFF
  ROW "WRITE DATA of sector 2, read back"
  mov word [kBuffer], 0x1234
  DMA 0x4A, 512
  RUN 0xC5, 0x00, 0, 0, 2, 2, 18, 0x1B, 0xFF
  mov word [kBuffer], 0
  DMA 0x46, 512
  RUN 0xE6, 0x00, 0, 0, 2, 2, 18, 0x1B, 0xFF
  mov ax, [kBuffer]
  call hex16
  ROW "READ DELETED DATA of a normal sector (EC)"
  DMA 0x46, 512
  RUN 0xEC, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF
  ROW "SCAN EQUAL (D1)"
  DMA 0x4A, 512
  RUN 0xD1, 0x00, 0, 0, 1, 2, 18, 0x1B, 0x01
  ROW "VERIFY (F6 00, 1 sector)"
  RUN 0xF6, 0x80, 0, 0, 1, 2, 1, 0x1B, 0x01
  ROW "DSR software reset (80 to 3F4): sense interrupt status"
  OUTB 0x3F4, 0x80
  SLEEP 5
  RUN 0x08
  ret

END_OF_ROM
