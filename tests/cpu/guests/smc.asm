; SPDX-License-Identifier: LGPL-2.1-or-later
; Code that is changed while it runs, by its own stores: in the same block, in others, across pages,
; through a second linear address.
; Reference: Intel SDM vol. 3A section 8.1.3 and 11.6 (stores to code by the same linear address are
; seen at once).
%include "guest.inc"

PAGE   equ SCRATCH + 0x1000
PAGE2  equ PAGE + 0x1000
ALIAS  equ 0x400000                     ; a second linear address of PAGE

; Copies code from label %1 to %2, up to %3.
%macro PLACE 3
        mov esi, %1
        mov edi, %3
        mov ecx, %2 - %1
        cld
        rep movsb
%endmacro

main:
        mov dword [resume], unexpected
        mov [resume_esp], esp

        ; The next instruction.
        mov ebx, 5
        mov byte [.next + 1], 7
.next:  mov al, 1
        movzx eax, al
        CHECK_EAX "the next instruction", 7
        ; One farther on, and one byte of it only; the length changes.
        xor eax, eax
        mov word [.later], 0x9040                       ; INC EAX, NOP
        nop
        nop
.later: mov al, 9
        nop
        CHECK_EAX "a later instruction", 1
        ; One before, in a loop.
        xor eax, eax
        mov ecx, 4
.loop:
.body:  add eax, 1
        inc byte [.body + 2]
        loop .loop
        CHECK_EAX "a loop that changes itself", 1 + 2 + 3 + 4
        ; A 16-bit store that reaches into an instruction with its last byte.
        mov word [.tail - 1], 0x40 << 8 | 0x90
        nop
.tail:  nop
        CHECK_EAX "the last byte of a store", 11

        ; The store is in a function, what it changes is its caller.
        mov eax, 2
        call .change
.return:
        add eax, 1
        CHECK_EAX "the caller of the store", 2 + 0x33
        jmp .changed
.change:
        mov byte [.return + 2], 0x33
        ret
.changed:

        ; Another page, called before and after.
        PLACE .function, .function_end, PAGE2
        call PAGE2
        CHECK "a function", eax, 0x11111111
        mov dword [PAGE2 + 1], 0x22222222
        call PAGE2
        CHECK "a function that changed", eax, 0x22222222
        mov ecx, 100
        xor ebx, ebx
.again: mov [PAGE2 + 1], ecx
        call PAGE2
        add ebx, eax
        loop .again
        CHECK "changed a hundred times", ebx, 5050
        jmp .function_end
.function:
        mov eax, 0x11111111
        ret
.function_end:

        ; An instruction across two pages, changed in the second, in the first, and by one store
        ; across both.
        mov byte [PAGE2 - 2], 0xb8
        mov dword [PAGE2 - 1], 0x44332211
        mov byte [PAGE2 + 3], 0xc3
        call PAGE2 - 2
        CHECK "across pages", eax, 0x44332211
        mov byte [PAGE2], 0x99
        call PAGE2 - 2
        CHECK "changed in the second page", eax, 0x44339911
        mov byte [PAGE2 - 1], 0x88
        call PAGE2 - 2
        CHECK "changed in the first page", eax, 0x44339988
        mov dword [PAGE2 - 2], 0x0706b8 << 8 | 0xb8     ; B8 B8 06 07
        call PAGE2 - 2
        CHECK "changed by a store across both", eax, 0x440706b8

        ; The stack in the page of the code: pushes and calls change what runs.
        PLACE .stacked, .stacked_end, PAGE
        mov [saved_esp], esp
        mov esp, PAGE + 0x100
        call PAGE
        mov ebx, esp
        mov esp, [saved_esp]
        CHECK "data beside code", eax, 0x55
        CHECK "ESP", ebx, PAGE + 0x100
        mov esp, PAGE + 12
        mov eax, 0x90909090
        call PAGE + 0x20
        mov esp, [saved_esp]
        CHECK "pushed over code", ecx, 0
        jmp .stacked_end
.stacked:
        mov eax, 0x44
        push eax
        pop ecx
        inc eax
        times 16 - ($ - .stacked) nop
        lea eax, [ecx + 0x11]
        ret
        times 32 - ($ - .stacked) nop
        xor ecx, ecx
        pop edx
        push eax                                        ; over what is at PAGE + 8
        push eax
        push eax
        call .inner
        jmp edx
.inner: mov edi, PAGE
        jmp edi
        times 64 - ($ - .stacked) nop
.stacked_end:

        ; 16-bit code and 32-bit code of the same bytes.
        mov dword [PAGE], 0xc31234b8                    ; MOV EAX, xxC31234h... or MOV AX, 1234h; RET
        mov dword [PAGE + 4], 0xc3c30000
        mov eax, 0xffffffff
        call PAGE
        CHECK "as 32-bit code", eax, 0x00c31234

        ; Through a second linear address, with paging; a jump after it.
        mov edi, TABLES
        mov ecx, 0x3000 / 4
        xor eax, eax
        rep stosd
        mov dword [TABLES], TABLES + 0x1003
        mov dword [TABLES + 4], TABLES + 0x2003
        mov edi, TABLES + 0x1000
        mov eax, 3
        mov ecx, 1024
.map:   stosd
        add eax, 0x1000
        loop .map
        mov dword [TABLES + 0x2000], PAGE + 3
        mov eax, TABLES
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp .paged
.paged: PLACE .function, .function_end, PAGE
        call PAGE
        CHECK "with paging", eax, 0x11111111
        mov dword [ALIAS + 1], 0x77777777
        xor eax, eax
        cpuid
        call PAGE
        CHECK "changed through the other address", eax, 0x77777777
        call ALIAS
        CHECK "run at the other address", eax, 0x77777777
        mov dword [PAGE + 1], 0x66666666
        xor eax, eax
        cpuid
        call ALIAS
        CHECK "changed through the first", eax, 0x66666666
        ; Other memory at the same linear address.
        mov byte [PAGE2], 0xb8
        mov dword [PAGE2 + 1], 0x12121212
        mov byte [PAGE2 + 5], 0xc3
        mov dword [TABLES + 0x2000], PAGE2 + 3
        invlpg [ALIAS]
        call ALIAS
        CHECK "another page at its address", eax, 0x12121212
        mov dword [TABLES + 0x2000], PAGE + 3
        mov eax, cr3
        mov cr3, eax
        call ALIAS
        CHECK "and back", eax, 0x66666666
        ; The page tables themselves changed by code that runs in the page they map.
        mov eax, cr0
        and eax, ~0x80000000
        mov cr0, eax
        jmp .unpaged
.unpaged:
        jmp finish

unexpected:
        SAY "FAIL: unexpected exception "
        mov eax, [got_vector]
        call print_hex
        mov eax, [got_eip]
        call print_hex
        inc dword [failures]
        jmp finish

saved_esp: dd 0
%include "guest_data.inc"
