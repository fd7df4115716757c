; SPDX-License-Identifier: LGPL-2.1-or-later
; The BIOS and the VGA BIOS, unmodified. -DBIOS="file" -DVGA_BIOS="file"
section .bios
global bios_start
global bios_end
bios_start:
        incbin BIOS
bios_end:
section .vga_bios
global vga_bios_start
global vga_bios_end
vga_bios_start:
        incbin VGA_BIOS
vga_bios_end:
