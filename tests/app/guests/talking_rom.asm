; SPDX-License-Identifier: LGPL-2.1-or-later
; A machine that does a little of everything a scenario can wait for: a POST code, text on COM1, an
; answer to what is sent, BIOS calls, memory. What it does next is up to the byte it gets:
;   q  power off by Bochs' port (8900h)      r  reset by port CF9h
;   c  triple fault                          h  HLT with interrupts off
;   i  INT 13h, AH=42h, which fails; then AH=02h, which does not
;   k  waits for a key and says its scan code's low digit
; A 64 KiB ROM: code at F000:0000, the reset vector jumps to it.
bits 16
org 0
COM1 equ 0x3f8
start:
  cli
  xor ax, ax
  mov ss, ax
  mov sp, 0x7000
  mov ds, ax
  mov word [0x13 * 4], disk
  mov [0x13 * 4 + 2], cs
  mov word [0x500], 0x1234
  mov al, 0x55
  out 0x80, al
  mov dx, COM1 + 3              ; 8N1, 115200 baud
  mov al, 0x83
  out dx, al
  mov dx, COM1
  mov al, 1
  out dx, al
  inc dx
  xor al, al
  out dx, al
  mov dx, COM1 + 3
  mov al, 3
  out dx, al
  mov al, 0xaa                  ; 8042: self-test, translate, keyboard on
  out 0x64, al
  call byte_from_8042
  mov al, 0x60
  out 0x64, al
  mov al, 0x40
  out 0x60, al
  mov al, 0xae
  out 0x64, al
  mov si, hello
  call print
next:
  mov si, prompt
  call print
  call read
  cmp al, 'i'
  je calls
  cmp al, 'k'
  je key
  cmp al, 'r'
  je reset
  cmp al, 'c'
  je crash
  cmp al, 'h'
  je stuck
  cmp al, 'q'
  jne next
  mov dx, 0x8900
  mov si, shutdown
.off:
  cs lodsb
  out dx, al
  test al, al
  jnz .off
  jmp $

calls:
  mov ax, 0x4201
  int 0x13
  mov ax, 0x0201
  int 0x13
  jmp next
disk:                           ; AH=42h fails, the others do not
  push bp
  mov bp, sp
  and byte [bp + 6], 0xfe
  cmp ah, 0x42
  jne .done
  or byte [bp + 6], 1
.done:
  pop bp
  iret

key:                            ; what the keyboard says of itself does not count
  call byte_from_8042
  cmp al, 0xaa
  jae key
  and al, 15
  add al, 'A'
  call put
  jmp next

byte_from_8042:
  in al, 0x64
  test al, 1
  jz byte_from_8042
  in al, 0x60
  ret

reset:
  mov dx, 0xcf9
  mov al, 6
  out dx, al
  jmp $
crash:
  lidt [cs:nothing]
  int 3
stuck:
  hlt
  jmp stuck

read:
  mov dx, COM1 + 5
  in al, dx
  test al, 1
  jz read
  mov dx, COM1
  in al, dx
  ret
print:
  cs lodsb
  test al, al
  jz .done
  call put
  jmp print
.done:
  ret
put:
  push ax
  mov dx, COM1 + 5
.wait:
  in al, dx
  test al, 0x20
  jz .wait
  pop ax
  mov dx, COM1
  out dx, al
  ret
hello db "talking ROM", 13, 10, 0
prompt db "ready> ", 0
shutdown db "Shutdown", 0
nothing dw 0, 0, 0
  times 0xfff0 - ($ - $$) db 0xff
  jmp 0xf000:start
  times 0x10000 - ($ - $$) db 0xff
