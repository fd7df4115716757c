// SPDX-License-Identifier: LGPL-2.1-or-later
// What the commands that make a trace of BIOS calls do with it: --out, --json, --summary, --quiet.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "emulator/base/result.h"
#include "harness/trace/int_event.h"

namespace ice86::app {

struct TraceOutput {
  std::optional<std::string> out;
  bool json = false;
  bool summary_only = false;
  bool quiet = false;

  // The file, if one is wanted.
  Result<void> write(const harness::IntTrace& trace) const;
  // To standard output.
  void print(const harness::IntTrace& trace) const;
};

// `summaries`: what --summary prints, for --help.
void add_trace_output_options(CLI::App& command, TraceOutput& output,
                              const std::string& summaries = "the summary by service");

}  // namespace ice86::app
