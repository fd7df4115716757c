// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/tree.h"

#include "firmware/efi-python/loader/archive.h"
#include "firmware/efi-python/loader/arena.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"

enum { kHashes = 8192, kChunk = 64 << 10 };
static Node* hashes[kHashes];
static uint64_t next_inode = 2;

Node* tree_root;

// Nodes and names are small, many, and stay: cut from chunks.
static void* small_block(uint64_t bytes) {
  static uint8_t* chunk;
  static uint64_t left;
  bytes = (bytes + 15) & ~15ull;
  if (bytes > kChunk) return allocate(bytes);
  if (bytes > left) {
    chunk = allocate(kChunk);
    left = chunk == NULL ? 0 : kChunk;
    if (chunk == NULL) return NULL;
  }
  uint8_t* const block = chunk;
  chunk += bytes;
  left -= bytes;
  return block;
}

static char* copy_name(const char* name) {
  const uint64_t bytes = strlen(name) + 1;
  char* const copy = small_block(bytes);
  return copy == NULL ? NULL : memcpy(copy, name, bytes);
}

static Node** hash_of(const Node* directory, const char* name) {
  uint64_t hash = directory->inode;
  while (*name != 0) hash = hash * 31 + (uint8_t)*name++;
  return &hashes[(hash ^ hash >> 13) % kHashes];
}

static void link_in(Node* node, Node* directory) {
  node->parent = directory;
  node->next = directory->children;
  directory->children = node;
  Node** const hash = hash_of(directory, node->name);
  node->hash_next = *hash;
  *hash = node;
  node->linked = true;
}

static void link_out(Node* node) {
  Node** at = &node->parent->children;
  while (*at != node) at = &(*at)->next;
  *at = node->next;
  at = hash_of(node->parent, node->name);
  while (*at != node) at = &(*at)->hash_next;
  *at = node->hash_next;
  node->linked = false;
}

static Node* create(const char* name, uint32_t mode) {
  Node* const node = small_block(sizeof *node);
  if (node == NULL) return NULL;
  node->name = copy_name(name);
  if (node->name == NULL) return NULL;
  node->inode = next_inode++;
  node->mode = mode;
  node->place = kNodeMemory;
  node->modified = clock_date();
  return node;
}

bool tree_start(void) {
  tree_root = create("", kModeDirectory | 0755);
  if (tree_root == NULL) return false;
  tree_root->parent = tree_root;
  tree_root->linked = true;
  return true;
}

Node* tree_find(Node* directory, const char* name) {
  for (Node* node = *hash_of(directory, name); node != NULL; node = node->hash_next) {
    if (node->parent == directory && strcmp(node->name, name) == 0) return node;
  }
  return NULL;
}

Node* tree_add(Node* directory, const char* name, uint32_t mode) {
  Node* const node = create(name, mode);
  if (node != NULL) link_in(node, directory);
  return node;
}

Node* tree_add_unnamed(void) {
  Node* const node = create("memfd:", kModeRegular | 0600);
  if (node != NULL) node->parent = tree_root;
  return node;
}

Node* tree_add_path(const char* path, uint32_t mode) {
  Node* at = tree_root;
  while (at != NULL) {
    while (*path == '/') ++path;
    if (*path == 0) break;
    char name[256];
    unsigned length = 0;
    while (*path != 0 && *path != '/' && length + 1 < sizeof name) name[length++] = *path++;
    name[length] = 0;
    Node* const found = tree_find(at, name);
    at = found != NULL ? found : tree_add(at, name, *path == 0 ? mode : kModeDirectory | 0755);
  }
  return at;
}

static void drop_data(Node* node) {
  if (node->place == kNodeMemory && node->capacity != 0)
    arena_unmap((uint64_t)node->data, node->capacity);
  node->data = NULL;
  node->capacity = node->size = 0;
}

void tree_remove(Node* node) {
  link_out(node);
  if (node->opened == 0) drop_data(node);
}

bool tree_move(Node* node, Node* directory, const char* name) {
  char* const copy = copy_name(name);
  if (copy == NULL) return false;
  link_out(node);
  node->name = copy;
  link_in(node, directory);
  return true;
}

bool tree_path(const Node* node, char* out, uint64_t bytes) {
  uint64_t length = 0;
  for (const Node* at = node; at != tree_root; at = at->parent) length += 1 + strlen(at->name);
  if (length == 0) length = 1;
  if (length + 1 > bytes) return false;
  out[length] = 0;
  out[0] = '/';
  for (const Node* at = node; at != tree_root; at = at->parent) {
    const uint64_t name = strlen(at->name);
    length -= name;
    memcpy(out + length, at->name, name);
    out[--length] = '/';
  }
  return true;
}

