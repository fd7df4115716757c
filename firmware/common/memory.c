// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory functions a freestanding compiler may call by itself.
#include <stddef.h>
#include <stdint.h>

#include "firmware/common/memory.h"

void* memcpy(void* to, const void* from, size_t size) {
  void* const start = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
  return start;
}

void* memmove(void* to, const void* from, size_t size) {
  if ((uintptr_t)to - (uintptr_t)from >= size) return memcpy(to, from, size);
  uint8_t* const out = to;
  const uint8_t* const in = from;
  while (size-- > 0) out[size] = in[size];
  return to;
}

void* memset(void* to, int value, size_t size) {
  void* const start = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
  return start;
}

int memcmp(const void* left, const void* right, size_t size) {
  const uint8_t *a = left, *b = right;
  for (size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}
