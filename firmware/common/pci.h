// SPDX-License-Identifier: LGPL-2.1-or-later
// PCI configuration space by mechanism 1.
// Reference: PCI Local Bus Specification 2.1, sections 3.7.4 and 6.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Bus << 8 | device << 3 | function.
typedef uint16_t PciAddress;

enum {
  PCI_VENDOR = 0x00,
  PCI_DEVICE = 0x02,
  PCI_COMMAND = 0x04,
  PCI_CLASS = 0x0a,  // 16 bits: base class high
  PCI_HEADER_TYPE = 0x0e,
  PCI_BAR0 = 0x10,
  PCI_ROM = 0x30,
  PCI_INTERRUPT_LINE = 0x3c,
  PCI_INTERRUPT_PIN = 0x3d
};
// Of a bridge (header type 1): PCI-to-PCI Bridge Architecture Specification 1.1, section 3.2.
enum {
  PCI_BUSES = 0x18,  // primary, secondary, subordinate
  PCI_IO_WINDOW = 0x1c,
  PCI_MEMORY_WINDOW = 0x20,
  PCI_PREFETCH_WINDOW = 0x24,
  PCI_IO_WINDOW_HIGH = 0x30,
  PCI_BRIDGE_CONTROL = 0x3e,
  PCI_BRIDGE = 0x0604  // its class
};
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4 };

uint32_t pci_read32(PciAddress address, unsigned offset);
uint16_t pci_read16(PciAddress address, unsigned offset);
uint8_t pci_read8(PciAddress address, unsigned offset);
void pci_write32(PciAddress address, unsigned offset, uint32_t value);
void pci_write16(PciAddress address, unsigned offset, uint16_t value);
void pci_write8(PciAddress address, unsigned offset, uint8_t value);

static inline unsigned pci_bus(PciAddress address) {
  return address >> 8;
}
static inline unsigned pci_device(PciAddress address) {
  return address >> 3 & 0x1f;
}
static inline unsigned pci_function(PciAddress address) {
  return address & 7;
}

// Steps through the functions that are there on the bus of *address. Start with its device 0 and
// *started false.
bool pci_next(PciAddress* address, bool* started);

static inline bool pci_is_bridge(PciAddress function) {
  return (pci_read8(function, PCI_HEADER_TYPE) & 0x7f) == 1;
}

// The first function with this identifier (vendor low, device high) on bus 0.
bool pci_find(uint32_t identifier, PciAddress* address);
