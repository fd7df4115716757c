; SPDX-License-Identifier: LGPL-2.1-or-later
; ADLO's first and last instructions: 32-bit entry with a GDT of its own, and the way back to real
; mode and into the BIOS.
; Reference: Intel SDM vol. 3A section 9.9.2 (switching back to real-address mode).
bits 32
section .entry
global adlo_entry
extern adlo_main
extern bss_start
extern bss_end
adlo_entry:
        cli
        cld
        lgdt [gdt_pointer]
        jmp 0x08:own_code
own_code:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov fs, ax
        mov gs, ax
        mov esp, adlo_entry             ; the stack grows down from the loader's first byte
        mov edi, bss_start
        mov ecx, bss_end
        sub ecx, edi
        xor eax, eax
        rep stosb
        call adlo_main

        ; Every vector points to the BIOS's own IRET until it has set its handlers.
        xor edi, edi
        mov ecx, 256
        mov eax, 0xf000ff53
        rep stosd
        jmp 0x18:leave_protected

bits 16
leave_protected:
        mov ax, 0x20                    ; 64 KB, byte granular: what real mode expects
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov fs, ax
        mov gs, ax
        o32 lidt [real_idt]
        mov eax, cr0
        and al, 0xfe
        mov cr0, eax
        jmp 0:real_mode
real_mode:
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov fs, ax
        mov gs, ax
        mov sp, adlo_entry
        xor eax, eax
        xor ebx, ebx
        xor ecx, ecx
        xor edx, edx
        xor esi, esi
        xor edi, edi
        xor ebp, ebp
        jmp 0xffff:0

section .rodata
align 8
gdt:    dq 0
        dw 0xffff, 0                    ; 08h: flat code
        db 0, 0x9b, 0xcf, 0
        dw 0xffff, 0                    ; 10h: flat data
        db 0, 0x93, 0xcf, 0
        dw 0xffff, 0                    ; 18h: 16-bit code
        db 0, 0x9b, 0x00, 0
        dw 0xffff, 0                    ; 20h: 16-bit data
        db 0, 0x93, 0x00, 0
gdt_pointer:
        dw $ - gdt - 1
        dd gdt
real_idt:
        dw 0x3ff
        dd 0
