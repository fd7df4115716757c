; SPDX-License-Identifier: LGPL-2.1-or-later
; Alignment check: CR0.AM, EFLAGS.AC, CPL 3 alone.
%include "rom.inc"

X equ SCRATCH

        bits 32
main:
        mov dword [user_flags], 0x40002
        user NO_FAULT, 0, mov eax, [X + 1]
        mov eax, cr0
        or eax, 1 << 18
        mov cr0, eax
        user 17, 0, mov eax, [X + 1]
        user 17, 0, mov [X + 2], eax
        user 17, 0, mov ax, [X + 1]
        user 17, 0, inc dword [X + 3]
        user NO_FAULT, 0, mov eax, [X + 4]
        user NO_FAULT, 0, mov ax, [X + 2]
        user NO_FAULT, 0, mov al, [X + 1]
        user 17, 0, push dword [X + 1]
        user 17, 0, cmpxchg8b [X + 4]
        user NO_FAULT, 0, cmpxchg8b [X + 8]
        ; At CPL 0 nothing is checked, with AC set.
        pushfd
        or dword [esp], 0x40000
        popfd
        mov eax, [X + 1]
        pushfd
        and dword [esp], ~0x40000
        popfd
        ; Without AC neither.
        mov dword [user_flags], 2
        user NO_FAULT, 0, mov eax, [X + 1]
        ; The program sets AC by itself.
        mov dword [RESUME], .fault
        mov [SAVED_SP], esp
        push USER_DATA
        push USER_TOP
        push 2
        push USER_CODE32
        push .in_user
        iretd
.in_user:
        mov eax, [X + 1]
        pushfd
        or dword [esp], 0x40000
        popfd
.bad:   mov eax, [X + 1]
.fault: equal dword [VECTOR], 17
        equal dword [ERROR], 0
        equal dword [FAULT_IP], .bad
        mov eax, cr0
        and eax, ~(1 << 18)
        mov cr0, eax
        ret

%include "rom_end.inc"
