; SPDX-License-Identifier: LGPL-2.1-or-later
; Long mode: interrupts and their stacks, IRETQ, far transfers between 64-bit and compatibility mode,
; call gates, LDT and TSS descriptors of 16 bytes, null SS, fast system calls, FS and GS bases,
; instructions that are not there.
%include "rom.inc"
%include "rom64.inc"

NONCANONICAL equ 0x0000800000000000
LDT     equ 0x6000
LDT_SEL equ FREE                ; 16 bytes
GATE    equ FREE + 0x10         ; 16 bytes
BOTH    equ FREE + 0x20         ; code with L and D
; Selectors for fast calls, in the order that they want: code 0, stack 0, code 32 user, stack user,
; code 64 user.
FAST    equ 0x100
USER_FLAT equ FAST + 16

        bits 32
main:
        jmp enter_long

        bits 64
main64:
        mov rax, 0x00af9a000000ffff
        mov [GDT + FAST], rax
        mov rax, 0x00cf92000000ffff
        mov [GDT + FAST + 8], rax
        mov rax, 0x00cffa000000ffff
        mov [GDT + FAST + 16], rax
        mov rax, 0x00cff2000000ffff
        mov [GDT + FAST + 24], rax
        mov [GDT + FAST + 40], rax
        mov rax, 0x00affa000000ffff
        mov [GDT + FAST + 32], rax
        mov rax, 0x00ef9a000000ffff
        mov [GDT + BOTH], rax

        ; An interrupt at the same level: SS:RSP in the frame, RSP aligned before.
        mov qword [RESUME], .same
        mov [SAVED_SP], rsp
        mov rbx, rsp
        sub rsp, 3
        int 0x30
        fail
.same:  equal dword [VECTOR], 0x30
        equal dword [FAULT_SS], DATA32
        equal dword [FAULT_CS], CODE64
        sub rbx, 3
        equal [FAULT_SP], rbx
        and rbx, ~15
        sub rbx, 40
        equal [FRAME], rbx              ; where RIP lies
        mov ax, ss
        equal ax, DATA32
        ; From level 3: RSP0, SS null with RPL 0.
        user 0x30, 0, int 0x30
        equal qword [FRAME], LEVEL0_TOP - 40
        equal dword [FAULT_SS], USER_DATA
        equal dword [FAULT_SP], USER_TOP
        mov ax, ss
        equal ax, 0
        equal dword [FAULT_CS], USER_CODE64
        mov ax, DATA32
        mov ss, ax
        ; The interrupt stack table, and its alignment.
        mov qword [TSS64 + 36], 0x7809
        mov byte [IDT64 + 0x30 * 16 + 4], 1
        mov qword [RESUME], .ist
        int 0x30
.ist:   equal qword [FRAME], 0x7800 - 40
        mov ax, ss
%ifndef QEMU                            ; QEMU 7.2 makes it null
        equal ax, DATA32                ; the level has not changed
%endif
        mov qword [TSS64 + 36 + 8], 0x7780
        mov byte [IDT64 + 13 * 16 + 4], 2
        user 13, 0, hlt
        equal qword [FRAME], 0x7780 - 40
        mov byte [IDT64 + 13 * 16 + 4], 0
        mov byte [IDT64 + 0x30 * 16 + 4], 0
        mov ax, DATA32
        mov ss, ax
        ; A gate that is not for level 3, one of a 16-bit type, one beyond the IDT, to 32-bit code.
        user 13, 0x20 * 8 + 2, int 0x20
        mov byte [IDT64 + 0x30 * 16 + 5], 0xe6
        faults 13, 0x30 * 8 + 2, int 0x30
        mov byte [IDT64 + 0x30 * 16 + 5], 0x6e
        faults 11, 0x30 * 8 + 2, int 0x30
        mov byte [IDT64 + 0x30 * 16 + 5], 0xee
        mov word [IDT64 + 0x30 * 16 + 2], CODE32
        faults 13, CODE32, int 0x30
        mov word [IDT64 + 0x30 * 16 + 2], CODE64
        faults 13, 0x40 * 8 + 2, int 0x40
        ; A target that is not canonical.
        mov dword [IDT64 + 0x30 * 16 + 8], 0x8000
        faults 13, 0, int 0x30
        mov dword [IDT64 + 0x30 * 16 + 8], 0
        ; Trap gates leave IF.
        mov byte [IDT64 + 0x30 * 16 + 5], 0xef
        mov dword [user_flags], 0x202
        user 0x30, 0, int 0x30
        pushfq
        pop rax
        test eax, 0x200
        jnz .if_on
        fail
