// SPDX-License-Identifier: LGPL-2.1-or-later
// INT 13h. The machine has a diskette, a disk of 20 x 16 x 63 sectors at 80h and a CD-ROM.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference (BIOS); T13 1386D, EDD 3.0 (EDD).
#include "harness/fuzz/conformance.h"

namespace ice86::harness {

namespace {

constexpr std::uint32_t kBuffer = Probe::kBuffer;
constexpr std::uint16_t kBufferSegment = kBuffer >> 4;
constexpr std::uint32_t kPacket = (std::uint32_t{Probe::kData} << 4) + 0x100;
constexpr std::uint16_t kPacketOffset = 0x100;
constexpr std::uint16_t kDisk = 0x80, kNoDisk = 0x81, kFloppy = 0;
constexpr std::uint32_t kSectors = 20 * 16 * 63;
constexpr std::uint16_t kSector = 512;

void packet(Probe& p, std::uint8_t size, std::uint16_t count, std::uint64_t sector) {
  p.put(kPacket, 2, size);
  p.put(kPacket + 2, 2, count);
  p.put(kPacket + 4, 2, 0);
  p.put(kPacket + 6, 2, kBufferSegment);
  p.put(kPacket + 8, 4, static_cast<std::uint32_t>(sector));
  p.put(kPacket + 12, 4, static_cast<std::uint32_t>(sector >> 32));
}

void extended(Probe& p, std::uint16_t ax, std::uint16_t dx = kDisk) {
  p.call(0x13, {.ax = ax, .dx = dx, .si = kPacketOffset});
}

void reset(Probe& p) {
  p.call(0x13, {.dx = kDisk});
  p.works();
  p.is("AH", p.out().ah(), 0);
}
void status(Probe& p) {
  p.call(0x13, {.ax = 0x0201, .cx = 0, .dx = kDisk});  // there is no sector 0
  p.fails();
  const std::uint8_t before = p.out().ah();
  p.call(0x13, {.ax = 0x0100, .dx = kDisk});
  if (p.out().ah() != before && p.out().al() != before) p.fail("another status than the call had");
}
void read(Probe& p) {
  p.call(0x13, {.ax = 0x0201, .cx = 0x0305, .dx = 0x0200 | kDisk});
  p.works();
  p.is("AL", p.out().al(), 1);
  if (!p.is_sector(kBuffer, kDisk, (3 * 16 + 2) * 63 + 4)) p.fail("not the sector's data");
}
void read_over_tracks(Probe& p) {
  p.call(0x13, {.ax = 0x0204, .cx = 0x033e, .dx = 0x0200 | kDisk});
  p.works();
  for (std::uint32_t i = 0; i < 4; ++i) {
    if (!p.is_sector(kBuffer + i * kSector, kDisk, (3 * 16 + 2) * 63 + 61 + i))
      p.fail("not the sectors' data");
  }
}
void read_127(Probe& p) {
  p.call(0x13, {.ax = 0x027f, .cx = 0x0001, .dx = kDisk});
  p.works();
  for (const std::uint32_t i : {0U, 63U, 126U})
    if (!p.is_sector(kBuffer + i * kSector, kDisk, i)) p.fail("not the sectors' data");
}
void read_sector_0(Probe& p) {
  p.call(0x13, {.ax = 0x0201, .cx = 0x0300, .dx = kDisk});
  p.fails();
}
void read_no_sectors(Probe& p) {
  p.call(0x13, {.ax = 0x0200, .cx = 0x0001, .dx = kDisk});
  p.fails();
}
void read_beyond(Probe& p) {
  p.call(0x13, {.ax = 0x0201, .cx = 0xffff, .dx = 0xfe00 | kDisk});
  p.fails();
}
void read_no_drive(Probe& p) {
  p.call(0x13, {.ax = 0x0201, .cx = 0x0001, .dx = kNoDisk});
  p.fails();
}
void write(Probe& p) {
  p.fill(kBuffer, kSector, 0xa7);
  p.call(0x13, {.ax = 0x0301, .cx = 0x0207, .dx = kDisk});
  p.works();
  if (!p.is_sector(kBuffer, kDisk, 2 * 16 * 63 + 6)) p.fail("not on the disk");
}
void verify(Probe& p) {
  p.call(0x13, {.ax = 0x0403, .cx = 0x0101, .dx = kDisk});
  p.works();
}
void parameters(Probe& p) {
  p.call(0x13, {.ax = 0x0800, .dx = kDisk});
  p.works();
  p.is("DL", p.dx() & 0xff, 1);
  p.is("sectors", p.cx() & 0x3f, 63);
  p.is("last head", p.dx() >> 8, 15);
  // The last cylinder may be the BIOS's own (BIOS, INT 13h AH=08h).
  const unsigned last = (p.cx() >> 8) | (p.cx() & 0xc0U) << 2;
  if (last != 19 && last != 18) p.is("last cylinder", last, 19);
}
void parameters_none(Probe& p) {
  p.call(0x13, {.ax = 0x0800, .dx = kNoDisk});
  p.fails();
}
void parameters_floppy(Probe& p) {
  p.call(0x13, {.ax = 0x0800, .dx = kFloppy});
  p.works();
  p.is("BL", p.bx() & 0xff, 4);
  p.is("CX", p.cx(), 0x4f12);
  p.is("DX", p.dx(), 0x0101);
  const std::uint32_t table = (std::uint32_t{p.out().es} << 4) + (p.out().edi & 0xffff);
  p.is("table's bytes per sector", p.get(table + 3, 1), 2);
  p.is("table's sectors", p.get(table + 4, 1), 18);
}
void type_disk(Probe& p) {
  p.call(0x13, {.ax = 0x1500, .dx = kDisk});
  p.works();
  p.is("AH", p.out().ah(), 3);
  const std::uint32_t sectors = std::uint32_t{p.cx()} << 16 | p.dx();
  if (sectors > kSectors || sectors < kSectors - 2 * 16 * 63) p.is("sectors", sectors, kSectors);
}
void type_none(Probe& p) {
  p.call(0x13, {.ax = 0x1500, .dx = kNoDisk});
  if (!p.out().carry()) p.is("AH", p.out().ah(), 0);  // or it fails
}
void type_floppy(Probe& p) {
  p.call(0x13, {.ax = 0x1500, .dx = kFloppy});
  p.works();
  if (p.out().ah() != 1 && p.out().ah() != 2) p.is("AH", p.out().ah(), 2);
}
void read_floppy(Probe& p) {
  p.call(0x13, {.ax = 0x0202, .cx = 0x0511, .dx = 0x0100 | kFloppy});
  p.works();
  for (std::uint32_t i = 0; i < 2; ++i) {
    if (!p.is_sector(kBuffer + i * kSector, kFloppy, (5 * 2 + 1) * 18 + 16 + i))
      p.fail("not the sectors' data");
  }
}
void write_floppy(Probe& p) {
  p.fill(kBuffer, kSector, 0x35);
  p.call(0x13, {.ax = 0x0301, .cx = 0x0203, .dx = kFloppy});
  p.works();
  if (!p.is_sector(kBuffer, kFloppy, 2 * 2 * 18 + 2)) p.fail("not on the diskette");
}
void changed_floppy(Probe& p) {
  p.call(0x13, {.ax = 0x1600, .dx = kFloppy});
  if (p.out().carry() && p.out().ah() != 6) p.is("AH", p.out().ah(), 6);
}
void seek(Probe& p) {
  p.call(0x13, {.ax = 0x0c00, .cx = 0x0a01, .dx = kDisk});
  p.works();
}
void ready(Probe& p) {
  p.call(0x13, {.ax = 0x1000, .dx = kDisk});
  p.works();
}
void recalibrate(Probe& p) {
  p.call(0x13, {.ax = 0x1100, .dx = kDisk});
  p.works();
}
void unknown(Probe& p) {
  p.call(0x13, {.ax = 0x7700, .dx = kDisk});
  p.fails();
  p.is("AH", p.out().ah(), 1);
}
void extensions(Probe& p) {
  p.call(0x13, {.ax = 0x4100, .bx = 0x55aa, .dx = kDisk});
  p.works();
  p.is("BX", p.bx(), 0xaa55);
  p.is("bit 0 of CX", p.cx() & 1, 1);
  if (p.out().ah() < 0x01) p.fail("no version");
}
void extensions_edd3(Probe& p) {
  p.call(0x13, {.ax = 0x4100, .bx = 0x55aa, .dx = kDisk});
  p.works();
  p.is("version in AH", p.out().ah(), 0x30);
  p.is("EDD's bit of CX", p.cx() & 4, 4);
}
void extensions_none(Probe& p) {
  p.call(0x13, {.ax = 0x4100, .bx = 0x55aa, .dx = kNoDisk});
  p.fails();
}
void extensions_key(Probe& p) {
  p.call(0x13, {.ax = 0x4100, .bx = 0x1234, .dx = kDisk});
  p.fails();
}
void extended_read(Probe& p) {
  packet(p, 0x10, 3, 12345);
  extended(p, 0x4200);
  p.works();
  p.is("AH", p.out().ah(), 0);
  p.is("blocks in the packet", p.get(kPacket + 2, 2), 3);
  for (std::uint32_t i = 0; i < 3; ++i)
    if (!p.is_sector(kBuffer + i * kSector, kDisk, 12345 + i)) p.fail("not the sectors' data");
}
void extended_small(Probe& p) {
  packet(p, 0x0f, 1, 1);
  extended(p, 0x4200);
  p.fails();
  p.is("AH", p.out().ah(), 1);
}
void extended_beyond(Probe& p) {
  packet(p, 0x10, 1, kSectors);
  extended(p, 0x4200);
  p.fails();
}
void extended_far_beyond(Probe& p) {
  packet(p, 0x10, 1, std::uint64_t{1} << 32 | 5);
  extended(p, 0x4200);
  p.fails();
}
void extended_partly(Probe& p) {
  packet(p, 0x10, 4, kSectors - 2);
  extended(p, 0x4200);
  p.fails();
  if (p.get(kPacket + 2, 2) > 2) p.fail("counts blocks that are not there");
}
void extended_none(Probe& p) {
  packet(p, 0x10, 1, 1);
  extended(p, 0x4200, kNoDisk);
  p.fails();
}
void extended_64(Probe& p) {
  packet(p, 0x18, 1, 77);
  p.put(kPacket + 4, 4, 0xffffffff);
  p.put(kPacket + 16, 4, kBuffer);
  p.put(kPacket + 20, 4, 0);
  extended(p, 0x4200);
  p.works();
  if (!p.is_sector(kBuffer, kDisk, 77)) p.fail("not the sector's data");
}
void extended_write(Probe& p) {
  p.fill(kBuffer, kSector, 0x6d);
  packet(p, 0x10, 1, 4321);
  extended(p, 0x4300);
  p.works();
  if (!p.is_sector(kBuffer, kDisk, 4321)) p.fail("not on the disk");
}
void extended_write_option(Probe& p) {
  packet(p, 0x10, 1, 4321);
  extended(p, 0x4303);
  p.fails();
  p.is("AH", p.out().ah(), 1);
}
void extended_verify(Probe& p) {
  packet(p, 0x10, 5, 100);
  extended(p, 0x4400);
  p.works();
}
void extended_seek(Probe& p) {
  packet(p, 0x10, 1, 100);
  extended(p, 0x4700);
  p.works();
}
void extended_seek_beyond(Probe& p) {
  packet(p, 0x10, 1, kSectors + 100);
  extended(p, 0x4700);
  p.fails();
}
void drive_parameters(Probe& p) {
  p.fill(kPacket, 0x42, 0);
  p.put(kPacket, 2, 0x1a);
  extended(p, 0x4800);
  p.works();
  p.is("size", p.get(kPacket, 2), 0x1a);
  p.is("sectors", p.get(kPacket + 16, 4), kSectors);
  p.is("bytes per sector", p.get(kPacket + 24, 2), kSector);
  if ((p.get(kPacket + 2, 2) & 2) != 0) {
    p.is("cylinders x heads x sectors",
         p.get(kPacket + 4, 4) * p.get(kPacket + 8, 4) * p.get(kPacket + 12, 4), kSectors);
  }
}
void drive_parameters_small(Probe& p) {
  p.put(kPacket, 2, 0x19);
  extended(p, 0x4800);
  p.fails();
  p.is("AH", p.out().ah(), 1);
}
void drive_parameters_table(Probe& p) {
  p.fill(kPacket, 0x42, 0);
  p.put(kPacket, 2, 0x1e);
  extended(p, 0x4800);
  p.works();
  p.is("size", p.get(kPacket, 2), 0x1e);
  const std::uint32_t table = (p.get(kPacket + 28, 2) << 4) + p.get(kPacket + 26, 2);
  if (table == 0xffff0 + 0xffff) return;  // none
  p.is("DPTE's first port", p.get(table, 2), 0x1f0);
  p.is("DPTE's control port", p.get(table + 2, 2), 0x3f6);
  p.is("DPTE's checksum", p.sum(table, 16), 0);
}
void drive_parameters_path(Probe& p) {
  p.fill(kPacket, 0x42, 0);
  p.put(kPacket, 2, 0x42);
  extended(p, 0x4800);
  p.works();
  p.is("size", p.get(kPacket, 2), 0x42);
  p.is("key", p.get(kPacket + 30, 2), 0xbedd);
  p.is("host bus", p.get(kPacket + 36, 4), 0x20494350);   // "PCI "
  p.is("interface", p.get(kPacket + 40, 4), 0x20415441);  // "ATA "
  p.is("checksum", p.sum(kPacket + 30, 36), 0);
}
void lock(Probe& p) {
  p.call(0x13, {.ax = 0x4502, .dx = kDisk});  // of a drive that is not removable
  if (!p.out().carry()) return;
  if (p.out().ah() != 1 && p.out().ah() != 0xb4) p.is("AH", p.out().ah(), 1);
}

}  // namespace

const std::vector<ConformanceCheck>& disk_checks() {
  static const std::vector<ConformanceCheck> kChecks = {
      {0x13, "AH=00h resets", "BIOS", reset},
      {0x13, "AH=01h has the last call's status", "BIOS", status},
      {0x13, "AH=02h reads a sector", "BIOS", read},
      {0x13, "AH=02h reads over the end of a track", "BIOS", read_over_tracks},
      {0x13, "AH=02h reads 127 sectors", "BIOS", read_127},
      {0x13, "AH=02h refuses sector 0", "BIOS", read_sector_0},
      {0x13, "AH=02h refuses a count of 0", "BIOS", read_no_sectors},
      {0x13, "AH=02h refuses what is beyond the disk", "BIOS", read_beyond},
      {0x13, "AH=02h refuses a drive that is not there", "BIOS", read_no_drive},
      {0x13, "AH=03h writes a sector", "BIOS", write},
      {0x13, "AH=04h verifies", "BIOS", verify},
      {0x13, "AH=08h: the disk's geometry", "BIOS", parameters},
      {0x13, "AH=08h refuses a drive that is not there", "BIOS", parameters_none},
      {0x13, "AH=08h: the diskette's geometry and table", "BIOS", parameters_floppy},
      {0x13, "AH=15h: a disk and its sectors", "BIOS", type_disk},
      {0x13, "AH=15h: no drive", "BIOS", type_none},
      {0x13, "AH=15h: a diskette", "BIOS", type_floppy},
      {0x13, "AH=02h reads a diskette", "BIOS", read_floppy},
      {0x13, "AH=03h writes a diskette", "BIOS", write_floppy},
      {0x13, "AH=16h: change line", "BIOS", changed_floppy},
      {0x13, "AH=0Ch seeks", "BIOS", seek},
      {0x13, "AH=10h: ready", "BIOS", ready},
      {0x13, "AH=11h recalibrates", "BIOS", recalibrate},
      {0x13, "an unknown function fails with 01h", "BIOS", unknown},
      {0x13, "AH=41h: extensions are there", "EDD 8.1", extensions},
      {0x13, "AH=41h: version 3.0 with EDD's subset", "EDD 8.1", extensions_edd3},
      {0x13, "AH=41h refuses a drive that is not there", "EDD 8.1", extensions_none},
      {0x13, "AH=41h refuses BX other than 55AAh", "EDD 8.1", extensions_key},
      {0x13, "AH=42h reads", "EDD 8.2", extended_read},
      {0x13, "AH=42h refuses a packet below 10h", "EDD 8.2", extended_small},
      {0x13, "AH=42h refuses what is beyond the disk", "EDD 8.2", extended_beyond},
      {0x13, "AH=42h refuses block 2^32 + 5", "EDD 8.2", extended_far_beyond},
      {0x13, "AH=42h counts no blocks beyond the end", "EDD 8.2", extended_partly},
      {0x13, "AH=42h refuses a drive that is not there", "EDD 8.2", extended_none},
      {0x13, "AH=42h takes a 64-bit flat address", "EDD 7.1", extended_64},
      {0x13, "AH=43h writes", "EDD 8.3", extended_write},
      {0x13, "AH=43h refuses AL=03h", "EDD 8.3", extended_write_option},
      {0x13, "AH=44h verifies", "EDD 8.4", extended_verify},
      {0x13, "AH=45h: no lock, or a status", "EDD 8.5", lock},
      {0x13, "AH=47h seeks", "EDD 8.7", extended_seek},
      {0x13, "AH=47h refuses what is beyond the disk", "EDD 8.7", extended_seek_beyond},
      {0x13, "AH=48h: size, sectors, geometry", "EDD 8.8", drive_parameters},
      {0x13, "AH=48h refuses a buffer below 1Ah", "EDD 8.8", drive_parameters_small},
      {0x13, "AH=48h: the DPTE", "EDD 8.8", drive_parameters_table},
      {0x13, "AH=48h: the device path", "EDD 8.8", drive_parameters_path}};
  return kChecks;
}

}  // namespace ice86::harness
