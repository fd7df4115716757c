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

static bool open_shadow(void) {
  if (pci_read32(I440FX_ADDRESS, PCI_VENDOR) != I440FX_IDENTIFIER) return false;
  pci_write8(I440FX_ADDRESS, I440FX_PAM0, (SHADOW_READ | SHADOW_WRITE) << 4);
  return true;
}

static void fill(PirEntry* entry, unsigned device, unsigned slot) {
  entry->bus = 0;
  entry->device = (uint8_t)(device << 3);
  for (unsigned pin = 0; pin < 4; ++pin) {
    entry->pin[pin].link = (uint8_t)(PIRQ_REGISTER + pirq_of(device, pin));
    entry->pin[pin].irqs = PIRQ_CHOICES;
  }
  entry->slot = (uint8_t)slot;
}

void irq_routing_init(void) {
  if (!open_shadow()) {
    print("$PIR: not this board's host bridge; no table\n");
    return;
  }
  PirTable* const table = (PirTable*)TABLE_ADDRESS;
  memset(table, 0, sizeof *table + (SLOTS + 1) * sizeof(PirEntry));
  table->signature = PIR_SIGNATURE;
  table->version = 0x100;
  table->size = sizeof *table + (SLOTS + 1) * sizeof(PirEntry);
  table->router_device = ROUTER_DEVICE << 3;
  table->compatible_router = 0x122e8086u;  // PIIX
  fill(&table->entry[0], ROUTER_DEVICE, 0);
  for (unsigned i = 0; i < SLOTS; ++i) fill(&table->entry[i + 1], FIRST_SLOT_DEVICE + i, i + 1);
  pir_seal(table);
  print("$PIR: %u entries at %05x\n", SLOTS + 1, (uint32_t)TABLE_ADDRESS);
}
