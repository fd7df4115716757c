// SPDX-License-Identifier: LGPL-2.1-or-later
// The serial console: COM1, 115200 8N1, output only.
// Reference: National Semiconductor PC16550D datasheet.
#pragma once

#include <stdint.h>

#define CONSOLE_PORT 0x3f8
#define CONSOLE_BAUD 115200

// Programs the UART. A machine without one (line status FFh) has no console, and nothing waits.
void console_init(void);

// The conversions %s %c %u %d %x %X, with field width and zero padding ("%08x"), and %% .
void print(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Leaves the POST code, prints the reason and stops the machine.
void __attribute__((noreturn)) die(unsigned code, const char* reason);
