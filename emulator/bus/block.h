// SPDX-License-Identifier: LGPL-2.1-or-later
// What is behind a disk controller: numbered 512-byte sectors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "emulator/base/archive.h"
#include "emulator/base/result.h"

namespace ice86 {

constexpr std::uint64_t kSectorSize = 512;

class BlockBackend {
 public:
  virtual ~BlockBackend() = default;

  virtual std::uint64_t sectors() const = 0;
  virtual bool read_only() const = 0;
  // `bytes` is a whole number of sectors, all inside the medium (the controller checks that first).
  // A failure is a medium error for the guest.
  virtual Result<void> read(std::uint64_t sector, std::span<std::uint8_t> bytes) = 0;
  virtual Result<void> write(std::uint64_t sector, std::span<const std::uint8_t> bytes) = 0;
  virtual Result<void> flush() = 0;
  // How the drive behaves with this medium, at the moment: a drive that is worn out, or that a
  // fuzzer plays. ATA disks ask at each command.
  struct Manner {
    std::uint64_t delay = 0;                // nanoseconds on top of the drive's own latency
    std::optional<std::uint8_t> ata_error;  // commands on the medium fail: the Error register
  };
  virtual Manner manner() const { return {}; }
  // The first failure of what is behind it on the host, for the user: the guest only learns that a
  // sector is bad. Empty while there was none.
  virtual std::string host_failure() const { return {}; }
  // What a snapshot needs beyond the image file itself: the overlay.
  virtual void serialize(Archive& archive) = 0;
};

}  // namespace ice86
