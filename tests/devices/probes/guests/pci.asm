; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of PCI configuration: the header of each function, BARs, interrupt lines, PAM and SMRAM.
%include "probe.inc"
%include "pci_config.inc"

; What the BAR at %1 keeps of all ones; then 0 again.
%macro SIZE 1-*
  %rep %0
    PUT %1, 0xFFFFFFFF
    SHOW %1
    PUT %1, 0
    %rotate 1
  %endrep
%endmacro

probe:
  ROW "CF8 after reset; written FFFFFFFF"
  SHOWD 0xCF8
  OUTD 0xCF8, 0xFFFFFFFF
  SHOWD 0xCF8
  ROW "CF8 with enable off: data"
  OUTD 0xCF8, 0x00000000
  SHOWD 0xCFC
  ROW "byte write to CF8 does not change it"
  OUTD 0xCF8, 0x80000000
  OUTB 0xCF8, 0x55
  SHOWD 0xCF8
  ROW "bytes, words of the data port: vendor, device"
  OUTD 0xCF8, 0x80000000
  SHOWB 0xCFC
  SHOWB 0xCFD
  SHOWW 0xCFE
  SHOWB 0xCFF
  ROW "absent function 0.1, device 1F, bus 1"
  FUNCTION 0, 1
  SHOW 0
  FUNCTION 31, 0
  SHOW 0
  OUTD 0xCF8, 0x80010000
  SHOWD 0xCFC
  HEADER "0.0 host bridge: ID, command and status, class, header, subsystem, capabilities, interrupt", 0, 0
  HEADER "1.0 ISA bridge", 1, 0
  HEADER "1.1 IDE", 1, 1
  HEADER "1.2 USB", 1, 2
  HEADER "1.3 power management", 1, 3
  HEADER "2.0 VGA", 2, 0
  HEADER "3.0 Ethernet", 3, 0
  ROW "command register written FFFF: 0.0, 1.0, 1.1, 1.3, 2.0, 3.0"
  FUNCTION 0, 0
  call command
  FUNCTION 1, 0
  call command
  FUNCTION 1, 1
  call command
  FUNCTION 1, 3
  call command
  FUNCTION 2, 0
  call command
  FUNCTION 3, 0
  call command
  ROW "status written FFFF (write one to clear): 1.1"
  FUNCTION 1, 1
  PUT 4, 0xFFFF0000
  SHOW 4
  ROW "ID and class are read-only: 1.1"
  PUT 0, 0
  PUT 8, 0
  SHOW 0, 8
  ROW "interrupt line written 5A: 0.0, 1.0, 1.1, 1.3, 2.0, 3.0"
  FUNCTION 0, 0
  call line
  FUNCTION 1, 0
  call line
  FUNCTION 1, 1
  call line
  FUNCTION 1, 3
  call line
  FUNCTION 2, 0
  call line
  FUNCTION 3, 0
  call line
  ROW "BAR sizes 1.1 (10-24)"
  FUNCTION 1, 1
  SIZE 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24
  ROW "BAR sizes 2.0 (10, 14, 18, ROM)"
  FUNCTION 2, 0
  SIZE 0x10, 0x14, 0x18, 0x30
  ROW "BAR sizes 3.0 (10, 14, ROM)"
  FUNCTION 3, 0
  SIZE 0x10, 0x14, 0x30
  ROW "440FX: 50-5C after reset"
  FUNCTION 0, 0
  SHOW 0x50, 0x54, 0x58, 0x5C
  ROW "440FX: DRB 60, 64; 70 (SMRAM)"
  SHOW 0x60, 0x64, 0x70
  ROW "440FX: PAM written FF: 58, 5C"
  PUT 0x5C, 0xFFFFFFFF
  SHOW 0x58, 0x5C
  PUT 0x5C, 0
  ROW "PAM of C8000: write-only, then read-only: what is read"
  PUT 0x58, 0x02000000
  mov dword [dword fs:0xC8000], 0x12345678
  mov eax, [dword fs:0xC8000]
  call hex32
  PUT 0x58, 0x01000000
  mov dword [dword fs:0xC8000], 0x87654321
  mov eax, [dword fs:0xC8000]
  call hex32
  PUT 0x58, 0
  ROW "SMRAM: open (4A), closed (0A), locked (1A), written 4A again: register 70"
  PUT 0x70, 0x004A0000
  SHOW 0x70
  PUT 0x70, 0x000A0000
  SHOW 0x70
  PUT 0x70, 0x001A0000
  SHOW 0x70
  PUT 0x70, 0x004A0000
  SHOW 0x70
  FUNCTION 1, 0
  ROW "PIIX3: 4C, 60, 68, 80 after reset"
  SHOW 0x4C, 0x60, 0x68, 0x80
  ROW "PIRQ routes written FFFFFFFF, 0B0A0905"
  PUT 0x60, 0xFFFFFFFF
  SHOW 0x60
  PUT 0x60, 0x0B0A0905
  SHOW 0x60
  PUT 0x60, 0x80808080
  FUNCTION 1, 1
  ROW "IDETIM after reset; written 80008000"
  SHOW 0x40
  PUT 0x40, 0x80008000
  SHOW 0x40
  ROW "reset control CF9: read, 02"
  SHOWB 0xCF9
  OUTB 0xCF9, 0x02
  SHOWB 0xCF9
  OUTB 0xCF9, 0x00
  ret
command:
  mov bl, 4
  call config_read
  push eax
  mov eax, 0x0000FFFF
  call config_write
  call config_read
  call hex16
  pop eax
  movzx eax, ax
  call config_write
  ret
line:
  mov bl, 0x3C
  mov eax, 0x5A
  call config_write
  call config_read
  call hex16
  xor eax, eax
  call config_write
  ret

END_OF_ROM
