; SPDX-License-Identifier: LGPL-2.1-or-later
; x87 outside of its arithmetic: #NM and #MF, pointers, environments and images, faults of memory
; operands before anything changes.
%include "rom.inc"

P equ 1
W equ 2
U equ 4
DIR equ TABLES
PT0 equ TABLES + 0x1000         ; linear 0 to 4M: identical
PT1 equ TABLES + 0x2000         ; linear 4M to 8M: one page, at PAGE
PAGE equ 0x400000
BEYOND equ PAGE + 0x1000        ; not present
IMAGE equ 0x10000               ; images
SECOND equ 0x10400

CR0_MP equ 2
CR0_EM equ 4
CR0_TS equ 8
CR0_NE equ 0x20

; cr0_bits SET: MP, EM, TS and NE are these.
%macro cr0_bits 1
        mov eax, cr0
        and eax, ~(CR0_MP | CR0_EM | CR0_TS | CR0_NE)
        or eax, %1
        mov cr0, eax
%endmacro

; status VALUE: FSW without the condition codes.
%macro status 1
        fnstsw ax
        and eax, 0xb8ff
        equal eax, %1
%endmacro

; pointer_in SIZE, PLACE, VALUE: a selector, or the data pointer. The model of Bochs that the script
; runs has no selectors, and data pointers of exceptions only (CPUID leaf 7).
%macro pointer_in 3
%ifndef BOCHS
        equal %1 [%2], %3
%endif
%endmacro

        bits 32
main:
        mov edi, TABLES
        mov ecx, 0x3000 / 4
        xor eax, eax
        rep stosd
        mov dword [DIR], PT0 | P | W | U
        mov dword [DIR + 4], PT1 | P | W | U
        mov dword [PT1], 0x300000 | P | W | U
        mov edi, PT0
        mov eax, P | W | U
.fill:  mov [edi], eax
        add edi, 4
        add eax, 0x1000
        cmp edi, PT0 + 0x1000
        jb .fill
        mov eax, DIR
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp .on
.on:
%ifndef QEMU                            ; has what FNINIT leaves
        cr0_bits CR0_NE
        fnstcw [SCRATCH]
        equal word [SCRATCH], 0x0040
        fnsave [IMAGE]                  ; registers are +0 and not empty
        equal word [IMAGE + 8], 0x5555
%endif

; ---- Availability ----
        cr0_bits CR0_NE | CR0_TS
        faults 7, 0, fninit
        faults 7, 0, fld1
        faults 7, 0, fnstsw ax
        faults 7, 0, fxsave [IMAGE]
        faults 7, 0, fxrstor [IMAGE]
        fwait
        cr0_bits CR0_NE | CR0_TS | CR0_MP
        faults 7, 0, fwait
        faults 7, 0, fnclex
        cr0_bits CR0_NE | CR0_EM
        faults 7, 0, fldz
        faults 7, 0, fnstcw [SCRATCH]
        fwait
        cr0_bits CR0_NE | CR0_EM | CR0_MP
        fwait
        cr0_bits CR0_NE | CR0_MP

; ---- FNINIT, FNSTCW, FNSTSW ----
        fninit
        fnstcw [SCRATCH]
        equal word [SCRATCH], 0x037f
        fnstsw [SCRATCH]
        equal word [SCRATCH], 0

; ---- An unmasked exception is delivered at the next instruction that waits ----
        fldcw [zero_unmasked]
        fld1
        fldz
divide: fdivp st1, st0                  ; nothing is popped
        status 0xb084
        fnstcw [SCRATCH]
        faults 16, 0, fld1
        faults 16, 0, fwait
        faults 16, 0, fldcw [SCRATCH]
        faults 16, 0, fcomi st1
        user 16, 0, fwait
        status 0xb084
        fnstenv [IMAGE]                 ; does not wait; masks all
        equal word [IMAGE], 0x037b
        equal dword [IMAGE + 12], divide
        pointer_in word, IMAGE + 16, CODE32
        equal word [IMAGE + 18], 0x06f9
        status 0x3004                   ; masked: no longer pending
        fldenv [IMAGE]                  ; pending again
        status 0xb084
        faults 16, 0, fldz
        fnclex
        status 0x3000
        fwait

; ---- Pointers ----
        fninit
        fld1
        mov ebx, IMAGE
store:  fst qword [ebx + 0x40]
        fnstenv [SECOND]
        equal dword [SECOND + 12], store
        equal word [SECOND + 18], 0x0553
        pointer_in dword, SECOND + 20, IMAGE + 0x40
        pointer_in word, SECOND + 24, USER_DATA
