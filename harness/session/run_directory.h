// SPDX-License-Identifier: LGPL-2.1-or-later
// The folder that keeps everything of one run: the exact command, firmware hashes, logs, screen,
// state.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "emulator/machine/pc.h"
#include "harness/session/line_log.h"

namespace ice86::harness {

struct RunRecord {
  std::vector<std::string> command;  // argv
  const LineLog* serial = nullptr;   // COM1
  const LineLog* debug_console = nullptr;
  std::string ending;  // one line, as printed
};

// A word as a POSIX shell would need it, so that a command can be pasted.
std::string shell_word(const std::string& word);

// Creates `folder` (and its parents) and checks that files can be made in it.
Result<void> create_run_directory(const std::filesystem::path& folder);

// Writes command.txt, machine.json, serial.log, debugcon.log, screen.txt, screen.png and
// state.snap. The trace is written by whoever records it, as trace.jsonl.
Result<void> write_run_directory(const std::filesystem::path& folder, machine::Pc& pc,
                                 const RunRecord& record);

}  // namespace ice86::harness
