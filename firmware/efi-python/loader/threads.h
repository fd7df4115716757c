// SPDX-License-Identifier: LGPL-2.1-or-later
// The program's threads. One runs at a time; another takes over when it waits, or when the
// firmware's timer interrupts it after its slice. A thread in a system call is never interrupted
// for another: system calls need no locks.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/efi-python/loader/frames.h"

void threads_start(void);

// One step of a loop that waits for something: runs the other threads, or halts when all of them
// wait. 0: look again; -ETIMEDOUT: it is later than `until` (of clock_now); -EINTR: a signal has a
// handler to run.
int64_t wait_step(uint64_t until);
// Something is under way that comes without an interrupt: the processor is not halted for a while.
void keep_awake(void);
void yield(void);

// Around each system call; the second delivers signals. A notification of the firmware may make a
// call in the middle of another: `outer` is that one's frame.
CallFrame* threads_enter_call(CallFrame* frame);
void threads_leave_call(CallFrame* frame, CallFrame* outer);
// The timer has interrupted the program, at TPL_APPLICATION.
void threads_tick(void);

typedef struct {
  uint64_t flags, stack, tls;
  int32_t *parent_id, *child_id;
} NewThread;
int64_t thread_create(const NewThread* new_thread);
// Of the last thread: ends the program.
_Noreturn void thread_exit(int code);
int64_t thread_id(void);
bool thread_exists(int64_t id);
bool thread_is_main(void);
unsigned thread_count(void);
void thread_set_fs_base(uint64_t base);
uint64_t thread_fs_base(void);
int64_t thread_set_clear_address(int32_t* address);
uint64_t* thread_blocked_signals(void);

// futex(2); `wake` returns how many.
int64_t futex_wait(const uint32_t* address, uint32_t expected, uint32_t mask, uint64_t until);
int64_t futex_wake(const uint32_t* address, uint64_t count, uint32_t mask);
int64_t futex_requeue(const uint32_t* from, uint64_t wake, const uint32_t* to, uint64_t move);
