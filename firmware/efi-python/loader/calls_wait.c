// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls that wait. Reference: the manual pages of section 2.
#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/poll.h"
#include "firmware/efi-python/loader/signals.h"
#include "firmware/efi-python/loader/threads.h"

static uint64_t after(uint64_t nanoseconds) {
  const uint64_t now = clock_now();
  return nanoseconds > NEVER - 1 - now ? NEVER - 1 : now + nanoseconds;
}

static uint64_t after_milliseconds(uint64_t value) {
  const int32_t milliseconds = (int32_t)value;
  return milliseconds < 0 ? NEVER : after((uint64_t)milliseconds * MILLISECOND);
}

static bool valid(const AbiTime* time) {
  return time->seconds >= 0 && time->nanoseconds >= 0 && time->nanoseconds < (int64_t)SECOND;
}

static uint64_t nanoseconds_of(const AbiTime* time) {
  if ((uint64_t)time->seconds > UINT64_MAX / SECOND - 1) return NEVER - 1;
  return (uint64_t)time->seconds * SECOND + (uint64_t)time->nanoseconds;
}

// When a time on one of the clocks is, on ours.
static uint64_t moment(uint64_t clock, const AbiTime* time) {
  enum { kRealtime = 0 };
  const uint64_t at = nanoseconds_of(time);
  if (clock != kRealtime) return at;
  const uint64_t date = clock_date();
  return at <= date ? 0 : after(at - date);
}

// With another signal mask meanwhile: ppoll, pselect6, epoll_pwait.
static uint64_t change_mask(const uint64_t* mask) {
  uint64_t before = *thread_blocked_signals();
  if (mask != NULL) *thread_blocked_signals() = *mask;
  return before;
}

static int64_t restore_mask(uint64_t mask, int64_t result) {
  // A signal that only the other mask lets through has to find its handler now.
  if (result == -kEintr) signal_deliver();
  *thread_blocked_signals() = mask;
  return result;
}

int64_t call_poll(const uint64_t* a) {
  return poll_files((AbiPoll*)a[0], a[1], after_milliseconds(a[2]));
}

int64_t call_ppoll(const uint64_t* a) {
  const AbiTime* const time = (const AbiTime*)a[2];
  if (time != NULL && !valid(time)) return -kEinval;
  const uint64_t until = time == NULL ? NEVER : after(nanoseconds_of(time));
  const uint64_t mask = change_mask((const uint64_t*)a[3]);
  return restore_mask(mask, poll_files((AbiPoll*)a[0], a[1], until));
}

int64_t call_select(const uint64_t* a) {
  const int64_t* const time = (const int64_t*)a[4];  // seconds, microseconds
  uint64_t until = NEVER;
  if (time != NULL) {
    const AbiTime wait = {time[0], time[1] * 1000};
    if (!valid(&wait)) return -kEinval;
    until = after(nanoseconds_of(&wait));
  }
  return select_files((unsigned)a[0], (uint64_t*)a[1], (uint64_t*)a[2], (uint64_t*)a[3], until);
}

int64_t call_pselect(const uint64_t* a) {
  const AbiTime* const time = (const AbiTime*)a[4];
  const uint64_t* const mask_argument = (const uint64_t*)a[5];  // address, size
  if (time != NULL && !valid(time)) return -kEinval;
  const uint64_t until = time == NULL ? NEVER : after(nanoseconds_of(time));
  const uint64_t mask =
      change_mask(mask_argument == NULL ? NULL : (const uint64_t*)mask_argument[0]);
  return restore_mask(
      mask, select_files((unsigned)a[0], (uint64_t*)a[1], (uint64_t*)a[2], (uint64_t*)a[3], until));
}

int64_t call_epoll_create(const uint64_t* a) {
  return (int32_t)a[0] <= 0 ? -kEinval : epoll_create(0);
}

int64_t call_epoll_create1(const uint64_t* a) {
  return epoll_create((uint32_t)a[0]);
}

int64_t call_epoll_ctl(const uint64_t* a) {
  return epoll_control((int64_t)a[0], (unsigned)a[1], (int64_t)a[2], (const AbiEpollEvent*)a[3]);
}

int64_t call_epoll_wait(const uint64_t* a) {
  return epoll_wait((int64_t)a[0], (AbiEpollEvent*)a[1], (int64_t)a[2], after_milliseconds(a[3]));
}

int64_t call_epoll_pwait(const uint64_t* a) {
  const uint64_t mask = change_mask((const uint64_t*)a[4]);
  return restore_mask(mask, call_epoll_wait(a));
}

static int64_t sleep_until(uint64_t until, AbiTime* left) {
  int64_t ended = 0;
  while (ended == 0) ended = wait_step(until);
  if (ended == -kEtimedout) return 0;
  if (left != NULL) {
    const uint64_t now = clock_now(), rest = until > now ? until - now : 0;
    left->seconds = (int64_t)(rest / SECOND);
    left->nanoseconds = (int64_t)(rest % SECOND);
  }
  return ended;
}

int64_t call_nanosleep(const uint64_t* a) {
  const AbiTime* const time = (const AbiTime*)a[0];
  if (!valid(time)) return -kEinval;
  return sleep_until(after(nanoseconds_of(time)), (AbiTime*)a[1]);
}

int64_t call_clock_nanosleep(const uint64_t* a) {
  enum { kAbsolute = 1 };
  const AbiTime* const time = (const AbiTime*)a[2];
  if (!valid(time)) return -kEinval;
  if ((a[1] & kAbsolute) != 0) return sleep_until(moment(a[0], time), NULL);
  return sleep_until(after(nanoseconds_of(time)), (AbiTime*)a[3]);
}

int64_t call_futex(const uint64_t* a) {
  enum {
    kWait = 0,
    kWake = 1,
    kRequeue = 3,
    kCompareRequeue = 4,
    kWaitBits = 9,
    kWakeBits = 10,
    kCommand = 0x7f,
    kRealtime = 0x100,
  };
  const uint32_t* const address = (const uint32_t*)a[0];
  const AbiTime* const time = (const AbiTime*)a[3];
  const uint32_t value = (uint32_t)a[2];
  const unsigned command = (unsigned)a[1] & kCommand;
  if ((command == kWait || command == kWaitBits) && time != NULL && !valid(time)) return -kEinval;
  switch (command) {
    case kWait:
      return futex_wait(address, value, UINT32_MAX,
                        time == NULL ? NEVER : after(nanoseconds_of(time)));
    case kWaitBits:
      return futex_wait(address, value, (uint32_t)a[5],
                        time == NULL ? NEVER : moment((a[1] & kRealtime) != 0 ? 0 : 1, time));
    case kWake: return futex_wake(address, (uint32_t)a[2], UINT32_MAX);
    case kWakeBits: return futex_wake(address, (uint32_t)a[2], (uint32_t)a[5]);
    case kCompareRequeue:
      if (*address != (uint32_t)a[5]) return -kEagain;
      return futex_requeue(address, value, (const uint32_t*)a[4], (uint32_t)a[3]);
    case kRequeue: return futex_requeue(address, value, (const uint32_t*)a[4], (uint32_t)a[3]);
    default: return -kEnosys;
  }
}

int64_t call_pause(const uint64_t* a) {
  (void)a;
  while (wait_step(NEVER) == 0) continue;
  return -kEintr;
}

int64_t call_sched_yield(const uint64_t* a) {
  (void)a;
  yield();
  return 0;
}
