// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/substitute.h"

#include <fmt/core.h>

#include <algorithm>

namespace ice86::harness {

Result<std::string> substitute(std::string_view text, const Values& values,
                               const std::string& origin, std::set<std::string>& used) {
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t open = text.find("${", at);
    out += text.substr(at, open - at);
    if (open == std::string_view::npos) return out;
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), '\n');
    const std::size_t close = text.find_first_of("}\n", open);
    if (close == std::string_view::npos || text[close] != '}')
      return usage_error(fmt::format("{}:{}: '${{' without '}}'", origin, line));
    const std::string_view name = text.substr(open + 2, close - open - 2);
    const auto value = values.find(name);
    if (value == values.end()) {
      std::string known;
      for (const auto& [one, its] : values) known += (known.empty() ? "" : ", ") + one;
      return usage_error(
          fmt::format("{}:{}: there is no ${{{}}}; there are {}", origin, line, name, known));
    }
    used.insert(value->first);
    out += value->second;
    at = close + 1;
  }
}

}  // namespace ice86::harness
