// SPDX-License-Identifier: LGPL-2.1-or-later
// 32-bit ELF, as far as a loader needs it.
// Reference: Tool Interface Standard, ELF Specification 1.2, book I.
#pragma once

#include <stdint.h>

#define ELF_MAGIC 0x464c457fu
enum {
  ELF_CLASS_32 = 1,
  ELF_LITTLE_ENDIAN = 1,
  ELF_EXECUTABLE = 2,
  ELF_MACHINE_386 = 3,
  ELF_LOAD = 1
};

typedef struct {
  uint8_t ident[16];
  uint16_t type;
  uint16_t machine;
  uint32_t version;
  uint32_t entry;
  uint32_t program_offset;
  uint32_t section_offset;
  uint32_t flags;
  uint16_t header_size;
  uint16_t program_header_size;
  uint16_t program_headers;
  uint16_t section_header_size;
  uint16_t section_headers;
  uint16_t section_names;
} Elf32Header;

typedef struct {
  uint32_t type;
  uint32_t offset;
  uint32_t virtual_address;
  uint32_t physical;
  uint32_t file_size;
  uint32_t memory_size;
  uint32_t flags;
  uint32_t alignment;
} Elf32Segment;
