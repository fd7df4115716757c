// SPDX-License-Identifier: LGPL-2.1-or-later
// The options that open a run to debuggers: GDB, the monitor, QMP; and how far time goes back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "emulator/debugger/debugger.h"
#include "emulator/debugger/gdb/session.h"
#include "emulator/debugger/socket.h"

namespace CLI {
class App;
}

namespace ice86::app {

struct MachineOptions;

struct DebugOptions {
  std::optional<std::string> gdb;
  bool gdb_default = false;  // -s
  bool stopped = false;      // -S
  std::optional<std::string> monitor;
  std::optional<std::string> qmp;
  std::string time_travel = "512M";

  bool any() const { return gdb || gdb_default || stopped || monitor || qmp; }
};

// The guest's writes go into files of the host: neither time nor a replay can take that back.
Result<bool> writes_files(const MachineOptions& machine);

void add_debug_options(CLI::App& command, DebugOptions& options);

// The sockets are open, and nothing has run, when this succeeds.
struct DebugPlan {
  std::unique_ptr<debugger::Listener> gdb, monitor, qmp;
  bool monitor_on_stdio = false;
  bool stopped = false;
  std::optional<machine::TimelineOptions> history;
};
Result<DebugPlan> debug_plan(const DebugOptions& options, const MachineOptions& machine);

// A debugger with its front ends. `gdb` outlives it.
std::unique_ptr<debugger::Debugger> make_debugger(machine::Pc& pc, DebugPlan plan,
                                                  debugger::gdb::Settings& gdb);

}  // namespace ice86::app
