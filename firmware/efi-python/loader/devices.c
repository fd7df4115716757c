// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/devices.h"

#include "firmware/efi-python/loader/random.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/terminal.h"
#include "firmware/efi-python/loader/tree.h"

static int64_t describe(File* file, AbiStat* stat) {
  node_describe(file->state, stat);
  return 0;
}

static int64_t read_nothing(File* file, void* to, uint64_t bytes, uint64_t* position) {
  (void)file, (void)to, (void)bytes, (void)position;
  return 0;
}

static int64_t read_zeros(File* file, void* to, uint64_t bytes, uint64_t* position) {
  (void)file, (void)position;
  memset(to, 0, bytes);
  return (int64_t)bytes;
}

static int64_t read_random(File* file, void* to, uint64_t bytes, uint64_t* position) {
  (void)file, (void)position;
  return random_fill(to, bytes) ? (int64_t)bytes : -kEio;
}

static int64_t write_nothing(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  (void)file, (void)from, (void)position;
  return (int64_t)bytes;
}

static int64_t write_full(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  (void)file, (void)from, (void)bytes, (void)position;
  return -kEnospc;
}

static const FileKind kNull = {.read = read_nothing, .write = write_nothing, .describe = describe};
static const FileKind kZero = {.read = read_zeros, .write = write_nothing, .describe = describe};
static const FileKind kFull = {.read = read_zeros, .write = write_full, .describe = describe};
static const FileKind kRandom = {.read = read_random, .write = write_nothing, .describe = describe};

bool devices_add(void) {
  static const struct {
    const char* path;
    const FileKind* kind;
    uint32_t number;
  } kDevices[] = {
      {"/dev/null", &kNull, 0x103},
      {"/dev/zero", &kZero, 0x105},
      {"/dev/full", &kFull, 0x107},
      {"/dev/random", &kRandom, 0x108},
      {"/dev/urandom", &kRandom, 0x109},
      {"/dev/tty", &kTerminalKind, 0x500},
      {"/dev/console", &kTerminalKind, 0x501},
  };
  for (unsigned i = 0; i < sizeof kDevices / sizeof kDevices[0]; ++i) {
    // Without a source there is no such device, rather than one that fails.
    if (kDevices[i].kind == &kRandom && !random_available()) continue;
    Node* const node = tree_add_path(kDevices[i].path, kModeCharacter | 0666);
    if (node == NULL) return false;
    node->place = kNodeDevice;
    node->device = kDevices[i].kind;
    node->device_number = kDevices[i].number;
  }
  return true;
}
