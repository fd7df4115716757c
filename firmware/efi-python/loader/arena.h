// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory of the program: most of what the firmware has free, taken as a whole, in which mmap
// works. There is no paging of our own: an address of the program is an address for the firmware.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { kPageBytes = 4096 };

typedef struct {
  uint64_t base, pages;  // from the first page to the last
  uint64_t owned;        // without those in between that are the firmware's
  uint64_t used, most_used;
} Arena;
extern Arena arena;

// One for each page, also read by entry.asm: see there.
extern uint8_t* arena_states;
enum { kArenaPageUsed = 1 };

typedef enum {
  kArenaZeroed,    // memory that reads as zeros
  kArenaUnset,     // the caller fills it
  kArenaReserved,  // an address range that nobody uses before arena_commit
} ArenaUse;

// Takes most of the firmware's free memory, and makes it executable.
bool arena_create(void);
void arena_destroy(void);

// All sizes are in bytes and rounded up to pages. 0 when there is no room.
uint64_t arena_map(uint64_t bytes, ArenaUse use);
// At this address, whatever was there. False when it is outside.
bool arena_map_at(uint64_t address, uint64_t bytes, ArenaUse use);
void arena_unmap(uint64_t address, uint64_t bytes);
// Reserved pages become zeroed memory; others stay as they are.
void arena_commit(uint64_t address, uint64_t bytes);
bool arena_contains(uint64_t address, uint64_t bytes);
bool arena_is_free(uint64_t address, uint64_t bytes);
