// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/debug_options.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "emulator/app/drive_options.h"
#include "emulator/app/machine_options.h"
#include "emulator/base/units.h"
#include "emulator/debugger/gdb/server.h"
#include "emulator/debugger/monitor/terminal.h"
#include "emulator/debugger/qmp/server.h"

namespace ice86::app {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kLeastHistory = 16 * kMiB;

Result<std::unique_ptr<debugger::Listener>> listener(const std::string& where, const char* option,
                                                     const char* what) {
  ICE86_TRY_ASSIGN(auto made, debugger::Listener::open(where, option));
  fmt::print(stderr, "ice86: {} at {}{}\n", what, made->address(),
             made->reachable() ? ": open to the network, and whoever connects owns the guest" : "");
  return made;
}

}  // namespace

Result<bool> writes_files(const MachineOptions& machine) {
  if (machine.snapshot) return false;
  ICE86_TRY_ASSIGN(const DriveTable table, drive_table(machine));
  const auto writes = [](const std::optional<DriveSpec>& spec) { return spec && spec->write; };
  return machine.flash_vars || std::any_of(table.ide.begin(), table.ide.end(), writes) ||
         std::any_of(table.floppies.begin(), table.floppies.end(), writes) ||
         std::any_of(table.pflash.begin(), table.pflash.end(), writes);
}

void add_debug_options(CLI::App& command, DebugOptions& o) {
  const char* group = "Debugging (docs/debugging.md)";
  command
      .add_option("--gdb", o.gdb,
                  "wait for GDB on [HOST:]PORT (127.0.0.1 unless a host is given) or unix:PATH")
      ->group(group);
  command.add_flag("-s", o.gdb_default, "--gdb 1234")->group(group);
  command.add_flag("-S", o.stopped, "do not start: a debugger lets the machine go")->group(group);
  command
      .add_option("--monitor", o.monitor,
                  "commands for a person: stdio, [HOST:]PORT or unix:PATH; none")
      ->group(group);
  command
      .add_option("--qmp", o.qmp, "commands for programs, a part of QEMU's: [HOST:]PORT, unix:PATH")
      ->group(group);
  command
      .add_option("--time-travel", o.time_travel,
                  "host memory for going back in time with a debugger (512M), or off")
      ->group(group);
}

Result<DebugPlan> debug_plan(const DebugOptions& o, const MachineOptions& machine) {
  DebugPlan plan;
  plan.stopped = o.stopped;
  if (o.gdb_default && o.gdb) return usage_error("-s and --gdb: one of them is enough");
  const bool monitor = o.monitor && *o.monitor != "none" && *o.monitor != "null";
  if (o.stopped && !o.gdb && !o.gdb_default && !monitor && !o.qmp)
    return usage_error("-S: nobody can let the machine go; say --gdb, --monitor or --qmp, too");
  if (machine.engine == "check" && o.any())
    return usage_error("--engine check compares two machines; debug one of them");
  if (o.time_travel != "off") {
    ICE86_TRY_ASSIGN(const std::uint64_t bytes, parse_size(o.time_travel, kMiB));
    if (bytes < kLeastHistory) return usage_error("--time-travel: at least 16M, or off");
    ICE86_TRY_ASSIGN(const bool files, writes_files(machine));
    machine::TimelineOptions history;
    history.most_bytes = bytes;
    if (!files) plan.history = history;
    if (files)
      fmt::print(stderr,
                 "ice86: time does not go back in this run: the guest writes to files "
                 "(--snapshot keeps that in memory)\n");
  }
  if (o.gdb || o.gdb_default) {
    ICE86_TRY_ASSIGN(plan.gdb, listener(o.gdb.value_or("1234"), o.gdb ? "--gdb" : "-s", "GDB"));
  }
  if (monitor) {
    plan.monitor_on_stdio = *o.monitor == "stdio";
    for (const std::string& serial : machine.serial) {
      if (plan.monitor_on_stdio && (serial == "stdio" || serial == "mon:stdio"))
        return usage_error("--monitor stdio: a serial port is there already");
    }
    if (!plan.monitor_on_stdio) {
      ICE86_TRY_ASSIGN(plan.monitor, listener(*o.monitor, "--monitor", "monitor"));
    }
  }
  if (o.qmp) {
    ICE86_TRY_ASSIGN(plan.qmp, listener(*o.qmp, "--qmp", "QMP"));
  }
  return plan;
}

std::unique_ptr<debugger::Debugger> make_debugger(machine::Pc& pc, DebugPlan plan,
                                                  debugger::gdb::Settings& gdb) {
  auto made = std::make_unique<debugger::Debugger>(pc, plan.history);
  if (plan.stopped) made->start_stopped();
  if (plan.gdb) {
    auto monitor = std::make_shared<debugger::Monitor>(*made, nullptr, gdb, false);
    made->add(std::make_unique<debugger::gdb::Server>(
        *made, std::move(plan.gdb),
        [monitor](const std::string& line) { return monitor->execute(line); }, gdb));
  }
  if (plan.monitor || plan.monitor_on_stdio)
    made->add(std::make_unique<debugger::MonitorConsole>(*made, gdb, std::move(plan.monitor)));
  if (plan.qmp) made->add(std::make_unique<debugger::qmp::Server>(*made, std::move(plan.qmp), gdb));
  return made;
}

}  // namespace ice86::app
