// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/console.h"

#include <stdarg.h>
#include <stdbool.h>

#include "firmware/common/io.h"

// Offsets from the base port.
enum {
  DATA = 0,
  INTERRUPT_ENABLE = 1,
  FIFO_CONTROL = 2,
  LINE_CONTROL = 3,
  MODEM_CONTROL = 4,
  LINE_STATUS = 5
};

static bool present;

void console_init(void) {
  outb(CONSOLE_PORT + INTERRUPT_ENABLE, 0);
  outb(CONSOLE_PORT + LINE_CONTROL, 0x80);  // divisor latch
  outb(CONSOLE_PORT + DATA, 115200 / CONSOLE_BAUD);
  outb(CONSOLE_PORT + INTERRUPT_ENABLE, 0);
  outb(CONSOLE_PORT + LINE_CONTROL, 0x03);  // 8 bits, no parity, 1 stop bit
  // FIFOs off: BIOSes know a serial port by an interrupt identification of exactly 02h.
  outb(CONSOLE_PORT + FIFO_CONTROL, 0);
  outb(CONSOLE_PORT + MODEM_CONTROL, 0x03);  // DTR, RTS
  present = inb(CONSOLE_PORT + LINE_STATUS) != 0xff;
}

static void put(char c) {
  if (!present) return;
  if (c == '\n') put('\r');
  // A character takes 87 us at 115200 baud; a UART that never empties must not stop the boot.
  for (unsigned tries = 0; tries < 100000; ++tries) {
    if ((inb(CONSOLE_PORT + LINE_STATUS) & 0x20) != 0) break;
  }
  outb(CONSOLE_PORT + DATA, (uint8_t)c);
}

static void put_number(uint32_t value, unsigned base, const char* digits, unsigned width,
                       char pad) {
  char text[12];
  unsigned length = 0;
  do {
    text[length++] = digits[value % base];
    value /= base;
  } while (value != 0);
  for (; width > length; --width) put(pad);
  while (length > 0) put(text[--length]);
}

void print(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (const char* p = format; *p != 0; ++p) {
    if (*p != '%') {
      put(*p);
      continue;
    }
    ++p;
    char pad = ' ';
    if (*p == '0') pad = *p++;
    unsigned width = 0;
    while (*p >= '0' && *p <= '9') width = width * 10 + (unsigned)(*p++ - '0');
    switch (*p) {
      case 's': {
        unsigned length = 0;
        for (const char* s = va_arg(arguments, const char*); *s != 0; ++s, ++length) put(*s);
        for (; length < width; ++length) put(' ');
        break;
      }
      case 'c': put((char)va_arg(arguments, int)); break;
      case 'd': {
        const int value = va_arg(arguments, int);
        if (value < 0) put('-');
        put_number(value < 0 ? -(uint32_t)value : (uint32_t)value, 10, "0123456789", width, pad);
        break;
      }
      case 'u': put_number(va_arg(arguments, uint32_t), 10, "0123456789", width, pad); break;
      case 'x': put_number(va_arg(arguments, uint32_t), 16, "0123456789abcdef", width, pad); break;
      case 'X': put_number(va_arg(arguments, uint32_t), 16, "0123456789ABCDEF", width, pad); break;
      case 0: --p; break;
      default: put(*p); break;
    }
  }
  va_end(arguments);
}

void die(unsigned code, const char* reason) {
  post_code((uint8_t)code);
  print("%s; the machine stops here\n", reason);
  halt_forever();
}
