// SPDX-License-Identifier: LGPL-2.1-or-later
// The CMOS bytes a Bochs or AMI BIOS reads, from the memory map and the drives that are there. What
// a person has chosen (boot order, floppy drives) stays, as far as it makes sense.
#include "firmware/common/cmos.h"

#include "firmware/adlo/adlo.h"
#include "firmware/common/console.h"
#include "firmware/common/memory.h"
#include "firmware/common/romfs.h"

enum { BOOT_FLOPPY = 1, BOOT_DISK = 2, BOOT_CDROM = 3, BOOT_NETWORK = 4, LAST_FLOPPY_TYPE = 5 };
enum { TRANSLATE_NONE = 0, TRANSLATE_LBA = 1, TRANSLATE_LARGE = 2 };
enum { TYPE_IN_EXTENSION = 0xf, USER_DEFINED = 47 };
enum { EQUIPMENT_FLOPPY = 0x01, EQUIPMENT_FPU = 0x02, EQUIPMENT_MOUSE = 0x04 };

static void memory_bytes(const BiosMemory* memory) {
  const uint32_t kb = memory->extended_kb;
  cmos_write16(CMOS_BASE_KB, (uint16_t)memory->base_kb);
  // 63 MB is the most that fits these; 34h goes on from 16 MB.
  const uint16_t extended = (uint16_t)(kb < 0xfc00 ? kb : 0xfc00);
  cmos_write16(CMOS_EXTENDED_KB, extended);
  cmos_write16(CMOS_EXTENDED_KB_2, extended);
  cmos_write16(CMOS_ABOVE_16M, (uint16_t)(kb > 15 * 1024 ? (kb - 15 * 1024) / 64 : 0));
  const uint32_t above_4g = (uint32_t)(memory->above_4g >> 16);
  cmos_write16(CMOS_ABOVE_4G, (uint16_t)above_4g);
  cmos_write(CMOS_ABOVE_4G + 2, (uint8_t)(above_4g >> 16));
}

static unsigned translation(const AtaDrive* drive) {
  if (drive->cylinders <= 1024) return TRANSLATE_NONE;
  if ((uint32_t)drive->cylinders * drive->heads <= 131072) return TRANSLATE_LARGE;
  return TRANSLATE_LBA;
}

static void disk_bytes(const AtaDrive drives[ATA_DRIVES]) {
  static const uint8_t kType[2] = {CMOS_DISK0_TYPE, CMOS_DISK1_TYPE};
  static const uint8_t kGeometry[2] = {CMOS_DISK0_GEOMETRY, CMOS_DISK1_GEOMETRY};
  unsigned types = 0, translations = 0;
  for (unsigned i = 0; i < ATA_DRIVES; ++i) {
    if (drives[i].kind != ATA_DISK) continue;
    translations |= translation(&drives[i]) << i * 2;
    if (i >= 2) continue;
    const uint8_t at = kGeometry[i];
    types |= TYPE_IN_EXTENSION << (i == 0 ? 4 : 0);
    cmos_write(kType[i], USER_DEFINED);
    cmos_write16(at, drives[i].cylinders);
    cmos_write((uint8_t)(at + 2), (uint8_t)drives[i].heads);
    cmos_write16((uint8_t)(at + 3), 0xffff);  // no write precompensation
    cmos_write((uint8_t)(at + 5), drives[i].heads > 8 ? 0xc8 : 0xc0);
    cmos_write16((uint8_t)(at + 6), drives[i].cylinders);  // landing zone
    cmos_write((uint8_t)(at + 8), (uint8_t)drives[i].sectors);
  }
  cmos_write(CMOS_DISK_TYPES, (uint8_t)types);
  cmos_write16(CMOS_TRANSLATION, (uint16_t)translations);
}

static bool checksum_good(void) {
  unsigned sum = 0;
  for (unsigned i = CMOS_FLOPPY_TYPES; i < CMOS_CHECKSUM; ++i) sum += cmos_read((uint8_t)i);
  return cmos_read(CMOS_CHECKSUM) == (sum >> 8 & 0xff) &&
         cmos_read(CMOS_CHECKSUM + 1) == (sum & 0xff);
}

