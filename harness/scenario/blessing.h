// SPDX-License-Identifier: LGPL-2.1-or-later
// `--bless`: golden traces and pictures become what was seen, after somebody has looked at what
// changes. A play only proposes, in its run directory; nothing of a scenario is touched before
// write_blessings().
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::harness {

struct CaseResult;

struct Blessing {
  std::filesystem::path file;      // the golden file
  std::filesystem::path proposal;  // what it would become
  std::string changes;             // for people; may have several lines
};

// Of the cases that passed otherwise. Errors: two of them want different contents for one file.
Result<std::vector<Blessing>> proposed(std::span<const CaseResult> results);

// Each with its changes, as a terminal shows them.
std::string blessings_text(std::span<const Blessing> blessings);

Result<void> write_blessings(std::span<const Blessing> blessings);

}  // namespace ice86::harness
