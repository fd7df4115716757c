// SPDX-License-Identifier: LGPL-2.1-or-later
// The VGA BIOS and the other option ROMs, into shadow RAM from C0000 on: from the ROM file system
// and from the cards' own ROMs.
// Reference: PCI Local Bus Specification 2.1, section 6.3 (expansion ROMs); Plug and Play BIOS
// Specification 1.0A, section 3 (option ROMs).
#include "firmware/adlo/adlo.h"
#include "firmware/common/checksum.h"
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/memory.h"
#include "firmware/common/pci.h"
#include "firmware/common/post_codes.h"
#include "firmware/common/romfs.h"

enum { FIRST = 0xc0000, FIRST_OTHER = 0xc8000, STEP = 0x800, LARGEST = 0x20000 };
enum { SIGNATURE = 0xaa55, UNIT = 512, POINTER_TO_PCI_DATA = 0x18 };
// Within the PCI data structure.
#define PCIR 0x52494350u
enum { CODE_LENGTH = 0x10, CODE_TYPE = 0x14, INDICATOR = 0x15, CODE_PC = 0, LAST = 0x80 };
enum { CLASS_VGA = 0x0300, CLASS_OLD_VGA = 0x0001, ROM_ENABLE = 1 };
// Where a card's ROM is looked at: below the local APIC, where LinuxBIOS has put nothing.
#define ROM_WINDOW 0xfe000000u
#define ROM_WINDOW_SIZE 0x800000u

// INT 10h and 16h on the serial port (option console=serial).
extern uint8_t serial_rom[], serial_rom_end[];

typedef struct {
  uint32_t next;  // the next free address
  uint32_t end;
} Area;

static uint16_t get16(const uint8_t* at) {
  return (uint16_t)(at[0] | at[1] << 8);
}

// What is wrong with an option ROM image of which `room` bytes are there, or NULL. Its length byte
// may be more than the file: what is missing counts as FFh does not in the sum, so it has to be
// whole.
static const char* wrong(const uint8_t* rom, uint32_t room) {
  if (room < UNIT || get16(rom) != SIGNATURE) return "no option ROM";
  const uint32_t size = rom[2] * (uint32_t)UNIT;
  if (size == 0 || size > room) return "its length byte says more than is there";
  uint8_t sum = 0;
  for (uint32_t i = 0; i < size; ++i) sum = (uint8_t)(sum + rom[i]);
  return sum == 0 ? NULL : "its bytes do not add up to 0";
}

// `size`: what is to be there at run time, perhaps more than the length byte says.
static bool place(Area* area, const uint8_t* rom, uint32_t size, const char* name) {
  const char* const reason = wrong(rom, size);
  if (reason != NULL) {
    print("ADLO: %s: %s\n", name, reason);
    return false;
  }
  const uint32_t to = area->next;
  const uint32_t taken = (size + STEP - 1) & ~(uint32_t)(STEP - 1);
  if (taken > area->end - to) {
    print("ADLO: %s: no room below %05x\n", name, area->end);
    return false;
  }
  const uint32_t granule = to & ~(uint32_t)(SHADOW_GRANULE - 1);
  const uint32_t end = (to + taken + SHADOW_GRANULE - 1) & ~(uint32_t)(SHADOW_GRANULE - 1);
  shadow_set(granule, end, SHADOW_READ | SHADOW_WRITE);
  // A reader of option ROMs must find nothing between the images' ends and the ends of granules.
  memset((void*)to, 0xff, end - to);
  install(to, rom, size, name);
  area->next = to + taken;
  return true;
}

// One of ADLO's own, whose last byte makes its sum 0.
static void place_own(Area* area, uint8_t* rom, uint32_t size, const char* name) {
  rom[size - 1] = 0;
  rom[size - 1] = byte_checksum(rom, size);
  place(area, rom, size, name);
}

static bool place_entry(Area* area, const RomEntry* entry) {
  uint8_t* const scratch = (uint8_t*)SCRATCH;
  if (entry->size > LARGEST) {
    print("ADLO: %s: %u bytes are too many\n", entry->name, entry->size);
    return false;
  }
  const char* const problem = rom_read(entry, scratch);
  if (problem != NULL) {
    print("ADLO: %s: %s\n", entry->name, problem);
    return false;
  }
  return place(area, scratch, entry->size, entry->name);
}

