// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/ata.h"

#include "firmware/common/io.h"
#include "firmware/common/memory.h"
#include "firmware/common/timer.h"

// Offsets from the command block.
enum {
  DATA = 0,
  SECTOR_COUNT = 2,
  LBA_LOW = 3,
  LBA_MID = 4,
  LBA_HIGH = 5,
  DEVICE = 6,
  STATUS = 7,
  COMMAND = 7
};
enum { BSY = 0x80, DRQ = 0x08, ERR = 0x01 };
enum { IDENTIFY_DEVICE = 0xec, IDENTIFY_PACKET_DEVICE = 0xa1 };

static const uint16_t kCommandBlock[2] = {0x1f0, 0x170};

// No drive drives the bus: the pull-up of D7 is absent on some hosts, so all ones means nobody.
static bool nobody(uint8_t status) {
  return status == 0xff;
}

uint32_t ata_wait_ready(unsigned channel) {
  const uint16_t port = kCommandBlock[channel];
  for (uint32_t waited = 0; waited <= ATA_READY_MS; ++waited) {
    const uint8_t status = inb(port + STATUS);
    if (nobody(status) || (status & BSY) == 0) return waited;
    delay_ms(1);
  }
  return ATA_TIMED_OUT;
}

static bool select(uint16_t port, unsigned slave) {
  outb(port + DEVICE, (uint8_t)(0xa0 | slave << 4));
  for (unsigned i = 0; i < 5; ++i) inb(port + STATUS);  // 400 ns
  const uint8_t status = inb(port + STATUS);
  if (nobody(status) || (status & BSY) != 0) return false;
  // Registers that keep what is written: somebody is there.
  outb(port + SECTOR_COUNT, 0x55);
  outb(port + LBA_LOW, 0xaa);
  return inb(port + SECTOR_COUNT) == 0x55 && inb(port + LBA_LOW) == 0xaa;
}

static bool read_identity(uint16_t port, uint8_t command, uint16_t words[256]) {
  outb(port + COMMAND, command);
  for (unsigned i = 0; i < 5; ++i) inb(port + STATUS);
  for (unsigned waited = 0;; ++waited) {
    const uint8_t status = inb(port + STATUS);
    if (nobody(status) || status == 0) return false;
    if ((status & BSY) == 0) {
      if ((status & ERR) != 0) return false;
      if ((status & DRQ) != 0) break;
    }
    if (waited == ATA_DATA_MS) return false;
    delay_ms(1);
  }
  for (unsigned i = 0; i < 256; ++i) words[i] = inw(port + DATA);
  return true;
}

void ata_identify(unsigned number, AtaDrive* drive) {
  const uint16_t port = kCommandBlock[number / 2];
  uint16_t words[256];
  memset(drive, 0, sizeof *drive);
  if (!select(port, number % 2)) return;
  if (read_identity(port, IDENTIFY_DEVICE, words)) {
    drive->kind = ATA_DISK;
    drive->cylinders = words[1];
    drive->heads = words[3];
    drive->sectors = words[6];
    if ((words[49] & 0x200) != 0) drive->lba_sectors = words[60] | (uint32_t)words[61] << 16;
  } else if (inb(port + LBA_MID) == 0x14 && inb(port + LBA_HIGH) == 0xeb &&
             read_identity(port, IDENTIFY_PACKET_DEVICE, words)) {
    drive->kind = ATA_PACKET;  // the signature of clause 9.12
  } else {
    return;
  }
  for (unsigned i = 0; i < 20; ++i) {  // the first character is in the high byte
    drive->model[i * 2] = (char)(words[27 + i] >> 8);
    drive->model[i * 2 + 1] = (char)words[27 + i];
  }
  unsigned end = 40;
  while (end > 0 && (drive->model[end - 1] == ' ' || drive->model[end - 1] == 0)) --end;
  drive->model[end] = 0;
}
