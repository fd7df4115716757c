// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 trace`: strace for the BIOS.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "emulator/app/command.h"
#include "emulator/app/cpu_option.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/session.h"
#include "emulator/app/trace_output.h"
#include "emulator/base/files.h"
#include "harness/interrupts/call_filter.h"
#include "harness/interrupts/summaries.h"
#include "harness/report/chrome_trace.h"
#include "harness/report/page/page.h"
#include "harness/report/stages.h"
#include "harness/report/text.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

namespace {

using harness::CallFilter;

struct TraceOptions {
  MachineOptions machine;
  TraceOutput output;
  std::optional<std::string> run_dir;
  std::optional<std::string> input;
  std::optional<std::string> html;
  std::optional<std::string> perfetto;
  bool stages = false;
  bool hardware = false;
  bool efi = false, efi_all = false;
  std::vector<std::string> only;
  std::vector<std::string> data;
};

// What --only and --data name: a vector, and AH (up to two digits) or AX.
Result<CallFilter> parse_filter(const char* option, const std::string& text) {
  const bool prefixed = text.substr(0, 3) == "int";
  if (const auto filter = harness::parse_call_filter(prefixed ? text.substr(3) : text))
    return *filter;
  return usage_error(fmt::format(
      "{} '{}': a vector (13), with AH (13:42) or AX (15:e820), is needed", option, text));
}

Result<std::vector<CallFilter>> parse_filters(const char* option,
                                              const std::vector<std::string>& texts) {
  std::vector<CallFilter> filters;
  for (const std::string& text : texts) {
    ICE86_TRY_ASSIGN(const CallFilter filter, parse_filter(option, text));
    filters.push_back(filter);
  }
  return filters;
}

Result<harness::IntTrace> filtered(harness::IntTrace trace, const std::vector<std::string>& only) {
  if (only.empty()) return trace;
  ICE86_TRY_ASSIGN(const std::vector<CallFilter> filters, parse_filters("--only", only));
  std::erase_if(trace.events, [&](const harness::IntEvent& event) {
    return std::none_of(filters.begin(), filters.end(),
                        [&](const CallFilter& filter) { return filter.matches(event); });
  });
  return trace;
}

void print(const TraceOptions& options, const harness::IntTrace& trace,
           const std::vector<harness::Stage>& stages) {
  const TraceOutput& output = options.output;
  output.print(trace);
  if (output.quiet || output.json || !output.summary_only) return;
  fmt::print("\n{}\n{}\n{}", harness::callers_text(trace), harness::stage_calls_text(trace, stages),
             harness::handlers_text(trace));
}

Result<int> run(const TraceOptions& options, const std::vector<std::string>& words) {
  // A wrong filter must not cost a run.
  ICE86_TRY(filtered({}, options.only));
  harness::IntRecorder::Options recording;
  recording.hardware = options.hardware;
  ICE86_TRY_ASSIGN(recording.dump, parse_filters("--data", options.data));
  const bool efi = options.efi || options.efi_all;
  if (options.input && (options.hardware || !options.data.empty() || efi))
    return usage_error("--hardware, --efi and --data say what is recorded; --input runs nothing");
  if (efi && options.machine.engine == "check")
    return usage_error("--efi: not with --engine check, whose machines stop at other places");
  if (options.input) {
    ICE86_TRY_ASSIGN(harness::IntTrace trace, harness::read_trace(*options.input));
    ICE86_TRY_ASSIGN(const harness::IntTrace shown, filtered(std::move(trace), options.only));
    if (options.html) ICE86_TRY(write_file(*options.html, harness::trace_html({shown, {}})));
    if (options.perfetto)
      ICE86_TRY(write_file(*options.perfetto, harness::chrome_trace_json(shown, {}, 0)));
    print(options, shown, harness::boot_stages({}, shown));
    return static_cast<int>(kDone);
  }
  MachineOptions machine = options.machine;
  if (!machine.max_time) machine.max_time = "120s";
  const bool wants_stages = options.run_dir || options.stages || options.html || options.perfetto ||
                            options.output.summary_only;
  ICE86_TRY_ASSIGN(const std::unique_ptr<Session> session,
                   Session::open(machine, true, wants_stages, recording));
  harness::ScreenLog screens;
  const harness::CallScene* scene = nullptr;
  if (efi) {
    harness::EfiCalls::Options all;
    all.all = options.efi_all;
    session->record_efi(all);
  }
  if (options.html) {
    session->keep_screens(screens);
    // Code around a place is that of real mode.
    if (!efi) scene = &session->keep_scene();
  }
  const Ending ending = session->run();
  const harness::IntTrace& trace = session->trace();
  std::vector<harness::Stage> boot;
  if (wants_stages) boot = harness::boot_stages(session->serial().lines(), trace);
  const std::string stages = harness::stages_text(boot, session->pc().clock().now());
  ICE86_TRY(options.output.write(trace));
  if (options.run_dir) {
    ICE86_TRY(session->write(*options.run_dir, words, ending));
    ICE86_TRY(write_file(std::filesystem::path(*options.run_dir) / "stages.txt", stages));
  }
  if (options.stages) fmt::print("{}\n", stages);
  std::optional<harness::IntTrace> chosen;
  if (!options.only.empty()) {
    ICE86_TRY_ASSIGN(chosen, filtered(trace, options.only));
  }
  const harness::IntTrace& shown = chosen ? *chosen : trace;
  if (options.html) {
    screens.finish(session->pc());
    ICE86_TRY(write_file(*options.html, harness::trace_html({shown, boot, &screens,
                                                             session->pc().clock().now(), scene})));
  }
  if (options.perfetto) {
    ICE86_TRY(write_file(*options.perfetto,
                         harness::chrome_trace_json(shown, boot, session->pc().clock().now())));
  }
  print(options, shown, boot);
  std::fflush(stdout);
  fmt::print(stderr, "ice86: {}\n", ending.text);
  if (efi && !session->found_efi()) {
    fmt::print(stderr, "ice86: --efi: there was no EFI system table; is '{}' firmware for UEFI?\n",
               shown.header.firmware);
  }
  ICE86_TRY(session->pc().finish());
  // A guest that ended by itself has been traced well, whatever value it left.
  return ending.expected ? static_cast<int>(kDone) : ending.exit_code;
}

}  // namespace

