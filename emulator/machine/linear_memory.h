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

// As many bytes as `room` has: where they are, until something runs, or in `room`. What is not
// mapped is 0.
std::span<const std::uint8_t> view_linear(const Pc& pc, std::uint64_t linear,
                                          std::span<std::uint8_t> room);

// 1 to 8 bytes as a number, little-endian; what is not mapped is 0.
std::uint64_t peek_linear(const Pc& pc, std::uint64_t linear, unsigned width);

}  // namespace ice86::machine