// The PC image of a card's expansion ROM, in the scratch memory; 0 bytes: there is none.
static uint32_t read_card(PciAddress card) {
  const uint32_t old = pci_read32(card, PCI_ROM);
  pci_write32(card, PCI_ROM, 0xfffff800u);
  const uint32_t mask = pci_read32(card, PCI_ROM) & 0xfffff800u;
  uint32_t found = 0;
  if (mask != 0) {
    const uint32_t size = ~mask + 1;
    const uint16_t command = pci_read16(card, PCI_COMMAND);
    pci_write32(card, PCI_ROM, (ROM_WINDOW & mask) | ROM_ENABLE);
    pci_write16(card, PCI_COMMAND, (uint16_t)(command | PCI_COMMAND_MEMORY));
    const uint8_t* rom = (const uint8_t*)(ROM_WINDOW & mask);
    uint32_t room = size;
    while (room >= UNIT && get16(rom) == SIGNATURE) {
      const unsigned data = get16(rom + POINTER_TO_PCI_DATA);
      if (data < 0x1a || data + 0x18 > room || *(const uint32_t*)(rom + data) != PCIR) break;
      const uint32_t length = get16(rom + data + CODE_LENGTH) * (uint32_t)UNIT;
      if (rom[data + CODE_TYPE] == CODE_PC && length != 0 && length <= room && length <= LARGEST) {
        memcpy((void*)SCRATCH, rom, length);
        found = length;
        break;
      }
      if ((rom[data + INDICATOR] & LAST) != 0 || length == 0 || length >= room) break;
      rom += length;
      room -= length;
    }
    pci_write16(card, PCI_COMMAND, command);
  }
  pci_write32(card, PCI_ROM, old & ~(uint32_t)ROM_ENABLE);
  return found;
}

static bool is_vga(PciAddress card) {
  const uint16_t class = pci_read16(card, PCI_CLASS);
  return class == CLASS_VGA || class == CLASS_OLD_VGA;
}

// Cards of a bus and of those behind it; true: a VGA card's ROM has been placed, and one is enough.
// A bridge passes on what is in its window only, so that is moved to where ROMs are looked at.
static bool place_cards(Area* area, unsigned bus, bool vga) {
  PciAddress card = (PciAddress)(bus << 8);
  bool started = false;
  while (pci_next(&card, &started)) {
    if (pci_is_bridge(card)) {
      const unsigned behind = pci_read8(card, PCI_BUSES + 1);
      if (behind <= bus) continue;
      const uint32_t window = pci_read32(card, PCI_MEMORY_WINDOW);
      pci_write32(card, PCI_MEMORY_WINDOW,
                  ROM_WINDOW >> 16 | ((ROM_WINDOW + ROM_WINDOW_SIZE - 1) & 0xfff00000u));
      const bool done = place_cards(area, behind, vga);
      pci_write32(card, PCI_MEMORY_WINDOW, window);
      if (done) return true;
      continue;
    }
    if (is_vga(card) != vga) continue;
    const uint32_t size = read_card(card);
    if (size == 0) continue;
    if (place(area, (const uint8_t*)SCRATCH, size, vga ? "VGA BIOS of the card" : "card's ROM") &&
        vga) {
      return true;
    }
  }
  return false;
}

void option_roms_install(uint32_t end, const LbHeader* table) {
  // The oldest BIOSes look no further.
  Area area = {FIRST, end < 0xe0000 ? end : 0xe0000};
  const RomEntry* const vga = rom_find("vgabios");
  const bool from_rom = !rom_option_is("vga", "pci"), off = rom_option_is("vga", "off");
  if (vga != NULL && from_rom && !off && !place_entry(&area, vga)) post_code(POST_VGA_BIOS_DAMAGED);
  if (area.next == FIRST && !off) place_cards(&area, 0, true);
  const bool screen = area.next != FIRST;
  if (rom_option_is("console", "serial")) {
    place_own(&area, serial_rom, (uint32_t)(serial_rom_end - serial_rom),
              screen ? "the serial console, beside the VGA BIOS" : "the serial console");
  } else if (!screen) {
    print("ADLO: no VGA BIOS: the BIOS has no screen\n");
  }
  if (area.next < FIRST_OTHER) area.next = FIRST_OTHER;
  if (rom_option_is("e820", "linuxbios")) {
    uint32_t size;
    uint8_t* const rom = e820_rom_make(table, &size);
    place_own(&area, rom, size, "INT 15h E820 from the LinuxBIOS table");
  }
  const RomEntry* entry = NULL;
  while ((entry = rom_next(entry, false)) != NULL) {
    if (memcmp(entry->name, "optionrom/", 10) == 0) place_entry(&area, entry);
  }
  if (!rom_option_is("cards", "off")) place_cards(&area, 0, false);
  const uint32_t top = (area.next + SHADOW_GRANULE - 1) & ~(uint32_t)(SHADOW_GRANULE - 1);
  shadow_set(FIRST, top, SHADOW_READ);
}
