; SPDX-License-Identifier: LGPL-2.1-or-later
; A ROM that takes interrupts from the local APIC's timer in each mode, from the 8254 through the I/O APIC
; and through the 8259s, from itself, and moves the APIC about; protected mode, flat segments.
; Ends through port 501 with 0, or the number of the step that failed.
%define APIC 0xfee00000
%define IOAPIC 0xfec00000
%macro step 1
  mov byte [step_number], %1
%endmacro
; Waits until a handler's counter is at least %2.
%macro await 2
%%again:
  sti
  hlt
  cli
  cmp dword [%1], %2
  jb %%again
%endmacro
count_timer equ 0x2000
count_ioapic equ 0x2004
count_pic equ 0x2008
count_self equ 0x200c
step_number equ 0x2010
x2apic_on equ 0x2014
idt equ 0x1000
bits 16
org 0
start:
  cli
  lgdt [cs:gdt_pointer]
  lidt [cs:idt_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp dword 8:0xf0000 + flat
bits 32
flat:
  mov ax, 16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0x8000
  ; All vectors end the test; four do something.
  mov edi, idt
  mov ecx, 256
.fill:
  mov eax, 0xf0000 + unexpected
  call set_gate
  loop .fill
  mov edi, idt + 0x20 * 8
  mov eax, 0xf0000 + on_pic
  call set_gate
  mov edi, idt + 0x40 * 8
  mov eax, 0xf0000 + on_timer
  call set_gate
  mov eax, 0xf0000 + on_ioapic
  call set_gate
  mov eax, 0xf0000 + on_self
  call set_gate
  xor eax, eax
  mov [count_timer], eax
  mov [count_ioapic], eax
  mov [count_pic], eax
  mov [count_self], eax
  mov [x2apic_on], eax

  step 1                        ; it is there
  mov eax, 1
  cpuid
  test edx, 1 << 9
  jz failed
  cmp dword [APIC + 0x30], 0x00050014
  jne failed
  cmp dword [APIC + 0x20], 0
  jne failed
  mov dword [IOAPIC], 1
  cmp dword [IOAPIC + 0x10], 0x00170011
  jne failed

  step 2                        ; both 8259s at 20h and 28h, timer on, through LINT0 as reset leaves it
  mov al, 0x11
  out 0x20, al
  out 0xa0, al
  mov al, 0x20
  out 0x21, al
  mov al, 0x28
  out 0xa1, al
  mov al, 4
  out 0x21, al
  mov al, 2
  out 0xa1, al
  mov al, 1
  out 0x21, al
  out 0xa1, al
  mov al, 0xfe
  out 0x21, al
  mov al, 0xff
  out 0xa1, al
  mov al, 0x34
  out 0x43, al
  mov al, 1193 & 255            ; a millisecond
  out 0x40, al
  mov al, 1193 >> 8
  out 0x40, al
  await count_pic, 2

  step 3                        ; still so with the APIC enabled
  mov dword [APIC + 0xf0], 0x1ff
  await count_pic, 4

  step 4                        ; the same input through the I/O APIC
  mov al, 0xff
  out 0x21, al
  mov dword [IOAPIC], 0x15
  mov dword [IOAPIC + 0x10], 0
  mov dword [IOAPIC], 0x14
  mov dword [IOAPIC + 0x10], 0x41
  await count_ioapic, 3
  mov dword [IOAPIC + 0x10], 0x10041
  cmp dword [count_pic], 4
  jne failed

  step 5                        ; one shot of 100 us
  mov dword [APIC + 0x3e0], 0xb
  mov dword [APIC + 0x320], 0x40
  mov dword [APIC + 0x380], 100000
  await count_timer, 1
  cmp dword [APIC + 0x390], 0
  jne failed

  step 6                        ; periodic, divided by 4
  mov dword [APIC + 0x3e0], 1
  mov dword [APIC + 0x320], 0x20040
  mov dword [APIC + 0x380], 2500
  await count_timer, 6
  mov dword [APIC + 0x320], 0x10000

  step 7                        ; held back by the task priority
  mov dword [APIC + 0x80], 0x40
  mov dword [APIC + 0x300], 0x44042
  sti
  nop
  nop
  cli
  cmp dword [count_self], 0
  jne failed
  mov dword [APIC + 0x80], 0x30
  sti
  nop
  nop
  cli
  cmp dword [count_self], 1
  jne failed
  mov dword [APIC + 0x80], 0

  step 8                        ; somewhere else
  mov ecx, 0x1b
  rdmsr
  push eax
  push edx
  mov eax, 0xe0000900
  wrmsr
  cmp dword [0xe0000030], 0x00050014
  jne failed
  cmp dword [APIC + 0x30], 0x00050014
  je failed
  pop edx
  pop eax
  wrmsr

  mov eax, 1
  cpuid
  test ecx, 1 << 24
  jz no_deadline
  step 9                        ; a deadline 50,000 counts from now
  mov dword [APIC + 0x320], 0x40040
  mov ebx, [count_timer]
  inc ebx
  rdtsc
  add eax, 50000
  adc edx, 0
  mov ecx, 0x6e0
  wrmsr
  mov esi, eax
  await count_timer, ebx
  rdtsc
  sub eax, esi
  cmp eax, 1000                 ; and not much later
  ja failed
  rdmsr
  or eax, edx
  jnz failed
no_deadline:
  mov eax, 1
  cpuid
  test ecx, 1 << 21
  jz no_x2apic
  step 10                       ; by MSRs
  mov ecx, 0x1b
  rdmsr
  or eax, 1 << 10
  wrmsr
  mov dword [x2apic_on], 1
  mov ecx, 0x803
  rdmsr
  cmp eax, 0x00050014
  jne failed
  mov ebx, [count_self]
  inc ebx
  mov ecx, 0x83f
  mov eax, 0x42
  xor edx, edx
  wrmsr
  await count_self, ebx
no_x2apic:
  mov byte [step_number], 0
failed:
  mov al, [step_number]
  mov dx, 0x501
  out dx, al
  hlt
unexpected:
  or byte [step_number], 0x40
  jmp failed
set_gate:
  mov [edi], ax
  mov word [edi + 2], 8
  mov word [edi + 4], 0x8e00
  shr eax, 16
  mov [edi + 6], ax
  add edi, 8
  ret
on_timer:
  inc dword [count_timer]
  jmp end_of_interrupt
on_ioapic:
  inc dword [count_ioapic]
  jmp end_of_interrupt
on_self:
  inc dword [count_self]
end_of_interrupt:
  cmp dword [x2apic_on], 0
  jne .x2apic
  mov dword [APIC + 0xb0], 0
  iret
.x2apic:
  push eax
  push ecx
  push edx
  mov ecx, 0x80b
  xor eax, eax
  xor edx, edx
  wrmsr
  pop edx
  pop ecx
  pop eax
  iret
on_pic:
  push eax
  inc dword [count_pic]
  mov al, 0x20
  out 0x20, al
  pop eax
  iret
align 8
gdt:
  dq 0
  dq 0x00cf9b000000ffff
  dq 0x00cf93000000ffff
gdt_pointer:
  dw 23
  dd 0xf0000 + gdt
idt_pointer:
  dw 0x7ff
  dd idt
times 0xfff0 - ($ - $$) db 0xff
bits 16
  jmp 0xf000:start
times 0x10000 - ($ - $$) db 0xff
