// SPDX-License-Identifier: LGPL-2.1-or-later
// Time: the processor's time-stamp counter, measured once with the firmware's Stall, and the
// firmware's date.
#pragma once

#include <stdint.h>

#include "firmware/efi-python/loader/efi.h"

#define NEVER UINT64_MAX
#define SECOND 1000000000ull
#define MILLISECOND 1000000ull

void clock_start(void);
// Nanoseconds since clock_start; and since 1970, as far as the firmware knows.
uint64_t clock_now(void);
uint64_t clock_date(void);

// Seconds since 1970; 0 for a date before, or none. The time zone is left out: FAT has none, and
// the PC's clock is taken for UTC.
uint64_t seconds_since_1970(const EfiTime* time);
