; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector that goes over its diskette with INT 13h: tracks are read with one call each, the
; first, every [stride]th and the last; all sectors must carry their number; the last two are written, verified and read back. It tells COM1
; what happened and ends through port 501h: 10h is success.
; The image builder gives sector n (from 1 on) the number n in its first and its last four bytes,
; and writes the geometry below.
        bits 16
        org 0x7c00
        jmp short start
        nop
        times 0x18 - ($ - $$) db 0
spt:    dw 18                   ; where a BPB has them
heads:  dw 2
cylinders: dw 80                ; the BPB has hidden sectors here
stride: dw 1

start:
        cli
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 0x7c00
        sti
        cld
        mov [drive], dl
        mov dx, 0x3fb           ; eight bits
        mov al, 3
        out dx, al
        mov si, booted
        call puts
        mov al, [drive]
        call hex

        mov si, geometry        ; INT 13h AH=08h: what the BIOS takes the drive for
        call puts
        mov ah, 8
        mov dl, [drive]
        xor di, di
        mov es, di
        int 0x13
        jc fail
        mov [place], dx
        mov al, bl
        call hex
        mov al, ch
        call hex
        mov al, cl
        call hex
        mov al, [place + 1]
        call hex
        mov al, [place]
        call hex

        mov si, reading
        call puts
        xor ax, ax
        mov [track], ax
.next:  call read_track
        movzx eax, word [track]
        movzx ebx, word [spt]
        mul ebx
        mov [number], eax
        mov bx, 0
        mov cx, [spt]
.check: mov eax, [number]
        or eax, eax
        jz .boot_sector
        cmp [es:bx], eax
        jne fail
        cmp [es:bx + 508], eax
        jne fail
.boot_sector:
        inc dword [number]
        add bx, 512
        loop .check
        mov ax, [heads]
        mul word [cylinders]
        dec ax
        cmp [track], ax
        je .write
        mov cx, [track]
        add cx, [stride]
        cmp cx, ax
        jb .go
        mov cx, ax
.go:    mov [track], cx
        jmp .next

.write: mov si, writing         ; the last two sectors of the diskette, inverted
        call puts
        mov cx, 512
        mov di, [spt]
        sub di, 2
        shl di, 9
        mov [place], di
.invert: not word [es:di]
        scasw
        loop .invert
        mov al, 3
        call last_two
        jc fail
        mov al, 4
        call last_two
        jc fail
        call read_track
        mov eax, [number]
        dec eax
        not eax
        mov bx, [place]
        cmp [es:bx + 1020], eax
        jne fail
        mov si, good
        call puts
        mov al, 0x10
        jmp exit
fail:
        push ax
        mov si, bad
        call puts
        pop ax
        mov al, ah
        call hex
        mov ax, [track]
        call hex
        mov al, 0x11
exit:   mov dx, 0x501
        out dx, al
        cli
        hlt

; Reads track [track] (cylinder * heads + head) to 1000:0.
read_track:
        mov al, [spt]
        mov bx, 0
        mov cl, 1
        mov ah, 2
call_bios:
        push ax
        mov ax, [track]
        div byte [heads]
        mov ch, al
        mov dh, ah
        mov dl, [drive]
        mov ax, 0x1000
        mov es, ax
        pop ax
        int 0x13
        jc fail
        ret

last_two:
        mov ah, al
        mov al, 2
        mov bx, [place]
        mov cl, [spt]
        dec cl
        jmp call_bios

puts:   lodsb
        or al, al
        jz hex.done
        call putc
        jmp puts
hex:    push ax
        shr al, 4
        call .digit
        pop ax
        and al, 15
.digit: add al, '0'
        cmp al, '9'
        jbe putc
        add al, 7
putc:   mov dx, 0x3fd
        mov ah, al
.wait:  in al, dx
        test al, 0x20
        jz .wait
        mov dx, 0x3f8
        mov al, ah
        out dx, al
hex.done: ret

booted: db "boot drive ", 0
geometry: db " parameters ", 0
reading: db " reading", 0
writing: db " writing", 0
good:   db " ok", 10, 0
bad:    db " error ", 0

        times 510 - ($ - $$) db 0
        dw 0xaa55

drive   equ 0x600
track   equ 0x602
number  equ 0x604
place   equ 0x608
