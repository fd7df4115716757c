// SPDX-License-Identifier: LGPL-2.1-or-later
// Delays by counter 2 of the 8254, which no interrupt and no BIOS depends on.
#pragma once

// Waits at least this many milliseconds.
void delay_ms(unsigned milliseconds);
