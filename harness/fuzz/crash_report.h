// SPDX-License-Identifier: LGPL-2.1-or-later
// What is kept of a finding: NAME.input, and for people NAME.txt, NAME.trace, NAME.html
// and NAME.toml; and for all of them index.html.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/fuzz/campaign.h"

namespace ice86::harness {

Result<void> write_crash(Rig& rig, const Finding& finding, const Input& input,
                         const std::filesystem::path& file, const std::string& replay_command,
                         std::uint64_t seconds);

// A page with a line for each, beside theirs.
Result<void> write_crash_list(const std::vector<CrashFile>& crashes,
                              const std::filesystem::path& file);

// Those of a folder, sorted by name.
std::vector<CrashFile> crashes_in(const std::filesystem::path& folder);

}  // namespace ice86::harness
