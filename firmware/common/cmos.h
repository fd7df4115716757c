// SPDX-License-Identifier: LGPL-2.1-or-later
// The battery-backed RAM of the real-time clock, and what PC BIOSes keep in it.
// Reference: Motorola MC146818; IBM PC AT Technical Reference; the Bochs BIOS for 34h and above.
#pragma once

#include <stdint.h>

#include "firmware/common/io.h"

enum {
  CMOS_STATUS_A = 0x0a,
  CMOS_STATUS_B = 0x0b,
  CMOS_SHUTDOWN = 0x0f,
  CMOS_FLOPPY_TYPES = 0x10,  // a nibble for each drive, A: high
  CMOS_DISK_TYPES = 0x12,    // a nibble for each drive, the first high; F: see 19h, 1Ah
  CMOS_EQUIPMENT = 0x14,
  CMOS_BASE_KB = 0x15,
  CMOS_EXTENDED_KB = 0x17,
  CMOS_DISK0_TYPE = 0x19,
  CMOS_DISK1_TYPE = 0x1a,
  CMOS_DISK0_GEOMETRY = 0x1b,
  CMOS_DISK1_GEOMETRY = 0x24,
  CMOS_CHECKSUM = 0x2e,  // of 10h to 2Dh, high byte first
  CMOS_EXTENDED_KB_2 = 0x30,
  CMOS_ABOVE_16M = 0x34,  // in 64 KB units
  CMOS_BOOT_THIRD = 0x38,
  CMOS_TRANSLATION = 0x39,  // two bits for each of the four drives
  CMOS_BOOT_ORDER = 0x3d,   // nibbles: first device low, second high
  CMOS_ABOVE_4G = 0x5b      // in 64 KB units, three bytes
};

// Bit 7 of port 70h masks NMI; it stays masked while firmware runs.
static inline uint8_t cmos_read(uint8_t index) {
  outb(0x70, index | 0x80);
  return inb(0x71);
}
static inline void cmos_write(uint8_t index, uint8_t value) {
  outb(0x70, index | 0x80);
  outb(0x71, value);
}
static inline uint16_t cmos_read16(uint8_t index) {
  return (uint16_t)(cmos_read(index) | cmos_read((uint8_t)(index + 1)) << 8);
}
static inline void cmos_write16(uint8_t index, uint16_t value) {
  cmos_write(index, (uint8_t)value);
  cmos_write((uint8_t)(index + 1), (uint8_t)(value >> 8));
}
