// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting for and identifying ATA drives with programmed I/O.
// Reference: ATA/ATAPI-5 (T13/1321D), sections 7.15, 8.9, 8.12 and 9.1.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ATA_DRIVES = 4 };

typedef enum { ATA_NONE, ATA_DISK, ATA_PACKET } AtaKind;

typedef struct {
  AtaKind kind;
  uint16_t cylinders, heads, sectors;  // as IDENTIFY DEVICE gives them; 0 for ATAPI
  uint32_t lba_sectors;                // 0: the drive has no LBA
  char model[41];
} AtaDrive;

// The longest waits: for a drive that spins up, and for data after a command. A build for tests has
// none.
#ifndef ATA_READY_MS
#define ATA_READY_MS 31000
#endif
#ifndef ATA_DATA_MS
#define ATA_DATA_MS 5000
#endif

// After power-on a drive holds BSY until it can take commands; ATA allows it 31 s. Waits until the
// channel (0 or 1) is ready and returns the milliseconds that took, or ATA_TIMED_OUT.
#define ATA_TIMED_OUT 0xffffffffu
uint32_t ata_wait_ready(unsigned channel);

// Drive number: channel * 2 + 1 for a slave. The channel must be ready.
void ata_identify(unsigned number, AtaDrive* drive);
