// SPDX-License-Identifier: LGPL-2.1-or-later
// The MP table: local APIC, I/O APIC and how interrupts reach them.
// Reference: Intel MultiProcessor Specification 1.4, chapter 4; Intel 290566 (82093AA), 3.
#include "firmware/common/checksum.h"
#include "firmware/common/console.h"
#include "firmware/common/memory.h"
#include "firmware/common/pci.h"
#include "firmware/linuxbios/linuxbios.h"
#include "firmware/linuxbios/mainboard.h"

enum { IO_APIC_VERSION = 1, MOST_BUSES = 32 };  // PCI buses have their own numbers, ISA the next
enum { ENTRY_PROCESSOR, ENTRY_BUS, ENTRY_IO_APIC, ENTRY_INTERRUPT, ENTRY_LOCAL };
enum { INT = 0, NMI = 1, EXT_INT = 3 };
enum { TIMER_PIN = 2, ALL = 0xff };

typedef struct __attribute__((packed)) {
  char signature[4];  // "_MP_"
  uint32_t table;
  uint8_t length, revision, checksum, features[5];
} MpPointer;
_Static_assert(sizeof(MpPointer) == 16, "as published");

typedef struct __attribute__((packed)) {
  char signature[4];  // "PCMP"
  uint16_t length;
  uint8_t revision, checksum;
  char oem[8], product[12];
  uint32_t oem_table;
  uint16_t oem_size, entries;
  uint32_t local_apic;
  uint16_t extended_length;
  uint8_t extended_checksum, reserved;
} MpTable;
_Static_assert(sizeof(MpTable) == 44, "as published");

typedef struct __attribute__((packed)) {
  uint8_t type, apic, version, flags;
  uint32_t signature, features, reserved[2];
} MpProcessor;

typedef struct __attribute__((packed)) {
  uint8_t type, kind;
  uint16_t flags;
  uint8_t bus, irq, apic, pin;
} MpInterrupt;

typedef struct {
  MpTable* table;
  uint8_t* next;
  unsigned buses;                // of PCI
  uint32_t done[MOST_BUSES][4];  // a bit for each device and pin
} Writer;

static void add(Writer* w, const void* entry, unsigned size) {
  memcpy(w->next, entry, size);
  w->next += size;
  ++w->table->entries;
}

static void add_interrupt(Writer* w, uint8_t type, uint8_t kind, unsigned bus, unsigned irq,
                          unsigned apic, unsigned pin) {
  const MpInterrupt entry = {type,         kind,          0,           (uint8_t)bus,
                             (uint8_t)irq, (uint8_t)apic, (uint8_t)pin};
  add(w, &entry, sizeof entry);
}

static void add_bus(Writer* w, unsigned number, const char* name) {
  uint8_t entry[8] = {ENTRY_BUS, (uint8_t)number, ' ', ' ', ' ', ' ', ' ', ' '};
  memcpy(entry + 2, name, strlen(name));
  add(w, entry, sizeof entry);
}

static bool is_for_pci(unsigned irq) {
  for (unsigned i = 0; i < 4; ++i) {
    if (kPirqInterrupt[i] == irq) return true;
  }
  return false;
}

static void count_buses(PciAddress function, unsigned input, void* context) {
  (void)input;
  Writer* const w = context;
  if (pci_bus(function) >= w->buses) w->buses = pci_bus(function) + 1;
  // A bridge with nothing behind it has a bus too.
  if (!pci_is_bridge(function)) return;
  const unsigned behind = pci_read8(function, PCI_BUSES + 1);
  if (behind >= w->buses && behind < MOST_BUSES) w->buses = behind + 1;
}

