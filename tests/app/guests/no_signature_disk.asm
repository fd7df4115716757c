; SPDX-License-Identifier: LGPL-2.1-or-later
; A 1 MiB disk whose first sector is no boot sector: the signature 55 AA is missing.
bits 16
  times 0x100000 db 0
