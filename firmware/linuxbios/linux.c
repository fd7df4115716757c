// SPDX-License-Identifier: LGPL-2.1-or-later
// Linux as the payload, without a BIOS: by the kernel's own 32-bit entry.
// Reference: Linux kernel documentation, The Linux/x86 Boot Protocol (arch/x86/boot), section
// '32-bit Boot Protocol'; The Zero Page.
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/linuxbios_table.h"
#include "firmware/common/lz4.h"
#include "firmware/common/memory.h"
#include "firmware/common/post_codes.h"
#include "firmware/linuxbios/payload.h"

// Where things go in conventional memory.
enum { BOOT_PARAMETERS = 0x10000, COMMAND_LINE = 0x11000, COMMAND_LINE_ROOM = 0x1000 };
// In the file's first sector, and at the same offsets in the zero page.
enum {
  SETUP_SECTORS = 0x1f1,
  BOOT_FLAG = 0x1fe,
  HEADER_END = 0x201,  // + 202h
  SIGNATURE = 0x202,
  VERSION = 0x206,
  LOADER_TYPE = 0x210,
  LOAD_FLAGS = 0x211,
  ENTRY = 0x214,
  INITRD_ADDRESS = 0x218,
  INITRD_SIZE = 0x21c,
  COMMAND_LINE_ADDRESS = 0x228,
  INITRD_LAST = 0x22c,
  INIT_SIZE = 0x260,
  // The zero page's own.
  ACPI_RSDP = 0x070,
  E820_COUNT = 0x1e8,
  E820_TABLE = 0x2d0
};
#define HDRS 0x53726448u
enum { LOADED_HIGH = 1, LOADER_UNKNOWN = 0xff, E820_MOST = 128 };
enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4 };

static uint16_t get16(const uint8_t* at) {
  return (uint16_t)(at[0] | at[1] << 8);
}
static uint32_t get32(const uint8_t* at) {
  return get16(at) | (uint32_t)get16(at + 2) << 16;
}
static void put32(uint8_t* at, uint32_t value) {
  memcpy(at, &value, sizeof value);
}

// The LinuxBIOS table's memory map in the kernel's terms. The tables in low memory are not worth a
// hole: who reads them has done so when memory is used.
static unsigned memory_map(uint8_t* to) {
  const LbHeader* const table = lb_find();
  const LbRecord* const record = table != NULL ? lb_record(table, LB_MEMORY) : NULL;
  if (record == NULL) return 0;
  const unsigned ranges = (record->size - (uint32_t)sizeof *record) / (uint32_t)sizeof(LbRange);
  const LbRange* range = (const LbRange*)(record + 1);
  unsigned count = 0;
  for (unsigned i = 0; i < ranges && count < E820_MOST; ++i, ++range) {
    LbRange entry = *range;
    const bool low = range->type == LB_TABLE && range->start + range->size <= 0x1000;
    entry.type = range->type == LB_RAM || low ? E820_RAM
                 : range->type == LB_ACPI     ? E820_ACPI
                 : range->type == LB_NVS      ? E820_NVS
                                              : E820_RESERVED;
    memcpy(to + count * sizeof entry, &entry, sizeof entry);
    ++count;
  }
  return count;
}

// name + suffix, cut off where it does not fit a ROM entry's name.
static const RomEntry* companion(const RomEntry* entry, const char* suffix) {
  char name[sizeof entry->name];
  unsigned length = 0;
  for (const char* p = entry->name; *p != 0; ++p) name[length++] = *p;
  while (*suffix != 0 && length + 1 < sizeof name) name[length++] = *suffix++;
  name[length] = 0;
  return rom_find(name);
}

// The initial RAM disk, if there is one, to the end of memory between `from` and `to`.
static const char* read_initrd(const RomEntry* entry, const Memory* memory, uint64_t from,
                               uint64_t to, uint32_t* address, uint32_t* size) {
  const RomEntry* const initrd = companion(entry, ".initrd");
  if (initrd == NULL) return NULL;
  if (to > payload_top(memory)) to = payload_top(memory);
  if (initrd->size > to || to - initrd->size < from + 0x1000) {
    return "too little memory for its initrd";
  }
  *address = (uint32_t)(to - initrd->size) & ~0xfffu;
  *size = initrd->size;
  const char* const problem = rom_read(initrd, (void*)*address);
  if (problem == NULL) return NULL;
  print("ROM: %s: %s\n", initrd->name, problem);
  return "its initrd cannot be read";
}

static const char* read_command_line(const RomEntry* entry) {
  char* const line = (char*)COMMAND_LINE;
  line[0] = 0;
  const RomEntry* const words = companion(entry, ".cmdline");
  if (words == NULL) return NULL;
  const char* const problem = words->size < COMMAND_LINE_ROOM ? rom_read(words, line) : "too long";
  if (problem == NULL) {
    line[words->size] = 0;
    return NULL;
  }
  print("ROM: %s: %s\n", words->name, problem);
  return "its command line cannot be read";
}

// `parameters` in the register of either protocol.
static void __attribute__((noreturn)) enter(uint32_t entry, uint32_t parameters) {
  static const uint64_t gdt[4] = {0, 0, 0x00cf9b000000ffffu, 0x00cf93000000ffffu};
  const struct __attribute__((packed)) {
    uint16_t limit;
    const uint64_t* base;
  } pointer = {sizeof gdt - 1, gdt};
  // CS 10h and DS, ES, SS 18h, both flat, are the protocol's.
  __asm__ volatile(
      "cli\n\tlgdt %0\n\tpushl $0x10\n\tpushl $1f\n\tlret\n1:\n\tmovw $0x18, %%ax\n\t"
      "movw %%ax, %%ds\n\tmovw %%ax, %%es\n\tmovw %%ax, %%ss\n\tmovw %%ax, %%fs\n\t"
      "movw %%ax, %%gs\n\tmovl %%esi, %%ebx\n\txorl %%edi, %%edi\n\tpushl %%ecx\n\t"
      "xorl %%ebp, %%ebp\n\tret"
      :
      : "m"(pointer), "c"(entry), "S"(parameters)
      : "eax", "memory");
  __builtin_unreachable();
}

