// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 run`: start a machine and let it go.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "devices/vga/vga.h"
#include "emulator/app/attendant.h"
#include "emulator/app/command.h"
#include "emulator/app/cpu_option.h"
#include "emulator/app/debug_options.h"
#include "emulator/app/display_options.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/qemu_options.h"
#include "emulator/app/session.h"
#include "emulator/display/screen.h"

namespace ice86::app {

namespace {

struct RunOptions {
  MachineOptions machine;
  bool print_screen = false;
  bool hash = false;
  DisplayOptions display;
  QemuOptions qemu;
  DebugOptions debug;
  std::optional<std::string> run_dir;
  std::vector<std::string> events;
};

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

Result<int> run(RunOptions options, const std::vector<std::string>& words) {
  ICE86_TRY(apply_qemu_options(options.qemu, options.machine));
  // As QEMU does: without a screen the first serial port is the console.
  if (options.display.nographic && options.machine.serial.empty())
    options.machine.serial = {"mon:stdio"};
  ICE86_TRY_ASSIGN(const TraceBus::Mask events, event_mask(options.events));
  ICE86_TRY_ASSIGN(DisplayPlan plan, display_plan(options.display));
  ICE86_TRY_ASSIGN(const std::unique_ptr<Session> session,
                   Session::open(options.machine, false, options.run_dir.has_value()));
  if (options.debug.monitor == "none" || options.debug.monitor == "null")
    options.debug.monitor.reset();
  if (options.debug.any()) {
    ICE86_TRY_ASSIGN(DebugPlan debug, debug_plan(options.debug, options.machine));
    session->debug(std::move(debug));
  }
  std::unique_ptr<Attendant> attendant;
  if (plan.needs_attendant()) {
    ICE86_TRY_ASSIGN(attendant, Attendant::create(session->pc(), std::move(plan),
                                                  options.run_dir.value_or(".")));
  }
  if (events != 0) session->pc().trace().subscribe(events, print_event);
  const Ending ending = session->run(attendant.get());
  std::fflush(stdout);
  if (options.print_screen) fmt::print("{}", display::describe(session->pc().vga()));
  if (options.hash) fmt::print("state {}\n", session->pc().state_hash());
  std::fflush(stdout);
  fmt::print(stderr, "ice86: {}\n", ending.text);
  if (options.run_dir) ICE86_TRY(session->write(*options.run_dir, words, ending));
  if (attendant) ICE86_TRY(attendant->finish());
  ICE86_TRY(session->pc().finish());
  return ending.exit_code;
}

}  // namespace

void add_run_command(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  CLI::App* command = app.add_subcommand("run", "start a machine and let it go");
  auto options = std::make_shared<RunOptions>();
  add_machine_options(*command, options->machine);
  add_display_options(*command, options->display);
  add_debug_options(*command, options->debug);
  add_qemu_options(*command, options->qemu);
  command->add_option("--run-dir", options->run_dir,
                      "folder that keeps logs, screen and state of the run");
  command
      ->add_option("--events", options->events,
                   "print events of these categories to stderr as JSON lines: irq, io, mmio, pci, "
                   "disk, net, post, cpu")
      ->delimiter(',');
  command->add_flag("--print-screen", options->print_screen, "print the text screen at the end");
  command->add_flag("--hash", options->hash, "print the SHA-256 of the final state");
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
