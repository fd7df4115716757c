// SPDX-License-Identifier: LGPL-2.1-or-later
// LinuxBIOS's memory map as INT 15h E820 has it, in the table of e820_rom.asm.
#include "firmware/adlo/adlo.h"
#include "firmware/common/console.h"

enum { MOST = 16 };

typedef struct __attribute__((packed)) {
  uint64_t start, size;
  uint32_t type;
} E820Entry;

extern uint8_t e820_rom[], e820_rom_end[];
extern uint32_t e820_rom_count;
extern E820Entry e820_rom_entries[MOST];

static void add(uint64_t start, uint64_t end, uint32_t type) {
  E820Entry* const last = &e820_rom_entries[e820_rom_count - 1];
  if (e820_rom_count > 0 && last->type == type && last->start + last->size == start) {
    last->size += end - start;
  } else if (e820_rom_count < MOST) {
    const E820Entry entry = {start, end - start, type};
    e820_rom_entries[e820_rom_count++] = entry;
  }
}

// Memory, and what ACPI has of it. What firmware keeps for itself is no memory, and is left out, as
// LinuxBIOS's own ports of Linux had it.
uint8_t* e820_rom_make(const LbHeader* table, uint32_t* size) {
  const LbRecord* const record = lb_record(table, LB_MEMORY);
  const LbRange* range = (const LbRange*)(record + 1);
  const unsigned ranges = (record->size - (uint32_t)sizeof *record) / (uint32_t)sizeof *range;
  e820_rom_count = 0;
  for (unsigned i = 0; i < ranges; ++i, ++range) {
    const uint64_t end = range->start + range->size;
    // Interrupt vectors and BIOS data are memory to everybody.
    const bool low = range->type == LB_TABLE && end <= 0x1000;
    if (range->type == LB_RAM || low) add(range->start, end, LB_RAM);
    if (range->type == LB_ACPI || range->type == LB_NVS) add(range->start, end, range->type);
  }
  *size = (uint32_t)(e820_rom_end - e820_rom);
  return e820_rom;
}
