; SPDX-License-Identifier: LGPL-2.1-or-later
; A small BIOS with INT 13h for one ATA disk, right in all that the fuzzer's oracles look at. With
; PLANTED it has five bugs, each behind a condition that nothing usual meets.
; Reference: ATA/ATAPI-6 sections 7 and 9; EDD 3.0 sections 6 and 7.

bits 16
org 0

BDA equ 0x40
DISK_STATUS equ 0x74

; What interrupt handlers have on their stack.
REG_DI equ 0
REG_SI equ 2
REG_BX equ 8
REG_DX equ 10
REG_CX equ 12
REG_AX equ 14
REG_ES equ 16
REG_DS equ 18
REG_FLAGS equ 24

start:
  cli
  cld
  xor ax, ax
  mov ss, ax
  mov sp, 0x7000
  mov es, ax
  mov di, ax
  mov cx, 256
.vectors:
  mov ax, nothing
  stosw
  mov ax, cs
  stosw
  loop .vectors
  mov word [es:0x13 * 4], int13
  mov word [es:0x15 * 4], int15
  mov ax, BDA
  mov ds, ax
  mov word [0x13], 640
  mov byte [0x75], 1
  mov ax, 0x0201
  mov bx, 0x7c00
  mov cx, 1
  mov dx, 0x80
  int 0x13
  jc $
  jmp 0:0x7c00

nothing:
  iret

int15:                          ; no service: CF, AH 86h
  push bp
  mov bp, sp
  or byte [bp + 6], 1
  pop bp
  mov ah, 0x86
  iret

int13:
  push ds
  push es
  pusha
  mov bp, sp
  cld
  cmp ah, 0x01
  je last_status
  cmp ah, 0x08
  je parameters
  cmp ah, 0x15
  je drive_type
  cmp dl, 0x80
  mov bl, 0x01                  ; BL is the status from here on
  jne fail
  cmp ah, 0x00
  je success
  cmp ah, 0x02
  je read
  cmp ah, 0x03
  je write
  cmp ah, 0x04
  je verify
  cmp ah, 0x0d
  je alternate_reset
  cmp ah, 0x10
  je success
  cmp ah, 0x41
  je extensions
  cmp ah, 0x42
  je extended_read
  cmp ah, 0x43
  je extended_write
  jmp fail

success:
  mov bl, 0
  jmp leave_with_status
fail:
%ifdef PLANTED
  ; Bug 1: the status of a write that failed goes to segment 0 instead of 40h.
  cmp byte [bp + REG_AX + 1], 0x03
  jne leave_with_status
  cmp bl, 0x04
  jne leave_with_status
  xor ax, ax
  mov ds, ax
  mov [DISK_STATUS], bl
%endif
leave_with_status:
  mov ax, BDA
  mov ds, ax
  mov [DISK_STATUS], bl
  mov [bp + REG_AX + 1], bl
  and byte [bp + REG_FLAGS], 0xfe
  test bl, bl
  jz leave_now
  or byte [bp + REG_FLAGS], 1
leave_now:
  popa
  pop es
  pop ds
  iret

last_status:
  mov ax, BDA
  mov ds, ax
  mov al, [DISK_STATUS]
  mov [bp + REG_AX + 1], al
  and byte [bp + REG_FLAGS], 0xfe
  test al, al
  jz leave_now
  or byte [bp + REG_FLAGS], 1
  jmp leave_now

parameters:
  cmp dl, 0x80
  mov bl, 0x07
  jne fail
  mov word [bp + REG_CX], (18 << 8) | 63
  mov word [bp + REG_DX], (15 << 8) | 1
  jmp success

drive_type:
  cmp dl, 0x80
  je .disk
  mov byte [bp + REG_AX + 1], 0
%ifdef PLANTED
  ; Bug 5: the caller's drive number is lost when there is no such drive.
  mov byte [bp + REG_DX], 0
%endif
  and byte [bp + REG_FLAGS], 0xfe
  jmp leave_now
.disk:
  mov byte [bp + REG_AX + 1], 3
  mov word [bp + REG_CX], 0
  mov word [bp + REG_DX], 20160
  and byte [bp + REG_FLAGS], 0xfe
  jmp leave_now

alternate_reset:
%ifdef PLANTED
  ; Bug 3: interrupts stay off.
  and byte [bp + REG_FLAGS + 1], 0xfd
%endif
  jmp success

extensions:
  cmp word [bp + REG_BX], 0x55aa
  jne fail
  mov word [bp + REG_BX], 0xaa55
  mov byte [bp + REG_AX + 1], 0x21
  mov word [bp + REG_CX], 1
  and byte [bp + REG_FLAGS], 0xfe
  jmp leave_now

; BSY is 0, or the time is over: CF. Changes AX, CX, DX.
wait_ready:
  xor cx, cx
  mov dx, 0x1f7
.again:
  in al, dx
  test al, 0x80
  jz .ready
  loop .again
  mov bl, 0x80
  stc
  ret
.ready:
  clc
  ret

