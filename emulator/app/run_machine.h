// SPDX-License-Identifier: LGPL-2.1-or-later
// A run of a machine: what `ice86 run`, `record` and `replay` share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/app/debug_options.h"
#include "emulator/app/display_options.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/qemu_options.h"
#include "emulator/base/result.h"

namespace CLI {
class App;
}

namespace ice86::app {

struct RunOptions {
  MachineOptions machine;
  QemuOptions qemu;
  DisplayOptions display;
  DebugOptions debug;
  std::optional<std::string> run_dir;
  std::vector<std::string> events;
  bool print_screen = false;
  bool hash = false;
};

// What there is to see of a run, whichever machine it is: --run-dir, --events, --print-screen,
// --hash.
void add_observer_options(CLI::App& command, RunOptions& options);

// Of a replay: files for the trace of BIOS calls.
struct TraceFiles {
  std::optional<std::string> trace, html;
  bool any() const { return trace || html; }
};

// Makes the machine, runs it to its end, and writes what is wanted of it. `words`: the command
// line, for the run directory. The exit code.
Result<int> run_machine(RunOptions options, DisplayPlan plan, const std::vector<std::string>& words,
                        const TraceFiles& files = {});

}  // namespace ice86::app
