// SPDX-License-Identifier: LGPL-2.1-or-later
// Whole files: read with a limit, written so that a reader sees the old or the new one, never a
// half.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/result.h"

namespace ice86 {

// Reads a regular file; the error names the path and the reason (missing, a folder, unreadable, too
// large).
Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path, std::uint64_t most);

// Writes to a temporary file beside `path`, then renames it.
Result<void> write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
Result<void> write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace ice86
