// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/cmos_setup.h"

#include <fmt/core.h>

#include <algorithm>

namespace ice86::machine {

namespace {

constexpr std::uint64_t kKiB = 1 << 10;
constexpr std::uint64_t kMiB = 1 << 20;

// CMOS 39/3A, two bits for each drive: how INT 13h translates CHS.
enum Translation : unsigned { kNone = 0, kLba = 1, kLarge = 2 };

// What fits INT 13h's 1024 cylinders needs no translation; up to 131,072 tracks bit-shifting does;
// the rest needs LBA-assisted translation.
Translation translation_of(const DiskGeometry& geometry) {
  if (geometry.cylinders <= 1024) return kNone;
  return geometry.cylinders * geometry.heads <= 131072 ? kLarge : kLba;
}

std::optional<unsigned> boot_device_code(char letter) {
  switch (letter) {
    case 'a': return 1;
    case 'c': return 2;
    case 'd': return 3;
    case 'n': return 4;
    default: return std::nullopt;
  }
}

}  // namespace

DiskGeometry geometry_of(std::uint64_t sectors) {
  DiskGeometry geometry;
  geometry.sectors = sectors;
  geometry.heads = 16;
  geometry.sectors_per_track = 63;
  geometry.cylinders = static_cast<unsigned>(
      std::clamp<std::uint64_t>(sectors / (geometry.heads * geometry.sectors_per_track), 1, 16383));
  return geometry;
}

Result<std::vector<std::pair<std::uint8_t, std::uint8_t>>> cmos_setup(
    std::uint64_t memory_bytes, std::uint64_t memory_below_4g,
    const std::array<std::optional<DiskGeometry>, 4>& disks,
    const std::array<devices::FloppyDriveType, 2>& floppies, const std::string& boot_order) {
  std::array<std::uint8_t, 128> cmos{};
  std::vector<std::pair<std::uint8_t, std::uint8_t>> bytes;
  const auto set = [&](unsigned index, std::uint64_t value) {
    cmos[index] = static_cast<std::uint8_t>(value);
    bytes.emplace_back(static_cast<std::uint8_t>(index), static_cast<std::uint8_t>(value));
  };
  const auto set_word = [&](unsigned index, std::uint64_t value) {
    set(index, value & 0xff);
    set(index + 1, value >> 8 & 0xff);
  };

  // Memory: base, extended up to 64 MiB (twice), above 16 MiB in 64 KiB units, above 4 GiB in 64
  // KiB units.
  set_word(0x15, 640);
  const std::uint64_t extended = memory_below_4g > kMiB ? (memory_below_4g - kMiB) / kKiB : 0;
  set_word(0x17, std::min<std::uint64_t>(extended, 0xffff));
  set_word(0x30, std::min<std::uint64_t>(extended, 0xffff));
  const std::uint64_t above_16m =
      memory_below_4g > 16 * kMiB ? (memory_below_4g - 16 * kMiB) >> 16 : 0;
  set_word(0x34, std::min<std::uint64_t>(above_16m, 0xffff));
  const std::uint64_t above_4g = (memory_bytes - memory_below_4g) >> 16;
  set_word(0x5b, above_4g & 0xffff);
  set(0x5d, above_4g >> 16 & 0xff);

  // Drives: type 47 (user defined) through the extended bytes 19 and 1A.
  // Diskette drives: types of A and B in the nibbles of 10.
  set(0x10, static_cast<unsigned>(floppies[0]) << 4 | static_cast<unsigned>(floppies[1]));
  set(0x12, (disks[0] ? 0xf0U : 0U) | (disks[1] ? 0x0fU : 0U));
  static constexpr unsigned kTypeByte[] = {0x19, 0x1a};
  static constexpr unsigned kParameters[] = {0x1b, 0x24};
  for (unsigned i = 0; i < 2; ++i) {
    if (!disks[i]) continue;
    const DiskGeometry& geometry = *disks[i];
    set(kTypeByte[i], 47);
    set_word(kParameters[i], geometry.cylinders);
    set(kParameters[i] + 2, geometry.heads);
    set_word(kParameters[i] + 3, 0xffff);                          // no write precompensation
    set(kParameters[i] + 5, 0xc0 | (geometry.heads > 8 ? 8 : 0));  // control byte
    set_word(kParameters[i] + 6, geometry.cylinders);              // landing zone
    set(kParameters[i] + 8, geometry.sectors_per_track);
  }
  unsigned translation = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if (disks[i]) translation |= translation_of(*disks[i]) << (i * 2);
  }
  set(0x39, translation);
  set(0x3a, 0);

  // Equipment: coprocessor, mouse port; primary display by its own BIOS (bits 5:4 clear); bit 0 and
  // bits 7:6 tell of diskette drives.
  unsigned drives = 0;
  for (const auto type : floppies) drives += type != devices::FloppyDriveType::kNone ? 1U : 0U;
  set(0x14, 0x06U | (drives != 0 ? 1U | (drives - 1) << 6 : 0U));

  // Boot order: nibbles of 3D (first, second) and the high nibble of 38 (third).
  if (boot_order.empty() || boot_order.size() > 3) {
    return usage_error(
        fmt::format("boot order '{}': one to three of the letters a, c, d, n", boot_order));
  }
  unsigned order = 0;
  for (std::size_t i = 0; i < boot_order.size(); ++i) {
    const auto code = boot_device_code(boot_order[i]);
    if (!code) {
      return usage_error(
          fmt::format("boot order '{}': '{}' is none of a (floppy), c (disk), d (CD), n (network)",
                      boot_order, boot_order[i]));
    }
    order |= *code << (i * 4);
  }
  set(0x3d, order & 0xff);
  set(0x38, (order >> 8 & 0xf) << 4);

  // The AT checksum: the sum of 10-2D, high byte first.
  unsigned sum = 0;
  for (unsigned i = 0x10; i <= 0x2d; ++i) sum += cmos[i];
  set(0x2e, sum >> 8 & 0xff);
  set(0x2f, sum & 0xff);
  return bytes;
}

}  // namespace ice86::machine
