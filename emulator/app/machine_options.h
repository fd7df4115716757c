// SPDX-License-Identifier: LGPL-2.1-or-later
// The options that describe a machine and its run, shared by the subcommands that start one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "emulator/app/drive_options.h"
#include "emulator/app/network_options.h"
#include "emulator/base/result.h"
#include "emulator/base/units.h"
#include "emulator/machine/machine_file.h"
#include "emulator/machine/pc.h"

namespace CLI {
class App;
}

namespace ice86::app {

// The fastest engine of this build on this host: jit or interp.
std::string default_engine();

struct MachineOptions : DriveOptions {
  // pc, q35 or a machine file. Empty: what the machine file says, or what the firmware runs on.
  std::string board;
  // Whether the command line has the option: it goes before the machine file.
  std::function<bool(const char* option)> given = [](const char*) { return false; };
  std::string firmware = "bochs";
  std::optional<std::string> vga_rom;
  std::optional<std::string> flash_vars;  // --pflash-vars: kept in this file
  std::vector<std::string> fw_cfg;
  std::string memory = "128M";
  std::optional<std::string> cpu;  // model name or file
  std::string engine = default_engine();
  std::optional<std::string> boot;
  std::string rtc = "2003-06-09T12:00:00";
  std::uint64_t rate = 100;  // instructions per microsecond
  std::string spin_up = "0";
  std::string latency = "0";
  std::string debug_exit = "0x501";
  bool reset_on_triple_fault = false;
  bool no_reboot = false;
  bool no_acpi = false;
  std::vector<std::string> serial;
  std::string parallel = "null";
  std::string debugcon = "null";
  NetworkOptions network;
  std::optional<std::string> max_time;  // virtual
  std::optional<std::uint64_t> max_instructions;
  std::optional<std::string> max_wall;
};

void add_machine_options(CLI::App& command, MachineOptions& options);
// Parts of it, for a command whose machine is another program: firmware, memory, disks, boot order,
// date, speed; and the three limits.
void add_board_options(CLI::App& command, MachineOptions& options);
void add_limit_options(CLI::App& command, MachineOptions& options);

// Before the others: what the machine file says and the command line does not becomes an option.
Result<void> apply_machine_file(MachineOptions& options);
Result<void> use_machine_file(machine::MachineFile file, MachineOptions& options);

// After that: a firmware that is a machine of its own (FirmwareEntry::disk) gets its disk and
// network card and, for a person, a console, where the user has not said otherwise.
void apply_firmware_defaults(MachineOptions& options, bool for_person);

// Reads and checks all files the options name. Nothing is written before this has succeeded.
Result<machine::PcConfig> machine_config(const MachineOptions& options);

// Virtual limits; RunLimits::interrupted is left to the caller.
Result<machine::RunLimits> run_limits(const MachineOptions& options);
Result<std::optional<std::uint64_t>> wall_limit_ns(const MachineOptions& options);

// Where this build put its images: beside the program.
std::filesystem::path images_folder();

}  // namespace ice86::app