; CHS of the caller's registers into the drive's; AL: sectors. CF: BL is the status.
set_chs:
  call wait_ready
  jc .return
  mov bl, 0x04
  mov ax, [bp + REG_DX]
  cmp ah, 15
  ja .bad
  mov al, [bp + REG_CX]
  and al, 0x3f
  jz .bad
  mov al, ah
  or al, 0xa0
  mov dx, 0x1f6
  out dx, al
  mov dx, 0x1f3
  mov al, [bp + REG_CX]
  and al, 0x3f
  out dx, al
  inc dx
  mov al, [bp + REG_CX + 1]
  out dx, al
  inc dx
  mov al, [bp + REG_CX]
  shr al, 6
  out dx, al
  mov dx, 0x1f2
  mov al, bh
  out dx, al
  clc
.return:
  ret
.bad:
  stc
  ret

; BH sectors in the caller's segment from BX: CF when they cross its end.
check_span:
  movzx ax, bh
  shl ax, 9
  jz .bad
  dec ax
  add ax, [bp + REG_BX]
  mov bl, 0x09
  ret
.bad:
  mov bl, 0x01
  stc
  ret

read:
  mov bh, al
  cmp al, 127
  mov bl, 0x01
  ja fail
  call check_span
  jc fail
%ifdef PLANTED
  ; Bug 2: five sectors are six.
  cmp bh, 5
  jne .count
  inc bh
.count:
%endif
  call set_chs
  jc fail
  mov al, 0x20
  mov dx, 0x1f7
  out dx, al
  mov di, [bp + REG_BX]
  mov es, [bp + REG_ES]
read_blocks:
  call wait_ready
  jc fail
  test al, 0x01
  jnz drive_error
  test al, 0x08
  mov bl, 0x20
  jz fail
  mov dx, 0x1f0
  mov cx, 256
  rep insw
  dec bh
  jnz read_blocks
  jmp success

write:
  mov bh, al
  cmp al, 127
  mov bl, 0x01
  ja fail
  call check_span
  jc fail
  call set_chs
  jc fail
  mov al, 0x30
  mov dx, 0x1f7
  out dx, al
  mov si, [bp + REG_BX]
  mov ds, [bp + REG_ES]
write_blocks:
  call wait_ready
  jc fail
  test al, 0x01
  jnz drive_error
  test al, 0x08
  mov bl, 0x20
  jz fail
  mov dx, 0x1f0
  mov cx, 256
  rep outsw
  dec bh
  jnz write_blocks
  call wait_ready
  jc fail
  test al, 0x01
  jnz drive_error
  jmp success

verify:
  mov bh, al
  test al, al
  mov bl, 0x01
  jz fail
  call set_chs
  jc fail
  mov al, 0x40
  mov dx, 0x1f7
  out dx, al
%ifdef PLANTED
  ; Bug 4: a drive that stays busy is waited for without end.
.busy:
  in al, dx
  test al, 0x80
  jnz .busy
%endif
  call wait_ready
  jc fail
  test al, 0x01
  jnz drive_error
  jmp success

; UNC, IDNF, ABRT, or something else, as INT 13h names them.
drive_error:
  mov dx, 0x1f1
  in al, dx
  mov bl, 0x10
  test al, 0x40
  jnz fail
  mov bl, 0x04
  test al, 0x10
  jnz fail
  mov bl, 0x01
  test al, 0x04
  jnz fail
  mov bl, 0x20
  jmp fail

; The packet at DS:SI of the caller into the drive's registers: LBA28. CF: BL is the status.
set_lba:
  mov ds, [bp + REG_DS]
  mov si, [bp + REG_SI]
  mov bl, 0x01
  cmp byte [si], 0x10
  jb .bad
  mov ax, [si + 2]
  test ax, ax
  jz .bad
  cmp ax, 127
  ja .bad
  mov bh, al
  shl ax, 9
  dec ax
  add ax, [si + 4]
  mov bl, 0x09
  jc .bad
  mov bl, 0x04
  mov ax, [si + 12]
  or ax, [si + 14]
  jnz .bad
  mov ax, [si + 10]
  test ah, 0xf0
  jnz .bad
  call wait_ready
  jc .bad
  mov al, [si + 11]
  or al, 0xe0
  mov dx, 0x1f6
  out dx, al
  mov dx, 0x1f2
  mov al, bh
  out dx, al
  inc dx
  mov al, [si + 8]
  out dx, al
  inc dx
  mov al, [si + 9]
  out dx, al
  inc dx
  mov al, [si + 10]
  out dx, al
  clc
  ret
.bad:
  stc
  ret

extended_read:
  call set_lba
  jc fail
  mov al, 0x20
  mov dx, 0x1f7
  out dx, al
  mov di, [si + 4]
  mov es, [si + 6]
  jmp read_blocks

extended_write:
  call set_lba
  jc fail
  mov al, 0x30
  mov dx, 0x1f7
  out dx, al
  mov di, [si + 6]
  mov si, [si + 4]
  mov ds, di
  jmp write_blocks

  times 0xfff0 - ($ - $$) db 0xff
  jmp 0xf000:start
  times 0x10000 - ($ - $$) db 0xff
