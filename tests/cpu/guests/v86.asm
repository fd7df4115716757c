; SPDX-License-Identifier: LGPL-2.1-or-later
; Virtual-8086 mode: what its monitor gets, what needs IOPL 3, the I/O map, limits, interrupts.
; Reference: Intel SDM vol. 3A chapter 20.
%include "guest.inc"

V86_STACK equ 0x8000                    ; SS = SCRATCH >> 4

; FAULT_V86 vector, error code, {instruction}...: the last faults so.
%macro FAULT_V86 3-*
  %xdefine WANT_VECTOR %1
  %xdefine WANT_ERROR %2
  %rotate 2
        mov dword [resume], %%after
        mov [resume_esp], esp
        call enter_v86
        bits 16
  %rep %0 - 3
        %1
  %rotate 1
  %endrep
%%at:   %1
        int 0x81
        bits 32
  %defstr CHECKED %1
%%after:
        CHECK_IN_MACRO "vector", GOT_VECTOR, WANT_VECTOR
        CHECK_IN_MACRO "error code", GOT_ERROR, WANT_ERROR
        CHECK_IN_MACRO "ip", GOT_EIP, %%at - payload_start
        CHECK_IN_MACRO "cs", [got_cs], BASE >> 4
%endmacro
; They end with INT 81h, whose gate has DPL 3.
%macro NO_FAULT_V86 1-*
        mov dword [resume], %%after
        mov [resume_esp], esp
        call enter_v86
        bits 16
  %rep %0
        %1
  %rotate 1
  %endrep
  %defstr CHECKED %{1:-1}
        mov [cs:v86_ax - payload_start], ax
        int3
        bits 32
%%after:
        CHECK_IN_MACRO "unexpected vector", GOT_VECTOR, 3
%endmacro

main:
        mov word [idt + 3 * 8 + 4], 0xee00              ; INT3 for all
        ; What the handler finds.
        FAULT_V86 13, 0, {hlt}
        mov eax, [got_flags]
        and eax, 0x3f7fd7
        CHECK "flags", eax, 0x30002
        CHECK "SP", [got_esp], V86_STACK
        CHECK "SS", [got_ss], SCRATCH >> 4
        CHECK "ES", [got_es], 0x1234
        CHECK "DS", [got_ds], SCRATCH >> 4
        CHECK "FS", [got_fs], 0x2345
        CHECK "GS", [got_gs], 0xffff
        CHECK "FS in the handler", [got_handler_fs], 0
        CHECK "GS in the handler", [got_handler_gs], 0
        CHECK "frame", [got_frame], STACK_TOP - 0x400 - 36
        ; Segments are 64 KiB at selector * 16.
        mov dword [0x100000], 0xa5a51234
        mov dword [SCRATCH + 0x10], 0x12345678
        NO_FAULT_V86 {mov ax, [0x10]}
        movzx eax, word [v86_ax]
        CHECK_EAX "DS:10", 0x5678
        NO_FAULT_V86 {mov ax, [gs:0x10]}
        movzx eax, word [v86_ax]
        CHECK_EAX "FFFF:10", 0x1234
        FAULT_V86 13, 0, {mov ax, [0xffff]}
        FAULT_V86 13, 0, {mov eax, 0x10000}, {mov bl, [eax]}
        FAULT_V86 12, 0, {mov bp, 0xffff}, {mov ax, [bp]}
        FAULT_V86 12, 0, {mov sp, 1}, {push ax}
        NO_FAULT_V86 {mov sp, 0}, {push ax}, {mov ax, sp}
        movzx eax, word [v86_ax]
        CHECK_EAX "SP wraps", 0xfffe
        NO_FAULT_V86 {mov ax, 0x4321}, {mov fs, ax}, {call BASE >> 4:far_return - payload_start}
        CHECK "FS", [got_fs], 0x4321

        ; IOPL 0.
        FAULT_V86 13, 0, {cli}
        FAULT_V86 13, 0, {sti}
        FAULT_V86 13, 0, {pushf}
        FAULT_V86 13, 0, {popf}
        FAULT_V86 13, 0, {o32 pushf}
        FAULT_V86 13, 0, {iret}
        FAULT_V86 13, 0, {int 0x81}
        FAULT_V86 13, 0, {int 0x20}
        mov dword [resume], .int3
        mov [resume_esp], esp
        call enter_v86
        bits 16
        int3
        bits 32
.int3:  CHECK "INT3 with IOPL 0", GOT_VECTOR, 3
        ; What never runs there.
        FAULT_V86 13, 0, {mov eax, cr0}
        FAULT_V86 13, 0, {mov cr0, eax}
        FAULT_V86 13, 0, {mov eax, dr7}
        FAULT_V86 13, 0, {lgdt [0]}
        FAULT_V86 13, 0, {lidt [0]}
        FAULT_V86 13, 0, {clts}
        FAULT_V86 13, 0, {lmsw ax}
        FAULT_V86 13, 0, {invlpg [0]}
        FAULT_V86 13, 0, {rdmsr}
        FAULT_V86 6, NO_ERROR, {lldt ax}
        FAULT_V86 6, NO_ERROR, {ltr ax}
        FAULT_V86 6, NO_ERROR, {sldt ax}
        FAULT_V86 6, NO_ERROR, {str ax}
        FAULT_V86 6, NO_ERROR, {lar ax, ax}
        FAULT_V86 6, NO_ERROR, {lsl ax, ax}
        FAULT_V86 6, NO_ERROR, {verr ax}
        FAULT_V86 6, NO_ERROR, {arpl ax, ax}

        ; IOPL 3.
        mov dword [v86_flags], 0x23202
        NO_FAULT_V86 {cli}
        mov eax, [got_flags]
        and eax, 0x7fd7
        CHECK_EAX "flags after CLI", 0x3002
        NO_FAULT_V86 {cli}, {sti}
        mov eax, [got_flags]
        and eax, 0x7fd7
        CHECK_EAX "flags after STI", 0x3202
        NO_FAULT_V86 {push word 0x0846}, {popf}
        mov eax, [got_flags]
        and eax, 0x7fd7
        CHECK_EAX "POPF: IF, but not IOPL", 0x3846
        NO_FAULT_V86 {push word 0x0046}, {push cs}, {push word iret_target - payload_start}, \
                {iret}, {iret_target:}
        mov eax, [got_flags]
        and eax, 0x7fd7
        CHECK_EAX "IRET: IF, but not IOPL", 0x3046
        mov eax, [got_flags]
        and eax, 0x20000
        CHECK_EAX "VM after IRET", 0x20000
        FAULT_V86 13, 0x20 * 8 + 2, {int 0x20}          ; its gate has DPL 0
        mov dword [resume], .int81
        mov [resume_esp], esp
        call enter_v86
        bits 16
        int 0x81
.after_int:
        bits 32
.int81: CHECK "INT with IOPL 3", GOT_VECTOR, 0x81
        CHECK "IP", GOT_EIP, .after_int - payload_start
        ; Its handler must be in ring 0.
        mov word [idt + 0x82 * 8 + 4], 0xee00
        mov word [idt + 0x82 * 8 + 2], CODE1
        FAULT_V86 13, CODE1, {int 0x82}
        mov word [idt + 0x82 * 8 + 2], CONFORM
        FAULT_V86 13, CONFORM, {int 0x82}
        ; Ports: the map decides, whatever IOPL is.
        FAULT_V86 13, 0, {in al, 0x80}
        FAULT_V86 13, 0, {out 0x80, ax}
        mov word [tss_main + 0x66], io_map - tss_main
        mov word [gdt + TSS_MAIN], io_map_end - tss_main - 1
        mov byte [gdt + TSS_MAIN + 5], 0x89
        mov ax, TSS_MAIN
        ltr ax
        NO_FAULT_V86 {in al, 0x80}
        FAULT_V86 13, 0, {in al, 0x81}
        FAULT_V86 13, 0, {in ax, 0x80}
        mov dword [v86_flags], 0x20002
        mov dword [resume], .in_iopl0
        mov [resume_esp], esp
        call enter_v86
        bits 16
        in al, 0x80
        int3
        bits 32
.in_iopl0:
        CHECK "IN with IOPL 0 and the map", GOT_VECTOR, 3

        ; The handler returns with IRET.
        mov dword [idt + 6 * 8], CODE0 << 16 | (A(skip_ud2) & 0xffff)
        mov dword [idt + 6 * 8 + 4], 0x8e00 | (A(skip_ud2) & 0xffff0000)
        mov dword [resume], .skipped
        mov [resume_esp], esp
        call enter_v86
        bits 16
        mov ax, 0x1111
        mov bx, 0x2222
        ud2
        add ax, bx
        mov [cs:v86_ax - payload_start], ax
        int3
        bits 32
.skipped:
        CHECK "after the monitor's IRET", GOT_VECTOR, 3
        movzx eax, word [v86_ax]
        CHECK_EAX "AX", 0x3333
        CHECK "DS", [got_ds], SCRATCH >> 4
        CHECK "GS", [got_gs], 0xffff
        CHECK "SP", [got_esp], V86_STACK

        ; A task in virtual-8086 mode.
        mov dword [tss_b + 4], STACK_TOP - 0x800
        mov dword [tss_b + 8], DATA0
        mov dword [tss_b + 32], v86_task - payload_start
        mov dword [tss_b + 36], 0x20002
        mov dword [tss_b + 56], 0x4000
        mov dword [tss_b + 72], 0x1111
        mov dword [tss_b + 76], BASE >> 4
        mov dword [tss_b + 80], SCRATCH >> 4
        mov dword [tss_b + 84], 0x2222
        mov dword [tss_b + 88], 0x3333
        mov dword [tss_b + 92], 0x4444
        mov dword [resume], .task
        mov [resume_esp], esp
        call TSS_B:0
.task:  CHECK "vector", GOT_VECTOR, 3
        CHECK "CS", [got_cs], BASE >> 4
        CHECK "EIP", GOT_EIP, v86_task - payload_start + 1
        mov eax, [got_flags]
        and eax, 0x3f7fd7
        CHECK "flags: NT", eax, 0x24002
        CHECK "ES", [got_es], 0x1111
        CHECK "GS", [got_gs], 0x4444
        CHECK "SP", [got_esp], 0x4000
        jmp finish

; Returns to its caller, in virtual-8086 mode.
enter_v86:
        pop edx
        sub edx, payload_start
        push dword 0xffff
        push dword 0x2345
        push dword SCRATCH >> 4
        push dword 0x1234
        push dword SCRATCH >> 4
        push dword V86_STACK
        push dword [v86_flags]
        push dword BASE >> 4
        push edx
        iretd

skip_ud2:
        add dword [ss:esp], 2
        iretd

        bits 16
v86_task:
        int3
far_return:
        retf
        bits 32

v86_flags:  dd 0x20002
v86_ax:     dd 0
%include "guest_data.inc"
