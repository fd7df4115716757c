; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the ATA channels: a disk of 32 x 16 x 63 sectors as primary master, a CD-ROM drive with a disc
; of 64 blocks as secondary master, no slaves.
%include "probe.inc"

kPrimary equ 0x1F0
kSecondary equ 0x170
kBuffer equ 0x2000

; Waits until BSY is clear, at most 3 s. SI is the channel.
wait_ready:
  push cx
  push dx
  push ax
  mov cx, 3000
.look:
  lea dx, [si + 7]
  in al, dx
  test al, 0x80
  jz .done
  push cx
  SLEEP 1
  pop cx
  loop .look
.done:
  pop ax
  pop dx
  pop cx
  ret
; Prints Error, Sector Count, LBA low, mid, high, Device, Status.
registers:
  pushad
  lea dx, [si + 1]
.next:
  in al, dx
  call hex8
  inc dx
  mov ax, si
  add ax, 8
  cmp dx, ax
  jb .next
  popad
  ret
%macro REG 2
  lea dx, [si + %1]
  mov al, %2
  out dx, al
%endmacro
%macro COMMAND 1
  REG 7, %1
  call wait_ready
%endmacro
; Features to Device, then the command.
%macro FULL 7
  REG 6, %6
  REG 1, %1
  REG 2, %2
  REG 3, %3
  REG 4, %4
  REG 5, %5
  COMMAND %7
%endmacro
%macro STATUS 0
  lea dx, [si + 7]
  in al, dx
  call hex8
%endmacro
; A block of 256 words into kBuffer, when DRQ.
read_block:
  pushad
  lea dx, [si + 7]
  in al, dx
  test al, 8
  jz .none
  mov dx, si
  mov cx, 256
  mov di, kBuffer
  rep insw
  call wait_ready
.none:
  popad
  ret
%macro WORDS 1-*
  %rep %0
    mov ax, [kBuffer + 2 * %1]
    call hex16
    %rotate 1
  %endrep
%endmacro
soft_reset:
  pushad
  lea dx, [si + 0x206]
  mov al, 0x0E
  out dx, al
  DELAY 20
  mov al, 0x0A
  out dx, al
  SLEEP 3
  popad
  call wait_ready
  ret
; A packet of 12 bytes at CS:BX, data of at most CX bytes; prints interrupt reason, byte count, status
; before the data, then the first bytes of data (as many as BP says), and the end's error and status.
packet:
  pushad
  REG 1, 0
  REG 4, cl
  REG 5, ch
  COMMAND 0xA0
  mov dx, si
  mov cx, 6
.words:
  mov ax, [cs:bx]
  out dx, ax
  add bx, 2
  loop .words
  SLEEP 1
  call wait_ready
  lea dx, [si + 2]
  in al, dx
  call hex8
  lea dx, [si + 7]
  in al, dx
  call hex8
  test al, 8
  jz .end
  lea dx, [si + 5]
  in al, dx
  mov ah, al
  dec dx
  in al, dx
  call hex16
  mov cx, ax
  inc cx
  shr cx, 1
  mov dx, si
  mov di, kBuffer
  push es
  rep insw
  pop es
  SAY ":"
  mov di, kBuffer
.bytes:
  test bp, bp
  jz .after
  mov al, [di]
  call hex8
  inc di
  dec bp
  jmp .bytes
.after:
  SAY ":"
  SLEEP 1
  call wait_ready
.end:
  lea dx, [si + 2]
  in al, dx
  call hex8
  lea dx, [si + 1]
  in al, dx
  call hex8
  lea dx, [si + 7]
  in al, dx
  call hex8
  popad
  ret
%macro PACKET 3-*
  %assign limit %1
  %assign shown %2
  mov bx, %%packet
  mov cx, limit
  mov bp, shown
  call packet
  jmp %%over
%%packet: db %{3:-1}
  times 12 - ($ - %%packet) db 0
%%over:
%endmacro

