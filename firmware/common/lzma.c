// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/common/lzma.h"

#include <stdbool.h>
#include <stddef.h>

enum { STATES = 12, POSITIONS = 16, LITERAL_SIZE = 0x300, LITERAL_CONTEXTS = 16 };
enum { FIRST_DISTANCE_MODEL = 4, END_DISTANCE_MODEL = 14, ALIGN_BITS = 4, SHORTEST_MATCH = 2 };
enum { HALF = 1024, PROBABILITY_BITS = 11, ADAPTATION = 5 };
#define RANGE_TOP 0x1000000u

typedef uint16_t Probability;

typedef struct {
  Probability choice[2];
  Probability low[POSITIONS][8], middle[POSITIONS][8], high[256];
} LengthModel;

typedef struct {
  Probability match[STATES][POSITIONS];
  Probability repeat[STATES], repeat_first[STATES], repeat_second[STATES], repeat_third[STATES];
  Probability repeat_long[STATES][POSITIONS];
  Probability slot[4][64];
  Probability distance[1 + 128 - END_DISTANCE_MODEL];
  Probability align[1 << ALIGN_BITS];
  LengthModel length, repeat_length;
  Probability literal[LITERAL_CONTEXTS][LITERAL_SIZE];
} Model;

typedef struct {
  const uint8_t *in, *end;
  uint32_t range, code;
  bool overrun;
} RangeDecoder;

static Model model;

static void normalize(RangeDecoder* d) {
  if (d->range >= RANGE_TOP) return;
  d->range <<= 8;
  if (d->in == d->end) {
    d->overrun = true;
    d->code <<= 8;
  } else {
    d->code = d->code << 8 | *d->in++;
  }
}

static unsigned bit(RangeDecoder* d, Probability* p) {
  normalize(d);
  const uint32_t bound = (d->range >> PROBABILITY_BITS) * *p;
  if (d->code < bound) {
    d->range = bound;
    *p = (Probability)(*p + (((1u << PROBABILITY_BITS) - *p) >> ADAPTATION));
    return 0;
  }
  d->range -= bound;
  d->code -= bound;
  *p = (Probability)(*p - (*p >> ADAPTATION));
  return 1;
}

// A number of `bits` bits, the highest first, each bit with a model that depends on those before.
static unsigned tree(RangeDecoder* d, Probability* models, unsigned bits) {
  unsigned node = 1;
  for (unsigned i = 0; i < bits; ++i) node = node << 1 | bit(d, &models[node]);
  return node - (1u << bits);
}

// The same, the lowest bit first.
static unsigned reverse_tree(RangeDecoder* d, Probability* models, unsigned bits) {
  unsigned node = 1, value = 0;
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned b = bit(d, &models[node]);
    node = node << 1 | b;
    value |= b << i;
  }
  return value;
}

static uint32_t direct(RangeDecoder* d, unsigned bits) {
  uint32_t value = 0;
  for (; bits > 0; --bits) {
    normalize(d);
    d->range >>= 1;
    const bool one = d->code >= d->range;
    if (one) d->code -= d->range;
    value = value << 1 | one;
  }
  return value;
}

static unsigned length(RangeDecoder* d, LengthModel* m, unsigned position) {
  if (bit(d, &m->choice[0]) == 0) return tree(d, m->low[position], 3);
  if (bit(d, &m->choice[1]) == 0) return 8 + tree(d, m->middle[position], 3);
  return 16 + tree(d, m->high, 8);
}

static uint32_t distance(RangeDecoder* d, unsigned match_length) {
  const unsigned slot = tree(d, model.slot[match_length < 4 ? match_length : 3], 6);
  if (slot < FIRST_DISTANCE_MODEL) return slot;
  const unsigned bits = (slot >> 1) - 1;
  const uint32_t base = (2u | (slot & 1)) << bits;
  if (slot < END_DISTANCE_MODEL) return base + reverse_tree(d, model.distance + base - slot, bits);
  const uint32_t middle = direct(d, bits - ALIGN_BITS) << ALIGN_BITS;
  return base + middle + reverse_tree(d, model.align, ALIGN_BITS);
}

