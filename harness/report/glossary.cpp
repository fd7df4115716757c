// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: as services.h.
#include "harness/report/glossary.h"

#include <utility>

namespace ice86::harness {

namespace {

using Entry = std::pair<std::string_view, std::string_view>;

constexpr std::pair<std::uint8_t, std::string_view> kVectors[] = {
    {0x10, "video"},   {0x11, "equipment"}, {0x12, "memory"},    {0x13, "disk"},
    {0x14, "serial"},  {0x15, "system"},    {0x16, "keyboard"},  {0x17, "printer"},
    {0x18, "no boot"}, {0x19, "bootstrap"}, {0x1a, "clock, PCI"}};

constexpr Entry kServices[] = {
    {"disk: reset",
     "Brings drive and controller back to a known state, as software does after an "
     "error. Bit 7 of DL chooses between hard disks and diskettes."},
    {"disk: read",
     "Reads sectors by cylinder, head and sector into ES:BX. The geometry is whatever "
     "the BIOS says it is, at most 1024 cylinders, 255 heads and 63 sectors, so that "
     "it ends at 8 GB."},
    {"disk: write", "Writes sectors by cylinder, head and sector from ES:BX."},
    {"disk: get parameters",
     "Tells the geometry that reads by cylinder, head and sector have to "
     "use, and how many drives there are."},
    {"disk: get type",
     "Tells whether a drive is there, and whether it notices that its medium was "
     "changed."},
    {"disk: extensions present?",
     "Asks for the extensions that address sectors by one number (LBA). "
     "BX goes in as 55AAh and comes back as AA55h if they are there."},
    {"disk: extended read",
     "Reads sectors by number. DS:SI points to a packet: its size, how many "
     "sectors, where to, and the first sector in 64 bits."},
    {"disk: extended write", "Writes sectors by number, from a packet as the extended read has."},
    {"disk: extended parameters",
     "Tells the size of a drive in sectors, and, in its longer form, on "
     "which bus and at which ports the drive is."},
    {"video: set mode",
     "Switches the display adapter to a mode: resolution, colours, text or "
     "graphics. It clears the screen unless bit 7 of AL is set."},
    {"video: teletype",
     "Writes a character where the cursor is and moves on, scrolling when it must: "
     "how boot loaders print."},
    {"video: move cursor", "Puts the cursor of a page to a row and a column."},
    {"video: read cursor", "Tells where the cursor of a page is, and its shape."},
    {"video: get mode", "Tells the current mode, its columns and the page that is shown."},
    {"video: write character and attribute",
     "Writes a character with its colours at the cursor, "
     "which stays."},
    {"video: scroll up", "Moves a window of the screen up; with 0 lines it clears it."},
    {"VBE: controller information",
     "Fills a block at ES:DI with what the adapter can do: version, "
     "memory, the list of its modes."},
    {"VBE: mode information",
     "Fills a block at ES:DI with resolution, colours and the address of the "
     "linear frame buffer of a mode."},
    {"VBE: set mode", "Switches to a VBE mode; bit 14 asks for the linear frame buffer."},
    {"keyboard: read",
     "Waits for a key and takes it from the buffer: scan code in AH, ASCII in AL."},
    {"keyboard: key waiting?", "Looks for a key without taking it: ZF is clear when there is one."},
    {"keyboard: shift state", "Tells which of Shift, Ctrl, Alt and the locks are down."},
    {"clock: read ticks",
     "Tells the ticks since midnight, 18.2 a second: the oldest way to measure "
     "time on a PC."},
    {"clock: read time", "Reads hours, minutes and seconds from the battery-backed clock, in BCD."},
    {"clock: read date", "Reads the date from the battery-backed clock, in BCD."},
    {"memory map E820",
     "Tells one range of memory at a time and what it is for; EBX leads from one "
     "to the next and is 0 at the end. Everything that boots today asks this."},
    {"PCI BIOS: present?",
     "Asks for the PCI BIOS: its version, and how configuration space is "
     "reached."},
    {"PCI BIOS: find device", "Finds the n-th device of a vendor and device number."},
    {"PCI BIOS: find class", "Finds the n-th device of a class."},
    {"APM: present?", "Asks for Advanced Power Management, which came before ACPI."}};

}  // namespace

std::string_view vector_name(std::uint8_t vector) {
  for (const auto& [number, name] : kVectors) {
    if (number == vector) return name;
  }
  return {};
}

std::string_view about_service(std::string_view service) {
  for (const auto& [name, about] : kServices) {
    if (name == service) return about;
  }
  return {};
}

}  // namespace ice86::harness
