// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/lz4.h"

#include <stdbool.h>
#include <stddef.h>

#include "firmware/common/memory.h"

enum { MORE = 15, SHORTEST_MATCH = 4 };

// A length goes on in further bytes, as long as they are 255.
static bool extend(uint32_t* length, const uint8_t** in, const uint8_t* end) {
  uint8_t byte;
  do {
    if (*in == end || *length > 0x7fffffffu) return false;
    byte = *(*in)++;
    *length += byte;
  } while (byte == 255);
  return true;
}

// Byte by byte and upwards: a match may run into what it writes, which is more than memcpy allows.
static void copy_up(uint8_t* to, const uint8_t* from, uint32_t size) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

const char* lz4_unpack(void* to, uint32_t size, const void* packed, uint32_t packed_size) {
  static const char kDamaged[] = "packed data is damaged";
  const uint8_t *in = packed, *const end = in + packed_size;
  uint8_t* const out = to;
  uint32_t at = 0;
  while (in != end) {
    const uint8_t token = *in++;
    uint32_t literals = token >> 4;
    if (literals == MORE && !extend(&literals, &in, end)) return kDamaged;
    if (literals > (uint32_t)(end - in) || literals > size - at) return kDamaged;
    memcpy(out + at, in, literals);
    in += literals;
    at += literals;
    if (in == end) break;  // the last sequence has no match
    if (end - in < 2) return kDamaged;
    const uint32_t distance = in[0] | (uint32_t)in[1] << 8;
    in += 2;
    uint32_t match = token & 15;
    if (match == MORE && !extend(&match, &in, end)) return kDamaged;
    match += SHORTEST_MATCH;
    if (distance == 0 || distance > at || match > size - at) return kDamaged;
    copy_up(out + at, out + at - distance, match);
    at += match;
  }
  return at == size ? NULL : "packed data is cut off";
}
