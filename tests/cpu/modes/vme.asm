; SPDX-License-Identifier: LGPL-2.1-or-later
; Virtual-8086 mode extensions and protected-mode virtual interrupts.
%include "rom.inc"

VM   equ 0x20000
VIF  equ 0x80000
VIP  equ 0x100000
IF   equ 0x200
TF   equ 0x100
IOPL equ 0x3000
TASK_SP equ 0x1000              ; of the 8086 task, in segment 0600h
TASK_SS equ 0x0600              ; 6000h to 6FFFh and what follows

; task FLAGS: enters the 8086 program that follows, with these EFLAGS besides VM. It ends by a fault
; or by INT NO_FAULT, which goes to the monitor; execution goes on after `task_end`.
%macro task 1
        mov dword [RESUME], %%end
        mov [SAVED_SP], esp
        push dword 0                    ; GS
        push dword 0
        push dword 0
        push dword 0
        push dword TASK_SS
        push dword TASK_SP
        push dword VM | 2 | (%1)
        push dword 0xf000
        push dword %%code - 0xf0000
        iretd
%push task
%define %$end %%end
        bits 16
%%code:
%endmacro

%macro task_end 0
        int NO_FAULT
        bits 32
%$end:
%pop
%endmacro

; ended VECTOR, ERROR
%macro ended 2
        equal dword [VECTOR], %1
        equal dword [ERROR], %2
%endmacro

; flags MASK, VALUE: of what the monitor's frame shows
%macro flags 2
        mov eax, [FAULT_FLAGS]
        and eax, %1
        equal eax, %2
%endmacro

        bits 32
main:
        ; A TSS with a redirection bitmap: all to the monitor, but 40h, to the program.
        mov word [TSS + 0x66], 0x88
        mov edi, TSS + 0x68
        mov ecx, 32
        mov al, 0xff
        rep stosb
        mov byte [TSS + 0x88], 0xff
        mov byte [TSS + 0x68 + 8], 0xfe
        mov word [GDT + TSS_SEL], 0x88
        mov byte [GDT + TSS_SEL + 5], 0x89
        mov ax, TSS_SEL
        ltr ax
        mov dword [0x40 * 4], 0xf0000000 + handler - 0xf0000

        ; Without VME: everything is #GP below IOPL 3.
        task 0
        cli
        task_end
        ended 13, 0
        task IOPL
        cli
        sti
        task_end
        ended NO_FAULT, 0
        flags IF | VIF, IF
        task IOPL
        int 0x40
        task_end
        ended 13, 0x40 * 8 + 2          ; the IDT ends before it

        mov eax, cr4
        or eax, 1
        mov cr4, eax

        ; CLI and STI change VIF.
        task IF
        sti
        nop
        int3
        task_end
        ended 13, 3 * 8 + 2             ; INT3 is not INT n: its gate has DPL 0
        flags IF | VIF, IF | VIF
        task IF | VIF
        cli
        in al, 0x80                     ; the monitor's, by the I/O map
        task_end
        ended 13, 0
        flags IF | VIF, IF
        ; INT n by the bitmap: a set bit is #GP below IOPL 3.
        task 0
        task_end
        ended 13, 0
        ; STI with an interrupt pending.
        task VIP
        sti
        task_end
        ended 13, 0
        flags VIF, 0
        ; PUSHF shows VIF as IF, and IOPL 3.
        task VIF
        pushf
        pop ax
        hlt
        task_end
        ended 13, 0
        and eax, IF | IOPL
        equal eax, IF | IOPL
        task IF
        pushf
        pop ax
        hlt
        task_end
        and eax, IF | IOPL
        equal eax, IOPL
        task 0
        pushfd
        task_end
        ended 13, 0
        ; POPF sets VIF, and leaves IF and IOPL.
        task 0
        push word IF | 1
        popf
        hlt
        task_end
        ended 13, 0
        flags IF | VIF | IOPL | 1, VIF | 1
        task IF | VIF
        push word 0
        popf
        hlt
        task_end
        flags IF | VIF, IF
        task VIP
        push word IF
        popf
        hlt
        task_end
        flags VIF, 0
        equal dword [FAULT_SP], TASK_SP - 2
        task 0
        push word TF
        popf
        hlt
        task_end
        ended 13, 0
        equal dword [FAULT_SP], TASK_SP - 2
        task 0
        push dword 0
        popfd
        task_end
        ended 13, 0
        ; INT n to the program's own handler, and IRET.
        task VIF | 1
        int 0x40
        hlt
        task_end
        ended 13, 0
        flags VIF | 1, VIF | 1
        mov eax, ebx
        and eax, IF | IOPL | 1
        equal eax, IF | IOPL | 1        ; the image that the handler found
        equal ecx, IOPL                 ; its own PUSHF: VIF is off
        task IOPL | IF
        int 0x40
        int NO_FAULT                    ; at IOPL 3 the monitor's
        task_end
        ended NO_FAULT, 0
        equal ecx, IOPL
        mov eax, ebx
        and eax, IF | IOPL
        equal eax, IF | IOPL
        flags IF, IF
        ; IRET sets VIF; with VIP, or TF, #GP.
        task 0
        push word IF
        push cs
        push word .returned - 0xf0000
        iret
.returned:
        hlt
        task_end
        ended 13, 0
        flags VIF | IF, VIF
        task VIP
        push word IF
        push cs
        push word .returned - 0xf0000
        iret
        task_end
        flags VIF, 0
        equal dword [FAULT_SP], TASK_SP - 6

        ; Protected-mode virtual interrupts: CLI and STI at CPL 3.
        mov dword [user_flags], 2
        user 13, 0, cli
        user 13, 0, sti
        mov eax, cr4
        and eax, ~1
        or eax, 2
        mov cr4, eax
        user NO_FAULT, 0, sti
        flags VIF | IF, VIF
        mov dword [user_flags], VIF | IF | 2
        user NO_FAULT, 0, cli
        flags VIF | IF, IF
        mov dword [user_flags], VIP | 2
        user 13, 0, sti
        ret

        bits 16
handler:
        push bp
        mov bp, sp
        mov bx, [bp + 6]
        pushf
        pop cx
        and ecx, IF | IOPL
        movzx ebx, bx
        pop bp
        iret

%include "rom_end.inc"
