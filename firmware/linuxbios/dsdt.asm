; SPDX-License-Identifier: LGPL-2.1-or-later
; The compiled dsdt.asl. -DDSDT="file"
section .rodata
global dsdt_start
global dsdt_end
dsdt_start:
        incbin DSDT
dsdt_end:
