// SPDX-License-Identifier: LGPL-2.1-or-later
// The chips every PC has had since 1984.
// Reference: Intel 8259A and 8254 datasheets; Motorola MC146818; IBM PC AT Technical Reference
// (8042).
#include "firmware/common/cmos.h"
#include "firmware/common/console.h"
#include "firmware/common/io.h"
#include "firmware/common/timer.h"
#include "firmware/linuxbios/linuxbios.h"

static void interrupt_controllers(void) {
  static const uint16_t kPort[2] = {0x20, 0xa0};
  static const uint8_t kVector[2] = {0x08, 0x70}, kCascade[2] = {0x04, 0x02};
  for (unsigned i = 0; i < 2; ++i) {
    outb(kPort[i], 0x11);  // ICW1: edge, cascade, ICW4 follows
    outb(kPort[i] + 1, kVector[i]);
    outb(kPort[i] + 1, kCascade[i]);
    outb(kPort[i] + 1, 0x01);  // ICW4: 8086
    outb(kPort[i] + 1, 0xff);  // all masked
  }
}

static void timer(void) {
  outb(0x43, 0x34);  // counter 0, mode 2: the tick of 18.2 Hz
  outb(0x40, 0);
  outb(0x40, 0);
  outb(0x43, 0x54);  // counter 1, mode 2: DRAM refresh
  outb(0x41, 18);
}

static void clock(void) {
  cmos_write(CMOS_STATUS_A, 0x26);  // 32,768 Hz, periodic rate 1,024 Hz
  cmos_write(CMOS_STATUS_B, 0x02);  // 24 hours, BCD, no interrupts
  cmos_read(0x0c);                  // what is pending
}

enum { KEYBOARD_DATA = 0x60, KEYBOARD_STATUS = 0x64 };

static bool keyboard_write(uint16_t port, uint8_t value) {
  for (unsigned waited = 0; (inb(KEYBOARD_STATUS) & 2) != 0; ++waited) {
    if (waited == 100) return false;
    delay_ms(1);
  }
  outb(port, value);
  return true;
}

static int keyboard_read(void) {
  for (unsigned waited = 0; (inb(KEYBOARD_STATUS) & 1) == 0; ++waited) {
    if (waited == 100) return -1;
    delay_ms(1);
  }
  return inb(KEYBOARD_DATA);
}

// Self test and command byte; the keyboard itself is left to the payload.
static void keyboard(void) {
  for (unsigned i = 0; i < 32 && (inb(KEYBOARD_STATUS) & 1) != 0; ++i) inb(KEYBOARD_DATA);
  const bool asked = keyboard_write(KEYBOARD_STATUS, 0xaa);
  const int answer = asked ? keyboard_read() : -1;
  if (answer != 0x55) {
    print("Keyboard controller: no answer (%x)\n", (unsigned)answer);
    return;
  }
  keyboard_write(KEYBOARD_STATUS, 0x60);
  keyboard_write(KEYBOARD_DATA, 0x41);  // translate, keyboard interrupt
}

void legacy_init(void) {
  interrupt_controllers();
  timer();
  clock();
  keyboard();
}
