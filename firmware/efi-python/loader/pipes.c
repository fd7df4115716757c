// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: pipe(7), unix(7), eventfd(2).
#include "firmware/efi-python/loader/pipes.h"

#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/signals.h"
#include "firmware/efi-python/loader/threads.h"

enum { kRingBytes = 64 << 10 };

// One direction. Each end is closed on its own; the last one frees it.
typedef struct {
  uint64_t read, written;  // counts; their difference is what is inside
  bool reader, writer;
  uint8_t bytes[kRingBytes];
} Ring;

typedef struct {
  Ring *in, *out;
} Ends;

static Ring* create_ring(void) {
  Ring* const ring = allocate(sizeof *ring);
  if (ring != NULL) ring->reader = ring->writer = true;
  return ring;
}

static void close_ring(Ring* ring, bool reader) {
  if (ring == NULL) return;
  if (reader) ring->reader = false;
  if (!reader) ring->writer = false;
  if (!ring->reader && !ring->writer) release(ring);
}

static int64_t read_ring(File* file, void* to, uint64_t bytes, uint64_t* position) {
  (void)position;
  Ring* const ring = ((Ends*)file->state)->in;
  if (bytes == 0) return 0;
  if (ring == NULL) return 0;
  while (ring->read == ring->written) {
    if (!ring->writer) return 0;
    if ((file->flags & kOpenNonblocking) != 0) return -kEagain;
    const int64_t ended = wait_step(NEVER);
    if (ended != 0) return ended;
  }
  uint64_t count = ring->written - ring->read;
  if (count > bytes) count = bytes;
  const uint64_t at = ring->read % kRingBytes;
  const uint64_t first = count < kRingBytes - at ? count : kRingBytes - at;
  memcpy(to, ring->bytes + at, first);
  memcpy((uint8_t*)to + first, ring->bytes, count - first);
  ring->read += count;
  return (int64_t)count;
}

static int64_t write_ring(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  (void)position;
  Ring* const ring = ((Ends*)file->state)->out;
  uint64_t done = 0;
  while (done < bytes) {
    if (ring == NULL || !ring->reader) {
      if (done == 0) signal_raise(kSigPipe);
      return done == 0 ? -kEpipe : (int64_t)done;
    }
    const uint64_t room = kRingBytes - (ring->written - ring->read);
    if (room == 0) {
      if ((file->flags & kOpenNonblocking) != 0) return done == 0 ? -kEagain : (int64_t)done;
      const int64_t ended = wait_step(NEVER);
      if (ended != 0) return done == 0 ? ended : (int64_t)done;
      continue;
    }
    const uint64_t at = ring->written % kRingBytes;
    uint64_t count = bytes - done < room ? bytes - done : room;
    if (count > kRingBytes - at) count = kRingBytes - at;
    memcpy(ring->bytes + at, (const uint8_t*)from + done, count);
    ring->written += count;
    done += count;
  }
  return (int64_t)done;
}

static unsigned ready_ends(File* file) {
  const Ends* const ends = file->state;
  unsigned ready = 0;
  if (ends->in != NULL) {
    if (ends->in->read != ends->in->written) ready |= kPollIn;
    if (!ends->in->writer) ready |= ends->out == NULL ? kPollHangUp : kPollIn;
  }
  if (ends->out != NULL) {
    if (!ends->out->reader) ready |= ends->in == NULL ? kPollError : kPollHangUp;
    if (ends->out->written - ends->out->read < kRingBytes) ready |= kPollOut;
  }
  return ready;
}

static int64_t control_ends(File* file, uint32_t request, void* argument) {
  enum { kInputCount = 0x541b };
  const Ends* const ends = file->state;
  if (request != kInputCount) return -kEnotty;
  *(int32_t*)argument = ends->in == NULL ? 0 : (int32_t)(ends->in->written - ends->in->read);
  return 0;
}

static int64_t describe_pipe(File* file, AbiStat* stat) {
  stat->inode = (uint64_t)file->state;
  stat->mode = kModeFifo | 0600;
  return 0;
}

static int64_t describe_pair(File* file, AbiStat* stat) {
  stat->inode = (uint64_t)file->state;
  stat->mode = kModeSocket | 0777;
  return 0;
}

static void close_ends(File* file) {
  Ends* const ends = file->state;
  close_ring(ends->in, true);
  close_ring(ends->out, false);
  release(ends);
}

