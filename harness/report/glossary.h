// SPDX-License-Identifier: LGPL-2.1-or-later
// What the BIOS services are for, in a sentence or two, for people who meet them first.
#pragma once

#include <cstdint>
#include <string_view>

namespace ice86::harness {

// "disk", "video"; empty: none known.
std::string_view vector_name(std::uint8_t vector);
// Of an IntEvent::service; empty: nothing known.
std::string_view about_service(std::string_view service);

}  // namespace ice86::harness
