// SPDX-License-Identifier: LGPL-2.1-or-later
// The ROM file system: named entries, one behind the other from the beginning of the flash part,
// each as it is or packed with LZMA. docs/firmware.md has the layout; `ice86 image rom` writes it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The last 16 bytes of the part: a jump at FFFFFFF0, and these, little-endian.
enum {
  ROM_TRAILER_END = 4,    // FFFFFFF4: address behind the file system, where the boot code begins
  ROM_TRAILER_FLAGS = 8,  // FFFFFFF8
  ROM_TRAILER_START = 12  // FFFFFFFC: address of the first entry
};
enum { ROM_FLAG_POST_MORTEM = 1 };

enum { ROM_ENTRY_ALIGNMENT = 64, ROM_LARGEST = 16 << 20 };
// All but files are payloads.
enum { ROM_FILE = 0, ROM_PROGRAM = 1, ROM_LINUX = 2, ROM_LINUX_IMAGE = 3 };
enum { ROM_PLAIN = 0, ROM_LZMA = 1, ROM_LZ4 = 2 };

// What the bytes of a ROM_LINUX_IMAGE begin with; the rest alone is packed.
typedef struct {
  uint32_t load;   // where the image goes
  uint32_t entry;  // its PVH entry
} RomLinuxImage;

typedef struct {
  char magic[8];        // "ROMENTRY"
  uint32_t header_sum;  // the header's sixteen words add up to 0
  uint32_t type;
  uint32_t packing;
  uint32_t stored;  // bytes behind this header
  uint32_t size;    // bytes when unpacked
  uint32_t crc;     // CRC-32 (IEEE 802.3) of the stored bytes
  char name[32];    // ends in 0
} RomEntry;
_Static_assert(sizeof(RomEntry) == 64, "as documented");

// Whether the part's last bytes describe a file system that lies in the part.
bool rom_present(void);

// The entry behind `after`, or the first for NULL; NULL at the end. What has a bad header is passed
// over; `complain` makes it say so.
const RomEntry* rom_next(const RomEntry* after, bool complain);

const RomEntry* rom_find(const char* name);

// NULL when the entry's stored bytes are all there and have their checksum, or what is wrong.
const char* rom_check(const RomEntry* entry);

// Puts the entry's bytes (not those of a ROM_LINUX_IMAGE), unpacked, to `to`, which has room for
// entry->size. NULL, or what is wrong.
const char* rom_read(const RomEntry* entry, void* to);

static inline const uint8_t* rom_body(const RomEntry* entry) {
  return (const uint8_t*)(entry + 1);
}

// The value of NAME in the text entry "options" (lines of NAME=VALUE), as a 0-terminated string in
// `value`; false: there is none.
bool rom_option(const char* name, char* value, unsigned room);
// Whether option `name` has this value.
bool rom_option_is(const char* name, const char* value);
