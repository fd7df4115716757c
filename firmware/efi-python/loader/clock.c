// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/clock.h"

#include "firmware/efi-python/loader/machine.h"
#include "firmware/efi-python/loader/runtime.h"

static uint64_t ticks_per_second, first_tick, first_date;

void clock_start(void) {
  enum { kMicroseconds = 2000, kMeasures = 10 };
  first_tick = read_tsc();
  // A pause is never too short, but it is longer where a virtual machine has to wait for its host.
  uint64_t shortest = UINT64_MAX;
  for (unsigned i = 0; i < kMeasures; ++i) {
    const uint64_t before = read_tsc();
    firmware.boot->stall(kMicroseconds);
    const uint64_t ticks = read_tsc() - before;
    if (ticks < shortest) shortest = ticks;
  }
  ticks_per_second = shortest * (1000000 / kMicroseconds);
  if (ticks_per_second == 0) ticks_per_second = SECOND;
  EfiTime time;
  if (firmware.runtime->get_time(&time, NULL) == 0)
    first_date = seconds_since_1970(&time) * SECOND + time.nanosecond;
  // The date is that of now, and clock_now() counts from before.
  first_date -= first_date == 0 ? 0 : clock_now();
}

uint64_t clock_now(void) {
  const uint64_t ticks = read_tsc() - first_tick;
  return ticks / ticks_per_second * SECOND + ticks % ticks_per_second * SECOND / ticks_per_second;
}

uint64_t clock_date(void) {
  return first_date + clock_now();
}

uint64_t seconds_since_1970(const EfiTime* time) {
  static const uint16_t kDaysBefore[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  if (time->year < 1970 || time->month < 1 || time->month > 12) return 0;
  const uint64_t y = time->year, years = y - 1;  // leap days before this year
  const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  const uint64_t leap_days = (years / 4 - years / 100 + years / 400) - (1969 / 4 - 19 + 4);
  const uint64_t days = (y - 1970) * 365 + leap_days + kDaysBefore[time->month - 1] +
                        (leap && time->month > 2 ? 1 : 0) + time->day - 1;
  return days * 86400 + time->hour * 3600u + time->minute * 60u + time->second;
}
