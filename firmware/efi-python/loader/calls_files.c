// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls on descriptors. Reference: the manual pages of section 2.
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/devices.h"
#include "firmware/efi-python/loader/esp.h"
#include "firmware/efi-python/loader/files.h"
#include "firmware/efi-python/loader/paths.h"
#include "firmware/efi-python/loader/pipes.h"
#include "firmware/efi-python/loader/runtime.h"

typedef int64_t Transfer(File* file, uint8_t* bytes, uint64_t count, uint64_t* position);

static int64_t read_into(File* file, uint8_t* bytes, uint64_t count, uint64_t* position) {
  return file_read(file, bytes, count, position);
}

static int64_t write_from(File* file, uint8_t* bytes, uint64_t count, uint64_t* position) {
  return file_write(file, bytes, count, position);
}

// The file stays while it is used, whatever other threads close meanwhile.
static int64_t transfer(int64_t descriptor, Transfer* how, const AbiVector* vectors, uint64_t count,
                        const uint64_t* at) {
  File* const file = file_of(descriptor);
  if (file == NULL) return -kEbadf;
  if (at != NULL && file->kind->size == NULL) return -kEspipe;
  uint64_t own_position = at == NULL ? 0 : *at;
  uint64_t* const position = at == NULL ? &file->position : &own_position;
  ++file->references;
  int64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (vectors[i].bytes == 0 && count > 1) continue;
    const int64_t done = how(file, vectors[i].base, vectors[i].bytes, position);
    if (done < 0) {
      if (total == 0) total = done;
      break;
    }
    total += done;
    if ((uint64_t)done < vectors[i].bytes) break;
  }
  file_release(file);
  return total;
}

int64_t call_read(const uint64_t* a) {
  const AbiVector one = {(uint8_t*)a[1], a[2]};
  return transfer((int64_t)a[0], read_into, &one, 1, NULL);
}

int64_t call_write(const uint64_t* a) {
  const AbiVector one = {(uint8_t*)a[1], a[2]};
  return transfer((int64_t)a[0], write_from, &one, 1, NULL);
}

int64_t call_readv(const uint64_t* a) {
  return transfer((int64_t)a[0], read_into, (const AbiVector*)a[1], a[2], NULL);
}

int64_t call_writev(const uint64_t* a) {
  return transfer((int64_t)a[0], write_from, (const AbiVector*)a[1], a[2], NULL);
}

int64_t call_pread(const uint64_t* a) {
  const AbiVector one = {(uint8_t*)a[1], a[2]};
  return transfer((int64_t)a[0], read_into, &one, 1, &a[3]);
}

int64_t call_pwrite(const uint64_t* a) {
  const AbiVector one = {(uint8_t*)a[1], a[2]};
  return transfer((int64_t)a[0], write_from, &one, 1, &a[3]);
}

int64_t call_preadv(const uint64_t* a) {
  return transfer((int64_t)a[0], read_into, (const AbiVector*)a[1], a[2], &a[3]);
}

int64_t call_pwritev(const uint64_t* a) {
  return transfer((int64_t)a[0], write_from, (const AbiVector*)a[1], a[2], &a[3]);
}

static int64_t open_node(const Place* place, uint32_t flags, File** file) {
  Node* const node = place->node;
  const uint32_t type = node->mode & kModeType;
  const bool writes = (flags & kOpenAccess) != kOpenReadOnly;
  if ((flags & (kOpenCreate | kOpenExclusive)) == (kOpenCreate | kOpenExclusive)) return -kEexist;
  if (type == kModeLink) return -kEloop;  // only with O_NOFOLLOW
  if (type == kModeDirectory && writes) return -kEisdir;
  if (type != kModeDirectory && (flags & kOpenDirectory) != 0) return -kEnotdir;
  if ((flags & kOpenTruncate) != 0 && writes && type == kModeRegular) {
    const int64_t error = node_truncate(node, 0);
    if (error != 0) return error;
  }
  *file = node_open(node, flags);
  return *file == NULL ? -kEnomem : 0;
}

