// SPDX-License-Identifier: LGPL-2.1-or-later
// IDENTIFY DEVICE of a hard disk and IDENTIFY PACKET DEVICE of a CD-ROM drive.
// Reference: ATA/ATAPI-6 (T13/1410D revision 3b), sections 8.15, 8.16.
#include "devices/ata/ata_identify.h"

#include <algorithm>

#include "devices/ata/ata_disk.h"
#include "devices/ata/atapi_cdrom.h"
#include "emulator/base/bits.h"

namespace ice86::devices {

namespace {

constexpr std::uint64_t kMostLba28 = 0x0FFF'FFFF;

// The bit a transfer mode has in words 62, 63 and 88: supported in the low byte, selected in the
// high.
std::uint16_t mode_word(std::uint8_t supported, std::uint8_t mode, std::uint8_t family) {
  const bool selected = (mode & 0xF8) == family;
  return static_cast<std::uint16_t>(supported | (selected ? 0x100U << (mode & 7) : 0));
}

// Word 93: a device on an 80-conductor cable whose number was set by a jumper, as seen after reset.
std::uint16_t hardware_reset_word(unsigned position) {
  return position == 0 ? 0x600B : 0x6B00;
}

}  // namespace

void IdentifyData::text(unsigned first, unsigned words, std::string_view value) {
  for (unsigned i = 0; i < words * 2; ++i) {
    const char c = i < value.size() ? value[i] : ' ';
    // The first character of each pair is in the high byte (section 3.2.8).
    bytes[first * 2 + (i ^ 1)] = static_cast<std::uint8_t>(c);
  }
}

void IdentifyData::seal() {
  bytes[510] = 0xA5;
  std::uint8_t sum = 0;
  for (unsigned i = 0; i < 511; ++i) sum = static_cast<std::uint8_t>(sum + bytes[i]);
  bytes[511] = static_cast<std::uint8_t>(-sum);
}

void AtaDisk::identify() {
  IdentifyData id;
  const std::uint64_t sectors = medium_.sectors();
  const auto current =
      std::uint32_t{disk_.logical_cylinders} * disk_.logical_heads * disk_.logical_sectors;
  const auto lba28 = static_cast<std::uint32_t>(std::min(sectors, kMostLba28));
  id.word(0, 0x0040);  // fixed device
  id.word(1, config_.geometry.cylinders);
  id.word(3, config_.geometry.heads);
  // ATA-1 (X3.221), section 9.9: unformatted bytes per track and sector. Later standards retired
  // them, but the Bochs BIOS takes its PIO block size from word 5, and Bochs' drive reports both.
  id.word(4, static_cast<std::uint16_t>(kSectorSize * config_.geometry.sectors));
  id.word(5, kSectorSize);
  id.word(6, config_.geometry.sectors);
  id.text(10, 10, config_.serial);
  id.text(23, 4, "1.0");
  id.text(27, 20, config_.model);
  id.word(47, 0x8000 | kMostMultiple);
  id.word(48, 0x0001);  // 32-bit PIO (before ATA-3; software of the time looks)
  id.word(49, 0x0F00);  // IORDY, LBA, DMA
  id.word(50, 0x4000);
  id.word(51, 0x0200);
  id.word(52, 0x0200);
  id.word(53, 0x0007);  // words 54-58, 64-70 and 88 are valid
  id.word(54, disk_.logical_cylinders);
  id.word(55, disk_.logical_heads);
  id.word(56, disk_.logical_sectors);
  id.dword(57, current);
  id.word(59, disk_.multiple != 0 ? 0x0100 | disk_.multiple : 0);
  id.dword(60, lba28);
  id.word(63, mode_word(0x07, disk_.dma_mode, 0x20));
  id.word(64, 0x0003);  // PIO modes 3 and 4
  for (const unsigned cycle_time : {65U, 66U, 67U, 68U}) id.word(cycle_time, 120);
  id.word(80, 0x007E);  // ATA-1 to ATA/ATAPI-6
  id.word(82, 0x4068);  // NOP, look-ahead, write cache, power management
  id.word(83, 0x7400);  // FLUSH CACHE EXT, FLUSH CACHE, 48-bit addresses
  id.word(84, 0x4000);
  id.word(85, static_cast<std::uint16_t>(0x4008 | (disk_.look_ahead ? 0x40 : 0) |
                                         (disk_.write_cache ? 0x20 : 0)));
  id.word(86, 0x3400);
  id.word(87, 0x4000);
  id.word(88, mode_word(0x3F, disk_.dma_mode, 0x40));
  id.word(93, hardware_reset_word(position_));
  id.dword(100, static_cast<std::uint32_t>(sectors));
  id.dword(102, static_cast<std::uint32_t>(sectors >> 32));
  id.seal();
  state_.block.assign(id.bytes.begin(), id.bytes.end());
  disk_.left = 0;
  data_in();
}

void AtapiCdrom::identify() {
  IdentifyData id;
  id.word(0, 0x85C0);  // ATAPI, CD-ROM, removable, DRQ within 50 us, 12-byte packets
  id.text(10, 10, config_.serial);
  id.text(23, 4, "1.0");
  id.text(27, 20, config_.model);
  id.word(49, 0x0F00);
  id.word(53, 0x0006);
  id.word(63, mode_word(0x07, cd_.dma_mode, 0x20));
  id.word(64, 0x0003);
  for (const unsigned cycle_time : {65U, 66U, 67U, 68U}) id.word(cycle_time, 120);
  id.word(71, 30);
  id.word(72, 30);
  id.word(80, 0x007E);
  id.word(82, 0x4210);  // NOP, DEVICE RESET, PACKET
  id.word(83, 0x4000);
  id.word(84, 0x4000);
  id.word(85, 0x4210);
  id.word(87, 0x4000);
  id.word(88, mode_word(0x3F, cd_.dma_mode, 0x40));
  id.word(93, hardware_reset_word(position_));
  id.seal();
  state_.block.assign(id.bytes.begin(), id.bytes.end());
  data_in();
}

}  // namespace ice86::devices
