; SPDX-License-Identifier: LGPL-2.1-or-later
; System management mode and NMI. The machine around it: a write to port B2 makes an SMI, to B4 an
; NMI; after one to B3 the SMI comes when the CPU halts, after one to B5 the NMI. Only the test's
; host is such a machine.
; Reference: Intel SDM vol. 3C chapter 31 (save area: table 31-1), vol. 3A section 6.7.
%include "guest.inc"

SMBASE0 equ 0x30000
SMBASE1 equ 0x42000                     ; the IDT is at 48000h
; Offsets from SMBASE.
SAVED_EAX    equ 0xffd0
SAVED_EFLAGS equ 0xfff4
SAVED_EIP    equ 0xfff0
SAVED_CR0    equ 0xfffc
AUTO_HALT    equ 0xff02
SAVED_BASE   equ 0xfef8

main:
        mov dword [idt + 2 * 8], CODE0 << 16 | (A(nmi) & 0xffff)
        mov dword [idt + 2 * 8 + 4], 0x8e00 | (A(nmi) & 0xffff0000)
        mov esi, smm_handler
        mov edi, SMBASE0 + 0x8000
        mov ecx, smm_handler_end - smm_handler
        cld
        rep movsb
        mov esi, smm_handler
        mov edi, SMBASE1 + 0x8000
        mov ecx, smm_handler_end - smm_handler
        rep movsb

        FAULT 6, NO_ERROR, {rsm}

        ; What the handler finds, and what it leaves.
        mov ax, DATA3 + 3
        mov fs, ax
        mov ecx, 0x11223344
        mov ebx, esp
        push dword 0x8d7
        popfd
        out 0xb2, al
after_smi:
        pushfd
        pop edx
        CHECK "flags after RSM", edx, 0x8d7
        CHECK "ECX after RSM", ecx, 0x11223344
        xor eax, eax
        mov ax, fs
        CHECK_EAX "FS after RSM", DATA3 + 3
        sub ebx, esp
        CHECK "ESP after RSM", ebx, 0
        CHECK "entries", [entries], 1
        CHECK "CR0 in SMM", [seen_cr0], 0
        CHECK "flags in SMM", [seen_flags], 0
        CHECK "CS in SMM", [seen_cs], SMBASE0 >> 4
        CHECK "EIP saved", [seen_eip], after_smi
        CHECK "flags saved", [seen_saved_flags], 0x8d7
        CHECK "CR0 saved", [seen_saved_cr0], 1

        ; The handler changes EAX and moves SMBASE.
        mov dword [new_base], SMBASE1
        mov dword [new_eax], 0x55aa55aa
        out 0xb2, al
        mov [eax_after], eax
        CHECK "EAX from the save area", [eax_after], 0x55aa55aa
        mov dword [new_eax], 0
        mov dword [new_base], 0
        out 0xb2, al
        CHECK "CS at the new base", [seen_cs], SMBASE1 >> 4
        CHECK "entries", [entries], 3

        ; Another SMI while in SMM waits for RSM; so does an NMI.
        mov dword [in_smm_port], 0xb2
        out 0xb2, al
        CHECK "two entries", [entries], 5
        CHECK "one after the other", [nested], 0
        mov dword [in_smm_port], 0xb4
        out 0xb2, al
        CHECK "NMI after RSM", [nmis], 1
        CHECK "entries then", [entries_at_nmi], 6

        ; From ring 3.
        mov dword [user_flags], 0x3002
        mov dword [resume], .ring3
        mov [resume_esp], esp
        call enter_ring3
        out 0xb2, al
.in_ring3:
        int 0x81
.ring3: CHECK "vector", GOT_VECTOR, 0x81
        CHECK "CS after RSM", [got_cs], CODE3 + 3
        CHECK "SS after RSM", [got_ss], DATA3 + 3
        CHECK "ESP after RSM", [got_esp], USER_STACK
        CHECK "EIP saved", [seen_eip], .in_ring3
        mov dword [user_flags], 2

        ; From paging: the handler has none, RSM brings it back.
        mov edi, TABLES
        mov ecx, 1024
        mov eax, 0x83
        cld
.map:   stosd
        add eax, 0x400000
        loop .map
        mov eax, cr4
        or eax, 0x10
        mov cr4, eax
        mov eax, TABLES
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        out 0xb2, al
        mov eax, cr0
        and eax, 0x80000001
        CHECK_EAX "CR0 after RSM", 0x80000001
        CHECK "CR0 in SMM", [seen_cr0], 0
        mov eax, cr4
        and eax, 0x10
        CHECK_EAX "CR4 after RSM", 0x10
        mov eax, cr0
        and eax, ~0x80000000
        mov cr0, eax

        ; While halted: RSM returns into HLT, from which the NMI frees.
        mov dword [nmis], 0
        out 0xb3, al
        out 0xb5, al
