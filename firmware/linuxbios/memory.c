// SPDX-License-Identifier: LGPL-2.1-or-later
// How much memory there is.
#include "firmware/common/cmos.h"
#include "firmware/common/romfs.h"
#include "firmware/linuxbios/linuxbios.h"

enum { BASE_KB = 640, TABLES_SIZE = 64 << 10, POST_MORTEM_SIZE = 1 << 20, POST_MORTEM_LEAST = 2 };

// The bridge's row boundaries end at 2040 MB. What a board has beyond, and where, is not for SPD to
// say: there is a hole for PCI, and only the board knows where it begins.
enum { BRIDGE_LIMIT_UNITS = 255 };

static Memory from_cmos(void) {
  Memory memory = {.base = BASE_KB << 10, .source = "from CMOS"};
  const uint32_t above_16m = cmos_read16(CMOS_ABOVE_16M);
  if (above_16m != 0) {
    memory.below_4g = (16u << 20) + ((uint64_t)above_16m << 16);
  } else {
    memory.below_4g = (1u << 20) + ((uint64_t)cmos_read16(CMOS_EXTENDED_KB_2) << 10);
  }
  memory.above_4g =
      (uint64_t)(cmos_read16(CMOS_ABOVE_4G) | (uint32_t)cmos_read(CMOS_ABOVE_4G + 2) << 16) << 16;
  return memory;
}

static Memory from_spd(uint32_t units) {
  const Memory memory = {
      .base = BASE_KB << 10, .below_4g = (uint64_t)units << 23, .source = "from SPD"};
  return memory;
}

Memory memory_size(uint32_t spd_units) {
  Memory memory =
      spd_units == 0 || spd_units > BRIDGE_LIMIT_UNITS ? from_cmos() : from_spd(spd_units);
  const uint32_t flags = *(const volatile uint32_t*)(0xfffffff0u + ROM_TRAILER_FLAGS);
  // What the boot block has done.
  if ((flags & ROM_FLAG_POST_MORTEM) != 0 && spd_units >= POST_MORTEM_LEAST &&
      spd_units <= BRIDGE_LIMIT_UNITS) {
    memory.post_mortem = (uint32_t)memory.below_4g - POST_MORTEM_SIZE;
    memory.tables = memory.post_mortem - TABLES_SIZE;
  } else if (memory.below_4g >= 2u << 20) {
    memory.tables = (uint32_t)memory.below_4g - TABLES_SIZE;
  }
  return memory;
}
