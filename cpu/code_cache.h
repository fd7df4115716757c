// SPDX-License-Identifier: LGPL-2.1-or-later
// Decoded blocks, by the host page their bytes are in. A ROM and its alias, or RAM seen at two
// linear addresses, share them.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cpu/insn.h"
#include "cpu/jit/translation.h"
#include "emulator/base/rare.h"
#include "emulator/bus/types.h"

namespace ice86::cpu {

// An immediate operand that stores have changed before: when they do so once more, the instruction
// gets it from its bytes, and the block stays. Offsets are from the start of the block.
struct SoftImmediate {
  std::uint16_t insn = 0;   // number
  std::uint16_t first = 0;  // byte of the operand
  std::uint16_t end = 0;
  std::uint64_t above = 0;  // Insn::imm's bits above the operand's when its highest is set

  // What Insn::imm is for these bytes, zeros above them.
  std::uint64_t extended(std::uint64_t bytes) const {
    return bytes | ((bytes >> ((end - first) * 8 - 1) & 1) != 0 ? above : 0);
  }

  bool operator==(const SoftImmediate&) const = default;
};

// Instructions that follow each other in one page. A boot has tens of thousands of them.
struct Block {
  const std::uint8_t* host = nullptr;  // the first byte
  std::uint16_t mode = 0;
  std::uint16_t bytes = 0;
  std::uint32_t count = 0;
  // One more behind the last ends the block. Null: translated code seldom needs them, and
  // Core::insns_of() decodes them again.
  std::unique_ptr<Insn[]> insns;
  Rare<std::vector<SoftImmediate>> soft;
  std::uint32_t executions = 0;         // by the interpreter, while there is a translator
  std::uint32_t executions_before = 0;  // at the last drop_cold()
  std::unique_ptr<jit::Translation> translations;  // the first
};

class CodeCache {
 public:
  Block* find(const std::uint8_t* host, unsigned mode) const {
    Block* block = table_[slot(host, mode)];
    return block != nullptr && block->host == host && block->mode == mode ? block
                                                                          : find_slow(host, mode);
  }
  // `page` is the host address of the page, `flags` its Ram flag byte (null for ROM).
  Block* insert(std::unique_ptr<Block> block, const std::uint8_t* page, std::uint8_t* flags);

  // A bit for each of the 64 pieces of the page (64 bytes each) in which there may be decoded
  // instructions. It stays where it is until drop_all(). Null: none have been decoded there.
  const std::uint64_t* lines(const std::uint8_t* page) const;
  static constexpr unsigned kLineBits = kPageBits - 6;
  // The lines of `size` bytes, at least 1, at `offset` of a page, none beyond its end.
  static std::uint64_t line_mask(std::uint32_t offset, std::uint64_t size) {
    const std::uint64_t first = offset >> kLineBits;
    const std::uint64_t last = (offset + size - 1) >> kLineBits;
    return (~std::uint64_t{0} << first) & (~std::uint64_t{0} >> (63 - last));
  }

  // Whether a store of `size` bytes at `offset` of the page hits a decoded instruction.
  bool covers(const std::uint8_t* page, std::uint32_t offset, unsigned size) const;
  // Drops the blocks that have bytes in the range, but those that `keeps` says to keep. Whether
  // there were any.
  bool drop_range(const std::uint8_t* page, std::uint32_t offset, unsigned size,
                  const std::function<bool(Block&)>& keeps);
  // Drops all blocks of the page. They stay in memory until collect(), for one may be executing.
  void drop(const std::uint8_t* page);
  void drop_all();
  // Drops the blocks that are not translated and have not been executed since the last time: while
  // there is a translator.
  void drop_cold();
  bool has(const std::uint8_t* page) const;
  // Frees dropped blocks.
  void collect() { dropped_.clear(); }
  std::size_t size() const { return count_; }
  // Called for each block that is dropped.
  void on_drop(std::function<void(Block&)> call) { on_drop_ = std::move(call); }

 private:
  static constexpr std::size_t kTableSize = 1 << 15;

  struct Page {
    std::uint8_t* flags = nullptr;
    std::uint64_t lines = 0;
    std::bitset<kPageSize> covered;
    std::uint32_t longest = 0;                   // bytes of a block, so far
    std::vector<std::unique_ptr<Block>> blocks;  // by offset, then mode

    // The first at or behind an offset and a mode.
    std::size_t find(std::uint64_t key) const;
  };

  static std::size_t slot(const std::uint8_t* host, unsigned mode) {
    const auto address = reinterpret_cast<std::uintptr_t>(host);
    return (address ^ address >> 15 ^ mode * 0x9e5) & (kTableSize - 1);
  }
  static std::uint64_t key(const std::uint8_t* host, unsigned mode) {
    return (reinterpret_cast<std::uintptr_t>(host) & kPageMask) << 32 | mode;
  }
  Block* find_slow(const std::uint8_t* host, unsigned mode) const;
  Page* page_at(const std::uint8_t* page) const;
  void retire(std::unique_ptr<Block> block);
  void retire_all(Page& page);

  mutable std::vector<Block*> table_ = std::vector<Block*>(kTableSize);
  mutable std::unordered_map<const std::uint8_t*, Page> pages_;
  mutable const std::uint8_t* last_host_ = nullptr;  // what page_at() was asked for last
  mutable Page* last_page_ = nullptr;
  std::vector<std::unique_ptr<Block>> dropped_;
  std::size_t count_ = 0;  // blocks in pages_
  std::function<void(Block&)> on_drop_;
};

}  // namespace ice86::cpu
