; SPDX-License-Identifier: LGPL-2.1-or-later
; Changes of the privilege level: call gates with parameters, interrupts, far returns and IRET to an
; outer ring, bad stacks in the TSS.
; Reference: Intel SDM vol. 3A sections 5.8 and 6.12.
%include "guest.inc"
%define GATE_TARGET gate_target
%define GATE16_TARGET gate16_target
%define GATE1_TARGET gate1_target

main:
        ; A 32-bit call gate from ring 3 to ring 0, two parameters.
        mov dword [gate_does], ring0_frame
        mov dword [resume], .called
        mov [resume_esp], esp
        call enter_ring3
        push dword 0x11111111
        push dword 0x22222222
.call:  call GATE3 + 3:0x12345678                       ; the offset is ignored
.back:  mov ecx, esp
        mov edx, ds
        mov ebx, es
        int 0x81
.called:
        CHECK "return address", [frame], .back
        CHECK "CS", [frame + 4], CODE3 + 3
        CHECK "parameter", [frame + 8], 0x22222222
        CHECK "parameter", [frame + 12], 0x11111111
        CHECK "ESP", [frame + 16], USER_STACK - 8
        CHECK "SS", [frame + 20], DATA3 + 3
        CHECK "where it was", [frame_at], STACK_TOP - 0x400 - 24
        CHECK "SS in ring 0", [frame_ss], DATA0
        CHECK "CS in ring 0", [frame_cs], CODE0
        ; The gate's RETF 8 took the parameters from both stacks.
        CHECK "back in ring 3", [got_cs], CODE3 + 3
        CHECK "ESP after RETF 8", [got_ecx], USER_STACK
        CHECK "DS after the return", [got_edx], 0
        CHECK "ES after the return", ebx, DATA3 + 3

        ; Three words through a 16-bit gate to 16-bit code.
        mov dword [resume], .called16
        mov [resume_esp], esp
        call enter_ring3
        push word 0x1111
        push word 0x2222
        push word 0x3333
        call GATE16 + 3:0
.back16:
        int 0x81
.called16:
        ; The return address is cut to 16 bits.
        CHECK "IP", [frame], (CODE3 + 3) << 16 | (A(.back16) & 0xffff)
        CHECK "parameters", [frame + 4], 0x22223333
        CHECK "parameter:SP", [frame + 8], ((USER_STACK - 6) & 0xffff) << 16 | 0x1111
        movzx eax, word [frame + 12]
        CHECK_EAX "SS", DATA3 + 3
        CHECK "where it was", [frame_at], STACK_TOP - 0x400 - 14

        ; The same ring: no new stack, no parameters.
        mov dword [gate_does], ring0_same
        mov dword [resume], .called_same
        mov [resume_esp], esp
        call GATE3:0
.same:  int 0x81
.called_same:
        CHECK "return address", [frame], .same
        CHECK "CS", [frame + 4], CODE0
        mov eax, [resume_esp]
        sub eax, [frame_at]
        CHECK_EAX "bytes pushed", 8
        ; A jump through it.
        mov dword [resume], .jumped
        mov dword [gate_does], ring0_jumped
        jmp GATE3:0
.jumped:
        CHECK "JMP through the gate", [got_vector], 0x81

        ; To ring 1, and from there down to 0.
        mov dword [resume], .ring1
        mov [resume_esp], esp
        call enter_ring3
        call GATE1 + 3:0
.ring1: CHECK "CS", [got_cs], CODE1 + 1
        CHECK "SS", [got_ss], DATA1 + 1
        CHECK "ESP", [got_esp], RING1_STACK - 16

        ; Bad stacks in the TSS: the faults are taken in ring 0.
%macro BAD_STACK 3                              ; SS1, vector, error code
        mov dword [tss_main + 16], %1
        FAULT3 %2, %3, {call GATE1 + 3:0}
%endmacro
        BAD_STACK 0, 10, 0
        BAD_STACK DATA1, 10, DATA1                      ; RPL
        BAD_STACK DATA0 + 1, 10, DATA0                  ; DPL
        BAD_STACK READONLY + 1, 10, READONLY
        BAD_STACK CODE1 + 1, 10, CODE1
        BAD_STACK BEYOND + 1, 10, BEYOND
        mov byte [gdt + DATA1 + 5], 0x33
        BAD_STACK DATA1 + 1, 12, DATA1
        mov byte [gdt + DATA1 + 5], 0xb3
        mov byte [gdt + SMALL + 5], 0xb3                ; no room: ESP1 is beyond its limit
        BAD_STACK SMALL + 1, 12, SMALL
        mov byte [gdt + SMALL + 5], 0x93
        mov dword [tss_main + 16], DATA1 + 1
        ; A gate to ring 1 for an interrupt.
        mov dword [idt + 0x90 * 8], CODE1 << 16 | (A(interrupt1) & 0xffff)
        mov dword [idt + 0x90 * 8 + 4], 0xee00 | (A(interrupt1) & 0xffff0000)
        mov dword [resume], .interrupt
        mov [resume_esp], esp
        mov dword [user_flags], 0x246
        call enter_ring3
        int 0x90