.if_on: cli
        mov dword [user_flags], 2
        mov byte [IDT64 + 0x30 * 16 + 5], 0xee
        mov ax, DATA32
        mov ss, ax

        ; IRETQ pops SS:RSP at the same level, too; here a null SS.
        mov rbx, rsp
        mov [SAVED_SP], rsp
        push 0
        lea rax, [rbx - 0x100]
        push rax
        pushfq
        push CODE64
        push .returned
        iretq
.returned:
        mov rax, rsp
        mov rsp, rbx
        sub rbx, 0x100
        equal rax, rbx
        mov ax, ss
        equal ax, 0
        mov ax, DATA32
        mov ss, ax
        ; SS must not be null at CPL 3, and its RPL must be right.
        mov [SAVED_SP], rsp
        mov qword [RESUME], .null3
        push 0
        push USER_TOP
        push 2
        push USER_CODE64
        push .returned
        iretq
.null3: equal dword [VECTOR], 13
        equal dword [ERROR], 0
        mov eax, 3
        faults 13, 0, mov ss, ax
        xor eax, eax
        mov ss, ax
        mov ax, DATA32
        mov ss, ax
        mov ebx, 3
        user 13, 0, mov ss, bx
        mov ax, DATA32
        mov ss, ax
        ; A bad RIP.
        mov qword [RESUME], .bad_rip
        push DATA32
        push rsp
        pushfq
        push CODE64
        mov rax, NONCANONICAL
        push rax
        iretq
.bad_rip:
        equal dword [VECTOR], 13
        equal dword [ERROR], 0
        ; NT.
        mov qword [RESUME], .nt
        pushfq
        or dword [rsp], 1 << 14
        popfq
        iretq
.nt:    equal dword [VECTOR], 13
        pushfq
        and dword [rsp], ~(1 << 14)
        popfq

        ; To compatibility mode and back by far returns and far jumps through memory.
        mov [SAVED_SP], rsp
        push CODE32
        push .compat
        retfq
        bits 32
.compat:
        mov eax, 0x12345678
        inc eax                         ; 40h: REX in 64-bit mode
        push eax                        ; 4 bytes
        mov ebx, esp
        add esp, 4
        sub ebx, esp
        cmp ebx, -4
        jne near .bad32
        jmp dword CODE64:.again
.bad32: mov ebp, .bad32
        jmp fail_ebp
        bits 64
.again: equal eax, 0x12345679
        mov rsp, [SAVED_SP]
        ; An interrupt from compatibility mode has the 64-bit frame.
        mov qword [RESUME], .from32
        jmp far dword [.to32]
.to32:  dd .int32
        dw CODE32
        bits 32
.int32: mov ebx, esp
        int 0x30
        bits 64
.from32:
        equal dword [FAULT_CS], CODE32
        equal dword [FAULT_SS], DATA32
        and rbx, ~15
        sub rbx, 40
        equal [FRAME], rbx
        ; The far jump with 64-bit offset.
        jmp far qword [.to64]
.to64:  dq .arrived
        dw CODE64
.arrived:
        mov eax, GDT
        lea rbx, [.far_bad]
        ; L and D together.
        faults 13, BOTH, jmp far dword [.far_both]
        faults 13, 0, jmp far qword [.far_bad]
        jmp .far_end
.far_both:
        dd .far_end
        dw BOTH
.far_bad:
        dq NONCANONICAL
        dw CODE64
