// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/devices.h"

#include "firmware/efi-python/loader/network.h"
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

// resolv.conf(5): who reads it wants to use the network, and the servers are DHCP's.
static int64_t read_resolver(File* file, void* to, uint64_t bytes, uint64_t* position) {
  enum { kMostServers = 3, kMostText = kMostServers * sizeof "nameserver 255.255.255.255\n" };
  (void)file;
  Ip4 servers[kMostServers];
  char text[kMostText];
  uint64_t length = 0;
  const unsigned count = network_name_servers(servers, kMostServers);
  for (unsigned i = 0; i < count; ++i) {
    static const char kWord[] = "nameserver ";
    memcpy(text + length, kWord, sizeof kWord - 1);
    length += sizeof kWord - 1;
    for (unsigned n = 0; n < sizeof(Ip4); ++n) {
      const unsigned value = servers[i].bytes[n];
      if (value >= 100) text[length++] = (char)('0' + value / 100);
      if (value >= 10) text[length++] = (char)('0' + value / 10 % 10);
      text[length++] = (char)('0' + value % 10);
      text[length++] = n + 1 < sizeof(Ip4) ? '.' : '\n';
    }
  }
  if (*position >= length) return 0;
  if (bytes > length - *position) bytes = length - *position;
  memcpy(to, text + *position, bytes);
  *position += bytes;
  return (int64_t)bytes;
}

static const FileKind kResolver = {.read = read_resolver, .describe = describe};
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
      {"/dev/null", &kNull, 0x103},        {"/dev/zero", &kZero, 0x105},
      {"/dev/full", &kFull, 0x107},        {"/dev/random", &kRandom, 0x108},
      {"/dev/urandom", &kRandom, 0x109},   {"/etc/resolv.conf", &kResolver, 0x600},
      {"/dev/tty", &kTerminalKind, 0x500}, {"/dev/console", &kTerminalKind, 0x501},
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
