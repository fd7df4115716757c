// SPDX-License-Identifier: LGPL-2.1-or-later
// Numbers and structures that programs for Linux on x86-64 expect of a system call.
// Reference: System V Application Binary Interface, AMD64 Architecture Processor Supplement; the
// manual pages of section 2.
#pragma once

#include <stdint.h>

enum {
  kEperm = 1,
  kEnoent = 2,
  kEintr = 4,
  kEio = 5,
  kEbadf = 9,
  kEagain = 11,
  kEnomem = 12,
  kEacces = 13,
  kEfault = 14,
  kEexist = 17,
  kExdev = 18,
  kEnodev = 19,
  kEnotdir = 20,
  kEisdir = 21,
  kEinval = 22,
  kEnfile = 23,
  kEmfile = 24,
  kEnotty = 25,
  kEnospc = 28,
  kEspipe = 29,
  kErofs = 30,
  kEpipe = 32,
  kEdom = 33,
  kErange = 34,
  kEnametoolong = 36,
  kEnosys = 38,
  kEnotempty = 39,
  kEloop = 40,
  kEnotsock = 88,
  kEdestaddrreq = 89,
  kEmsgsize = 90,
  kEnoprotoopt = 92,
  kEprotonosupport = 93,
  kEsocktnosupport = 94,
  kEopnotsupp = 95,
  kEafnosupport = 97,
  kEaddrinuse = 98,
  kEaddrnotavail = 99,
  kEnetdown = 100,
  kEnetunreach = 101,
  kEconnaborted = 103,
  kEconnreset = 104,
  kEnobufs = 105,
  kEisconn = 106,
  kEnotconn = 107,
  kEtimedout = 110,
  kEconnrefused = 111,
  kEhostunreach = 113,
  kEalready = 114,
  kEinprogress = 115,
};

// File types and permissions: inode(7).
enum {
  kModeType = 0170000,
  kModeFifo = 0010000,
  kModeCharacter = 0020000,
  kModeDirectory = 0040000,
  kModeRegular = 0100000,
  kModeLink = 0120000,
  kModeSocket = 0140000,
};

// open(2).
enum {
  kOpenAccess = 03,
  kOpenReadOnly = 0,
  kOpenWriteOnly = 01,
  kOpenReadWrite = 02,
  kOpenCreate = 0100,
  kOpenExclusive = 0200,
  kOpenTruncate = 01000,
  kOpenAppend = 02000,
  kOpenNonblocking = 04000,
  kOpenDirectory = 0200000,
  kOpenNoFollow = 0400000,
  kOpenCloseOnExec = 02000000,
};
#define AT_CURRENT_DIRECTORY (-100)
enum { kAtNoFollow = 0x100, kAtRemoveDirectory = 0x200, kAtEmptyPath = 0x1000 };

// poll(2); epoll(7) has the same bits.
enum { kPollIn = 1, kPollOut = 4, kPollError = 8, kPollHangUp = 16, kPollInvalid = 32 };
enum { kPollNormalIn = 0x40, kPollNormalOut = 0x100 };

typedef struct {
  int64_t seconds, nanoseconds;
} AbiTime;
typedef struct {
  uint8_t* base;
  uint64_t bytes;
} AbiVector;

// stat(2).
typedef struct {
  uint64_t device, inode, links;
  uint32_t mode, user, group, pad;
  uint64_t special_device, size, block_size, blocks;
  AbiTime accessed, modified, changed;
  uint64_t unused[3];
} AbiStat;

typedef struct {
  int32_t file;
  int16_t events, returned;
} AbiPoll;
typedef struct __attribute__((packed)) {
  uint32_t events;
  uint64_t data;
} AbiEpollEvent;

// sigaction(2), as the system call has it.
typedef struct {
  uint64_t handler, flags, restorer, mask;
} AbiSignalAction;
enum {
  kSigInt = 2,
  kSigKill = 9,
  kSigSegv = 11,
  kSigPipe = 13,
  kSigAlarm = 14,
  kSigChild = 17,
  kSigContinue = 18,
  kSigUrgent = 23,
  kSigWindow = 28,
};
