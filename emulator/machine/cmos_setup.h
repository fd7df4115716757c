// SPDX-License-Identifier: LGPL-2.1-or-later
// What a PC's set-up program would have left in CMOS, in the layout the Bochs BIOS and SeaBIOS
// read. Reference: the CMOS memory map of the IBM PC/AT (00-3F) and of Bochs (34, 35, 38-3D,
// 5B-5D).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devices/i82077aa/floppy_drive.h"
#include "emulator/base/result.h"

namespace ice86::machine {

struct DiskGeometry {
  std::uint64_t sectors = 0;
  unsigned cylinders = 0;  // capped at 16383 as IDENTIFY DEVICE words 1, 3, 6 are
  unsigned heads = 0;
  unsigned sectors_per_track = 0;
};

// The default geometry an ATA drive of this size reports.
DiskGeometry geometry_of(std::uint64_t sectors);

// Bytes as (index, value). `boot_order` is checked: one to three of a, c, d, n.
Result<std::vector<std::pair<std::uint8_t, std::uint8_t>>> cmos_setup(
    std::uint64_t memory_bytes, std::uint64_t memory_below_4g,
    const std::array<std::optional<DiskGeometry>, 4>& disks,
    const std::array<devices::FloppyDriveType, 2>& floppies, const std::string& boot_order);

}  // namespace ice86::machine
