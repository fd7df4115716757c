// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: path_resolution(7).
#include "firmware/efi-python/loader/paths.h"

#include "firmware/efi-python/loader/esp.h"
#include "firmware/efi-python/loader/runtime.h"

static char current_directory[kMostPathBytes] = "/";

const char* path_current_directory(void) {
  return current_directory;
}

// The absolute path of an ESP file: "/esp" and its path with slashes.
static int64_t esp_to_path(const char* esp_path, char* out) {
  static const char kMount[] = "/esp";
  if (strlen(esp_path) + sizeof kMount > kMostPathBytes) return -kEnametoolong;
  memcpy(out, kMount, sizeof kMount);
  char* to = out + sizeof kMount - 1;
  for (; *esp_path != 0; ++esp_path) *to++ = *esp_path == '\\' ? '/' : *esp_path;
  *to = 0;
  return 0;
}

static int64_t path_of_descriptor(int64_t descriptor, char* out) {
  const File* const file = file_of(descriptor);
  if (file == NULL) return -kEbadf;
  const char* const esp_path = esp_path_of(file);
  if (esp_path != NULL) return esp_to_path(esp_path, out);
  if (file->kind != &kNodeKind) return -kEnotdir;
  return tree_path(file->state, out, kMostPathBytes) ? 0 : -kEnametoolong;
}

static int64_t join(char* out, const char* base, const char* path) {
  const uint64_t first = strlen(base), second = strlen(path);
  if (first + second + 2 > kMostPathBytes) return -kEnametoolong;
  memmove(out + first + 1, path, second + 1);
  memcpy(out, base, first);
  out[first] = '/';
  return 0;
}

// What is left of a path below the mount point, "." and ".." taken out. False when ".." leaves it,
// with *rest behind that.
static bool esp_rest(const char** rest, char* out) {
  uint64_t used = 0;
  const char* at = *rest;
  for (;;) {
    while (*at == '/') ++at;
    if (*at == 0) break;
    const char* const name = at;
    while (*at != 0 && *at != '/') ++at;
    const uint64_t length = (uint64_t)(at - name);
    if (length == 1 && name[0] == '.') continue;
    if (length == 2 && name[0] == '.' && name[1] == '.') {
      if (used == 0) {
        *rest = at;
        return false;
      }
      while (out[--used] != '\\') continue;
      continue;
    }
    out[used++] = '\\';
    memcpy(out + used, name, length);
    used += length;
  }
  out[used] = 0;
  return true;
}

static int64_t next_name(const char** path, char* name) {
  uint64_t length = 0;
  while (**path != 0 && **path != '/') {
    if (length + 1 == 256) return -kEnametoolong;
    name[length++] = *(*path)++;
  }
  name[length] = 0;
  while (**path == '/') ++*path;
  return 0;
}

static int64_t find_absolute(char* work, bool follow, Place* place) {
  enum { kMostLinks = 16 };
  unsigned links = 0;
  Node* at = tree_root;
  const char* path = work;
  while (*path == '/') ++path;
  while (*path != 0) {
    char* const name = place->name;
    const int64_t error = next_name(&path, name);
    if (error != 0) return error;
    if ((at->mode & kModeType) != kModeDirectory) return -kEnotdir;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
      if (name[1] == '.') at = at->parent;
      name[0] = 0;
      continue;
    }
    place->directory = at;
    Node* const found = tree_find(at, name);
    if (found == NULL) {
      if (*path != 0) place->directory = NULL;
      return -kEnoent;
    }
    if (found->place == kNodeEsp) {
      if (esp_rest(&path, place->esp_path)) {
        place->on_esp = true;
        place->node = found;
        return 0;
      }
      continue;
    }
    if ((found->mode & kModeType) == kModeLink && (*path != 0 || follow)) {
      if (++links > kMostLinks) return -kEloop;
      char target[kMostPathBytes];
      const int64_t length = node_read(found, target, sizeof target - 1, 0);
      if (length < 0) return length;
      target[length] = 0;
      if (*path != 0) {
        char rest[kMostPathBytes];
        memcpy(rest, path, strlen(path) + 1);
        const int64_t joined = join(target, target, rest);
        if (joined != 0) return joined;
      }
      memcpy(work, target, strlen(target) + 1);
      path = work;
      if (*path == '/') at = tree_root;
      while (*path == '/') ++path;
      continue;
    }
    at = found;
  }
  place->node = at;
  if (place->directory == NULL) place->directory = at->parent;
  return 0;
}

int64_t path_find(int64_t directory, const char* path, bool follow, Place* place) {
  char work[kMostPathBytes];
  memset(place, 0, offsetof(Place, esp_path) + 1);
  if (path == NULL) return -kEfault;
  if (*path == 0) return -kEnoent;
  int64_t error = 0;
  if (*path == '/') {
    if (strlen(path) >= sizeof work) return -kEnametoolong;
    memcpy(work, path, strlen(path) + 1);
  } else {
    char base[kMostPathBytes];
    if ((int32_t)directory == AT_CURRENT_DIRECTORY) {
      memcpy(base, current_directory, strlen(current_directory) + 1);
    } else {
      error = path_of_descriptor(directory, base);
    }
    if (error == 0) error = join(work, base, path);
  }
  if (error == 0) error = find_absolute(work, follow, place);
  return error;
}

int64_t path_change_directory(const char* path) {
  Place place;
  const int64_t error = path_find(AT_CURRENT_DIRECTORY, path, true, &place);
  if (error != 0) return error;
  if (place.on_esp) {
    AbiStat stat;
    const int64_t missing = esp_describe(place.esp_path, &stat);
    if (missing != 0) return missing;
    if ((stat.mode & kModeType) != kModeDirectory) return -kEnotdir;
    return esp_to_path(place.esp_path, current_directory);
  }
  if ((place.node->mode & kModeType) != kModeDirectory) return -kEnotdir;
  return tree_path(place.node, current_directory, sizeof current_directory) ? 0 : -kEnametoolong;
}

int64_t path_change_directory_to(int64_t descriptor) {
  char path[kMostPathBytes];
  const int64_t error = path_of_descriptor(descriptor, path);
  return error != 0 ? error : path_change_directory(path);
}
