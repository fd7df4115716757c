// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls on the process: there is one, with threads. Reference: the manual pages of
// section 2.
#include "firmware/efi-python/loader/arena.h"
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/frames.h"
#include "firmware/efi-python/loader/random.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/signals.h"
#include "firmware/efi-python/loader/threads.h"

// What is meaningless or always right here: priorities, owners, modes, locks of memory.
int64_t call_zero(const uint64_t* a) {
  (void)a;
  return 0;
}

int64_t call_one(const uint64_t* a) {
  (void)a;
  return 1;
}

int64_t call_clone(const uint64_t* a) {
  enum { kSameMemory = 0x100, kThread = 0x10000 };
  const NewThread thread = {a[0], a[1], a[4], (int32_t*)a[2], (int32_t*)a[3]};
  if ((a[0] & kSameMemory) == 0 || (a[0] & kThread) == 0) return -kEnosys;  // a process
  return thread_create(&thread);
}

int64_t call_exit(const uint64_t* a) {
  thread_exit((int)a[0]);
}

int64_t call_exit_group(const uint64_t* a) {
  leave_program((uint8_t)a[0]);
}

int64_t call_getpid(const uint64_t* a) {
  (void)a;
  return 1;
}

int64_t call_getppid(const uint64_t* a) {
  (void)a;
  return 0;
}

int64_t call_gettid(const uint64_t* a) {
  (void)a;
  return thread_id();
}

int64_t call_set_tid_address(const uint64_t* a) {
  return thread_set_clear_address((int32_t*)a[0]);
}

int64_t call_arch_prctl(const uint64_t* a) {
  enum { kSetFs = 0x1002, kGetFs = 0x1003 };
  if (a[0] == kSetFs) {
    thread_set_fs_base(a[1]);
    return 0;
  }
  if (a[0] == kGetFs) {
    *(uint64_t*)a[1] = thread_fs_base();
    return 0;
  }
  return -kEinval;
}

int64_t call_rt_sigaction(const uint64_t* a) {
  if (a[0] == kSigKill) return -kEinval;
  return signal_action((unsigned)a[0], (const AbiSignalAction*)a[1], (AbiSignalAction*)a[2]);
}

int64_t call_rt_sigprocmask(const uint64_t* a) {
  return signal_mask((unsigned)a[0], (const uint64_t*)a[1], (uint64_t*)a[2]);
}

int64_t call_rt_sigpending(const uint64_t* a) {
  *(uint64_t*)a[0] = signal_pending();
  return 0;
}

int64_t call_sigaltstack(const uint64_t* a) {
  // Handlers run on the stack that they interrupt.
  enum { kDisabled = 2 };
  if (a[1] != 0) {
    memset((void*)a[1], 0, 24);
    *(int32_t*)(a[1] + 8) = kDisabled;
  }
  return 0;
}

static int64_t raise_checked(uint64_t signal) {
  if (signal > kSignals) return -kEinval;
  if (signal != 0) signal_raise((unsigned)signal);
  return 0;
}

int64_t call_kill(const uint64_t* a) {
  enum { kNoProcess = 3 };
  const int32_t process = (int32_t)a[0];
  return process > 1 ? -kNoProcess : raise_checked(a[1]);
}

int64_t call_tkill(const uint64_t* a) {
  enum { kNoProcess = 3 };
  return thread_exists((int64_t)a[0]) ? raise_checked(a[1]) : -kNoProcess;
}

int64_t call_tgkill(const uint64_t* a) {
  return call_tkill(a + 1);
}

int64_t call_alarm(const uint64_t* a) {
  const uint64_t left = signal_timer_left(NULL);
  signal_set_timer((uint32_t)a[0] * SECOND, 0);
  return (int64_t)((left + SECOND - 1) / SECOND);
}

// interval and next, each seconds and microseconds
static void put_timer(int64_t* out) {
  uint64_t interval;
  const uint64_t left = signal_timer_left(&interval);
  out[0] = (int64_t)(interval / SECOND);
  out[1] = (int64_t)(interval % SECOND / 1000);
  out[2] = (int64_t)(left / SECOND);
  out[3] = (int64_t)(left % SECOND / 1000);
}

int64_t call_getitimer(const uint64_t* a) {
  if (a[0] != 0) return -kEinval;  // ITIMER_REAL is what there is
  put_timer((int64_t*)a[1]);
  return 0;
}

int64_t call_setitimer(const uint64_t* a) {
  const uint64_t* const next = (const uint64_t*)a[1];
  if (a[0] != 0) return -kEinval;
  if (a[2] != 0) put_timer((int64_t*)a[2]);
  if (next != NULL)
    signal_set_timer(next[2] * SECOND + next[3] * 1000, next[0] * SECOND + next[1] * 1000);
  return 0;
}

