// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/romfs.h"

#include "firmware/common/console.h"
#include "firmware/common/lz4.h"
#include "firmware/common/lzma.h"
#include "firmware/common/memory.h"

static const char kMagic[8] = {'R', 'O', 'M', 'E', 'N', 'T', 'R', 'Y'};

static uint32_t trailer(unsigned offset) {
  return *(const volatile uint32_t*)(0xfffffff0u + offset);
}

bool rom_present(void) {
  const uint32_t start = trailer(ROM_TRAILER_START), end = trailer(ROM_TRAILER_END);
  return start >= 0u - (uint32_t)ROM_LARGEST && start % ROM_ENTRY_ALIGNMENT == 0 && end >= start &&
         end < 0xffffff00u;
}

static bool header_good(const RomEntry* entry) {
  const uint32_t* const words = (const uint32_t*)entry;
  uint32_t sum = 0;
  for (unsigned i = 0; i < sizeof *entry / 4; ++i) sum += words[i];
  return sum == 0 && entry->name[sizeof entry->name - 1] == 0;
}

const RomEntry* rom_next(const RomEntry* after, bool complain) {
  if (!rom_present()) return NULL;
  const uint32_t end = trailer(ROM_TRAILER_END);
  uint32_t at = trailer(ROM_TRAILER_START);
  if (after != NULL) {
    at = (uint32_t)(uintptr_t)after + (uint32_t)sizeof *after;
    // A size beyond the end is found out by rom_check; the search goes on behind the header.
    if (after->stored <= end - at) at += after->stored;
    at = (at + ROM_ENTRY_ALIGNMENT - 1) & ~(uint32_t)(ROM_ENTRY_ALIGNMENT - 1);
  }
  for (; at < end && end - at >= sizeof(RomEntry); at += ROM_ENTRY_ALIGNMENT) {
    const RomEntry* const entry = (const RomEntry*)at;
    if (memcmp(entry->magic, kMagic, sizeof kMagic) != 0) continue;
    if (header_good(entry)) return entry;
    if (complain) print("ROM: entry at %08x: bad header checksum; passed over\n", at);
  }
  return NULL;
}

static bool same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

const RomEntry* rom_find(const char* name) {
  const RomEntry* entry = NULL;
  while ((entry = rom_next(entry, false)) != NULL) {
    if (same(entry->name, name)) return entry;
  }
  return NULL;
}

static uint32_t crc32(const uint8_t* bytes, uint32_t size) {
  static uint32_t table[256];
  if (table[1] == 0) {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (unsigned b = 0; b < 8; ++b) value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320u : 0);
      table[i] = value;
    }
  }
  uint32_t crc = 0xffffffffu;
  for (; size > 0; --size) crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
  return ~crc;
}

const char* rom_check(const RomEntry* entry) {
  const uint32_t body = (uint32_t)(uintptr_t)rom_body(entry), end = trailer(ROM_TRAILER_END);
  if (entry->stored > end - body) return "cut off by the end of the ROM";
  if (entry->packing == ROM_PLAIN ? entry->stored != entry->size : entry->packing > ROM_LZ4) {
    return "packed in a way that is not known";
  }
  return crc32(rom_body(entry), entry->stored) == entry->crc ? NULL : "bad checksum";
}

const char* rom_read(const RomEntry* entry, void* to) {
  const char* const problem = rom_check(entry);
  if (problem != NULL) return problem;
  if (entry->packing == ROM_LZMA) {
    return lzma_unpack(to, entry->size, rom_body(entry), entry->stored);
  }
  if (entry->packing == ROM_LZ4) {
    return lz4_unpack(to, entry->size, rom_body(entry), entry->stored);
  }
  memcpy(to, rom_body(entry), entry->size);
  return NULL;
}

bool rom_option(const char* name, char* value, unsigned room) {
  const RomEntry* const entry = rom_find("options");
  if (entry == NULL || entry->packing != ROM_PLAIN || rom_check(entry) != NULL) return false;
  const char *at = (const char*)rom_body(entry), *const end = at + entry->size;
  while (at < end) {
    const char* n = name;
    while (at < end && *n != 0 && *at == *n) ++at, ++n;
    if (*n == 0 && at < end && *at == '=') {
      for (++at; at < end && *at != '\n' && room > 1; --room) *value++ = *at++;
      *value = 0;
      return true;
    }
    while (at < end && *at != '\n') ++at;
    ++at;
  }
  return false;
}

bool rom_option_is(const char* name, const char* value) {
  char text[32];
  return rom_option(name, text, sizeof text) && same(text, value);
}
