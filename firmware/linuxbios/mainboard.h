// SPDX-License-Identifier: LGPL-2.1-or-later
// What only the board's wiring says: the i440FX + PIIX3 board with five PCI slots.
#pragma once

#include <stdint.h>

#define MAINBOARD_VENDOR "Intel"
#define MAINBOARD_PART "i440FX/PIIX3"

// The south bridge is device 1; slots 1 to 5 are devices 2 to 6. Pin n (0: INTA#) of device d
// arrives at router input PIRQ[(d - 1 + n) mod 4].
enum { ROUTER_DEVICE = 1, FIRST_SLOT_DEVICE = 2, SLOTS = 5 };
static inline unsigned pirq_of(unsigned device, unsigned pin) {
  return (device + 3 + pin) & 3;
}

// The interrupts PIRQA# to PIRQD# go to: none that an ISA device of this board has.
static const uint8_t kPirqInterrupt[4] = {11, 10, 9, 5};
// What the router may be set to: 3-7, 9-12, 14, 15.
#define PIRQ_CHOICES 0xdef8u
