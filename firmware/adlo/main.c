// SPDX-License-Identifier: LGPL-2.1-or-later
// ADLO, the adhesive loader: makes a PC BIOS feel at home on what LinuxBIOS leaves. It puts BIOS
// and VGA BIOS into shadow RAM, turns the LinuxBIOS table into CMOS bytes and $PIR, and starts the
// BIOS.
#include "firmware/adlo/adlo.h"
#include "firmware/common/console.h"
#include "firmware/common/i440fx.h"
#include "firmware/common/io.h"
#include "firmware/common/memory.h"
#include "firmware/common/version.h"

enum { BIOS_END = 0x100000, VGA_BIOS = 0xc0000, SHADOW_GRANULE = 0x4000 };
// The BIOS's fixed entry point for interrupts that nobody handles: one IRET.
enum { DUMMY_HANDLER = 0xfff53, IRET = 0xcf };
enum { MAX_PIR = 1024 };

extern const uint8_t bios_start[], bios_end[], vga_bios_start[], vga_bios_end[];

static uint8_t board_pir[MAX_PIR];

static void install(uint32_t to, const uint8_t* from, uint32_t size, const char* name) {
  memcpy((void*)to, from, size);
  if (memcmp((void*)to, from, size) != 0) die("ADLO: shadow RAM does not hold what is written");
  print("ADLO: %s, %u bytes at %05x\n", name, size, to);
}

void adlo_main(void);

void adlo_main(void) {
  post_code(0x40);
  console_init();
  print("\nADLO %s\n", FIRMWARE_VERSION);
  const LbHeader* const table = lb_find();
  if (table == NULL) die("ADLO: no LinuxBIOS table");
  const BiosMemory memory = memory_from_table(table);
  if (memory.base_kb == 0) die("ADLO: the LinuxBIOS table has no memory map");
  print("ADLO: LinuxBIOS table at %x: %u KB base, %u KB extended memory\n",
        (uint32_t)(uintptr_t)table, memory.base_kb, memory.extended_kb);

  // The board's routing table stands where the BIOS will be.
  const PirTable* const found = pir_find(0xf0000, BIOS_END);
  const bool has_pir = found != NULL && found->size <= MAX_PIR;
  if (has_pir) memcpy(board_pir, found, found->size);

  post_code(0x41);
  const uint32_t bios_size = (uint32_t)(bios_end - bios_start);
  const uint32_t vga_size = (uint32_t)(vga_bios_end - vga_bios_start);
  const uint32_t bios = BIOS_END - bios_size;
  const uint32_t vga_end =
      (VGA_BIOS + vga_size + SHADOW_GRANULE - 1) & ~(uint32_t)(SHADOW_GRANULE - 1);
  shadow_set(bios, BIOS_END, SHADOW_READ | SHADOW_WRITE);
  shadow_set(VGA_BIOS, vga_end, SHADOW_READ | SHADOW_WRITE);
  // A reader of option ROMs must find nothing between the image and the end of its granule.
  memset((void*)VGA_BIOS, 0xff, vga_end - VGA_BIOS);
  install(bios, bios_start, bios_size, "BIOS");
  install(VGA_BIOS, vga_bios_start, vga_size, "VGA BIOS");
  if (*(const uint8_t*)DUMMY_HANDLER != IRET) die("ADLO: this BIOS has no IRET at F000:FF53");
  if (has_pir) pir_install((const PirTable*)board_pir);
  shadow_set(bios, BIOS_END, SHADOW_READ);
  shadow_set(VGA_BIOS, vga_end, SHADOW_READ);

  post_code(0x42);
  AtaDrive drives[ATA_DRIVES];
  for (unsigned i = 0; i < ATA_DRIVES; ++i) {
    drives[i].kind = ATA_NONE;
    if (ata_wait_ready(i / 2) != ATA_TIMED_OUT) ata_identify(i, &drives[i]);
  }
  cmos_install(&memory, drives);
  print("ADLO: starting the BIOS\n");
  post_code(0x43);
}
