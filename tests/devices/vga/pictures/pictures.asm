; SPDX-License-Identifier: LGPL-2.1-or-later
; Draws one picture for each number: modes of the BIOS, of the registers and of VBE, filled with noise of a
; fixed seed, or with a pattern where noise would hide what is compared. A byte on COM1 says which picture
; (the first one may be stored at offset 1F0h instead); 'D' on COM1 says that it is there, 'F' that the BIOS
; refused the mode, 'E' that there is no such picture. Loaded by a BIOS as a boot sector.
bits 16
org 0x7C00
sectors equ 8

; Nothing blinks: the cursor is off and attribute bit 7 is a colour.
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7C00
  sti
  cld
  mov ax, 0x0200 + sectors - 1
  mov bx, 0x7E00
  mov cx, 2
  mov dh, 0
  int 0x13
  jc $
  ; COM1: 115200 8N1, no interrupts.
  mov dx, 0x3FB
  mov al, 0x83
  out dx, al
  mov dx, 0x3F8
  mov al, 1
  out dx, al
  inc dx
  mov al, 0
  out dx, al
  mov dx, 0x3FB
  mov al, 3
  out dx, al
  jmp main

say:                            ; al
  push ax
  mov dx, 0x3FD
.wait:
  in al, dx
  test al, 0x20
  jz .wait
  pop ax
  mov dx, 0x3F8
  out dx, al
  ret

hear:                           ; -> al
  mov dx, 0x3FD
.wait:
  hlt                           ; the timer wakes it
  in al, dx
  test al, 1
  jz .wait
  mov dx, 0x3F8
  in al, dx
  ret

times 0x1F0 - ($ - $$) db 0
first: db 0xFF
times 510 - ($ - $$) db 0
dw 0xAA55

main:
  mov al, [first]
  cmp al, 0xFF
  jne .draw
.next:
  call hear
.draw:
  movzx bx, al
  cmp bx, (pictures.end - pictures) / 2
  jae .none
  mov dword [seed], 0x1CE86
  shl bx, 1
  xor ax, ax
  mov es, ax
  call [pictures + bx]
  mov al, 'D'
  jnc .told
  mov al, 'F'
  jmp .told
.none:
  mov al, 'E'
.told:
  call say
  cmp byte [first], 0xFF
  je .next
  cli                           ; nothing will wake it: the end of the run
  hlt

; --- tools ---------------------------------------------------------------------------------------

random:                         ; -> ax, the upper half of a linear congruential generator
  push edx
  mov eax, [seed]
  mov edx, 1664525
  mul edx
  add eax, 1013904223
  mov [seed], eax
  shr eax, 16
  pop edx
  ret

fill:                           ; es:0, cx words of noise
  xor di, di
.word:
  call random
  stosw
  loop .word
  ret

; index and value for a register behind dx (index) and dx + 1 (data).
%macro reg 3
  mov dx, %1
  mov ax, %2 | (%3) << 8
  out dx, ax
%endmacro
%define SEQ 0x3C4
%define GC 0x3CE
%define CRT 0x3D4

%macro attr 2                   ; attribute controller, which has one port
  mov dx, 0x3DA
  in al, dx
  mov dx, 0x3C0
  mov al, %1 | 0x20
  out dx, al
  mov al, %2
  out dx, al
%endmacro

; A mode of the BIOS, in ax. SeaBIOS's VGA BIOS writes the CRT controller's registers where the new mode has
; them before it moves them there, so that mode 7 behind another would keep some of that one's.
set_mode:
  push ax
  mov dx, 0x3CC
  in al, dx
  pop bx
  push bx
  and al, 0xFE
  cmp bl, 7
  je .mono
  or al, 1
.mono:
  mov dx, 0x3C2
  out dx, al
  mov dx, 0x3DA
  in al, dx
  mov dx, 0x3BA
  in al, dx
  pop ax
  int 0x10
  mov ah, 1                     ; no cursor
  mov cx, 0x2000
  int 0x10
  ret

all_planes:                     ; noise in 64 KB of each plane
  mov ax, 0xA000
  mov es, ax
  mov si, 0x0102
.plane:
  mov ax, si
  mov dx, SEQ
  out dx, ax
  mov cx, 0x8000
  call fill
  add si, si
  and si, 0x0F00
  jz .done
  or si, 2
  jmp .plane
.done:
  mov ax, 0x0F02
  out dx, ax
  clc
  ret

; The whole DAC: noise.
noisy_dac:
  mov dx, 0x3C8
  mov al, 0
  out dx, al
  inc dx
  mov cx, 768
.byte:
  call random
  and al, 0x3F
  out dx, al
  loop .byte
  ret

; --- text ----------------------------------------------------------------------------------------

; Cells of noise at B800, no blinking. Without the characters B0h to BFh: QEMU repeats their eighth column in
; the ninth, as a VGA does from C0h to DFh.
text_noise:
  mov ax, 0x1003
  mov bx, 0
  int 0x10
  mov ax, 0xB800
  mov es, ax
  mov cx, 0x4000
  xor di, di
.cell:
  call text_random
  stosw
  loop .cell
  clc
  ret

