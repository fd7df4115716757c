// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/runtime.h"

#include "firmware/efi-python/loader/console.h"
#include "firmware/efi-python/loader/machine.h"

Firmware firmware;
bool debug_enabled;

typedef uint64_t __attribute__((aligned(1), may_alias)) Word;

// The empty assembler statements keep the compiler from seeing memset and memcpy in these loops and
// calling the functions themselves.
void* memcpy(void* to, const void* from, size_t bytes) {
  uint8_t* out = to;
  const uint8_t* in = from;
  for (; bytes >= 32; bytes -= 32, out += 32, in += 32) {
    const Word a = ((const Word*)in)[0], b = ((const Word*)in)[1];
    const Word c = ((const Word*)in)[2], d = ((const Word*)in)[3];
    ((Word*)out)[0] = a;
    ((Word*)out)[1] = b;
    ((Word*)out)[2] = c;
    ((Word*)out)[3] = d;
  }
  for (; bytes != 0; --bytes) {
    *out++ = *in++;
    __asm__ volatile("" : : : "memory");
  }
  return to;
}

void* memmove(void* to, const void* from, size_t bytes) {
  uint8_t* const out = to;
  const uint8_t* const in = from;
  if (out <= in || out >= in + bytes) return memcpy(to, from, bytes);
  while (bytes-- != 0) {
    out[bytes] = in[bytes];
    __asm__ volatile("" : : : "memory");
  }
  return to;
}

void* memset(void* to, int value, size_t bytes) {
  uint8_t* out = to;
  const uint64_t pattern = 0x0101010101010101u * (uint8_t)value;
  for (; bytes >= 32; bytes -= 32, out += 32) {
    for (unsigned i = 0; i < 4; ++i) {
      ((Word*)out)[i] = pattern;
      __asm__ volatile("" : : : "memory");
    }
  }
  for (; bytes != 0; --bytes) {
    *out++ = (uint8_t)value;
    __asm__ volatile("" : : : "memory");
  }
  return to;
}

int memcmp(const void* a, const void* b, size_t bytes) {
  const uint8_t *x = a, *y = b;
  for (; bytes != 0; --bytes, ++x, ++y) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

int strcmp(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return (uint8_t)*a - (uint8_t)*b;
}

void* allocate(uint64_t bytes) {
  void* block = NULL;
  if (firmware.boot->allocate_pool(kEfiLoaderData, bytes == 0 ? 1 : bytes, &block) != 0)
    return NULL;
  return memset(block, 0, bytes);
}

void* reallocate(void* block, uint64_t old_bytes, uint64_t bytes) {
  void* const larger = allocate(bytes);
  if (larger == NULL) return NULL;
  if (block != NULL) memcpy(larger, block, old_bytes < bytes ? old_bytes : bytes);
  release(block);
  return larger;
}

void release(void* block) {
  if (block != NULL) firmware.boot->free_pool(block);
}

typedef struct {
  char text[256];
  unsigned used;
  void (*write)(const char*, uint64_t);
} Line;

static void flush(Line* line) {
  line->write(line->text, line->used);
  line->used = 0;
}

static void put(Line* line, char c) {
  if (line->used == sizeof line->text) flush(line);
  line->text[line->used++] = c;
}

static void put_number(Line* line, uint64_t value, unsigned base, unsigned width) {
  char digits[24];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (count < width && count < sizeof digits) digits[count++] = '0';
  while (count != 0) put(line, digits[--count]);
}

static void format_text(Line* line, const char* format, va_list arguments) {
  for (; *format != 0; ++format) {
    if (*format != '%') {
      put(line, *format);
      continue;
    }
    unsigned width = 0;
    while (format[1] >= '0' && format[1] <= '9') width = width * 10 + (unsigned)(*++format - '0');
    switch (*++format) {
      case 's':
        for (const char* s = va_arg(arguments, const char*); *s != 0; ++s) put(line, *s);
        break;
      case 'c': put(line, (char)va_arg(arguments, int)); break;
      case 'd': {
        const int64_t value = va_arg(arguments, int64_t);
        if (value < 0) put(line, '-');
        put_number(line, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, width);
        break;
      }
      case 'x': put_number(line, va_arg(arguments, uint64_t), 16, width); break;
      default: put(line, *format); break;
    }
  }
  flush(line);
}

void print(const char* format, ...) {
  Line line = {.write = console_write};
  va_list arguments;
  va_start(arguments, format);
  format_text(&line, format, arguments);
  va_end(arguments);
}

static void write_debug(const char* text, uint64_t bytes) {
  static const uint16_t kDebugPort = 0x402;
  for (uint64_t i = 0; i < bytes; ++i) out_byte(kDebugPort, (uint8_t)text[i]);
}

void debug(const char* format, ...) {
  if (!debug_enabled) return;
  Line line = {.write = write_debug};
  va_list arguments;
  va_start(arguments, format);
  format_text(&line, format, arguments);
  va_end(arguments);
}

bool to_efi_text(const char* text, EfiChar* out, size_t characters) {
  size_t used = 0;
  for (const uint8_t* in = (const uint8_t*)text; *in != 0;) {
    if (used + 1 >= characters) return false;
    const unsigned more = *in >= 0xf0 ? 3 : *in >= 0xe0 ? 2 : *in >= 0xc0 ? 1 : 0;
    uint32_t code = more == 0 ? *in : *in & (0x3fu >> more);
    ++in;
    for (unsigned i = 0; i < more && (*in & 0xc0) == 0x80; ++i) code = code << 6 | (*in++ & 0x3f);
    out[used++] = code < 0x10000 ? (EfiChar)code : '?';
  }
  out[used] = 0;
  return true;
}

bool from_efi_text(const EfiChar* text, char* out, size_t bytes) {
  size_t used = 0;
  for (; *text != 0; ++text) {
    if (used + 4 > bytes) return false;
    const EfiChar code = *text;
    if (code < 0x80) {
      out[used++] = (char)code;
    } else if (code < 0x800) {
      out[used++] = (char)(0xc0 | code >> 6);
      out[used++] = (char)(0x80 | (code & 0x3f));
    } else {
      out[used++] = (char)(0xe0 | code >> 12);
      out[used++] = (char)(0x80 | (code >> 6 & 0x3f));
      out[used++] = (char)(0x80 | (code & 0x3f));
    }
  }
  out[used] = 0;
  return true;
}
