// SPDX-License-Identifier: LGPL-2.1-or-later
// The checksum of most tables that PC firmware leaves.
#pragma once

#include <stdint.h>

// What makes all bytes add up to 0, when it takes the place of a 0 among them.
static inline uint8_t byte_checksum(const void* data, uint32_t size) {
  const uint8_t* const bytes = data;
  uint8_t sum = 0;
  for (uint32_t i = 0; i < size; ++i) sum = (uint8_t)(sum + bytes[i]);
  return (uint8_t)-sum;
}