static int64_t open_file(int64_t directory, const char* path, uint32_t flags, uint32_t mode) {
  Place place;
  int64_t error = path_find(directory, path, (flags & kOpenNoFollow) == 0, &place);
  File* file = NULL;
  if (place.on_esp) {
    file = esp_open(place.esp_path, flags, &error);
  } else if (error == -kEnoent && place.directory != NULL && (flags & kOpenCreate) != 0) {
    place.node = tree_add(place.directory, place.name, kModeRegular | (mode & 0777));
    if (place.node == NULL) return -kEnomem;
    error = open_node(&place, flags & ~(uint32_t)kOpenExclusive, &file);
  } else if (error == 0) {
    error = open_node(&place, flags, &file);
  }
  if (error != 0) return error;
  return descriptor_open(file, 0, (flags & kOpenCloseOnExec) != 0);
}

int64_t call_open(const uint64_t* a) {
  return open_file(AT_CURRENT_DIRECTORY, (const char*)a[0], (uint32_t)a[1], (uint32_t)a[2]);
}

int64_t call_openat(const uint64_t* a) {
  return open_file((int64_t)a[0], (const char*)a[1], (uint32_t)a[2], (uint32_t)a[3]);
}

int64_t call_creat(const uint64_t* a) {
  return open_file(AT_CURRENT_DIRECTORY, (const char*)a[0],
                   kOpenCreate | kOpenWriteOnly | kOpenTruncate, (uint32_t)a[1]);
}

int64_t call_close(const uint64_t* a) {
  return descriptor_close((int64_t)a[0]);
}

int64_t call_close_range(const uint64_t* a) {
  if (a[2] != 0) return -kEinval;
  for (uint64_t i = a[0]; i <= a[1] && i < 256; ++i) descriptor_close((int64_t)i);
  return 0;
}

int64_t call_lseek(const uint64_t* a) {
  File* const file = file_of((int64_t)a[0]);
  return file == NULL ? -kEbadf : file_seek(file, (int64_t)a[1], (unsigned)a[2]);
}

int64_t call_ftruncate(const uint64_t* a) {
  File* const file = file_of((int64_t)a[0]);
  if (file == NULL) return -kEbadf;
  if (file->kind->truncate == NULL || (file->flags & kOpenAccess) == kOpenReadOnly) return -kEinval;
  return (int64_t)a[1] < 0 ? -kEinval : file->kind->truncate(file, a[1]);
}

int64_t call_fsync(const uint64_t* a) {
  File* const file = file_of((int64_t)a[0]);
  if (file == NULL) return -kEbadf;
  return file->kind->flush == NULL ? 0 : file->kind->flush(file);
}

int64_t call_dup(const uint64_t* a) {
  File* const file = file_of((int64_t)a[0]);
  if (file == NULL) return -kEbadf;
  ++file->references;
  return descriptor_open(file, 0, false);
}

int64_t call_dup2(const uint64_t* a) {
  return descriptor_duplicate((int64_t)a[0], (int64_t)a[1], false);
}

int64_t call_dup3(const uint64_t* a) {
  if ((int32_t)a[0] == (int32_t)a[1]) return -kEinval;
  return descriptor_duplicate((int64_t)a[0], (int64_t)a[1], (a[2] & kOpenCloseOnExec) != 0);
}

