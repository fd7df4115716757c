; SPDX-License-Identifier: LGPL-2.1-or-later
; A small option ROM that makes the serial port the BIOS's console: INT 10h goes to it as an ANSI terminal of
; 80 by 25 has it, and what is typed there comes out of INT 16h. option_roms.c fills its checksum in. Without a
; VGA BIOS it is the only INT 10h there is; with one it sends a copy and leaves the rest to that.
; Reference: IBM Personal System/2 and PC BIOS Interface Technical Reference (INT 10h, INT 16h, BIOS data
; area); ECMA-48, section 8.3 (CUP, ED, SGR, SU, SD); Plug and Play BIOS Specification 1.0A, section 3.1.
bits 16
section .data
global serial_rom
global serial_rom_end
%define at(label) (label - serial_rom)
%define PORT 0x3f8
%define LINE_STATUS (PORT + 5)
%define COLUMNS 80
%define ROWS 25
%define ESC 27
%define VIDEO (0x10 * 4)
%define FORMER_VIDEO (0x42 * 4)         ; where an INT 10h that is replaced moves to
%define KEYBOARD (0x16 * 4)
%define BIOS_KEYBOARD 0xf000e82e        ; where every PC BIOS has its INT 16h

; BIOS data area, segment 40h. There is one page only, so the cursors of the last two are free: there it is
; remembered what the terminal does.
%define MODE 0x49
%define CURSOR 0x50                     ; low byte: column
%define TERMINAL_ATTRIBUTE 0x5c
%define TERMINAL_CURSOR 0x5e            ; NOWHERE: not known
%define SHAPE 0x60
%define TICKS 0x6c
%define KEYS_HEAD 0x1a
%define KEYS_TAIL 0x1c
%define KEYS_FIRST 0x80                 ; where its ring begins and ends
%define KEYS_END 0x82
%define NOWHERE 0xffff

align 16
serial_rom:
        db 0x55, 0xaa, (serial_rom_end - serial_rom) / 512
        jmp near initialize
        times 0x18 - ($ - serial_rom) db 0      ; no PCI data, no PnP header
        dw 0, 0
        db "INT 10h and 16h on COM1", 0

; Called once by the BIOS.
initialize:
        push ds
        push eax
        xor ax, ax
        mov ds, ax
        mov eax, [VIDEO]
        mov [FORMER_VIDEO], eax
        mov word [VIDEO], at(video)
        mov [VIDEO + 2], cs
        cmp dword [KEYBOARD], BIOS_KEYBOARD
        jne .no_keys                    ; somebody else's
        mov word [KEYBOARD], at(keyboard)
        mov [KEYBOARD + 2], cs
.no_keys:
        mov ax, 0x40
        mov ds, ax
        mov byte [TERMINAL_ATTRIBUTE], 7
        mov word [TERMINAL_CURSOR], NOWHERE
        call has_vga
        jne .done
        call describe_screen
        ; The firmware's own lines stay: on with the last line of the terminal.
        mov word [CURSOR], (ROWS - 1) << 8
        mov word [TERMINAL_CURSOR], (ROWS - 1) << 8
.done:  pop eax
        pop ds
        retf

; ZF: the former INT 10h is the BIOS's, which has no screen. DS = 40h.
has_vga:
        push ax
        push ds
        xor ax, ax
        mov ds, ax
        cmp word [FORMER_VIDEO + 2], 0xf000
        pop ds
        pop ax
        ret

; What a text mode of 80 by 25 is to programs.
describe_screen:
        mov byte [MODE], 3
        mov word [0x4a], COLUMNS
        mov word [0x4c], 0x1000         ; bytes of a page
        mov word [0x4e], 0
        mov word [SHAPE], 0x0607
        mov byte [0x62], 0              ; page
        mov word [0x63], 0x3d4
        mov byte [0x84], ROWS - 1
        mov word [0x85], 16             ; lines of a character
        ret

; ---- INT 10h ----

; The caller's registers on the stack.
struc frame
.es     resw 1
.ds     resw 1
.di     resw 1
.si     resw 1
.bp     resw 1
.sp     resw 1
.bx     resw 1
.dx     resw 1
.cx     resw 1
.ax     resw 1
endstruc

video:
        sti
        cld
        pusha
        push ds
        push es
        mov bp, sp
        mov si, 0x40
        mov ds, si
        mov si, at(services)
.look:  cs lodsb
        cmp al, 0xff
        je .done
        cmp al, ah
        je .found
        add si, 2
        jmp .look
.found: mov al, [bp + frame.ax]
        call [cs:si]
.done:  call has_vga
        pop es
        pop ds
        popa
        jne .to_vga
        iret
.to_vga:
        int 0x42
        ; Flags are not part of what INT 10h gives back, registers are.
        iret

