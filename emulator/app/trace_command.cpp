// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 trace`: strace for the BIOS.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/session.h"
#include "harness/report/text.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

namespace {

struct TraceOptions {
  MachineOptions machine;
  std::optional<std::string> out;
  std::optional<std::string> run_dir;
  std::optional<std::string> input;
  bool json = false;
  bool summary_only = false;
  bool quiet = false;
};

void print(const TraceOptions& options, const harness::IntTrace& trace) {
  if (options.quiet) return;
  if (options.json) {
    fmt::print("{}", harness::to_json_lines(trace));
    return;
  }
  if (!options.summary_only) fmt::print("{}\n", harness::trace_text(trace));
  fmt::print("{}", harness::summary_text(trace));
}

Result<int> run(const TraceOptions& options, const std::vector<std::string>& words) {
  if (options.input) {
    ICE86_TRY_ASSIGN(const harness::IntTrace trace, harness::read_trace(*options.input));
    print(options, trace);
    return static_cast<int>(kDone);
  }
  MachineOptions machine = options.machine;
  if (!machine.max_time) machine.max_time = "120s";
  ICE86_TRY_ASSIGN(const std::unique_ptr<Session> session,
                   Session::open(machine, true, options.run_dir.has_value()));
  const Ending ending = session->run();
  const harness::IntTrace trace = session->trace();
  if (options.out) ICE86_TRY(harness::write_trace(*options.out, trace));
  if (options.run_dir) ICE86_TRY(session->write(*options.run_dir, words, ending));
  print(options, trace);
  std::fflush(stdout);
  fmt::print(stderr, "ice86: {}\n", ending.text);
  // A guest that ended by itself has been traced well, whatever value it left.
  return ending.expected ? static_cast<int>(kDone) : ending.exit_code;
}

}  // namespace

void add_trace_command(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  CLI::App* command = app.add_subcommand(
      "trace", "run a machine and record every BIOS interrupt call (strace for the BIOS)");
  auto options = std::make_shared<TraceOptions>();
  add_machine_options(*command, options->machine);
  command->add_option("--out", options->out,
                      "write the trace to this file: JSON Lines, compressed when it ends in .zst");
  command->add_option("--run-dir", options->run_dir,
                      "folder that keeps trace, logs, screen and state of the run");
  command->add_option("--input", options->input,
                      "show a trace that was written before, and run nothing");
  command->add_flag("--json", options->json, "print the trace as JSON Lines");
  command->add_flag("--summary", options->summary_only, "print the summary by service only");
  command->add_flag("-q,--quiet", options->quiet, "print no trace");
  command->callback([options, &words, &exit] {
    auto code = run(*options, words);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
