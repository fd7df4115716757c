// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 diff`: the first call in which two traces differ.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "harness/diff/diff.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

namespace {

struct DiffCommandOptions {
  std::string left, right;
  std::vector<std::string> vectors;
  bool any_caller = false;
  bool json = false;
};

Result<int> run(const DiffCommandOptions& options) {
  harness::DiffOptions how;
  how.align_by_caller = !options.any_caller;
  for (const std::string& text : options.vectors) {
    char* end = nullptr;
    const unsigned long vector = std::strtoul(text.c_str(), &end, 16);
    if (end == text.c_str() || (*end != 0 && std::string(end) != "h") || vector > 0xff) {
      return usage_error(fmt::format("--int: '{}' is no interrupt number such as 13", text));
    }
    how.vectors.push_back(static_cast<std::uint8_t>(vector));
  }
  ICE86_TRY_ASSIGN(const harness::IntTrace left, harness::read_trace(options.left));
  ICE86_TRY_ASSIGN(const harness::IntTrace right, harness::read_trace(options.right));
  const harness::DiffResult result = harness::diff(left, right, how);
  fmt::print("{}", options.json ? harness::diff_json(left, right, result)
                                : harness::diff_text(left, right, result));
  return static_cast<int>(result.equal() ? kDone : kTracesDiverge);
}

}  // namespace

void add_diff_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command =
      app.add_subcommand("diff", "compare two traces call by call; exit code 5 when they diverge");
  auto options = std::make_shared<DiffCommandOptions>();
  command->add_option("left", options->left, "the reference trace")->required();
  command->add_option("right", options->right, "the trace to judge")->required();
  command->add_option("--int", options->vectors, "compare these interrupts only: 13,15,16,1a")
      ->delimiter(',');
  command->add_flag("--any-caller", options->any_caller,
                    "align calls whatever their caller's address");
  command->add_flag("--json", options->json, "the result as JSON");
  command->callback([options, &exit] {
    auto code = run(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