services:
        db 0x00
        dw at(set_mode)
        db 0x01
        dw at(set_shape)
        db 0x02
        dw at(set_cursor)
        db 0x03
        dw at(get_cursor)
        db 0x06
        dw at(scroll)
        db 0x07
        dw at(scroll)
        db 0x08
        dw at(read_cell)
        db 0x09
        dw at(write_cells)
        db 0x0a
        dw at(write_cells)
        db 0x0e
        dw at(teletype)
        db 0x0f
        dw at(get_mode)
        db 0x13
        dw at(write_string)
        db 0xff

set_mode:
        mov al, 7
        call attribute
        mov si, at(text_clear)
        call put_text
        mov word [TERMINAL_CURSOR], 0
        call has_vga
        jne .done
        call describe_screen
        mov word [CURSOR], 0
.done:  ret

set_shape:
        call has_vga
        jne .done
        mov [SHAPE], cx
.done:  ret

set_cursor:
        jmp note_cursor

get_cursor:
        mov ax, [CURSOR]
        mov [bp + frame.dx], ax
        mov ax, [SHAPE]
        mov [bp + frame.cx], ax
        ret

get_mode:
        mov al, [MODE]
        mov ah, COLUMNS
        mov [bp + frame.ax], ax
        mov byte [bp + frame.bx + 1], 0
        ret

; A terminal cannot be read.
read_cell:
        mov word [bp + frame.ax], 0x0720
        ret

; AL lines, or all; BH: the attribute of what is new; CX, DX: the window's corners.
scroll:
        xchg al, bh
        call attribute
        xchg al, bh
        cmp dh, ROWS - 1
        jbe .row
        mov dh, ROWS - 1
.row:   cmp dl, COLUMNS - 1
        jbe .column
        mov dl, COLUMNS - 1
.column:
        cmp ch, dh
        ja .done
        cmp cl, dl
        ja .done
        mov bl, dh
        sub bl, ch
        inc bl                          ; its height
        cmp al, bl
        jb .lines
        xor al, al
.lines: or al, al
        jnz .region
        or cx, cx
        jnz .clear
        cmp dx, (ROWS - 1) << 8 | (COLUMNS - 1)
        jne .clear
        mov si, at(text_erase)
        jmp put_text
.clear: push dx
        mov dx, cx
        call move_to
        pop dx
        mov bh, dl
        sub bh, cl
        inc bh                          ; its width
.space: mov al, ' '
        call put
        dec bh
        jnz .space
        mov word [TERMINAL_CURSOR], NOWHERE
        inc ch
        cmp ch, dh
        jbe .clear
.done:  ret
; The lines move in their whole width: terminals know no narrower regions.
.region:
        mov bl, al
        call escape
        mov al, ch
        call put_number
        mov al, ';'
        call put
        mov al, dh
        call put_number
        mov al, 'r'
        call put
        call escape
        mov al, bl
        dec al
        call put_number
        mov al, 'S'
        cmp byte [bp + frame.ax + 1], 7
        jne .up
        mov al, 'T'
.up:    call put
        call escape
        mov al, 'r'
        call put
        mov word [TERMINAL_CURSOR], NOWHERE
        ret

; AL, CX times, from the cursor on, which stays. AH = 9: BL is the attribute.
write_cells:
        cmp byte [bp + frame.ax + 1], 9
        jne .keep
        xchg al, bl
        call attribute
        xchg al, bl
.keep:  call follow_cursor
        jcxz .done
        mov dx, [CURSOR]
        mov bl, al
        mov al, COLUMNS
        mul dh
        xor dh, dh
        add ax, dx
        mov di, ROWS * COLUMNS
        sub di, ax                      ; cells to the end of the screen
        jbe .done
        cmp cx, di
        jbe .fits
        mov cx, di
.fits:  add dx, cx
        mov al, bl
        call printable
.cell:  call put
        loop .cell
        mov ax, NOWHERE                 ; past a line's end terminals differ
        cmp dx, COLUMNS
        jae .note
        mov al, dl
        mov ah, [CURSOR + 1]
.note:  mov [TERMINAL_CURSOR], ax
.done:  ret

teletype:
        call follow_cursor
        call type
        mov dx, [TERMINAL_CURSOR]
        ; and the cursor is there

; The cursor is at DX. A VGA BIOS notes it by itself.
note_cursor:
        call has_vga
        jne .done
        mov [CURSOR], dx
.done:  ret

; CX characters at ES:BP from DX on; AL bit 0: the cursor goes with them; bit 1: an attribute behind each.
write_string:
        jcxz .none
        mov es, [bp + frame.es]
        mov si, [bp + frame.bp]
        call move_to
        mov bh, al
        mov al, bl
.next:  test bh, 2
        jz .colour
        mov al, [es:si + 1]
