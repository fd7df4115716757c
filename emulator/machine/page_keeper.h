// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory pages of many snapshots of one machine: each version of a page is kept once, for as long
// as a snapshot has it. Saving and loading cost in proportion to what has changed.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/types.h"

namespace ice86::machine {

class PageKeeper final : public MemoryKeeper {
 public:
  using Page = std::array<std::uint8_t, kPageSize>;
  // Null: all zero.
  using PagePointer = std::shared_ptr<const Page>;
  static constexpr std::size_t kChunkPages = 256;
  using Chunk = std::array<PagePointer, kChunkPages>;
  using Table = std::vector<std::shared_ptr<const Chunk>>;
  // The memories of one snapshot, by name.
  using Image = std::map<std::string, Table>;

  // What save() has kept since the last call: goes with the archive's bytes.
  Image take_image() { return std::move(saved_); }
  // What load() will give back.
  void choose(const Image& image) { chosen_ = &image; }

  void save(const std::string& name, std::span<std::uint8_t> memory,
            std::span<std::uint8_t> flags) override;
  bool load(const std::string& name, std::span<std::uint8_t> memory,
            std::span<std::uint8_t> flags) override;
  // A page that may change without its flag being set.
  void mark_dirty(const std::uint8_t* page);

  // Pages that are kept, in bytes.
  std::uint64_t bytes() const { return *pages_ * kPageSize; }

 private:
  struct Memory {
    std::uint8_t* host = nullptr;
    std::span<std::uint8_t> flags;
    Table table;  // contents when the flags were last cleared
  };
  PagePointer keep(const std::uint8_t* page);

  std::shared_ptr<std::uint64_t> pages_ = std::make_shared<std::uint64_t>(0);
  std::map<std::string, Memory> memories_;
  Image saved_;
  const Image* chosen_ = nullptr;
};

}  // namespace ice86::machine
