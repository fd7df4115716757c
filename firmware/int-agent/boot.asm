; SPDX-License-Identifier: LGPL-2.1-or-later
; The agent's boot sector: loads the rest behind itself and goes there. One for hard disks, USB
; sticks, diskettes and CDs; a CD's El Torito entry loads everything at once.
; Reference: Phoenix Enhanced Disk Drive Specification 3.0; El Torito 1.0 section 2.
%include "layout.inc"

bits 16
org 0x7c00

BODY equ 0x7e00
SIGNATURE equ BODY + CONFIG_SIGNATURE

start:
        jmp short begin
        nop
        ; A diskette's parameter block would stand here. Some BIOSes write into it when they boot a
        ; USB stick, so nothing of ours does.
        times 0x5a - ($ - $$) db 0

begin:
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        sti
        cld
        jmp 0:.here
.here:
        mov [drive], dl
        cmp dword [SIGNATURE], AGENT_SIGNATURE
        je go                   ; a CD
        cmp dl, 0x80
        jb by_geometry
        mov ah, 0x41
        mov bx, 0x55aa
        int 0x13
        jc by_geometry
        cmp bx, 0xaa55
        jne by_geometry
        mov ah, 0x42
        mov dl, [drive]
        mov si, packet
        int 0x13
        jnc loaded

by_geometry:
        mov ah, 8
        mov dl, [drive]
        xor di, di
        int 0x13
        push ds
        pop es
        jc .read                ; 18 sectors, 2 heads
        and cl, 0x3f
        jz .read
        mov [sectors], cl
        inc dh
        mov [heads], dh
.read:
        mov bx, BODY
        mov si, 1               ; sector from the start of the disk
.next:
        mov ax, si
        div byte [sectors]      ; AL track, AH sector
        mov cl, ah
        inc cl
        xor ah, ah
        div byte [heads]        ; AL cylinder, AH head
        mov ch, al
        mov dh, ah
        mov dl, [drive]
        mov di, 3
.again:
        mov ax, 0x0201
        int 0x13
        jnc .good
        xor ah, ah
        int 0x13
        dec di
        jnz .again
        jmp failed
.good:
        add bx, 512
        inc si
        cmp si, BODY_SECTORS
        jbe .next

loaded:
        cmp dword [SIGNATURE], AGENT_SIGNATURE
        jne failed
go:
        mov dl, [drive]
        jmp (BODY >> 4):0

failed:
        mov si, message
%include "give_up.inc"

message db 'int-agent: cannot be loaded', 13, 10, 0
sectors db 18
heads db 2
drive db 0
align 4
packet db 16, 0
        dw BODY_SECTORS
        dw BODY, 0
        dd 1, 0

%if ($ - $$) > 0x1b8
%error the boot sector is too long
%endif
        times 0x1b8 - ($ - $$) db 0
        dd 0x36386961           ; disk signature
        dw 0
        ; One active partition: a BIOS that looks for one before it boots finds it. Type DA: no file
        ; system.
        db 0x80, 0, 2, 0, 0xda, 0, 33, 0
        dd 1, 32
        times 0x1fe - ($ - $$) db 0
        dw 0xaa55
