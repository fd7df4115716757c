// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the payload in the ROM file system and starts it: the first that is sound, ELF or Linux.
// Reference: Tool Interface Standard, ELF Specification 1.2, book I chapters 1 and 2.
#include "firmware/linuxbios/payload.h"

#include "firmware/common/console.h"
#include "firmware/common/elf.h"
#include "firmware/common/io.h"
#include "firmware/common/memory.h"
#include "firmware/common/post_codes.h"

// What another loader would leave in EAX: here it says who has started the payload.
#define ELF_BOOT_MAGIC 0x0e1fb007u

typedef struct {
  const uint8_t* bytes;
  uint32_t size;
  uint32_t scratch;  // where this image was unpacked, or 0
} Image;

static bool overlaps(uint32_t start, uint32_t size, uint32_t from, uint32_t to) {
  return start < to && from < start + size;
}

uint32_t payload_top(const Memory* memory) {
  const uint64_t top = memory->tables != 0 ? memory->tables : memory->below_4g;
  return (uint32_t)top;
}

bool payload_has_memory(const Memory* memory, uint32_t to, uint32_t size) {
  const uint32_t top = payload_top(memory);
  const bool base = to >= 0x1000 && size <= memory->base && to <= memory->base - size;
  return base || (to >= 0x100000 && size <= top && to <= top - size);
}

bool payload_over_loader(uint32_t to, uint32_t size) {
  return overlaps(to, size, (uint32_t)(uintptr_t)ram_stage_start, RAM_STAGE_STACK_TOP);
}

// What is wrong with an ELF image, or NULL.
static const char* wrong(const Image* image, const Memory* memory) {
  const Elf32Header* const elf = (const Elf32Header*)image->bytes;
  if (image->size < sizeof *elf || *(const uint32_t*)elf->ident != ELF_MAGIC) return "not ELF";
  if (elf->ident[4] != ELF_CLASS_32 || elf->ident[5] != ELF_LITTLE_ENDIAN) return "not 32-bit x86";
  if (elf->type != ELF_EXECUTABLE || elf->machine != ELF_MACHINE_386) return "not an x86 program";
  if (elf->program_header_size != sizeof(Elf32Segment) || elf->program_headers == 0)
    return "no segments";
  if (elf->program_offset > image->size ||
      elf->program_headers * sizeof(Elf32Segment) > image->size - elf->program_offset) {
    return "headers beyond its end";
  }
  const Elf32Segment* segment = (const Elf32Segment*)(image->bytes + elf->program_offset);
  for (unsigned i = 0; i < elf->program_headers; ++i, ++segment) {
    if (segment->type != ELF_LOAD || segment->memory_size == 0) continue;
    const uint32_t to = segment->physical, size = segment->memory_size;
    if (segment->file_size > size || segment->offset > image->size ||
        segment->file_size > image->size - segment->offset) {
      return "a segment beyond its end";
    }
    if (!payload_has_memory(memory, to, size)) return "a segment where there is no memory";
    if (payload_over_loader(to, size)) return "a segment over this loader";
    if (image->scratch != 0 && overlaps(to, size, image->scratch, image->scratch + image->size)) {
      return "a segment where it has to be unpacked";
    }
  }
  return NULL;
}

static const char* start_elf(const RomEntry* entry, const Memory* memory) {
  Image image = {rom_body(entry), entry->stored, 0};
  if (entry->packing != ROM_PLAIN) {
    const uint32_t top = payload_top(memory);
    if (entry->size > top || top - entry->size < 0x101000) return "no memory to unpack it";
    image.scratch = (top - entry->size) & ~0xfffu;
    image.size = entry->size;
    image.bytes = (const uint8_t*)image.scratch;
    const char* const problem = rom_read(entry, (void*)image.scratch);
    if (problem != NULL) return problem;
  }
  const char* const reason = wrong(&image, memory);
  if (reason != NULL) return reason;
  const Elf32Header* const elf = (const Elf32Header*)image.bytes;
  const Elf32Segment* segment = (const Elf32Segment*)(image.bytes + elf->program_offset);
  uint32_t bytes = 0;
  // The header may stand where a segment goes to only when it is in RAM, which wrong() has refused.
  for (unsigned i = 0; i < elf->program_headers; ++i, ++segment) {
    if (segment->type != ELF_LOAD || segment->memory_size == 0) continue;
    uint8_t* const to = (uint8_t*)segment->physical;
    memcpy(to, image.bytes + segment->offset, segment->file_size);
    memset(to + segment->file_size, 0, segment->memory_size - segment->file_size);
    bytes += segment->file_size;
  }
  print("Payload '%s': ELF, %u bytes, entry %08x\n", entry->name, bytes, elf->entry);
  post_code(POST_PAYLOAD);
  __asm__ volatile("cli\n\tjmp *%0" : : "r"(elf->entry), "a"(ELF_BOOT_MAGIC), "b"(0) : "memory");
  __builtin_unreachable();
}

static bool is_payload(const RomEntry* entry) {
  return entry->type >= ROM_PROGRAM && entry->type <= ROM_LINUX_IMAGE;
}

// Lists the ROM, with what is wrong in it; returns the number of payloads.
static unsigned list(void) {
  unsigned payloads = 0;
  const RomEntry *entry = NULL, *first = NULL;
  while ((entry = rom_next(entry, true)) != NULL) {
    print("ROM: %08x %s, %u bytes", (uint32_t)(uintptr_t)entry, entry->name, entry->size);
    if (entry->packing != ROM_PLAIN) print(", %u packed", entry->stored);
    print("\n");
    if (rom_find(entry->name) != entry) {
      print("ROM: two entries are called %s; the first counts\n", entry->name);
    }
    if (!is_payload(entry)) continue;
    ++payloads;
    if (first == NULL) first = entry;
  }
  if (payloads > 1) {
    post_code(POST_SEVERAL_PAYLOADS);
    print("Payload: %u in this ROM; '%s' is the first, the others are its spares\n", payloads,
          first->name);
  }
  return payloads;
}

void payload_start(const Memory* memory) {
  if (!rom_present())
    die(POST_NO_ROM, "ROM: no file system: the last bytes of the part say nothing");
  const unsigned payloads = list();
  const RomEntry* entry = NULL;
  while ((entry = rom_next(entry, false)) != NULL) {
    if (!is_payload(entry)) continue;
    const char* reason = rom_check(entry);
    if (reason == NULL) {
      reason = entry->type == ROM_PROGRAM ? start_elf(entry, memory)
               : entry->type == ROM_LINUX ? start_linux(entry, memory)
                                          : start_linux_image(entry, memory);
    }
    post_code(POST_PAYLOAD_DAMAGED);
    print("Payload '%s': %s\n", entry->name, reason);
  }
  if (payloads == 0) die(POST_NO_PAYLOAD, "Payload: none in this ROM");
  die(POST_PAYLOAD_DAMAGED, "Payload: none in this ROM can be started");
}
