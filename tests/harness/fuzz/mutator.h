// SPDX-License-Identifier: LGPL-2.1-or-later
// Damages files: bits, bytes, numbers, lines and whole parts, from one or two good ones.
#pragma once

#include <string>
#include <vector>

#include "tests/fuzz/random.h"

namespace ice86::harness::fuzz {

using ice86::fuzz::Random;

// One of `good`, changed in one to eight places.
std::string damaged(Random& random, const std::vector<std::string>& good);

}  // namespace ice86::harness::fuzz