// `matched`: the byte at the last distance, when the symbol before was a match; -1: it was not.
static uint8_t literal(RangeDecoder* d, Probability* models, int matched) {
  unsigned symbol = 1;
  while (matched >= 0 && symbol < 0x100) {
    const unsigned expected = (unsigned)matched >> 7 & 1;
    matched = matched << 1 & 0xff;
    const unsigned b = bit(d, &models[((1 + expected) << 8) + symbol]);
    symbol = symbol << 1 | b;
    if (b != expected) break;
  }
  while (symbol < 0x100) symbol = symbol << 1 | bit(d, &models[symbol]);
  return (uint8_t)symbol;
}

const char* lzma_unpack(void* to, uint32_t size, const void* packed, uint32_t packed_size) {
  const uint8_t* const bytes = packed;
  uint8_t* const out = to;
  if (packed_size < 6) return "packed data is cut off";
  const unsigned lc = bytes[0] % 9, lp = bytes[0] / 9 % 5, pb = bytes[0] / 45;
  if (lc + lp > 4 || pb > 4 || bytes[1] != 0) return "packed in a way that is not known";
  Probability* const all = (Probability*)&model;
  for (unsigned i = 0; i < sizeof model / sizeof *all; ++i) all[i] = HALF;
  RangeDecoder d = {bytes + 6, bytes + packed_size, 0xffffffffu, 0, false};
  for (unsigned i = 2; i < 6; ++i) d.code = d.code << 8 | bytes[i];

  uint32_t rep[4] = {0, 0, 0, 0};
  unsigned state = 0;
  uint32_t at = 0;
  while (at < size) {
    if (d.overrun) return "packed data is cut off";
    const unsigned position = at & ((1u << pb) - 1);
    if (bit(&d, &model.match[state][position]) == 0) {
      const unsigned before = at > 0 ? out[at - 1] : 0;
      const unsigned context = (at & ((1u << lp) - 1)) << lc | before >> (8 - lc);
      if (state >= 7 && rep[0] >= at) return "packed data is damaged";
      const int matched = state >= 7 ? out[at - rep[0] - 1] : -1;
      out[at++] = literal(&d, model.literal[context], matched);
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    unsigned count;
    if (bit(&d, &model.repeat[state]) == 0) {
      rep[3] = rep[2];
      rep[2] = rep[1];
      rep[1] = rep[0];
      count = length(&d, &model.length, position);
      rep[0] = distance(&d, count);
      state = state < 7 ? 7 : 10;
    } else {
      bool one_byte = false;
      if (bit(&d, &model.repeat_first[state]) == 0) {
        one_byte = bit(&d, &model.repeat_long[state][position]) == 0;
      } else {
        uint32_t chosen = rep[1];
        if (bit(&d, &model.repeat_second[state]) != 0) {
          chosen = rep[2];
          if (bit(&d, &model.repeat_third[state]) != 0) {
            chosen = rep[3];
            rep[3] = rep[2];
          }
          rep[2] = rep[1];
        }
        rep[1] = rep[0];
        rep[0] = chosen;
      }
      if (one_byte) {
        if (rep[0] >= at) return "packed data is damaged";
        out[at] = out[at - rep[0] - 1];
        ++at;
        state = state < 7 ? 9 : 11;
        continue;
      }
      count = length(&d, &model.repeat_length, position);
      state = state < 7 ? 8 : 11;
    }
    count += SHORTEST_MATCH;
    // The end marker is such a distance too: it must not come before the end.
    if (rep[0] >= at || count > size - at) return "packed data is damaged";
    for (; count > 0; --count, ++at) out[at] = out[at - rep[0] - 1];
  }
  return d.overrun ? "packed data is cut off" : NULL;
}
