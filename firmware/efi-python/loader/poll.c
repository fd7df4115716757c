// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: poll(2), select(2), epoll(7).
#include "firmware/efi-python/loader/poll.h"

#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/threads.h"
#include "firmware/efi-python/loader/tree.h"

enum { kAlwaysTold = kPollError | kPollHangUp };

static int64_t test_files(AbiPoll* files, uint64_t count) {
  int64_t found = 0;
  for (uint64_t i = 0; i < count; ++i) {
    files[i].returned = 0;
    if (files[i].file < 0) continue;
    File* const file = file_of(files[i].file);
    const unsigned ready = file == NULL ? kPollInvalid : file_ready(file);
    const unsigned wanted = (uint16_t)files[i].events | kAlwaysTold | kPollInvalid;
    files[i].returned = (int16_t)(ready & wanted);
    if (files[i].returned != 0) ++found;
  }
  return found;
}

int64_t poll_files(AbiPoll* files, uint64_t count, uint64_t until) {
  for (;;) {
    const int64_t found = test_files(files, count);
    if (found != 0) return found;
    const int64_t ended = wait_step(until);
    if (ended != 0) return ended == -kEtimedout ? 0 : ended;
  }
}

enum { kMostSelected = 256, kWords = kMostSelected / 64 };

static bool has_bit(const uint64_t* set, unsigned bit) {
  return set != NULL && (set[bit / 64] >> bit % 64 & 1) != 0;
}

int64_t select_files(unsigned count, uint64_t* reads, uint64_t* writes, uint64_t* errors,
                     uint64_t until) {
  if (count > kMostSelected) return -kEinval;
  for (;;) {
    uint64_t found[3][kWords] = {{0}};
    int64_t bits = 0;
    for (unsigned i = 0; i < count; ++i) {
      const bool wanted[3] = {has_bit(reads, i), has_bit(writes, i), has_bit(errors, i)};
      if (!wanted[0] && !wanted[1] && !wanted[2]) continue;
      File* const file = file_of(i);
      if (file == NULL) return -kEbadf;
      const unsigned ready = file_ready(file);
      const bool is[3] = {(ready & (kPollIn | kPollHangUp | kPollError)) != 0,
                          (ready & (kPollOut | kPollError)) != 0, false};
      for (unsigned set = 0; set < 3; ++set) {
        if (!wanted[set] || !is[set]) continue;
        found[set][i / 64] |= 1ull << i % 64;
        ++bits;
      }
    }
    const int64_t ended = bits != 0 ? -kEtimedout : wait_step(until);
    if (ended == 0) continue;
    if (ended != -kEtimedout) return ended;
    uint64_t* const sets[3] = {reads, writes, errors};
    for (unsigned set = 0; set < 3; ++set) {
      if (sets[set] != NULL) memcpy(sets[set], found[set], (count + 63) / 64 * 8);
    }
    return bits;
  }
}

// An epoll's watched files, by descriptor. One that is closed is no longer watched.
enum { kMostWatched = 256 };
enum { kEdgeTriggered = 1u << 31, kOneShot = 1u << 30 };
typedef struct {
  struct {
    const File* file;  // NULL: not watched
    uint32_t events;
    uint64_t data;
    unsigned told;  // for edges
  } watched[kMostWatched];
  unsigned first;  // fairness: where the next report begins
} Epoll;

static int64_t test_epoll(Epoll* epoll, AbiEpollEvent* events, int64_t most) {
  int64_t found = 0;
  const unsigned first = epoll->first;
  for (unsigned n = 0; n < kMostWatched && found < most; ++n) {
    const unsigned i = (first + n) % kMostWatched;
    if (epoll->watched[i].file == NULL) continue;
    File* const file = file_of(i);
    if (file != epoll->watched[i].file) {
      epoll->watched[i].file = NULL;
      continue;
    }
    const unsigned ready = file_ready(file) & (epoll->watched[i].events | kAlwaysTold);
    const unsigned fresh = ready & ~epoll->watched[i].told;
    const bool edges = (epoll->watched[i].events & kEdgeTriggered) != 0;
    if (edges && events != NULL) epoll->watched[i].told = ready;
    if ((edges ? fresh : ready) == 0) continue;
    if (events != NULL) {
      if ((epoll->watched[i].events & kOneShot) != 0) epoll->watched[i].events = 0;
      events[found].events = ready;
      events[found].data = epoll->watched[i].data;
      epoll->first = (i + 1) % kMostWatched;
    }
    ++found;
  }
  return found;
}

static unsigned ready_epoll(File* file) {
  return test_epoll(file->state, NULL, 1) != 0 ? kPollIn : 0;
}

static void close_epoll(File* file) {
  release(file->state);
}

static const FileKind kEpollKind = {.ready = ready_epoll, .close = close_epoll};

static Epoll* epoll_of(int64_t descriptor) {
  File* const file = file_of(descriptor);
  return file == NULL || file->kind != &kEpollKind ? NULL : file->state;
}

int64_t epoll_create(uint32_t flags) {
  Epoll* const epoll = allocate(sizeof *epoll);
  if (epoll == NULL) return -kEnomem;
  return descriptor_open(file_create(&kEpollKind, kOpenReadWrite, epoll), 0,
                         (flags & kOpenCloseOnExec) != 0);
}

int64_t epoll_control(int64_t descriptor, unsigned operation, int64_t watched,
                      const AbiEpollEvent* event) {
  enum { kAdd = 1, kRemove = 2, kChange = 3 };
  Epoll* const epoll = epoll_of(descriptor);
  const File* const file = file_of(watched);
  watched = (int32_t)watched;
  if (epoll == NULL || file == NULL) return -kEbadf;
  if (file->kind == &kNodeKind) return -kEperm;
  if (file->kind == &kEpollKind && file->state == epoll) return -kEinval;
  const bool known = epoll->watched[watched].file == file;
  if (operation == kAdd && known) return -kEexist;
  if (operation != kAdd && !known) return -kEnoent;
  epoll->watched[watched].file = operation == kRemove ? NULL : file;
  epoll->watched[watched].told = 0;
  if (operation == kRemove) return 0;
  epoll->watched[watched].events = event->events;
  epoll->watched[watched].data = event->data;
  return 0;
}

int64_t epoll_wait(int64_t descriptor, AbiEpollEvent* events, int64_t most, uint64_t until) {
  most = (int32_t)most;
  if (most <= 0) return -kEinval;
  for (;;) {
    // Looked up each time: another thread may close it.
    Epoll* const epoll = epoll_of(descriptor);
    if (epoll == NULL) return -kEbadf;
    const int64_t found = test_epoll(epoll, events, most);
    if (found != 0) return found;
    const int64_t ended = wait_step(until);
    if (ended != 0) return ended == -kEtimedout ? 0 : ended;
  }
}
