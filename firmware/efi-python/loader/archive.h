// SPDX-License-Identifier: LGPL-2.1-or-later
// The program's files: a ZIP archive on the ESP whose members are stored, not packed. Only its
// directory is read at the start.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Puts the archive's files and links into the tree; prints what is wrong.
bool archive_open(const char* efi_path);
// From this offset of the archive: the count, or -EIO.
int64_t archive_read(uint64_t offset, void* to, uint64_t bytes);

typedef struct {
  uint64_t reads, bytes;
} ArchiveUse;
extern ArchiveUse archive_use;
