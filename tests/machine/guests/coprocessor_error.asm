; SPDX-License-Identifier: LGPL-2.1-or-later
; A boot sector whose x87 divides by zero with the exception unmasked and CR0.NE clear, as MS-DOS programs
; do: IRQ13 comes to the BIOS (INT 75h), which clears it by port F0h and calls INT 2.
; Debug exit value 3 if INT 2 came once, at the next x87 instruction, and the program went on; else 1 to 6.
bits 16
org 0x7c00
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  mov word [2 * 4], handler
  mov word [2 * 4 + 2], 0
  mov eax, cr0
  and al, 0xd1            ; MP, EM, TS, NE
  mov cr0, eax
  sti
  fninit
  fldcw [control]
  fld1
  fldz
  fdivp st1, st0
  mov cx, 1000
wait_without_x87:         ; nothing waits for it yet
  loop wait_without_x87
  mov al, 1
  cmp byte [calls], 0
  jne done
  fld1                    ; frozen until the handler has been here
  mov al, 2
  cmp byte [calls], 1
  jne done
  mov al, 4
  test byte [status], 4   ; ZE
  jz done
  fnstsw ax
  mov bx, ax
  mov al, 5
  test bl, 0x84
  jnz done
  mov al, 6
  and bh, 0x38            ; three values are on the stack
  cmp bh, 0x28
  jne done
  mov al, 3
done:
  mov dx, 0x501
  out dx, al
  jmp $
handler:
  push ax
  fnstsw ax
  mov [status], ax
  fnclex
  inc byte [calls]
  pop ax
  iret
control: dw 0x037b
status: dw 0
calls: db 0
  times 510 - ($ - $$) db 0
  dw 0xaa55
  times 0x100000 - ($ - $$) db 0
