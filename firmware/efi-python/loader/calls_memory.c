// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls on memory. Files are mapped by reading them; nothing is protected.
// Reference: mmap(2), mprotect(2), mremap(2).
#include "firmware/efi-python/loader/arena.h"
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/files.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/tree.h"

enum { kProtWrite = 2 };
enum { kMapShared = 1, kMapFixed = 0x10, kMapAnonymous = 0x20 };

// The dynamic linker maps a whole library first, read-only, and then its segments over that. Most
// of them have got their bytes by the first, and need not be read again.
static struct {
  const Node* node;
  uint64_t address, bytes, offset;
} last_mapping;

static bool there_already(const Node* node, uint64_t address, uint64_t bytes, uint64_t offset) {
  return node == last_mapping.node && address >= last_mapping.address &&
         address - last_mapping.address <= last_mapping.bytes &&
         bytes <= last_mapping.bytes - (address - last_mapping.address) &&
         offset >= last_mapping.offset &&
         offset - last_mapping.offset == address - last_mapping.address;
}

static int64_t map_file(File* file, uint64_t address, uint64_t bytes, uint64_t offset, bool fixed,
                        bool writable) {
  const bool is_node = file->kind == &kNodeKind;
  const Node* const node = is_node ? file->state : NULL;
  if (fixed && is_node && there_already(node, address, bytes, offset)) {
    if (writable) last_mapping.node = NULL;
    return (int64_t)address;
  }
  if (fixed) {
    if (!arena_map_at(address, bytes, kArenaUnset)) return -kEnomem;
  } else {
    address = arena_map(bytes, kArenaUnset);
    if (address == 0) return -kEnomem;
  }
  uint64_t done = 0, position = offset;
  while (done < bytes) {
    const int64_t count = file->kind->read(file, (uint8_t*)address + done, bytes - done, &position);
    if (count < 0) {
      arena_unmap(address, bytes);
      return count;
    }
    if (count == 0) break;
    done += (uint64_t)count;
  }
  const uint64_t whole = (bytes + kPageBytes - 1) & ~(uint64_t)(kPageBytes - 1);
  memset((uint8_t*)address + done, 0, whole - done);
  if (!fixed && is_node && !writable) {
    last_mapping.node = node;
    last_mapping.address = address;
    last_mapping.bytes = bytes;
    last_mapping.offset = offset;
  }
  return (int64_t)address;
}

int64_t call_mmap(const uint64_t* a) {
  const uint64_t address = a[0], bytes = a[1], protection = a[2], flags = a[3], offset = a[5];
  const bool fixed = (flags & kMapFixed) != 0;
  if (bytes == 0 || offset % kPageBytes != 0) return -kEinval;
  if ((flags & kMapAnonymous) != 0) {
    const ArenaUse use = protection == 0 ? kArenaReserved : kArenaZeroed;
    if (fixed) return arena_map_at(address, bytes, use) ? (int64_t)address : -kEnomem;
    const uint64_t mapped = arena_map(bytes, use);
    return mapped == 0 ? -kEnomem : (int64_t)mapped;
  }
  File* const file = file_of((int64_t)a[4]);
  if (file == NULL) return -kEbadf;
  if (file->kind->size == NULL || file->kind->read == NULL) return -kEnodev;
  // Writes into the memory would have to reach the file.
  if ((flags & kMapShared) != 0 && (protection & kProtWrite) != 0) return -kEnodev;
  return map_file(file, address, bytes, offset, fixed, (protection & kProtWrite) != 0);
}

int64_t call_munmap(const uint64_t* a) {
  if (a[0] % kPageBytes != 0 || a[1] == 0) return -kEinval;
  if (last_mapping.node != NULL && a[0] <= last_mapping.address + last_mapping.bytes &&
      last_mapping.address <= a[0] + a[1]) {
    last_mapping.node = NULL;
  }
  arena_unmap(a[0], a[1]);
  return 0;
}

int64_t call_mprotect(const uint64_t* a) {
  if (!arena_contains(a[0], a[1])) return -kEnomem;
  if (a[2] != 0) arena_commit(a[0], a[1]);
  if ((a[2] & kProtWrite) != 0) last_mapping.node = NULL;
  return 0;
}

int64_t call_mremap(const uint64_t* a) {
  enum { kMayMove = 1, kFixed = 2 };
  const uint64_t mask = kPageBytes - 1;
  const uint64_t address = a[0], old_bytes = (a[1] + mask) & ~mask, bytes = (a[2] + mask) & ~mask;
  if ((a[3] & kFixed) != 0 || bytes == 0) return -kEinval;
  if (!arena_contains(address, old_bytes)) return -kEfault;
  if (bytes <= old_bytes) {
    arena_unmap(address + bytes, old_bytes - bytes);
    return (int64_t)address;
  }
  if (arena_is_free(address + old_bytes, bytes - old_bytes) &&
      arena_map_at(address + old_bytes, bytes - old_bytes, kArenaZeroed)) {
    return (int64_t)address;
  }
  if ((a[3] & kMayMove) == 0) return -kEnomem;
  const uint64_t moved = arena_map(bytes, kArenaUnset);
  if (moved == 0) return -kEnomem;
  memcpy((void*)moved, (const void*)address, old_bytes);
  memset((uint8_t*)moved + old_bytes, 0, bytes - old_bytes);
  arena_unmap(address, old_bytes);
  return (int64_t)moved;
}

// There is no heap behind the program: the C library then takes its memory with mmap.
int64_t call_brk(const uint64_t* a) {
  (void)a;
  return 0;
}

int64_t call_madvise(const uint64_t* a) {
  enum { kDontNeed = 4 };
  // MADV_DONTNEED gives zeros to who reads the pages again.
  if (a[2] == kDontNeed && arena_contains(a[0], a[1])) memset((void*)a[0], 0, a[1]);
  return 0;
}
