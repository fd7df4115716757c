// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: PKWARE APPNOTE 6.3.9, sections 4.3.7 (local header), 4.3.12 (central
// directory), 4.3.16 (its end). Links are marked as Info-ZIP does it: the mode is in the upper half
// of the external attributes.
#include "firmware/efi-python/loader/archive.h"

#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/tree.h"

typedef struct __attribute__((packed)) {
  uint32_t signature;
  uint16_t disk, directory_disk, disk_entries, entries;
  uint32_t directory_bytes, directory_offset;
  uint16_t comment_bytes;
} DirectoryEnd;
typedef struct __attribute__((packed)) {
  uint32_t signature;
  uint16_t made_by, needs, flags, method, time, date;
  uint32_t crc32, packed, size;
  uint16_t name_bytes, extra_bytes, comment_bytes, disk, internal_attributes;
  uint32_t external_attributes, offset;
} DirectoryEntry;
enum {
  kEndSignature = 0x06054b50,
  kEntrySignature = 0x02014b50,
  kLocalHeaderBytes = 30,
};

static EfiFile* archive;
static const char* archive_name;
ArchiveUse archive_use;

int64_t archive_read(uint64_t offset, void* to, uint64_t bytes) {
  // Firmware drivers have limits of their own.
  static const uint64_t kMostAtOnce = 4 << 20;
  if (archive->set_position(archive, offset) != 0) return -kEio;
  uint64_t done = 0;
  while (done < bytes) {
    uint64_t count = bytes - done < kMostAtOnce ? bytes - done : kMostAtOnce;
    if (archive->read(archive, &count, (uint8_t*)to + done) != 0 || count == 0) return -kEio;
    done += count;
  }
  ++archive_use.reads;
  archive_use.bytes += bytes;
  return (int64_t)bytes;
}

static bool bad(const char* what) {
  print("efi-python: %s: %s\n", archive_name, what);
  return false;
}

static bool add_entry(const DirectoryEntry* entry, const char* name_at) {
  char name[512];
  if (entry->name_bytes >= sizeof name) return bad("a name is too long");
  memcpy(name, name_at, entry->name_bytes);
  name[entry->name_bytes] = 0;
  uint32_t mode = entry->external_attributes >> 16;
  if ((mode & kModeType) == 0) mode |= kModeRegular;
  if (entry->name_bytes != 0 && name[entry->name_bytes - 1] == '/')
    mode = kModeDirectory | (mode & 0777);
  if (entry->method != 0) return bad("a member is packed; they have to be stored");
  Node* const node = tree_add_path(name, mode);
  if (node == NULL) return bad("no memory for its directory");
  const EfiTime time = {
      .year = (uint16_t)(1980 + (entry->date >> 9)),
      .month = entry->date >> 5 & 15,
      .day = entry->date & 31,
      .hour = (uint8_t)(entry->time >> 11),
      .minute = entry->time >> 5 & 63,
      .second = (uint8_t)((entry->time & 31) * 2),
  };
  node->modified = seconds_since_1970(&time) * SECOND;
  if ((mode & kModeType) == kModeDirectory) return true;
  node->place = kNodeArchive;
  node->size = entry->size;
  // The members' local headers have no extra fields: the image's builder sees to it.
  node->offset = (uint64_t)entry->offset + kLocalHeaderBytes + entry->name_bytes;
  return true;
}

static bool read_directory(const DirectoryEnd* end) {
  uint8_t* const directory = allocate(end->directory_bytes);
  if (directory == NULL) return bad("no memory for its directory");
  bool good = archive_read(end->directory_offset, directory, end->directory_bytes) >= 0;
  if (!good) bad("its directory cannot be read");
  uint64_t at = 0;
  for (unsigned i = 0; good && i < end->entries; ++i) {
    const DirectoryEntry* const entry = (const DirectoryEntry*)(directory + at);
    if (at + sizeof *entry > end->directory_bytes || entry->signature != kEntrySignature) {
      good = bad("its directory is damaged");
      break;
    }
    good = add_entry(entry, (const char*)(entry + 1));
    at += sizeof *entry + entry->name_bytes + entry->extra_bytes + entry->comment_bytes;
  }
  release(directory);
  return good;
}

bool archive_open(const char* efi_path) {
  archive_name = efi_path;
  EfiChar path[128];
  if (!to_efi_text(efi_path, path, sizeof path / sizeof path[0])) return bad("name too long");
  if (firmware.volume->open(firmware.volume, &archive, path, EFI_FILE_MODE_READ, 0) != 0)
    return bad("not found beside the application: the image is not whole");
  // The end record is the last thing: the archive has no comment.
  DirectoryEnd end;
  uint64_t size = 0;
  archive->set_position(archive, UINT64_MAX);
  archive->get_position(archive, &size);
  if (size < sizeof end || archive_read(size - sizeof end, &end, sizeof end) < 0 ||
      end.signature != kEndSignature) {
    return bad("no ZIP archive without a comment, or cut off");
  }
  return read_directory(&end);
}
