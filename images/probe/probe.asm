; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot disk that asks a PC BIOS what it can do, leaves the answers in memory and stops. `ice86 firmware lint`
; reads them there, in its own machine or in a memory dump of another (docs/firmware.md has the layout).
; Reference: ACPI 3.0, section 14.1 (E820); PCI BIOS Specification 2.1; APM BIOS Interface 1.2; BIOS Enhanced
; Disk Drive Specification 3.0; VESA BIOS Extension 2.0.
bits 16
org 0x7c00
%define ANSWERS 0x8000                  ; signature, number of answers, number of E820 ranges
%define COUNT (ANSWERS + 8)
%define RANGE_COUNT (ANSWERS + 10)
%define FIRST (ANSWERS + 16)            ; vector, AX asked; AX, BX, CX, DX, flags answered; 0
%define RANGES 0x9000                   ; 20 bytes each
%define BUFFER 0xa000                   ; for VBE
%define END 0xb000
%define MOST_RANGES 64
%define SMAP 0x534d4150
        jmp 0:start
start:  cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        sti
        cld
        mov di, ANSWERS
        mov cx, (END - ANSWERS) / 2
        rep stosw
        mov si, signature
        mov di, ANSWERS
        mov cx, 4
        rep movsw
        mov si, calls
        mov di, FIRST
next:   lodsb
        or al, al
        jz ranges
        mov [.call + 1], al
        xor ah, ah
        mov [di], ax
        lodsw
        mov [di + 2], ax
        push si
        push di
        mov bx, [si]
        mov cx, [si + 2]
        mov dx, [si + 4]
        mov di, BUFFER
.call:  int 0
        pushf
        push dx
        push cx
        push bx
        push ax
        cld
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov bp, sp
        mov di, [bp + 10]
        pop word [di + 4]
        pop word [di + 6]
        pop word [di + 8]
        pop word [di + 10]
        pop word [di + 12]
        pop di
        pop si
        add si, 6
        add di, 16
        inc word [COUNT]
        jmp next

ranges: xor ebx, ebx
        mov di, RANGES
.next:  mov eax, 0xe820
        mov edx, SMAP
        mov ecx, 20
        int 0x15
        jc done
        cmp eax, SMAP
        jne done
        inc word [RANGE_COUNT]
        add di, 20
        cmp word [RANGE_COUNT], MOST_RANGES
        je done
        or ebx, ebx
        jnz .next

done:   mov si, text
.type:  lodsb
        or al, al
        jz .stop
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        jmp .type
.stop:  cli
        hlt
        jmp .stop

%macro ask 5                            ; vector, AX, BX, CX, DX
        db %1
        dw %2, %3, %4, %5
%endmacro
calls:
        ask 0x10, 0x4f00, 0, 0, 0       ; VBE
        ask 0x11, 0, 0, 0, 0            ; equipment
        ask 0x12, 0, 0, 0, 0            ; base memory
        ask 0x13, 0x4100, 0x55aa, 0, 0x80       ; extensions of the first disk
        ask 0x15, 0xe801, 0, 0, 0       ; memory above 1 MB
        ask 0x15, 0x8800, 0, 0, 0
        ask 0x15, 0xc000, 0, 0, 0       ; configuration table
        ask 0x15, 0x5300, 0, 0, 0       ; APM
        ask 0x15, 0x2403, 0, 0, 0       ; A20
        ask 0x1a, 0x0200, 0, 0, 0       ; clock
        ask 0x1a, 0xb101, 0, 0, 0       ; PCI BIOS
        db 0
signature:
        db "ICE86PRB"
text:   db "The BIOS has answered.", 13, 10, 0
        times 446 - ($ - $$) db 0
        db 0x80, 1, 1, 0, 0x0c, 15, 63, 1       ; a partition, for BIOSes that want one
        dd 63, 16 * 63 * 2 - 63
        times 510 - ($ - $$) db 0
        dw 0xaa55
        times 16 * 63 * 2 * 512 - ($ - $$) db 0
