// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/code_cache.h"

#include <algorithm>

#include "emulator/bus/ram.h"

namespace ice86::cpu {

namespace {

const std::uint8_t* page_of(const std::uint8_t* host) {
  return reinterpret_cast<const std::uint8_t*>(reinterpret_cast<std::uintptr_t>(host) &
                                               ~std::uintptr_t{kPageMask});
}

}  // namespace

// Null: nothing has been decoded there.
CodeCache::Page* CodeCache::page_at(const std::uint8_t* page) const {
  if (page == last_host_) return last_page_;
  const auto found = pages_.find(page);
  last_host_ = page;
  return last_page_ = found != pages_.end() ? &found->second : nullptr;
}

Block* CodeCache::find_slow(const std::uint8_t* host, unsigned mode) const {
  const Page* page = page_at(page_of(host));
  if (page == nullptr) return nullptr;
  const auto& blocks = page->blocks;
  const std::size_t place = page->find(key(host, mode));
  if (place == blocks.size() || blocks[place]->host != host || blocks[place]->mode != mode)
    return nullptr;
  return table_[slot(host, mode)] = blocks[place].get();
}

std::size_t CodeCache::Page::find(std::uint64_t wanted) const {
  const auto place = std::partition_point(
      blocks.begin(), blocks.end(),
      [wanted](const auto& block) { return key(block->host, block->mode) < wanted; });
  return static_cast<std::size_t>(place - blocks.begin());
}

Block* CodeCache::insert(std::unique_ptr<Block> block, const std::uint8_t* page,
                         std::uint8_t* flags) {
  Page& entry = pages_[page];
  last_host_ = page;
  last_page_ = &entry;
  entry.flags = flags;
  if (flags != nullptr) *flags |= Ram::kCode;
  const auto offset = static_cast<std::uint32_t>(block->host - page);
  for (std::uint32_t i = 0; i < block->bytes; ++i) entry.covered.set(offset + i);
  entry.lines |= line_mask(offset, block->bytes);
  entry.longest = std::max<std::uint32_t>(entry.longest, block->bytes);
  Block* inserted = block.get();
  table_[slot(block->host, block->mode)] = inserted;
  const std::size_t place = entry.find(key(block->host, block->mode));
  entry.blocks.insert(entry.blocks.begin() + static_cast<std::ptrdiff_t>(place), std::move(block));
  ++count_;
  return inserted;
}

const std::uint64_t* CodeCache::lines(const std::uint8_t* page) const {
  const Page* found = page_at(page);
  return found != nullptr ? &found->lines : nullptr;
}

bool CodeCache::has(const std::uint8_t* page) const {
  const Page* found = page_at(page);
  return found != nullptr && !found->blocks.empty();
}

bool CodeCache::covers(const std::uint8_t* page, std::uint32_t offset, unsigned size) const {
  const Page* found = page_at(page);
  if (found == nullptr) return false;
  for (unsigned i = 0; i < size && offset + i < kPageSize; ++i) {
    if (found->covered.test(offset + i)) return true;
  }
  return false;
}

void CodeCache::retire(std::unique_ptr<Block> block) {
  Block*& entry = table_[slot(block->host, block->mode)];
  if (entry == block.get()) entry = nullptr;
  if (on_drop_) on_drop_(*block);
  dropped_.push_back(std::move(block));
  --count_;
}

void CodeCache::retire_all(Page& page) {
  if (page.flags != nullptr) *page.flags = static_cast<std::uint8_t>(*page.flags & ~Ram::kCode);
  for (auto& block : page.blocks) retire(std::move(block));
  page.blocks.clear();
  page.covered.reset();
  page.lines = 0;
  page.longest = 0;
}

bool CodeCache::drop_range(const std::uint8_t* page, std::uint32_t offset, unsigned size,
                           const std::function<bool(Block&)>& keeps) {
  Page* found = page_at(page);
  if (found == nullptr) return false;
  bool dropped = false;
  bool kept = false;
  auto& blocks = found->blocks;
  // Those that begin before the range's end, and not too far before it to reach it.
  const std::uint32_t longest = found->longest;
  const std::size_t end = found->find(std::uint64_t{offset + size} << 32);
  for (std::size_t i = found->find(std::uint64_t{offset > longest ? offset - longest : 0} << 32);
       i < end; ++i) {
    const auto first = static_cast<std::uint32_t>(blocks[i]->host - page);
    if (offset >= first + blocks[i]->bytes) continue;
    if (keeps(*blocks[i])) {
      kept = true;
    } else {
      dropped = true;
      retire(std::move(blocks[i]));
    }
  }
  if (dropped) std::erase(blocks, nullptr);
  if (kept) return dropped;
  // No block has these bytes any more. What else the dropped ones covered stays marked until it is
  // written, too: that costs one look and no instruction.
  for (unsigned i = 0; i < size && offset + i < kPageSize; ++i) found->covered.reset(offset + i);
  constexpr std::uint32_t kLine = 1u << kLineBits;
  for (std::uint32_t at = offset & ~(kLine - 1); at < offset + size && at < kPageSize;
       at += kLine) {
    bool any = false;
    for (std::uint32_t i = at; i < at + kLine && !any; ++i) any = found->covered.test(i);
    if (!any) found->lines &= ~line_mask(at, 1);
  }
  return dropped;
}

void CodeCache::drop(const std::uint8_t* page) {
  if (Page* found = page_at(page)) retire_all(*found);
}

// What they covered stays marked, as in drop_range().
void CodeCache::drop_cold() {
  for (auto& [host, page] : pages_) {
    for (auto& block : page.blocks) {
      if (block->translations == nullptr && block->executions == block->executions_before) {
        retire(std::move(block));
      } else {
        block->executions_before = block->executions;
        if (block->translations != nullptr && block->soft->empty()) block->insns.reset();
      }
    }
    std::erase(page.blocks, nullptr);
    page.blocks.shrink_to_fit();
  }
}

void CodeCache::drop_all() {
  for (auto& [host, page] : pages_) retire_all(page);
  pages_.clear();
  last_host_ = nullptr;
  last_page_ = nullptr;
  std::fill(table_.begin(), table_.end(), nullptr);
}

}  // namespace ice86::cpu
