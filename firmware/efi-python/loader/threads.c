// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: clone(2), futex(2).
#include "firmware/efi-python/loader/threads.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/interrupts.h"
#include "firmware/efi-python/loader/machine.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/signals.h"
#include "firmware/efi-python/loader/sockets.h"
#include "firmware/efi-python/loader/terminal.h"

enum { kMostThreads = 128, kRedZone = 128 };

typedef struct {
  bool used;
  int32_t id;
  uint64_t fs_base, rsp, blocked;
  int32_t* clear_at_exit;
  CallFrame* call;
  const uint32_t* futex;  // it waits for; NULL when woken
  uint32_t futex_mask;
} Thread;
static Thread threads[kMostThreads];
static Thread* current = &threads[0];
static unsigned count = 1;
static int32_t next_id = 2;

// Steps of waiting since any thread did something else: when all have made one, all wait.
static unsigned waits;
static uint64_t slice_began, last_poll, awake_until;

static const uint64_t kSlice = 10 * MILLISECOND;
static const uint64_t kPollInterval = 50 * MILLISECOND;

void threads_start(void) {
  current->used = true;
  current->id = 1;
  slice_began = clock_now();
}

static void switch_to(Thread* next) {
  Thread* const previous = current;
  if (next == previous) return;
  current = next;
  slice_began = clock_now();
  write_msr(kMsrFsBase, next->fs_base);
  switch_context(&previous->rsp, next->rsp);
}

static Thread* next_thread(void) {
  Thread* thread = current;
  do thread = thread == &threads[kMostThreads - 1] ? threads : thread + 1;
  while (!thread->used);
  return thread;
}

void yield(void) {
  switch_to(next_thread());
}

void keep_awake(void) {
  static const uint64_t kAwake = 20 * MILLISECOND;
  awake_until = clock_now() + kAwake;
}

// Everybody waits.
static void idle(uint64_t until) {
  // The firmware's tick is some milliseconds long.
  static const uint64_t kShort = 2 * MILLISECOND;
  const uint64_t now = clock_now();
  if (now - last_poll >= kPollInterval) {
    last_poll = now;
    if (at_application_tpl()) {
      terminal_poll();
      sockets_tick();
    }
  }
  if (until != NEVER && until > now && until - now < kShort) {
    firmware.boot->stall(50);
  } else if (now >= awake_until) {
    halt_until_interrupt();
  }
}

int64_t wait_step(uint64_t until) {
  signal_check_timer();
  if (signal_deliverable()) return -kEintr;
  if (until != NEVER && clock_now() >= until) return -kEtimedout;
  if (++waits >= count) {
    waits = 0;
    idle(until);
  }
  yield();
  return 0;
}

CallFrame* threads_enter_call(CallFrame* frame) {
  CallFrame* const outer = current->call;
  waits = 0;
  current->call = frame;
  return outer;
}

void threads_leave_call(CallFrame* frame, CallFrame* outer) {
  current->call = outer;
  // With interrupts off it is in the middle of something.
  if ((frame->rflags & RFLAGS_IF) != 0) signal_deliver();
}

void threads_tick(void) {
  const uint64_t now = clock_now();
  waits = 0;
  if (now - last_poll >= kPollInterval) {
    last_poll = now;
    terminal_poll();
  }
  signal_check_timer();
  signal_deliver();
  if (now - slice_began >= kSlice) yield();
}

// The new thread begins behind the system call of its parent, on its own stack.
int64_t thread_create(const NewThread* new_thread) {
  enum { kCloneTls = 0x80000, kCloneParentId = 0x100000 };
  enum { kCloneClear = 0x200000, kCloneChildId = 0x1000000 };
  Thread* thread = threads;
  while (thread < threads + kMostThreads && thread->used) ++thread;
  if (thread == threads + kMostThreads) return -kEagain;
  CallFrame* const call = (CallFrame*)(new_thread->stack - kRedZone - sizeof *call);
  *call = *current->call;
  call->rax = 0;
  SavedContext* const context = (SavedContext*)(((uint64_t)call - sizeof *context - 64) & ~15ull);
  memset(context, 0, sizeof *context);
  context->mxcsr = 0x1f80;
  context->x87_control = 0x37f;
  context->rflags = RFLAGS_IF | 2;
  context->rbp = (uint64_t)call;
  context->rip = (uint64_t)resume_call;
  const uint64_t flags = new_thread->flags;
  thread->used = true;
  thread->id = next_id++;
  thread->fs_base = (flags & kCloneTls) != 0 ? new_thread->tls : current->fs_base;
  thread->rsp = (uint64_t)context;
  thread->blocked = current->blocked;
  thread->clear_at_exit = (flags & kCloneClear) != 0 ? new_thread->child_id : NULL;
  thread->futex = NULL;
  if ((flags & kCloneParentId) != 0) *new_thread->parent_id = thread->id;
  if ((flags & kCloneChildId) != 0) *new_thread->child_id = thread->id;
  ++count;
  return thread->id;
}

_Noreturn void thread_exit(int code) {
  if (count == 1) leave_program((uint64_t)(uint8_t)code);
  int32_t* const clear = current->clear_at_exit;
  if (clear != NULL) {
    *clear = 0;
    futex_wake((const uint32_t*)clear, 1, UINT32_MAX);
  }
  current->used = false;
  --count;
  waits = 0;
  switch_to(next_thread());
  __builtin_unreachable();
}

int64_t thread_id(void) {
  return current->id;
}

bool thread_exists(int64_t id) {
  for (unsigned i = 0; i < kMostThreads; ++i) {
    if (threads[i].used && threads[i].id == (int32_t)id) return true;
  }
  return false;
}

bool thread_is_main(void) {
  return current == &threads[0];
}

unsigned thread_count(void) {
  return count;
}

void thread_set_fs_base(uint64_t base) {
  current->fs_base = base;
  write_msr(kMsrFsBase, base);
}

uint64_t thread_fs_base(void) {
  return current->fs_base;
}

int64_t thread_set_clear_address(int32_t* address) {
  current->clear_at_exit = address;
  return current->id;
}

uint64_t* thread_blocked_signals(void) {
  return &current->blocked;
}

int64_t futex_wait(const uint32_t* address, uint32_t expected, uint32_t mask, uint64_t until) {
  if (mask == 0) return -kEinval;
  if (*(const volatile uint32_t*)address != expected) return -kEagain;
  Thread* const self = current;
  self->futex = address;
  self->futex_mask = mask;
  int64_t ended = 0;
  while (self->futex != NULL && ended == 0) ended = wait_step(until);
  const bool woken = self->futex == NULL;
  self->futex = NULL;
  return woken ? 0 : ended;
}

int64_t futex_wake(const uint32_t* address, uint64_t most, uint32_t mask) {
  int64_t woken = 0;
  for (unsigned i = 0; i < kMostThreads && (uint64_t)woken < most; ++i) {
    Thread* const thread = &threads[i];
    if (!thread->used || thread->futex != address || (thread->futex_mask & mask) == 0) continue;
    thread->futex = NULL;
    ++woken;
  }
  return woken;
}

int64_t futex_requeue(const uint32_t* from, uint64_t wake, const uint32_t* to, uint64_t move) {
  const int64_t woken = futex_wake(from, wake, UINT32_MAX);
  uint64_t moved = 0;
  for (unsigned i = 0; i < kMostThreads && moved < move; ++i) {
    if (!threads[i].used || threads[i].futex != from) continue;
    threads[i].futex = to;
    ++moved;
  }
  return woken + (int64_t)moved;
}
