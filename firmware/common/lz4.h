// SPDX-License-Identifier: LGPL-2.1-or-later
// Unpacks an LZ4 block: for what is large and has to be there soon.
// Reference: LZ4 Block Format Description (lz4.org).
#pragma once

#include <stdint.h>

// Unpacks `packed_size` bytes into exactly `size` bytes at `to`; neither side is read or written
// outside its bounds. Returns NULL, or what is wrong.
const char* lz4_unpack(void* to, uint32_t size, const void* packed, uint32_t packed_size);
