// SPDX-License-Identifier: LGPL-2.1-or-later
// A channel with drives, a driver's view of it, and media that can fail.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "devices/ata/ata_channel.h"
#include "emulator/base/bits.h"
#include "emulator/bus/block_image.h"
#include "tests/devices/conformance.h"

namespace ice86::ata_test {

// Sectors whose contents follow from their number; writes are counted and forgotten.
class PatternMedium final : public BlockBackend {
 public:
  explicit PatternMedium(std::uint64_t count, bool write_protected = false)
      : count_(count), protected_(write_protected) {}

  static std::uint8_t byte(std::uint64_t sector, std::size_t offset) {
    return static_cast<std::uint8_t>(sector * 7 + sector / 256 + offset * 3 + 1);
  }
  std::uint64_t sectors() const override { return count_; }
  bool read_only() const override { return protected_; }
  Result<void> read(std::uint64_t sector, std::span<std::uint8_t> bytes) override {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::uint64_t at = sector + i / kSectorSize;
      if (bad.contains(at)) return Error(fmt::format("sector {} is bad", at));
      bytes[i] = byte(at, i % kSectorSize);
    }
    return {};
  }
  Result<void> write(std::uint64_t sector, std::span<const std::uint8_t> bytes) override {
    for (std::size_t i = 0; i < bytes.size() / kSectorSize; ++i) {
      if (bad.contains(sector + i)) return Error("no space");
    }
    written += bytes.size() / kSectorSize;
    return {};
  }
  Result<void> flush() override {
    if (!bad.empty()) return Error("no space");
    return {};
  }
  void serialize(Archive&) override {}

  std::set<std::uint64_t> bad;
  std::uint64_t written = 0;

 private:
  std::uint64_t count_;
  bool protected_;
};

// A driver: registers by their names, commands run to their end.
struct Channel {
  Clock clock;
  TraceBus trace{clock};
  LevelLine intrq;
  devices::AtaChannel ata{clock, intrq, trace, "ata0"};

  void power_on() {
    ata.reset(ResetKind::kPowerOn);
    conformance::advance(*this, 1'000'000);
  }
  std::uint8_t in(unsigned index) {
    return static_cast<std::uint8_t>(ata.command_block().read(index, 1));
  }
  void out(unsigned index, unsigned value) { ata.command_block().write(index, 1, value); }
  std::uint8_t status() { return in(devices::ata::kStatusCommand); }
  std::uint8_t alternate_status() {
    return static_cast<std::uint8_t>(ata.control_block().read(0, 1));
  }
  void control(unsigned value) { ata.control_block().write(0, 1, value); }

  // Lets time pass until BSY is clear; at most 20 virtual milliseconds.
  std::uint8_t wait() {
    for (unsigned i = 0; i < 2000 && (alternate_status() & devices::ata::kBsy) != 0; ++i) {
      conformance::advance(*this, 1000);
    }
    return alternate_status();
  }
  void address28(std::uint64_t lba, unsigned count, unsigned device = 0) {
    out(6, 0xE0 | device << 4 | (lba >> 24 & 15));
    out(2, count & 0xFF);
    out(3, lba & 0xFF);
    out(4, lba >> 8 & 0xFF);
    out(5, lba >> 16 & 0xFF);
  }
  void address48(std::uint64_t lba, unsigned count, unsigned device = 0) {
    out(6, 0xE0 | device << 4);
    out(2, count >> 8 & 0xFF);
    out(3, lba >> 24 & 0xFF);
    out(4, lba >> 32 & 0xFF);
    out(5, lba >> 40 & 0xFF);
    out(2, count & 0xFF);
    out(3, lba & 0xFF);
    out(4, lba >> 8 & 0xFF);
    out(5, lba >> 16 & 0xFF);
  }
  std::uint8_t command(unsigned code) {
    out(7, code);
    return wait();
  }
  std::vector<std::uint8_t> read_block(std::size_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    for (std::size_t i = 0; i < bytes; i += 2) {
      store_le(&data[i], static_cast<std::uint16_t>(ata.command_block().read(0, 2)));
    }
    return data;
  }
  void write_block(std::span<const std::uint8_t> data) {
    for (std::size_t i = 0; i < data.size(); i += 2) {
      ata.command_block().write(0, 2, load_le<std::uint16_t>(&data[i]));
    }
  }
  // A whole PIO data-in command; blocks of `block` bytes.
  std::vector<std::uint8_t> read_all(unsigned code, std::size_t bytes,
                                     std::size_t block = kSectorSize) {
    std::vector<std::uint8_t> data;
    out(7, code);
    while (data.size() < bytes) {
      const std::uint8_t now = wait();
      EXPECT_EQ(now & (devices::ata::kDrq | devices::ata::kErr), devices::ata::kDrq)
          << "after " << data.size();
      if ((now & devices::ata::kDrq) == 0) break;
      const auto part = read_block(std::min(block, bytes - data.size()));
      data.insert(data.end(), part.begin(), part.end());
    }
    return data;
  }
};

inline std::vector<std::uint8_t> pattern(std::uint64_t lba, std::size_t count) {
  std::vector<std::uint8_t> data(count * kSectorSize);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = PatternMedium::byte(lba + i / kSectorSize, i % kSectorSize);
  }
  return data;
}

}  // namespace ice86::ata_test
