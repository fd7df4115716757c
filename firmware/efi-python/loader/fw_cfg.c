// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: QEMU's docs/specs/fw_cfg.
#include "firmware/efi-python/loader/fw_cfg.h"

#include "firmware/efi-python/loader/machine.h"
#include "firmware/efi-python/loader/runtime.h"

enum { kSelector = 0x510, kData = 0x511, kSignature = 0x00, kDirectory = 0x19, kNameBytes = 56 };

static void read_bytes(void* to, uint64_t bytes) {
  for (uint8_t* out = to; bytes != 0; --bytes) *out++ = in_byte(kData);
}

static uint32_t read_number(unsigned bytes) {
  uint32_t value = 0;
  while (bytes-- != 0) value = value << 8 | in_byte(kData);
  return value;
}

// Ports must not be touched where they may be something else's: only OVMF, whose own configuration
// comes from there, calls itself this.
static bool may_look(void) {
  static const EfiChar kVendor[] = {'E', 'D', 'K', ' ', 'I', 'I', 0};
  const EfiChar* const vendor = firmware.system->firmware_vendor;
  for (unsigned i = 0; i < sizeof kVendor / sizeof kVendor[0]; ++i) {
    if (vendor == NULL || vendor[i] != kVendor[i]) return false;
  }
  return true;
}

int64_t fw_cfg_read(const char* name, void* to, uint64_t bytes) {
  char signature[4];
  if (!may_look()) return -1;
  out_word(kSelector, kSignature);
  read_bytes(signature, sizeof signature);
  if (memcmp(signature, "QEMU", sizeof signature) != 0) return -1;
  out_word(kSelector, kDirectory);
  for (uint32_t left = read_number(4); left != 0; --left) {
    char found[kNameBytes + 1] = {0};
    const uint32_t size = read_number(4), key = read_number(2);
    read_number(2);
    read_bytes(found, kNameBytes);
    if (strcmp(found, name) != 0) continue;
    const uint64_t count = size < bytes ? size : bytes;
    out_word(kSelector, (uint16_t)key);
    read_bytes(to, count);
    return (int64_t)count;
  }
  return -1;
}
