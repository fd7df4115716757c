// SPDX-License-Identifier: LGPL-2.1-or-later
// The LinuxBIOS (coreboot) table: what the firmware knows about the board, in a form that no
// particular operating system or BIOS has made.
// Layout facts: the coreboot table, tags 1 to 17. All numbers little-endian, records 4-byte
// aligned.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LB_SIGNATURE 0x4f49424cu  // "LBIO"

typedef struct {
  uint32_t signature;
  uint32_t header_bytes;
  uint32_t header_checksum;
  uint32_t table_bytes;
  uint32_t table_checksum;
  uint32_t table_entries;
} LbHeader;
_Static_assert(sizeof(LbHeader) == 24, "as published");

enum {
  LB_MEMORY = 1,
  LB_HARDWARE_RPB = 2,
  LB_MAINBOARD = 3,
  LB_VERSION = 4,
  LB_EXTRA_VERSION = 5,
  LB_BUILD = 6,
  LB_COMPILE_TIME = 7,
  LB_COMPILE_BY = 8,
  LB_COMPILE_HOST = 9,
  LB_COMPILE_DOMAIN = 10,
  LB_COMPILER = 11,
  LB_LINKER = 12,
  LB_ASSEMBLER = 13,
  LB_CONSOLE = 14,
  LB_SERIAL = 15,
  LB_FORWARD = 17
};

typedef struct {
  uint32_t tag;
  uint32_t size;  // with this header
} LbRecord;

enum { LB_RAM = 1, LB_RESERVED = 2, LB_ACPI = 3, LB_NVS = 4, LB_TABLE = 16 };

typedef struct __attribute__((packed)) {
  uint64_t start;
  uint64_t size;
  uint32_t type;
} LbRange;

typedef struct {
  LbRecord record;
  uint8_t vendor_index;  // into strings
  uint8_t part_index;
  char strings[];
} LbMainboard;

enum { LB_SERIAL_IO = 1 };
typedef struct {
  LbRecord record;
  uint32_t type;
  uint32_t base;
  uint32_t baud;
  uint32_t register_width;
} LbSerial;

enum { LB_CONSOLE_SERIAL8250 = 0 };

// The Internet checksum (RFC 1071) over `size` bytes: the one's complement of the one's complement
// sum of 16-bit words.
uint16_t lb_checksum(const void* data, size_t size);

// The table in memory: searched for in 0-FFF and F0000-FFFFF on 16-byte boundaries, both checksums
// right, forward records followed. NULL: there is none.
const LbHeader* lb_find(void);

// The record of this tag, or NULL.
const LbRecord* lb_record(const LbHeader* header, uint32_t tag);
