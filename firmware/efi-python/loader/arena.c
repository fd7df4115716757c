// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/arena.h"

#include "firmware/efi-python/loader/machine.h"
#include "firmware/efi-python/loader/runtime.h"

Arena arena;

enum { kFree, kUsed = kArenaPageUsed, kReserved, kForeign };
uint8_t* arena_states;  // of each page

static uint64_t search_from;

static const uint64_t kMebibyte = 256;  // in pages
static const uint64_t kMostPages = 2048 * 256;

enum { kMostRanges = 16 };
typedef struct {
  uint64_t start, pages;
} Range;
static Range ranges[kMostRanges];
static unsigned range_count;

// The firmware goes on living beside us: it needs memory for files, network buffers and events.
static uint64_t left_to_firmware(uint64_t pages) {
  const uint64_t share = pages / 8;
  return share < 10 * kMebibyte ? 10 * kMebibyte : share > 64 * kMebibyte ? 64 * kMebibyte : share;
}

static void keep_range(const EfiMemoryDescriptor* range) {
  // Smaller ones are what the firmware's own small blocks are cut from.
  if (range->type != kEfiConventionalMemory || range->pages < 2 * kMebibyte) return;
  if (range->start < kMebibyte * kPageBytes) return;
  if (range_count < kMostRanges) ranges[range_count++] = (Range){range->start, range->pages};
}

static bool find_ranges(void) {
  uint64_t bytes = 0, key = 0, step = 0;
  uint32_t version = 0;
  firmware.boot->get_memory_map(&bytes, NULL, &key, &step, &version);
  bytes += 16 * step;  // the allocation below may split a range
  uint8_t* const map = allocate(bytes);
  if (map == NULL || firmware.boot->get_memory_map(&bytes, map, &key, &step, &version) != 0)
    return false;
  for (uint64_t at = 0; at + sizeof(EfiMemoryDescriptor) <= bytes; at += step)
    keep_range((const EfiMemoryDescriptor*)(map + at));
  release(map);
  return range_count != 0;
}

// A firmware may map its pool without the right to execute it. Walks the page tables over the
// arena, and sets "writable" and clears "execute disable" at each level.
// Reference: Intel SDM vol. 3A section 4.5.
static void make_executable(uint64_t begin, uint64_t end) {
  static const uint64_t kPresent = 1, kWritable = 2, kLarge = 0x80, kWriteProtect = 1u << 16;
  static const uint64_t kExecuteDisable = 1ull << 63, kAddress = 0x000ffffffffff000;
  uint64_t cr0, cr3;
  __asm__ volatile("movq %%cr0, %0; movq %%cr3, %1" : "=r"(cr0), "=r"(cr3));
  disable_interrupts();
  __asm__ volatile("movq %0, %%cr0" : : "r"(cr0 & ~kWriteProtect));
  for (uint64_t at = begin; at < end;) {
    uint64_t* table = (uint64_t*)(cr3 & kAddress);
    uint64_t size = 0;
    for (unsigned level = 4; level-- != 0;) {
      const unsigned shift = 12 + 9 * level;
      uint64_t* const entry = &table[at >> shift & 511];
      size = 1ull << shift;
      if ((*entry & kPresent) == 0) break;
      *entry = (*entry | kWritable) & ~kExecuteDisable;
      if (level == 0 || (level <= 2 && (*entry & kLarge) != 0)) break;
      table = (uint64_t*)(*entry & kAddress);
    }
    at = (at & ~(size - 1)) + size;
  }
  __asm__ volatile("movq %0, %%cr0; movq %1, %%cr3" : : "r"(cr0), "r"(cr3) : "memory");
  enable_interrupts();
}

// The firmware keeps the end of the largest range, and takes new blocks from there.
static bool shrink_ranges(void) {
  uint64_t total = 0;
  Range* largest = &ranges[0];
  for (unsigned i = 0; i < range_count; ++i) {
    total += ranges[i].pages;
    if (ranges[i].pages > largest->pages) largest = &ranges[i];
  }
  uint64_t left = left_to_firmware(total);
  if (total > left + kMostPages) left = total - kMostPages;
  if (largest->pages <= left) return false;
  largest->pages -= left;
  return true;
}

static bool take_ranges(void) {
  uint64_t end = 0;
  arena.base = UINT64_MAX;
  for (unsigned i = 0; i < range_count; ++i) {
    Range* const range = &ranges[i];
    if (firmware.boot->allocate_pages(kEfiAllocateAddress, kEfiLoaderCode, range->pages,
                                      &range->start) != 0) {
      range->pages = 0;
      continue;
    }
    if (range->start < arena.base) arena.base = range->start;
    if (range->start + range->pages * kPageBytes > end)
      end = range->start + range->pages * kPageBytes;
    arena.owned += range->pages;
  }
  arena.pages = end <= arena.base ? 0 : (end - arena.base) / kPageBytes;
  return arena.pages != 0;
}

