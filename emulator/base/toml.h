// SPDX-License-Identifier: LGPL-2.1-or-later
// toml++ as every part of ice86 uses it: errors are values, nothing but headers.
#pragma once

#include <string>
#include <string_view>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "emulator/base/result.h"

namespace ice86 {

// Errors name `origin` and the line. Any bytes may be given.
Result<toml::table> parse_toml(std::string_view text, const std::string& origin);

}  // namespace ice86