.colour:
        call attribute
        mov al, [es:si]
        inc si
        test bh, 2
        jz .type
        inc si
.type:  call type
        mov al, [bp + frame.bx]
        loop .next
        test bh, 1
        jz .none
        mov dx, [TERMINAL_CURSOR]
        jmp note_cursor
.none:  ret

; ---- The terminal ----

; Types AL where the terminal's cursor is, as a teletype.
type:
        push ax
        push dx
        mov dx, [TERMINAL_CURSOR]
        cmp al, 7
        je .send
        cmp al, 8
        je .back
        cmp al, 10
        je .line
        cmp al, 13
        je .return
        call printable
        call put
        inc dl
        cmp dl, COLUMNS
        jb .done
        mov al, 13
        call put
        xor dl, dl
        mov al, 10
.line:  cmp dh, ROWS - 1
        jae .send
        inc dh
        jmp .send
.back:  or dl, dl
        jz .done
        dec dl
        jmp .send
.return:
        xor dl, dl
.send:  call put
.done:  mov [TERMINAL_CURSOR], dx
        pop dx
        pop ax
        ret

; The terminal's cursor to the BIOS's.
follow_cursor:
        push dx
        mov dx, [CURSOR]
        call move_to
        pop dx
        ret

; The terminal's cursor to DX, unless it is there.
move_to:
        cmp dx, [TERMINAL_CURSOR]
        je .there
        push ax
        call escape
        mov al, dh
        call put_number
        mov al, ';'
        call put
        mov al, dl
        call put_number
        mov al, 'H'
        call put
        mov [TERMINAL_CURSOR], dx
        pop ax
.there: ret

; The colours of attribute AL.
attribute:
        cmp al, [TERMINAL_ATTRIBUTE]
        je .set
        mov [TERMINAL_ATTRIBUTE], al
        push ax
        push bx
        mov ah, al
        call escape
        mov al, '0'
        call put
        test ah, 8
        jz .normal
        mov al, ';'
        call put
        mov al, '1'
        call put
.normal:
        mov bl, '3'
        mov al, ah
        call .colour
        mov bl, '4'
        mov al, ah
        shr al, 4
        call .colour
        mov al, 'm'
        call put
        pop bx
        pop ax
.set:   ret
.colour:
        push ax
        mov al, ';'
        call put
        mov al, bl
        call put
        pop ax
        and al, 7
        mov bx, at(colours)
        cs xlat
        jmp put

; Red and blue have each other's bit.
colours:
        db "04261537"

; What a terminal without code page 437 has for AL.
printable:
        cmp al, ' '
        jb .control
        cmp al, 0x7f
        jb .done
        cmp al, 0xb0
        jb .other
        cmp al, 0xdf
        ja .other
        push bx
        mov bx, at(graphics) - 0xb0
        cs xlat
        pop bx
.done:  ret
.control:
        push bx
        mov bx, at(controls)
        cs xlat
        pop bx
        ret
.other: mov al, '?'
        ret
controls:
        db " ????????  ?????", "><?!??-?^v><??^v"
graphics:
        db "###||||++||+++++", "++++-++|+++++-++", "+++++++++++#####"
        ; B0, C0, D0: shades, lines and corners, blocks

escape:
        push ax
        mov al, ESC
        call put
        mov al, '['
        call put
        pop ax
        ret

; AL + 1 in decimal, at most 99: the terminal counts from 1.
put_number:
        push ax
        inc al
        aam
        or ah, ah
        jz .ones
        xchg al, ah
        add al, '0'
        call put
        xchg al, ah
.ones:  add al, '0'
        call put
        pop ax
        ret

; The text at CS:SI, up to its 0.
put_text:
        cs lodsb
        or al, al
        jz .done
        call put
        jmp put_text
.done:  ret
text_clear:
        db ESC, "[2J", ESC, "[H", 0
text_erase:
        db ESC, "[2J", 0

; AL to the port. One that never empties does not stop the machine.
put:
        push ax
        push cx
        push dx
        mov ah, al
        mov dx, LINE_STATUS
        mov cx, 0xffff
.wait:  in al, dx
        test al, 0x20
        loopz .wait
        mov al, ah
        mov dx, PORT
        out dx, al
        pop dx
        pop cx
        pop ax
        ret

; ---- INT 16h ----

; What has been typed goes into the BIOS's ring of keys, and the BIOS answers.
keyboard:
        push ds
        push ax
        push bx
        mov bx, 0x40
        mov ds, bx
        and ah, 0xef                    ; 10h and 11h are as 0 and 1
        cmp ah, 1
        ja .to_bios
        mov bh, ah
.look:  cli
        call take
        or bh, bh
        jnz .to_bios                    ; only asked whether there is one
        mov ax, [KEYS_HEAD]
        cmp ax, [KEYS_TAIL]
        jne .to_bios
        sti
        hlt                             ; for a tick, or a key of a keyboard
        jmp .look
