// SPDX-License-Identifier: LGPL-2.1-or-later
// Guest memory by linear address, as the guest's own code would read it, without side effects.
#pragma once

#include <cstdint>
#include <span>

#include "emulator/machine/pc.h"

namespace ice86::machine {

// What is not mapped leaves its bytes as they are. Returns how many there are before the first such
// byte.
std::size_t peek_linear(const Pc& pc, std::uint64_t linear, std::span<std::uint8_t> bytes);

// 1 to 8 bytes as a number, little-endian; what is not mapped is 0.
std::uint64_t peek_linear(const Pc& pc, std::uint64_t linear, unsigned width);

}  // namespace ice86::machine
