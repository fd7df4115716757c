; SPDX-License-Identifier: LGPL-2.1-or-later
; PAE paging: PDPTE registers and when they load, execute-disable, reserved bits, 2-MByte pages.
; QEMU (TCG) has no PDPTE registers and checks nothing there: Bochs alone runs this to its end.
%include "rom.inc"

P equ 1
W equ 2
U equ 4
A equ 0x20
D equ 0x40
PS equ 0x80

PDPT equ TABLES
PD equ TABLES + 0x1000
PT equ TABLES + 0x2000
PAGE equ 0x400000               ; the third 2 MByte, by PT
BIG equ 0x600000                ; the fourth, one page
HOME equ 0x300000
EFER equ 0xc0000080

%macro map 2                    ; low and high half of the entry for PAGE
        mov dword [PT], HOME | %1
        mov dword [PT + 4], %2
        invlpg [PAGE]
%endmacro

%macro reload 0
        mov eax, cr3
        mov cr3, eax
%endmacro

        bits 32
main:
        mov edi, TABLES
        mov ecx, 0x4000 / 4
        xor eax, eax
        rep stosd
        mov dword [PDPT], PD | P
        mov dword [PD], P | W | U | PS
        mov dword [PD + 8], 0x200000 | P | W | U | PS
        mov dword [PD + 16], PT | P | W | U
        mov eax, cr4
        or eax, 0x20
        mov cr4, eax
        mov eax, PDPT
        mov cr3, eax
        ; PDPTEs are checked when they load: here, when paging goes on.
        mov dword [PDPT], PD | P | W
        mov eax, cr0
        or eax, 0x80000000
        faults 13, 0, mov cr0, eax
        mov ecx, cr0
        test ecx, ecx
        js near .wrong
        mov dword [PDPT], PD | P
        mov cr0, eax
        jmp .on
.wrong: fail
.on:
        ; A bits in PDE, none in the PDPTE.
        equal dword [PDPT], PD | P
        mov eax, [PD]
        and eax, A
        equal eax, A

        ; MOV CR3 checks, too. A PDPTE that is not present may hold anything.
        mov dword [PDPT + 8], 0xfffffffe
        mov dword [PDPT + 12], 0xffffffff
        reload
        mov dword [PDPT + 8], PD | P | 0x20
        mov dword [PDPT + 12], 0
        mov eax, cr3
        faults 13, 0, mov cr3, eax
        mov dword [PDPT + 8], PD | P
        mov dword [PDPT + 12], 0x80000000
        faults 13, 0, mov cr3, eax
        mov dword [PDPT + 12], 0
        reload
%ifndef QEMU                    ; QEMU reads PDPTEs from memory at each walk
        ; The registers count, not what memory says later. INVLPG does not load them.
        mov dword [PDPT + 8], 0
        invlpg [0x40000000]
        mov eax, [0x40000000 + PDPT]
        equal eax, PD | P
%endif
        mov dword [PDPT + 8], 0
        reload
        faults 14, 0, mov eax, [0x40000000 + PDPT]
        equal dword [FAULT_CR2], 0x40000000 + PDPT
        mov dword [PDPT], 0
%ifndef QEMU
        invlpg [HOME]
        mov eax, [HOME]
%endif
        mov dword [PDPT], PD | P
        ; A change of CR4.PGE loads them.
        mov eax, cr4
        mov dword [PDPT + 8], PD | P | 2
        xor eax, 0x80
        faults 13, 0, mov cr4, eax
        mov dword [PDPT + 8], PD | P
        mov cr4, eax
        mov eax, [0x40000000 + PDPT]
        equal eax, PD | P
        mov eax, cr4
        xor eax, 0x80
        mov cr4, eax

        ; Rights as in 32-bit paging.
        map P | W, 0
        user 14, 5, mov eax, [PAGE]
        map P | U, 0
        user 14, 7, mov [PAGE], eax
        user NO_FAULT, 0, mov eax, [PAGE]
        equal dword [PT], HOME | P | U | A
        mov [PAGE], eax
        equal dword [PT], HOME | P | U | A | D
        map 0, 0
        user 14, 4, mov eax, [PAGE]

        ; 2-MByte pages: A and D, reserved bits 20:13.
        mov dword [PD + 24], P | W | U | PS
        invlpg [BIG]
        mov eax, [BIG + 0x5000]
        equal dword [PD + 24], P | W | U | PS | A
        mov [BIG + 0x5800], eax
        equal dword [PD + 24], P | W | U | PS | A | D
        mov dword [PD + 24], P | W | U | PS | 0x2000
        invlpg [BIG]
%ifndef QEMU                            ; QEMU 7.2 leaves the P bit of the error code out
        faults 14, 9, mov eax, [BIG]
%endif
        mov dword [PD + 24], P | W | U | PS
        ; Bit 63 is reserved while EFER.NXE is clear; bits 62:52 always.
        map P | W | U, 0x80000000
%ifndef QEMU
        faults 14, 9, mov eax, [PAGE]
        user 14, 0xf, mov [PAGE], eax
%endif
        map P | W | U, 0x40000000
%ifndef QEMU
        user 14, 0xd, mov eax, [PAGE]
        faults 14, 0xb, mov [PAGE], eax
%endif
        map P | W | U, 0x00100000
%ifndef QEMU
        faults 14, 9, mov eax, [PAGE]
%endif
        ; Instruction fetches are told apart in the error code only with NXE (or SMEP).
        mov byte [HOME], 0xc3
        map P | W, 0
        user 14, 5, jmp PAGE
        equal dword [FAULT_IP], PAGE

        mov ecx, EFER
        rdmsr
        or eax, 0x800
        wrmsr
        rdmsr
        test eax, 0x800
        jz near .wrong
        user 14, 0x15, jmp PAGE
        equal dword [FAULT_IP], PAGE
        map P | W | U, 0x80000000
        mov eax, [PAGE]
        mov [PAGE + 4], eax
        user 14, 0x15, jmp PAGE
        equal dword [FAULT_CR2], PAGE
        mov dword [RESUME], .no_execute
        mov [SAVED_SP], esp
        jmp PAGE
.no_execute:
        equal dword [VECTOR], 14
        equal dword [ERROR], 0x11
        ; In the directory it holds for all below.
        map P | W | U, 0
        mov eax, PAGE
        call eax
        mov dword [PD + 20], 0x80000000
        invlpg [PAGE]
        user 14, 0x15, jmp PAGE
        mov dword [PD + 20], 0
        invlpg [PAGE]
        user 14, 0x14, jmp PAGE + 0x1000
        ; Unknown bits of EFER.
        mov ecx, EFER
        rdmsr
        or eax, 2
        faults 13, 0, wrmsr
        rdmsr
        and eax, ~0x800
        wrmsr

        mov eax, cr0
        and eax, ~0x80000000
        mov cr0, eax
        mov eax, cr4
        and eax, ~0x20
        mov cr4, eax
        ret

%include "rom_end.inc"
