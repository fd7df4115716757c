// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/symbol_map.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <vector>

namespace ice86::machine {

namespace {

constexpr std::uint64_t kLongestFunction = 0x4000;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != line.npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<std::uint64_t> number(std::string_view text) {
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> address(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return number(text);
  const auto segment = number(text.substr(0, colon));
  const auto offset = number(text.substr(colon + 1));
  if (!segment || !offset || *segment > 0xffff) return std::nullopt;
  return *segment * 16 + *offset;
}

}  // namespace

Result<SymbolMap> SymbolMap::parse(std::string_view text) {
  SymbolMap map;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::vector<std::string_view> words = words_of(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (words.size() != 2 && (words.size() != 3 || words[1].size() != 1)) continue;
    // Absolute symbols are constants, as a rule.
    if (words.size() == 3 && (words[1] == "a" || words[1] == "A" || words[1] == "U")) continue;
    if (const auto at = address(words[0])) map.names_.emplace(*at, words.back());
  }
  if (map.names_.empty()) return Error("no symbols: a line each is wanted, as nm prints them");
  return map;
}

std::string SymbolMap::at(std::uint64_t linear) const {
  auto after = names_.upper_bound(linear);
  if (after == names_.begin()) return "";
  const auto& [address, name] = *--after;
  if (linear - address > kLongestFunction) return "";
  return linear == address ? name : fmt::format("{}+{:#x}", name, linear - address);
}

}  // namespace ice86::machine
