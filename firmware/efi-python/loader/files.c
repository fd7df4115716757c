// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/files.h"

#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/terminal.h"

enum { kMostDescriptors = 256 };
static struct {
  File* file;
  bool close_on_exec;
} descriptors[kMostDescriptors];

void files_start(void) {
  File* const terminal = file_create(&kTerminalKind, kOpenReadWrite, NULL);
  for (unsigned i = 0; i < 3 && terminal != NULL; ++i) {
    if (i != 0) ++terminal->references;
    descriptor_open(terminal, 0, false);
  }
}

void files_end(void) {
  for (unsigned i = 0; i < kMostDescriptors; ++i) descriptor_close(i);
}

File* file_create(const FileKind* kind, uint32_t flags, void* state) {
  File* const file = allocate(sizeof *file);
  if (file == NULL) return NULL;
  file->kind = kind;
  file->references = 1;
  file->flags = flags;
  file->state = state;
  return file;
}

void file_release(File* file) {
  if (--file->references != 0) return;
  if (file->kind->close != NULL) file->kind->close(file);
  release(file);
}

static bool valid(int64_t descriptor) {
  return descriptor >= 0 && descriptor < kMostDescriptors && descriptors[descriptor].file != NULL;
}

File* file_of(int64_t descriptor) {
  descriptor = (int32_t)descriptor;
  return valid(descriptor) ? descriptors[descriptor].file : NULL;
}

int64_t descriptor_open(File* file, unsigned least, bool close_on_exec) {
  if (file == NULL) return -kEnomem;
  for (unsigned i = least; i < kMostDescriptors; ++i) {
    if (descriptors[i].file != NULL) continue;
    descriptors[i].file = file;
    descriptors[i].close_on_exec = close_on_exec;
    return i;
  }
  file_release(file);
  return -kEmfile;
}

int64_t descriptor_close(int64_t descriptor) {
  File* const file = file_of(descriptor);
  if (file == NULL) return -kEbadf;
  descriptors[(int32_t)descriptor].file = NULL;
  file_release(file);
  return 0;
}

int64_t descriptor_duplicate(int64_t from, int64_t to, bool close_on_exec) {
  File* const file = file_of(from);
  to = (int32_t)to;
  if (file == NULL || to < 0 || to >= kMostDescriptors) return -kEbadf;
  if (to == (int32_t)from) return to;
  ++file->references;
  descriptor_close(to);
  descriptors[to].file = file;
  descriptors[to].close_on_exec = close_on_exec;
  return to;
}

int64_t descriptor_flag(int64_t descriptor) {
  return file_of(descriptor) == NULL ? -kEbadf : descriptors[(int32_t)descriptor].close_on_exec;
}

int64_t descriptor_set_flag(int64_t descriptor, bool close_on_exec) {
  if (file_of(descriptor) == NULL) return -kEbadf;
  descriptors[(int32_t)descriptor].close_on_exec = close_on_exec;
  return 0;
}

int64_t file_read(File* file, void* to, uint64_t bytes, uint64_t* position) {
  if ((file->flags & kOpenAccess) == kOpenWriteOnly) return -kEbadf;
  return file->kind->read == NULL ? -kEinval : file->kind->read(file, to, bytes, position);
}

int64_t file_write(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  if ((file->flags & kOpenAccess) == kOpenReadOnly) return -kEbadf;
  return file->kind->write == NULL ? -kEinval : file->kind->write(file, from, bytes, position);
}

unsigned file_ready(File* file) {
  return file->kind->ready == NULL ? kPollIn | kPollOut : file->kind->ready(file);
}

int64_t file_describe(File* file, AbiStat* stat) {
  memset(stat, 0, sizeof *stat);
  stat->links = 1;
  stat->block_size = 4096;
  return file->kind->describe == NULL ? 0 : file->kind->describe(file, stat);
}

int64_t file_seek(File* file, int64_t offset, unsigned from) {
  enum { kFromStart, kFromPosition, kFromEnd };
  if (file->kind->size == NULL) return -kEspipe;
  int64_t start = 0;
  if (from == kFromPosition) start = (int64_t)file->position;
  if (from == kFromEnd) start = file->kind->size(file);
  if (start < 0) return start;
  if (from > kFromEnd || start + offset < 0) return -kEinval;
  file->position = (uint64_t)(start + offset);
  return (int64_t)file->position;
}

uint64_t put_directory_entry(uint8_t* to, uint64_t room, uint64_t inode, uint64_t next,
                             uint32_t mode, const char* name) {
  const uint64_t name_bytes = strlen(name) + 1;
  const uint64_t bytes = (19 + name_bytes + 7) & ~7ull;
  if (bytes > room) return 0;
  memset(to, 0, bytes);
  memcpy(to, &inode, 8);
  memcpy(to + 8, &next, 8);
  to[16] = (uint8_t)bytes;
  to[17] = (uint8_t)(bytes >> 8);
  to[18] = (uint8_t)((mode & kModeType) >> 12);
  memcpy(to + 19, name, name_bytes);
  return bytes;
}
