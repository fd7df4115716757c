; SPDX-License-Identifier: LGPL-2.1-or-later
; Long mode: how it is entered, 4-level paging, canonical addresses.
%include "rom.inc"
%include "rom64.inc"

NONCANONICAL equ 0x0000800000000000

        bits 32
main:
        ; Paging may not go on with LME and without PAE; LME may not change under paging.
        mov ecx, EFER
        rdmsr
        or eax, 0x100
        wrmsr
        mov eax, cr0
        or eax, 0x80000000
        mov ebx, PML4
        mov cr3, ebx
        mov ecx, 0
%ifndef QEMU                            ; QEMU 7.2 does not look
        faults32 13, 0, mov cr0, eax
%endif
        mov ecx, EFER
        rdmsr
        and eax, 0x500
        equal eax, 0x100
        jmp enter_long

        bits 64
main64:
        rdmsr64 EFER
        and eax, 0xd01
        equal eax, 0xd01
        mov rax, cr0
        btr rax, 31
        faults 13, 0, mov cr0, rax
        bts rax, 31
        bts rax, 32
        faults 13, 0, mov cr0, rax
        mov rax, cr4
        btr rax, 5
        faults 13, 0, mov cr4, rax
        bts rax, 5
        bts rax, 40
        faults 13, 0, mov cr4, rax
        rdmsr64 EFER
        and eax, ~0x100
        faults 13, 0, wrmsr
        rdmsr64 EFER
        and eax, ~0x400                 ; LMA is not for software
%ifndef BOCHS
        wrmsr
%endif
        rdmsr64 EFER
        test eax, 0x400
        jnz .lma_stays
        fail
.lma_stays:
        ; CR3 beyond the physical address width.
        mov rax, cr3
        bts rax, 60
        faults 13, 0, mov cr3, rax

        ; Rights and error codes; A and D bits of every level.
        mov rax, [PML4]
        test al, A
        jnz .a1
        fail
.a1:    mov rax, [PDPT]
        test al, A
        jnz .a2
        fail
.a2:    map 0, 0
        faults 14, 0, mov eax, [PAGE]
        equal qword [FAULT_CR2], PAGE
        user 14, 4, mov eax, [PAGE]
        user 14, 6, mov [PAGE], eax
        user 14, 0x14, jmp PAGE         ; NXE is set
        map P | W, 0
        user 14, 5, mov eax, [PAGE]
        equal dword [PT], HOME | P | W
        mov eax, [PAGE]
        equal dword [PT], HOME | P | W | A
        mov [PAGE], eax
        equal dword [PT], HOME | P | W | A | D
        map P | U, 0
        user NO_FAULT, 0, mov eax, [PAGE]
        user 14, 7, mov [PAGE], eax
        mov [PAGE], eax
        mov rax, cr0
        bts rax, 16
        mov cr0, rax
        faults 14, 3, mov [PAGE], eax
        btr rax, 16
        mov cr0, rax
        map P | W | U, 0x80000000
        mov byte [PAGE], 0xc3
        user 14, 0x15, jmp PAGE
        equal qword [FAULT_IP], PAGE
        ; Bits 62:52 are not looked at.
        map P | W | U, 0x7ff00000
        mov eax, [PAGE]
        ; NX, U and W count at every level.
%macro level 1                          ; an entry on the way to PAGE's twin at 80_00000000h + PAGE
        mov rax, [PML4 + 8]
        mov rbx, %1
        bts qword [rbx], 63
        mov rcx, cr3
        mov cr3, rcx
        mov rdi, 0x8000000000 + PAGE
        user 14, 0x15, jmp rdi
        btr qword [rbx], 63
        btr qword [rbx], 2
        mov rcx, cr3
        mov cr3, rcx
        user 14, 5, mov eax, [rdi]
        bts qword [rbx], 2
        btr qword [rbx], 1
        mov rcx, cr3
        mov cr3, rcx
        user 14, 7, mov [rdi], eax
        bts qword [rbx], 1
        btr qword [rbx], 0
        mov rcx, cr3
        mov cr3, rcx
        user 14, 6, mov [rdi], eax
        bts qword [rbx], 0
        mov rcx, cr3
        mov cr3, rcx