bool arena_create(void) {
  // Python at its prompt takes 18 MB.
  static const uint64_t kLeastPages = (24 << 20) / kPageBytes;
  if (!find_ranges() || !shrink_ranges() || !take_ranges()) return false;
  if (arena.owned < kLeastPages) {
    arena_destroy();
    return false;
  }
  arena_states = allocate(arena.pages);
  if (arena_states == NULL) return false;
  memset(arena_states, kForeign, arena.pages);
  for (unsigned i = 0; i < range_count; ++i) {
    const Range* const range = &ranges[i];
    if (range->pages == 0) continue;
    memset(arena_states + (range->start - arena.base) / kPageBytes, kFree, range->pages);
    make_executable(range->start, range->start + range->pages * kPageBytes);
  }
  return true;
}

void arena_destroy(void) {
  for (unsigned i = 0; i < range_count; ++i) {
    if (ranges[i].pages != 0) firmware.boot->free_pages(ranges[i].start, ranges[i].pages);
  }
  release(arena_states);
}

static uint64_t pages_of(uint64_t bytes) {
  return bytes / kPageBytes + (bytes % kPageBytes != 0);
}

static uint64_t index_of(uint64_t address) {
  return (address - arena.base) / kPageBytes;
}

bool arena_contains(uint64_t address, uint64_t bytes) {
  const uint64_t whole = arena.pages * kPageBytes;
  if (address < arena.base || address - arena.base > whole ||
      bytes > whole - (address - arena.base)) {
    return false;
  }
  for (uint64_t i = index_of(address); i < index_of(address + bytes + kPageBytes - 1); ++i) {
    if (arena_states[i] == kForeign) return false;
  }
  return true;
}

bool arena_is_free(uint64_t address, uint64_t bytes) {
  if (!arena_contains(address, bytes)) return false;
  const uint64_t first = index_of(address);
  for (uint64_t i = 0; i < pages_of(bytes); ++i) {
    if (arena_states[first + i] != kFree) return false;
  }
  return true;
}

static void set_state(uint64_t first, uint64_t count, uint8_t state) {
  for (uint64_t i = first; i < first + count; ++i) {
    if (arena_states[i] == kUsed) --arena.used;
    if (state == kUsed) ++arena.used;
    arena_states[i] = state;
  }
  if (arena.used > arena.most_used) arena.most_used = arena.used;
}

// The first `count` free pages in a row from `begin`; arena.pages when there are none.
static uint64_t find_free(uint64_t begin, uint64_t count) {
  uint64_t run = 0;
  for (uint64_t i = begin; i < arena.pages; ++i) {
    run = arena_states[i] == kFree ? run + 1 : 0;
    if (run == count) return i + 1 - count;
  }
  return arena.pages;
}

static void fill(uint64_t first, uint64_t count, ArenaUse use) {
  set_state(first, count, use == kArenaReserved ? kReserved : kUsed);
  if (use == kArenaZeroed) {
    memset((void*)(arena.base + first * kPageBytes), 0, count * kPageBytes);
  }
}

uint64_t arena_map(uint64_t bytes, ArenaUse use) {
  const uint64_t count = pages_of(bytes);
  if (count == 0 || count > arena.pages) return 0;
  uint64_t first = find_free(search_from, count);
  if (first == arena.pages) first = find_free(0, count);
  if (first == arena.pages) return 0;
  search_from = first + count;
  fill(first, count, use);
  return arena.base + first * kPageBytes;
}

bool arena_map_at(uint64_t address, uint64_t bytes, ArenaUse use) {
  if (address % kPageBytes != 0 || !arena_contains(address, pages_of(bytes) * kPageBytes))
    return false;
  fill(index_of(address), pages_of(bytes), use);
  return true;
}

void arena_unmap(uint64_t address, uint64_t bytes) {
  if (address % kPageBytes != 0 || !arena_contains(address, pages_of(bytes) * kPageBytes)) return;
  const uint64_t first = index_of(address);
  set_state(first, pages_of(bytes), kFree);
  if (first < search_from) search_from = first;
}

void arena_commit(uint64_t address, uint64_t bytes) {
  if (address % kPageBytes != 0 || !arena_contains(address, pages_of(bytes) * kPageBytes)) return;
  const uint64_t first = index_of(address);
  for (uint64_t i = first; i < first + pages_of(bytes); ++i) {
    if (arena_states[i] == kReserved) fill(i, 1, kArenaZeroed);
  }
}
