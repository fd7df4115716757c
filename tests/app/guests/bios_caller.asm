; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that asks the BIOS a little of everything and ends the emulator.
bits 16
org 0x7c00
start:
        jmp 0:begin
begin:
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        sti
        cld
        mov [drive], dl
        mov si, text
.letter:
        lodsb
        test al, al
        jz .said
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        jmp .letter
.said:
        int 0x11
        int 0x12
        mov ah, 3
        mov bx, 0
        int 0x10
        mov ah, 8
        mov dl, [drive]
        int 0x13
        xor ax, ax
        mov es, ax
        mov ah, 0x41
        mov bx, 0x55aa
        mov dl, [drive]
        int 0x13
        mov ah, 0x42
        mov dl, [drive]
        mov si, packet
        int 0x13
        mov ax, 0x0201
        mov bx, 0x0600
        mov cx, 1
        mov dh, 0
        mov dl, [drive]
        int 0x13
        mov ax, 0x0201          ; a drive that is not there
        mov dl, 0xef
        int 0x13
        xor ebx, ebx
.map:
        mov eax, 0xe820
        mov ecx, 20
        mov edx, 0x534d4150
        mov di, 0x0900
        int 0x15
        jc .mapped
        test ebx, ebx
        jnz .map
.mapped:
        mov ah, 0xc0
        int 0x15
        push cs
        pop es
        mov ah, 1
        int 0x16
        mov ah, 4
        int 0x1a
        mov ax, 0xb101
        int 0x1a
        mov ah, 2
        mov bx, 0
        mov dx, 0x0a0a
        int 0x10
        ; Ends QEMU and ice86, and Bochs.
        mov dx, 0x501
        mov ax, 0x0010
        out dx, ax
        mov dx, 0x8900
        mov si, shutdown
        mov cx, 8
        rep outsb
        cli
        hlt

text db 'hello', 13, 10, 0
shutdown db 'Shutdown'
drive db 0
align 4
packet db 16, 0, 2, 0
        dw 0x1000, 0
        dd 1, 0
        times 510 - ($ - $$) db 0
        dw 0xaa55
        times 1 << 20 db 0x5a