.far_end:

        ; LDT: 16 bytes, the upper half must say nothing else.
        mov qword [LDT], 0
        mov rax, 0x00cff2000000ffff
        mov [LDT + 8], rax
        mov dword [GDT + LDT_SEL], LDT << 16 | 0xf
        mov dword [GDT + LDT_SEL + 4], 0x8200
        mov qword [GDT + LDT_SEL + 8], 0
        mov ax, LDT_SEL
        lldt ax
        mov cx, 0xf
        mov fs, cx
        mov dword [GDT + LDT_SEL + 12], 0x200
        faults 13, LDT_SEL, lldt ax
        mov dword [GDT + LDT_SEL + 12], 0
        mov dword [GDT + LDT_SEL + 8], 0x8000
        faults 13, LDT_SEL, lldt ax
        ; Its base has 64 bits: the same table seen from the upper half.
        mov qword [PML4 + 511 * 8], PDPT | P | W | U
        mov qword [PDPT + 510 * 8], PD | P | W | U
        mov dword [GDT + LDT_SEL + 4], 0x80008200
        mov dword [GDT + LDT_SEL + 8], 0xffffffff
        lldt ax
        mov fs, cx
        mov word [LDT + 13], 0x00
        xor ecx, ecx
        mov fs, cx
        lldt cx
        mov cx, 0xf
        faults 13, 0xc, mov fs, cx
        ; TR: busy is refused, so are 16-bit types.
        mov ax, TSS_SEL
        faults 13, TSS_SEL, ltr ax
        mov byte [GDT + TSS_SEL + 5], 0x81
        faults 13, TSS_SEL, ltr ax
        mov byte [GDT + TSS_SEL + 5], 0x89
        mov ax, TSS_SEL
        ltr ax
        test byte [GDT + TSS_SEL + 5], 2
        jnz .busy
        fail
.busy:  ; No task switches.
        faults 13, TSS_SEL, call far dword [.task]
        jmp .no_task
.task:  dd 0
        dw TSS_SEL
.no_task:
        ; LAR and LSL know the 64-bit types alone.
        mov eax, TSS_SEL
        lar ebx, eax
        jz .lar1
        fail
.lar1:  equal ebx, 0x8b00
        lsl rbx, rax
        jz .lsl1
        fail
.lsl1:  equal rbx, 0x67
        mov byte [GDT + LDT_SEL + 5], 0x81
        mov eax, LDT_SEL
        lar ebx, eax
        jnz .lar2
        fail
.lar2:

        ; Call gates: 16 bytes, to 64-bit code.
        mov rax, .gate_same
        mov word [GDT + GATE], ax
        mov word [GDT + GATE + 2], CODE64
        mov word [GDT + GATE + 4], 0xec00
        shr rax, 16
        mov [GDT + GATE + 6], ax
        mov qword [GDT + GATE + 8], 0
        mov rbx, rsp
        call far dword [.gate]
.after_gate:
        equal rsp, rbx
        jmp .gate_inner
.gate:  dd 0
        dw GATE | 3
.gate_same:
        mov rax, rbx
        sub rax, rsp
        equal eax, 16
        mov eax, [rsp]
        equal eax, .after_gate
        mov eax, [rsp + 8]
        equal eax, CODE64
        retfq
.gate_inner:
        mov rax, .gate_from3
        mov word [GDT + GATE], ax
        shr rax, 16
        mov [GDT + GATE + 6], ax
        mov qword [RESUME], .gate_done
        mov [SAVED_SP], rsp
        push USER_DATA
        push USER_TOP
        push 2
        push USER_CODE64
        push .in_user
        iretq
.in_user:
        call far dword [.gate]
.back_in_user:
        int 0x31
.gate_from3:
        mov rax, rsp
        equal eax, LEVEL0_TOP - 32
        mov ax, ss
        equal ax, 0
        mov eax, [rsp + 24]
        equal eax, USER_DATA
        mov eax, [rsp + 16]
        equal eax, USER_TOP
        retfq
.gate_done:
        equal dword [VECTOR], 0x31
        equal dword [FAULT_IP], .back_in_user + 2
        equal dword [FAULT_SP], USER_TOP
        equal dword [FAULT_SS], USER_DATA
        mov ax, DATA32
        mov ss, ax
        mov byte [GDT + GATE + 13], 1   ; a type in the upper half
        faults 13, GATE, call far dword [.gate]
        mov byte [GDT + GATE + 13], 0
        mov word [GDT + GATE + 2], CODE32
        faults 13, CODE32, call far dword [.gate]
        mov byte [GDT + GATE + 5], 0xe4
        faults 13, GATE, call far dword [.gate]

        ; FS and GS bases.
        wrmsr64 0xc0000100, 0xffffffff80000000
        mov dword [HOME], 0x2468
        mov eax, [fs:HOME]
        equal eax, 0x2468
        wrmsr64 0xc0000101, HOME
        mov eax, [gs:0]
        equal eax, 0x2468
        wrmsr64 0xc0000102, HOME + 8
        mov dword [HOME + 8], 0x1357
        swapgs
        mov eax, [gs:0]
        equal eax, 0x1357
        swapgs
        mov eax, [gs:0]
        equal eax, 0x2468
        user 13, 0, swapgs
        mov ecx, 0xc0000101
        xor eax, eax
        mov edx, 0x8000
        faults 13, 0, wrmsr
        mov ecx, 0xc0000102
        faults 13, 0, wrmsr
        mov ecx, 0xc0000082
        faults 13, 0, wrmsr
        xor eax, eax
        mov gs, ax
        ; A loaded selector brings its base of 32 bits.
        mov ax, DATA32
        mov fs, ax
        rdmsr64 0xc0000100
        equal rax, 0
        mov eax, 7
        xor ecx, ecx
        cpuid
        test ebx, 1
        jz near .no_fsgsbase
        faults 6, 0, rdfsbase rax
        mov rax, cr4
        bts rax, 16
        mov cr4, rax
        mov rbx, 0x123456789abc
        wrfsbase rbx
        rdfsbase rax
        equal rax, rbx
        rdfsbase ecx
        mov eax, 0x56789abc
        equal rcx, rax
        wrgsbase ebx
        rdmsr64 0xc0000101
        mov ebx, ebx
        equal rax, rbx
        mov rbx, NONCANONICAL
        faults 13, 0, wrfsbase rbx
        xor ebx, ebx
        user NO_FAULT, 0, wrfsbase rbx
