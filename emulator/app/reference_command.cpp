// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 reference`: the same firmware and disk in another emulator, traced in our schema.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>

#include "devices/ata/ata_disk.h"
#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/run_ending.h"
#include "harness/reference/bochs.h"
#include "harness/report/text.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

namespace {

// Slower than ice86's own default: whoever waits for a key or a clock asks less often, and each
// question is a stop of the debugger.
constexpr std::uint64_t kBochsRate = 4;
constexpr const char* kDefaultTime = "120s";

struct ReferenceOptions {
  MachineOptions machine;
  std::optional<std::string> out;
  bool json = false;
  bool summary_only = false;
  bool quiet = false;
};

Result<harness::BochsMachine> bochs_machine(const MachineOptions& options) {
  harness::BochsMachine machine;
  // Where PcConfig has an open file, Bochs needs the path.
  ICE86_TRY_ASSIGN(const DriveTable drives, drive_table(options));
  for (const auto& drive : drives.ide) {
    if (drive && drive->cdrom)
      return usage_error("reference bochs: a reference run has no CD-ROM drives");
    if (drive && drive->write)
      return usage_error(
          fmt::format("disk {}: a reference run never writes to the image", drive->file));
  }
  if (options.flash_vars || drives.pflash[0] || drives.pflash[1] || !options.fw_cfg.empty())
    return usage_error("reference bochs: Bochs has no flash chips and no fw_cfg");
  for (const auto& drive : drives.floppies) {
    if (drive && drive->write)
      return usage_error(
          fmt::format("diskette {}: a reference run never writes to the image", drive->file));
  }
  // The same checks, and the same messages, as for a machine of our own.
  ICE86_TRY_ASSIGN(machine::PcConfig config, machine_config(options));
  if (config.firmware.flash)
    return usage_error(
        fmt::format("reference bochs: firmware {} needs flash chips, which Bochs "
                    "has not",
                    config.firmware.name));
  machine.firmware = std::move(config.firmware);
  machine.memory_mib = config.memory_mib;
  for (std::size_t i = 0; i < drives.ide.size(); ++i) {
    if (!config.disks[i]) continue;
    machine.disks[i] = harness::BochsDisk{drives.ide[i]->file,
                                          machine::geometry_of(config.disks[i]->medium->sectors()),
                                          devices::AtaDisk::Config{}.model};
  }
  for (std::size_t i = 0; i < drives.floppies.size(); ++i) {
    if (!config.floppies[i]) continue;
    machine.floppies[i] = harness::BochsFloppy{drives.floppies[i]->file, {}};
    if (config.floppies[i]->medium) {
      machine.floppies[i]->format =
          *devices::floppy_format(config.floppies[i]->medium->sectors() * kSectorSize);
    }
  }
  machine.boot_order = config.boot_order;
  machine.instructions_per_microsecond = config.instructions_per_microsecond;
  const auto& rtc = config.rtc;
  const std::chrono::sys_days day =
      std::chrono::year_month_day(std::chrono::year(static_cast<int>(rtc.year)),
                                  std::chrono::month(rtc.month), std::chrono::day(rtc.day));
  machine.power_on =
      std::chrono::duration_cast<std::chrono::seconds>(day.time_since_epoch()).count() +
      rtc.hour * 3600 + rtc.minute * 60 + rtc.second;
  return machine;
}

struct BochsEnding {
  std::string text;
  int exit_code;
};

BochsEnding describe(const harness::BochsRun& run, std::uint64_t rate, const char* interrupted_by) {
  const std::string when =
      fmt::format("after {} ticks, {:.6f} s of virtual time", run.ticks,
                  static_cast<double>(run.ticks) / 1e6 / static_cast<double>(rate));
  switch (run.end) {
    case harness::BochsEnd::kShutdown: return {"the guest shut Bochs down " + when, kDone};
    case harness::BochsEnd::kDebugExit:
      return {fmt::format("the guest wrote {:#x} to the debug exit port {}", run.debug_exit_value,
                          when),
              kDone};
    case harness::BochsEnd::kOutOfTime: return {"stopped: out of virtual time " + when, kOutOfTime};
    case harness::BochsEnd::kInterrupted:
      return {fmt::format("stopped by {} {}", interrupted_by, when), kOutOfTime};
    case harness::BochsEnd::kCrashed:
      return {fmt::format("the guest crashed: triple fault {}", when), kGuestCrashed};
    case harness::BochsEnd::kGaveUp:
      return {fmt::format("Bochs gave up: {}, {}",
                          run.last_words.empty() ? "no reason given" : run.last_words, when),
              kGuestCrashed};
  }
  ICE86_UNREACHABLE();
}

Result<int> run(ReferenceOptions options) {
  ICE86_TRY(apply_machine_file(options.machine));
  ICE86_TRY_ASSIGN(const harness::BochsMachine machine, bochs_machine(options.machine));
  ICE86_TRY_ASSIGN(const machine::RunLimits limits, run_limits(options.machine));
  ICE86_TRY_ASSIGN(const auto wall, wall_limit_ns(options.machine));
  harness::BochsLimits bochs_limits;
  const std::uint64_t rate = machine.instructions_per_microsecond;
  if (limits.time) bochs_limits.ticks = std::max<std::uint64_t>(*limits.time / 1000 * rate, 1);
  if (limits.instructions) {
    const std::uint64_t most = std::max<std::uint64_t>(*limits.instructions, 1);
    bochs_limits.ticks = bochs_limits.ticks == 0 ? most : std::min(bochs_limits.ticks, most);
  }
  RunInterruption interruption(wall);
  bochs_limits.interrupted = [&] { return interruption.asked(); };
  ICE86_TRY_ASSIGN(const harness::BochsRun run, harness::run_bochs(machine, bochs_limits));
  if (options.out) ICE86_TRY(harness::write_trace(*options.out, run.trace));
  if (!options.quiet) {
    if (options.json) {
      fmt::print("{}", harness::to_json_lines(run.trace));
    } else {
      if (!options.summary_only) fmt::print("{}\n", harness::trace_text(run.trace));
      fmt::print("{}", harness::summary_text(run.trace));
    }
  }
  std::fflush(stdout);
  const BochsEnding ending = describe(run, rate, interruption.reason());
  fmt::print(stderr, "ice86: {}\n", ending.text);
  return ending.exit_code;
}

}  // namespace

void add_reference_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand(
      "reference", "the same firmware and disk in another emulator, traced for 'ice86 diff'");
  command->require_subcommand(1);
  CLI::App* bochs = command->add_subcommand(
      "bochs", "Debian's Bochs under its own debugger (packages bochs and bochs-term)");
  auto options = std::make_shared<ReferenceOptions>();
  options->machine.rate = kBochsRate;
  options->machine.max_time = kDefaultTime;
  add_board_options(*bochs, options->machine);
  add_limit_options(*bochs, options->machine);
  bochs->add_option("--out", options->out,
                    "write the trace to this file: JSON Lines, compressed when it ends in .zst");
  bochs->add_flag("--json", options->json, "print the trace as JSON Lines");
  bochs->add_flag("--summary", options->summary_only, "print the summary by service only");
  bochs->add_flag("-q,--quiet", options->quiet, "print no trace");
  bochs->callback([options, &exit] {
    auto code = run(*options);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
