; SPDX-License-Identifier: LGPL-2.1-or-later
; Task switches by JMP, CALL, IRET and interrupts, with 32- and 16-bit TSS, and their faults.
; Reference: Intel SDM vol. 3A chapter 7.
%include "guest.inc"

STACK_B equ 0x59000

; Makes a task of a TSS: where it begins, its flags.
%macro TASK 3
        mov edi, %1
        mov ebx, %2
        mov edx, %3
        call make_task
%endmacro
; The access byte of a descriptor.
%macro CHECK_ACCESS 3
        movzx eax, byte [gdt + %2 + 5]
  %define CHECKED "access byte"
        CHECK_EAX %1, %3
%endmacro

main:
        mov dword [resume], unexpected
        mov [resume_esp], esp
        ; JMP and back.
        TASK tss_b, task_jumped, 0x8d7
        xor eax, eax
        mov fs, ax
        mov ecx, 0x11223344
        mov ebp, 0x55667788
        push dword 0x846
        popfd
        jmp TSS_B:0xdeadbeef                            ; the offset is ignored
after_jump:
        CHECK "EIP saved", [tss_main + 32], after_jump
        mov eax, [tss_main + 36]
        and eax, 0x7fd7
        CHECK_EAX "flags saved", 0x846
        CHECK "ECX saved", [tss_main + 44], 0x11223344
        CHECK "EBP saved", [tss_main + 60], 0x55667788
        mov eax, [resume_esp]
        sub eax, [tss_main + 56]
        CHECK_EAX "ESP saved", 0
        movzx eax, word [tss_main + 76]
        CHECK_EAX "CS saved", CODE0
        CHECK "link of the new task", [tss_b], 0xcccc
        CHECK "EAX of the task", [seen_eax], 0xb0
        CHECK "flags of the task", [seen_flags], 0x8d7
        CHECK "TR in the task", [seen_tr], TSS_B
        CHECK "TS", [seen_ts], 8
        CHECK "its access byte when it ran", [seen_access], 0xeb
        CHECK "the old one's", [seen_old_access], 0x89
        CHECK "ESP", [seen_esp], STACK_B
        CHECK_ACCESS "main", TSS_MAIN, 0x8b
        CHECK_ACCESS "B", TSS_B, 0xe9
        CHECK "EIP of B saved", [tss_b + 32], task_jumped_end

        ; CALL and IRET.
        TASK tss_b, task_called, 2
        mov ecx, 0x11223344
        call TSS_B:0
after_call:
        pushfd
        pop ebx
        and ebx, 0x4000
        CHECK "NT", ebx, 0
        CHECK "link", [seen_link], TSS_MAIN
        CHECK "flags of the task", [seen_flags], 0x4002
        CHECK "its access byte when it ran", [seen_access], 0xeb
        CHECK "the old one's", [seen_old_access], 0x8b
        CHECK_ACCESS "main", TSS_MAIN, 0x8b
        CHECK_ACCESS "B", TSS_B, 0xe9
        mov eax, [tss_b + 36]
        and eax, 0x4000
        CHECK_EAX "NT in the TSS it left", 0
        CHECK "EIP saved", [tss_main + 32], after_call

        ; The called task is entered again where its IRET was.
        call TSS_B:0
        CHECK "second time", [seen_again], 1

        ; A task gate: CALL from ring 3, then an interrupt, then an exception with an error code.
        TASK tss_b, task_called, 2
        mov dword [seen_link], 0
        NO_FAULT3 {call TASKGATE + 3:0}
        CHECK "link", [seen_link], TSS_MAIN
        mov dword [idt + 0x92 * 8], TSS_B << 16
        mov dword [idt + 0x92 * 8 + 4], 0x8500
        TASK tss_b, task_called, 2
        mov dword [seen_link], 0
        int 0x92
