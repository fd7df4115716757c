// SPDX-License-Identifier: LGPL-2.1-or-later
// "${name}" in a scenario file: what a matrix gives a name to.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "emulator/base/result.h"

namespace ice86::harness {

using Values = std::map<std::string, std::string, std::less<>>;

// `text` with each ${name} replaced; `used` gets the names. Errors, with `origin` and the line: a
// name that `values` has not, a brace that does not close.
Result<std::string> substitute(std::string_view text, const Values& values,
                               const std::string& origin, std::set<std::string>& used);

}  // namespace ice86::harness