probe:
  mov si, kPrimary
  call wait_ready
  SLEEP 10
  ROW "disk after power-on: Error, Count, LBA, Device, Status"
  call registers
  ROW "disk after SRST"
  REG 6, 0xE0
  REG 2, 0x55
  call soft_reset
  call registers
  ROW "Alternate Status, and without a device (slave)"
  lea dx, [si + 0x206]
  in al, dx
  call hex8
  REG 6, 0xB0
  lea dx, [si + 0x206]
  in al, dx
  call hex8
  ROW "slave selected: registers"
  call registers
  ROW "written there, read from the slave, from the master"
  REG 2, 0x12
  REG 3, 0x34
  lea dx, [si + 2]
  in al, dx
  call hex8
  lea dx, [si + 3]
  in al, dx
  call hex8
  REG 6, 0xA0
  lea dx, [si + 2]
  in al, dx
  call hex8
  lea dx, [si + 3]
  in al, dx
  call hex8
  ROW "a command to the slave: status"
  REG 6, 0xB0
  COMMAND 0xEC
  STATUS
  REG 6, 0xA0
  STATUS
  ROW "EXECUTE DEVICE DIAGNOSTIC (90) sent to the slave"
  REG 6, 0xB0
  COMMAND 0x90
  SLEEP 3
  call registers
  ROW "device registers written AA 55 (Count, LBA)"
  REG 6, 0xA0
  REG 2, 0xAA
  REG 3, 0x55
  REG 4, 0xAA
  REG 5, 0x55
  call registers
  ROW "HOB: high bytes of Count and LBA"
  REG 2, 0x11
  REG 2, 0x22
  REG 3, 0x33
  REG 3, 0x44
  lea dx, [si + 0x206]
  mov al, 0x8A
  out dx, al
  lea dx, [si + 2]
  in al, dx
  call hex8
  lea dx, [si + 3]
  in al, dx
  call hex8
  lea dx, [si + 0x206]
  mov al, 0x0A
  out dx, al
  lea dx, [si + 2]
  in al, dx
  call hex8

  ROW "IDENTIFY DEVICE: status, words 0 1 3 6 (type, geometry)"
  FULL 0, 0, 0, 0, 0, 0xA0, 0xEC
  STATUS
  call read_block
  WORDS 0, 1, 3, 6
  ROW "words 47 49 53 (multiple, capabilities, valid)"
  WORDS 47, 49, 53
  ROW "words 54-58 (current geometry)"
  WORDS 54, 55, 56, 57, 58
  ROW "words 59-61 (multiple setting, LBA sectors)"
  WORDS 59, 60, 61
  ROW "words 63-68 (DMA, PIO, cycle times)"
  WORDS 63, 64, 65, 66, 67, 68
  ROW "words 80-87 (versions, commands)"
  WORDS 80, 82, 83, 84, 85, 86, 87
  ROW "words 88, 93, 100-103"
  WORDS 88, 93, 100, 101, 102, 103
  ROW "status after the data"
  STATUS
  ROW "IDENTIFY PACKET DEVICE (A1) of a disk: Error, Status"
  FULL 0, 0, 0, 0, 0, 0xA0, 0xA1
  call registers
  ROW "unknown command FF: registers"
  FULL 0, 1, 2, 3, 4, 0xE0, 0xFF
  call registers
  ROW "NOP (00)"
  FULL 0, 1, 2, 3, 4, 0xE0, 0x00
  call registers
  ROW "DEVICE RESET (08) of a disk"
  FULL 0, 1, 2, 3, 4, 0xE0, 0x08
  call registers
  ROW "READ SECTORS LBA 0: first words, registers"
  FULL 0, 1, 0, 0, 0, 0xE0, 0x20
  STATUS
  call read_block
  WORDS 0, 1
  call registers
  ROW "two sectors from LBA 5: registers at the end"
  FULL 0, 2, 5, 0, 0, 0xE0, 0x20
  call read_block
  call read_block
  call registers
  ROW "beyond the end: registers"
  FULL 0, 1, 0x00, 0x7E, 0x00, 0xE0, 0x20
  call registers
  ROW "CHS 0/0/0 (no such sector)"
  FULL 0, 1, 0, 0, 0, 0xA0, 0x20
  call registers
  ROW "CHS 1/2/3: registers at the end"
  FULL 0, 1, 3, 1, 0, 0xA2, 0x20
  call read_block
  call registers
  ROW "READ VERIFY, SEEK, RECALIBRATE: Error, Status"
  FULL 0, 1, 1, 0, 0, 0xE0, 0x40
  STATUS
  FULL 0, 1, 1, 0, 0, 0xE0, 0x70
  STATUS
  FULL 0, 1, 1, 0, 0, 0xE0, 0x10
  STATUS
  ROW "READ MULTIPLE before SET MULTIPLE; SET MULTIPLE 16, 3, 0: Error, Status"
  FULL 0, 0, 0, 0, 0, 0xA0, 0xC6
  FULL 0, 1, 1, 0, 0, 0xE0, 0xC4
  lea dx, [si + 1]
  in al, dx
  call hex8
  STATUS
  call read_block
  FULL 0, 16, 0, 0, 0, 0xA0, 0xC6
  STATUS
  FULL 0, 3, 0, 0, 0, 0xA0, 0xC6
  lea dx, [si + 1]
  in al, dx
  call hex8
  STATUS
  ROW "READ NATIVE MAX ADDRESS (F8)"
  FULL 0, 0, 0, 0, 0, 0xE0, 0xF8
  call registers
  ROW "CHECK POWER MODE (E5): Count; after STANDBY IMMEDIATE (E0)"
  FULL 0, 0, 0, 0, 0, 0xA0, 0xE5
  lea dx, [si + 2]
  in al, dx
  call hex8
  FULL 0, 0, 0, 0, 0, 0xA0, 0xE0
  FULL 0, 0, 0, 0, 0, 0xA0, 0xE5
  lea dx, [si + 2]
  in al, dx
  call hex8
  FULL 0, 0, 0, 0, 0, 0xA0, 0xE1
  ROW "FLUSH CACHE (E7), FLUSH CACHE EXT (EA), SET FEATURES 03 (mode 0C, FF): Status"
  FULL 0, 0, 0, 0, 0, 0xE0, 0xE7
  STATUS
  FULL 0, 0, 0, 0, 0, 0xE0, 0xEA
  STATUS
  FULL 3, 0x0C, 0, 0, 0, 0xE0, 0xEF
  STATUS
  FULL 3, 0xFF, 0, 0, 0, 0xE0, 0xEF
  STATUS
  ROW "IRQ14 at the end of a command; none with nIEN"
  lea dx, [si + 0x206]
  mov al, 0x08
  out dx, al
  PIC_SETUP
  OUTB 0x21, 0xFB
  OUTB 0xA1, 0xBF
  REG 6, 0xE0
  REG 7, 0x40
  DELAY 5000
  call interrupts_seen
  OUTB 0xA0, 0x20
  OUTB 0x20, 0x20
  STATUS
  lea dx, [si + 0x206]
  mov al, 0x0A
  out dx, al
  REG 7, 0x40
  DELAY 5000
  call interrupts_seen
  STATUS
  ROW "port 3F7"
  SHOWB 0x3F7

  mov si, kSecondary
  SLEEP 10
  ROW "CD-ROM after power-on"
  call wait_ready
  call registers
  ROW "CD-ROM after SRST"
  call soft_reset
  call registers
  ROW "IDENTIFY DEVICE (EC) of a CD-ROM"
  FULL 0, 0, 0, 0, 0, 0xA0, 0xEC
  call registers
  ROW "READ SECTORS (20) of a CD-ROM"
  FULL 0, 1, 0, 0, 0, 0xA0, 0x20
  call registers
  ROW "DEVICE RESET (08)"
  REG 6, 0xA0
  COMMAND 0x08
  SLEEP 2
  call registers
  ROW "IDENTIFY PACKET DEVICE: words 0, 49, 53, 63, 64, 80, 82, 83, 85, 88"
  FULL 0, 0, 0, 0, 0, 0xA0, 0xA1
  call read_block
  WORDS 0, 49, 53, 63, 64, 80, 82, 83, 85, 88
  ROW "PACKET: reason and status before the packet"
  FULL 0, 0, 0, 0, 2, 0xA0, 0xA0
  lea dx, [si + 2]
  in al, dx
  call hex8
  STATUS
  mov dx, si
  mov cx, 6
