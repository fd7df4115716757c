; SPDX-License-Identifier: LGPL-2.1-or-later
; Debug registers: code, data and I/O breakpoints, RF, TF, GD, ICEBP, the shadow of MOV SS.
%include "rom.inc"

X equ SCRATCH

; traps BITS, instruction: #DB after the instruction; DR6 shows these of B0-B3, BD, BS.
%macro traps 2+
        xor eax, eax
        mov dr6, eax
        mov dword [RESUME], %%after
        mov [SAVED_SP], esp
        %2
%%next: nop
        mov ebp, %%next
        jmp fail_ebp
%%after:
        mov ebp, %%next
        cmp dword [VECTOR], 1
        jne fail_ebp
        cmp dword [FAULT_IP], %%next
        jne fail_ebp
        mov eax, dr6
        and eax, 0xe00f
        cmp eax, %1
        jne fail_ebp
%endmacro

; quiet instruction: no #DB.
%macro quiet 1+
        mov dword [RESUME], %%bad
        mov [SAVED_SP], esp
        %1
        jmp %%good
%%bad:  mov ebp, %%bad
        jmp fail_ebp
%%good:
%endmacro

; dr7 VALUE
%macro dr7 1
        mov eax, %1
        mov dr7, eax
%endmacro

L0 equ 1
L1 equ 4
L2 equ 0x10
L3 equ 0x40
%define rw(n, kind) (kind << (16 + n * 4))
%define len(n, kind) (kind << (18 + n * 4))

        bits 32
main:
        ; A code breakpoint is a fault; RF is not in what it pushes.
        mov eax, .here
        mov dr0, eax
        xor eax, eax
        mov dr6, eax
        dr7 L0
        mov dword [RESUME], .hit
        mov [SAVED_SP], esp
        mov ebx, 1
        nop
.here:  mov ebx, 2
        fail
.hit:   equal dword [VECTOR], 1
        equal dword [FAULT_IP], .here
        equal ebx, 1
        test dword [FAULT_FLAGS], 0x10000
        jz .rf0
        fail
.rf0:   mov eax, dr6
        and eax, 0xe00f
        equal eax, 1
        ; With RF it runs, once; then RF is gone.
        mov dword [RESUME], .again
        xor ecx, ecx
        pushfd
        or dword [esp], 0x10000
        push cs
        push .here2
        mov eax, .here2
        mov dr0, eax
        iretd
.here2: inc ecx
        pushfd
        pop eax
        test eax, 0x10000
        jz .loop
        fail
.loop:  jmp .here2
.again: equal ecx, 1
        equal dword [FAULT_IP], .here2
        ; A fault pushes RF set.
        dr7 0
        faults 13, 0xfff8, mov fs, [.bad_selector]
        test dword [FAULT_FLAGS], 0x10000
        jnz .rf1
%ifndef QEMU
        fail
%endif
        jmp .rf1
.bad_selector: dw 0xfff8
.rf1:
        ; Data breakpoints: traps.
        mov eax, X
        mov dr1, eax
        dr7 L1 | rw(1, 1) | len(1, 3)
        traps 2, mov [X], ebx
        traps 2, mov [X + 3], bl
        traps 2, mov [X - 3], ebx
        traps 2, inc dword [X]
        quiet mov ecx, [X]              ; reads are not looked at
        quiet mov [X + 4], ebx
        quiet mov [X - 4], ebx
        quiet cmp [X], ebx
        dr7 L1 | rw(1, 3) | len(1, 1)   ; two bytes, reads and writes
        traps 2, mov ecx, [X]
        traps 2, mov cl, [X + 1]
        traps 2, mov [X + 1], cl
        traps 2, cmp byte [X], 1
        traps 2, push dword [X]
        quiet mov cl, [X + 2]
        quiet mov ecx, [X + 2]
        ; Global and local enables; two at once.
        mov eax, X + 4
        mov dr3, eax
        dr7 L1 << 1 | L3 | rw(1, 3) | len(1, 3) | rw(3, 1) | len(3, 3)
        traps 0xa, mov [X + 2], ebx
        traps 2, mov ecx, [X + 2]
        ; A repeated string instruction stops after the iteration that hits.
        dr7 L1 | rw(1, 1) | len(1, 0)
        mov edi, X - 2
        mov ecx, 6
        mov al, 0x55
        xor ebx, ebx
        mov dr6, ebx
        mov dword [RESUME], .rep
        mov [SAVED_SP], esp
