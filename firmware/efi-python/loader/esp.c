// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 section 13.5.
#include "firmware/efi-python/loader/esp.h"

#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"

enum { kMostPath = 512, kEspDevice = 2 };

typedef struct {
  EfiFile* file;
  bool directory;
  char path[kMostPath];
} EspFile;

static const EfiGuid kFileInfo = EFI_FILE_INFO_GUID;

int64_t error_of(EfiStatus status) {
  switch (status & ~EFI_ERROR_BIT) {
    case 0: return 0;
    case kEfiNotFound: return -kEnoent;
    case kEfiWriteProtected: return -kErofs;
    case kEfiAccessDenied: return -kEacces;
    case kEfiVolumeFull: return -kEnospc;
    case kEfiOutOfResources: return -kEnomem;
    case kEfiInvalidParameter: return -kEinval;
    case kEfiUnsupported: return -kEopnotsupp;
    default: return -kEio;
  }
}

static EfiStatus open_path(const char* path, uint64_t mode, uint64_t attributes, EfiFile** file) {
  EfiChar name[kMostPath];
  if (*path == 0) path = "\\";
  if (!to_efi_text(path, name, kMostPath)) return efi_error(kEfiInvalidParameter);
  return firmware.volume->open(firmware.volume, file, name, mode, attributes);
}

// FAT has no inode numbers: a hash of the path without case.
static uint64_t inode_of(const char* path) {
  uint64_t hash = 0xcbf29ce484222325;
  for (; *path != 0; ++path) {
    const uint8_t c = (uint8_t)(*path >= 'a' && *path <= 'z' ? *path - 32 : *path);
    hash = (hash ^ c) * 0x100000001b3;
  }
  return hash | 1;
}

static int64_t describe(EfiFile* file, const char* path, AbiStat* stat) {
  EfiFileInfo info;
  uint64_t bytes = sizeof info;
  const EfiStatus status = file->get_info(file, &kFileInfo, &bytes, &info);
  if (status != 0) return error_of(status);
  memset(stat, 0, sizeof *stat);
  stat->device = kEspDevice;
  stat->inode = inode_of(path);
  stat->links = 1;
  stat->mode =
      (info.attributes & EFI_FILE_DIRECTORY) != 0 ? kModeDirectory | 0755 : kModeRegular | 0755;
  stat->size = (info.attributes & EFI_FILE_DIRECTORY) != 0 ? 0 : info.file_size;
  stat->block_size = 4096;
  stat->blocks = (info.physical_size + 511) / 512;
  stat->modified.seconds = (int64_t)seconds_since_1970(&info.modified);
  stat->accessed = stat->changed = stat->modified;
  return 0;
}

int64_t esp_describe(const char* path, AbiStat* stat) {
  EfiFile* file;
  const EfiStatus status = open_path(path, EFI_FILE_MODE_READ, 0, &file);
  if (status != 0) return error_of(status);
  const int64_t result = describe(file, path, stat);
  file->close(file);
  return result;
}

int64_t esp_make_directory(const char* path) {
  EfiFile* file;
  if (open_path(path, EFI_FILE_MODE_READ, 0, &file) == 0) {
    file->close(file);
    return -kEexist;
  }
  const EfiStatus status =
      open_path(path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE,
                EFI_FILE_DIRECTORY, &file);
  if (status != 0) return error_of(status);
  file->close(file);
  return 0;
}

int64_t esp_remove(const char* path, bool directory) {
  AbiStat stat;
  const int64_t error = esp_describe(path, &stat);
  if (error != 0) return error;
  const bool is_directory = (stat.mode & kModeType) == kModeDirectory;
  if (is_directory != directory) return directory ? -kEnotdir : -kEisdir;
  EfiFile* file;
  const EfiStatus status = open_path(path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0, &file);
  if (status != 0) return error_of(status);
  // A folder that is not empty stays, and the call says so with a warning.
  return file->delete (file) == 0 ? 0 : directory ? -kEnotempty : -kEacces;
}

static int64_t set_size(EfiFile* file, uint64_t size) {
  EfiFileInfo info;
  uint64_t bytes = sizeof info;
  EfiStatus status = file->get_info(file, &kFileInfo, &bytes, &info);
  if (status != 0) return error_of(status);
  info.file_size = size;
  status = file->set_info(file, &kFileInfo, info.size, &info);
  return error_of(status);
}

int64_t esp_rename(const char* from, const char* to) {
  AbiStat stat;
  if (esp_describe(to, &stat) == 0 && inode_of(from) != inode_of(to)) {
    const int64_t error = esp_remove(to, (stat.mode & kModeType) == kModeDirectory);
    if (error != 0) return error;
  }
  EfiFile* file;
  EfiStatus status = open_path(from, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0, &file);
  if (status != 0) return error_of(status);
  EfiFileInfo info;
  uint64_t bytes = sizeof info;
  status = file->get_info(file, &kFileInfo, &bytes, &info);
  if (status == 0) {
    // A name that begins with a backslash is a path from the root: the file moves.
    if (!to_efi_text(to, info.name, sizeof info.name / sizeof info.name[0])) {
      status = efi_error(kEfiInvalidParameter);
    } else {
      uint64_t length = 0;
      while (info.name[length] != 0) ++length;
      info.size = offsetof(EfiFileInfo, name) + 2 * (length + 1);
      status = file->set_info(file, &kFileInfo, info.size, &info);
    }
  }
  file->close(file);
  return error_of(status);
}

int64_t esp_truncate(const char* path, uint64_t size) {
  EfiFile* file;
  const EfiStatus status = open_path(path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0, &file);
  if (status != 0) return error_of(status);
  const int64_t result = set_size(file, size);
  file->close(file);
  return result;
}

