; SPDX-License-Identifier: LGPL-2.1-or-later
; 64-bit mode: x87 and vector state in the images of FXSAVE and XSAVE, 64-bit pointers, operands that are
; not canonical.
%include "rom.inc"
%include "rom64.inc"

AREA equ 0x10000
SECOND equ 0x10400
NONCANONICAL equ 0x0000800000000000

        bits 32
main:
        jmp enter_long

        bits 64
main64:
        mov rax, cr0
        and eax, ~0xe
        or eax, 0x20
        mov cr0, rax
        mov rax, cr4
        or eax, 0x40600                 ; OSFXSR, OSXMMEXCPT, OSXSAVE
        mov cr4, rax
        map P | W, 0
        mov rbx, PAGE
        mov dword [rbx], 0x40400000     ; 3.0

        fninit
load:   fld dword [rbx]
        mov rax, 0x1122334455667788
        movq xmm7, rax
        not rax
        movq xmm15, rax
        mov edi, AREA
        mov ecx, 0x200
        mov eax, 0x5a5a5a5a
        rep stosd
        fxsave64 [AREA]
%ifndef QEMU                            ; has no pointers
        equal qword [AREA + 8], load
        equal word [AREA + 6], 0x0103
%endif
%ifndef PEER                            ; nor has the model of Bochs data pointers, but of exceptions
        equal qword [AREA + 16], rbx
%endif
        equal byte [AREA + 4], 0x80
        mov rax, 0x1122334455667788
        equal qword [AREA + 160 + 7 * 16], rax
        not rax
        equal qword [AREA + 160 + 15 * 16], rax
        equal dword [AREA + 416], 0x5a5a5a5a
        ; The other format has selectors, and all 16 registers, too.
        fxsave [SECOND]
%ifndef PEER
        equal dword [SECOND + 8], load
        equal dword [SECOND + 12], CODE64
        equal dword [SECOND + 16], ebx
%endif
        equal qword [SECOND + 160 + 15 * 16], rax

        fninit
        pxor xmm15, xmm15
        fxrstor64 [AREA]
        movq rcx, xmm15
        equal rcx, rax
        fstp dword [SCRATCH]
        equal dword [SCRATCH], 0x40400000
        fnstenv [SECOND]
        equal word [SECOND], 0x037f
%ifndef QEMU
        equal word [SECOND + 18], 0x011c
%endif
        fldcw [control]

        xor ecx, ecx
        xor edx, edx
        mov eax, 3
        xsetbv
        mov edi, AREA
        mov ecx, 0x100
        xor eax, eax
        rep stosd
        mov eax, 3
        xsave64 [AREA]
        equal dword [AREA + 512], 3
        mov rcx, 0x1122334455667788
        not rcx
        equal qword [AREA + 160 + 15 * 16], rcx
        pxor xmm15, xmm15
        mov eax, 3
        xrstor64 [AREA]
        movq rax, xmm15
        equal rax, rcx

        ; Addresses.
        mov rbx, NONCANONICAL
        faults 13, 0, fld qword [rbx]
        faults 13, 0, fstp tword [rbx]
        faults 13, 0, fnsave [rbx]
        faults 13, 0, fxsave [rbx]
        mov rbp, rbx
        faults 12, 0, fld qword [rbp]
        mov rbp, rbx
        faults 12, 0, fnstenv [rbp]
        user 14, 5, fld qword [PAGE]
        fnstenv [SECOND]
        equal word [SECOND + 8], 0xffff
        ret

control: dw 0x037f
%include "rom_end.inc"