.stos:  rep stosb
        fail
.rep:   equal dword [VECTOR], 1
        equal dword [FAULT_IP], .stos
        equal ecx, 3
        equal edi, X + 1
        test dword [FAULT_FLAGS], 0x10000
        jnz .rep_rf
%ifndef PEER                            ; Bochs 2.7 and QEMU 7.2 push it clear
        fail
%endif
.rep_rf:
        ; MOV SS holds the trap until the next instruction has run.
        dr7 L1 | rw(1, 3) | len(1, 1)
        mov word [RESUME], 0
        dr7 0
        mov word [X], DATA32
        dr7 L1 | rw(1, 3) | len(1, 1)
        xor edx, edx
        mov dr6, edx
        mov dword [RESUME], .ss
        mov [SAVED_SP], esp
        mov ss, [X]
        inc edx
.ss_next:
        inc edx
        fail
.ss:    equal edx, 1
        equal dword [FAULT_IP], .ss_next
        mov eax, dr6
        and eax, 0xe00f
        equal eax, 2

        ; Ports, with CR4.DE.
        mov eax, 1
        cpuid
        test edx, 4
        jz near .no_de
        mov eax, cr4
        or eax, 8
        mov cr4, eax
        mov eax, 0x80
        mov dr2, eax
        dr7 L2 | rw(2, 2) | len(2, 1)
        traps 4, out 0x80, al
        traps 4, in al, 0x81
        traps 4, out 0x7f, ax
        quiet in al, 0x82
        ; DR4 and DR5 are gone then.
        faults 6, 0, mov eax, dr4
        faults 6, 0, mov dr5, eax
        mov eax, cr4
        and eax, ~8
        mov cr4, eax
        mov eax, dr5
        mov ebx, dr7
        equal eax, ebx
.no_de:
        ; Single step.
        dr7 0
        xor eax, eax
        mov dr6, eax
        mov dword [RESUME], .step
        mov [SAVED_SP], esp
        xor ebx, ebx
        pushfd
        or dword [esp], 0x100
        popfd
        inc ebx
.step_next:
        inc ebx
        fail
.step:  equal dword [VECTOR], 1
        equal ebx, 1
        equal dword [FAULT_IP], .step_next
        mov eax, dr6
        and eax, 0xe00f
        equal eax, 0x4000
        test dword [FAULT_FLAGS], 0x100
        jnz .tf
        fail
.tf:    pushfd
        pop eax
        test eax, 0x100
        jz .tf_off
        fail
.tf_off:
        ; ICEBP is a trap and says nothing in DR6.
        traps 0, db 0xf1
        ; DR7.GD: any MOV of a debug register; cleared for the handler.
        dr7 1 << 13
        mov dword [RESUME], .guard
        mov [SAVED_SP], esp
.read:  mov ebx, dr0
        fail
.guard: equal dword [VECTOR], 1
        equal dword [FAULT_IP], .read
        mov eax, dr6
        and eax, 0xe000
        equal eax, 0x2000
        mov eax, dr7
        and eax, 1 << 13
        equal eax, 0
        ; At CPL 3 debug registers are #GP.
        user 13, 0, mov eax, dr0
        ; Fixed bits.
        mov eax, -1
        mov dr6, eax
        mov eax, dr6
        and eax, ~0x1ff0                ; TSX and bus lock bits vary
        equal eax, 0xffffe00f
        dr7 0
        mov eax, dr7
        equal eax, 0x400
        ret

%include "rom_end.inc"
