// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/units.h"

#include <fmt/core.h>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

namespace ice86 {

namespace {

struct NumberAndUnit {
  double number;
  std::string unit;
};

std::optional<NumberAndUnit> split_unit(const std::string& text) {
  if (text.empty() || (std::isdigit(static_cast<unsigned char>(text[0])) == 0)) return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !std::isfinite(number)) return std::nullopt;
  return NumberAndUnit{number, end};
}

}  // namespace

Result<std::uint64_t> parse_size(const std::string& text, std::uint64_t plain_unit) {
  const auto parts = split_unit(text);
  if (parts) {
    static const std::pair<const char*, std::uint64_t> kUnits[] = {
        {"K", 1ULL << 10}, {"k", 1ULL << 10}, {"M", 1ULL << 20},
        {"m", 1ULL << 20}, {"G", 1ULL << 30}, {"g", 1ULL << 30}};
    std::uint64_t unit = parts->unit.empty() ? plain_unit : 0;
    for (const auto& [name, value] : kUnits) {
      if (parts->unit == name || parts->unit == std::string(name) + "iB" ||
          parts->unit == std::string(name) + "B")
        unit = value;
    }
    if (unit != 0 && parts->number < 1e12)
      return static_cast<std::uint64_t>(parts->number * static_cast<double>(unit));
  }
  return usage_error(fmt::format("'{}' is no size such as 64M or 2G", text));
}

Result<std::uint64_t> parse_duration_ns(const std::string& text) {
  const auto parts = split_unit(text);
  if (parts) {
    static const std::pair<const char*, double> kUnits[] = {
        {"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"min", 60e9}, {"h", 3600e9}};
    for (const auto& [name, value] : kUnits) {
      if (parts->unit == name && parts->number * value < 9e18) {
        return static_cast<std::uint64_t>(std::llround(parts->number * value));
      }
    }
  }
  return usage_error(fmt::format("'{}' is no duration such as 30s, 20ms or 5min", text));
}

}  // namespace ice86
