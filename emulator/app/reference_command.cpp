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
#include "emulator/app/trace_output.h"
#include "emulator/base/files.h"
#include "harness/reference/bochs.h"
#include "harness/reference/qemu.h"

namespace ice86::app {

namespace {

// Slower than ice86's own default: whoever waits for a key or a clock asks less often, and each
// question is a stop of the debugger.
constexpr std::uint64_t kBochsRate = 4;
constexpr const char* kDefaultTime = "120s";

struct ReferenceOptions {
  MachineOptions machine;
  TraceOutput output;
  std::optional<std::string> serial_log;
};

Result<void> board_is_there(const char* emulator, machine::Board board) {
  if (board == machine::Board::kPc) return {};
  return usage_error(fmt::format("reference {}: reference runs are of board pc, not of {}",
                                 emulator, machine::board_info(board).name));
}

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
  ICE86_TRY(board_is_there("bochs", config.board));
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

// The trace and the serial log where the user wants them.
Result<void> hand_over(const ReferenceOptions& options, const harness::IntTrace& trace,
                       const std::string& serial) {
  ICE86_TRY(options.output.write(trace));
  if (options.serial_log) ICE86_TRY(write_file(*options.serial_log, serial));
  options.output.print(trace);
  return {};
}

Result<int> run_in_bochs(ReferenceOptions options) {
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
  ICE86_TRY(hand_over(options, run.trace, run.serial));
  const BochsEnding ending = describe(run, rate, interruption.reason());
  fmt::print(stderr, "ice86: {}\n", ending.text);
  return ending.exit_code;
}

Result<harness::QemuMachine> qemu_machine(const MachineOptions& options) {
  harness::QemuMachine machine;
  ICE86_TRY_ASSIGN(const DriveTable drives, drive_table(options));
  if (options.flash_vars || drives.pflash[0] || drives.pflash[1] || !options.fw_cfg.empty())
    return usage_error("reference qemu: no flash chips and no fw_cfg files of one's own");
  ICE86_TRY_ASSIGN(machine::PcConfig config, machine_config(options));
  ICE86_TRY(board_is_there("qemu", config.board));
  if (config.firmware.flash) {
    return usage_error(
        fmt::format("reference qemu: firmware {} needs flash chips, and runs in "
                    "protected mode: it has no BIOS interrupts",
                    config.firmware.name));
  }
  if (options.max_instructions)
    return usage_error("reference qemu: QEMU tells no instruction count; --max-time limits it");
  machine.firmware = std::move(config.firmware);
  machine.memory_mib = config.memory_mib;
  for (std::size_t i = 0; i < drives.ide.size(); ++i) {
    if (!config.disks[i]) continue;
    harness::QemuDisk& disk = machine.disks[i].emplace();
    disk.image = drives.ide[i]->file;
    disk.cdrom = config.disks[i]->cdrom;
    disk.model = devices::AtaDisk::Config{}.model;
    if (drives.ide[i]->write)
      return usage_error(
          fmt::format("disk {}: a reference run never writes to the image", drives.ide[i]->file));
    if (!disk.cdrom) disk.geometry = machine::geometry_of(config.disks[i]->medium->sectors());
  }
  for (std::size_t i = 0; i < drives.floppies.size(); ++i) {
    if (!config.floppies[i]) continue;
    machine.floppies[i] = config.floppies[i]->medium ? drives.floppies[i]->file : "";
    if (drives.floppies[i]->write)
      return usage_error(fmt::format("diskette {}: a reference run never writes to the image",
                                     drives.floppies[i]->file));
  }
  machine.boot_order = config.boot_order;
  machine.boot_menu = config.boot_menu;
  const auto& rtc = config.rtc;
  machine.rtc = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", rtc.year, rtc.month, rtc.day,
                            rtc.hour, rtc.minute, rtc.second);
  return machine;
}

Result<int> run_in_qemu(ReferenceOptions options) {
  ICE86_TRY(apply_machine_file(options.machine));
  ICE86_TRY_ASSIGN(const harness::QemuMachine machine, qemu_machine(options.machine));
  ICE86_TRY_ASSIGN(const machine::RunLimits limits, run_limits(options.machine));
  ICE86_TRY_ASSIGN(const auto wall, wall_limit_ns(options.machine));
  RunInterruption interruption(wall);
  harness::QemuLimits qemu_limits;
  qemu_limits.time = limits.time;
  qemu_limits.interrupted = [&] { return interruption.asked(); };
  ICE86_TRY_ASSIGN(const harness::QemuRun run, harness::run_qemu(machine, qemu_limits));
  ICE86_TRY(hand_over(options, run.trace, run.serial));
  const std::string when =
      fmt::format("after {:.6f} s of virtual time", static_cast<double>(run.time) / 1e9);
  switch (run.end) {
    case harness::QemuEnd::kOutOfTime:
      fmt::print(stderr, "ice86: stopped: out of virtual time {}\n", when);
      return static_cast<int>(kOutOfTime);
    case harness::QemuEnd::kInterrupted:
      fmt::print(stderr, "ice86: stopped by {} {}\n", interruption.reason(), when);
      return static_cast<int>(kOutOfTime);
    case harness::QemuEnd::kGaveUp:
      return Error(fmt::format("QEMU gave up {}: {}", when, run.last_words.substr(0, 300)));
    case harness::QemuEnd::kExit: break;
  }
  if (run.exit_code == 0) {
    fmt::print(stderr, "ice86: the guest powered the machine off, or reset it, {}\n", when);
  } else {
    fmt::print(stderr, "ice86: the guest wrote {:#x} to the debug exit port {}\n",
               run.exit_code >> 1, when);
  }
  return static_cast<int>(kDone);
}

void add_output_options(CLI::App& command, ReferenceOptions& options) {
  add_board_options(command, options.machine);
  add_limit_options(command, options.machine);
  add_trace_output_options(command, options.output);
  command.add_option("--serial-log", options.serial_log,
                     "write what the guest sends to COM1 to this file");
}

}  // namespace

void add_reference_command(CLI::App& app, const std::vector<std::string>&, int& exit) {
  CLI::App* command = app.add_subcommand(
      "reference", "the same firmware and disk in another emulator, traced for 'ice86 diff'");
  command->require_subcommand(1);
  CLI::App* bochs = command->add_subcommand(
      "bochs", "Debian's Bochs under its own debugger (packages bochs and bochs-term)");
  auto in_bochs = std::make_shared<ReferenceOptions>();
  in_bochs->machine.rate = kBochsRate;
  in_bochs->machine.max_time = kDefaultTime;
  add_output_options(*bochs, *in_bochs);
  bochs->callback([in_bochs, &exit] {
    auto code = run_in_bochs(*in_bochs);
    exit = code ? *code : fail(code.error());
  });
  CLI::App* qemu = command->add_subcommand(
      "qemu", "Debian's QEMU through its GDB stub (package qemu-system-x86)");
  auto in_qemu = std::make_shared<ReferenceOptions>();
  in_qemu->machine.max_time = kDefaultTime;
  add_output_options(*qemu, *in_qemu);
  qemu->callback([in_qemu, &exit] {
    auto code = run_in_qemu(*in_qemu);
    exit = code ? *code : fail(code.error());
  });
}

}  // namespace ice86::app