static void seal(void) {
  unsigned sum = 0;
  for (unsigned i = CMOS_FLOPPY_TYPES; i < CMOS_CHECKSUM; ++i) sum += cmos_read((uint8_t)i);
  cmos_write(CMOS_CHECKSUM, (uint8_t)(sum >> 8));
  cmos_write(CMOS_CHECKSUM + 1, (uint8_t)sum);
}

static unsigned floppy_types(bool trusted) {
  const unsigned types = cmos_read(CMOS_FLOPPY_TYPES);
  const bool sane = types >> 4 <= LAST_FLOPPY_TYPE && (types & 15) <= LAST_FLOPPY_TYPE;
  return trusted && sane ? types : 0;
}

// The ROM's option boot=disk,cdrom,...: what to try, in this order. False: there is none.
static bool boot_option(void) {
  static const char* const kName[] = {"floppy", "disk", "cdrom", "network"};
  char text[40];
  if (!rom_option("boot", text, sizeof text)) return false;
  unsigned order = 0, shift = 0;
  for (const char* at = text; *at != 0 && shift < 12;) {
    unsigned device = 0;
    for (; device < 4; ++device) {
      const size_t length = strlen(kName[device]);
      if (memcmp(at, kName[device], length) == 0 && (at[length] == ',' || at[length] == 0)) break;
    }
    if (device == 4) {
      print("ADLO: boot=%s: floppy, disk, cdrom and network are known\n", text);
      return false;
    }
    order |= (device + BOOT_FLOPPY) << shift;
    shift += 4;
    at += strlen(kName[device]);
    if (*at == ',') ++at;
  }
  cmos_write(CMOS_BOOT_ORDER, (uint8_t)order);
  cmos_write(CMOS_BOOT_THIRD, (uint8_t)(order >> 8 << 4));
  return true;
}

static void boot_order(const AtaDrive drives[ATA_DRIVES], unsigned floppies) {
  if (boot_option()) return;
  const unsigned chosen = cmos_read(CMOS_BOOT_ORDER);
  const unsigned first = chosen & 15, second = chosen >> 4;
  if (first >= BOOT_FLOPPY && first <= BOOT_NETWORK && second <= BOOT_NETWORK) return;
  unsigned order = 0, shift = 0;
  bool disk = false, cdrom = false;
  for (unsigned i = 0; i < ATA_DRIVES; ++i) {
    disk |= drives[i].kind == ATA_DISK;
    cdrom |= drives[i].kind == ATA_PACKET;
  }
  if (disk) {
    order |= BOOT_DISK << shift;
    shift += 4;
  }
  if (cdrom) {
    order |= BOOT_CDROM << shift;
    shift += 4;
  }
  if (floppies != 0) order |= BOOT_FLOPPY << shift;
  cmos_write(CMOS_BOOT_ORDER, (uint8_t)order);
  cmos_write(CMOS_BOOT_THIRD, (uint8_t)(order >> 8 << 4));
}

void cmos_install(const BiosMemory* memory, const AtaDrive drives[ATA_DRIVES]) {
  const bool trusted = checksum_good();
  const unsigned floppies = floppy_types(trusted);
  cmos_write(CMOS_FLOPPY_TYPES, (uint8_t)floppies);
  memory_bytes(memory);
  disk_bytes(drives);
  boot_order(drives, floppies);
  unsigned equipment = EQUIPMENT_FPU | EQUIPMENT_MOUSE;
  if (floppies != 0) equipment |= EQUIPMENT_FLOPPY | ((floppies & 15) != 0 ? 0x40u : 0);
  cmos_write(CMOS_EQUIPMENT, (uint8_t)equipment);
  seal();
  print("ADLO: CMOS %s; boot order %02x, disk translation %02x\n",
        trusted ? "kept where chosen" : "was not valid", cmos_read(CMOS_BOOT_ORDER),
        cmos_read(CMOS_TRANSLATION));
}
