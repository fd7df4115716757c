// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/scenario/strokes.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <utility>

namespace ice86::harness {

namespace {

using devices::KeyCode;

struct Symbol {
  char plain, shifted;
  KeyCode key;
};

constexpr Symbol kSymbols[] = {
    {'1', '!', KeyCode::k1},           {'2', '@', KeyCode::k2},
    {'3', '#', KeyCode::k3},           {'4', '$', KeyCode::k4},
    {'5', '%', KeyCode::k5},           {'6', '^', KeyCode::k6},
    {'7', '&', KeyCode::k7},           {'8', '*', KeyCode::k8},
    {'9', '(', KeyCode::k9},           {'0', ')', KeyCode::k0},
    {'-', '_', KeyCode::kMinus},       {'=', '+', KeyCode::kEqual},
    {'[', '{', KeyCode::kLeftBracket}, {']', '}', KeyCode::kRightBracket},
    {'\\', '|', KeyCode::kBackslash},  {';', ':', KeyCode::kSemicolon},
    {'\'', '"', KeyCode::kApostrophe}, {'`', '~', KeyCode::kGrave},
    {',', '<', KeyCode::kComma},       {'.', '>', KeyCode::kPeriod},
    {'/', '?', KeyCode::kSlash},       {' ', ' ', KeyCode::kSpace},
    {'\n', '\n', KeyCode::kEnter},     {'\t', '\t', KeyCode::kTab},
    {'\b', '\b', KeyCode::kBackspace}, {'\x1b', '\x1b', KeyCode::kEscape}};

std::optional<Stroke> stroke_of(char c) {
  if (c >= 'a' && c <= 'z') return Stroke{devices::key_code(std::string(1, c)).value()};
  if (c >= 'A' && c <= 'Z') {
    return Stroke{KeyCode::kLeftShift,
                  devices::key_code(std::string(1, static_cast<char>(c - 'A' + 'a'))).value()};
  }
  for (const Symbol& symbol : kSymbols) {
    if (c == symbol.plain) return Stroke{symbol.key};
    if (c == symbol.shifted) return Stroke{KeyCode::kLeftShift, symbol.key};
  }
  return std::nullopt;
}

std::optional<KeyCode> key_named(std::string_view name) {
  static constexpr std::pair<std::string_view, KeyCode> kShort[] = {
      {"ctrl", KeyCode::kLeftControl}, {"alt", KeyCode::kLeftAlt},  {"shift", KeyCode::kLeftShift},
      {"ret", KeyCode::kEnter},        {"spc", KeyCode::kSpace},    {"esc", KeyCode::kEscape},
      {"pgup", KeyCode::kPageUp},      {"pgdn", KeyCode::kPageDown}};
  for (const auto& [word, key] : kShort) {
    if (word == name) return key;
  }
  return devices::key_code(name);
}

// nullopt: a name is unknown.
std::optional<Stroke> chord(std::string_view names, char separator) {
  Stroke stroke;
  for (;;) {
    const std::size_t end = names.find(separator);
    const auto key = key_named(names.substr(0, end));
    if (!key) return std::nullopt;
    stroke.push_back(*key);
    if (end == std::string_view::npos) return stroke;
    names.remove_prefix(end + 1);
  }
}

}  // namespace

Result<std::vector<Stroke>> strokes_of_text(std::string_view text) {
  std::vector<Stroke> strokes;
  for (const char c : text) {
    const auto stroke = stroke_of(c);
    if (!stroke) {
      return usage_error(fmt::format("no key of a US keyboard gives the character {:#04x}",
                                     static_cast<unsigned char>(c)));
    }
    strokes.push_back(*stroke);
  }
  return strokes;
}

Result<std::vector<Stroke>> strokes_of_names(std::string_view names) {
  std::vector<Stroke> strokes;
  while (!names.empty()) {
    const std::size_t end = names.find(' ');
    const std::string_view word = names.substr(0, end);
    names.remove_prefix(end == std::string_view::npos ? names.size() : end + 1);
    if (word.empty()) continue;
    auto stroke = chord(word, '+');
    if (!stroke) stroke = chord(word, '-');
    if (!stroke) return usage_error(fmt::format("there is no key '{}'", word));
    strokes.push_back(std::move(*stroke));
  }
  return strokes;
}

}  // namespace ice86::harness
