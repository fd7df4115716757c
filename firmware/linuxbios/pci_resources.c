// SPDX-License-Identifier: LGPL-2.1-or-later
// Numbers for the buses, addresses for the base address registers, windows for the bridges.
// Reference: PCI Local Bus Specification 2.1, section 6.2.5; PCI-to-PCI Bridge Architecture
// Specification 1.1, section 3.2.
#include "firmware/common/console.h"
#include "firmware/common/pci.h"
#include "firmware/linuxbios/linuxbios.h"

enum { CLASS_VGA = 0x0300, VGA_BEHIND = 8 };  // in a bridge's control register
enum { MAX_BARS = 64, MAX_BUSES = 32, BRIDGE_MASTER = PCI_COMMAND_MASTER };
enum { IO_GRANULE = 0x1000, MEMORY_GRANULE = 0x100000 };
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
static unsigned last_bus;
static bool has_vga;

// What is still free.
static uint32_t next_port;
static uint64_t next_memory;

static void measure(PciAddress function, unsigned registers) {
  for (unsigned offset = PCI_BAR0; offset < PCI_BAR0 + registers * 4; offset += 4) {
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

static uint64_t aligned(uint64_t address, uint64_t to) {
  return (address + to - 1) & ~(to - 1);
}

static void place_bar(const Bar* bar) {
  const uint64_t address = aligned(bar->io ? next_port : next_memory, bar->size);
  if (address + bar->size > (bar->io ? (uint64_t)LAST_PORT + 1 : kMemoryEnd)) {
    print("PCI: no room for register %02x of %02x:%02x.%u, %u bytes\n", bar->offset,
          pci_bus(bar->function), pci_device(bar->function), pci_function(bar->function),
          bar->size);
    return;
  }
  pci_write32(bar->function, bar->offset, (uint32_t)address);
  if (bar->wide) pci_write32(bar->function, bar->offset + 4u, 0);
  const uint16_t command = pci_read16(bar->function, PCI_COMMAND);
  pci_write16(bar->function, PCI_COMMAND,
              (uint16_t)(command | (bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)));
  if (bar->io) {
    next_port = (uint32_t)address + bar->size;
  } else {
    next_memory = address + bar->size;
  }
}

static void place(unsigned bus);

// All that is behind a bridge in one window for ports and one for memory.
static void place_bridge(PciAddress bridge) {
  const unsigned bus = pci_read8(bridge, PCI_BUSES + 1);
  if (bus == 0) return;  // no number was left for it
  next_port = (uint32_t)aligned(next_port, IO_GRANULE);
  next_memory = aligned(next_memory, MEMORY_GRANULE);
  const uint32_t ports = next_port;
  const uint64_t memory = next_memory;
  place(bus);
  next_port = (uint32_t)aligned(next_port, IO_GRANULE);
  next_memory = aligned(next_memory, MEMORY_GRANULE);
  // A base above its limit closes a window.
  const uint32_t last_port = next_port - 1;
  const uint64_t last_memory = next_memory - 1;
  pci_write16(bridge, PCI_IO_WINDOW,
              (uint16_t)(next_port > ports ? (ports >> 8 & 0xf0) | (last_port & 0xf000) : 0x00f0));
  pci_write32(bridge, PCI_IO_WINDOW_HIGH, 0);
  pci_write32(bridge, PCI_MEMORY_WINDOW,
              next_memory > memory
                  ? ((uint32_t)memory >> 16 & 0xfff0) | ((uint32_t)last_memory & 0xfff00000u)
                  : 0x0000fff0u);
  pci_write32(bridge, PCI_PREFETCH_WINDOW, 0x0000fff0u);
  const uint16_t command = pci_read16(bridge, PCI_COMMAND);
  pci_write16(bridge, PCI_COMMAND,
              (uint16_t)(command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY | BRIDGE_MASTER));
}

static void place(unsigned bus) {
  for (unsigned i = 0; i < bar_count; ++i) {
    if (pci_bus(bars[i].function) == bus) place_bar(&bars[i]);
  }
  PciAddress function = (PciAddress)(bus << 8);
  bool started = false;
  while (pci_next(&function, &started)) {
    if (pci_is_bridge(function)) place_bridge(function);
  }
}

// Lists a bus and measures what is on it; a bridge's bus gets the next number, and is listed behind
// the bridge.
static void scan(unsigned bus) {
  PciAddress function = (PciAddress)(bus << 8);
  bool started = false;
  while (pci_next(&function, &started)) {
    const uint32_t identifier = pci_read32(function, PCI_VENDOR);
    print("PCI: %02x:%02x.%u %04x:%04x class %04x\n", bus, pci_device(function),
          pci_function(function), identifier & 0xffff, identifier >> 16,
          pci_read16(function, PCI_CLASS));
    if (pci_read16(function, PCI_CLASS) == CLASS_VGA) has_vga = true;
    const unsigned type = pci_read8(function, PCI_HEADER_TYPE) & 0x7f;
    if (type == 0) measure(function, 6);
    if (type != 1) continue;
    measure(function, 2);
    if (last_bus + 1 == MAX_BUSES) {
      print("PCI: too many buses: this bridge is left off\n");
      pci_write32(function, PCI_BUSES, 0);
      continue;
    }
    const unsigned secondary = ++last_bus;
    pci_write32(function, PCI_BUSES, bus | secondary << 8 | 0xffu << 16);
    const bool vga_before = has_vga;
    scan(secondary);
    // The frame buffer and the ports that a VGA card has by tradition, for the first.
    if (has_vga && !vga_before) {
      const uint16_t control = pci_read16(function, PCI_BRIDGE_CONTROL);
      pci_write16(function, PCI_BRIDGE_CONTROL, control | VGA_BEHIND);
    }
    pci_write32(function, PCI_BUSES, bus | secondary << 8 | last_bus << 16);
  }
}

void pci_init(const Memory* memory) {
  bar_count = 0;
  last_bus = 0;
  has_vga = false;
  scan(0);
  sort();
  next_port = FIRST_PORT;
  next_memory = memory->below_4g > kLowestMemory ? memory->below_4g : kLowestMemory;
  place(0);
}
