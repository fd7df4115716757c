// SPDX-License-Identifier: LGPL-2.1-or-later
// Many scenarios: which of them, several at once, each in a process of its own, so that whatever
// happens to one the results of the others are kept.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/player.h"
#include "harness/scenario/scenario_file.h"

namespace ice86::harness {

// A scenario of a suite, or a file that is none.
struct SuiteCase {
  std::filesystem::path file;
  std::string name;
  std::vector<std::string> tags;
  std::optional<ScenarioCase> scenario;  // none: `refusal` says why
  std::string refusal;
  Outcome::Verdict refusal_verdict = Outcome::Verdict::kInvalid;
};

struct CaseResult {
  std::string file, name;
  std::vector<std::string> tags;
  Outcome outcome;
  double wall_seconds = 0;
  std::string again;   // the command that repeats it, with a window
  std::string folder;  // its run directory
};

struct Selection {
  std::vector<std::string> names;  // parts of names; none: all
  std::vector<std::string> tags, without_tags;
  unsigned shard = 1, shards = 1;
  // Those that did not pass last time, as "file name"; none: all.
  std::optional<std::set<std::string>> last_failed;
};

// Files, and folders that are searched for *.toml; in the order of their paths. A file that is no
// scenario becomes a case that fails; a path that does not exist is an error.
Result<std::vector<SuiteCase>> find_cases(const std::vector<std::string>& paths,
                                          const ScenarioPlaces& places);
std::vector<SuiteCase> select(std::vector<SuiteCase> cases, const Selection& selection);

struct SuiteOptions {
  unsigned jobs = 1;
  std::filesystem::path out;  // a folder for each case, and results.json
  bool bless = false;
  std::function<Result<machine::PcConfig>(const machine::MachineFile&)> machine;
  // The word before "test", and words for every scenario.
  std::string program = "ice86";
  // Told when a case has ended.
  std::function<void(const CaseResult&)> ended;
  // In this process, with somebody before the machine.
  std::function<std::function<machine::Instant()>(machine::Pc&)> attend;
  std::function<bool()> interrupted;
};

// In the order of `cases`.
Result<std::vector<CaseResult>> run_suite(const std::vector<SuiteCase>& cases,
                                          const SuiteOptions& options);

}  // namespace ice86::harness
