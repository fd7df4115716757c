// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls on names. Reference: the manual pages of section 2.
#include "firmware/efi-python/loader/arena.h"
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/esp.h"
#include "firmware/efi-python/loader/files.h"
#include "firmware/efi-python/loader/paths.h"
#include "firmware/efi-python/loader/runtime.h"

static int64_t describe_path(int64_t directory, const char* path, unsigned flags, AbiStat* stat) {
  memset(stat, 0, sizeof *stat);
  if (path != NULL && *path == 0 && (flags & kAtEmptyPath) != 0) {
    File* const file = file_of(directory);
    return file == NULL ? -kEbadf : file_describe(file, stat);
  }
  Place place;
  const int64_t error = path_find(directory, path, (flags & kAtNoFollow) == 0, &place);
  if (error != 0) return error;
  if (place.on_esp) return esp_describe(place.esp_path, stat);
  node_describe(place.node, stat);
  return 0;
}

int64_t call_stat(const uint64_t* a) {
  return describe_path(AT_CURRENT_DIRECTORY, (const char*)a[0], 0, (AbiStat*)a[1]);
}

int64_t call_lstat(const uint64_t* a) {
  return describe_path(AT_CURRENT_DIRECTORY, (const char*)a[0], kAtNoFollow, (AbiStat*)a[1]);
}

int64_t call_fstat(const uint64_t* a) {
  return describe_path((int64_t)a[0], "", kAtEmptyPath, (AbiStat*)a[1]);
}

int64_t call_newfstatat(const uint64_t* a) {
  return describe_path((int64_t)a[0], (const char*)a[1], (unsigned)a[3], (AbiStat*)a[2]);
}

int64_t call_statx(const uint64_t* a) {
  typedef struct {
    int64_t seconds;
    uint32_t nanoseconds, pad;
  } Time;
  typedef struct {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, user, group;
    uint16_t mode, pad;
    uint64_t inode, size, blocks, attributes_mask;
    Time accessed, born, changed, modified;
    uint32_t special_major, special_minor, major, minor;
    uint64_t rest[14];
  } Statx;
  enum { kBasic = 0x7ff };
  AbiStat stat;
  const int64_t error = describe_path((int64_t)a[0], (const char*)a[1], (unsigned)a[2], &stat);
  if (error != 0) return error;
  Statx* const out = (Statx*)a[4];
  memset(out, 0, sizeof *out);
  const Time time = {stat.modified.seconds, (uint32_t)stat.modified.nanoseconds, 0};
  out->mask = kBasic;
  out->block_size = (uint32_t)stat.block_size;
  out->links = (uint32_t)stat.links;
  out->mode = (uint16_t)stat.mode;
  out->inode = stat.inode;
  out->size = stat.size;
  out->blocks = stat.blocks;
  out->accessed = out->changed = out->modified = time;
  out->special_major = (uint32_t)stat.special_device >> 8;
  out->special_minor = (uint32_t)stat.special_device & 0xff;
  out->minor = (uint32_t)stat.device;
  return 0;
}

int64_t call_access(const uint64_t* a) {
  AbiStat stat;
  return describe_path(AT_CURRENT_DIRECTORY, (const char*)a[0], 0, &stat);
}

int64_t call_faccessat(const uint64_t* a) {
  AbiStat stat;
  return describe_path((int64_t)a[0], (const char*)a[1], (unsigned)a[3], &stat);
}

static int64_t read_link(int64_t directory, const char* path, char* out, uint64_t bytes) {
  Place place;
  const int64_t error = path_find(directory, path, false, &place);
  if (error != 0) return error;
  if (place.on_esp || (place.node->mode & kModeType) != kModeLink) return -kEinval;
  return node_read(place.node, out, bytes, 0);
}

int64_t call_readlink(const uint64_t* a) {
  return read_link(AT_CURRENT_DIRECTORY, (const char*)a[0], (char*)a[1], a[2]);
}