int64_t call_fcntl(const uint64_t* a) {
  enum {
    kDuplicate = 0,
    kGetFlag = 1,
    kSetFlag = 2,
    kGetFlags = 3,
    kSetFlags = 4,
    kGetLock = 5,
    kSetLock = 6,
    kSetLockWait = 7,
    kDuplicateCloseOnExec = 1030,
  };
  enum { kChangeable = kOpenAppend | kOpenNonblocking, kUnlocked = 2 };
  File* const file = file_of((int64_t)a[0]);
  if (file == NULL) return -kEbadf;
  switch (a[1]) {
    case kDuplicate:
    case kDuplicateCloseOnExec:
      ++file->references;
      return descriptor_open(file, (unsigned)a[2], a[1] == kDuplicateCloseOnExec);
    case kGetFlag: return descriptor_flag((int64_t)a[0]);
    case kSetFlag: return descriptor_set_flag((int64_t)a[0], (a[2] & 1) != 0);
    case kGetFlags: return file->flags & (kOpenAccess | kChangeable);
    case kSetFlags:
      file->flags = (file->flags & ~(uint32_t)kChangeable) | ((uint32_t)a[2] & kChangeable);
      return 0;
    // Locks are between processes, and there is one.
    case kGetLock: *(int16_t*)a[2] = kUnlocked; return 0;
    case kSetLock:
    case kSetLockWait: return 0;
    default: return -kEinval;
  }
}

int64_t call_ioctl(const uint64_t* a) {
  enum { kNonblocking = 0x5421, kCloseOnExec = 0x5451, kNoCloseOnExec = 0x5450 };
  File* const file = file_of((int64_t)a[0]);
  if (file == NULL) return -kEbadf;
  const uint32_t request = (uint32_t)a[1];
  switch (request) {
    case kNonblocking:
      file->flags &= ~(uint32_t)kOpenNonblocking;
      if (*(const int32_t*)a[2] != 0) file->flags |= kOpenNonblocking;
      return 0;
    case kCloseOnExec:
    case kNoCloseOnExec: return descriptor_set_flag((int64_t)a[0], request == kCloseOnExec);
    default:
      return file->kind->control == NULL ? -kEnotty
                                         : file->kind->control(file, request, (void*)a[2]);
  }
}

int64_t call_getdents64(const uint64_t* a) {
  File* const file = file_of((int64_t)a[0]);
  if (file == NULL) return -kEbadf;
  return file->kind->list == NULL ? -kEnotdir : file->kind->list(file, (uint8_t*)a[1], a[2]);
}

int64_t call_sendfile(const uint64_t* a) {
  File *const out = file_of((int64_t)a[0]), *const in = file_of((int64_t)a[1]);
  uint64_t* const offset = (uint64_t*)a[2];
  if (out == NULL || in == NULL) return -kEbadf;
  if (in->kind->size == NULL) return -kEinval;
  uint64_t* const position = offset == NULL ? &in->position : offset;
  enum { kBlock = 16 << 10 };
  uint8_t* const block = allocate(kBlock);
  if (block == NULL) return -kEnomem;
  uint64_t total = 0;
  int64_t error = 0;
  while (total < a[3]) {
    const uint64_t before = *position;
    const uint64_t wanted = a[3] - total < kBlock ? a[3] - total : kBlock;
    const int64_t count = file_read(in, block, wanted, position);
    const int64_t written =
        count <= 0 ? count : file_write(out, block, (uint64_t)count, &out->position);
    if (written < 0) error = written;
    *position = before + (written > 0 ? (uint64_t)written : 0);
    if (written <= 0) break;
    total += (uint64_t)written;
    if (written < count) break;
  }
  release(block);
  return total != 0 ? (int64_t)total : error;
}

int64_t call_memfd_create(const uint64_t* a) {
  Node* const node = tree_add_unnamed();
  if (node == NULL) return -kEnomem;
  return descriptor_open(node_open(node, kOpenReadWrite), 0, (a[1] & 1) != 0);
}

int64_t call_pipe(const uint64_t* a) {
  return pipe_create(0, (int32_t*)a[0]);
}

int64_t call_pipe2(const uint64_t* a) {
  return pipe_create((uint32_t)a[1], (int32_t*)a[0]);
}

int64_t call_eventfd(const uint64_t* a) {
  return event_counter_create((uint32_t)a[0], 0);
}

int64_t call_eventfd2(const uint64_t* a) {
  return event_counter_create((uint32_t)a[0], (uint32_t)a[1]);
}