%endmacro
        ; A second way down, so that the program's own pages stay as they are.
PDPT2   equ TABLES + 0x5000
PD2     equ TABLES + 0x6000
        mov edi, PDPT2
        xor eax, eax
        mov ecx, 0x2000 / 8
        rep stosq
        mov qword [PML4 + 8], PDPT2 | P | W | U
        mov qword [PDPT2], PD2 | P | W | U
        mov qword [PD2 + 16], PT | P | W | U
        map P | W | U, 0
        level PML4 + 8
        level PDPT2
        level PD2 + 16
        level PT
        equal64 [FAULT_CR2], 0x8000000000 + PAGE

        ; 1-GByte pages.
        mov eax, 0x80000001
        cpuid
        test edx, 1 << 26
        jz near .no_1g
        mov dword [PDPT2 + 8], P | W | U | PS
        mov dword [PDPT2 + 12], 0
        mov rdi, 0x8040000000
        mov dword [HOME + 0x18], 0xabcd
        mov eax, [rdi + HOME + 0x18]
        equal eax, 0xabcd
        mov eax, [PDPT2 + 8]
        equal eax, P | W | U | PS | A
        mov [rdi + HOME], eax
        mov eax, [PDPT2 + 8]
        equal eax, P | W | U | PS | A | D
        mov dword [PDPT2 + 8], P | W | U | PS | 0x100000
        invlpg [rdi]
%ifndef QEMU                            ; QEMU 7.2 leaves the P bit out
        faults 14, 9, mov eax, [rdi + HOME]
        mov dword [PML4 + 8], PDPT2 | P | W | U | PS
        mov rax, cr3
        mov cr3, rax
        faults 14, 9, mov eax, [rdi]
        mov dword [PML4 + 8], PDPT2 | P | W | U
        mov rax, cr3
        mov cr3, rax
%endif
.no_1g:
        ; The upper half: -2 GByte is entry 511 of both upper tables.
        mov qword [PML4 + 511 * 8], PDPT | P | W | U
        mov qword [PDPT + 510 * 8], PD | P | W | U
        mov rdi, 0xffffffff80000000
        mov dword [HOME], 0x5678
        mov eax, [rdi + HOME]
        equal eax, 0x5678
        mov eax, [qword 0xffffffff80000000 + HOME]
        equal eax, 0x5678
        mov eax, [0xffffffff80000000 + HOME]
        equal eax, 0x5678
        mov rbx, .high
        add rbx, rdi
        jmp rbx
.high:  mov eax, [rel .known]           ; RIP-relative, from the upper half
        jmp .low
.known: dd 0x13572468
.low:   equal eax, 0x13572468
        lea rax, [rel .low]
        mov rbx, .low
        add rbx, rdi
        equal rax, rbx
        mov rax, .down
        jmp rax
.down:
        ; Canonical addresses.
        mov rbx, NONCANONICAL
        faults 13, 0, mov eax, [rbx]
        faults 13, 0, mov [rbx], eax
        faults 13, 0, mov [rbx - 1], eax
        faults 13, 0, inc byte [rbx]
        faults 13, 0, jmp rbx
        faults 13, 0, call rbx
        mov rbp, rbx
        faults 12, 0, mov eax, [rbp + 0]
        mov rbp, rbx
        faults 12, 0, inc dword [rbp + 0]
        mov rbx, 0xffff7fffffffffff
        faults 13, 0, mov al, [rbx]
        mov byte [IDT64 + 12 * 16 + 4], 1
        mov qword [TSS64 + 36], 0x7800
        mov qword [RESUME], .stack
        mov [SAVED_SP], rsp
        mov rsp, NONCANONICAL + 8
        push rax
        fail
.stack: equal dword [VECTOR], 12         ; delivered on the stack of IST 1
        ret

%include "rom_end.inc"
