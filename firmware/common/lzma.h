// SPDX-License-Identifier: LGPL-2.1-or-later
// Unpacks LZMA: what makes a stack of firmware fit a small flash part.
// Reference: LZMA specification (draft of 2015, public domain), sections 'Decoding'.
#pragma once

#include <stdint.h>

// Unpacks `packed_size` bytes into exactly `size` bytes at `to`. The first packed byte says lc, lp
// and pb ((pb * 5 + lp) * 9 + lc, lc + lp at most 4); the raw LZMA stream follows, with or without
// an end marker. Neither side is read or written outside its bounds. Returns NULL, or what is
// wrong.
const char* lzma_unpack(void* to, uint32_t size, const void* packed, uint32_t packed_size);
