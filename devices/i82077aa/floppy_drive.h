// SPDX-License-Identifier: LGPL-2.1-or-later
// A diskette drive: what is in it, where its head stands, and its disk-change latch.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference (drive types); ECMA-59, -78, -99,
// -100, -125 and -147 (diskette formats).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "emulator/base/archive.h"
#include "emulator/bus/block.h"

namespace ice86::devices {

// The numbers are those of CMOS byte 10h.
enum class FloppyDriveType : std::uint8_t {
  kNone = 0,
  k360K = 1,   // 5.25 inch, 40 tracks, 300 rpm
  k1200K = 2,  // 5.25 inch, 80 tracks, 360 rpm
  k720K = 3,   // 3.5 inch
  k1440K = 4,
  k2880K = 5,  // perpendicular recording
};

struct FloppyFormat {
  std::string_view name;
  FloppyDriveType drive;  // the drive this board reads it with
  std::uint16_t sectors;  // in all, of 512 bytes
  std::uint8_t cylinders, heads, sectors_per_track;
  std::uint8_t rates;  // data rate select values at which it can be read: bit n for DRATE = n
};

// The format of an image of so many bytes: the one of exactly this size, or the smallest it fits
// into. None: larger than any diskette.
std::optional<FloppyFormat> floppy_format(std::uint64_t bytes);

class FloppyDrive final {
 public:
  FloppyDrive() = default;
  explicit FloppyDrive(FloppyDriveType type) : type_(type) {}

  bool present() const { return type_ != FloppyDriveType::kNone; }
  FloppyDriveType type() const { return type_; }

  // Puts a diskette in, or takes it out (null). The format must be one that the type reads. Sectors
  // beyond the medium's end read as zeros and cannot be written.
  void insert(BlockBackend* medium, const FloppyFormat& format);
  void eject();
  BlockBackend* medium() const { return medium_; }
  const FloppyFormat& format() const { return format_; }
  bool write_protected() const { return medium_ != nullptr && medium_->read_only(); }

  // One turn of the spindle.
  std::uint64_t rotation_ns() const {
    return type_ == FloppyDriveType::k1200K ? 166'666'667 : 200'000'000;
  }

  unsigned cylinder() const { return state_.cylinder; }
  bool at_track0() const { return state_.cylinder == 0; }
  // Step pulses; the head stops at both ends of its way. A pulse with a diskette in the drive
  // clears the change latch.
  void step(int cylinders);
  bool changed() const { return state_.changed; }

  // The head lies where it lay and the latch is set, as at power-on.
  void power_on() { state_ = {}; }
  // The place of a sector of the format on the medium.
  std::uint64_t sector_index(unsigned cylinder, unsigned head, unsigned record) const;

  void serialize(Archive& archive);

 private:
  struct State {
    std::uint8_t cylinder = 0;
    bool changed = true;
  };

  unsigned last_cylinder() const;

  FloppyDriveType type_ = FloppyDriveType::kNone;
  BlockBackend* medium_ = nullptr;
  FloppyFormat format_{};
  State state_;
};

}  // namespace ice86::devices
