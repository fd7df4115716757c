// SPDX-License-Identifier: LGPL-2.1-or-later
// ADLO, the adhesive loader: makes a PC BIOS feel at home on what LinuxBIOS leaves. It puts BIOS
// and VGA BIOS into shadow RAM, turns the LinuxBIOS table into CMOS bytes and $PIR, and starts the
// BIOS.
#include "firmware/adlo/adlo.h"
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/memory.h"
#include "firmware/common/post_codes.h"
#include "firmware/common/romfs.h"
#include "firmware/common/version.h"

enum { BIOS_END = 0x100000, LARGEST_BIOS = 0x20000 };
// The BIOS's fixed entry point for interrupts that nobody handles: one IRET.
enum { DUMMY_HANDLER = 0xfff53, IRET = 0xcf };
enum { MAX_PIR = 1024 };

static uint8_t board_pir[MAX_PIR];

void install(uint32_t to, const uint8_t* from, uint32_t size, const char* name) {
  memcpy((void*)to, from, size);
  if (memcmp((void*)to, from, size) != 0) {
    die(POST_NO_SHADOW, "ADLO: shadow RAM does not hold what is written");
  }
  print("ADLO: %s, %u bytes at %05x\n", name, size, to);
}

// Opens shadow RAM for the BIOS and copies it there; returns where it begins.
static uint32_t install_bios(void) {
  const RomEntry* const entry = rom_find("bios");
  if (entry == NULL) die(POST_NO_BIOS, "ADLO: no entry 'bios' in this ROM");
  if (entry->size > LARGEST_BIOS || entry->size == 0 || entry->size % SHADOW_GRANULE != 0) {
    print("ADLO: bios: %u bytes\n", entry->size);
    die(POST_BIOS_DAMAGED, "ADLO: a BIOS is 16 to 128 KB, in steps of 16 KB");
  }
  uint8_t* const scratch = (uint8_t*)SCRATCH;
  const char* const problem = rom_read(entry, scratch);
  if (problem != NULL) {
    print("ADLO: bios: %s\n", problem);
    die(POST_BIOS_DAMAGED, "ADLO: the BIOS cannot be read from the ROM");
  }
  const uint32_t start = BIOS_END - entry->size;
  shadow_set(start, BIOS_END, SHADOW_READ | SHADOW_WRITE);
  install(start, scratch, entry->size, "BIOS");
  if (*(const uint8_t*)DUMMY_HANDLER != IRET) {
    die(POST_NOT_A_BIOS, "ADLO: this BIOS has no IRET at F000:FF53");
  }
  return start;
}

void adlo_main(void);

void adlo_main(void) {
  post_code(POST_ADLO);
  console_init();
  print("\nADLO %s\n", FIRMWARE_VERSION);
  const LbHeader* const table = lb_find();
  if (table == NULL) die(POST_NO_TABLE, "ADLO: no LinuxBIOS table");
  const BiosMemory memory = memory_from_table(table);
  if (memory.base_kb == 0) {
    die(POST_NO_MEMORY_MAP, "ADLO: the LinuxBIOS table has no memory map");
  }
  print("ADLO: LinuxBIOS table at %x: %u KB base, %u KB extended memory\n",
        (uint32_t)(uintptr_t)table, memory.base_kb, memory.extended_kb);

  // The board's routing table stands where the BIOS will be.
  const PirTable* const found = pir_find(0xf0000, BIOS_END);
  const bool has_pir = found != NULL && found->size <= MAX_PIR;
  if (has_pir) memcpy(board_pir, found, found->size);

  pointers_keep();

  post_code(POST_ADLO_SHADOW);
  const uint32_t bios = install_bios();
  if (has_pir) pir_install((const PirTable*)board_pir);
  pointers_install();
  option_roms_install(bios, table);
  shadow_set(bios, BIOS_END, SHADOW_READ);

  post_code(POST_ADLO_CMOS);
  AtaDrive drives[ATA_DRIVES];
  for (unsigned i = 0; i < ATA_DRIVES; ++i) {
    drives[i].kind = ATA_NONE;
    if (ata_wait_ready(i / 2) != ATA_TIMED_OUT) ata_identify(i, &drives[i]);
  }
  cmos_install(&memory, drives);
  print("ADLO: starting the BIOS\n");
  post_code(POST_ADLO_BIOS);
}