int64_t call_readlinkat(const uint64_t* a) {
  return read_link((int64_t)a[0], (const char*)a[1], (char*)a[2], a[3]);
}

int64_t call_getcwd(const uint64_t* a) {
  const char* const path = path_current_directory();
  const uint64_t bytes = strlen(path) + 1;
  if (bytes > a[1]) return -kErange;
  memcpy((void*)a[0], path, bytes);
  return (int64_t)bytes;
}

int64_t call_chdir(const uint64_t* a) {
  return path_change_directory((const char*)a[0]);
}

int64_t call_fchdir(const uint64_t* a) {
  return path_change_directory_to((int64_t)a[0]);
}

static int64_t make_node(int64_t directory, const char* path, uint32_t mode, Node** made) {
  Place place;
  const int64_t error = path_find(directory, path, false, &place);
  if (place.on_esp)
    return (mode & kModeType) == kModeDirectory ? esp_make_directory(place.esp_path) : -kEperm;
  if (error == 0) return -kEexist;
  if (error != -kEnoent || place.directory == NULL) return error;
  *made = tree_add(place.directory, place.name, mode);
  return *made == NULL ? -kEnomem : 0;
}

int64_t call_mkdir(const uint64_t* a) {
  Node* made;
  return make_node(AT_CURRENT_DIRECTORY, (const char*)a[0], kModeDirectory | (a[1] & 0777), &made);
}

int64_t call_mkdirat(const uint64_t* a) {
  Node* made;
  return make_node((int64_t)a[0], (const char*)a[1], kModeDirectory | (a[2] & 0777), &made);
}

// A plain file, or the name of a socket: AF_UNIX itself is the program's.
static int64_t make_file(int64_t directory, const char* path, uint64_t mode) {
  const uint32_t type = mode & kModeType;
  if (type != 0 && type != kModeRegular && type != kModeSocket) return -kEperm;
  Node* made;
  return make_node(directory, path, (type == 0 ? kModeRegular : type) | (mode & 0777), &made);
}

int64_t call_mknod(const uint64_t* a) {
  return make_file(AT_CURRENT_DIRECTORY, (const char*)a[0], a[1]);
}

int64_t call_mknodat(const uint64_t* a) {
  return make_file((int64_t)a[0], (const char*)a[1], a[2]);
}

static int64_t make_link(const char* target, int64_t directory, const char* path) {
  Node* link = NULL;
  const int64_t error = make_node(directory, path, kModeLink | 0777, &link);
  if (error != 0) return error;
  File* const file = node_open(link, kOpenWriteOnly);
  if (file == NULL) return -kEnomem;
  const int64_t written = file_write(file, target, strlen(target), &file->position);
  file_release(file);
  return written < 0 ? written : 0;
}

int64_t call_symlink(const uint64_t* a) {
  return make_link((const char*)a[0], AT_CURRENT_DIRECTORY, (const char*)a[1]);
}

int64_t call_symlinkat(const uint64_t* a) {
  return make_link((const char*)a[0], (int64_t)a[1], (const char*)a[2]);
}

static int64_t remove_path(int64_t directory, const char* path, bool is_directory) {
  Place place;
  const int64_t error = path_find(directory, path, false, &place);
  if (place.on_esp) return esp_remove(place.esp_path, is_directory);
  if (error != 0) return error;
  const bool found_directory = (place.node->mode & kModeType) == kModeDirectory;
  if (found_directory != is_directory) return is_directory ? -kEnotdir : -kEisdir;
  if (place.node->children != NULL) return -kEnotempty;
  if (place.node == tree_root) return -kEperm;
  tree_remove(place.node);
  return 0;
}

int64_t call_unlink(const uint64_t* a) {
  return remove_path(AT_CURRENT_DIRECTORY, (const char*)a[0], false);
}