static bool is_date_clock(uint64_t clock) {
  enum { kRealtime = 0, kRealtimeCoarse = 5, kTai = 11 };
  return clock == kRealtime || clock == kRealtimeCoarse || clock == kTai;
}

static bool is_clock(uint64_t clock) {
  return clock <= 7 || clock == 11 || (int32_t)clock < 0;  // negative: processor time of a thread
}

int64_t call_clock_gettime(const uint64_t* a) {
  if (!is_clock(a[0])) return -kEinval;
  const uint64_t time = is_date_clock(a[0]) ? clock_date() : clock_now();
  *(AbiTime*)a[1] = (AbiTime){(int64_t)(time / SECOND), (int64_t)(time % SECOND)};
  return 0;
}

int64_t call_clock_getres(const uint64_t* a) {
  if (!is_clock(a[0])) return -kEinval;
  if (a[1] != 0) *(AbiTime*)a[1] = (AbiTime){0, 1};
  return 0;
}

int64_t call_gettimeofday(const uint64_t* a) {
  const uint64_t time = clock_date();
  uint64_t* const out = (uint64_t*)a[0];
  out[0] = time / SECOND;
  out[1] = time % SECOND / 1000;
  return 0;
}

int64_t call_time(const uint64_t* a) {
  const uint64_t seconds = clock_date() / SECOND;
  if (a[0] != 0) *(uint64_t*)a[0] = seconds;
  return (int64_t)seconds;
}

int64_t call_times(const uint64_t* a) {
  const uint64_t ticks = clock_now() / (SECOND / 100);
  if (a[0] != 0) memcpy((void*)a[0], (const uint64_t[4]){ticks, 0, 0, 0}, 32);
  return (int64_t)ticks;
}

int64_t call_getrusage(const uint64_t* a) {
  uint64_t* const out = (uint64_t*)a[1];
  const uint64_t time = clock_now();
  memset(out, 0, 144);
  out[0] = time / SECOND;
  out[1] = time % SECOND / 1000;
  out[4] = arena.most_used * kPageBytes / 1024;
  return 0;
}

int64_t call_sysinfo(const uint64_t* a) {
  uint64_t* const out = (uint64_t*)a[0];
  memset(out, 0, 112);
  out[0] = clock_now() / SECOND;
  out[4] = arena.owned * kPageBytes;
  out[5] = (arena.owned - arena.used) * kPageBytes;
  *(uint16_t*)(out + 10) = 1;  // processes
  *(uint32_t*)(out + 13) = 1;  // unit
  return 0;
}

int64_t call_uname(const uint64_t* a) {
  // The C library asks for a Linux that is new enough.
  static const char* const kNames[] = {"Linux",  "efi", "6.1.0-efi", "on UEFI boot services",
                                       "x86_64", ""};
  enum { kField = 65 };
  char* const out = (char*)a[0];
  memset(out, 0, 6 * kField);
  for (unsigned i = 0; i < 6; ++i) memcpy(out + i * kField, kNames[i], strlen(kNames[i]));
  return 0;
}

int64_t call_getrandom(const uint64_t* a) {
  return random_fill((void*)a[0], a[1]) ? (int64_t)a[1] : -kEnosys;
}

static int64_t put_limit(unsigned resource, uint64_t* out) {
  enum { kStack = 3, kFiles = 7 };
  // Also the size of a new thread's stack.
  static const uint64_t kThreadStack = 2 << 20;
  const uint64_t limit = resource == kStack ? kThreadStack : resource == kFiles ? 256 : UINT64_MAX;
  if (out != NULL) out[0] = out[1] = limit;
  return 0;
}

int64_t call_prlimit64(const uint64_t* a) {
  return put_limit((unsigned)a[1], (uint64_t*)a[3]);
}

int64_t call_getrlimit(const uint64_t* a) {
  return put_limit((unsigned)a[0], (uint64_t*)a[1]);
}

int64_t call_sched_getaffinity(const uint64_t* a) {
  if (a[1] < 8) return -kEinval;
  *(uint64_t*)a[2] = 1;
  return 8;
}

int64_t call_getcpu(const uint64_t* a) {
  if (a[0] != 0) *(uint32_t*)a[0] = 0;
  if (a[1] != 0) *(uint32_t*)a[1] = 0;
  return 0;
}

int64_t call_umask(const uint64_t* a) {
  (void)a;
  return 022;
}

int64_t call_getresid(const uint64_t* a) {
  *(uint32_t*)a[0] = *(uint32_t*)a[1] = *(uint32_t*)a[2] = 0;
  return 0;
}