prefixed:
        es fld dword [one]              ; the address is the prefix's
        fnstcw [SCRATCH]                ; control instructions leave the pointers
        fldcw [SCRATCH]
        fnclex
        fwait
        fnstenv [SECOND]
        equal dword [SECOND + 12], prefixed
        pointer_in dword, SECOND + 20, one
        equal word [SECOND + 18], 0x0105
; The format of 16-bit operands.
        o16 fnstenv [SECOND]
        equal word [SECOND], 0x037f
        equal word [SECOND + 2], 0x3000
        equal word [SECOND + 4], 0x0fff
        equal word [SECOND + 6], prefixed - $$
        pointer_in word, SECOND + 8, CODE32
        pointer_in word, SECOND + 10, one - $$
        pointer_in word, SECOND + 12, USER_DATA

; ---- FNSAVE and FRSTOR ----
        fninit
        fldpi
        fldz
        fld tword [denormal]
        fld1
        fchs
        mov edi, IMAGE
        mov ecx, 0x200
        mov eax, 0x5a5a5a5a
        rep stosd
        fnsave [IMAGE]
        equal dword [IMAGE], 0xffff037f
        equal dword [IMAGE + 4], 0xffff2000
        equal dword [IMAGE + 8], 0xffff18ff     ; valid, special, zero, valid
        equal dword [IMAGE + 28 + 4], 0x80000000
        equal word [IMAGE + 28 + 8], 0xbfff
        equal dword [IMAGE + 28 + 30], 0x2168c235
        equal word [IMAGE + 28 + 38], 0x4000
        equal dword [IMAGE + 108], 0x5a5a5a5a
        fnstcw [SCRATCH]
        equal word [SCRATCH], 0x037f
        status 0
        frstor [IMAGE]
        status 0x2000
        o16 fnsave [SECOND]
        equal word [SECOND + 4], 0x18ff
        equal word [SECOND + 14 + 8], 0xbfff
        o16 frstor [SECOND]
        fnsave [SECOND]
        mov esi, IMAGE + 28
        mov edi, SECOND + 28
        mov ecx, 80 / 4
        repe cmpsd
        equal ecx, 0
        equal dword [SECOND + 8], 0xffff18ff

; ---- FXSAVE and FXRSTOR ----
        frstor [IMAGE]
        mov dword [SECOND + 508], 0x77777777
        fxsave [SECOND]
        equal word [SECOND], 0x037f
        equal word [SECOND + 2], 0x2000
        equal byte [SECOND + 4], 0xf0
        equal word [SECOND + 32 + 8], 0xbfff
        equal word [SECOND + 32 + 48 + 8], 0x4000
        equal dword [SECOND + 508], 0x77777777
        fninit
        fxrstor [SECOND]
        fnsave [SCRATCH]
        equal dword [SCRATCH + 8], 0xffff18ff
        faults 13, 0, fxsave [SECOND + 8]
        faults 13, 0, fxrstor [SECOND + 8]
        mov word [SECOND], 0x037b               ; an exception pending, whatever ES says
        mov word [SECOND + 2], 0x0004
        fxrstor [SECOND]
        faults 16, 0, fwait
        fxsave [IMAGE + 0x200]                  ; does not wait
        fninit

; ---- Memory operands that fault ----
        fldpi
        status 0x3800
        mov ebx, BEYOND
        faults 14, 2, fstp qword [ebx]
        equal dword [FAULT_CR2], BEYOND
        faults 14, 2, fstp tword [ebx - 8]
        faults 14, 2, fistp word [ebx - 1]
        faults 14, 0, fld qword [ebx]
        faults 14, 0, fld tword [ebx - 9]
        faults 14, 0, fadd dword [ebx - 2]
        faults 14, 0, fldenv [ebx - 4]
        faults 14, 0, frstor [ebx - 100]
        faults 14, 2, fnstenv [ebx - 4]
        faults 14, 2, fnsave [ebx - 100]
        faults 14, 2, fxsave [ebx - 144]
        faults 14, 0, fxrstor [ebx - 144]
        user 14, 6, fstp dword [BEYOND]
%ifdef BOCHS                            ; changes FSW before the fault
        fninit
        fldpi
%endif
        status 0x3800
        fstp tword [SCRATCH]
        equal dword [SCRATCH], 0x2168c235
        status 0
        ; A pending exception comes before the operand's fault.
        fldcw [zero_unmasked]
        fld1
        fldz
        fdivp st1, st0
        faults 16, 0, fld qword [BEYOND]
        fnclex
        faults 14, 0, fld qword [BEYOND]
        fninit

; ---- Unmasked stack faults ----
        fldcw [invalid_unmasked]
        fstp qword [SCRATCH]
        status 0x80c1
        faults 16, 0, fwait
        fninit
        ret

zero_unmasked:    dw 0x037b
invalid_unmasked: dw 0x037e
one:              dd 1.0
denormal:         dq 1
                  dw 0
%include "rom_end.inc"
