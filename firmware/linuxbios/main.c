// SPDX-License-Identifier: LGPL-2.1-or-later
// LinuxBIOS, second part: makes the board usable with the least work that does, and starts the
// payload. The first part (bootblock.asm) has turned the DRAM on.
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/version.h"
#include "firmware/linuxbios/linuxbios.h"
#include "firmware/linuxbios/mainboard.h"

void ram_stage_main(uint32_t spd_units);

void ram_stage_main(uint32_t spd_units) {
  post_code(0x20);
  console_init();
  print("\n\nLinuxBIOS %s, %u bytes at %08x, board %s %s\n", FIRMWARE_VERSION,
        (uint32_t)LINUXBIOS_SIZE, 0u - (uint32_t)LINUXBIOS_SIZE, MAINBOARD_VENDOR, MAINBOARD_PART);
  const Memory memory = memory_size(spd_units);
  print("DRAM: %u KB, %s\n", (uint32_t)((memory.below_4g + memory.above_4g) >> 10), memory.source);

  post_code(0x21);
  cpu_init(&memory);
  post_code(0x22);
  legacy_init();
  post_code(0x23);
  pci_init(&memory);
  post_code(0x24);
  southbridge_init();
  post_code(0x25);
  ide_init();
  post_code(0x26);
  irq_routing_init();
  table_init(&memory);
  post_code(0x27);
  payload_start(&memory);
}
