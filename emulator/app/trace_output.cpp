// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/trace_output.h"

#include <fmt/core.h>

#include <cstdio>

#include "harness/report/text.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

Result<void> TraceOutput::write(const harness::IntTrace& trace) const {
  return out ? harness::write_trace(*out, trace) : Result<void>();
}

void TraceOutput::print(const harness::IntTrace& trace) const {
  if (quiet) return;
  if (json) {
    fmt::print("{}", harness::to_json_lines(trace));
  } else {
    if (!summary_only) fmt::print("{}\n", harness::trace_text(trace));
    fmt::print("{}", harness::summary_text(trace));
  }
  std::fflush(stdout);
}

void add_trace_output_options(CLI::App& command, TraceOutput& output,
                              const std::string& summaries) {
  command.add_option("--out", output.out,
                     "write the trace to this file: JSON Lines, compressed when it ends in .zst");
  command.add_flag("--json", output.json, "print the trace as JSON Lines");
  command.add_flag("--summary", output.summary_only, "print " + summaries + " only");
  command.add_flag("-q,--quiet", output.quiet, "print no trace");
}

}  // namespace ice86::app
