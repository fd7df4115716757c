// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/pir.h"

#include <stddef.h>

static uint8_t byte_sum(const PirTable* table) {
  uint8_t sum = 0;
  for (unsigned i = 0; i < table->size; ++i) sum += ((const uint8_t*)table)[i];
  return sum;
}

void pir_seal(PirTable* table) {
  table->checksum = 0;
  table->checksum = (uint8_t)-byte_sum(table);
}

PirTable* pir_find(uintptr_t from, uintptr_t to) {
  for (uintptr_t at = from; at + sizeof(PirTable) <= to; at += 16) {
    PirTable* table = (PirTable*)at;
    if (table->signature != PIR_SIGNATURE || table->version != 0x100) continue;
    if (table->size < sizeof *table || table->size % 16 != 0 || table->size > to - at) continue;
    if (byte_sum(table) == 0) return table;
  }
  return NULL;
}
