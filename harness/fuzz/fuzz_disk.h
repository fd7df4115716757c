// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk that fuzzing plays with: known contents, made from the sector's number, and bad manners on
// demand. It goes back to new at no cost.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "emulator/bus/block.h"

namespace ice86::harness {

class FuzzDisk final : public BlockBackend {
 public:
  using Sector = std::array<std::uint8_t, kSectorSize>;

  // `boot` is what sector 0 (or, for a CD, the first sectors) begins with.
  FuzzDisk(std::uint64_t sectors, std::vector<std::uint8_t> boot, bool read_only);

  struct Behaviour {
    std::uint64_t delay = 0;                     // nanoseconds; ~0: the drive stays busy for ever
    std::optional<std::uint8_t> ata_error;       // all commands on the medium fail with it
    std::uint64_t bad_first = 0, bad_count = 0;  // sectors that cannot be read
    std::optional<std::uint64_t> shrunk;         // so many sectors are left
  };
  Behaviour& behaviour() { return behaviour_; }
  // As it was made.
  void renew();

  // What is on the medium, whatever its manners; `to` is one sector.
  void contents(std::uint64_t sector, std::uint8_t* to) const;
  // The sectors written since mark().
  const std::vector<std::uint64_t>& recent() const { return recent_; }
  void mark() { recent_.clear(); }
  std::uint64_t made_sectors() const { return sectors_; }

  std::uint64_t sectors() const override { return behaviour_.shrunk.value_or(sectors_); }
  bool read_only() const override { return read_only_; }
  Result<void> read(std::uint64_t sector, std::span<std::uint8_t> bytes) override;
  Result<void> write(std::uint64_t sector, std::span<const std::uint8_t> bytes) override;
  Result<void> flush() override { return {}; }
  Manner manner() const override { return {behaviour_.delay, behaviour_.ata_error}; }
  void serialize(Archive& archive) override;

 private:
  bool bad(std::uint64_t sector) const {
    return sector - behaviour_.bad_first < behaviour_.bad_count;
  }

  std::uint64_t sectors_;
  std::vector<std::uint8_t> boot_;
  bool read_only_;
  Behaviour behaviour_;
  std::map<std::uint64_t, Sector> written_;
  std::vector<std::uint64_t> recent_;
};

}  // namespace ice86::harness
