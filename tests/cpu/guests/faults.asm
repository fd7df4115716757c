; SPDX-License-Identifier: LGPL-2.1-or-later
; The checks of descriptors, gates and limits, with their vectors and error codes.
; Reference: Intel SDM vol. 2 (each instruction's exceptions), vol. 3A sections 5 and 6.13.
%include "guest.inc"

main:
        ; Loads of data segments (MOV).
        FAULT 13, BEYOND, {mov eax, BEYOND}, {mov ds, ax}
        FAULT 13, BEYOND, {mov eax, BEYOND + 3}, {mov fs, ax}
        FAULT 13, 0x0c, {mov eax, 0x0c}, {mov es, ax}           ; the LDTR is null
        FAULT 13, EXECONLY, {mov eax, EXECONLY}, {mov ds, ax}
        FAULT 13, TSS_B, {mov eax, TSS_B}, {mov gs, ax}
        FAULT 13, GATE3, {mov eax, GATE3}, {mov gs, ax}
        FAULT 13, DATA0, {mov eax, DATA0 + 3}, {mov ds, ax}     ; RPL > DPL
        FAULT 11, DATA_NP, {mov eax, DATA_NP}, {mov ds, ax}
        FAULT 11, CODE_NP, {mov eax, CODE_NP}, {mov es, ax}
        NO_FAULT {mov eax, CONFORM + 3}, {mov ds, ax}           ; conforming: no privilege check
        NO_FAULT {mov eax, 3}, {mov ds, ax}
        FAULT 13, EXECONLY, {push dword EXECONLY}, {pop fs}
        FAULT 6, NO_ERROR, {mov eax, CODE0}, {db 0x8e, 0xc8}    ; MOV CS
        ; The stack segment.
        FAULT 13, 0, {xor eax, eax}, {mov ss, ax}
        FAULT 13, DATA0, {mov eax, DATA0 + 1}, {mov ss, ax}
        FAULT 13, DATA3, {mov eax, DATA3}, {mov ss, ax}
        FAULT 13, READONLY, {mov eax, READONLY}, {mov ss, ax}
        FAULT 13, CODE0, {mov eax, CODE0}, {mov ss, ax}
        FAULT 13, TSS_B, {mov eax, TSS_B}, {mov ss, ax}
        FAULT 12, DATA_NP, {mov eax, DATA_NP}, {mov ss, ax}
        FAULT 13, BEYOND, {mov eax, BEYOND}, {mov ss, ax}
        FAULT3 13, DATA0, {mov eax, DATA0}, {mov ds, ax}        ; CPL > DPL
        FAULT3 13, DATA0, {mov eax, DATA0 + 3}, {mov ss, ax}

        ; Accesses.
        FAULT 13, 0, {xor eax, eax}, {mov fs, ax}, {mov eax, [fs:0]}
        mov ax, READONLY
        mov fs, ax
        FAULT 13, 0, {mov [fs:SCRATCH], eax}
        FAULT 13, 0, {inc dword [fs:SCRATCH]}
        FAULT 13, 0, {xchg [fs:SCRATCH], eax}
        FAULT 13, 0, {mov [cs:SCRATCH], eax}
        mov ax, SMALL
        mov fs, ax
        NO_FAULT {mov eax, [fs:0xffc]}
        FAULT 13, 0, {mov eax, [fs:0xffd]}
        FAULT 13, 0, {mov [fs:0xfff], ax}
        FAULT 13, 0, {movzx eax, byte [fs:0x1000]}
        FAULT 13, 0, {mov eax, [fs:0xfffffffe]}
        mov ax, EXPDOWN
        mov fs, ax
        FAULT 13, 0, {mov al, [fs:0xfff]}
        FAULT 13, 0, {mov al, [fs:0]}
        NO_FAULT {mov al, [fs:0x1000]}
        FAULT3 12, 0, {mov ax, SMALL3 + 3}, {mov ss, ax}, {mov ebp, 0xffd}, {mov eax, [ebp]}
        FAULT3 12, 0, {mov ax, SMALL3 + 3}, {mov ss, ax}, {mov esp, 2}, {push eax}
        FAULT3 12, 0, {mov ax, SMALL3 + 3}, {mov ss, ax}, {mov esp, 0xffe}, {pop eax}
        FAULT3 12, 0, {mov ax, SMALL3 + 3}, {mov ss, ax}, {mov esp, 0xff8}, {popad}
        FAULT3 12, 0, {mov ax, SMALL3 + 3}, {mov ss, ax}, {mov esp, 2}, {call next}
next:   FAULT3 12, 0, {mov ax, SMALL3 + 3}, {mov ss, ax}, {mov esp, 8}, {enter 8, 0}
        xor eax, eax
        mov fs, ax

        ; LLDT, LTR.
        FAULT 13, TSS_B, {mov eax, TSS_B}, {lldt ax}
        FAULT 11, LDT_NP, {mov eax, LDT_NP}, {lldt ax}
        FAULT 13, 0x7c, {mov eax, LDT_SEL + 4}, {lldt ax}
        FAULT 13, BEYOND, {mov eax, BEYOND}, {lldt ax}
        FAULT 13, TSS_MAIN, {mov eax, TSS_MAIN}, {ltr ax}       ; busy
        FAULT 13, 0, {xor eax, eax}, {ltr ax}
        FAULT 13, LDT_SEL, {mov eax, LDT_SEL}, {ltr ax}
        FAULT 11, TSS_NP, {mov eax, TSS_NP}, {ltr ax}
        NO_FAULT {mov eax, LDT_SEL}, {lldt ax}, {mov eax, 4}, {mov fs, ax}
        FAULT 13, 0x14, {mov eax, 0x14}, {mov fs, ax}           ; beyond the local table
        xor eax, eax
        mov fs, ax
        lldt ax

        ; Far jumps and calls.
        FAULT 13, 0, {jmp 0:0}
        FAULT 13, BEYOND, {jmp BEYOND:0}
        FAULT 13, DATA0, {jmp DATA0:0}
        FAULT 11, CODE_NP, {jmp CODE_NP:0}
        FAULT 13, CODE3, {jmp CODE3:0}
        FAULT 13, CODE0, {jmp CODE0 + 3:0}
        FAULT 13, 0, {jmp CODE_TINY:0x1000}
        FAULT 13, LDT_SEL, {jmp LDT_SEL:0}
        FAULT 13, 0, {call 0:0}
        FAULT 13, DATA0, {call DATA0:0}
        FAULT 11, CODE_NP, {call CODE_NP:0}
        FAULT 13, CODE3, {call CODE3:0}
        FAULT 13, 0, {call CODE_TINY:0x1000}
        FAULT 11, GATE_NP, {call GATE_NP:0}
        FAULT 13, DATA0, {call GATE_DATA:0}
        FAULT 13, GATE0, {call GATE0 + 3:0}
        FAULT 13, 0, {call GATE_NULL:0}
        FAULT 13, 0, {call GATE_FAR:0}
        FAULT 11, GATE_NP, {jmp GATE_NP:0}
        FAULT 13, DATA0, {jmp GATE_DATA:0}
        FAULT 13, 0, {jmp GATE_FAR:0}
        FAULT3 13, GATE0, {call GATE0 + 3:0}
        FAULT3 13, CODE0, {jmp GATE3 + 3:0}                 ; a jump does not change the ring
        FAULT3 13, CODE0, {jmp CODE0 + 3:0}
        FAULT 11, TSS_NP, {jmp TSS_NP:0}
        FAULT 10, TSS_SHORT, {jmp TSS_SHORT:0}
        FAULT 13, TSS_MAIN, {jmp TSS_MAIN:0}                ; busy
        FAULT 13, TSS_MAIN, {call TSS_MAIN:0}
        FAULT 13, TSS_B, {mov byte [gdt + TSS_B + 5], 0x89}, {jmp TSS_B + 3:0}
        FAULT3 13, TSS_B, {jmp TSS_B + 3:0}
        mov byte [gdt + TSS_B + 5], 0xe9

        ; Far returns and IRET.
        FAULT 13, 0, {push dword 0}, {push dword 0}, {retf}
        FAULT 13, DATA0, {push dword DATA0}, {push dword 0}, {retf}
        FAULT 11, CODE_NP, {push dword CODE_NP}, {push dword 0}, {retf}
        FAULT 13, CODE3, {push dword CODE3}, {push dword 0}, {retf}
        FAULT 13, 0, {push dword CODE_TINY}, {push dword 0x1000}, {retf}
        FAULT 13, 0, {push dword 0}, {push dword USER_STACK}, {push dword CODE3 + 3}, \
                {push dword 0}, {retf}
        FAULT 13, DATA0, {push dword DATA0}, {push dword USER_STACK}, {push dword CODE3 + 3}, \
                {push dword 0}, {retf}
        FAULT 13, READONLY, {push dword READONLY + 3}, {push dword USER_STACK}, \
                {push dword CODE3 + 3}, {push dword 0}, {retf}
        mov byte [gdt + DATA1 + 5], 0x73                        ; DPL 3, not present
        FAULT 12, DATA1, {push dword DATA1 + 3}, {push dword USER_STACK}, \
                {push dword CODE3 + 3}, {push dword 0}, {retf}
        mov byte [gdt + DATA1 + 5], 0xb3
        FAULT 13, 0, {push dword 2}, {push dword 0}, {push dword 0}, {iretd}
        FAULT 13, DATA0, {push dword 2}, {push dword DATA0}, {push dword 0}, {iretd}
        FAULT 11, CODE_NP, {push dword 2}, {push dword CODE_NP}, {push dword 0}, {iretd}
        FAULT 13, CODE3, {push dword 2}, {push dword CODE3}, {push dword 0}, {iretd}
        FAULT 13, 0, {push dword 2}, {push dword CODE_TINY}, {push dword 0x1000}, {iretd}
        FAULT 13, 0, {push dword 0}, {push dword USER_STACK}, {push dword 2}, \
                {push dword CODE3 + 3}, {push dword 0}, {iretd}
        FAULT 13, DATA0, {push dword DATA0 + 3}, {push dword USER_STACK}, {push dword 2}, \
                {push dword CODE3 + 3}, {push dword 0}, {iretd}
        FAULT3 13, CODE0, {push dword 2}, {push dword CODE0}, {push dword 0}, \
                {iretd}                                  ; to an inner ring

        ; INT n and its gates.
        FAULT3 13, 0x80 * 8 + 2, {int 0x80}                 ; DPL 0
        mov word [idt + 0x82 * 8 + 4], 0x6e00
        FAULT 11, 0x82 * 8 + 2, {int 0x82}
        mov word [idt + 0x82 * 8 + 4], 0x8200
        FAULT 13, 0x82 * 8 + 2, {int 0x82}                  ; an LDT is no gate
        mov word [idt + 0x82 * 8 + 4], 0x8e00
        mov word [idt + 0x82 * 8 + 2], 0
        FAULT 13, 0, {int 0x82}
        mov word [idt + 0x82 * 8 + 2], DATA0
        FAULT 13, DATA0, {int 0x82}
        mov word [idt + 0x82 * 8 + 2], CODE_NP
        FAULT 11, CODE_NP, {int 0x82}
        mov word [idt + 0x82 * 8 + 2], BEYOND
        FAULT 13, BEYOND, {int 0x82}
        mov word [idt + 0x82 * 8 + 2], CODE3
        FAULT 13, CODE3, {int 0x82}
        mov word [idt + 0x82 * 8 + 2], CODE_TINY
        FAULT 13, 0, {int 0x82}
        ; The same for exceptions: EXT is set.
        mov word [idt + 6 * 8 + 4], 0x0e00
        FAULT 11, 6 * 8 + 3, {ud2}
        mov word [idt + 6 * 8 + 4], 0x8e00
        mov word [idt + 6 * 8 + 2], DATA0
        FAULT 13, DATA0 + 1, {ud2}
        mov word [idt + 6 * 8 + 2], 0
        FAULT 13, 1, {ud2}
        mov word [idt + 6 * 8 + 2], CODE0
        ; INT3 and INTO are software: without EXT.
        mov word [idt + 3 * 8 + 4], 0x0e00
        FAULT 11, 3 * 8 + 2, {int3}
        mov word [idt + 3 * 8 + 4], 0x8e00
        ; A fault while a contributory one is delivered.
        mov word [idt + 13 * 8 + 4], 0x0e00
        FAULT 8, 0, {jmp 0:0}
        mov word [idt + 13 * 8 + 4], 0x8e00
        lidt [short_idt]
        FAULT 13, 0x81 * 8 + 2, {int 0x81}
        lidt [idt_register]

        ; Simple exceptions.
        FAULT 0, NO_ERROR, {xor edx, edx}, {mov eax, 1}, {xor ecx, ecx}, {div ecx}
        FAULT 0, NO_ERROR, {mov edx, 5}, {mov ecx, 5}, {div ecx}
        FAULT 0, NO_ERROR, {xor eax, eax}, {aam 0}
        FAULT 6, NO_ERROR, {ud2}
        FAULT 6, NO_ERROR, {db 0xf0, 0x90}                  ; LOCK NOP
        FAULT 6, NO_ERROR, {db 0x8d, 0xc0}                  ; LEA eax, eax
        FAULT 5, NO_ERROR, {mov dword [SCRATCH], 1}, {mov dword [SCRATCH + 4], 2}, \
                {mov eax, 3}, {bound eax, [SCRATCH]}
        FAULT 13, 0, {dd 0x66666666, 0x66666666, 0x66666666, 0x90666666}
        mov eax, cr0
        or eax, 8
        mov cr0, eax
        FAULT 7, NO_ERROR, {fnop}
        mov eax, cr0
        or eax, 10
        mov cr0, eax
        FAULT 7, NO_ERROR, {wait}
        clts
        mov eax, cr0
        and eax, ~2
        mov cr0, eax
        mov dword [resume], .into
        mov [resume_esp], esp
        mov al, 0x7f
        inc al
        into
.into:  CHECK "INTO's vector", GOT_VECTOR, 4

        ; What only ring 0 may do.
        FAULT3 13, 0, {hlt}
        FAULT3 13, 0, {cli}
        FAULT3 13, 0, {sti}
        FAULT3 13, 0, {clts}
        FAULT3 13, 0, {mov eax, cr0}
        FAULT3 13, 0, {mov cr3, eax}
        FAULT3 13, 0, {mov eax, dr7}
        FAULT3 13, 0, {lgdt [SCRATCH]}
        FAULT3 13, 0, {lidt [SCRATCH]}
        FAULT3 13, 0, {mov eax, LDT_SEL}, {lldt ax}
        FAULT3 13, 0, {mov eax, TSS_B}, {ltr ax}
        FAULT3 13, 0, {mov eax, 1}, {lmsw ax}
        FAULT3 13, 0, {invlpg [0]}
        FAULT3 13, 0, {wbinvd}
        FAULT3 13, 0, {mov ecx, 0x1b}, {rdmsr}
        FAULT3 13, 0, {mov ecx, 0x1b}, {wrmsr}
        FAULT3 13, 0, {in al, 0x80}
        FAULT3 13, 0, {mov dx, DEBUG_PORT}, {out dx, al}
        mov dword [user_flags], 0x3002                          ; IOPL 3
        NO_FAULT3 {cli}, {in al, 0x80}
        mov dword [user_flags], 2
        ; The I/O permission map: port 80h allowed, 81h not.
        mov word [tss_main + 0x66], io_map - tss_main
        mov word [gdt + TSS_MAIN], io_map_end - tss_main - 1
        mov byte [gdt + TSS_MAIN + 5], 0x89
        mov ax, TSS_MAIN
        ltr ax
        NO_FAULT3 {in al, 0x80}
        FAULT3 13, 0, {in al, 0x81}
        FAULT3 13, 0, {in ax, 0x80}
        FAULT3 13, 0, {mov dx, 0xe9}, {in al, dx}               ; beyond the map

        ; CR0 and CR4.
        FAULT 13, 0, {mov eax, 0x80000010}, {mov cr0, eax}      ; PG without PE
        FAULT 13, 0, {mov eax, 0x20000011}, {mov cr0, eax}      ; NW without CD
        FAULT 13, 0, {mov eax, 0x80000000}, {mov cr4, eax}
        FAULT 6, NO_ERROR, {db 0x0f, 0x22, 0xc8}            ; MOV CR1
        FAULT 13, 0, {mov ecx, 0x12345678}, {rdmsr}
        jmp finish

short_idt:
        dw 0x80 * 8 + 7
        dd idt
%include "guest_data.inc"
