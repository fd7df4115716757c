// SPDX-License-Identifier: LGPL-2.1-or-later
// Malformed instruction streams: random bytes, instruction forms with random parts, instructions
// that change the machine, and pieces of the stream again with bits changed.
#pragma once

#include <cstdint>
#include <span>

#include "tests/fuzz/random.h"

namespace ice86::cpu::fuzz {

using ice86::fuzz::mix;
using ice86::fuzz::Random;

// Fills `code`, for code that mostly runs with `bits` (16, 32 or 64). Immediates that stand for
// addresses mostly lie below `addresses`.
void fill_stream(Random& random, std::span<std::uint8_t> code, unsigned bits,
                 std::uint32_t addresses);

// A value that some check may get wrong: small, at a border, or anything.
std::uint64_t edge_value(Random& random);

}  // namespace ice86::cpu::fuzz