.no_fsgsbase:
        jmp fast

; ---- Fast system calls ----
fast:   mov dword [SCRATCH], 0
        wrmsr64 0xc0000081, (USER_FLAT | 3) << 48 | FAST << 32
        wrmsr64 0xc0000082, .entry
        wrmsr64 0xc0000084, 0x300
        mov qword [RESUME], .done
        mov [SAVED_SP], rsp
        mov dword [user_flags], 0x203
        push USER_DATA
        push USER_TOP
        push qword [user_flags]
        push USER_CODE64
        push .user
        iretq
.user:  stc
        syscall
.after: int 0x31
.entry: ; Flags are masked, RCX and R11 say from where; the stack is still the user's.
        pushfq
        pop rax
        and eax, 0x301
        equal eax, 1
        equal ecx, .after
        mov rax, r11
        equal eax, 0x203
        mov eax, cs
        equal eax, FAST
        mov eax, ss
        equal eax, FAST + 8
        equal esp, USER_TOP
        o64 sysret
.done:  equal dword [VECTOR], 0x31
        equal dword [FAULT_IP], .after + 2
        equal dword [FAULT_CS], USER_FLAT + 16 | 3
        equal dword [FAULT_SS], USER_FLAT + 8 | 3
        mov eax, [FAULT_FLAGS]
        equal eax, 0x203
        mov ax, DATA32
        mov ss, ax
        ; SYSRET to compatibility mode.
        mov qword [RESUME], .done32
        mov [SAVED_SP], rsp
        mov ecx, .user32
        mov r11d, 0x2
        sysret
        bits 32
.user32:
        mov eax, cs
        int 0x31
        bits 64
.done32:
        equal dword [VECTOR], 0x31
        equal dword [FAULT_CS], USER_FLAT | 3
        equal eax, USER_FLAT | 3
        mov ax, DATA32
        mov ss, ax
        user 13, 0, o64 sysret
%ifndef QEMU
        mov rcx, NONCANONICAL
        faults 13, 0, o64 sysret
%endif
        rdmsr64 EFER
        and eax, ~1
        wrmsr
        faults 6, 0, syscall
        faults 6, 0, o64 sysret

        ; SYSENTER and SYSEXIT.
        wrmsr64 0x174, 0
        faults 13, 0, sysenter
        faults 13, 0, sysexit
        wrmsr64 0x174, FAST
        mov rax, 0xffffffff80000000 + .sysenter
        mov rdx, rax
        shr rdx, 32
        mov ecx, 0x176
        wrmsr
        wrmsr64 0x175, 0xffffffff80000000 + 0x7000
        mov qword [RESUME], .exited
        mov [SAVED_SP], rsp
        push USER_DATA
        push USER_TOP
        push 0x202
        push USER_CODE64
        push .enter
        iretq
.enter: sysenter
.sysenter:
        mov rax, 0xffffffff80000000 + 0x7000
        equal rsp, rax
        pushfq
        pop rax
        test eax, 0x200
        jz .if_off
        fail
.if_off:
        mov eax, cs
        equal eax, FAST
        mov eax, ss
        equal eax, FAST + 8
        mov rdx, .left
        mov rcx, USER_TOP
        o64 sysexit
