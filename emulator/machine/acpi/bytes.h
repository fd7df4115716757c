// SPDX-License-Identifier: LGPL-2.1-or-later
// Tables for firmware, written byte by byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ice86::machine {

using Bytes = std::vector<std::uint8_t>;

// The low `bytes` bytes of a number, little-endian.
inline void put(Bytes& to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (i * 8)));
}

// Without a zero behind.
inline void put(Bytes& to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
}

}  // namespace ice86::machine