static const FileKind kPipeKind = {
    .read = read_ring,
    .write = write_ring,
    .ready = ready_ends,
    .control = control_ends,
    .describe = describe_pipe,
    .close = close_ends,
};
static const FileKind kPairKind = {
    .read = read_ring,
    .write = write_ring,
    .ready = ready_ends,
    .control = control_ends,
    .describe = describe_pair,
    .close = close_ends,
};

bool is_socket_pair(const File* file) {
  return file->kind == &kPairKind;
}

int64_t socket_pair_shut(File* file, bool receiving, bool sending) {
  Ends* const ends = file->state;
  if (receiving) {
    close_ring(ends->in, true);
    ends->in = NULL;
  }
  if (sending) {
    close_ring(ends->out, false);
    ends->out = NULL;
  }
  return 0;
}

static File* create_end(const FileKind* kind, uint32_t flags, Ring* in, Ring* out) {
  Ends* const ends = allocate(sizeof *ends);
  if (ends == NULL) return NULL;
  ends->in = in;
  ends->out = out;
  File* const file = file_create(kind, flags, ends);
  if (file == NULL) release(ends);
  return file;
}

static int64_t open_both(File* first, File* second, uint32_t flags, int32_t descriptors[2]) {
  const bool close_on_exec = (flags & kOpenCloseOnExec) != 0;
  const int64_t a = descriptor_open(first, 0, close_on_exec);
  const int64_t b = a < 0 ? a : descriptor_open(second, 0, close_on_exec);
  if (b < 0) {
    if (a >= 0) {
      descriptor_close(a);
    } else {
      file_release(second);
    }
    return b;
  }
  descriptors[0] = (int32_t)a;
  descriptors[1] = (int32_t)b;
  return 0;
}

int64_t pipe_create(uint32_t flags, int32_t descriptors[2]) {
  const uint32_t kept = flags & kOpenNonblocking;
  Ring* const ring = create_ring();
  if (ring == NULL) return -kEnomem;
  File* const out = create_end(&kPipeKind, kOpenReadOnly | kept, ring, NULL);
  File* const in = create_end(&kPipeKind, kOpenWriteOnly | kept, NULL, ring);
  if (out == NULL || in == NULL) return -kEnomem;
  return open_both(out, in, flags, descriptors);
}

int64_t socket_pair_create(uint32_t flags, int32_t descriptors[2]) {
  const uint32_t kept = kOpenReadWrite | (flags & kOpenNonblocking);
  Ring *const there = create_ring(), *const back = create_ring();
  if (there == NULL || back == NULL) return -kEnomem;
  File* const first = create_end(&kPairKind, kept, back, there);
  File* const second = create_end(&kPairKind, kept, there, back);
  if (first == NULL || second == NULL) return -kEnomem;
  return open_both(first, second, flags, descriptors);
}

// eventfd: the count is the state.
static int64_t read_counter(File* file, void* to, uint64_t bytes, uint64_t* position) {
  (void)position;
  uint64_t* const count = file->state;
  if (bytes < sizeof *count) return -kEinval;
  while (*count == 0) {
    if ((file->flags & kOpenNonblocking) != 0) return -kEagain;
    const int64_t ended = wait_step(NEVER);
    if (ended != 0) return ended;
  }
  memcpy(to, count, sizeof *count);
  *count = 0;
  return sizeof *count;
}

static int64_t write_counter(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  (void)position;
  uint64_t* const count = file->state;
  uint64_t more;
  if (bytes < sizeof more) return -kEinval;
  memcpy(&more, from, sizeof more);
  if (more > UINT64_MAX - 1 - *count) return -kEagain;
  *count += more;
  return sizeof more;
}

static unsigned ready_counter(File* file) {
  return kPollOut | (*(uint64_t*)file->state != 0 ? kPollIn : 0);
}

static void close_counter(File* file) {
  release(file->state);
}

static const FileKind kCounterKind = {
    .read = read_counter,
    .write = write_counter,
    .ready = ready_counter,
    .close = close_counter,
};

int64_t event_counter_create(uint64_t value, uint32_t flags) {
  uint64_t* const count = allocate(sizeof *count);
  if (count == NULL) return -kEnomem;
  *count = value;
  return descriptor_open(
      file_create(&kCounterKind, kOpenReadWrite | (flags & kOpenNonblocking), count), 0,
      (flags & kOpenCloseOnExec) != 0);
}
