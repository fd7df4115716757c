; SPDX-License-Identifier: LGPL-2.1-or-later
; A small option ROM that answers INT 15h AX=E820h with LinuxBIOS's memory map, in the BIOS's place.
; e820.c fills its table in, option_roms.c its checksum, before it goes into shadow RAM.
; Reference: Plug and Play BIOS Specification 1.0A, section 3.1; ACPI 3.0, section 14.1 (E820).
bits 16
section .data
global e820_rom
global e820_rom_count
global e820_rom_entries
global e820_rom_end
%define at(label) (label - e820_rom)
%define MOST 16
%define SMAP 0x534d4150
%define VECTOR (0x15 * 4)
%define BIOS_HANDLER 0xf000f859         ; where every PC BIOS has its INT 15h

align 16
e820_rom:
        db 0x55, 0xaa, (e820_rom_end - e820_rom) / 512
        jmp near initialize
        times 0x18 - ($ - e820_rom) db 0        ; no PCI data, no PnP header
        dw 0, 0
        db "E820 from LinuxBIOS", 0

; Called once by the BIOS. Somebody else's handler is left alone.
initialize:
        push ds
        push eax
        xor ax, ax
        mov ds, ax
        cmp dword [VECTOR], BIOS_HANDLER
        jne leave_it
        mov word [VECTOR], at(handler)
        mov [VECTOR + 2], cs
leave_it:
        pop eax
        pop ds
        retf

handler:
        cmp ax, 0xe820
        jne to_bios
        cmp edx, SMAP
        je ours
to_bios:
        jmp 0xf000:0xf859
ours:
        push bp
        mov bp, sp                      ; [bp + 6]: the caller's flags
        cmp ecx, 20
        jb refuse
        cmp ebx, [cs:at(e820_rom_count)]
        jae refuse
        push si
        push di
        push ds
        push cs
        pop ds
        imul si, bx, 20
        add si, at(e820_rom_entries)
        mov cx, 10
        cld
        rep movsw
        pop ds
        pop di
        pop si
        mov ecx, 20
        mov eax, SMAP
        inc ebx
        cmp ebx, [cs:at(e820_rom_count)]
        jb more
        xor ebx, ebx
more:   and byte [bp + 6], 0xfe         ; CF
        pop bp
        iret
refuse:
        mov ah, 0x86
        or byte [bp + 6], 1
        pop bp
        iret

align 4, db 0
e820_rom_count:
        dd 0
e820_rom_entries:
        times MOST * 20 db 0
        db 0                            ; makes the sum 0
        times 512 - ($ - e820_rom - 1) % 512 - 1 db 0
e820_rom_end:
