// SPDX-License-Identifier: LGPL-2.1-or-later
// ACPI tables, when the ROM's options have acpi=on: RSDP, RSDT, FADT, FACS, MADT and a DSDT with
// soft-off.
// Reference: ACPI 3.0, section 5.2; Intel 290562 (82371AB), sections 7.1 and 7.2.
#include "firmware/common/checksum.h"
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/memory.h"
#include "firmware/common/pci.h"
#include "firmware/common/romfs.h"
#include "firmware/linuxbios/linuxbios.h"
#include "firmware/linuxbios/mainboard.h"

enum { PM_IDENTIFIER_DEVICE = 0x7113, PMBA = 0x40, PMREGMISC = 0x80, PM_PORTS = 0x600 };
enum { PM1_CONTROL = PM_PORTS + 4, PM_TIMER = PM_PORTS + 8, SCI_ENABLE = 1, SCI = 9 };
enum { FADT_SIZE = 116, FACS_SIZE = 64, HEADER = 36 };
// FADT flags: WBINVD works, C1 everywhere, no sleep button.
enum { WBINVD = 1, PROC_C1 = 4, NO_SLEEP_BUTTON = 0x20 };
enum { ACTIVE_HIGH = 1, LEVEL = 3 << 2 };

extern const uint8_t dsdt_start[], dsdt_end[];

static void put16(uint8_t* at, unsigned value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}
static void put32(uint8_t* at, uint32_t value) {
  memcpy(at, &value, sizeof value);
}

static void seal(uint8_t* table, const char* name, uint32_t size) {
  memcpy(table, name, 4);
  put32(table + 4, size);
  table[8] = 1;
  memcpy(table + 10, "LINUXBI440FX  ", 14);
  put32(table + 24, 1);
  memcpy(table + 28, "LNXB", 4);
  put32(table + 32, 1);
  table[9] = 0;
  table[9] = byte_checksum(table, size);
}

// The power management ports at their place, and ACPI on: no system management mode is here to
// switch it.
static bool power_on(void) {
  PciAddress pm;
  if (!pci_find(PM_IDENTIFIER_DEVICE << 16 | 0x8086u, &pm)) return false;
  pci_write32(pm, PMBA, PM_PORTS | 1);
  pci_write8(pm, PMREGMISC, 1);
  pci_write8(pm, PCI_INTERRUPT_LINE, SCI);
  outw(PM1_CONTROL, SCI_ENABLE);
  return true;
}

static uint32_t make_madt(uint8_t* madt, const CpuInfo* cpu) {
  memset(madt, 0, 128);
  put32(madt + HEADER, cpu->local_apic);
  put32(madt + HEADER + 4, 1);  // there are 8259s too
  uint8_t* next = madt + HEADER + 8;
  const uint8_t id = (uint8_t)(*(const volatile uint32_t*)(cpu->local_apic + 0x20) >> 24);
  const uint8_t processor[8] = {0, 8, 0, id, 1, 0, 0, 0};
  memcpy(next, processor, 8);
  next += 8;
  const uint8_t io_apic[4] = {1, 12, IO_APIC_ID, 0};
  memcpy(next, io_apic, 4);
  put32(next + 4, IO_APIC);
  next += 12;
  // What is not as ISA has it: the timer's pin, and the interrupts of PCI.
  for (unsigned i = 0; i < 5; ++i) {
    const uint8_t irq = i == 0 ? 0 : kPirqInterrupt[i - 1];
    const uint8_t entry[4] = {2, 10, 0, irq};
    memcpy(next, entry, 4);
    put32(next + 4, i == 0 ? 2 : irq);
    put16(next + 8, i == 0 ? 0 : ACTIVE_HIGH | LEVEL);
    next += 10;
  }
  const uint8_t nmi[6] = {4, 6, 0xff, 0, 0, 1};
  memcpy(next, nmi, 6);
  next += 6;
  const uint32_t size = (uint32_t)(next - madt);
  seal(madt, "APIC", size);
  return size;
}

static void make_fadt(uint8_t* fadt, uint32_t facs, uint32_t dsdt) {
  memset(fadt, 0, FADT_SIZE);
  put32(fadt + 36, facs);
  put32(fadt + 40, dsdt);
  put16(fadt + 46, SCI);
  put32(fadt + 56, PM_PORTS);
  put32(fadt + 64, PM1_CONTROL);
  put32(fadt + 76, PM_TIMER);
  fadt[88] = 4;             // bytes of the event block
  fadt[89] = 2;             // of the control block
  fadt[91] = 4;             // of the timer
  put16(fadt + 96, 0xfff);  // no C2
  put16(fadt + 98, 0xfff);  // no C3
  put32(fadt + 112, WBINVD | PROC_C1 | NO_SLEEP_BUTTON);
  seal(fadt, "FACP", FADT_SIZE);
}

void acpi_init(Memory* memory, const CpuInfo* cpu) {
  if (!rom_option_is("acpi", "on")) return;
  if (memory->tables == 0 || !power_on()) {
    print("ACPI: no power management, or no memory for tables\n");
    return;
  }
  const uint32_t base = memory->tables + TABLES_ACPI, nvs = memory->tables + TABLES_ACPI_NVS;
  uint8_t *const facs = (uint8_t*)nvs, *const rsdt = (uint8_t*)base;
  uint8_t *const fadt = rsdt + 64, *const madt = fadt + 128, *const dsdt = madt + 128;
  memset(facs, 0, FACS_SIZE);
  memcpy(facs, "FACS", 4);
  put32(facs + 4, FACS_SIZE);
  memcpy(dsdt, dsdt_start, (uint32_t)(dsdt_end - dsdt_start));
  make_fadt(fadt, nvs, (uint32_t)(uintptr_t)dsdt);
  uint32_t tables = 1;
  put32(rsdt + HEADER, (uint32_t)(uintptr_t)fadt);
  if (cpu->local_apic != 0 && io_apic_init()) {
    make_madt(madt, cpu);
    put32(rsdt + HEADER + 4, (uint32_t)(uintptr_t)madt);
    ++tables;
  }
  seal(rsdt, "RSDT", HEADER + tables * 4);
  uint8_t* const rsdp = (uint8_t*)ACPI_POINTER;
  memset(rsdp, 0, 20);
  memcpy(rsdp, "RSD PTR ", 8);
  memcpy(rsdp + 9, "LINUXB", 6);
  put32(rsdp + 16, (uint32_t)(uintptr_t)rsdt);
  rsdp[8] = byte_checksum(rsdp, 20);
  memory->acpi = ACPI_POINTER;
  print("ACPI: tables at %x\n", base);
}
