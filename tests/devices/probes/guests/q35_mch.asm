; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of the Q35 host bridge: configuration by ports and by memory, PAM, SMRAM and TSEG.
%include "probe.inc"
%include "pci_config.inc"

kEcam equ 0xB0000000

; SMRAM (9Dh) and ESMRAMC (9Eh) as one word.
%macro SMRAM 2
  OUTD 0xCF8, 0x8000009C
  OUTB 0xCFD, %1
  OUTB 0xCFE, %2
%endmacro
%macro SHOW_SMRAM 0
  OUTD 0xCF8, 0x8000009C
  SHOWB 0xCFD
  SHOWB 0xCFE
%endmacro

probe:
  HEADER "0.0 host bridge: ID, command and status, class, header, subsystem, capabilities, interrupt", 0, 0
  HEADER "1.0 VGA", 1, 0
  HEADER "2.0 Ethernet", 2, 0
  HEADER "1F.0 LPC bridge", 31, 0
  HEADER "1F.2 SATA", 31, 2
  HEADER "1F.3 SMBus", 31, 3
  FUNCTION 0, 0
  ROW "PCIEXBAR (60, 64) after reset"
  SHOW 0x60, 0x64
  ROW "PCIEXBAR written FFFFFFFE, and 0 again"
  PUT 0x64, 0xFFFFFFFF
  PUT 0x60, 0xFFFFFFFE
  SHOW 0x60, 0x64
  PUT 0x60, 0
  PUT 0x64, 0
  SHOW 0x60, 0x64
  ROW "configuration in memory: 0.0 ID, 1F.0 ID by dword, words, bytes"
  PUT 0x60, kEcam | 1
  SHOWM kEcam
  SHOWM kEcam + 0xF8000
  mov ax, [dword fs:kEcam + 0xF8002]
  call hex16
  mov al, [dword fs:kEcam + 0xF8001]
  call hex8
  ROW "there: absent function 1F.7, register 100h of 0.0, bus 1, bus 255"
  SHOWM kEcam + 0xFF000
  SHOWM kEcam + 0x100
  SHOWM kEcam + 0x100000
  SHOWM kEcam + 0xFF00000
  ROW "there: interrupt line of 2.0 written 5A, as the ports have it"
  mov byte [dword fs:kEcam + 0x1003C], 0x5A
  FUNCTION 2, 0
  SHOW 0x3C
  PUT 0x3C, 0
  FUNCTION 0, 0
  ROW "window of 64 MiB: bus 0, behind its end"
  PUT 0x60, kEcam | 5
  SHOWM kEcam
  SHOWM kEcam + 0x4000000
  ROW "window off"
  PUT 0x60, kEcam
  SHOWM kEcam
  ROW "PAM 90, 94 after reset; PAM1 to PAM6 written FF"
  SHOW 0x90, 0x94
  PUT 0x90, 0xFFFFFF00  ; PAM0 is that of the code that runs here
  PUT 0x94, 0x00FFFFFF
  SHOW 0x90, 0x94
  PUT 0x90, 0
  PUT 0x94, 0
  ROW "PAM of C8000: both, then read-only, then off: what is read"
  PUT 0x90, 0x00330000
  mov dword [dword fs:0xC8000], 0x12345678
  SHOWM 0xC8000
  PUT 0x90, 0x00110000
  mov dword [dword fs:0xC8000], 0x87654321
  SHOWM 0xC8000
  PUT 0x90, 0
  SHOWM 0xC8000
  ROW "SMRAM, ESMRAMC after reset"
  SHOW_SMRAM
  ROW "A0000 as memory with D_OPEN; closed"
  SMRAM 0x4A, 0x38
  mov dword [dword fs:0xA8000], 0x5A5A1234
  SHOWM 0xA8000
  SMRAM 0x0A, 0x38
  mov eax, [dword fs:0xA8000]
  cmp eax, 0x5A5A1234
  sete al
  call hex8
  ROW "TSEG of 1 MiB (63 to 64 MiB): memory before, read, the same after"
  mov dword [dword fs:0x3F00000], 0x11112222
  mov dword [dword fs:0x3EFFFFC], 0x33334444
  SMRAM 0x0A, 0x39
  SHOWM 0x3F00000
  SHOWM 0x3EFFFFC
  mov dword [dword fs:0x3F00000], 0x55556666
  SMRAM 0x0A, 0x38
  SHOWM 0x3F00000
  ROW "TSEG of 2 MiB: below it, its first, its last word"
  mov dword [dword fs:0x3DFFFFC], 0x11111111
  mov dword [dword fs:0x3E00000], 0x22222222
  mov dword [dword fs:0x3FFFFFC], 0x33333333
  SMRAM 0x0A, 0x3B
  SHOWM 0x3DFFFFC
  SHOWM 0x3E00000
  SHOWM 0x3FFFFFC
  SMRAM 0x0A, 0x38
  ROW "TSEG of 8 MiB: below it, its first word"
  mov dword [dword fs:0x37FFFFC], 0x44444444
  mov dword [dword fs:0x3800000], 0x55555555
  SMRAM 0x0A, 0x3D
  SHOWM 0x37FFFFC
  SHOWM 0x3800000
  SMRAM 0x0A, 0x38
  ROW "D_LCK: SMRAM, ESMRAMC written 5A, 3B; then 4A, 38"
  SMRAM 0x5A, 0x3B
  SHOW_SMRAM
  SMRAM 0x4A, 0x38
  SHOW_SMRAM
  ret

END_OF_ROM