static void add_pci_interrupt(PciAddress function, unsigned input, void* context) {
  (void)input;
  Writer* const w = context;
  const unsigned pin = pci_read8(function, PCI_INTERRUPT_PIN), device = pci_device(function);
  const unsigned bus = pci_bus(function);
  if (pin < 1 || pin > 4 || bus >= MOST_BUSES) return;
  if ((w->done[bus][pin - 1] >> device & 1) != 0) return;
  w->done[bus][pin - 1] |= 1u << device;
  add_interrupt(w, ENTRY_INTERRUPT, INT, bus, device << 2 | (pin - 1), IO_APIC_ID,
                pci_read8(function, PCI_INTERRUPT_LINE));
}

static void add_interrupts(Writer* w) {
  const unsigned isa = w->buses;
  pci_walk(add_pci_interrupt, w);
  for (unsigned irq = 0; irq < 16; ++irq) {
    if (irq == 2 || is_for_pci(irq)) continue;
    add_interrupt(w, ENTRY_INTERRUPT, INT, isa, irq, IO_APIC_ID, irq == 0 ? TIMER_PIN : irq);
  }
  add_interrupt(w, ENTRY_LOCAL, EXT_INT, isa, 0, ALL, 0);
  add_interrupt(w, ENTRY_LOCAL, NMI, isa, 0, ALL, 1);
}

// Selects the I/O APIC's number; false: there is none at its place.
bool io_apic_init(void) {
  volatile uint32_t* const select = (volatile uint32_t*)IO_APIC;
  volatile uint32_t* const data = (volatile uint32_t*)(IO_APIC + 0x10);
  *select = IO_APIC_VERSION;
  const uint32_t version = *data;
  if (version == 0 || version == 0xffffffffu) return false;
  *select = 0;
  *data = IO_APIC_ID << 24;
  return true;
}

void mp_table_init(const Memory* memory, const CpuInfo* cpu) {
  if (memory->tables == 0 || cpu->local_apic == 0 || !io_apic_init()) {
    print("MP table: no APICs, or no memory for it\n");
    return;
  }
  const volatile uint32_t* const apic = (const volatile uint32_t*)cpu->local_apic;
  MpTable* const table = (MpTable*)(memory->tables + TABLES_MP);
  memset(table, 0, sizeof *table);
  memcpy(table->signature, "PCMP", 4);
  table->revision = 4;
  memcpy(table->oem, "LINUXBIO", 8);
  memcpy(table->product, "i440FX PIIX3", 12);
  table->local_apic = cpu->local_apic;
  static Writer w;
  memset(&w, 0, sizeof w);
  w.table = table;
  w.next = (uint8_t*)(table + 1);
  const MpProcessor processor = {ENTRY_PROCESSOR,
                                 (uint8_t)(apic[0x20 / 4] >> 24),
                                 (uint8_t)apic[0x30 / 4],
                                 3,
                                 cpu->signature,
                                 cpu->features,
                                 {0, 0}};
  add(&w, &processor, sizeof processor);
  pci_walk(count_buses, &w);
  for (unsigned bus = 0; bus < w.buses; ++bus) add_bus(&w, bus, "PCI");
  add_bus(&w, w.buses, "ISA");
  const uint8_t io_apic[8] = {ENTRY_IO_APIC,
                              IO_APIC_ID,
                              0x11,
                              1,
                              (uint8_t)IO_APIC,
                              (uint8_t)(IO_APIC >> 8),
                              (uint8_t)(IO_APIC >> 16),
                              IO_APIC >> 24};
  add(&w, io_apic, sizeof io_apic);
  add_interrupts(&w);
  table->length = (uint16_t)(w.next - (uint8_t*)table);
  table->checksum = byte_checksum(table, table->length);

  MpPointer* const pointer = (MpPointer*)MP_POINTER;
  memset(pointer, 0, sizeof *pointer);
  memcpy(pointer->signature, "_MP_", 4);
  pointer->table = (uint32_t)(uintptr_t)table;
  pointer->length = 1;
  pointer->revision = 4;
  pointer->checksum = byte_checksum(pointer, sizeof *pointer);
  print("MP table: %u entries at %x\n", table->entries, (uint32_t)(uintptr_t)table);
}
