// SPDX-License-Identifier: LGPL-2.1-or-later
// From a path of the program to what it names: a node of the tree, or a place on the ESP.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/efi-python/loader/tree.h"

enum { kMostPathBytes = 1024 };

typedef struct {
  Node* node;       // NULL when only the last name is missing
  Node* directory;  // which would have it
  char name[256];   // the last name
  bool on_esp;
  char esp_path[kMostPathBytes];  // for esp.h
} Place;

// 0, or -ENOENT when there is nothing (place->directory is set when just the last name is missing),
// or another error. `follow`: through a link that is the last name.
int64_t path_find(int64_t directory_descriptor, const char* path, bool follow, Place* place);

int64_t path_change_directory(const char* path);
int64_t path_change_directory_to(int64_t descriptor);
const char* path_current_directory(void);
