// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/run_machine.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "devices/vga/vga.h"
#include "emulator/app/attendant.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/session.h"
#include "emulator/base/files.h"
#include "emulator/display/screen.h"
#include "harness/report/page/page.h"
#include "harness/report/stages.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

namespace {

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

}  // namespace

void add_observer_options(CLI::App& command, RunOptions& o) {
  command.add_option("--run-dir", o.run_dir, "folder that keeps logs, screen and state of the run");
  command
      .add_option("--events", o.events,
                  "print events of these categories to stderr as JSON lines: irq, io, mmio, pci, "
                  "disk, net, post, cpu")
      ->delimiter(',');
  command.add_flag("--print-screen", o.print_screen, "print the text screen at the end");
  command.add_flag("--hash", o.hash, "print the SHA-256 of the final state");
}

Result<int> run_machine(RunOptions options, DisplayPlan plan, const std::vector<std::string>& words,
                        const TraceFiles& files) {
  ICE86_TRY_ASSIGN(const TraceBus::Mask events, event_mask(options.events));
  ICE86_TRY_ASSIGN(
      const std::unique_ptr<Session> session,
      Session::open(options.machine, files.any(), options.run_dir.has_value() || files.html));
  if (options.debug.monitor == "none" || options.debug.monitor == "null")
    options.debug.monitor.reset();
  if (options.debug.any()) {
    ICE86_TRY_ASSIGN(DebugPlan debug, debug_plan(options.debug, options.machine));
    session->debug(std::move(debug));
  }
  harness::ScreenLog screens;
  const harness::CallScene* scene = nullptr;
  if (files.html) {
    session->keep_screens(screens);
    scene = &session->keep_scene();
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
  if (files.trace) ICE86_TRY(harness::write_trace(*files.trace, session->trace()));
  if (files.html) {
    screens.finish(session->pc());
    const harness::IntTrace& trace = session->trace();
    ICE86_TRY(write_file(
        *files.html,
        harness::trace_html({trace, harness::boot_stages(session->serial().lines(), trace),
                             &screens, session->pc().clock().now(), scene})));
  }
  if (attendant) ICE86_TRY(attendant->finish());
  ICE86_TRY(session->pc().finish());
  if (attendant && attendant->difference()) {
    fmt::print(stderr, "ice86: {}\n", *attendant->difference());
    return static_cast<int>(kTracesDiverge);
  }
  if (attendant && attendant->replays())
    fmt::print(stderr, "ice86: as recorded, in {} places\n", attendant->checks());
  return ending.exit_code;
}

}  // namespace ice86::app
