// SPDX-License-Identifier: LGPL-2.1-or-later
// The host bridge's registers that firmware uses, at bus 0 device 0 function 0.
// Reference: Intel 290549-001 (82441FX), section 3.2.
#pragma once

#define I440FX_IDENTIFIER 0x12378086u
#define I440FX_ADDRESS 0

enum {
  I440FX_PAM0 = 0x59,  // high nibble: F0000-FFFFF
  I440FX_PAM1 = 0x5a,  // two segments of 16 KB each: C0000 low, C4000 high; up to PAM4 for DC000
  I440FX_DRB0 = 0x60   // to 67h: upper boundary of each DRAM row, in 8 MB
};

// What a segment's reads and writes go to.
enum { SHADOW_READ = 1, SHADOW_WRITE = 2 };
