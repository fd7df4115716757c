// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 fuzz`: calls of a BIOS service until something is wrong with one of them.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/run_ending.h"
#include "emulator/base/files.h"
#include "emulator/base/hash.h"
#include "harness/fuzz/afl.h"
#include "harness/fuzz/campaign.h"
#include "harness/fuzz/conformance.h"

namespace ice86::app {

namespace {

constexpr std::uint64_t kMostInputBytes = 1 << 20;

struct FuzzOptions {
  std::string target;
  std::optional<unsigned> vector;
  std::string firmware = "bochs";
  std::string drives = "full";
  std::string engine = default_engine();
  double minutes = 1;
  std::optional<std::uint64_t> executions;
  std::optional<std::size_t> findings;
  std::uint64_t seed = 1;
  unsigned jobs = 1;
  std::string corpus, crashes;
  std::vector<std::string> seeds;
  std::optional<std::string> replay, trace, against, symbols;
  bool compares = false;
  bool afl = false;
  bool conformance = false;
  bool measure = false;
  bool json = false;
  bool quiet = false;
};

Result<harness::RigOptions> rig_options(const FuzzOptions& options) {
  harness::RigOptions rig;
  ICE86_TRY_ASSIGN(rig.target, harness::fuzz_target(options.target, options.vector));
  ICE86_TRY_ASSIGN(rig.firmware,
                   machine::load_firmware(options.firmware, std::nullopt, images_folder()));
  if (options.against) {
    ICE86_TRY_ASSIGN(rig.against,
                     machine::load_firmware(*options.against, std::nullopt, images_folder()));
  }
  if (options.symbols) {
    constexpr std::uint64_t kMostMapBytes = 64 << 20;
    ICE86_TRY_ASSIGN(const auto bytes, read_file(*options.symbols, kMostMapBytes));
    auto map =
        machine::SymbolMap::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!map) return std::move(map).error().within(*options.symbols);
    rig.symbols = std::move(*map);
  }
  rig.drives = options.drives;
  if (options.engine != "jit" && options.engine != "interp")
    return usage_error(
        fmt::format("--engine: '{}' is none; there are jit and interp", options.engine));
  rig.engine = options.engine == "jit" ? cpu::Engine::kJit : cpu::Engine::kInterpreter;
  return rig;
}

Result<int> replay(const FuzzOptions& options) {
  ICE86_TRY_ASSIGN(const harness::RigOptions rig_opts, rig_options(options));
  ICE86_TRY_ASSIGN(const harness::Input input, read_file(*options.replay, kMostInputBytes));
  ICE86_TRY_ASSIGN(const auto rig, harness::Rig::create(rig_opts));
  std::string trace;
  const harness::Replay result = harness::replay(*rig, input, options.trace ? &trace : nullptr);
  if (options.trace) ICE86_TRY(write_file(*options.trace, trace));
  fmt::print("{}", result.text);
  if (result.execution.findings.empty()) {
    fmt::print("nothing is wrong with that\n");
    return kDone;
  }
  return kTestFailed;
}

void print_json(const harness::CampaignResult& result) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const harness::CrashFile& crash : result.crashes) {
    nlohmann::ordered_json one;
    one["oracle"] = crash.oracle;
    one["text"] = crash.text;
    one["where"] = crash.where;
    one["key"] = crash.key;
    one["input"] = crash.input.string();
    one["after_seconds"] = crash.seconds;
    findings.push_back(std::move(one));
  }
  nlohmann::ordered_json whole;
  whole["executions"] = result.statistics.executions;
  whole["calls"] = result.statistics.calls;
  whole["seconds"] = result.seconds;
  whole["cpu_seconds"] = result.cpu_seconds;
  whole["edges"] = result.statistics.edges;
  whole["findings"] = std::move(findings);
  fmt::print("{}\n", whole.dump(2));
}

Result<int> measure(const FuzzOptions& options) {
  constexpr double kSeconds = 4;
  ICE86_TRY_ASSIGN(harness::RigOptions rig_opts, rig_options(options));
  harness::Input input = harness::one_sector_read();
  if (options.replay) {
    ICE86_TRY_ASSIGN(input, read_file(*options.replay, kMostInputBytes));
  }
  ICE86_TRY_ASSIGN(const auto rig, harness::Rig::create(std::move(rig_opts)));
  const harness::Speed speed = harness::measure(*rig, input, kSeconds);
  fmt::print(
      "{:.0f} executions a second of processor time, of {:.0f} calls and {:.0f} instructions; a "
      "reset takes {:.1f} us, for {:.0f} pages and {:.0f} parts\n",
      static_cast<double>(speed.executions) / speed.seconds, speed.calls, speed.instructions,
      speed.reset_us, speed.pages, speed.parts);
  return kDone;
}