.halt:  hlt
.halted:
        CHECK "auto halt", [seen_halt], 1
        CHECK "EIP saved", [seen_eip], .halted
        CHECK "NMI in HLT", [nmis], 1
        CHECK "its return address", [nmi_return], .halted
        ; The handler clears auto halt: RSM goes on behind the HLT.
        mov dword [nmis], 0
        mov dword [clear_halt], 1
        out 0xb3, al
        hlt
        CHECK "auto halt", [seen_halt], 1
        CHECK "no NMI", [nmis], 0
        mov dword [clear_halt], 0

        ; NMI: blocked until an IRET, even one that faults.
        mov dword [nmis], 0
        mov dword [in_nmi], .again
        out 0xb4, al
        jmp .once
.again: mov dword [in_nmi], 0
        out 0xb4, al
        nop
        mov eax, [nmis]
        mov [nmis_before_iret], eax
        jmp nmi_end
.once:  CHECK "a second NMI waits", [nmis_before_iret], 1
        CHECK "until IRET", [nmis], 2
        mov dword [nmis], 0
        mov dword [in_nmi], .faulting
        mov dword [resume], .faulted
        mov [resume_esp], esp
        out 0xb4, al
.faulting:
        mov dword [in_nmi], 0
        out 0xb4, al
        push dword 2
        push dword 0
        push dword 0
.iret:  iretd
.faulted:
        CHECK "IRET faults", GOT_VECTOR, 13
        CHECK "at", GOT_EIP, .iret
        CHECK "and unblocks NMI", [nmis], 2
        ; HLT with interrupts off ends with the NMI.
        mov dword [nmis], 0
        out 0xb5, al
        hlt
        CHECK "HLT ends", [nmis], 1
        jmp finish

nmi:    push eax
        inc dword [nmis]
        mov eax, [entries]
        mov [entries_at_nmi], eax
        mov eax, [esp + 4]
        mov [nmi_return], eax
        cmp dword [in_nmi], 0
        je nmi_end
        jmp [in_nmi]
nmi_end:
        pop eax
        iretd

        bits 16
; At SMBASE + 8000h, CS = SMBASE >> 4.
smm_handler:
        push eax                                ; the saved ESP is beyond 64 KiB: SS has 4 GiB
        push ebx
        xor bx, bx
        mov ds, bx
        inc dword [dword entries]
        inc dword [dword nested]
        mov eax, cr0
        and eax, 0x80000001
        mov [dword seen_cr0], eax
        o32 pushf
        pop eax
        and eax, 0x3f7700                       ; not what the INC above has set
        mov [dword seen_flags], eax
        mov ax, cs
        movzx eax, ax
        mov [dword seen_cs], eax
        mov eax, [cs:dword SAVED_EIP]
        mov [dword seen_eip], eax
        mov eax, [cs:dword SAVED_EFLAGS]
        mov [dword seen_saved_flags], eax
        mov eax, [cs:dword SAVED_CR0]
        and eax, 1
        mov [dword seen_saved_cr0], eax
        movzx eax, word [cs:dword AUTO_HALT]
        mov [dword seen_halt], eax
        cmp dword [dword clear_halt], 0
        je .keep_halt
        mov word [cs:dword AUTO_HALT], 0
.keep_halt:
        mov eax, [dword new_eax]
        test eax, eax
        jz .keep_eax
        mov [cs:dword SAVED_EAX], eax
.keep_eax:
        mov eax, [dword new_base]
        test eax, eax
        jz .keep_base
        mov [cs:dword SAVED_BASE], eax
.keep_base:
        mov eax, [dword in_smm_port]
        test eax, eax
        jz .no_port
        mov dword [dword in_smm_port], 0
        mov dx, ax
        out dx, al
        nop
.no_port:
        dec dword [dword nested]
        pop ebx
        pop eax
        rsm
smm_handler_end:
        bits 32

        align 4
entries:          dd 0
entries_at_nmi:   dd 0
nested:           dd 0
new_eax:          dd 0
new_base:         dd 0
in_smm_port:      dd 0
clear_halt:       dd 0
eax_after:        dd 0
seen_cr0:         dd 0
seen_flags:       dd 0
seen_cs:          dd 0
seen_eip:         dd 0
seen_saved_flags: dd 0
seen_saved_cr0:   dd 0
seen_halt:        dd 0
nmis:             dd 0
in_nmi:           dd 0
nmi_return:       dd 0
nmis_before_iret: dd 0
%include "guest_data.inc"