int64_t node_read(Node* node, void* to, uint64_t bytes, uint64_t offset) {
  if ((node->mode & kModeType) == kModeDirectory) return -kEisdir;
  if (offset >= node->size) return 0;
  if (bytes > node->size - offset) bytes = node->size - offset;
  if (node->place == kNodeArchive) return archive_read(node->offset + offset, to, bytes);
  memcpy(to, node->data + offset, bytes);
  return (int64_t)bytes;
}

// Files take the program's memory, of which there is more than the firmware keeps for itself.
static bool reserve(Node* node, uint64_t bytes) {
  const bool in_memory = node->place == kNodeMemory;
  if (in_memory && bytes <= node->capacity) return true;
  uint64_t capacity = in_memory ? node->capacity + node->capacity / 2 : node->size;
  if (capacity < bytes) capacity = bytes;
  if (capacity > UINT64_MAX - kPageBytes) return false;
  capacity = (capacity + kPageBytes - 1) / kPageBytes * kPageBytes;
  uint8_t* const data = (uint8_t*)arena_map(capacity, kArenaUnset);
  if (data == NULL) return false;
  if (node_read(node, data, node->size, 0) != (int64_t)node->size) {
    arena_unmap((uint64_t)data, capacity);
    return false;
  }
  const uint64_t size = node->size;
  drop_data(node);
  node->place = kNodeMemory;
  node->data = data;
  node->capacity = capacity;
  node->size = size;
  return true;
}

int64_t node_truncate(Node* node, uint64_t size) {
  if ((node->mode & kModeType) != kModeRegular) return -kEinval;
  if (size == 0) {
    drop_data(node);
    node->place = kNodeMemory;
  } else {
    if (!reserve(node, size)) return -kEnospc;
    if (size > node->size) memset(node->data + node->size, 0, size - node->size);
    node->size = size;
  }
  node->modified = clock_date();
  return 0;
}

void node_describe(const Node* node, AbiStat* stat) {
  stat->device = 1;
  stat->inode = node->inode;
  stat->links = node->linked ? 1 : 0;
  stat->mode = node->mode;
  stat->special_device = node->device_number;
  stat->size = node->size;
  stat->block_size = 4096;
  stat->blocks = (node->size + 511) / 512;
  const AbiTime time = {(int64_t)(node->modified / SECOND), (int64_t)(node->modified % SECOND)};
  stat->accessed = stat->modified = stat->changed = time;
}

static int64_t read_file(File* file, void* to, uint64_t bytes, uint64_t* position) {
  const int64_t count = node_read(file->state, to, bytes, *position);
  if (count > 0) *position += (uint64_t)count;
  return count;
}

static int64_t write_file(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  Node* const node = file->state;
  if ((file->flags & kOpenAppend) != 0) *position = node->size;
  if (bytes == 0) return 0;
  if (*position > INT64_MAX - bytes || !reserve(node, *position + bytes)) return -kEnospc;
  if (*position > node->size) memset(node->data + node->size, 0, *position - node->size);
  memcpy(node->data + *position, from, bytes);
  *position += bytes;
  if (*position > node->size) node->size = *position;
  node->modified = clock_date();
  return (int64_t)bytes;
}

static int64_t describe_file(File* file, AbiStat* stat) {
  node_describe(file->state, stat);
  return 0;
}

static int64_t size_of_file(File* file) {
  return (int64_t)((Node*)file->state)->size;
}

static int64_t truncate_file(File* file, uint64_t size) {
  return node_truncate(file->state, size);
}

// Positions are entries: `.`, `..`, then the children in their order. A child that goes away while
// a folder is read may hide its neighbour, as readdir(3) allows.
static int64_t list_file(File* file, uint8_t* to, uint64_t bytes) {
  Node* const node = file->state;
  if ((node->mode & kModeType) != kModeDirectory) return -kEnotdir;
  uint64_t used = 0, index = 0;
  const Node* child = node->children;
  for (;; ++index) {
    const Node* const entry = index == 0 ? node : index == 1 ? node->parent : child;
    if (entry == NULL) break;
    const char* const name = index == 0 ? "." : index == 1 ? ".." : entry->name;
    if (index >= file->position) {
      const uint64_t size =
          put_directory_entry(to + used, bytes - used, entry->inode, index + 1, entry->mode, name);
      if (size == 0) return used == 0 ? -kEinval : (int64_t)used;
      used += size;
      file->position = index + 1;
    }
    if (index > 1) child = child->next;
  }
  return (int64_t)used;
}

static void close_file(File* file) {
  Node* const node = file->state;
  if (--node->opened == 0 && !node->linked) drop_data(node);
}

const FileKind kNodeKind = {
    .read = read_file,
    .write = write_file,
    .describe = describe_file,
    .size = size_of_file,
    .truncate = truncate_file,
    .list = list_file,
    .close = close_file,
};

File* node_open(Node* node, uint32_t flags) {
  if (node->place == kNodeDevice) return file_create(node->device, flags, node);
  File* const file = file_create(&kNodeKind, flags, node);
  if (file != NULL) ++node->opened;
  return file;
}
