// SPDX-License-Identifier: LGPL-2.1-or-later
// The pointers that systems search the BIOS's segment for.
// Reference: Intel MultiProcessor Specification 1.4, section 4.1; ACPI 3.0, section 5.2.5.
#include "firmware/adlo/adlo.h"
#include "firmware/common/checksum.h"
#include "firmware/common/console.h"
#include "firmware/common/memory.h"

enum { FIRST = 0xf0000, END = 0x100000, STEP = 16, MARGIN = 64 };

typedef struct {
  const char* signature;
  const char* name;
  uint32_t size;
  uint8_t bytes[32];
  bool kept;
} Pointer;

static Pointer pointers[2] = {{"_MP_", "MP table", 16, {0}, false},
                              {"RSD PTR ", "ACPI", 20, {0}, false}};

static const uint8_t* find(const Pointer* pointer) {
  for (uint32_t at = FIRST; at < END; at += STEP) {
    const uint8_t* const here = (const uint8_t*)at;
    if (memcmp(here, pointer->signature, strlen(pointer->signature)) == 0 &&
        byte_checksum(here, pointer->size) == 0) {
      return here;
    }
  }
  return NULL;
}

void pointers_keep(void) {
  for (unsigned i = 0; i < 2; ++i) {
    const uint8_t* const found = find(&pointers[i]);
    pointers[i].kept = found != NULL;
    if (found != NULL) memcpy(pointers[i].bytes, found, pointers[i].size);
  }
}

// In the middle of the longest run of 00h in the BIOS: nobody's code and nobody's variable, as far
// as one can see from outside.
uint32_t bios_gap(uint32_t size) {
  uint32_t best = 0, best_size = 0, start = FIRST;
  for (uint32_t at = FIRST; at <= END; ++at) {
    if (at < END && *(const uint8_t*)at == 0) continue;
    if (at - start > best_size) {
      best = start;
      best_size = at - start;
    }
    start = at + 1;
  }
  if (best_size < size + 2 * MARGIN + STEP) return 0;
  return (best + (best_size - size) / 2) & ~(uint32_t)(STEP - 1);
}

void pointers_install(void) {
  for (unsigned i = 0; i < 2; ++i) {
    Pointer* const pointer = &pointers[i];
    if (!pointer->kept || find(pointer) != NULL) continue;  // the BIOS may have its own
    const uint32_t to = bios_gap(pointer->size);
    if (to == 0) {
      print("ADLO: the BIOS has no gap for the pointer to %s\n", pointer->name);
      continue;
    }
    memcpy((void*)to, pointer->bytes, pointer->size);
    print("ADLO: %s, pointer at %05x\n", pointer->name, to);
  }
}