text_random:                    ; -> ax
  call random
  mov bl, al
  and bl, 0xF0
  cmp bl, 0xB0
  jne .fine
  and al, 0x7F
.fine:
  ret

text_80:
  mov ax, 3
  call set_mode
  jmp text_noise

text_40:                        ; of 8 dots each: QEMU has no doubled characters of 9
  mov ax, 1
  call set_mode
  mov dx, SEQ
  mov al, 1
  out dx, al
  inc dx
  in al, dx
  or al, 1
  out dx, al
  jmp text_noise

text_50_lines:
  mov ax, 3
  call set_mode
  mov ax, 0x1112
  mov bx, 0
  int 0x10
  mov ah, 1
  mov cx, 0x2000
  int 0x10
  jmp text_noise

text_mono:                      ; all characters, in the attributes both draw alike
  mov ax, 7
  call set_mode
  mov ax, 0xB000
  mov es, ax
  xor di, di
  mov cx, 2000
.cell:
  call text_random
  mov bl, ah
  and bx, 3
  mov ah, [.attributes + bx]
  stosw
  loop .cell
  clc
  ret
.attributes: db 0x07, 0x0F, 0x70, 0x00

text_start:                     ; the screen begins at another cell
  call text_80
  reg CRT, 0x0C, 0x01
  reg CRT, 0x0D, 0x23
  ret

text_split:                     ; line compare, at the end of a row: QEMU splits text nowhere else
  call text_80
  reg CRT, 0x0C, 0x04
  reg CRT, 0x0D, 0x10
  mov bx, 207
  jmp split

text_two_fonts:                 ; attribute bit 3 chooses the font
  mov ax, 3
  call set_mode
  mov ax, 0x1112                ; 8x8 in the second table
  mov bx, 0x0001
  int 0x10
  mov ax, 3                     ; (back to 25 lines, which clears the first table only)
  or al, 0x80
  call set_mode
  mov ax, 0x1103
  mov bx, 0x0004
  int 0x10
  jmp text_noise

split:                          ; bx: the last line before the split
  mov ah, bl
  mov al, 0x18
  mov dx, CRT
  out dx, ax
  mov al, 7
  out dx, al
  inc dx
  in al, dx
  and al, 0xEF
  test bh, 1
  jz .eight
  or al, 0x10
.eight:
  out dx, al
  dec dx
  mov al, 9
  out dx, al
  inc dx
  in al, dx
  and al, 0xBF
  test bh, 2
  jz .nine
  or al, 0x40
.nine:
  out dx, al
  clc
  ret

; --- CGA -----------------------------------------------------------------------------------------

cga_noise:
  mov ax, 0xB800
  mov es, ax
  mov cx, 0x2000
  call fill
  clc
  ret

cga_4:
  mov ax, 4
  call set_mode
  jmp cga_noise

cga_4_palette_0:
  mov ax, 4
  call set_mode
  mov ah, 0x0B
  mov bx, 0x0100
  int 0x10
  mov ah, 0x0B
  mov bx, 0x0011                ; bright, blue background
  int 0x10
  jmp cga_noise

cga_6:
  mov ax, 6
  call set_mode
  jmp cga_noise

; --- planes --------------------------------------------------------------------------------------

%macro planar 2
%1:
  mov ax, %2
  call set_mode
  jmp all_planes
%endmacro
  planar planar_0d, 0x0D
  planar planar_0e, 0x0E
  planar planar_0f, 0x0F
  planar planar_10, 0x10
  planar planar_11, 0x11
  planar planar_12, 0x12

planar_start:                   ; start address and a pitch of 90 bytes
  call planar_12
  reg CRT, 0x13, 45
  reg CRT, 0x0C, 0x12
  reg CRT, 0x0D, 0x34
  clc
  ret

planar_split:
  call planar_start
  mov bx, 300
  jmp split

double_split:                   ; in a mode with doubled lines
  call planar_0d
  reg CRT, 0x0C, 0x20
  reg CRT, 0x0D, 0x01
  mov bx, 199
  jmp split

planar_palette:                 ; palette registers, colour select with P54S, planes switched off, the DAC
  call planar_12
  call noisy_dac
  attr 0x10, 0x81
  attr 0x14, 0x0D
  attr 0x12, 0x0B
  attr 0x03, 0x2A
  attr 0x08, 0x15
  clc
  ret

planar_select:                  ; colour select without P54S
  call planar_10
  call noisy_dac
  attr 0x14, 0x0A
  clc
  ret

; The same noise, wide, unpanned at two places and panned by 3 dots between them.
wide:
  call planar_12
  reg CRT, 0x13, 45
  clc
  ret
wide_at_1:
  call wide
  reg CRT, 0x0D, 1
  clc
  ret
wide_panned:
  call wide
  attr 0x13, 3
  clc
  ret

; --- 256 colours ---------------------------------------------------------------------------------

mode_13:
  mov ax, 0x13
  call set_mode
  mov ax, 0xA000
  mov es, ax
  mov cx, 0x8000
  call fill
  clc
  ret

mode_13_dac:
  call mode_13
  call noisy_dac
  clc
  ret