.left:  int 0x31
.exited:
        equal dword [VECTOR], 0x31
        equal dword [FAULT_CS], FAST + 32 | 3
        equal dword [FAULT_SS], FAST + 40 | 3
        equal dword [FAULT_IP], .left + 2
        mov ax, DATA32
        mov ss, ax
        mov qword [RESUME], .exited32
        mov [SAVED_SP], rsp
        mov rdx, .left32
        mov rcx, USER_TOP
        sysexit
        bits 32
.left32:
        int 0x31
        bits 64
.exited32:
        equal dword [FAULT_CS], FAST + 16 | 3
        equal dword [FAULT_SS], FAST + 24 | 3
        mov ax, DATA32
        mov ss, ax
        user 13, 0, sysexit

; ---- What is not there in 64-bit mode ----
%macro undefined 1+
        faults 6, 0, %1
%endmacro
        undefined db 0x06               ; PUSH ES
        undefined db 0x07
        undefined db 0x0e
        undefined db 0x16
        undefined db 0x17
        undefined db 0x1e
        undefined db 0x1f
        undefined db 0x27               ; DAA
        undefined db 0x2f
        undefined db 0x37
        undefined db 0x3f
        undefined db 0x60               ; PUSHA
        undefined db 0x61
        undefined db 0x82, 0xc0, 1
        undefined db 0x9a, 0, 0, 0, 0, 8, 0
        undefined db 0xce               ; INTO
        undefined db 0xd4, 10           ; AAM
        undefined db 0xd5, 10
        undefined db 0xd6
        undefined db 0xea, 0, 0, 0, 0, 8, 0

; ---- Odds and ends ----
        mov al, 0x33
        mov [qword HOME + 0x40], al     ; A2 with a 64-bit address
        mov eax, [qword HOME + 0x40]
        equal al, 0x33
        mov rax, 0x1122334455667788
        mov [qword HOME + 0x48], rax
        xor eax, eax
        mov rax, [qword HOME + 0x48]
        equal64 rax, 0x1122334455667788
        ; CR8.
        mov eax, 5
        mov cr8, rax
        xor ebx, ebx
        mov rbx, cr8
        equal ebx, 5
        mov eax, 16
        faults 13, 0, mov cr8, rax
        xor eax, eax
        mov cr8, rax
        ; DR6 and DR7 have 32 bits; DR0 has 64.
        mov rax, 1 << 32
        faults 13, 0, mov dr7, rax
        faults 13, 0, mov dr6, rax
        mov rax, 0x123456789abc
        mov dr0, rax
        mov rbx, dr0
        equal rax, rbx
        xor eax, eax
        mov dr0, rax
        ; CMPXCHG16B.
        mov rdi, HOME
        mov qword [rdi], 1
        mov qword [rdi + 8], 2
        mov eax, 1
        mov edx, 2
        mov ebx, 3
        mov ecx, 4
        cmpxchg16b [rdi]
        jz .swapped
        fail
.swapped:
        equal qword [rdi], 3
        equal qword [rdi + 8], 4
        cmpxchg16b [rdi]
        jnz .kept
        fail
.kept:  equal eax, 3
        equal edx, 4
        faults 13, 0, cmpxchg16b [rdi + 8]
        ; Descriptor tables: 10 bytes.
        sgdt [HOME]
        equal word [HOME], 0xfff
        equal qword [HOME + 2], GDT
        mov rax, NONCANONICAL
        mov [HOME + 2], rax
        faults 13, 0, lgdt [HOME]
        ; UMIP.
        mov eax, 7
        xor ecx, ecx
        cpuid
        test ecx, 4
        jz .no_umip
        user NO_FAULT, 0, sgdt [HOME]
        mov rax, cr4
        bts rax, 11
        mov cr4, rax
        user 13, 0, sgdt [HOME]
        user 13, 0, sidt [HOME]
        user 13, 0, sldt eax
        user 13, 0, str eax
        user 13, 0, smsw eax
        sgdt [HOME]
.no_umip:
        ; PUSH and POP have 64 or 16 bits.
        mov rbx, rsp
        push rax
        sub rbx, rsp
        equal ebx, 8
        pop rax
        mov rbx, rsp
        push ax
        sub rbx, rsp
        equal ebx, 2
        pop ax
        push -2
        pop rax
        equal64 rax, -2
        mov ax, DATA32
        mov fs, ax
        mov rbx, rsp
        push fs
        sub rbx, rsp
        equal ebx, 8
        pop rax
        equal rax, DATA32
        ret

%include "rom_end.inc"