.after_int:
        int 0x81
.interrupt:
        mov dword [user_flags], 2
        CHECK "EIP", [frame], .after_int
        CHECK "CS", [frame + 4], CODE3 + 3
        mov eax, [frame + 8]
        and eax, 0x3f7fd5
        CHECK_EAX "flags", 0x244
        CHECK "ESP", [frame + 12], USER_STACK
        CHECK "SS", [frame + 16], DATA3 + 3
        mov eax, [got_flags]
        and eax, 0x200
        CHECK_EAX "IF after IRET in ring 1, IOPL 0", 0
        CHECK "ring after IRET", [got_cs], CODE3 + 3
        CHECK "ESP after IRET", [got_esp], USER_STACK
        ; The same with a bad stack: #TS with EXT clear, for INT n is software.
        mov dword [tss_main + 16], DATA0 + 1
        FAULT3 10, DATA0, {int 0x90}
        ; An exception through a gate to ring 1: EXT set.
        mov eax, [idt + 0x90 * 8]
        mov edx, [idt + 0x90 * 8 + 4]
        xchg eax, [idt + 6 * 8]
        xchg edx, [idt + 6 * 8 + 4]
        mov [saved_gate], eax
        mov [saved_gate + 4], edx
        FAULT3 10, DATA0 + 1, {ud2}
        mov eax, [saved_gate]
        mov edx, [saved_gate + 4]
        mov [idt + 6 * 8], eax
        mov [idt + 6 * 8 + 4], edx
        mov dword [tss_main + 16], DATA1 + 1

        ; RETF n to ring 3 releases n bytes on both stacks, and drops inner segments.
        mov ax, DATA1
        mov fs, ax
        mov ax, DATA3 + 3
        mov gs, ax
        mov dword [resume], .outer
        mov [resume_esp], esp
        push dword DATA3 + 3
        push dword USER_STACK
        push dword 0xaaaaaaaa
        push dword CODE3 + 3
        push dword .in_outer
        retf 4
.in_outer:
        mov ecx, esp
        xor eax, eax
        mov ax, fs
        mov edx, eax
        mov ax, gs
        mov ebx, eax
        int 0x81
.outer: CHECK "ESP", [got_ecx], USER_STACK + 4
        CHECK "FS", [got_edx], 0
        CHECK "GS", ebx, DATA3 + 3

        ; IRET with a 16-bit operand.
        mov dword [resume], .iret16
        mov [resume_esp], esp
        push word 0x0002
        push word CODE16
        push word .in16 - payload_start
        o16 iret
.in16:  int 0x81
.iret16:
        CHECK "CS", [got_cs], CODE16
        CHECK "EIP", [got_eip], .in16 - payload_start + 2

        ; From ring 3 IRET and POPF change neither IF nor IOPL.
        mov dword [resume], .flags
        mov [resume_esp], esp
        mov dword [user_flags], 0x202
        call enter_ring3
        push dword 0x3002
        popfd
        pushfd
        pop ecx
        push dword 0x3046
        push dword CODE3 + 3
        push dword .in_flags
        iretd
.in_flags:
        int 0x81
.flags: mov dword [user_flags], 2
        CHECK "POPF", [got_ecx], 0x202
        mov eax, [got_flags]
        and eax, 0x7fd7
        CHECK_EAX "IRET", 0x246
        jmp finish

gate_target:
        jmp [cs:gate_does]
; Saves what the caller of this finds on its stack.
copy_frame:
        mov ax, DATA0
        mov ds, ax
        mov es, ax
        mov [frame_ss], ss
        mov [frame_cs], cs
        pop edx
        mov [frame_at], esp
        mov esi, esp
        mov edi, frame
        mov ecx, 6
        cld
        rep movsd
        jmp edx
ring0_frame:
        call copy_frame
        mov eax, DATA3 + 3
        mov es, ax
        retf 8
ring0_same:
        call copy_frame
        retf
ring0_jumped:
        int 0x81
        bits 16
gate16_target:
        mov ax, DATA0
        mov ds, ax
        mov es, ax
        mov [dword frame_at], esp
        mov esi, esp
        mov edi, frame
        mov ecx, 7
        cld
        a32 rep movsw
        int 0x81                ; 16 bits of EIP are not enough to return
        bits 32
gate1_target:
        int 0x81
interrupt1:
        push eax
        mov ax, DATA1 + 1
        mov ds, ax
        mov es, ax
        lea esi, [esp + 4]
        mov edi, frame
        mov ecx, 5
        cld
        rep movsd
        pop eax
        iretd

gate_does:      dd 0
frame:          times 8 dd 0
frame_at:       dd 0
frame_ss:       dd 0
frame_cs:       dd 0
saved_gate:     dq 0
%include "guest_data.inc"
