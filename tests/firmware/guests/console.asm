; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that uses INT 10h's text services one after the other, then types what keys say and keeps
; their codes from 8000h on, their number at 7FFEh.
bits 16
org 0x7c00
%macro video 4                          ; AX, BX, CX, DX
        mov ax, %1
        mov bx, %2
        mov cx, %3
        mov dx, %4
        int 0x10
%endmacro
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        mov [0x7ffe], ax
        video 0x0003, 0, 0, 0
        mov bp, text
        video 0x1301, 0x001f, text_end - text, 0x050a
        video 0x0e21, 0, 0, 0           ; '!' behind it
        video 0x0200, 0, 0, 0x0700
        video 0x09c4, 0x0007, 5, 0      ; five line pieces in grey; the cursor stays
        video 0x0300, 0, 0, 0
        mov [0x7ff0], dx
        video 0x0f00, 0, 0, 0
        mov [0x7ff2], ax
        video 0x0200, 0, 0, 0x064e
        video 0x0e61, 0, 0, 0           ; "abc" across a line's end
        video 0x0e62, 0, 0, 0
        video 0x0e63, 0, 0, 0
        video 0x0602, 0x0700, 0x0300, 0x094f    ; rows 3 to 9 two lines up
        video 0x0600, 0x0700, 0x0305, 0x0406    ; a window of 2 by 2
        video 0x0300, 0, 0, 0
        mov [0x7ff4], dx
        video 0x0200, 0, 0, 0x1800
        mov si, ready
.type:  lodsb
        or al, al
        jz keys
        mov ah, 0x0e
        int 0x10
        jmp .type
keys:   mov ah, 0x01
        int 0x16
        mov ah, 0x00
        int 0x16
        mov bx, [0x7ffe]
        inc word [0x7ffe]
        shl bx, 1
        mov [0x8000 + bx], ax
        or al, al
        jz keys
        mov ah, 0x0e
        int 0x10
        jmp keys
text:   db "In white on blue"
text_end:
ready:  db 13, 10, "ready", 13, 10, 0
        times 510 - ($ - $$) db 0
        dw 0xaa55
        times 16 * 63 * 512 - ($ - $$) db 0
