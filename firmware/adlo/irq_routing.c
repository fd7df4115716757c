// SPDX-License-Identifier: LGPL-2.1-or-later
// The board's interrupt routing, where the BIOS looks for it.
#include "firmware/adlo/adlo.h"
#include "firmware/common/console.h"
#include "firmware/common/memory.h"

// A BIOS that has a $PIR of its own reads it by address, so the board's entries replace what stands
// there: as many as the BIOS's code expects, the rest as slots with nothing connected.
void pir_install(const PirTable* board) {
  PirTable* const bios = pir_find(0xf0000, 0x100000);
  if (bios == NULL) {
    print("ADLO: the BIOS has no $PIR\n");
    return;
  }
  const unsigned room = pir_entries(bios), wanted = pir_entries(board);
  if (wanted > room) {
    print("ADLO: the BIOS has room for %u $PIR entries, the board has %u\n", room, wanted);
    return;
  }
  const uint16_t size = bios->size;
  memcpy(bios, board, sizeof *bios);
  bios->size = size;
  memset(bios->entry, 0, room * sizeof(PirEntry));
  memcpy(bios->entry, board->entry, wanted * sizeof(PirEntry));
  pir_seal(bios);
  print("ADLO: $PIR, %u entries at %05x\n", wanted, (uint32_t)(uintptr_t)bios);
}
