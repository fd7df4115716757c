// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: signal(7), sigaction(2), setitimer(2).
#include "firmware/efi-python/loader/signals.h"

#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/frames.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/threads.h"

enum { kDefault = 0, kIgnore = 1 };
enum { kNoDefer = 0x40000000, kResetHandler = 0x80000000 };

static AbiSignalAction actions[kSignals + 1];
static volatile uint64_t pending;
static uint64_t timer_at, timer_interval;
static bool delivering;

static uint64_t bit(unsigned signal) {
  return 1ull << (signal - 1);
}

void signal_raise(unsigned signal) {
  pending |= bit(signal);
}

uint64_t signal_pending(void) {
  return pending;
}

static bool ignored(unsigned signal) {
  if (actions[signal].handler == kIgnore) return true;
  return actions[signal].handler == kDefault && (signal == kSigChild || signal == kSigContinue ||
                                                 signal == kSigUrgent || signal == kSigWindow);
}

// The lowest one that is pending and not blocked; 0 for none.
static unsigned next_signal(void) {
  if (pending == 0) return 0;
  for (unsigned signal = 1; signal <= kSignals; ++signal) {
    if ((pending & ~*thread_blocked_signals() & bit(signal)) == 0) continue;
    if (!ignored(signal)) return signal;
    pending &= ~bit(signal);
  }
  return 0;
}

bool signal_deliverable(void) {
  return thread_is_main() && next_signal() != 0;
}

static void call_handler(unsigned signal) {
  typedef void __attribute__((sysv_abi)) Handler(int, void* info, void* context);
  _Alignas(16) uint8_t info[128] = {0}, context[1024] = {0};
  memcpy(info, &signal, sizeof signal);
  AbiSignalAction* const action = &actions[signal];
  uint64_t* const blocked = thread_blocked_signals();
  const uint64_t before = *blocked;
  *blocked |= action->mask;
  if ((action->flags & kNoDefer) == 0) *blocked |= bit(signal);
  Handler* const handler = (Handler*)action->handler;
  if ((action->flags & kResetHandler) != 0) action->handler = kDefault;
  handler((int)signal, info, context);
  *thread_blocked_signals() = before;
}

void signal_deliver(void) {
  if (!thread_is_main() || delivering) return;
  for (unsigned signal = next_signal(); signal != 0; signal = next_signal()) {
    pending &= ~bit(signal);
    if (actions[signal].handler == kDefault) {
      print("\nefi-python: ended by signal %d\n", (int64_t)signal);
      leave_program(128 + signal);
    }
    delivering = true;
    call_handler(signal);
    delivering = false;
  }
}

int64_t signal_action(unsigned signal, const AbiSignalAction* next, AbiSignalAction* previous) {
  if (signal < 1 || signal > kSignals) return -kEinval;
  if (previous != NULL) *previous = actions[signal];
  if (next != NULL) actions[signal] = *next;
  return 0;
}

int64_t signal_mask(unsigned how, const uint64_t* set, uint64_t* previous) {
  enum { kBlock, kUnblock, kSet };
  uint64_t* const blocked = thread_blocked_signals();
  const uint64_t before = *blocked;
  if (set != NULL) {
    if (how > kSet) return -kEinval;
    *blocked = how == kBlock ? before | *set : how == kUnblock ? before & ~*set : *set;
  }
  if (previous != NULL) *previous = before;
  return 0;
}

void signal_set_timer(uint64_t next, uint64_t interval) {
  timer_at = next == 0 ? 0 : clock_now() + next;
  timer_interval = interval;
}

uint64_t signal_timer_left(uint64_t* interval) {
  if (interval != NULL) *interval = timer_interval;
  const uint64_t now = clock_now();
  return timer_at == 0 ? 0 : timer_at > now ? timer_at - now : 1;
}

void signal_check_timer(void) {
  if (timer_at == 0 || clock_now() < timer_at) return;
  signal_raise(kSigAlarm);
  timer_at = timer_interval == 0 ? 0 : clock_now() + timer_interval;
}
