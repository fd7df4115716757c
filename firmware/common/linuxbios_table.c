// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/linuxbios_table.h"

#include <stdbool.h>

uint16_t lb_checksum(const void* data, size_t size) {
  const uint8_t* bytes = data;
  uint32_t sum = 0;
  for (size_t i = 0; i < size; ++i) {
    sum += (i & 1) != 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return (uint16_t)~sum;
}

static bool good(const LbHeader* header) {
  if (header->signature != LB_SIGNATURE || header->header_bytes != sizeof *header) return false;
  if (header->table_bytes > 0x10000 || lb_checksum(header, sizeof *header) != 0) return false;
  return lb_checksum(header + 1, header->table_bytes) == header->table_checksum;
}

static const LbHeader* search(uintptr_t from, uintptr_t to) {
  for (uintptr_t at = from; at + sizeof(LbHeader) <= to; at += 16) {
    // The compiler must not think of what stands at address 0.
    const LbHeader* header;
    __asm__("" : "=r"(header) : "0"(at));
    if (good(header)) return header;
  }
  return NULL;
}

const LbHeader* lb_find(void) {
  const LbHeader* header = search(0, 0x1000);
  if (header == NULL) header = search(0xf0000, 0x100000);
  // A chain longer than this is a loop.
  for (unsigned hops = 0; header != NULL && hops < 4; ++hops) {
    const LbRecord* forward = lb_record(header, LB_FORWARD);
    if (forward == NULL) return header;
    const uint64_t address = *(const uint64_t*)(forward + 1);
    const LbHeader* next = (const LbHeader*)(uintptr_t)address;
    header = address < 0x100000000u && good(next) ? next : NULL;
  }
  return NULL;
}

const LbRecord* lb_record(const LbHeader* header, uint32_t tag) {
  const uint8_t* const start = (const uint8_t*)(header + 1);
  uint32_t offset = 0;
  for (uint32_t i = 0; i < header->table_entries; ++i) {
    if (offset + sizeof(LbRecord) > header->table_bytes) break;
    const LbRecord* record = (const LbRecord*)(start + offset);
    if (record->size < sizeof *record || record->size > header->table_bytes - offset) break;
    if (record->tag == tag) return record;
    offset += record->size;
  }
  return NULL;
}