static int64_t size_of(File* file) {
  AbiStat stat;
  EspFile* const esp = file->state;
  const int64_t error = describe(esp->file, esp->path, &stat);
  return error != 0 ? error : (int64_t)stat.size;
}

static int64_t read_file(File* file, void* to, uint64_t bytes, uint64_t* position) {
  EspFile* const esp = file->state;
  if (esp->directory) return -kEisdir;
  const int64_t size = size_of(file);
  if (size < 0) return size;
  // Beyond the end, UEFI would say that the device has failed.
  if (*position >= (uint64_t)size) return 0;
  EfiStatus status = esp->file->set_position(esp->file, *position);
  if (status == 0) status = esp->file->read(esp->file, &bytes, to);
  if (status != 0) return error_of(status);
  *position += bytes;
  return (int64_t)bytes;
}

static int64_t write_file(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  EspFile* const esp = file->state;
  if (esp->directory) return -kEisdir;
  if ((file->flags & kOpenAppend) != 0) {
    const int64_t size = size_of(file);
    if (size < 0) return size;
    *position = (uint64_t)size;
  }
  EfiStatus status = esp->file->set_position(esp->file, *position);
  if (status == 0) status = esp->file->write(esp->file, &bytes, from);
  if (status != 0) return error_of(status);
  *position += bytes;
  return (int64_t)bytes;
}

static int64_t describe_file(File* file, AbiStat* stat) {
  EspFile* const esp = file->state;
  return describe(esp->file, esp->path, stat);
}

static int64_t truncate_file(File* file, uint64_t size) {
  return set_size(((EspFile*)file->state)->file, size);
}

static int64_t flush_file(File* file) {
  EspFile* const esp = file->state;
  return error_of(esp->file->flush(esp->file));
}

// One entry of a folder read ahead may not fit: it is read again, as positions of folders cannot be
// set but to their beginning. The file's position counts entries.
static int64_t list_file(File* file, uint8_t* to, uint64_t bytes) {
  EspFile* const esp = file->state;
  if (!esp->directory) return -kEnotdir;
  EfiStatus status = esp->file->set_position(esp->file, 0);
  uint64_t used = 0;
  for (uint64_t index = 0; status == 0; ++index) {
    EfiFileInfo info;
    uint64_t size = sizeof info;
    status = esp->file->read(esp->file, &size, &info);
    if (status != 0 || size == 0) break;
    if (index < file->position) continue;
    char name[kMostPath];
    char path[2 * kMostPath];
    if (!from_efi_text(info.name, name, sizeof name)) continue;
    const uint64_t folder = strlen(esp->path);
    memcpy(path, esp->path, folder);
    path[folder] = '\\';
    memcpy(path + folder + 1, name, strlen(name) + 1);
    const uint32_t mode =
        (info.attributes & EFI_FILE_DIRECTORY) != 0 ? kModeDirectory : kModeRegular;
    const uint64_t entry =
        put_directory_entry(to + used, bytes - used, inode_of(path), index + 1, mode, name);
    if (entry == 0) return used == 0 ? -kEinval : (int64_t)used;
    used += entry;
    file->position = index + 1;
  }
  return status != 0 ? error_of(status) : (int64_t)used;
}

static void close_file(File* file) {
  EspFile* const esp = file->state;
  esp->file->close(esp->file);
  release(esp);
}

static const FileKind kEspKind = {
    .read = read_file,
    .write = write_file,
    .describe = describe_file,
    .size = size_of,
    .truncate = truncate_file,
    .list = list_file,
    .flush = flush_file,
    .close = close_file,
};

const char* esp_path_of(const File* file) {
  return file->kind == &kEspKind ? ((const EspFile*)file->state)->path : NULL;
}

File* esp_open(const char* path, uint32_t flags, int64_t* error) {
  const bool write = (flags & kOpenAccess) != kOpenReadOnly;
  const uint64_t mode = EFI_FILE_MODE_READ | (write ? EFI_FILE_MODE_WRITE : 0);
  if (strlen(path) >= kMostPath) {
    *error = -kEnametoolong;
    return NULL;
  }
  EfiFile* opened = NULL;
  EfiStatus status = open_path(path, mode, 0, &opened);
  bool created = false;
  if (status == efi_error(kEfiNotFound) && (flags & kOpenCreate) != 0) {
    status = open_path(path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0,
                       &opened);
    created = true;
  }
  *error = error_of(status);
  if (status != 0) return NULL;
  AbiStat stat;
  *error = describe(opened, path, &stat);
  const bool directory = (stat.mode & kModeType) == kModeDirectory;
  if (*error == 0 && !created && (flags & kOpenCreate) != 0 && (flags & kOpenExclusive) != 0)
    *error = -kEexist;
  if (*error == 0 && directory && write) *error = -kEisdir;
  if (*error == 0 && !directory && (flags & kOpenDirectory) != 0) *error = -kEnotdir;
  if (*error == 0 && (flags & kOpenTruncate) != 0 && write && stat.size != 0)
    *error = set_size(opened, 0);
  EspFile* const esp = *error == 0 ? allocate(sizeof *esp) : NULL;
  File* const file = esp == NULL ? NULL : file_create(&kEspKind, flags, esp);
  if (file == NULL) {
    if (*error == 0) *error = -kEnomem;
    release(esp);
    opened->close(opened);
    return NULL;
  }
  esp->file = opened;
  esp->directory = directory;
  memcpy(esp->path, path, strlen(path) + 1);
  return file;
}
