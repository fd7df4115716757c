// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's clock, for what people wait for: windows, pace and wall limits. No guest sees it.
#pragma once

#include <chrono>
#include <cstdint>

namespace ice86 {

// Nanoseconds from some fixed instant.
inline std::uint64_t host_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace ice86
