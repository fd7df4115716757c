; SPDX-License-Identifier: LGPL-2.1-or-later
; Probe of fw_cfg (ports 510h, 511h, 514h). Bochs has none.
%include "probe.inc"

; Selects item AX.
item:
  mov dx, 0x510
  out dx, ax
  ret
%macro BYTES 2
  mov ax, %1
  mov cx, %2
  call bytes
%endmacro
bytes:
  call item
  mov dx, 0x511
.next:
  in al, dx
  call hex8
  loop .next
  ret

probe:
  ROW "signature (item 0)"
  BYTES 0x0000, 5
  ROW "selector read"
  mov dx, 0x510
  in ax, dx
  call hex16
  ROW "interface version (item 1)"
  BYTES 0x0001, 5
  ROW "CPUs (5), largest APIC ID + 1 (F)"
  BYTES 0x0005, 2
  BYTES 0x000F, 2
  ROW "memory (3)"
  BYTES 0x0003, 8
  ROW "graphics off (4), boot menu (E)"
  BYTES 0x0004, 2
  BYTES 0x000E, 2
  ROW "an item that does not exist (7FF0)"
  BYTES 0x7FF0, 2
  ROW "DMA register: signature (514, 518)"
  SHOWD 0x514
  SHOWD 0x518
  ROW "DMA: reads the signature; control after it, data"
  mov dword [0x2000], 0x02000000 | 0x08000000 | 0x00000000
  mov dword [0x2000], 0x0A000000
  mov dword [0x2004], 0x04000000
  mov dword [0x2008], 0
  mov dword [0x200C], 0x00300000
  mov dword [0x3000], 0
  OUTD 0x514, 0
  OUTD 0x518, 0x00200000
  mov eax, [0x2000]
  call hex32
  mov eax, [0x3000]
  call hex32
  ret

END_OF_ROM