after_int:
        CHECK "link", [seen_link], TSS_MAIN
        CHECK "EIP saved", [tss_main + 32], after_int
        CHECK "ESP", [seen_esp], STACK_B
        mov eax, [idt + 13 * 8]
        mov edx, [idt + 13 * 8 + 4]
        mov [saved_gate], eax
        mov [saved_gate + 4], edx
        mov dword [idt + 13 * 8], TSS_B << 16
        mov dword [idt + 13 * 8 + 4], 0x8500
        TASK tss_b, task_exception, 2
        mov eax, BEYOND
faulting:
        mov ds, ax
after_fault:
        CHECK "ESP", [seen_esp], STACK_B - 4
        CHECK "error code", [seen_error], BEYOND
        CHECK "EIP saved", [seen_eip], faulting
        mov eax, [saved_gate]
        mov edx, [saved_gate + 4]
        mov [idt + 13 * 8], eax
        mov [idt + 13 * 8 + 4], edx

        ; A 16-bit TSS.
        mov word [tss_16 + 14], task_16 - payload_start
        mov word [tss_16 + 16], 0x0896
        mov word [tss_16 + 18], 0xa16a
        mov word [tss_16 + 20], 0xc16c
        mov word [tss_16 + 26], 0x9000
        mov word [tss_16 + 34], DATA0
        mov word [tss_16 + 36], CODE16
        mov word [tss_16 + 38], DATA16
        mov word [tss_16 + 40], DATA0
        mov word [tss_16 + 42], 0
        mov esi, 0xabcd1234
        call TSS_16:0
after_16:
        CHECK "link", [seen_link], TSS_MAIN
        CHECK "flags", [seen_flags], 0x4896
        movzx eax, word [seen_eax]
        CHECK_EAX "AX", 0xa16a
        movzx eax, word [tss_16 + 14]
        CHECK_EAX "IP saved in the 16-bit TSS", task_16_end - payload_start
        CHECK "ESI", esi, 0xabcd1234
        mov ax, fs
        and eax, 0xffff
        CHECK_EAX "FS", 0

        ; IRET with a bad link.
        mov word [tss_main], BEYOND
        FAULT 10, BEYOND, {push dword 0x4002}, {popfd}, {iretd}
        mov word [tss_main], TSS_B                      ; not busy
        FAULT 10, TSS_B, {push dword 0x4002}, {popfd}, {iretd}
        mov word [tss_main], LDT_SEL
        FAULT 10, LDT_SEL, {push dword 0x4002}, {popfd}, {iretd}
        mov word [tss_main], 0x0c
        FAULT 10, 0x0c, {push dword 0x4002}, {popfd}, {iretd}
        mov word [tss_main], 0

        ; Bad segments in the new TSS: the faults are the new task's, before its first instruction.
        ; Without a stack there they need a task of their own.
%macro BAD_TASK 4                               ; offset, selector, vector, error code
        TASK tss_b, task_called, 2
        TASK tss_c, task_fault, 2
        mov word [tss_b + %1], %2
        mov dword [resume], %%after
        mov [resume_esp], esp
        mov dword [idt + %3 * 8], TSS_C << 16
        mov dword [idt + %3 * 8 + 4], 0x8500
        call TSS_B:0
        int 0x81
%%after:
  %defstr CHECKED offset %1 selector %2
        CHECK_IN_MACRO "link", [seen_link], TSS_B
        CHECK_IN_MACRO "error code", [seen_error], %4
        CHECK_IN_MACRO "EIP", [tss_b + 32], task_called
        CHECK_IN_MACRO "ESP", [seen_esp], STACK_B - 4
        call make_idt
