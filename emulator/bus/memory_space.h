// SPDX-License-Identifier: LGPL-2.1-or-later
// The guest-physical address space: regions of RAM, ROM and registers, the topmost visible one
// answering.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/bus/ram.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/trace.h"
#include "emulator/bus/types.h"

namespace ice86 {

// How one page can be reached without a call. Null pointers: use MemorySpace::read and write.
struct PageView {
  const std::uint8_t* read = nullptr;   // host address of the page's bytes for reads
  std::uint8_t* write = nullptr;        // the same for writes; may be other memory (shadow RAM)
  std::uint8_t* read_flags = nullptr;   // Ram flag byte behind `read`; null for ROM
  std::uint8_t* write_flags = nullptr;  // Ram flag byte behind `write`
};

class MemorySpace {
 public:
  // Among regions that answer at an address the highest priority wins; of equal ones the first
  // added.
  enum class Priority : std::uint8_t { kRam = 0, kBar = 1, kFixed = 2, kShadow = 3, kSmram = 4 };

  // One region; stays owned by the space. Change it through the space only.
  struct Region {
    std::string name;
    Gpa base = 0;
    std::uint64_t size = 0;
    Priority priority = Priority::kFixed;
    bool answers_reads = true;
    bool answers_writes = true;
    Ram* ram = nullptr;  // RAM behind it, from ram_offset
    std::uint64_t ram_offset = 0;
    const std::uint8_t* rom =
        nullptr;  // or read-only bytes: writes are dropped (or go to `registers`)
    RegisterBlock* registers = nullptr;  // or a chip
    bool enabled = true;
  };

  explicit MemorySpace(TraceBus& trace);
  ~MemorySpace();
  MemorySpace(const MemorySpace&) = delete;
  MemorySpace& operator=(const MemorySpace&) = delete;

  // Fixed and RAM regions of the same priority may not overlap: the board is wired wrongly then.
  // RAM and ROM regions are page-aligned.
  Result<Region*> add(Region region);
  // Moves, shows or hides a region (BARs, PAM, SMRAM, flash modes).
  void move(Region& region, Gpa base, bool enabled);
  void set_visibility(Region& region, bool answers_reads, bool answers_writes);

  // The bytes of a page, or nulls where registers (or nothing, or a mix) answer. `gpa` is any
  // address in it.
  PageView page(Gpa gpa);

  // One access of 1, 2, 4 or 8 bytes; it may cross pages and regions.
  std::uint64_t read(Gpa gpa, unsigned width);
  void write(Gpa gpa, unsigned width, std::uint64_t value);
  // Without side effects.
  std::uint64_t peek(Gpa gpa, unsigned width) const;

  // Bus masters (DMA). Registers behind the range are accessed in bytes.
  void read(Gpa gpa, std::span<std::uint8_t> bytes);
  void write(Gpa gpa, std::span<const std::uint8_t> bytes);
  void peek(Gpa gpa, std::span<std::uint8_t> bytes) const;
  // The same bytes where they are, or none: they are not all of one page of memory.
  std::span<const std::uint8_t> in_place(Gpa gpa, std::size_t size) const;

  // Called after any change of what answers where: cached page() results are stale.
  void on_mapping_change(std::function<void()> listener) {
    mapping_listeners_.push_back(std::move(listener));
  }
  // Called before bytes of a page whose RAM flag kCode is set change by a way other than the CPU's
  // own stores: `page` is the host address of the page's first byte. The listener clears kCode.
  void on_code_write(std::function<void(const std::uint8_t* page)> listener) {
    code_listeners_.push_back(std::move(listener));
  }
  // For the CPU's own slow path: a write to `page` (host address) is about to happen.
  void note_code_write(const std::uint8_t* page);

  const std::vector<std::unique_ptr<Region>>& regions() const { return regions_; }

 private:
  enum class Direction { kRead, kWrite };
  struct Entry {
    PageView view;
    bool known = false;
  };
  using Chunk = std::array<Entry, 512>;

  const Region* find(Gpa gpa, Direction direction) const;
  PageView resolve(Gpa page) const;
  PageView known_page(Gpa gpa) const;
  std::uint8_t read_byte(Gpa gpa);
  void write_byte(Gpa gpa, std::uint8_t value);
  std::uint64_t access_read(const Region* region, Gpa gpa, unsigned width);
  void mapping_changed();

  TraceBus& trace_;
  std::vector<std::unique_ptr<Region>> regions_;
  std::vector<std::unique_ptr<Chunk>> chunks_;  // cache of resolve(), by gpa / 2 MiB
  std::vector<std::function<void()>> mapping_listeners_;
  std::vector<std::function<void(const std::uint8_t*)>> code_listeners_;
};

// Memory as a bus master sees it.
class DmaPort {
 public:
  explicit DmaPort(MemorySpace& memory) : memory_(memory) {}
  void read(Gpa gpa, std::span<std::uint8_t> bytes) { memory_.read(gpa, bytes); }
  void write(Gpa gpa, std::span<const std::uint8_t> bytes) { memory_.write(gpa, bytes); }

 private:
  MemorySpace& memory_;
};

}  // namespace ice86
