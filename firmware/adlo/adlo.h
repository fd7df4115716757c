// SPDX-License-Identifier: LGPL-2.1-or-later
// The steps of ADLO, in the order in which main takes them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/common/ata.h"
#include "firmware/common/i440fx.h"
#include "firmware/common/linuxbios_table.h"
#include "firmware/common/pir.h"

// Memory in the three figures that a PC BIOS wants, all from the LinuxBIOS table.
typedef struct {
  uint32_t base_kb;      // from 0
  uint32_t extended_kb;  // from 1 MB, without a gap, below 4 GB
  uint64_t above_4g;     // bytes
} BiosMemory;

BiosMemory memory_from_table(const LbHeader* table);

// Shadow RAM of the host bridge for [start, end), both on its granules within C0000-FFFFF.
void shadow_set(uint32_t start, uint32_t end, unsigned access);

enum { SHADOW_GRANULE = 0x4000 };

// 384 KB for unpacking.
enum { SCRATCH = 0x20000 };

// Copies into shadow RAM that is open for writing, compares, and says so.
void install(uint32_t to, const uint8_t* from, uint32_t size, const char* name);

// VGA BIOS at C0000, other option ROMs behind it, below `end`; closes the shadow RAM they are in.
void option_roms_install(uint32_t end, const LbHeader* table);

// The option ROM that answers INT 15h E820 from the LinuxBIOS table (option e820=linuxbios).
uint8_t* e820_rom_make(const LbHeader* table, uint32_t* size);

// Makes the BIOS's own $PIR say what `board` says. Needs shadow RAM that is open for writing.
void pir_install(const PirTable* board);

// The pointers to the MP table and to ACPI's tables stand where the BIOS will be: kept before it is
// copied there, and put into a gap of it afterwards.
void pointers_keep(void);
void pointers_install(void);

// A place in the BIOS that nobody uses, on a 16-byte boundary; 0: there is none.
uint32_t bios_gap(uint32_t size);

// Everything in CMOS that the BIOS reads.
void cmos_install(const BiosMemory* memory, const AtaDrive drives[ATA_DRIVES]);
