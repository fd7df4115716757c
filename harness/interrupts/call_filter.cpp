// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/interrupts/call_filter.h"

#include <charconv>

namespace ice86::harness {

namespace {

std::optional<unsigned> hexadecimal(std::string_view text, unsigned most) {
  if (text.size() > 2 && text.substr(0, 2) == "0x") text.remove_prefix(2);
  if (!text.empty() && (text.back() == 'h' || text.back() == 'H')) text.remove_suffix(1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

}  // namespace

std::optional<CallFilter> parse_call_filter(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto vector = hexadecimal(text.substr(0, colon), 0xff);
  if (!vector) return std::nullopt;
  CallFilter filter;
  filter.vector = static_cast<std::uint8_t>(*vector);
  if (colon == std::string_view::npos) return filter;
  const std::string_view function = text.substr(colon + 1);
  const auto value = hexadecimal(function, 0xffff);
  if (!value) return std::nullopt;
  filter.function = static_cast<std::uint16_t>(*value);
  filter.whole_ax = *value > 0xff || function.size() > 3;
  return filter;
}

}  // namespace ice86::harness