int64_t call_rmdir(const uint64_t* a) {
  return remove_path(AT_CURRENT_DIRECTORY, (const char*)a[0], true);
}

int64_t call_unlinkat(const uint64_t* a) {
  return remove_path((int64_t)a[0], (const char*)a[1], (a[2] & kAtRemoveDirectory) != 0);
}

static bool is_inside(const Node* node, const Node* directory) {
  for (const Node* at = node;; at = at->parent) {
    if (at == directory) return true;
    if (at == tree_root) return false;
  }
}

static int64_t rename_path(int64_t from_directory, const char* from, int64_t to_directory,
                           const char* to) {
  Place source, target;
  const int64_t source_error = path_find(from_directory, from, false, &source);
  const int64_t target_error = path_find(to_directory, to, false, &target);
  if (source.on_esp && target.on_esp) return esp_rename(source.esp_path, target.esp_path);
  if (source.on_esp != target.on_esp) return -kExdev;
  if (source_error != 0) return source_error;
  if (target_error != 0 && (target_error != -kEnoent || target.directory == NULL))
    return target_error;
  if (is_inside(target.directory, source.node)) return -kEinval;
  if (target_error == 0) {
    if (target.node == source.node) return 0;
    const bool directory = (target.node->mode & kModeType) == kModeDirectory;
    if (directory != ((source.node->mode & kModeType) == kModeDirectory))
      return directory ? -kEisdir : -kEnotdir;
    if (target.node->children != NULL) return -kEnotempty;
    tree_remove(target.node);
  }
  return tree_move(source.node, target.directory, target.name) ? 0 : -kEnomem;
}

int64_t call_rename(const uint64_t* a) {
  return rename_path(AT_CURRENT_DIRECTORY, (const char*)a[0], AT_CURRENT_DIRECTORY,
                     (const char*)a[1]);
}

// renameat, and renameat2 without flags.
int64_t call_renameat(const uint64_t* a) {
  return rename_path((int64_t)a[0], (const char*)a[1], (int64_t)a[2], (const char*)a[3]);
}

int64_t call_truncate(const uint64_t* a) {
  Place place;
  const int64_t error = path_find(AT_CURRENT_DIRECTORY, (const char*)a[0], true, &place);
  if ((int64_t)a[1] < 0) return -kEinval;
  if (place.on_esp) return esp_truncate(place.esp_path, a[1]);
  return error != 0 ? error : node_truncate(place.node, a[1]);
}

// The arena is what there is to fill.
static int64_t describe_file_system(uint64_t* out) {
  static const uint64_t kTmpfs = 0x01021994;
  memset(out, 0, 120);
  out[0] = kTmpfs;
  out[1] = kPageBytes;
  out[2] = arena.owned;
  out[3] = out[4] = arena.owned - arena.used;
  out[8] = 255;
  return 0;
}

int64_t call_statfs(const uint64_t* a) {
  AbiStat stat;
  const int64_t error = describe_path(AT_CURRENT_DIRECTORY, (const char*)a[0], 0, &stat);
  return error != 0 ? error : describe_file_system((uint64_t*)a[1]);
}

int64_t call_fstatfs(const uint64_t* a) {
  return file_of((int64_t)a[0]) == NULL ? -kEbadf : describe_file_system((uint64_t*)a[1]);
}

int64_t call_utimensat(const uint64_t* a) {
  const AbiTime* const times = (const AbiTime*)a[2];
  enum { kNow = 0x3fffffff, kOmit = 0x3ffffffe };
  if (a[1] == 0 || times == NULL) return 0;
  Place place;
  const int64_t error = path_find((int64_t)a[0], (const char*)a[1], true, &place);
  if (error != 0 || place.on_esp) return error;
  if (times[1].nanoseconds != kOmit && times[1].nanoseconds != kNow)
    place.node->modified =
        (uint64_t)times[1].seconds * 1000000000u + (uint64_t)times[1].nanoseconds;
  return 0;
}
