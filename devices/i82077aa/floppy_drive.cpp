// SPDX-License-Identifier: LGPL-2.1-or-later
// Diskette formats, head movement and the change latch.
#include "devices/i82077aa/floppy_drive.h"

#include <algorithm>

namespace ice86::devices {

namespace {

constexpr std::uint8_t k500 = 1, k300 = 2, k250 = 4, k1000 = 8;  // 1 << DRATE

// In ascending size. A 360K drive works at 250 kb/s. SeaBIOS sets 300 kb/s for it, as if the
// diskette were in a 1.2M drive, and we let that pass.
constexpr FloppyFormat kFormats[] = {
    {"160K", FloppyDriveType::k360K, 320, 40, 1, 8, k250 | k300},
    {"180K", FloppyDriveType::k360K, 360, 40, 1, 9, k250 | k300},
    {"320K", FloppyDriveType::k360K, 640, 40, 2, 8, k250 | k300},
    {"360K", FloppyDriveType::k360K, 720, 40, 2, 9, k250 | k300},
    {"720K", FloppyDriveType::k720K, 1440, 80, 2, 9, k250},
    {"1.2M", FloppyDriveType::k1200K, 2400, 80, 2, 15, k500},
    {"1.44M", FloppyDriveType::k1440K, 2880, 80, 2, 18, k500},
    {"1.6M", FloppyDriveType::k1440K, 3200, 80, 2, 20, k500},
    {"1.68M", FloppyDriveType::k1440K, 3360, 80, 2, 21, k500},
    {"1.72M", FloppyDriveType::k1440K, 3444, 82, 2, 21, k500},
    {"2.88M", FloppyDriveType::k2880K, 5760, 80, 2, 36, k1000},
};

}  // namespace

std::optional<FloppyFormat> floppy_format(std::uint64_t bytes) {
  for (const FloppyFormat& format : kFormats) {
    if (bytes == format.sectors * kSectorSize) return format;
  }
  // An image without its tail: what holds it in a common drive, before the rarer formats.
  for (const char* name : {"1.44M", "2.88M"}) {
    for (const FloppyFormat& format : kFormats) {
      if (format.name == name && bytes <= format.sectors * kSectorSize) return format;
    }
  }
  return std::nullopt;
}

void FloppyDrive::insert(BlockBackend* medium, const FloppyFormat& format) {
  medium_ = medium;
  format_ = format;
  state_.changed = true;
}

void FloppyDrive::eject() {
  medium_ = nullptr;
  state_.changed = true;
}

// Drives have a few tracks beyond the last one of the format.
unsigned FloppyDrive::last_cylinder() const {
  return type_ == FloppyDriveType::k360K ? 42 : 84;
}

void FloppyDrive::step(int cylinders) {
  if (!present() || cylinders == 0) return;
  const int wanted = state_.cylinder + cylinders;
  state_.cylinder =
      static_cast<std::uint8_t>(std::clamp(wanted, 0, static_cast<int>(last_cylinder())));
  if (medium_ != nullptr) state_.changed = false;
}

std::uint64_t FloppyDrive::sector_index(unsigned cylinder, unsigned head, unsigned record) const {
  return (std::uint64_t{cylinder} * format_.heads + head) * format_.sectors_per_track + record - 1;
}

void FloppyDrive::serialize(Archive& archive) {
  archive.section("floppy-drive", 1, [&] {
    archive.io(state_.cylinder);
    archive.io(state_.changed);
    if (state_.cylinder > last_cylinder()) {
      archive.fail("the head is outside the drive");
      state_ = {};
    }
  });
}

}  // namespace ice86::devices
