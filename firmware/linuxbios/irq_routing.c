// SPDX-License-Identifier: LGPL-2.1-or-later
// The $PIR table of this board.
// Reference: Microsoft, PCI IRQ Routing Table Specification 1.0.
#include "firmware/common/console.h"
#include "firmware/common/i440fx.h"
#include "firmware/common/memory.h"
#include "firmware/common/pci.h"
#include "firmware/common/pir.h"
#include "firmware/linuxbios/linuxbios.h"
#include "firmware/linuxbios/mainboard.h"

enum { PIRQ_REGISTER = 0x60, TABLE_ADDRESS = 0xf0000 };
// What stands behind is the pointer to the MP table.
enum { MOST = (MP_POINTER - TABLE_ADDRESS - (int)sizeof(PirTable)) / (int)sizeof(PirEntry) };

static bool open_shadow(void) {
  if (pci_read32(I440FX_ADDRESS, PCI_VENDOR) != I440FX_IDENTIFIER) return false;
  pci_write8(I440FX_ADDRESS, I440FX_PAM0, (SHADOW_READ | SHADOW_WRITE) << 4);
  return true;
}

// `input`: of the router, at which INTA# arrives. `slot`: 0 for what is on the board.
static void add(PirTable* table, unsigned bus, unsigned device, unsigned input, unsigned slot) {
  PirEntry* const entry = &table->entry[pir_entries(table)];
  memset(entry, 0, sizeof *entry);
  entry->bus = (uint8_t)bus;
  entry->device = (uint8_t)(device << 3);
  for (unsigned pin = 0; pin < 4; ++pin) {
    entry->pin[pin].link = (uint8_t)(PIRQ_REGISTER + ((input + pin) & 3));
    entry->pin[pin].irqs = PIRQ_CHOICES;
  }
  entry->slot = (uint8_t)slot;
  table->size = (uint16_t)(table->size + sizeof *entry);
}

// Slots of bus 0 are there whether a card is in them or not; behind a bridge nobody but the devices
// themselves can say.
static void add_behind_bridge(PciAddress function, unsigned input, void* context) {
  PirTable* const table = context;
  const unsigned bus = pci_bus(function), device = pci_device(function);
  if (bus == 0) return;
  for (unsigned i = 0; i < pir_entries(table); ++i) {
    if (table->entry[i].bus == bus && table->entry[i].device == device << 3) return;
  }
  if (pir_entries(table) == MOST) {
    print("$PIR: no room for %02x:%02x\n", bus, device);
    return;
  }
  add(table, bus, device, input, 0);
}

void irq_routing_init(void) {
  if (!open_shadow()) {
    print("$PIR: not this board's host bridge; no table\n");
    return;
  }
  PirTable* const table = (PirTable*)TABLE_ADDRESS;
  memset(table, 0, sizeof *table);
  table->signature = PIR_SIGNATURE;
  table->version = 0x100;
  table->size = sizeof *table;
  table->router_device = ROUTER_DEVICE << 3;
  table->compatible_router = 0x122e8086u;  // PIIX
  add(table, 0, ROUTER_DEVICE, pirq_of(ROUTER_DEVICE, 0), 0);
  for (unsigned i = 0; i < SLOTS; ++i) {
    add(table, 0, FIRST_SLOT_DEVICE + i, pirq_of(FIRST_SLOT_DEVICE + i, 0), i + 1);
  }
  pci_walk(add_behind_bridge, table);
  pir_seal(table);
  print("$PIR: %u entries at %05x\n", pir_entries(table), (uint32_t)TABLE_ADDRESS);
}