// The suite on each firmware of a list: "bochs,seabios".
Result<int> conformance(const FuzzOptions& options) {
  std::vector<harness::ConformanceColumn> columns;
  bool all = true;
  for (std::size_t at = 0; at <= options.firmware.size();) {
    const std::size_t end = std::min(options.firmware.find(',', at), options.firmware.size());
    FuzzOptions one = options;
    one.firmware = options.firmware.substr(at, end - at);
    if (one.target.empty()) one.target = "int13";
    one.drives = "full";
    at = end + 1;
    ICE86_TRY_ASSIGN(harness::RigOptions rig_opts, rig_options(one));
    auto rig = harness::Rig::create(std::move(rig_opts));
    if (!rig) return std::move(rig).error().within(one.firmware);
    columns.push_back({one.firmware, harness::run_conformance(**rig)});
    for (const auto& result : columns.back().results) {
      all = all && result.problem.empty();
      if (options.corpus.empty() || result.input.empty()) continue;
      std::error_code none;
      std::filesystem::create_directories(options.corpus, none);
      ICE86_TRY(
          write_file(std::filesystem::path(options.corpus) / sha256_hex(result.input).substr(0, 16),
                     result.input));
    }
  }
  if (!options.json) {
    fmt::print("{}", harness::conformance_table(columns));
    return all ? kDone : kTestFailed;
  }
  nlohmann::ordered_json table = nlohmann::ordered_json::array();
  for (const auto& column : columns) {
    for (const auto& result : column.results) {
      nlohmann::ordered_json row;
      row["firmware"] = column.firmware;
      row["vector"] = result.check->vector;
      row["check"] = result.check->name;
      row["reference"] = result.check->reference;
      row["passed"] = result.problem.empty();
      if (!result.problem.empty()) row["problem"] = result.problem;
      table.push_back(std::move(row));
    }
  }
  fmt::print("{}\n", table.dump(2));
  return all ? kDone : kTestFailed;
}

Result<int> serve_afl(const FuzzOptions& options) {
  ICE86_TRY_ASSIGN(harness::RigOptions rig_opts, rig_options(options));
  ICE86_TRY_ASSIGN(const auto rig, harness::Rig::create(std::move(rig_opts)));
  ICE86_TRY(harness::serve_afl(*rig));
  return kDone;
}

Result<int> fuzz(const FuzzOptions& options) {
  if (options.afl) return serve_afl(options);
  if (options.conformance) return conformance(options);
  if (options.measure) return measure(options);
  if (options.replay) return replay(options);
  harness::CampaignOptions campaign;
  ICE86_TRY_ASSIGN(campaign.rig, rig_options(options));
  campaign.engine = {options.seed, options.compares};
  campaign.jobs = options.jobs;
  campaign.executions = options.executions;
  if (!options.executions) campaign.seconds = options.minutes * 60;
  campaign.findings = options.findings;
  campaign.corpus = options.corpus;
  campaign.seeds.assign(options.seeds.begin(), options.seeds.end());
  for (const auto& folder : campaign.seeds) {
    if (!std::filesystem::is_directory(folder))
      return usage_error(fmt::format("--seeds: {} is no folder", folder.string()));
  }
  campaign.crashes =
      options.crashes.empty() ? "ice86-fuzz-" + campaign.rig.target.name : options.crashes;
  campaign.replay_command =
      fmt::format("ice86 fuzz {} --firmware {}",
                  options.vector ? fmt::format("--vector {}", *options.vector) : options.target,
                  options.firmware) +
      (options.against ? " --against " + *options.against : "");
  RunInterruption interruption(std::nullopt);
  campaign.interrupted = [&interruption] { return interruption.asked(); };
  const bool shows = ::isatty(STDERR_FILENO) != 0 && !options.quiet;
  if (shows) {
    campaign.progress = [](const harness::FuzzStatistics& s, double seconds, std::size_t findings) {
      fmt::print(stderr,
                 "\r\033[K{:.0f} s: {} executions ({:.0f}/s), {} edges, {} inputs, {} findings",
                 seconds, s.executions, static_cast<double>(s.executions) / std::max(seconds, 1e-3),
                 s.edges, s.corpus, findings);
      std::fflush(stderr);
    };
  }
  ICE86_TRY_ASSIGN(const harness::CampaignResult result, harness::run_campaign(campaign));
  if (shows) fmt::print(stderr, "\r\033[K");
  const harness::FuzzStatistics& s = result.statistics;
  const auto each = [&s](std::uint64_t n) {
    return static_cast<double>(n) / static_cast<double>(std::max<std::uint64_t>(s.executions, 1));
  };
  if (options.json) {
    print_json(result);
  } else {
    for (const harness::CrashFile& crash : result.crashes)
      fmt::print("{}: {}\n  at {}\n  {}\n", crash.oracle, crash.text, crash.where,
                 crash.input.string());
  }
  std::fflush(stdout);
  fmt::print(stderr,
             "ice86: {} executions of {:.1f} calls and {:.0f} instructions in {:.1f} s ({:.0f} a "
             "second of processor time); {:.1f} pages and {:.1f} parts reset each; {} edges, {} "
             "inputs, {} slow; {} findings in {}/\n",
             s.executions, each(s.calls), each(s.instructions), result.seconds,
             static_cast<double>(s.executions) / std::max(result.cpu_seconds, 1e-3), each(s.pages),
             each(s.parts), s.edges, s.corpus, s.slow, result.crashes.size(),
             campaign.crashes.string());
  return result.crashes.empty() ? kDone : kTestFailed;
}

}  // namespace

