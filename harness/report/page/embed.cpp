// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/page/embed.h"

#include <string_view>

#include "emulator/base/assert.h"

namespace ice86::harness {

namespace {

constexpr std::string_view kPlaceholder = "@DATA@";

}  // namespace

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
  std::string html(reinterpret_cast<const char*>(page.data()), page.size());
  const std::size_t place = html.find(kPlaceholder);
  ICE86_ASSERT(place != std::string::npos);
  html.replace(place, kPlaceholder.size(), json);
  return html;
}

}  // namespace ice86::harness
