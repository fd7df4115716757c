; SPDX-License-Identifier: LGPL-2.1-or-later
; XSAVE, XSAVEOPT, XRSTOR, XGETBV, XSETBV: what they check, what they store, what becomes initial.
%include "rom.inc"

AREA equ 0x10000
CR4_OSFXSR equ 0x200
CR4_OSXSAVE equ 0x40000

; fill: AREA's first KByte is 5Ah; the header is zero.
%macro fill 0
        mov edi, AREA
        mov ecx, 1024 / 4
        mov eax, 0x5a5a5a5a
        rep stosd
        mov edi, AREA + 512
        mov ecx, 64 / 4
        xor eax, eax
        rep stosd
%endmacro

; with MASK, instruction.
%macro with 2+
        mov eax, %1
        xor edx, edx
        %2
%endmacro

; some_state: x87 and SSE are not initial.
%macro some_state 0
        fninit
        fldpi
        pcmpeqd xmm0, xmm0
        mov dword [SCRATCH], 0x1f90
        ldmxcsr [SCRATCH]
%endmacro

        bits 32
main:
        mov eax, cr0
        and eax, ~0xc
        or eax, 0x20
        mov cr0, eax
        mov eax, CR4_OSFXSR
        mov cr4, eax

; ---- Without CR4.OSXSAVE ----
        xor ecx, ecx
        faults 6, 0, xgetbv
        faults 6, 0, xsetbv
        faults 6, 0, xsave [AREA]
        faults 6, 0, xrstor [AREA]
        mov eax, CR4_OSFXSR | CR4_OSXSAVE
        mov cr4, eax

; ---- XCR0 ----
        xor ecx, ecx
        mov eax, -1
        xgetbv
        equal eax, 1
        equal edx, 0
        mov ecx, 7
        faults 13, 0, xgetbv
        faults 13, 0, xsetbv
        xor ecx, ecx
        xor edx, edx
        mov eax, 2
        faults 13, 0, xsetbv            ; x87 can not be off
        mov eax, 5
        faults 13, 0, xsetbv            ; AVX needs SSE
        mov eax, 3
        mov edx, 1
        faults 13, 0, xsetbv            ; no such component
        xor edx, edx
        user 13, 0, xsetbv
        xgetbv
        equal eax, 1
        mov eax, 3
        xsetbv
        xor eax, eax
        xgetbv
        equal eax, 3

; ---- XSAVE ----
        faults 13, 0, xsave [AREA + 32]
        faults 13, 0, xrstor [AREA + 32]
%ifndef QEMU                            ; does not look at CR0.TS
        mov eax, cr0
        or eax, 8
        mov cr0, eax
        faults 7, 0, xsave [AREA]
        faults 7, 0, xrstor [AREA]
        and eax, ~8
        mov cr0, eax
%endif

        fill
        some_state
        with 3, xsave [AREA]
        equal dword [AREA + 512], 3
        equal word [AREA], 0x037f
        equal byte [AREA + 4], 0x80
        equal dword [AREA + 24], 0x1f90
        equal word [AREA + 40], 0x4000
        equal dword [AREA + 160], -1
        equal dword [AREA + 160 + 16 * 8], 0x5a5a5a5a   ; XMM8 is of 64-bit mode
        equal dword [AREA + 464], 0x5a5a5a5a
        ; x87 alone.
        fill
        mov dword [AREA + 512], 2
        with 1, xsave [AREA]
        equal dword [AREA + 512], 3
        equal word [AREA], 0x037f
        equal dword [AREA + 24], 0x5a5a5a5a
        equal dword [AREA + 160], 0x5a5a5a5a
        ; SSE alone.
        fill
        with 2, xsave [AREA]
        equal dword [AREA + 512], 2
        equal dword [AREA], 0x5a5a5a5a
        equal dword [AREA + 24], 0x1f90
        equal dword [AREA + 160], -1
        ; What XCR0 has not is not stored.
        fill
        with 4, xsave [AREA]
        equal dword [AREA + 512], 0
        equal dword [AREA + 576], 0x5a5a5a5a

; ---- XRSTOR ----
        some_state
        fill
        with 3, xsave [AREA]
        fninit
        pxor xmm0, xmm0
        mov dword [SCRATCH], 0x1f80
        ldmxcsr [SCRATCH]
        with 3, xrstor [AREA]
        fnstsw ax
        and eax, 0x3800
        equal eax, 0x3800
        fldpi
        fcomip st1
        je .pi
        fail
.pi:    movd eax, xmm0
        equal eax, -1
        stmxcsr [SCRATCH]
        equal dword [SCRATCH], 0x1f90
        ; Components that are not in the image become initial, those not asked for stay.
        mov dword [AREA + 512], 1
        mov dword [AREA + 24], 0x1fa0
        with 2, xrstor [AREA]
        movd eax, xmm0
        equal eax, 0
        stmxcsr [SCRATCH]               ; but MXCSR is loaded
        equal dword [SCRATCH], 0x1fa0
        fnstsw ax
        and eax, 0x3800
        equal eax, 0x3800
        mov dword [AREA + 512], 2
        with 1, xrstor [AREA]
        fnstenv [SCRATCH]
        equal dword [SCRATCH], 0xffff037f
        equal dword [SCRATCH + 4], 0xffff0000
        equal dword [SCRATCH + 8], 0xffffffff
        ; Malformed headers.
        mov dword [AREA + 512], 4
        mov eax, 3
        xor edx, edx
        faults 13, 0, xrstor [AREA]
        mov dword [AREA + 512], 3
        mov dword [AREA + 524], 0x80000000
        mov dword [AREA + 520], 8
        faults 13, 0, xrstor [AREA]
        mov dword [AREA + 524], 0
        mov dword [AREA + 520], 1
        faults 13, 0, xrstor [AREA]
        mov dword [AREA + 520], 0
        mov dword [AREA + 528], 1
        faults 13, 0, xrstor [AREA]
        mov dword [AREA + 528], 0
        mov dword [AREA + 24], 0x10000
        faults 13, 0, xrstor [AREA]
        mov dword [AREA + 24], 0x1f80
        with 3, xrstor [AREA]

; ---- XSAVEOPT ----
        fninit
        fild dword [two]                ; not initial: ST(0), then the pointers
        fstp st0
        fill
        mov dword [AREA + 512], 3
        with 3, xsave [AREA]
        mov dword [AREA + 512], 0       ; XRSTOR of nothing: all initial
        with 3, xrstor [AREA]
        fill
        mov dword [AREA + 512], 3
        with 3, xsaveopt [AREA]
        equal dword [AREA + 512], 0
        equal dword [AREA], 0x5a5a5a5a
        equal dword [AREA + 160], 0x5a5a5a5a
        fldz
        with 3, xsaveopt [AREA]
        equal dword [AREA + 512], 1
        equal word [AREA], 0x037f
        fninit
        ret

two: dd 2
%include "rom_end.inc"
