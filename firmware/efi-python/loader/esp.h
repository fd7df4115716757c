// SPDX-License-Identifier: LGPL-2.1-or-later
// Files on the firmware's volume, which the program sees at /esp.
#pragma once

#include "firmware/efi-python/loader/efi.h"
#include "firmware/efi-python/loader/files.h"

// Paths here are UEFI's, with backslashes, in UTF-8; "" is the root folder.
// A file or folder, created if `flags` says so: a File, or NULL and the error in *error.
File* esp_open(const char* path, uint32_t flags, int64_t* error);
int64_t esp_describe(const char* path, AbiStat* stat);
int64_t esp_make_directory(const char* path);
int64_t esp_remove(const char* path, bool directory);
int64_t esp_rename(const char* from, const char* to);
int64_t esp_truncate(const char* path, uint64_t size);
// The path of an open one; NULL when it is none of these.
const char* esp_path_of(const File* file);

// What an error number says of a status.
int64_t error_of(EfiStatus status);
