// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes and times as people write them.
#pragma once

#include <cstdint>
#include <string>

#include "emulator/base/result.h"

namespace ice86 {

// "128M", "1G", "65536K"; a plain number is in units of `plain_unit` bytes.
Result<std::uint64_t> parse_size(const std::string& text, std::uint64_t plain_unit);
// "1.5s", "20ms", "100us", "50ns"; a plain number is seconds.
Result<std::uint64_t> parse_duration_ns(const std::string& text);

}  // namespace ice86