const char* start_linux(const RomEntry* entry, const Memory* memory) {
  const uint8_t* const file = rom_body(entry);
  if (entry->packing != ROM_PLAIN) return "a kernel packed once more";
  if (entry->size < 0x1000 || get16(file + BOOT_FLAG) != 0xaa55 || get32(file + SIGNATURE) != HDRS)
    return "no Linux kernel";
  if (get16(file + VERSION) < 0x206 || (file[LOAD_FLAGS] & LOADED_HIGH) == 0)
    return "a Linux kernel from before boot protocol 2.06";
  const uint32_t setup = (file[SETUP_SECTORS] != 0 ? file[SETUP_SECTORS] + 1u : 5u) * 512;
  if (setup >= entry->size) return "the kernel ends within its setup code";
  const uint32_t to = get32(file + ENTRY), size = entry->size - setup;
  uint32_t room = size;
  if (get16(file + VERSION) >= 0x20a && get32(file + INIT_SIZE) > room)
    room = get32(file + INIT_SIZE);
  if (!payload_has_memory(memory, to, room)) return "too little memory for this kernel";

  uint8_t* const page = (uint8_t*)BOOT_PARAMETERS;
  memset(page, 0, 0x1000);
  const unsigned header_end = SIGNATURE + file[HEADER_END];
  memcpy(page + SETUP_SECTORS, file + SETUP_SECTORS, header_end - SETUP_SECTORS);
  page[LOADER_TYPE] = LOADER_UNKNOWN;
  page[E820_COUNT] = (uint8_t)memory_map(page + E820_TABLE);
  if (memory->acpi != 0) put32(page + ACPI_RSDP, memory->acpi);

  uint32_t initrd = 0, initrd_size = 0;
  const char* problem = read_initrd(entry, memory, (uint64_t)to + room,
                                    (uint64_t)get32(file + INITRD_LAST) + 1, &initrd, &initrd_size);
  if (problem == NULL) problem = read_command_line(entry);
  if (problem != NULL) return problem;
  put32(page + INITRD_ADDRESS, initrd);
  put32(page + INITRD_SIZE, initrd_size);
  put32(page + COMMAND_LINE_ADDRESS, COMMAND_LINE);
  memcpy((void*)to, file + setup, size);
  print("Payload '%s': Linux, %u bytes, entry %08x: %s\n", entry->name, size, to,
        (const char*)COMMAND_LINE);
  post_code(POST_PAYLOAD);
  enter(to, BOOT_PARAMETERS);
}

// Reference: Xen, x86/HVM direct boot ABI (PVH), version 1 of the start info.
typedef struct {
  uint64_t address, size, command_line, reserved;
} PvhModule;

typedef struct {
  uint64_t address, size;
  uint32_t type, reserved;
} PvhRange;

typedef struct {
  uint32_t magic, version, flags, modules;
  uint64_t module_list, command_line, rsdp, memory_map;
  uint32_t ranges, reserved;
} PvhStart;
_Static_assert(sizeof(PvhStart) == 56, "as published");
#define PVH_MAGIC 0x336ec578u
enum { PVH_START = BOOT_PARAMETERS, PVH_RANGES = COMMAND_LINE + COMMAND_LINE_ROOM };

const char* start_linux_image(const RomEntry* entry, const Memory* memory) {
  const RomLinuxImage* const image = (const RomLinuxImage*)rom_body(entry);
  if (entry->packing != ROM_LZ4 || entry->stored <= sizeof *image) return "no Linux image";
  const uint64_t end = (uint64_t)image->load + entry->size;
  if (image->load < 0x100000 || !payload_has_memory(memory, image->load, entry->size))
    return "too little memory for this kernel";

  PvhModule* const module = (PvhModule*)(PVH_START + sizeof(PvhStart));
  PvhStart* const start = (PvhStart*)PVH_START;
  memset(start, 0, sizeof *start + sizeof *module);
  uint32_t initrd = 0, initrd_size = 0;
  const char* problem = read_initrd(entry, memory, end, payload_top(memory), &initrd, &initrd_size);
  if (problem == NULL) problem = read_command_line(entry);
  if (problem == NULL) {
    problem = lz4_unpack((void*)image->load, entry->size, image + 1,
                         entry->stored - (uint32_t)sizeof *image);
  }
  if (problem != NULL) return problem;

  uint8_t map[E820_MOST * sizeof(LbRange)];
  start->magic = PVH_MAGIC;
  start->version = 1;
  start->command_line = COMMAND_LINE;
  start->rsdp = memory->acpi;
  start->memory_map = PVH_RANGES;
  start->ranges = memory_map(map);
  PvhRange* const ranges = (PvhRange*)PVH_RANGES;
  for (unsigned i = 0; i < start->ranges; ++i) {
    const LbRange* const range = (const LbRange*)map + i;
    const PvhRange value = {range->start, range->size, range->type, 0};
    ranges[i] = value;
  }
  if (initrd_size != 0) {
    start->modules = 1;
    start->module_list = (uintptr_t)module;
    module->address = initrd;
    module->size = initrd_size;
  }
  print("Payload '%s': Linux, %u bytes, PVH entry %08x: %s\n", entry->name, entry->size,
        image->entry, (const char*)COMMAND_LINE);
  post_code(POST_PAYLOAD);
  enter(image->entry, PVH_START);
}
