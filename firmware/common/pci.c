// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/pci.h"

#include "firmware/common/io.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };

static void point(PciAddress address, unsigned offset) {
  outl(CONFIG_ADDRESS, 0x80000000u | (uint32_t)address << 8 | (offset & 0xfc));
}

uint32_t pci_read32(PciAddress address, unsigned offset) {
  point(address, offset);
  return inl(CONFIG_DATA);
}
uint16_t pci_read16(PciAddress address, unsigned offset) {
  return (uint16_t)(pci_read32(address, offset) >> (offset & 2) * 8);
}
uint8_t pci_read8(PciAddress address, unsigned offset) {
  return (uint8_t)(pci_read32(address, offset) >> (offset & 3) * 8);
}
void pci_write32(PciAddress address, unsigned offset, uint32_t value) {
  point(address, offset);
  outl(CONFIG_DATA, value);
}
void pci_write16(PciAddress address, unsigned offset, uint16_t value) {
  point(address, offset);
  __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"((uint16_t)(CONFIG_DATA + (offset & 2))));
}
void pci_write8(PciAddress address, unsigned offset, uint8_t value) {
  point(address, offset);
  outb((uint16_t)(CONFIG_DATA + (offset & 3)), value);
}

bool pci_next(PciAddress* address, bool* started) {
  const unsigned end = (*address | 0xffu) + 1;
  unsigned next = *started ? *address + 1u : *address;
  *started = true;
  while (next < end) {
    // Functions 1 to 7 exist only where function 0 says that there are several.
    if ((next & 7) != 0 && (pci_read8((PciAddress)(next & ~7u), PCI_HEADER_TYPE) & 0x80) == 0) {
      next = (next | 7) + 1;
      continue;
    }
    const uint16_t vendor = pci_read16((PciAddress)next, PCI_VENDOR);
    if (vendor != 0xffff && vendor != 0) {
      *address = (PciAddress)next;
      return true;
    }
    next = (next & 7) == 0 ? next + 8 : next + 1;
  }
  return false;
}

bool pci_find(uint32_t identifier, PciAddress* address) {
  bool started = false;
  *address = 0;
  while (pci_next(address, &started)) {
    if (pci_read32(*address, PCI_VENDOR) == identifier) return true;
  }
  return false;
}
