// SPDX-License-Identifier: LGPL-2.1-or-later
// Shadow RAM by the i440FX's programmable attribute map.
// Reference: Intel 290549-001 (82441FX), section 3.2.18.
#include "firmware/adlo/adlo.h"
#include "firmware/common/console.h"
#include "firmware/common/i440fx.h"
#include "firmware/common/pci.h"
#include "firmware/common/post_codes.h"

// PAM0 has F0000-FFFFF in its high nibble; PAM1 to PAM6 have 16 KB from C0000 in each nibble.
static void set_nibble(unsigned offset, bool high, unsigned access) {
  const uint8_t old = pci_read8(I440FX_ADDRESS, offset);
  const unsigned shift = high ? 4 : 0;
  pci_write8(I440FX_ADDRESS, offset, (uint8_t)((old & ~(3u << shift)) | access << shift));
}

void shadow_set(uint32_t start, uint32_t end, unsigned access) {
  if (pci_read32(I440FX_ADDRESS, PCI_VENDOR) != I440FX_IDENTIFIER) {
    die(POST_NO_SHADOW, "ADLO: this host bridge's shadow RAM is not known");
  }
  for (uint32_t at = start; at < end && at < 0xf0000; at += 0x4000) {
    const unsigned segment = (at - 0xc0000) / 0x4000;
    set_nibble(I440FX_PAM1 + segment / 2, segment % 2 != 0, access);
  }
  if (end > 0xf0000) set_nibble(I440FX_PAM0, true, access);
}
