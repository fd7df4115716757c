; SPDX-License-Identifier: LGPL-2.1-or-later
; LinuxBIOS, first part: from the reset vector to C. Runs in place at the end of the ROM, without a
; byte of RAM until it has set the DRAM up itself.
; Reference: Intel SDM vol. 3A sections 9.1.4 and 9.9.1; Intel 290549 (82441FX), 3.2; Intel 290562
; (82371AB), 7 and 11; JEDEC Standard 21-C, 4.1.2.5 (SPD).
;
; Assembled to a flat image with -DSIZE=bytes of it and -DRAM_STAGE="file": the C part, which is
; linked for RAM_STAGE_BASE and copied there.

%define RAM_STAGE_BASE  0x80000
%define STACK_TOP       0x9f000
%define IMAGE_BASE      (0x100000000 - SIZE)

%define PORT_POST       0x80
%define PORT_CMOS       0x70
%define PCI_ADDRESS     0xcf8
%define PCI_DATA        0xcfc
%define UART            0x3f8
%define SMBUS_BASE      0x0f00
%define SMBUS_ROUNDS    64
%define DRB0            0x60

; POST codes, in order.
%define POST_ENTRY      0x10
%define POST_PROTECTED  0x11
%define POST_SPD        0x12
%define POST_CMOS       0x13
%define POST_DRAM_ON    0x14
%define POST_RAM_STAGE  0x15
%define POST_NO_MEMORY  0xe1
%define POST_DAMAGED    0xe2

; The last 16 bytes of the part (firmware/common/romfs.h).
%define TRAILER_FLAGS   0xfffffff8
%define FLAG_POST_MORTEM 1
%define POST_MORTEM_LEAST 2             ; 16 MB

org IMAGE_BASE

; `ice86 image rom` makes the words of the RAM stage and `ram_stage_sum` add up to 0.
        db "RAMSTAGE"
        dd ram_stage_end - ram_stage
ram_stage_sum:
        dd 0
ram_stage:
        incbin RAM_STAGE
align 16, db 0xff
ram_stage_end:

; ---- 32-bit, flat, no stack. A call leaves its return address in ESP: `jump_to label` ----

%macro call_without_stack 1
        mov esp, %%back
        jmp %1
%%back:
%endmacro
%macro post 1
        mov al, %1
        out PORT_POST, al
%endmacro

bits 32
protected:
        mov ax, flat_data - gdt
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov fs, ax
        mov gs, ax
        post POST_PROTECTED
        ; No watchdog, no NMI, no paging: nothing may interrupt what follows.
        mov al, 0x80 | 0x0f
        out PORT_CMOS, al
        xor al, al
        out PORT_CMOS + 1, al           ; shutdown status: a normal start

; DRAM from the modules' own description. EBP: megabytes/8 found so far.
        post POST_SPD
        xor ebp, ebp
        jmp smbus_on
spd_begin:
        xor edi, edi                    ; socket 0-3: two rows of the bridge for each
next_socket:
        mov bl, 2                       ; memory type
        call_without_stack smbus_read
        jc empty_socket
        cmp al, 4                       ; SDRAM
        jne empty_socket
        mov bl, 31                      ; row density, a bit for each 4 MB power of two
        call_without_stack smbus_read
        jc empty_socket
        movzx ecx, al
        mov bl, 5                       ; module rows
        call_without_stack smbus_read
        jc empty_socket
        mov bh, al
        ; First row: the largest density. Second, if any: the other bit, or the same again.
        ; ESI: what the second row would have by itself << 16 | the first in 8 MB units.
        bsr edx, ecx
        jz empty_socket
        btr ecx, edx
        mov esi, ecx
        shl esi, 16
        xor ecx, ecx
        bts ecx, edx
        shr ecx, 1                      ; 4 MB units to 8 MB units
        add ebp, ecx
        mov si, cx
        lea ecx, [edi * 2 + DRB0]
        call_without_stack set_drb
        cmp bh, 2
        jb second_row
        mov ecx, esi
        shr ecx, 17
        jnz different
        movzx ecx, si
different:
        add ebp, ecx
        jmp second_row
empty_socket:
        lea ecx, [edi * 2 + DRB0]
        call_without_stack set_drb
second_row:
        lea ecx, [edi * 2 + DRB0 + 1]
        call_without_stack set_drb
        inc edi
        cmp edi, 4
        jb next_socket
        mov edi, ebp                    ; for the C part: what SPD said
        test ebp, ebp
        jnz dram_on

