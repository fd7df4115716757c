// SPDX-License-Identifier: LGPL-2.1-or-later
// Signals: as much as an interpreter needs for Ctrl-C, timers and signals to itself. The main
// thread handles all of them, between two of its instructions or at the end of a system call.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/efi-python/loader/abi.h"

enum { kSignals = 64 };

void signal_raise(unsigned signal);
// Whether the running thread has one to handle.
bool signal_deliverable(void);
// Calls the handlers; ends the program where there is none and that is the default.
void signal_deliver(void);
uint64_t signal_pending(void);  // bit n is signal n + 1

int64_t signal_action(unsigned signal, const AbiSignalAction* next, AbiSignalAction* previous);
int64_t signal_mask(unsigned how, const uint64_t* set, uint64_t* previous);

// The interval timer: alarm(2), setitimer(2). Nanoseconds; `next` 0 for none.
void signal_set_timer(uint64_t next, uint64_t interval);
uint64_t signal_timer_left(uint64_t* interval);
void signal_check_timer(void);
