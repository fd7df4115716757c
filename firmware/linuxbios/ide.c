// SPDX-License-Identifier: LGPL-2.1-or-later
// This firmware is at the drives long before they have spun up, and the BIOS that follows may have
// been made for one that was not: it is here that one waits.
#include "firmware/common/ata.h"
#include "firmware/common/console.h"
#include "firmware/linuxbios/linuxbios.h"

void ide_init(void) {
  for (unsigned channel = 0; channel < 2; ++channel) {
    const uint32_t waited = ata_wait_ready(channel);
    if (waited == ATA_TIMED_OUT) {
      print("IDE%u: the drive is still busy after %u s\n", channel, ATA_READY_MS / 1000);
      continue;
    }
    if (waited > 0) print("IDE%u: ready after %u ms\n", channel, waited);
    for (unsigned slave = 0; slave < 2; ++slave) {
      AtaDrive drive;
      ata_identify(channel * 2 + slave, &drive);
      const char* const place = slave != 0 ? "slave" : "master";
      if (drive.kind == ATA_DISK) {
        print("IDE%u %s: %s, %u sectors\n", channel, place, drive.model,
              drive.lba_sectors != 0 ? drive.lba_sectors
                                     : (uint32_t)drive.cylinders * drive.heads * drive.sectors);
      } else if (drive.kind == ATA_PACKET) {
        print("IDE%u %s: %s, ATAPI\n", channel, place, drive.model);
      }
    }
  }
}
