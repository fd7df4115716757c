// SPDX-License-Identifier: LGPL-2.1-or-later
// LinuxBIOS, second part: makes the board usable with the least work that does, and starts the
// payload. The first part (bootblock.asm) has turned the DRAM on.
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/post_codes.h"
#include "firmware/common/version.h"
#include "firmware/linuxbios/linuxbios.h"
#include "firmware/linuxbios/mainboard.h"

void ram_stage_main(uint32_t spd_units);

void ram_stage_main(uint32_t spd_units) {
  post_code(POST_CONSOLE);
  console_init();
  print("\n\nLinuxBIOS %s, %u bytes at %08x, board %s %s\n", FIRMWARE_VERSION,
        (uint32_t)LINUXBIOS_SIZE, 0u - (uint32_t)LINUXBIOS_SIZE, MAINBOARD_VENDOR, MAINBOARD_PART);
  Memory memory = memory_size(spd_units);
  print("DRAM: %u KB, %s\n", (uint32_t)((memory.below_4g + memory.above_4g) >> 10), memory.source);
  if (memory.post_mortem != 0) {
    print("Post-mortem: low memory as it was at reset, 640 KB at %08x\n", memory.post_mortem);
  }

  post_code(POST_CPU);
  const CpuInfo cpu = cpu_init(&memory);
  post_code(POST_LEGACY);
  legacy_init();
  post_code(POST_PCI);
  pci_init(&memory);
  post_code(POST_SOUTHBRIDGE);
  southbridge_init();
  post_code(POST_IDE);
  ide_init();
  post_code(POST_TABLES);
  irq_routing_init();
  mp_table_init(&memory, &cpu);
  acpi_init(&memory, &cpu);
  table_init(&memory);
  post_code(POST_ROM);
  payload_start(&memory);
}
