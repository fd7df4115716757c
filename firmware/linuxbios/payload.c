// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds an ELF image in the ROM, loads its segments and starts it.
// Reference: Tool Interface Standard, ELF Specification 1.2, book I chapters 1 and 2.
#include "firmware/common/console.h"
#include "firmware/common/elf.h"
#include "firmware/common/io.h"
#include "firmware/common/memory.h"
#include "firmware/linuxbios/linuxbios.h"

// The ROM ends at 4 GB. ROM_SIZE comes from the build.
#define ROM_START (0u - (uint32_t)ROM_SIZE)
enum { SEARCH_STEP = 16 };

// What another loader would leave in EAX: here it says who has started the payload.
#define ELF_BOOT_MAGIC 0x0e1fb007u

static bool overlaps(uint32_t start, uint32_t size, uint32_t from, uint32_t to) {
  return start < to && from < start + size;
}

// What is wrong with a header, or NULL.
static const char* wrong(const Elf32Header* elf, const Memory* memory) {
  const uint32_t room = 0u - (uint32_t)(uintptr_t)elf;  // to the end of the ROM
  if (elf->ident[4] != ELF_CLASS_32 || elf->ident[5] != ELF_LITTLE_ENDIAN) return "not 32-bit x86";
  if (elf->type != ELF_EXECUTABLE || elf->machine != ELF_MACHINE_386) return "not an x86 program";
  if (elf->program_header_size != sizeof(Elf32Segment) || elf->program_headers == 0)
    return "no segments";
  if (elf->program_offset > room ||
      elf->program_headers * sizeof(Elf32Segment) > room - elf->program_offset) {
    return "headers beyond the end of the ROM";
  }
  const uint64_t top = memory->tables != 0 ? memory->tables : memory->below_4g;
  const Elf32Segment* segment = (const Elf32Segment*)((const uint8_t*)elf + elf->program_offset);
  for (unsigned i = 0; i < elf->program_headers; ++i, ++segment) {
    if (segment->type != ELF_LOAD || segment->memory_size == 0) continue;
    const uint32_t to = segment->physical, size = segment->memory_size;
    if (segment->file_size > size || segment->offset > room ||
        segment->file_size > room - segment->offset) {
      return "a segment beyond the end of the ROM";
    }
    const bool base = to >= 0x1000 && size <= memory->base && to <= memory->base - size;
    const bool extended = to >= 0x100000 && size <= top && to <= top - size;
    if (!base && !extended) return "a segment where there is no memory";
    if (overlaps(to, size, (uint32_t)(uintptr_t)ram_stage_start, RAM_STAGE_STACK_TOP)) {
      return "a segment over this loader";
    }
  }
  return NULL;
}

static uint32_t load(const Elf32Header* elf) {
  const Elf32Segment* segment = (const Elf32Segment*)((const uint8_t*)elf + elf->program_offset);
  uint32_t bytes = 0;
  for (unsigned i = 0; i < elf->program_headers; ++i, ++segment) {
    if (segment->type != ELF_LOAD || segment->memory_size == 0) continue;
    uint8_t* const to = (uint8_t*)segment->physical;
    memcpy(to, (const uint8_t*)elf + segment->offset, segment->file_size);
    memset(to + segment->file_size, 0, segment->memory_size - segment->file_size);
    bytes += segment->file_size;
  }
  return bytes;
}

void payload_start(const Memory* memory) {
  // This image itself is in the ROM too: its own bytes are not a payload, and no header begins so
  // late.
  for (uint32_t at = ROM_START; at < 0u - (uint32_t)LINUXBIOS_SIZE; at += SEARCH_STEP) {
    const Elf32Header* const elf = (const Elf32Header*)at;
    if (*(const uint32_t*)elf->ident != ELF_MAGIC) continue;
    const char* const reason = wrong(elf, memory);
    if (reason != NULL) {
      print("Payload at %08x: %s\n", at, reason);
      continue;
    }
    const uint32_t bytes = load(elf);
    print("Payload: ELF at %08x, %u bytes, entry %08x\n", at, bytes, elf->entry);
    post_code(0x28);
    __asm__ volatile("cli\n\tjmp *%0" : : "r"(elf->entry), "a"(ELF_BOOT_MAGIC), "b"(0) : "memory");
  }
  die("Payload: none in this ROM");
}
