// SPDX-License-Identifier: LGPL-2.1-or-later
// The $PIR table: which interrupt router input each PCI slot's pins are wired to.
// Reference: Microsoft, PCI IRQ Routing Table Specification 1.0.
#pragma once

#include <stdint.h>

#define PIR_SIGNATURE 0x52495024u  // "$PIR"

typedef struct __attribute__((packed)) {
  uint8_t bus;
  uint8_t device;  // device number << 3
  struct __attribute__((packed)) {
    uint8_t link;   // 0: not connected; here the router's own register number
    uint16_t irqs;  // bit map of what the link can be routed to
  } pin[4];         // INTA# to INTD#
  uint8_t slot;     // 0: on the board
  uint8_t reserved;
} PirEntry;
_Static_assert(sizeof(PirEntry) == 16, "as published");

typedef struct __attribute__((packed)) {
  uint32_t signature;
  uint16_t version;  // 0100h
  uint16_t size;     // header and entries
  uint8_t router_bus;
  uint8_t router_device;
  uint16_t exclusive_irqs;
  uint32_t compatible_router;
  uint32_t miniport_data;
  uint8_t reserved[11];
  uint8_t checksum;  // all bytes of the table add up to 0
  PirEntry entry[];
} PirTable;
_Static_assert(sizeof(PirTable) == 32, "as published");

// Sets the checksum.
void pir_seal(PirTable* table);

// The first good table in [from, to), on a 16-byte boundary, or NULL.
PirTable* pir_find(uintptr_t from, uintptr_t to);

static inline unsigned pir_entries(const PirTable* table) {
  return (table->size - (unsigned)sizeof(PirTable)) / (unsigned)sizeof(PirEntry);
}
