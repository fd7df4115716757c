// SPDX-License-Identifier: LGPL-2.1-or-later
// The steps of LinuxBIOS's C part, in the order in which main takes them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/common/pci.h"

// What the CPU is, as far as tables say it.
typedef struct {
  uint32_t signature, features;  // CPUID leaf 1
  uint32_t local_apic;           // its address; 0: there is none, or it is off
} CpuInfo;

// Within the last 64 KB of memory; the LinuxBIOS table is at their beginning.
enum { TABLES_ACPI_NVS = 0x4000, TABLES_ACPI = 0x5000, TABLES_MP = 0x8000 };
// In the shadow RAM at F0000, where readers search; $PIR is at its beginning.
enum { MP_POINTER = 0xf0200, ACPI_POINTER = 0xf0240 };
#define IO_APIC 0xfec00000u
enum { IO_APIC_ID = 1 };

// Usable memory, in bytes.
typedef struct {
  uint32_t base;      // from 0
  uint64_t below_4g;  // where memory that begins at 1 MB ends
  uint64_t above_4g;  // size of what begins at 4 GB
  uint32_t tables;    // from here to below_4g: kept, 64 KB for tables first; 0: too little memory
  uint32_t post_mortem;  // a copy of the 640 KB as they were at reset; 0: there is none
  uint32_t acpi;         // address of the ACPI RSDP; 0: no ACPI tables
  const char* source;    // where the figures come from
} Memory;

// `spd_units`: 8 MB units that the modules' SPD described; 0: there was none.
Memory memory_size(uint32_t spd_units);

// Memory type ranges as the board is made, and caches on. Nothing on a CPU without MTRRs.
CpuInfo cpu_init(const Memory* memory);

// 8259 pair, 8254, RTC, keyboard controller: a defined state, all interrupts masked.
void legacy_init(void);

// Lists the functions of all buses, gives every base address register its place, and turns them on.
void pci_init(const Memory* memory);

// Every function of every bus, a bridge before what is behind it. `input`: of the interrupt router,
// 0 to 3, at which its device's INTA# arrives; INTB# at the next, and so on.
typedef void (*PciVisitor)(PciAddress function, unsigned input, void* context);
void pci_walk(PciVisitor visit, void* context);

// IDE channels, interrupt router, and the interrupt line of every function.
void southbridge_init(void);

// Waits for the drives.
void ide_init(void);

// $PIR, with the slots of the board and the devices behind bridges, at F0000, where a BIOS's reader
// looks for it, in shadow RAM that stays open.
void irq_routing_init(void);

// Gives the I/O APIC its number; false: there is none.
bool io_apic_init(void);
// The MP table, in the memory for tables, and its pointer.
void mp_table_init(const Memory* memory, const CpuInfo* cpu);
// ACPI tables, with the ROM's option acpi=on.
void acpi_init(Memory* memory, const CpuInfo* cpu);

// The LinuxBIOS table at the top of memory, where no payload and no BIOS writes, and at 500h a
// forward record to it.
void table_init(const Memory* memory);

// Finds the payload in the ROM file system, loads it, and starts it.
void __attribute__((noreturn)) payload_start(const Memory* memory);

// Where this part stands in memory; no payload may be loaded over it.
extern char ram_stage_start[], ram_stage_end[];
#define RAM_STAGE_STACK_TOP 0x9f000u
