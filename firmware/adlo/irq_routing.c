// SPDX-License-Identifier: LGPL-2.1-or-later
// The board's interrupt routing, where the BIOS looks for it.
#include "firmware/adlo/adlo.h"
#include "firmware/common/console.h"
#include "firmware/common/memory.h"

// A BIOS that has a $PIR of its own reads it by address, so the board's entries replace what stands
// there: as many as the BIOS's code expects, the rest as slots with nothing connected. When the
// board has more, because there are bridges, systems find the whole table in a gap of the BIOS, and
// the BIOS's own is not to be found any more.
void pir_install(const PirTable* board) {
  const unsigned wanted = pir_entries(board);
  PirTable* const bios = pir_find(0xf0000, 0x100000);
  const unsigned room = bios == NULL ? 0 : pir_entries(bios);
  if (bios != NULL) {
    const uint16_t size = bios->size;
    const unsigned kept = wanted < room ? wanted : room;
    memcpy(bios, board, sizeof *bios);
    bios->size = size;
    memset(bios->entry, 0, room * sizeof(PirEntry));
    memcpy(bios->entry, board->entry, kept * sizeof(PirEntry));
    pir_seal(bios);
  }
  const PirTable* found = bios;
  if (wanted > room) {
    const uint32_t to = bios_gap(board->size);
    if (to != 0) {
      memcpy((void*)to, board, board->size);
      if (bios != NULL) bios->signature = 0;
      found = (const PirTable*)to;
    }
  }
  if (found == NULL) {
    print("ADLO: the BIOS has no $PIR, and no gap for one\n");
  } else {
    print("ADLO: $PIR, %u of %u entries at %05x\n", found == bios && room < wanted ? room : wanted,
          wanted, (uint32_t)(uintptr_t)found);
  }
}
