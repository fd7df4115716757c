// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 run`: start a machine and let it go.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/run_ending.h"
#include "emulator/display/screen.h"
#include "devices/vga/vga.h"
#include "harness/session/line_log.h"
#include "harness/session/run_directory.h"

namespace ice86::app {

namespace {

struct RunOptions {
  MachineOptions machine;
  bool print_screen = false;
  bool hash = false;
  std::string display = "none";
  std::optional<std::string> run_dir;
  std::vector<std::string> events;
  std::vector<std::string> command;
};

// A console's bytes go where the user said, and into a log for the run directory.
void tee(std::function<void(std::uint8_t)>& sink, harness::LineLog& log, const std::shared_ptr<const Clock*>& clock) {
  sink = [inner = std::move(sink), &log, clock](std::uint8_t byte) {
    if (inner) inner(byte);
    if (*clock != nullptr) log.add(byte, **clock);
  };
}

// One trace event as a line of JSON, to stderr: stdout may carry a console.
void print_event(const TraceEvent& event) {
  nlohmann::ordered_json line;
  line["insn"] = event.instruction;
  line["t"] = event.time;
  line["cat"] = name_of(event.category);
  line["event"] = event.name;
  for (const TraceField& field : event.fields) {
    std::visit([&](const auto& value) { line[std::string(field.key)] = value; }, field.value);
  }
  fmt::print(stderr, "{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<TraceBus::Mask> event_mask(const std::vector<std::string>& names) {
  TraceBus::Mask mask = 0;
  for (const std::string& name : names) {
    const auto category = trace_category(name);
    if (!category) return usage_error(fmt::format("--events: there is no category '{}'", name));
    mask |= TraceBus::mask_of(*category);
  }
  return mask;
}

Result<int> run(const RunOptions& options) {
  ICE86_TRY_ASSIGN(const TraceBus::Mask events, event_mask(options.events));
  ICE86_TRY_ASSIGN(machine::PcConfig config, machine_config(options.machine));
  ICE86_TRY_ASSIGN(machine::RunLimits limits, run_limits(options.machine));
  ICE86_TRY_ASSIGN(const std::optional<std::uint64_t> wall, wall_limit_ns(options.machine));
  harness::LineLog serial;
  harness::LineLog debug_console;
  const auto clock = std::make_shared<const Clock*>(nullptr);
  if (options.run_dir) {
    tee(config.serial[0], serial, clock);
    tee(config.debug_console, debug_console, clock);
  }
  ICE86_TRY_ASSIGN(const std::unique_ptr<machine::Pc> pc, machine::Pc::create(std::move(config)));
  *clock = &pc->clock();
  if (events != 0) pc->trace().subscribe(events, print_event);
  if (options.run_dir) ICE86_TRY(harness::create_run_directory(*options.run_dir));

  RunInterruption interruption(wall);
  limits.interrupted = [&] { return interruption.asked(); };
  const machine::RunResult result = pc->run(limits);
  const Ending ending = describe(result, *pc, interruption.reason());
  std::fflush(stdout);
  if (options.print_screen) fmt::print("{}", display::describe(pc->vga()));
  if (options.hash) fmt::print("state {}\n", pc->state_hash());
  fmt::print(stderr, "ice86: {}\n", ending.text);
  if (options.run_dir) {
    ICE86_TRY(harness::write_run_directory(*options.run_dir, *pc,
                                           {options.command, &serial, &debug_console, ending.text}));
  }
  return ending.exit_code;
}

}  // namespace

void add_run_command(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  CLI::App* command = app.add_subcommand("run", "start a machine and let it go");
  auto options = std::make_shared<RunOptions>();
  add_machine_options(*command, options->machine);
  command->add_option("--display", options->display, "none: no window")->check(CLI::IsMember({"none"}))->capture_default_str();
  command->add_option("--run-dir", options->run_dir, "folder that keeps logs, screen and state of the run");
  command->add_option("--events", options->events, "print events of these categories to stderr as JSON lines: irq, io, mmio, pci, disk, post, cpu")
      ->delimiter(',');
  command->add_flag("--print-screen", options->print_screen, "print the text screen at the end");
  command->add_flag("--hash", options->hash, "print the SHA-256 of the final state");
  command->callback([options, &words, &exit] {
    options->command = words;
    auto code = run(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