mode_13_split:
  call mode_13
  reg CRT, 0x0C, 0x10
  reg CRT, 0x0D, 0x50
  mov bx, 149
  jmp split

unchained:                      ; 320x200, four pages
  mov ax, 0x13
  call set_mode
  reg SEQ, 4, 6
  reg CRT, 0x14, 0
  reg CRT, 0x17, 0xE3
  jmp all_planes

unchained_start:
  call unchained
  reg CRT, 0x0C, 0x3E
  reg CRT, 0x0D, 0x81
  clc
  ret

mode_x:                         ; 320x240: the timing of 480 lines, doubled
  call unchained
  reg SEQ, 0, 1                 ; reset while the clock changes
  mov dx, 0x3C2
  mov al, 0xE3
  out dx, al
  reg SEQ, 0, 3
  reg CRT, 0x11, 0x2C           ; unlocks registers 0 to 7
  reg CRT, 0x06, 0x0D
  reg CRT, 0x07, 0x3E
  reg CRT, 0x09, 0x41
  reg CRT, 0x10, 0xEA
  reg CRT, 0x11, 0xAC
  reg CRT, 0x12, 0xDF
  reg CRT, 0x15, 0xE7
  reg CRT, 0x16, 0x06
  clc
  ret

mode_x_split:
  call mode_x
  reg CRT, 0x0C, 0x10
  reg CRT, 0x0D, 0x00
  mov bx, 301
  jmp split

; --- VBE, with the linear frame buffer -----------------------------------------------------------

; Mode in bx: noise over the whole picture and a little more.
linear:
  mov [vbe_mode], bx
  mov ax, 0x4F01
  mov cx, bx
  mov di, info
  int 0x10
  cmp ax, 0x004F
  jne .refused
  mov ax, 0x4F02
  mov bx, [vbe_mode]
  or bx, 0x4000
  int 0x10
  cmp ax, 0x004F
  jne .refused
  movzx eax, word [info + 0x10] ; bytes in a line
  movzx ecx, word [info + 0x14] ; lines
  mul ecx
  lea ecx, [eax + 0x40000]      ; and some lines below it
  shr ecx, 1
  call far_data
  mov edi, [info + 0x28]
.word:
  call random
  mov [fs:edi], ax
  add edi, 2
  dec ecx
  jnz .word
  clc
  ret
.refused:
  stc
  ret

; fs: 4 GB from 0 ("unreal mode").
far_data:
  cli
  push ds
  lgdt [gdt_register]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp short $ + 2
  mov bx, 8
  mov fs, bx
  and al, 0xFE
  mov cr0, eax
  jmp short $ + 2
  pop ds
  xor bx, bx
  mov fs, bx
  sti
  ret

%macro vbe 2
%1:
  mov bx, %2
  jmp linear
%endmacro
  vbe vbe_640_8, 0x101
  vbe vbe_800_8, 0x103
  vbe vbe_640_15, 0x110
  vbe vbe_640_16, 0x111
  vbe vbe_640_24, 0x112
  vbe vbe_800_16, 0x114
  vbe vbe_1024_24, 0x118
  vbe vbe_640_32, 0x142
  vbe vbe_1024_32, 0x144

vbe_8_dac:                      ; the DAC with 8 bits for each colour
  mov bx, 0x101
  call linear
  jc .end
  mov ax, 0x4F08
  mov bx, 0x0800
  int 0x10
  cmp ax, 0x004F
  stc
  jne .end
  mov dx, 0x3C8
  mov al, 0
  out dx, al
  inc dx
  mov cx, 768
.byte:
  call random
  out dx, al
  loop .byte
  clc
.end:
  ret

vbe_moved:                      ; a wider picture in memory, shown from (6, 7) on: QEMU counts in 4 bytes
  mov bx, 0x111
  call linear
  jc .end
  mov ax, 0x4F06
  mov bx, 0
  mov cx, 720
  int 0x10
  cmp ax, 0x004F
  stc
  jne .end
  mov ax, 0x4F07
  mov bx, 0
  mov cx, 6
  mov dx, 7
  int 0x10
  cmp ax, 0x004F
  stc
  jne .end
  clc
.end:
  ret

align 4
seed: dd 0
vbe_mode: dw 0
gdt: dq 0, 0x00CF92000000FFFF
gdt_register: dw 15
  dd gdt

pictures:
  dw text_80, text_40, text_50_lines, text_mono, text_start, text_split, text_two_fonts
  dw cga_4, cga_4_palette_0, cga_6
  dw planar_0d, planar_0e, planar_0f, planar_10, planar_11, planar_12
  dw planar_start, planar_split, double_split, planar_palette, planar_select
  dw wide, wide_at_1, wide_panned
  dw mode_13, mode_13_dac, mode_13_split, unchained, unchained_start, mode_x, mode_x_split
  dw vbe_640_8, vbe_800_8, vbe_8_dac, vbe_640_15, vbe_640_16, vbe_800_16, vbe_640_24, vbe_1024_24
  dw vbe_640_32, vbe_1024_32, vbe_moved
.end:

times sectors * 512 - ($ - $$) db 0
info equ 0x9000
