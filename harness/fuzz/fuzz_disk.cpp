// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/fuzz_disk.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "emulator/base/bits.h"

namespace ice86::harness {

FuzzDisk::FuzzDisk(std::uint64_t sectors, std::vector<std::uint8_t> boot, bool read_only)
    : sectors_(sectors), boot_(std::move(boot)), read_only_(read_only) {}

void FuzzDisk::renew() {
  behaviour_ = {};
  written_.clear();
  recent_.clear();
}

// Each eight bytes tell their sector and their place, so that data from elsewhere cannot pass.
void FuzzDisk::contents(std::uint64_t sector, std::uint8_t* to) const {
  if (const auto found = written_.find(sector); found != written_.end()) {
    std::memcpy(to, found->second.data(), kSectorSize);
    return;
  }
  for (std::uint64_t i = 0; i < kSectorSize; i += 8)
    store_le<std::uint64_t>(to + i, (sector + 1) * 0x0100'0193'0001'0003 + i);
  const std::uint64_t at = sector * kSectorSize;
  if (at < boot_.size())
    std::memcpy(to, boot_.data() + at, std::min<std::size_t>(kSectorSize, boot_.size() - at));
}

Result<void> FuzzDisk::read(std::uint64_t sector, std::span<std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kSectorSize, ++sector) {
    if (bad(sector)) return Error("a bad sector");
    contents(sector, bytes.data() + at);
  }
  return {};
}

Result<void> FuzzDisk::write(std::uint64_t sector, std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kSectorSize, ++sector) {
    if (bad(sector)) return Error("a bad sector");
    std::memcpy(written_[sector].data(), bytes.data() + at, kSectorSize);
    recent_.push_back(sector);
  }
  return {};
}

void FuzzDisk::serialize(Archive& archive) {
  constexpr std::uint32_t kMost = 1 << 20;
  archive.section("fuzz-disk", 1, [&] {
    auto count = static_cast<std::uint32_t>(written_.size());
    archive.io(count);
    if (!archive.ok()) return;
    if (count > kMost) return archive.fail("more sectors than a disk has");
    std::map<std::uint64_t, Sector> loaded;
    auto at = written_.begin();
    for (std::uint32_t i = 0; i < count && archive.ok() && !archive.differs(); ++i) {
      std::uint64_t sector = archive.loading() ? 0 : at->first;
      Sector bytes{};
      if (!archive.loading()) bytes = (at++)->second;
      archive.io(sector);
      archive.io(std::span<std::uint8_t>(bytes));
      if (archive.loading()) loaded[sector] = bytes;
    }
    if (archive.loading() && archive.ok()) written_ = std::move(loaded);
  });
}

}  // namespace ice86::harness
