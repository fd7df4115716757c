; SPDX-License-Identifier: LGPL-2.1-or-later
; 32-bit paging: rights, error codes, A/D bits, WP, 4-MByte pages, global pages, SMEP and SMAP.
%include "rom.inc"

P equ 1
W equ 2
U equ 4
A equ 0x20
D equ 0x40
PS equ 0x80
G equ 0x100

DIR equ TABLES
PT0 equ TABLES + 0x1000         ; linear 0 to 4M: identical
PT1 equ TABLES + 0x2000         ; linear 4M to 8M: what is tested
PAGE equ 0x400000
HOME equ 0x300000               ; physical memory for it

; map ENTRY: the page at PAGE is HOME with these bits.
%macro map 1
        mov dword [PT1], HOME | %1
        invlpg [PAGE]
%endmacro

        bits 32
main:
        mov edi, TABLES
        mov ecx, 0x4000 / 4
        xor eax, eax
        rep stosd
        mov dword [DIR], PT0 | P | W | U
        mov dword [DIR + 4], PT1 | P | W | U
        mov edi, PT0
        mov eax, P | W | U
.fill:  mov [edi], eax
        add edi, 4
        add eax, 0x1000
        cmp edi, PT0 + 0x1000
        jb .fill
        mov eax, DIR
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp .on
.on:
        ; A bits of what has been used.
        mov eax, [DIR]
        and eax, A
        equal eax, A

        ; Not present.
        map 0
        faults 14, 0, mov eax, [PAGE]
        equal dword [FAULT_CR2], PAGE
        faults 14, 2, mov [PAGE + 0x123], eax
        equal dword [FAULT_CR2], PAGE + 0x123
        user 14, 4, mov eax, [PAGE]
        user 14, 6, mov [PAGE], eax
        equal dword [PT1], HOME

        ; Supervisor page.
        map P | W
        mov eax, [PAGE]
        equal dword [PT1], HOME | P | W | A
        mov [PAGE], eax
        equal dword [PT1], HOME | P | W | A | D
        map P | W
        user 14, 5, mov eax, [PAGE]
        user 14, 7, mov [PAGE], eax
        equal dword [PT1], HOME | P | W

        ; User page, read only. Without WP the supervisor writes.
        map P | U
        user NO_FAULT, 0, mov eax, [PAGE]
        equal dword [PT1], HOME | P | U | A
        user 14, 7, mov [PAGE], eax
        equal dword [PT1], HOME | P | U | A
        mov [PAGE], eax
        equal dword [PT1], HOME | P | U | A | D
        mov eax, cr0
        or eax, 0x10000
        mov cr0, eax
        faults 14, 3, mov [PAGE], eax
        mov eax, cr0
        and eax, ~0x10000
        mov cr0, eax
        mov [PAGE], eax

        ; The directory's rights count, too.
        map P | W | U
        mov dword [DIR + 4], PT1 | P | U
        mov eax, cr3
        mov cr3, eax
        user 14, 7, mov [PAGE], eax
        mov dword [DIR + 4], PT1 | P | W
        mov eax, cr3
        mov cr3, eax
        user 14, 5, mov eax, [PAGE]
        mov dword [DIR + 4], PT1 | P | W | U
        mov eax, cr3
        mov cr3, eax

        ; Read-modify-write of a read-only page is a write; an access across pages faults at its
        ; second page and does nothing to the first.
        map P | U
        mov dword [HOME], 5
        user 14, 7, inc dword [PAGE]
        equal dword [HOME], 5
        mov dword [PT1 + 4], 0
        invlpg [PAGE + 0x1000]
        map P | W | U
        mov dword [HOME + 0xffc], 0x11111111
        user 14, 6, mov dword [PAGE + 0xffe], 0x22222222
        equal dword [FAULT_CR2], PAGE + 0x1000
        equal dword [HOME + 0xffc], 0x11111111

        ; Execution.
        mov byte [HOME], 0xc3
        map P | W
        user 14, 5, jmp PAGE
        equal dword [FAULT_CR2], PAGE
        equal dword [FAULT_IP], PAGE
        map P | W | U
        user NO_FAULT, 0, mov ecx, PAGE
        mov eax, PAGE
        call eax

        ; 4-MByte pages, and their reserved bit 21.
        mov eax, cr4
        or eax, 0x10
        mov cr4, eax
        mov dword [DIR + 8], P | W | U | PS
        mov dword [0x5000 + 0xabc], 0x12345678
        equal dword [0x800000 + 0x5abc], 0x12345678
        equal dword [DIR + 8], P | W | U | PS | A
        mov dword [0x800000 + 0x5abc], 1
        equal dword [DIR + 8], P | W | U | PS | A | D
        equal dword [0x5abc], 1
        ; INVLPG of one place drops the whole page.
        mov eax, [0x9ff000]
        mov dword [DIR + 8], 0
        invlpg [0x800000]
        faults 14, 0, mov eax, [0x9ff000]
        mov dword [DIR + 8], P | W | U | PS | 0x200000
