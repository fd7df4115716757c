// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 test`: scenarios, and what they came to.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include "emulator/app/attendant.h"
#include "emulator/app/command.h"
#include "emulator/app/display_options.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/run_ending.h"
#include "emulator/base/files.h"
#include "harness/scenario/results.h"
#include "harness/scenario/suite.h"

namespace ice86::app {

namespace {

using harness::CaseResult;
using harness::SuiteCase;
using Verdict = harness::Outcome::Verdict;

constexpr std::uint64_t kMostResultsBytes = 256 << 20;

struct TestOptions {
  std::vector<std::string> paths;
  std::vector<std::string> only, tags, without_tags;
  std::string shard = "1/1";
  unsigned jobs = 1;
  bool rerun_failed = false;
  bool list = false;
  bool bless = false;
  bool yes = false;
  bool quiet = false;
  bool json = false;
  bool tap = false;
  std::optional<std::string> junit, json_file, tap_file;
  std::string out = "ice86-test";
  std::string engine = default_engine();
  DisplayOptions display;
};

Result<harness::Selection> selection_of(const TestOptions& options) {
  harness::Selection selection;
  selection.names = options.only;
  selection.tags = options.tags;
  selection.without_tags = options.without_tags;
  int used = 0;
  const int fields =
      std::sscanf(options.shard.c_str(), "%5u/%5u%n", &selection.shard, &selection.shards, &used);
  if (fields != 2 || static_cast<std::size_t>(used) != options.shard.size() ||
      selection.shard < 1 || selection.shard > selection.shards) {
    return usage_error(fmt::format("--shard {}: the form is I/N, from 1/N to N/N", options.shard));
  }
  if (options.rerun_failed) {
    const auto file = std::filesystem::path(options.out) / "results.json";
    auto bytes = read_file(file, kMostResultsBytes);
    if (!bytes) return std::move(bytes).error().within("--rerun-failed");
    auto failed = harness::failed_in({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    if (!failed) return std::move(failed).error().within("--rerun-failed: " + file.string());
    selection.last_failed = std::move(*failed);
  }
  return selection;
}

Result<machine::PcConfig> config_of(const machine::MachineFile& file, const std::string& engine) {
  MachineOptions options;
  options.engine = engine;
  ICE86_TRY(use_machine_file(file, options));
  apply_firmware_defaults(options, false);
  return machine_config(options);
}

void print_list(const std::vector<SuiteCase>& cases) {
  for (const SuiteCase& one : cases) {
    fmt::print("{}: {}", one.file.string(), one.name);
    for (const std::string& tag : one.tags) fmt::print(" #{}", tag);
    fmt::print("{}\n", one.scenario ? "" : "  (invalid)");
  }
}

std::string sum_text(const std::vector<CaseResult>& results) {
  std::size_t counts[4] = {};
  for (const CaseResult& result : results) ++counts[static_cast<int>(result.outcome.verdict)];
  std::string text = fmt::format("{} of {} passed", counts[0], results.size());
  static constexpr const char* kWords[] = {"", "failed", "invalid", "missing something"};
  for (int i = 1; i < 4; ++i)
    if (counts[i] != 0) text += fmt::format(", {} {}", counts[i], kWords[i]);
  return text;
}

// Shows what --bless would write, and writes it when somebody says so. False: it was not written.
Result<bool> bless(const std::vector<CaseResult>& results, const TestOptions& options) {
  ICE86_TRY_ASSIGN(const std::vector<harness::Blessing> blessings, harness::proposed(results));
  if (blessings.empty()) {
    fmt::print(stderr, "ice86: --bless: nothing changes\n");
    return true;
  }
  // With --json and --tap stdout is for the results.
  fmt::print(options.json || options.tap ? stderr : stdout, "{}",
             harness::blessings_text(blessings));
  std::fflush(stdout);
  if (!options.yes) {
    if (::isatty(STDIN_FILENO) == 0) {
      fmt::print(stderr, "ice86: --bless: nothing is written; with --yes it would be\n");
      return false;
    }
    fmt::print(
        stderr, "write {}? [y/N] ",
        blessings.size() == 1 ? "this file" : fmt::format("these {} files", blessings.size()));
    std::fflush(stderr);
    char answer[16] = {};
    const bool said = std::fgets(answer, sizeof answer, stdin) != nullptr;
    if (!said || (answer[0] != 'y' && answer[0] != 'Y')) {
      fmt::print(stderr, "ice86: --bless: nothing is written\n");
      return false;
    }
  }
  ICE86_TRY(harness::write_blessings(blessings));
  fmt::print(stderr, "ice86: --bless: {} written\n",
             blessings.size() == 1 ? "a file" : fmt::format("{} files", blessings.size()));
  return true;
}

// A wrong file first, then what is missing: neither says anything about the firmware.
int exit_of(const std::vector<CaseResult>& results) {
  const auto any = [&](Verdict verdict) {
    return std::any_of(results.begin(), results.end(),
                       [&](const CaseResult& result) { return result.outcome.verdict == verdict; });
  };
  if (any(Verdict::kInvalid)) return kBadArguments;
  if (any(Verdict::kMissing)) return kMissing;
  return any(Verdict::kFailed) ? kTestFailed : kDone;
}

Result<int> test(const TestOptions& options) {
  ICE86_TRY_ASSIGN(const harness::Selection selection, selection_of(options));
  ICE86_TRY_ASSIGN(DisplayPlan plan, display_plan(options.display));
  ICE86_TRY_ASSIGN(std::vector<SuiteCase> all,
                   harness::find_cases(options.paths, {images_folder()}));
  const std::vector<SuiteCase> cases = select(std::move(all), selection);
  if (options.list) {
    print_list(cases);
    return kDone;
  }
  if (cases.empty()) {
    if (selection.last_failed) {
      fmt::print(stderr, "ice86: no scenario of these failed last time\n");
      return kDone;
    }
    return usage_error("no scenario is left of these (--only, --tag, --without-tag, --shard)");
  }

  RunInterruption interruption(std::nullopt);
  std::unique_ptr<Attendant> attendant;
  std::optional<Error> no_window;
  harness::SuiteOptions suite;
  suite.jobs = options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
  suite.out = options.out;
  suite.bless = options.bless;
  suite.interrupted = [&] {
    return interruption.asked() || (attendant && attendant->wants_end() != nullptr);
  };
  suite.machine = [&](const machine::MachineFile& file) { return config_of(file, options.engine); };
  if (plan.needs_attendant()) {
    suite.attend = [&](machine::Pc& pc) -> std::function<machine::Instant()> {
      attendant.reset();
      auto created = Attendant::create(pc, plan, options.out);
      if (!created) {
        no_window = created.error();
        interruption.ask("no window");
        return nullptr;
      }
      attendant = std::move(*created);
      return [&] { return attendant->visit(); };
    };
  }
  const bool results_on_stdout = options.json || options.tap;
  const bool progress = ::isatty(STDERR_FILENO) != 0 && !options.quiet;
  std::size_t ended = 0;
  suite.ended = [&](const CaseResult& result) {
    ++ended;
    if (progress) fmt::print(stderr, "\r\033[K");
    const bool passed = result.outcome.verdict == Verdict::kPassed;
    if (!results_on_stdout && !(passed && options.quiet)) {
      fmt::print("{}", result_text(result));
      std::fflush(stdout);
    }
    if (progress) {
      fmt::print(stderr, "{} of {}", ended, cases.size());
      std::fflush(stderr);
    }
  };
  ICE86_TRY_ASSIGN(const std::vector<CaseResult> results, harness::run_suite(cases, suite));
  if (progress) fmt::print(stderr, "\r\033[K");
  if (no_window) return *no_window;
  if (options.json) fmt::print("{}", harness::results_json(results));
  if (options.tap) fmt::print("{}", harness::results_tap(results));
  std::fflush(stdout);
  if (options.junit) ICE86_TRY(write_file(*options.junit, harness::results_junit(results)));
  if (options.json_file) ICE86_TRY(write_file(*options.json_file, harness::results_json(results)));
  if (options.tap_file) ICE86_TRY(write_file(*options.tap_file, harness::results_tap(results)));
  fmt::print(stderr, "ice86: {}; {}/ has a run directory of each\n", sum_text(results),
             options.out);
  if (options.bless) {
    ICE86_TRY_ASSIGN(const bool blessed, bless(results, options));
    const int exit = exit_of(results);
    return exit == kDone && !blessed ? kTestFailed : exit;
  }
  return exit_of(results);
}

}  // namespace

void add_test_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand("test", "play scenarios and compare: boot tests for CI");
  auto options = std::make_shared<TestOptions>();
  command
      ->add_option("path", options->paths, "scenario files (docs/scenarios.md), or folders of them")
      ->required();
  command
      ->add_option("--only", options->only, "those whose name contains this; more than once: any")
      ->allow_extra_args(false);
  command->add_option("--tag", options->tags, "those with this tag; more than once: any")
      ->allow_extra_args(false);
  command->add_option("--without-tag", options->without_tags, "none with this tag")
      ->allow_extra_args(false);
  command->add_option("--shard", options->shard, "part I of N of them: 2/5")->capture_default_str();
  command->add_option("-j,--jobs", options->jobs, "so many at once; 0: one for each processor")
      ->capture_default_str();
  command->add_flag("--rerun-failed", options->rerun_failed,
                    "those that did not pass last time, by --out's results.json");
  command->add_flag("--list", options->list, "name them, and play none");
  command->add_flag("--bless", options->bless,
                    "golden traces and pictures become what is seen: shows what changes, asks, "
                    "and writes it");
  command
      ->add_flag(
          "--yes", options->yes,
          "write what --bless shows without asking (where nobody sits at a terminal, nothing "
          "is written without it)")
      ->needs("--bless");
  command->add_option("--out", options->out, "folder for a run directory of each")
      ->capture_default_str();
  command
      ->add_option("--engine", options->engine,
                   "what executes: interp or jit; the results are the same")
      ->capture_default_str();
  command->add_flag("--json", options->json, "print the results as JSON instead");
  command->add_flag("--tap", options->tap, "print the results as TAP 13 instead")
      ->excludes("--json");
  command->add_option("--junit", options->junit, "write the results as JUnit XML");
  command->add_option("--json-file", options->json_file, "write them as JSON");
  command->add_option("--tap-file", options->tap_file, "write them as TAP");
  command->add_flag("-q,--quiet", options->quiet, "do not print those that pass");
  command
      ->add_option("--display", options->display.display,
                   "sdl: one after the other in a window, to watch; as for 'ice86 run'")
      ->capture_default_str();
  command->add_option("--pace", options->display.pace,
                      "real: no faster than the host's clock; warp: as fast as it goes");
  command->callback([options, &exit] {
    auto code = test(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
