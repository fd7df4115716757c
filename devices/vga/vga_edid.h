// SPDX-License-Identifier: LGPL-2.1-or-later
// What the monitor says about itself.
// Reference: VESA Enhanced EDID Standard, release A revision 2 (EDID 1.4).
#pragma once

#include <array>
#include <cstdint>

namespace ice86::devices {

constexpr unsigned kEdidSize = 128;

// A digital monitor that prefers 1024x768 and takes everything up to 2560x1600.
std::array<std::uint8_t, kEdidSize> make_edid();

}  // namespace ice86::devices