; No module answered: another's set-up, or the battery-backed record of the last one, has to do.
no_spd:
        post POST_CMOS
        xor edi, edi
        mov al, 0x80 | 0x35             ; memory above 16 MB in 64 KB units
        out PORT_CMOS, al
        in al, PORT_CMOS + 1
        mov ah, al
        mov al, 0x80 | 0x34
        out PORT_CMOS, al
        in al, PORT_CMOS + 1
        movzx ebp, ax
        test ebp, ebp
        jz small
        shr ebp, 7
        add ebp, 2
        jmp cmos_rows
small:
        mov al, 0x80 | 0x31             ; memory above 1 MB in KB
        out PORT_CMOS, al
        in al, PORT_CMOS + 1
        mov ah, al
        mov al, 0x80 | 0x30
        out PORT_CMOS, al
        in al, PORT_CMOS + 1
        movzx ebp, ax
        add ebp, 1024 + 8191            ; partly filled rows count as rows
        shr ebp, 13
cmos_rows:
        ; Eight rows of at most 256 MB.
        mov esi, ebp
        xor edx, edx
next_row:
        lea eax, [edx + 1]
        shl eax, 5
        cmp eax, esi
        jb row_full
        mov eax, esi
row_full:
        mov ebp, eax
        lea ecx, [edx + DRB0]
        mov ebx, edx
        call_without_stack set_drb
        mov edx, ebx
        inc edx
        cmp edx, 8
        jb next_row

dram_on:
        post POST_DRAM_ON
        ; For a post-mortem after a warm reset, when the ROM asks for it: low memory as it was, which
        ; this boot is about to use, goes to the last megabyte. Only SPD says where that is for sure.
        test dword [TRAILER_FLAGS], FLAG_POST_MORTEM
        jz no_copy
        cmp edi, POST_MORTEM_LEAST
        jb no_copy
        cmp edi, 0xff
        ja no_copy
        mov ebp, edi
        shl edi, 23
        sub edi, 0x100000
        xor esi, esi
        mov ecx, 0xa0000 / 4
        cld
        rep movsd
        mov edi, ebp
no_copy:
        ; Does memory hold what is written, where the C part will live?
        mov ebx, RAM_STAGE_BASE
        mov eax, 0x55aa33cc
test_memory:
        mov [ebx], eax
        mov dword [ebx + 4], 0          ; and not just because the bus remembers
        cmp [ebx], eax
        jne no_memory
        not eax
        mov [ebx], eax
        cmp [ebx], eax
        jne no_memory
        add ebx, 0x1000
        cmp ebx, STACK_TOP
        jb test_memory

        post POST_RAM_STAGE
        mov ebx, edi
        cld
        mov esi, ram_stage
        mov edi, RAM_STAGE_BASE
        mov ecx, (ram_stage_end - ram_stage) / 4
        rep movsd
        ; Is it whole? Read back from where it will run.
        mov esi, RAM_STAGE_BASE
        mov ecx, (ram_stage_end - ram_stage) / 4
        mov edx, [ram_stage_sum]
sum_up: lodsd
        add edx, eax
        loop sum_up
        test edx, edx
        jnz damaged
        mov esp, STACK_TOP
        push ebx                        ; 8 MB units that SPD described, 0: none did
        mov eax, RAM_STAGE_BASE
        call eax

stop:   cli
        hlt
        jmp stop

; What there is to say before there is a console: with a UART and a register.
damaged:
        post POST_DAMAGED
        mov esi, damaged_text
        jmp last_words
no_memory:
        post POST_NO_MEMORY
        mov esi, no_memory_text
last_words:
        mov dx, UART + 3
        mov al, 0x83
        out dx, al
        mov dx, UART
        mov al, 1                       ; 115200 baud
        out dx, al
        inc dx
        xor al, al
        out dx, al
        mov dx, UART + 3
        mov al, 3
        out dx, al
        cld
next_character:
        mov ecx, 100000
        mov dx, UART + 5
ready:  in al, dx
        test al, 0x20
        loopz ready
        lodsb
        test al, al
        jz stop
        mov dx, UART
        out dx, al
        jmp next_character
no_memory_text:
        db 13, 10, "LinuxBIOS: no memory at 512 KB: DRAM is missing or does not hold data", 13, 10, 0
damaged_text:
        db 13, 10, "LinuxBIOS: RAM stage: bad checksum: the ROM is damaged", 13, 10, 0

; ECX: a byte register of the host bridge; EBP: the boundary in 8 MB units, cut to what the register
; can say. Changes EAX and EDX.
set_drb:
        mov eax, ecx
        and eax, 0xfc
        or eax, 0x80000000
        mov dx, PCI_ADDRESS
        out dx, eax
        mov edx, ecx
        and edx, 3
        add edx, PCI_DATA
        mov eax, ebp
        cmp eax, 0xff
        jbe drb_fits
        mov al, 0xff
