; SPDX-License-Identifier: LGPL-2.1-or-later
; The agent's body: moves itself to the top of memory, takes over INT 10h-1Ah, boots the next disk;
; and what happens at each of those interrupts before and after the handler that had it.
%include "layout.inc"

bits 16
global start, regs, old_vectors
extern log_call, log_return, agent_start

section .text.start
start:
        jmp near move
        nop
        ; Set by `ice86 image agent`.
        dd AGENT_SIGNATURE
global config_port, config_divisor, config_next
config_port dw 0x3f8
config_divisor dw 1
config_next db 0xff             ; 0xff: the drive behind the one the agent came from
        db 1                    ; version of these bytes

; DL: the drive that was booted. 16 KB come off the end of base memory.
move:
        mov ax, 0x40
        mov ds, ax
        sub word [0x13], 16
        mov ax, [0x13]
        shl ax, 6
        mov es, ax
        mov ax, cs
        mov ds, ax
        cld
        xor si, si
        xor di, di
        mov cx, BODY_SECTORS * 128
        rep movsd
        push es
        push word moved
        retf

moved:
        mov ax, cs
        mov ds, ax
        mov es, ax
        cli
        mov ss, ax
        mov esp, stack_top
        movzx edx, dl
        mov [boot_drive], dl
        push edx
        call dword agent_start  ; serial port, header; gives the next drive
        mov [next_drive], al

        ; The vectors.
        xor ax, ax
        mov fs, ax
        mov bx, FIRST_VECTOR * 4
        mov di, old_vectors
        mov ax, stubs
.hook:
        mov ecx, [fs:bx]
        mov [di], ecx
        mov [fs:bx], ax
        mov [fs:bx + 2], cs
        add ax, stub_size
        add bx, 4
        add di, 4
        cmp bx, LAST_VECTOR * 4
        jbe .hook

        ; The next disk, as a BIOS boots it.
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, 0x7c00
        sti
        mov bp, 3
.read:
        mov ax, 0x0201
        mov bx, 0x7c00
        mov cx, 1
        xor dh, dh
        mov dl, [cs:next_drive]
        int 0x13
        jnc .loaded
        xor ah, ah
        int 0x13
        dec bp
        jnz .read
.bad:
        mov si, no_disk
%include "give_up.inc"
.loaded:
        cmp word [0x7dfe], 0xaa55
        jne .bad
        xor eax, eax
        xor ebx, ebx
        xor ecx, ecx
        movzx edx, byte [cs:next_drive]
        xor esi, esi
        xor edi, edi
        xor ebp, ebp
        mov fs, ax
        jmp 0:0x7c00

no_disk db 'int-agent: the next disk does not boot', 13, 10, 0

section .text
stubs:
%assign vector FIRST_VECTOR
%rep LAST_VECTOR - FIRST_VECTOR + 1
        push word vector
        jmp near entered
%assign vector vector + 1
%endrep
stub_size equ ($ - stubs) / (LAST_VECTOR - FIRST_VECTOR + 1)

; Registers into `regs`, a stack and segments of our own. Interrupts are off.
%macro save 0
        mov [cs:regs.eax], eax
        mov [cs:regs.ebx], ebx
        mov [cs:regs.ecx], ecx
        mov [cs:regs.edx], edx
        mov [cs:regs.esi], esi
        mov [cs:regs.edi], edi
        mov [cs:regs.ebp], ebp
        mov [cs:regs.ds], ds
        mov [cs:regs.es], es
        mov [cs:regs.fs], fs
        mov [cs:regs.ss], ss
        mov [cs:regs.esp], esp
        mov ax, cs
        mov ds, ax
        mov es, ax
        cld
%endmacro
%macro own_stack 0
        mov ax, cs
        mov ss, ax
        mov esp, stack_top
%endmacro
%macro callers_stack 0
        mov ss, [regs.ss]
        mov esp, [regs.esp]
%endmacro
; The last to go is DS.
%macro restore 0
        mov eax, [regs.eax]
        mov ebx, [regs.ebx]
        mov ecx, [regs.ecx]
        mov edx, [regs.edx]
        mov esi, [regs.esi]
        mov edi, [regs.edi]
        mov ebp, [regs.ebp]
        mov es, [regs.es]
        mov fs, [regs.fs]
        mov ds, [regs.ds]
%endmacro

; On the stack: vector, IP, CS, flags.
entered:
        save
        mov bp, sp
        mov ax, [bp]
        mov [regs.vector], ax
        mov ax, [bp + 2]
        mov [regs.ip], ax
        mov ax, [bp + 4]
        mov [regs.cs], ax
        mov ax, [bp + 6]
        mov [regs.flags], ax
        lea ax, [bp + 8]
        mov [regs.sp], ax
        own_stack
        call dword log_call     ; gives the number of the call
        mov [number], ax
        callers_stack
        ; The number, a word that is its own address (which tells where the stack was when the
        ; handler is back), and the flags that its IRET takes.
        push word [number]
        mov bp, sp
        lea ax, [bp - 2]
        push ax
        push word [regs.flags]
        mov bx, [regs.vector]
        shl bx, 2
        mov eax, [old_vectors + bx - FIRST_VECTOR * 4]
        mov [handler], eax
        restore
        call far [cs:handler]

        ; Room, so that the word which IRET took the flags from survives PUSHF.
        lea sp, [esp - 4]
        pushf
        cli
        save
        mov bp, sp
        mov ax, [bp]
        mov [regs.flags], ax
        mov ax, [bp + 4]
        mov [regs.popped], ax
        mov byte [regs.kept_flags], 0
        lea ax, [bp + 6]
        cmp [bp + 6], ax
        je .popped
        mov byte [regs.kept_flags], 1   ; RETF: the flags are still there
        add bp, 2
.popped:
        mov ax, [bp + 8]
        mov [regs.number], ax
        mov ax, [bp + 10]
        mov [regs.vector], ax
        movzx ebp, bp
        lea ax, [bp + 12]               ; at IP, CS, flags
        mov [regs.esp], ax
        own_stack
        call dword log_return
        callers_stack
        cmp byte [regs.kept_flags], 0
        jne .retf
        mov bp, sp
        mov ax, [regs.flags]
        mov [bp + 4], ax
        restore
        iret
.retf:
        restore
        push word [cs:regs.flags]
        popf
        retf

section .bss
alignb 4
regs:
.eax resd 1
.ebx resd 1
.ecx resd 1
.edx resd 1
.esi resd 1
.edi resd 1
.ebp resd 1
.esp resd 1
.ds resw 1
.es resw 1
.fs resw 1
.ss resw 1
.vector resw 1
.ip resw 1
.cs resw 1
.flags resw 1
.sp resw 1
.popped resw 1
.number resw 1
.kept_flags resb 1
        resb 1
old_vectors resd LAST_VECTOR - FIRST_VECTOR + 1
handler resd 1
number resw 1
boot_drive resb 1
next_drive resb 1
alignb 16
        resb 1024
stack_top:
