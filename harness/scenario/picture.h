// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures of screens that scenarios compare with.
#pragma once

#include <filesystem>
#include <string>

#include "devices/vga/frame.h"
#include "emulator/base/result.h"

namespace ice86::harness {

// A PNG file, of at most 4096 by 4096 pixels.
Result<devices::Frame> read_picture(const std::filesystem::path& file);
Result<void> write_picture(const std::filesystem::path& file, const devices::Frame& frame);

// Empty: alike. `tolerance`: how far a colour channel may be off, 0 to 255; `share`: of the pixels
// that may be off by more, 0 to 1.
std::string compare_pictures(const devices::Frame& wanted, const devices::Frame& got,
                             unsigned tolerance, double share);

}  // namespace ice86::harness