drb_fits:
        out dx, al
        jmp esp

; Finds the power management function of the south bridge, wherever the board has it, and gives its
; SMBus controller I/O space.
smbus_on:
        mov ecx, 0x80000000
find_smbus:
        mov eax, ecx
        mov dx, PCI_ADDRESS
        out dx, eax
        mov dx, PCI_DATA
        in eax, dx
        cmp eax, 0x71138086
        je found_smbus
        add ecx, 0x100
        cmp ecx, 0x80010000
        jb find_smbus
        jmp no_spd
found_smbus:
        lea eax, [ecx + 0x90]           ; SMBBA
        mov dx, PCI_ADDRESS
        out dx, eax
        mov dx, PCI_DATA
        mov eax, SMBUS_BASE | 1
        out dx, eax
        lea eax, [ecx + 0xd0]
        mov dx, PCI_ADDRESS
        out dx, eax
        mov dx, PCI_DATA + 2            ; D2h, SMBHSTCFG
        mov al, 1                       ; SMB_HST_EN
        out dx, al
        lea eax, [ecx + 4]
        mov dx, PCI_ADDRESS
        out dx, eax
        mov dx, PCI_DATA
        in ax, dx
        or al, 1                        ; I/O space
        out dx, ax
        mov dx, SMBUS_BASE
        mov al, 0x1e                    ; SMBHSTSTS: what is left of an earlier transfer
        out dx, al
        jmp spd_begin

; Reads byte BL of the EEPROM of socket EDI into AL; CF: nobody answers. Changes EAX and EDX, and
; keeps only the low halves of EBX and ECX: the upper half of EBX counts the rounds of 16,384 tries,
; since no one knows yet how fast this CPU is.
smbus_read:
        movzx ebx, bx
        shl ecx, 16                     ; CX is needed here; the caller's is 8 bits
        mov dx, SMBUS_BASE
        mov cx, 0x4000
smbus_idle:
        in al, dx
        test al, 1                      ; HOST_BUSY
        jz smbus_go
        dec cx
        jnz smbus_idle
        mov cx, 0x4000
        add ebx, 0x10000
        cmp ebx, SMBUS_ROUNDS << 16
        jb smbus_idle
        jmp smbus_failed
smbus_go:
        mov al, 0x1e
        out dx, al
        mov eax, edi
        lea eax, [eax * 2 + (0x50 << 1) + 1]
        mov dx, SMBUS_BASE + 4          ; SMBHSTADD
        out dx, al
        mov al, bl
        mov dx, SMBUS_BASE + 3          ; SMBHSTCMD
        out dx, al
        mov al, 0x48                    ; START, byte data
        mov dx, SMBUS_BASE + 2          ; SMBHSTCNT
        out dx, al
        mov dx, SMBUS_BASE
        mov cx, 0x4000
smbus_wait:
        in al, dx
        test al, 0x1c                   ; FAILED, BUS_ERR, DEV_ERR
        jnz smbus_failed
        test al, 2                      ; INTR: done
        jnz smbus_done
        dec cx
        jnz smbus_wait
        mov cx, 0x4000
        add ebx, 0x10000
        cmp ebx, SMBUS_ROUNDS << 16
        jb smbus_wait
smbus_failed:
        mov al, 0x1e
        out dx, al
        shr ecx, 16
        stc
        jmp esp
smbus_done:
        mov al, 0x1e
        out dx, al
        mov dx, SMBUS_BASE + 5          ; SMBHSTDAT0
        in al, dx
        shr ecx, 16
        clc
        jmp esp

align 16, db 0xff
gdt:
        dq 0
flat_code: equ $
        dw 0xffff, 0
        db 0, 0x9b, 0xcf, 0
flat_data: equ $
        dw 0xffff, 0
        db 0, 0x93, 0xcf, 0
gdt_end:
gdt_pointer:
        dw gdt_end - gdt - 1
        dd gdt

; ---- 16-bit: the last 64 KB, code segment base FFFF0000 ----
times SIZE - 64 - ($ - $$) db 0xff
bits 16
real_entry:
        cli
        mov al, POST_ENTRY
        out PORT_POST, al
        o32 lgdt [cs:(gdt_pointer - $$ + 0x10000 - SIZE)]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword (flat_code - gdt):protected
times SIZE - 16 - ($ - $$) db 0xff
        jmp short real_entry
times SIZE - 12 - ($ - $$) db 0xff
        dd 0xffffffff, 0, 0xffffffff    ; the ROM file system, filled in by `ice86 image rom`
