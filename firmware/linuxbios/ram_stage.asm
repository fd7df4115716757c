; SPDX-License-Identifier: LGPL-2.1-or-later
; Entry of LinuxBIOS's C part, at its first byte: called with one argument, on a stack.
bits 32
section .entry
global ram_stage_entry
extern ram_stage_main
extern bss_start
extern bss_end
ram_stage_entry:
        mov ebx, [esp + 4]
        mov edi, bss_start
        mov ecx, bss_end
        sub ecx, edi
        xor eax, eax
        cld
        rep stosb
        push ebx
        call ram_stage_main
stop:   cli
        hlt
        jmp stop