%endmacro
        BAD_TASK 96, BEYOND, 10, BEYOND                 ; LDT
        BAD_TASK 96, LDT_NP, 10, LDT_NP
        BAD_TASK 96, DATA0, 10, DATA0
        BAD_TASK 76, 0, 10, 0                           ; CS
        BAD_TASK 76, DATA0, 10, DATA0
        BAD_TASK 76, CODE_NP, 11, CODE_NP
        BAD_TASK 76, CODE3, 10, CODE3
        BAD_TASK 76, BEYOND, 10, BEYOND
        BAD_TASK 80, 0, 10, 0                           ; SS
        BAD_TASK 80, DATA3, 10, DATA3
        BAD_TASK 80, READONLY, 10, READONLY
        BAD_TASK 80, DATA_NP, 12, DATA_NP
        BAD_TASK 84, EXECONLY, 10, EXECONLY             ; DS
        BAD_TASK 84, DATA_NP, 11, DATA_NP
        BAD_TASK 84, DATA0 + 3, 10, DATA0
        BAD_TASK 92, TSS_MAIN, 10, TSS_MAIN             ; GS
        jmp finish

unexpected:
        SAY "FAIL: unexpected exception "
        mov eax, [got_vector]
        call print_hex
        mov eax, [got_error]
        call print_hex
        mov eax, [got_eip]
        call print_hex
        inc dword [failures]
        jmp finish

; edi: TSS, ebx: EIP, edx: flags
make_task:
        push edi
        mov ecx, 0x68 / 4
        xor eax, eax
        cld
        rep stosd
        pop edi
        mov word [edi], 0xcccc
        mov [edi + 32], ebx
        mov [edi + 36], edx
        mov dword [edi + 40], 0xb0
        mov dword [edi + 56], STACK_B
        mov dword [edi + 72], DATA0
        mov dword [edi + 76], CODE0
        mov dword [edi + 80], DATA0
        mov dword [edi + 84], DATA0
        mov word [edi + 0x66], 0x68
        ret

; What a task sees of itself.
note_task:
        mov [seen_eax], eax
        lea eax, [esp + 4]
        mov [seen_esp], eax
        pushfd
        pop eax
        mov [seen_flags], eax
        xor eax, eax
        str ax
        mov [seen_tr], eax
        mov eax, cr0
        and eax, 8
        mov [seen_ts], eax
        movzx eax, byte [gdt + TSS_B + 5]
        mov [seen_access], eax
        movzx eax, byte [gdt + TSS_MAIN + 5]
        mov [seen_old_access], eax
        movzx eax, word [tss_b]
        mov [seen_link], eax
        clts
        ret

task_jumped:
        call note_task
        jmp TSS_MAIN:0
task_jumped_end:
        int 0x81

task_called:
        call note_task
        iretd
        inc dword [seen_again]
        iretd

task_exception:
        call note_task
        pop dword [seen_error]
        mov eax, [tss_main + 32]
        mov [seen_eip], eax
        mov dword [tss_main + 32], after_fault
        iretd

task_fault:
        mov [seen_esp], esp
        pop dword [seen_error]
        movzx eax, word [tss_c]
        mov [seen_link], eax
        mov byte [gdt + TSS_B + 5], 0xe9
        mov byte [gdt + TSS_C + 5], 0xe9
        mov byte [gdt + TSS_MAIN + 5], 0x89
        mov ax, TSS_MAIN
        ltr ax
        mov esp, [resume_esp]
        push dword 2
        popfd
        jmp [resume]

        bits 16
task_16:
        mov [dword seen_eax], eax
        pushf
        mov bp, sp
        movzx eax, word [bp]
        mov [dword seen_flags], eax
        movzx eax, word [dword tss_16]
        mov [dword seen_link], eax
        iret
task_16_end:
        int 0x81
        bits 32

        align 4
seen_eax:        dd 0
seen_flags:      dd 0
seen_esp:        dd 0
seen_tr:         dd 0
seen_ts:         dd 0
seen_access:     dd 0
seen_old_access: dd 0
seen_link:       dd 0
seen_again:      dd 0
seen_error:      dd 0
seen_eip:        dd 0
saved_gate:      dq 0
%include "guest_data.inc"