.to_bios:
        pop bx
        pop ax
        pop ds
        jmp 0xf000:0xe82e

; All that the port has, as keys.
take:
        push ax
        push bx
        push dx
.next:  mov bx, [KEYS_TAIL]
        call after
        cmp bx, [KEYS_HEAD]
        je .done                        ; full: the port keeps the rest
        call receive
        jz .empty
        call key_of
        or ax, ax
        jz .next
        mov bx, [KEYS_TAIL]
        mov [bx], ax
        call after
        mov [KEYS_TAIL], bx
        jmp .next
        ; Between two ticks more arrives than the one byte that a port without FIFO keeps, and this is a moment
        ; at which turning it on loses none. The BIOS has looked for the port by now.
.empty: mov dx, PORT + 2
        in al, dx
        test al, 0xc0
        jnz .done
        mov al, 1
        out dx, al
.done:  pop dx
        pop bx
        pop ax
        ret

; The place behind BX in the ring.
after:
        add bx, 2
        cmp bx, [KEYS_END]
        jb .done
        mov bx, [KEYS_FIRST]
.done:  ret

; A byte of the port in AL; ZF: there is none.
receive:
        push dx
        mov dx, LINE_STATUS
        in al, dx
        test al, 1
        jz .none
        cmp al, 0xff
        je .none                        ; nor a port
        mov dx, PORT
        in al, dx
        or dl, 1
        pop dx
        ret
.none:  xor ah, ah
        pop dx
        ret

; The same, waiting for two ticks of the clock: the bytes of a sequence come one behind the other.
receive_next:
        push bx
        push cx
        mov cx, 2
.tick:  mov bx, [TICKS]
.wait:  cli
        call receive
        jnz .done
        sti
        nop
        cmp bx, [TICKS]
        je .wait
        loop .tick
        xor ax, ax
.done:  pop cx
        pop bx
        ret

; AX: the scan code and character of the key that sends AL, and perhaps what follows; 0: of none.
key_of:
        cmp al, ESC
        je .sequence
.plain: cmp al, 0x7f
        jne .known
        mov al, 8                       ; terminals' backspace
.known: ja .none
        push bx
        mov ah, al
        mov bx, at(scan_codes)
        cs xlat
        xchg al, ah
        pop bx
        ret
.sequence:
        call receive_next
        jz .escape
        cmp al, '['
        je .letter
        cmp al, 'O'
        jne .plain                      ; a key with Alt: as without
.letter:
        call receive_next
        jz .none
        push si
        mov si, at(sequences)
        mov ah, al
.look:  cs lodsb
        or al, al
        jz .unknown
        cmp al, ah
        cs lodsb
        jne .look
        cmp ah, '9'
        ja .found
        push ax                         ; a digit, then a tilde
        call receive_next
        pop ax
.found: mov ah, al
        xor al, al
        pop si
        ret
.unknown:
        pop si
.none:  xor ax, ax
        ret
.escape:
        mov ax, 0x011b
        ret

; What follows ESC [ or ESC O, and the scan code.
sequences:
        db "A", 0x48, "B", 0x50, "C", 0x4d, "D", 0x4b, "H", 0x47, "F", 0x4f
        db "P", 0x3b, "Q", 0x3c, "R", 0x3d, "S", 0x3e
        db "1", 0x47, "2", 0x52, "3", 0x53, "4", 0x4f, "5", 0x49, "6", 0x51, 0

; Of a US keyboard, for characters 00h to 7Eh.
scan_codes:
        db 0x03, 0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22, 0x0e, 0x0f, 0x1c, 0x25, 0x26, 0x1c, 0x31, 0x18
        db 0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11, 0x2d, 0x15, 0x2c, 0x01, 0x2b, 0x1b, 0x07, 0x0c
        db 0x39, 0x02, 0x28, 0x04, 0x05, 0x06, 0x08, 0x28, 0x0a, 0x0b, 0x09, 0x0d, 0x33, 0x0c, 0x34, 0x35
        db 0x0b, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x27, 0x27, 0x33, 0x0d, 0x34, 0x35
        db 0x03, 0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22, 0x23, 0x17, 0x24, 0x25, 0x26, 0x32, 0x31, 0x18
        db 0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11, 0x2d, 0x15, 0x2c, 0x1a, 0x2b, 0x1b, 0x07, 0x0c
        db 0x29, 0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22, 0x23, 0x17, 0x24, 0x25, 0x26, 0x32, 0x31, 0x18
        db 0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11, 0x2d, 0x15, 0x2c, 0x1a, 0x2b, 0x1b, 0x29, 0x0e

        db 0                            ; makes the sum 0
        times 512 - ($ - serial_rom - 1) % 512 - 1 db 0
serial_rom_end:
