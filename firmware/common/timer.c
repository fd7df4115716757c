// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel 8254 datasheet, mode 0; IBM PC AT Technical Reference, port 61h.
#include "firmware/common/timer.h"

#include "firmware/common/io.h"

void delay_ms(unsigned milliseconds) {
  const uint8_t saved = inb(0x61);
  outb(0x61, (uint8_t)((saved & ~2u) | 1));  // gate on, speaker off
  for (; milliseconds > 0; --milliseconds) {
    outb(0x43, 0xb0);  // counter 2, both bytes, mode 0: the output goes high at zero
    outb(0x42, 1193 & 0xff);
    outb(0x42, 1193 >> 8);
    while ((inb(0x61) & 0x20) == 0) continue;
  }
  outb(0x61, saved);
}
