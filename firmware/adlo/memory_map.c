// SPDX-License-Identifier: LGPL-2.1-or-later
// From the LinuxBIOS memory map to the figures of a PC BIOS.
#include "firmware/adlo/adlo.h"

static uint64_t end_of(const LbRange* range) {
  return range->start + range->size;
}

BiosMemory memory_from_table(const LbHeader* table) {
  BiosMemory memory = {0, 0, 0};
  const LbRecord* const record = lb_record(table, LB_MEMORY);
  if (record == NULL) return memory;
  const LbRange* const ranges = (const LbRange*)(record + 1);
  const unsigned count = (record->size - (uint32_t)sizeof *record) / (uint32_t)sizeof *ranges;
  // What lies below 1000h is the BIOS's in any case. The tables at the top of memory stay, for the
  // system that boots. Ranges may come in any order: the end moves on until none continues it.
  uint64_t base = 0, extended = 0x100000;
  for (unsigned pass = 0; pass < count; ++pass) {
    for (unsigned i = 0; i < count; ++i) {
      const bool low_table = ranges[i].type == LB_TABLE && end_of(&ranges[i]) <= 0x1000;
      if (ranges[i].type != LB_RAM && !low_table) continue;
      if (ranges[i].start <= base && end_of(&ranges[i]) > base && end_of(&ranges[i]) <= 0xa0000) {
        base = end_of(&ranges[i]);
      }
      if (ranges[i].start <= extended && end_of(&ranges[i]) > extended &&
          ranges[i].start >= 0x100000 && end_of(&ranges[i]) <= 0x100000000u) {
        extended = end_of(&ranges[i]);
      }
    }
  }
  for (unsigned i = 0; i < count; ++i) {
    if (ranges[i].type == LB_RAM && ranges[i].start >= 0x100000000u)
      memory.above_4g += ranges[i].size;
  }
  memory.base_kb = (uint32_t)(base >> 10);
  memory.extended_kb = (uint32_t)((extended - 0x100000) >> 10);
  return memory;
}
