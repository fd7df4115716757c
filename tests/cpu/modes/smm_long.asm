; SPDX-License-Identifier: LGPL-2.1-or-later
; SMM from 64-bit mode: all 64 bits of the state come back, and the handler can change them. A write
; of port B2h is an SMI; that is the test's own board, so this program runs nowhere else.
%include "rom.inc"
%include "rom64.inc"

SMBASE equ 0x30000
SEEN   equ SCRATCH

        bits 32
main:
%ifdef PEER
        ret
%endif
        mov esi, handler
        mov edi, SMBASE + 0x8000
        mov ecx, handler_end - handler
        rep movsb
        mov dword [SEEN], 0
        jmp enter_long

        bits 64
main64:
        mov qword [PML4 + 511 * 8], PDPT | P | W | U
        mov qword [PDPT + 510 * 8], PD | P | W | U
        wrmsr64 0xc0000100, 0x123456789abc
        wrmsr64 0xc0000101, 0xffffffff80000000
        mov rbx, .high
        mov rax, 0xffffffff80000000
        add rbx, rax
        add rsp, rax
        jmp rbx
.high:  mov rax, 0x1111111122222222
        mov rbx, 0x3333333344444444
        mov rcx, 0x5555555566666666
        mov rdx, 0x7777777788888888
        mov rsi, 0x99999999aaaaaaaa
        mov rdi, 0xbbbbbbbbcccccccc
        mov rbp, 0xddddddddeeeeeeee
        mov r8, 0x8888888811111111
        mov r14, 0xeeeeeeee11111111
        mov r15, 0xffffffff11111111
        stc
        out 0xb2, al
.back:  jc .carry
        fail
.carry: mov [SEEN + 8], rax
        mov rax, r15
        equal64 rax, 0xffffffff11111111
        equal64 r14, 0xeeeeeeee11111111
        equal64 r8, 0x8888888811111111
        equal64 rbp, 0xddddddddeeeeeeee
        equal64 rdi, 0xbbbbbbbbcccccccc
        equal64 rsi, 0x99999999aaaaaaaa
        equal64 rdx, 0x7777777788888888
        equal64 rcx, 0x5555555566666666
        equal64 rbx, 0x3333333344444444
        mov rax, [SEEN + 8]
        equal64 rax, 0xfedcba9822222222 ; the handler changed the upper half
        lea rax, [rel .back]
        mov rbx, .back
        sub rax, rbx
        equal64 rax, 0xffffffff80000000
        mov rax, rsp
        sar rax, 32
        equal rax, -1
        equal dword [SEEN], 0x00020064  ; what the handler saw: the revision
        mov eax, [SEEN + 4]
        and eax, 0x80000001
        equal eax, 1                    ; and CR0 there: no paging; PE is what it set itself
        rdmsr64 EFER
        and eax, 0xd01
        equal eax, 0xd01
        rdmsr64 0xc0000100
        equal64 rax, 0x123456789abc
        rdmsr64 0xc0000101
        equal64 rax, 0xffffffff80000000
        mov eax, [gs:SEEN]
        equal eax, 0x00020064
        ; TR and the IDT still work: a fault from CPL 3.
        mov rax, .low
        jmp rax
.low:   mov rax, 0xffffffff80000000
        sub rsp, rax
        user 13, 0, hlt
        mov ax, DATA32
        mov ss, ax
        ret

        bits 16
handler:
        mov eax, [cs:0xfefc]
        xor bx, bx
        mov ds, bx
        mov [SEEN], eax
        mov eax, cr0
        or al, 1
        mov [SEEN + 4], eax
        mov dword [cs:0xfffc], 0xfedcba98 ; RAX bits 63:32
        clc
        rsm
handler_end:

%include "rom_end.inc"