void add_trace_command(CLI::App& app, const std::vector<std::string>& words, int& exit) {
  CLI::App* command = app.add_subcommand(
      "trace", "run a machine and record every BIOS interrupt call (strace for the BIOS)");
  auto options = std::make_shared<TraceOptions>();
  add_machine_options(*command, options->machine);
  command->add_option("--run-dir", options->run_dir,
                      "folder that keeps trace, logs, screen and state of the run");
  command->add_option("--input", options->input,
                      "show a trace that was written before, and run nothing");
  command->add_option("--html", options->html,
                      "write a page for a browser: timeline, calls, registers, screens");
  command->add_option("--perfetto", options->perfetto,
                      "write the trace for ui.perfetto.dev: Chrome's trace event JSON");
  add_trace_output_options(*command, options->output,
                           "summaries (by service, caller and stage, and who handles what)");
  command->add_flag("--hardware", options->hardware,
                    "record hardware interrupts and exceptions too, and INT 1Ch");
  command->add_flag("--efi", options->efi,
                    "record calls of EFI boot and runtime services and of TCP4, IP4, UDP4, console "
                    "and other protocols too");
  command->add_flag("--efi-all", options->efi_all,
                    "the same with those that are called all the time: TPLs, pools, copies, polls");
  command
      ->add_option("--data", options->data,
                   "keep all data of these calls in memory, in and out, not its digest: int13, "
                   "13:42 (AH), 15:e820 (AX); hexadecimal")
      ->delimiter(',');
  command->add_flag("--stages", options->stages,
                    "print the stages of the boot: who had the machine from when on");
  command
      ->add_option("--only", options->only,
                   "show these calls only: 13 (a vector), 13:42 (AH), 15:e820 (AX); hexadecimal")
      ->delimiter(',');
  add_trace_import_command(*command, exit);
  command->callback([options, command, &words, &exit] {
    if (!command->get_subcommands().empty()) return;
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
