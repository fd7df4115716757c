// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 section 37.5; Intel SDM vol. 1 section 7.3.17.
#include "firmware/efi-python/loader/random.h"

#include "firmware/efi-python/loader/machine.h"
#include "firmware/efi-python/loader/runtime.h"

static EfiRng* generator;
static bool has_instruction;

void random_start(void) {
  static const EfiGuid kRng = EFI_RNG_GUID;
  void* found = NULL;
  if (firmware.boot->locate_protocol(&kRng, NULL, &found) == 0) generator = found;
  uint32_t leaf[4];
  cpuid(1, leaf);
  has_instruction = (leaf[2] & 1u << 30) != 0;
}

bool random_available(void) {
  return generator != NULL || has_instruction;
}

static bool read_instruction(uint64_t* value) {
  enum { kTries = 10 };  // what the SDM recommends
  for (unsigned i = 0; i < kTries; ++i) {
    uint8_t good;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(good) : : "cc");
    if (good != 0) return true;
  }
  return false;
}

bool random_fill(void* to, uint64_t bytes) {
  if (bytes == 0) return true;
  if (generator != NULL && generator->get_rng(generator, NULL, bytes, to) == 0) return true;
  if (!has_instruction) return false;
  for (uint8_t* out = to; bytes != 0;) {
    uint64_t value;
    if (!read_instruction(&value)) return false;
    const uint64_t count = bytes < sizeof value ? bytes : sizeof value;
    memcpy(out, &value, count);
    out += count;
    bytes -= count;
  }
  return true;
}
