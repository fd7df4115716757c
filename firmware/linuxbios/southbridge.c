// SPDX-License-Identifier: LGPL-2.1-or-later
// PIIX3: IDE decoding and the PCI interrupt router.
// Reference: Intel 290550 (82371FB/SB), sections 2.2 and 2.3.
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/pci.h"
#include "firmware/linuxbios/linuxbios.h"
#include "firmware/linuxbios/mainboard.h"

enum { PIRQRCA = 0x60, IDETIM_PRIMARY = 0x40, IDETIM_SECONDARY = 0x42, IDE_DECODE = 0x8000 };
enum { ELCR1 = 0x4d0, ELCR2 = 0x4d1 };
enum { CLASS_IDE = 0x0101 };

static bool router(PciAddress* address) {
  return pci_find(0x70008086u, address) || pci_find(0x122e8086u, address);
}

// Behind a bridge, pin n of device d is pin (n + d) mod 4 of the bridge (PCI-to-PCI Bridge
// Architecture Specification 1.1, section 9.1); `inputs`: what that adds up to, from the router's
// device on.
static void walk(unsigned bus, unsigned inputs, PciVisitor visit, void* context) {
  PciAddress function = (PciAddress)(bus << 8);
  bool started = false;
  while (pci_next(&function, &started)) {
    const unsigned device = pci_device(function);
    const unsigned turned = bus == 0 ? pirq_of(device, 0) : inputs + device;
    visit(function, turned & 3, context);
    if (!pci_is_bridge(function)) continue;
    const unsigned behind = pci_read8(function, PCI_BUSES + 1);
    if (behind != 0) walk(behind, turned, visit, context);
  }
}

void pci_walk(PciVisitor visit, void* context) {
  walk(0, 0, visit, context);
}

static void set_line(PciAddress function, unsigned input, void* context) {
  (void)context;
  const unsigned pin = pci_read8(function, PCI_INTERRUPT_PIN);
  if (pin < 1 || pin > 4) return;
  pci_write8(function, PCI_INTERRUPT_LINE, kPirqInterrupt[(input + pin - 1) & 3]);
}

static void route_interrupts(void) {
  PciAddress bridge;
  if (!router(&bridge)) {
    print("Interrupt router: none known\n");
    return;
  }
  uint16_t level = 0;
  for (unsigned i = 0; i < 4; ++i) {
    pci_write8(bridge, PIRQRCA + i, kPirqInterrupt[i]);
    level |= (uint16_t)(1u << kPirqInterrupt[i]);
  }
  outb(ELCR1, (uint8_t)level);
  outb(ELCR2, (uint8_t)(level >> 8));

  pci_walk(set_line, 0);
}

static void decode_ide(void) {
  PciAddress function = 0;
  bool started = false;
  while (pci_next(&function, &started)) {
    if (pci_read16(function, PCI_CLASS) != CLASS_IDE) continue;
    pci_write16(function, IDETIM_PRIMARY, IDE_DECODE);
    pci_write16(function, IDETIM_SECONDARY, IDE_DECODE);
    const uint16_t command = pci_read16(function, PCI_COMMAND);
    pci_write16(function, PCI_COMMAND, command | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    return;
  }
  print("IDE: no controller on the PCI bus\n");
}

void southbridge_init(void) {
  route_interrupts();
  decode_ide();
}