%ifndef QEMU                            ; QEMU 7.2 says 8 and 0Eh
        faults 14, 9, mov eax, [0x800000]
        user 14, 0xf, mov [0x800000], eax
%endif
        mov dword [DIR + 8], 0
        mov eax, cr4
        and eax, ~0x10
        mov cr4, eax

        ; Global pages outlive CR3, until INVLPG or a change of CR4.PGE.
        mov eax, 1
        cpuid
        test edx, 1 << 13
        jz near .no_pge
        mov eax, cr4
        or eax, 0x80
        mov cr4, eax
        map P | W | U | G
        mov eax, [PAGE]
        mov dword [PT1], 0
        mov eax, cr3
        mov cr3, eax
%ifndef QEMU                            ; QEMU drops all
        mov eax, [PAGE]
%endif
        invlpg [PAGE]
        faults 14, 0, mov eax, [PAGE]
        map P | W | U | G
        mov eax, [PAGE]
        mov dword [PT1], 0
        mov eax, cr4
        and eax, ~0x80
        mov cr4, eax
        faults 14, 0, mov eax, [PAGE]
.no_pge:

        ; SMEP and SMAP. The code and the stack must be supervisor pages then.
        mov eax, 7
        xor ecx, ecx
        cpuid
        mov [SCRATCH], ebx
        mov edi, PT0 + 4
        mov ecx, 0x3ff
.close: and dword [edi], ~U
        add edi, 4
        loop .close
        mov eax, cr3
        mov cr3, eax
        test dword [SCRATCH], 1 << 7
        jz near .no_smep
        mov byte [HOME], 0xc3
        map P | W | U
        mov eax, PAGE
        call eax
        mov eax, cr4
        or eax, 1 << 20
        mov cr4, eax
        mov dword [RESUME], .smep_fault
        mov [SAVED_SP], esp
        mov eax, PAGE
        call eax
        fail
.smep_fault:
        equal dword [VECTOR], 14
        equal dword [ERROR], 0x11
        equal dword [FAULT_IP], PAGE
        mov eax, [PAGE]
        mov eax, cr4
        and eax, ~(1 << 20)
        mov cr4, eax
.no_smep:
        test dword [SCRATCH], 1 << 20
        jz near .no_smap
        mov eax, cr4
        or eax, 1 << 21
        mov cr4, eax
        map P | W | U
        faults 14, 1, mov eax, [PAGE]
        faults 14, 3, mov [PAGE], eax
        stac
        mov eax, [PAGE]
        mov [PAGE], eax
        clac
        faults 14, 1, mov eax, [PAGE]
        ; AC by POPF does the same.
        pushfd
        or dword [esp], 1 << 18
        popfd
        mov eax, [PAGE]
        clac
        ; Implicit supervisor accesses: AC does not help. An LDT in a user page:
        mov dword [HOME], 0xffff
        mov dword [HOME + 4], 0x00cf9300
        mov dword [GDT + FREE], 7
        mov dword [GDT + FREE + 4], 0x00008240
        mov ax, FREE
        lldt ax
        stac
        mov ax, 4
%ifndef PEER                            ; Bochs 2.7 and QEMU 7.2 let AC help
        faults 14, 1, mov fs, ax
%endif
        clac
        mov ax, DATA32
        mov fs, ax
        mov eax, cr4
        and eax, ~(1 << 21)
        mov cr4, eax
        mov eax, [PAGE]
.no_smap:
        mov eax, cr0
        and eax, ~0x80000000
        mov cr0, eax
        ret

%include "rom_end.inc"
