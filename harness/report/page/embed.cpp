// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/page/embed.h"

#include <string_view>

#include "emulator/base/assert.h"

namespace ice86::harness {

namespace {

void fill_in(std::string& html, std::string_view placeholder, std::string_view text) {
  const std::size_t place = html.find(placeholder);
  ICE86_ASSERT(place != std::string::npos);
  html.replace(place, placeholder.size(), text);
}

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::span<const std::uint8_t> page_style();  // look.css

std::string page_with_data(std::span<const std::uint8_t> page, const nlohmann::ordered_json& data) {
  // "</script>" in a guest's text must not end the element.
  std::string json;
  for (const char c : data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) {
    if (c == '<') {
      json += "\\u003c";
    } else {
      json += c;
    }
  }
  std::string html(text_of(page));
  fill_in(html, "@STYLE@", text_of(page_style()));
  fill_in(html, "@DATA@", json);
  return html;
}

}  // namespace ice86::harness
