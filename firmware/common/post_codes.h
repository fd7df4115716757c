// SPDX-License-Identifier: LGPL-2.1-or-later
// POST codes, as they appear at port 80h. 10h to 15h and E1h, E2h are the boot block's, in
// bootblock.asm. Codes from E0h on are the last: the machine stops there, after a line on the
// console.
#pragma once

enum {
  POST_CONSOLE = 0x20,
  POST_CPU = 0x21,
  POST_LEGACY = 0x22,
  POST_PCI = 0x23,
  POST_SOUTHBRIDGE = 0x24,
  POST_IDE = 0x25,
  POST_TABLES = 0x26,
  POST_ROM = 0x27,
  POST_PAYLOAD = 0x28,           // the payload has the machine
  POST_SEVERAL_PAYLOADS = 0x29,  // passing

  POST_ADLO = 0x40,
  POST_ADLO_SHADOW = 0x41,
  POST_ADLO_CMOS = 0x42,
  POST_ADLO_BIOS = 0x43,  // the BIOS has the machine

  POST_NO_MEMORY = 0xe1,
  POST_RAM_STAGE_DAMAGED = 0xe2,
  POST_NO_ROM = 0xe3,
  POST_NO_PAYLOAD = 0xe4,
  POST_PAYLOAD_DAMAGED = 0xe5,  // passing, when there is another
  POST_TABLE_TOO_LARGE = 0xe6,

  POST_NO_TABLE = 0xf1,
  POST_NO_MEMORY_MAP = 0xf2,
  POST_NO_BIOS = 0xf3,
  POST_BIOS_DAMAGED = 0xf4,
  POST_VGA_BIOS_DAMAGED = 0xf5,  // passing: the BIOS starts without a screen
  POST_NO_SHADOW = 0xf6,
  POST_NOT_A_BIOS = 0xf7
};
