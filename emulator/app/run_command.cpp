// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 run`: start a machine and let it go.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "emulator/app/command.h"
#include "emulator/app/cpu_option.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/run_machine.h"

namespace ice86::app {

namespace {

Result<int> run(RunOptions options, const std::vector<std::string>& words) {
  ICE86_TRY(apply_qemu_options(options.qemu, options.machine));
  // As QEMU does: without a screen the first serial port is the console.
  if (options.display.nographic && options.machine.serial.empty())
    options.machine.serial = {"mon:stdio"};
  ICE86_TRY_ASSIGN(DisplayPlan plan, display_plan(options.display));
  return run_machine(std::move(options), std::move(plan), words);
}

}  // namespace

void add_run_command(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  CLI::App* command = app.add_subcommand("run", "start a machine and let it go");
  auto options = std::make_shared<RunOptions>();
  add_machine_options(*command, options->machine);
  add_display_options(*command, options->display);
  add_debug_options(*command, options->debug);
  add_qemu_options(*command, options->qemu);
  add_observer_options(*command, *options);
  command->callback([options, &words, &exit] {
    if (options->machine.cpu == "help") {
      fmt::print("{}", list_cpu_models());
      exit = kDone;
      return;
    }
    auto code = run(*options, words);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
