// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/page_keeper.h"

#include <algorithm>
#include <cstring>

#include "emulator/bus/ram.h"

namespace ice86::machine {

namespace {

bool all_zero(const std::uint8_t* page) {
  return page[0] == 0 && std::memcmp(page, page + 1, kPageSize - 1) == 0;
}

}  // namespace

PageKeeper::PagePointer PageKeeper::keep(const std::uint8_t* page) {
  if (all_zero(page)) return nullptr;
  auto* copy = new Page;
  std::memcpy(copy->data(), page, kPageSize);
  ++*pages_;
  return {copy, [pages = pages_](const Page* gone) {
            --*pages;
            delete gone;
          }};
}

void PageKeeper::save(const std::string& name, std::span<std::uint8_t> memory,
                      std::span<std::uint8_t> flags) {
  const auto [place, is_new] = memories_.try_emplace(name);
  Memory& known = place->second;
  known.host = memory.data();
  known.flags = flags;
  if (is_new) known.table.resize((flags.size() + kChunkPages - 1) / kChunkPages);
  for (std::size_t first = 0; first < flags.size(); first += kChunkPages) {
    std::shared_ptr<const Chunk>& chunk = known.table[first / kChunkPages];
    std::shared_ptr<Chunk> changed;
    const std::size_t end = std::min(first + kChunkPages, flags.size());
    for (std::size_t page = first; page < end; ++page) {
      // Nobody has looked yet: what was there from the beginning has no flag.
      if (!is_new && (flags[page] & Ram::kDirty) == 0) continue;
      flags[page] &= static_cast<std::uint8_t>(~Ram::kDirty);
      const std::uint8_t* now = memory.data() + page * kPageSize;
      const PagePointer before = chunk ? (*chunk)[page - first] : nullptr;
      if (before ? std::memcmp(before->data(), now, kPageSize) == 0 : all_zero(now)) continue;
      if (!changed) changed = chunk ? std::make_shared<Chunk>(*chunk) : std::make_shared<Chunk>();
      (*changed)[page - first] = keep(now);
    }
    if (changed) chunk = std::move(changed);
  }
  saved_[name] = known.table;
}

bool PageKeeper::load(const std::string& name, std::span<std::uint8_t> memory,
                      std::span<std::uint8_t> flags) {
  const auto known = memories_.find(name);
  if (known == memories_.end() || chosen_ == nullptr) return false;
  const auto wanted = chosen_->find(name);
  if (wanted == chosen_->end() || wanted->second.size() != known->second.table.size()) return false;
  Table& table = known->second.table;
  for (std::size_t first = 0; first < flags.size(); first += kChunkPages) {
    const auto& from = table[first / kChunkPages];
    const auto& to = wanted->second[first / kChunkPages];
    const std::size_t end = std::min(first + kChunkPages, flags.size());
    for (std::size_t page = first; page < end; ++page) {
      const Page* now = to ? (*to)[page - first].get() : nullptr;
      const Page* before = from ? (*from)[page - first].get() : nullptr;
      if ((flags[page] & Ram::kDirty) == 0 && (from == to || now == before)) continue;
      std::uint8_t* host = memory.data() + page * kPageSize;
      if (now != nullptr) {
        std::memcpy(host, now->data(), kPageSize);
      } else {
        std::memset(host, 0, kPageSize);
      }
      flags[page] = static_cast<std::uint8_t>((flags[page] & ~Ram::kDirty) | Ram::kRepaint);
    }
    table[first / kChunkPages] = to;
  }
  return true;
}

void PageKeeper::mark_dirty(const std::uint8_t* page) {
  for (auto& [name, memory] : memories_) {
    if (page < memory.host) continue;
    const auto number = static_cast<std::size_t>(page - memory.host) >> kPageBits;
    if (number >= memory.flags.size()) continue;
    memory.flags[number] |= Ram::kDirty;
    return;
  }
}

}  // namespace ice86::machine
