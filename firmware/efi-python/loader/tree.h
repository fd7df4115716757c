// SPDX-License-Identifier: LGPL-2.1-or-later
// The file system that the program sees: a tree in memory. Files of the archive are read from it
// when they are; what is written stays in memory.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/efi-python/loader/files.h"

typedef struct Node Node;
struct Node {
  Node *parent, *children, *next, *hash_next;
  char* name;
  uint64_t inode, size;
  uint64_t modified;  // nanoseconds since 1970
  uint32_t mode;
  enum {
    kNodeArchive,  // bytes are in the archive at `offset`
    kNodeMemory,   // bytes are at `data`
    kNodeDevice,   // opening it makes a file of `device`
    kNodeEsp,      // the firmware's volume hangs here
  } place;
  uint64_t offset;
  uint8_t* data;
  uint64_t capacity;
  const FileKind* device;
  uint32_t device_number;
  unsigned opened;
  bool linked;  // has a name
};

extern Node* tree_root;
extern const FileKind kNodeKind;  // File.state is a Node

bool tree_start(void);
Node* tree_find(Node* directory, const char* name);
// NULL without memory.
Node* tree_add(Node* directory, const char* name, uint32_t mode);
// Makes the folders on the way.
Node* tree_add_path(const char* path, uint32_t mode);
void tree_remove(Node* node);
bool tree_move(Node* node, Node* directory, const char* name);
// A name-less file, for memfd_create.
Node* tree_add_unnamed(void);
// The absolute path; false when it does not fit.
bool tree_path(const Node* node, char* out, uint64_t bytes);

// Bytes from `offset`, as far as there are.
int64_t node_read(Node* node, void* to, uint64_t bytes, uint64_t offset);
int64_t node_truncate(Node* node, uint64_t size);
void node_describe(const Node* node, AbiStat* stat);
File* node_open(Node* node, uint32_t flags);