.zeros:
  xor ax, ax
  out dx, ax
  loop .zeros
  SLEEP 2
  call wait_ready
  ROW "TEST UNIT READY (reason, Status: reason, Error, Status)"
  PACKET 512, 0, 0x00
  ROW "again"
  PACKET 512, 0, 0x00
  ROW "REQUEST SENSE"
  PACKET 512, 14, 0x03, 0, 0, 0, 18
  ROW "INQUIRY: first 8 bytes"
  PACKET 512, 8, 0x12, 0, 0, 0, 36
  ROW "READ CAPACITY"
  PACKET 512, 8, 0x25
  ROW "READ (10) of block 0"
  PACKET 2048, 4, 0x28, 0, 0, 0, 0, 0, 0, 0, 1
  ROW "READ (10) of block 64 (beyond)"
  PACKET 2048, 4, 0x28, 0, 0, 0, 0, 64, 0, 0, 1
  ROW "its sense data"
  PACKET 512, 14, 0x03, 0, 0, 0, 18
  ROW "READ (10) of no block"
  PACKET 2048, 4, 0x28
  ROW "READ TOC: all"
  PACKET 512, 20, 0x43, 0, 0, 0, 0, 0, 0, 2, 0
  ROW "READ TOC: MSF, track 1"
  PACKET 512, 20, 0x43, 2, 0, 0, 0, 0, 1, 2, 0
  ROW "unknown packet FF"
  PACKET 512, 0, 0xFF
  ROW "sense data of it"
  PACKET 512, 14, 0x03, 0, 0, 0, 18
  ROW "sense data again"
  PACKET 512, 14, 0x03, 0, 0, 0, 18
  ROW "MODE SENSE page 2A: first 10 bytes"
  PACKET 512, 10, 0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 128
  ROW "START STOP UNIT (stop), PREVENT ALLOW: end"
  PACKET 512, 0, 0x1E
  ROW "INQUIRY of 5 bytes"
  PACKET 512, 5, 0x12, 0, 0, 0, 5
  ROW "bus master registers (BM at C000): command, status, PRD of both channels"
  OUTD 0xCF8, 0x80000920
  OUTD 0xCFC, 0xC000
  OUTD 0xCF8, 0x80000904
  OUTW 0xCFC, 0x0005
  SHOWB 0xC000
  SHOWB 0xC002
  SHOWD 0xC004
  SHOWB 0xC008
  SHOWB 0xC00A
  SHOWD 0xC00C
  ROW "written FF: command, status (FF, then 60), PRD"
  OUTB 0xC000, 0xFE
  SHOWB 0xC000
  OUTB 0xC000, 0
  OUTB 0xC002, 0xFF
  SHOWB 0xC002
  OUTB 0xC002, 0x60
  SHOWB 0xC002
  OUTD 0xC004, 0xFFFFFFFF
  SHOWD 0xC004
  ROW "reserved: 1, 3"
  SHOWB 0xC001
  SHOWB 0xC003
  ret

END_OF_ROM