void add_fuzz_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command =
      app.add_subcommand("fuzz", "call a BIOS service with everything, and see what it breaks");
  auto options = std::make_shared<FuzzOptions>();
  command->add_option("target", options->target,
                      "int13, int10, int15, int16, int1a, pxe, rom (docs/fuzzing-int13.md)");
  command->add_option("--vector", options->vector,
                      "or this interrupt, with the rules that hold for all");
  command
      ->add_option("--firmware", options->firmware,
                   "whose service: a name or a ROM file, as for 'ice86 run'")
      ->capture_default_str();
  command
      ->add_option("--drives", options->drives,
                   "full: diskette, disk, CD-ROM; odd: two disks of odd sizes; bare: a diskette")
      ->capture_default_str();
  command->add_option("--minutes", options->minutes, "how long, by the clock")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--executions", options->executions,
                      "or so many of each process; then the same seed does the same");
  command->add_option("--findings", options->findings, "end with so many");
  command->add_option("--seed", options->seed, "what chance begins with")->capture_default_str();
  command->add_option("-j,--jobs", options->jobs, "so many processes")->capture_default_str();
  command->add_option("--corpus", options->corpus,
                      "folder of inputs: to begin with, and to keep what reaches new code");
  command->add_option(
      "--seeds", options->seeds,
      "folder of others' inputs, such as afl-fuzz's queue: looked at again and again");
  command->add_option(
      "--crashes", options->crashes,
      "folder for what is found: input, text, trace and page of each; default ice86-fuzz-TARGET");
  command->add_option("--replay", options->replay,
                      "run this one input and say what it does; exit code 1: something is wrong");
  command->add_option("--against", options->against,
                      "another firmware: what it answers otherwise is a finding, too");
  command->add_option("--symbols", options->symbols,
                      "names of the firmware's functions for the reports: a map as nm prints it");
  command->add_flag("--compares", options->compares,
                    "guided by how near the operands of compares come, too (slower)");
  command->add_option("--trace", options->trace, "with --replay: write each instruction here");
  command->add_option("--engine", options->engine, "what executes: jit or interp")
      ->capture_default_str();
  command->add_flag("--measure", options->measure,
                    "say how fast reads of one sector are (or --replay's input), and a reset");
  command->add_flag("--conformance", options->conformance,
                    "no fuzzing: what the services must do by their specifications, as a table; "
                    "--firmware may be a list, with commas; --corpus gets its calls of the target");
  command->add_flag("--afl", options->afl,
                    "be the target of afl-fuzz (AFL++): afl-fuzz -i DIR -o DIR -- ice86 fuzz ...");
  command->add_flag("--json", options->json, "print the findings as JSON");
  command->add_flag("-q,--quiet", options->quiet, "no progress");
  command->callback([options, &exit] {
    auto code = fuzz(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
