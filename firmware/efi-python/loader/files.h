// SPDX-License-Identifier: LGPL-2.1-or-later
// Open files: what a descriptor stands for, whatever is behind it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/efi-python/loader/abi.h"

typedef struct File File;

// What a kind of file can do. All results are counts, or negative error numbers. A NULL is an
// operation that the kind has not: the error number is files.c's.
typedef struct {
  // At *position, which they move on; kinds without positions leave it alone.
  int64_t (*read)(File* file, void* to, uint64_t bytes, uint64_t* position);
  int64_t (*write)(File* file, const void* from, uint64_t bytes, uint64_t* position);
  // Of kPollIn, kPollOut, kPollError, kPollHangUp: what holds now. NULL: always both directions.
  unsigned (*ready)(File* file);
  int64_t (*control)(File* file, uint32_t request, void* argument);
  // Fills in a zeroed structure.
  int64_t (*describe)(File* file, AbiStat* stat);
  // For files with positions.
  int64_t (*size)(File* file);
  int64_t (*truncate)(File* file, uint64_t size);
  // getdents64(2).
  int64_t (*list)(File* file, uint8_t* to, uint64_t bytes);
  int64_t (*flush)(File* file);
  void (*close)(File* file);  // the last descriptor is gone
} FileKind;

struct File {
  const FileKind* kind;
  unsigned references;
  uint32_t flags;  // of open(2)
  uint64_t position;
  void* state;  // the kind's
};

// Descriptors 0 to 2 on the terminal.
void files_start(void);
void files_end(void);

// A new file with one reference; NULL without memory.
File* file_create(const FileKind* kind, uint32_t flags, void* state);
void file_release(File* file);
// NULL for a descriptor that is not open.
File* file_of(int64_t descriptor);

// The lowest free descriptor from `least`; takes the reference over. -EMFILE releases the file.
int64_t descriptor_open(File* file, unsigned least, bool close_on_exec);
int64_t descriptor_close(int64_t descriptor);
int64_t descriptor_duplicate(int64_t from, int64_t to, bool close_on_exec);
int64_t descriptor_flag(int64_t descriptor);
int64_t descriptor_set_flag(int64_t descriptor, bool close_on_exec);

int64_t file_read(File* file, void* to, uint64_t bytes, uint64_t* position);
int64_t file_write(File* file, const void* from, uint64_t bytes, uint64_t* position);
unsigned file_ready(File* file);
int64_t file_describe(File* file, AbiStat* stat);
int64_t file_seek(File* file, int64_t offset, unsigned from);

// An entry of getdents64(2) at `to`: its size, or 0 when there is no room.
uint64_t put_directory_entry(uint8_t* to, uint64_t room, uint64_t inode, uint64_t next,
                             uint32_t mode, const char* name);
