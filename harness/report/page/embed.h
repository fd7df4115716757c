// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts data into a page for a browser.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace ice86::harness {

// `page` has @STYLE@ where what all pages look alike in goes (look.css), and @DATA@ where `data`
// goes, as JSON that no text in it can end.
std::string page_with_data(std::span<const std::uint8_t> page, const nlohmann::ordered_json& data);

}  // namespace ice86::harness
