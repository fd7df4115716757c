// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls on sockets. Reference: socket(2), send(2), recv(2), unix(7).
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/files.h"
#include "firmware/efi-python/loader/pipes.h"
#include "firmware/efi-python/loader/runtime.h"

enum { kFamilyUnix = 1, kDontWait = 0x40 };

// A connected pair, or the error that says why not.
static int64_t pair_of(uint64_t descriptor, File** file) {
  *file = file_of((int64_t)descriptor);
  if (*file == NULL) return -kEbadf;
  return is_socket_pair(*file) ? 0 : -kEnotsock;
}

int64_t call_socket(const uint64_t* a) {
  (void)a;
  return -kEafnosupport;
}

int64_t call_socketpair(const uint64_t* a) {
  enum { kStream = 1, kTypeMask = 15 };
  if (a[0] != kFamilyUnix) return -kEafnosupport;
  if ((a[1] & kTypeMask) != kStream) return -kEprotonosupport;
  return socket_pair_create((uint32_t)a[1], (int32_t*)a[3]);
}

int64_t call_shutdown(const uint64_t* a) {
  File* file;
  const int64_t error = pair_of(a[0], &file);
  if (error != 0) return error;
  if (a[1] > 2) return -kEinval;
  return socket_pair_shut(file, a[1] != 1, a[1] != 0);
}

// MSG_DONTWAIT is the descriptor's flag for one call.
static int64_t transfer(File* file, bool send, uint8_t* bytes, uint64_t count, uint64_t flags) {
  const uint32_t before = file->flags;
  if ((flags & kDontWait) != 0) file->flags |= kOpenNonblocking;
  const int64_t done = send ? file_write(file, bytes, count, &file->position)
                            : file_read(file, bytes, count, &file->position);
  file->flags = before;
  return done;
}

int64_t call_sendto(const uint64_t* a) {
  File* file;
  const int64_t error = pair_of(a[0], &file);
  if (error != 0) return error;
  return a[4] != 0 ? -kEisconn : transfer(file, true, (uint8_t*)a[1], a[2], a[3]);
}

int64_t call_recvfrom(const uint64_t* a) {
  File* file;
  const int64_t error = pair_of(a[0], &file);
  if (error != 0) return error;
  if (a[5] != 0) *(uint32_t*)a[5] = 0;
  return transfer(file, false, (uint8_t*)a[1], a[2], a[3]);
}

typedef struct {
  uint64_t name;
  uint32_t name_bytes, pad;
  AbiVector* vectors;
  uint64_t vector_count, control, control_bytes;
  uint32_t flags, pad2;
} Message;

static int64_t transfer_message(const uint64_t* a, bool send) {
  File* file;
  const int64_t error = pair_of(a[0], &file);
  if (error != 0) return error;
  Message* const message = (Message*)a[1];
  int64_t total = 0;
  for (uint64_t i = 0; i < message->vector_count; ++i) {
    const AbiVector* const v = &message->vectors[i];
    const int64_t done =
        transfer(file, send, v->base, v->bytes, total == 0 ? a[2] : a[2] | kDontWait);
    if (done < 0 && total == 0) return done;
    if (done > 0) total += done;
    if (done < 0 || (uint64_t)done < v->bytes) break;
  }
  if (!send) {
    message->name_bytes = 0;
    message->control_bytes = 0;
    message->flags = 0;
  }
  return total;
}

int64_t call_sendmsg(const uint64_t* a) {
  return transfer_message(a, true);
}

int64_t call_recvmsg(const uint64_t* a) {
  return transfer_message(a, false);
}

static int64_t put_unnamed(const uint64_t* a) {
  File* file;
  const int64_t error = pair_of(a[0], &file);
  if (error != 0) return error;
  *(uint16_t*)a[1] = kFamilyUnix;
  *(uint32_t*)a[2] = sizeof(uint16_t);
  return 0;
}

int64_t call_getsockname(const uint64_t* a) {
  return put_unnamed(a);
}

int64_t call_getpeername(const uint64_t* a) {
  return put_unnamed(a);
}

int64_t call_setsockopt(const uint64_t* a) {
  File* file;
  return pair_of(a[0], &file);
}

int64_t call_getsockopt(const uint64_t* a) {
  enum { kSocketLevel = 1, kType = 3, kError = 4, kSendBuffer = 7, kReceiveBuffer = 8 };
  enum { kProtocol = 38, kDomain = 39 };
  File* file;
  const int64_t error = pair_of(a[0], &file);
  if (error != 0) return error;
  if (a[1] != kSocketLevel) return -kEopnotsupp;
  int32_t value;
  switch (a[2]) {
    case kType: value = 1; break;
    case kError:
    case kProtocol: value = 0; break;
    case kDomain: value = kFamilyUnix; break;
    case kSendBuffer:
    case kReceiveBuffer: value = 64 << 10; break;
    default: return -kEopnotsupp;
  }
  *(int32_t*)a[3] = value;
  *(uint32_t*)a[4] = sizeof value;
  return 0;
}

// A pair is connected from the beginning.
static int64_t refuse(const uint64_t* a) {
  File* file;
  const int64_t error = pair_of(a[0], &file);
  return error != 0 ? error : -kEisconn;
}

int64_t call_connect(const uint64_t* a) {
  return refuse(a);
}

int64_t call_bind(const uint64_t* a) {
  return refuse(a);
}

int64_t call_listen(const uint64_t* a) {
  return refuse(a);
}

int64_t call_accept(const uint64_t* a) {
  return refuse(a);
}

int64_t call_accept4(const uint64_t* a) {
  return refuse(a);
}
