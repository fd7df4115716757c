// SPDX-License-Identifier: LGPL-2.1-or-later
// Addresses for the base address registers of bus 0.
// Reference: PCI Local Bus Specification 2.1, section 6.2.5.
#include "firmware/common/console.h"
#include "firmware/common/pci.h"
#include "firmware/linuxbios/linuxbios.h"

enum { MAX_BARS = 64 };
// Below are the motherboard's own ports; above, at FEC00000, the APICs and the ROM.
enum { FIRST_PORT = 0xc000, LAST_PORT = 0xffff };
static const uint32_t kMemoryEnd = 0xfec00000u, kLowestMemory = 0xc0000000u;

typedef struct {
  PciAddress function;
  uint8_t offset;
  bool io;
  bool wide;  // 64 bit
  uint32_t size;
} Bar;

static Bar bars[MAX_BARS];
static unsigned bar_count;

static void measure(PciAddress function) {
  for (unsigned offset = PCI_BAR0; offset < PCI_BAR0 + 24; offset += 4) {
    const uint32_t old = pci_read32(function, offset);
    pci_write32(function, offset, 0xffffffffu);
    const uint32_t mask = pci_read32(function, offset);
    pci_write32(function, offset, old);
    if (mask == 0 || mask == 0xffffffffu) continue;
    const bool io = (mask & 1) != 0;
    // An I/O register may leave its upper half unimplemented.
    const uint32_t decoded = io ? (mask & ~3u) | 0xffff0000u : mask & ~15u;
    const bool wide = !io && (mask & 6) == 4;
    if (bar_count < MAX_BARS) {
      const Bar bar = {function, (uint8_t)offset, io, wide, ~decoded + 1};
      bars[bar_count++] = bar;
    }
    if (wide) offset += 4;
  }
}

// Largest first, so that nothing is lost to alignment.
static void sort(void) {
  for (unsigned i = 1; i < bar_count; ++i) {
    const Bar bar = bars[i];
    unsigned at = i;
    for (; at > 0 && bars[at - 1].size < bar.size; --at) bars[at] = bars[at - 1];
    bars[at] = bar;
  }
}

static void place(uint64_t memory_start) {
  uint32_t port = FIRST_PORT;
  uint64_t memory = memory_start;
  for (unsigned i = 0; i < bar_count; ++i) {
    const Bar* bar = &bars[i];
    uint64_t address = bar->io ? port : memory;
    address = (address + bar->size - 1) & ~(uint64_t)(bar->size - 1);
    if (address + bar->size > (bar->io ? (uint64_t)LAST_PORT + 1 : kMemoryEnd)) {
      print("PCI: no room for register %02x of %02x.%u, %u bytes\n", bar->offset,
            pci_device(bar->function), pci_function(bar->function), bar->size);
      continue;
    }
    pci_write32(bar->function, bar->offset, (uint32_t)address);
    if (bar->wide) pci_write32(bar->function, bar->offset + 4u, 0);
    const uint16_t command = pci_read16(bar->function, PCI_COMMAND);
    pci_write16(bar->function, PCI_COMMAND,
                (uint16_t)(command | (bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)));
    if (bar->io) {
      port = (uint32_t)address + bar->size;
    } else {
      memory = address + bar->size;
    }
  }
}

void pci_init(const Memory* memory) {
  PciAddress function = 0;
  bool started = false;
  bar_count = 0;
  while (pci_next(&function, &started)) {
    const uint32_t identifier = pci_read32(function, PCI_VENDOR);
    print("PCI: 00:%02x.%u %04x:%04x class %04x\n", pci_device(function), pci_function(function),
          identifier & 0xffff, identifier >> 16, pci_read16(function, PCI_CLASS));
    if ((pci_read8(function, PCI_HEADER_TYPE) & 0x7f) != 0) {
      print("PCI: the bridge is left off\n");
      continue;
    }
    measure(function);
  }
  sort();
  place(memory->below_4g > kLowestMemory ? memory->below_4g : kLowestMemory);
}
