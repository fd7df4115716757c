// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 diff`: the first call in which traces differ, and the verdict per service.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/base/files.h"
#include "harness/diff/diff_report.h"
#include "harness/sockets/socket_log.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

namespace {

constexpr std::size_t kMostTold = 10;

struct DiffCommandOptions {
  std::vector<std::string> files;
  std::vector<std::string> vectors;
  std::optional<std::string> rules, html;
  bool any_caller = false;
  bool json = false;
  bool all = false;
  bool quiet = false;
};

Result<harness::DiffOptions> how_to_compare(const DiffCommandOptions& options) {
  harness::DiffOptions how;
  if (options.rules) {
    ICE86_TRY_ASSIGN(how.rules, harness::read_rules(*options.rules));
  }
  if (options.any_caller) how.rules.align_by_caller = false;
  for (const std::string& text : options.vectors) {
    const auto filter = harness::parse_call_filter(text);
    if (!filter || filter->function)
      return usage_error(fmt::format("--int: '{}' is no interrupt number such as 13", text));
    how.vectors.push_back(filter->vector);
  }
  return how;
}

// Whether it is a log of sockets and no trace; what it is if it cannot be read is told later.
bool has_sockets(const std::string& file) {
  constexpr std::uint64_t kMost = 1ULL << 30;
  const auto bytes = read_file(file, kMost);
  return bytes &&
         harness::is_socket_log({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

Result<int> compare_sockets(const DiffCommandOptions& options) {
  if (options.rules || options.html || options.any_caller || !options.vectors.empty())
    return usage_error("--rules, --html, --int and --any-caller are for traces, not socket logs");
  ICE86_TRY_ASSIGN(const harness::SocketLog reference,
                   harness::read_socket_log(options.files.front()));
  bool equal = true;
  for (std::size_t i = 1; i < options.files.size(); ++i) {
    ICE86_TRY_ASSIGN(const harness::SocketLog log, harness::read_socket_log(options.files[i]));
    const harness::SocketComparison result = harness::compare(reference, log);
    equal = equal && result.differences.empty();
    if (options.json) {
      fmt::print("{}", harness::socket_comparison_json(result));
    } else if (!options.quiet) {
      fmt::print("{}", harness::socket_comparison_text(
                           result, options.files.front(), options.files[i],
                           options.all ? result.differences.size() : kMostTold));
    }
  }
  return static_cast<int>(equal ? kDone : kTracesDiverge);
}

Result<int> run(const DiffCommandOptions& options) {
  if (options.files.size() < 2)
    return usage_error("a reference trace is needed, and at least one to judge");
  if (has_sockets(options.files.front())) return compare_sockets(options);
  ICE86_TRY_ASSIGN(const harness::DiffOptions how, how_to_compare(options));
  std::vector<harness::IntTrace> read;
  for (const std::string& file : options.files) {
    ICE86_TRY_ASSIGN(harness::IntTrace trace, harness::read_trace(file));
    read.push_back(std::move(trace));
  }
  harness::Traces traces;
  for (const harness::IntTrace& trace : read) traces.push_back(&trace);
  const harness::Comparison result = harness::compare(traces, how);
  const harness::DiffReport report{traces, options.files, result};
  if (options.html) ICE86_TRY(write_file(*options.html, harness::diff_html(report)));
  if (options.json) {
    fmt::print("{}", harness::diff_json(report));
  } else if (!options.quiet) {
    fmt::print("{}", options.all ? harness::diff_text(report, result.rows.size())
                                 : harness::diff_text(report));
  }
  return static_cast<int>(result.equal() ? kDone : kTracesDiverge);
}

}  // namespace

void add_diff_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand(
      "diff", "compare traces call by call; exit code 5 when one differs from the first");
  auto options = std::make_shared<DiffCommandOptions>();
  command
      ->add_option("trace", options->files,
                   "the reference, and one trace or several to compare with it; or socket logs "
                   "(docs/socket-peer.md)")
      ->required();
  command->add_option("--rules", options->rules,
                      "what may differ: calls to leave out, fields to mask (docs/trace-diff.md)");
  command->add_option("--int", options->vectors, "compare these interrupts only: 13,15,16,1a")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_flag("--any-caller", options->any_caller,
                    "align calls whatever their caller's address");
  command->add_flag("--all", options->all, "print every difference, not the first ten");
  command->add_flag("--json", options->json, "the result as JSON");
  command->add_option("--html", options->html, "write a page for a browser, traces in columns");
  command->add_flag("-q,--quiet", options->quiet, "print nothing: the exit code tells");
  command->callback([options, &exit] {
    auto code = run(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
