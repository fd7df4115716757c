// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of a machine from the command line: limits, logs, the interrupt recorder, the run
// directory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/app/attendant.h"
#include "emulator/app/debug_options.h"
#include "emulator/app/machine_options.h"
#include "emulator/app/run_ending.h"
#include "emulator/app/terminal_input.h"
#include "harness/check/lock_step.h"
#include "harness/efi/efi_calls.h"
#include "harness/interrupts/int_recorder.h"
#include "harness/session/call_scene.h"
#include "harness/session/line_log.h"
#include "harness/session/screen_log.h"

namespace ice86::app {

class Session {
 public:
  // Everything is checked, and nothing is written, before this succeeds.
  // `record`: the interrupt trace. `logs`: keep what the guest sends to COM1 and the debug console.
  static Result<std::unique_ptr<Session>> open(
      MachineOptions options, bool record, bool logs,
      const harness::IntRecorder::Options& recording = harness::IntRecorder::Options());

  // Keeps what is on the screen during the run.
  void keep_screens(harness::ScreenLog& log);

  // Keeps what is around each call, of a session that was opened with `record`.
  const harness::CallScene& keep_scene();

  // Records calls of EFI services too, of a session that was opened with `record`. Not together
  // with a debugger, --engine check or a scene.
  void record_efi(harness::EfiCalls::Options options);
  bool found_efi() const { return efi_ != nullptr && efi_->found(); }

  // Before run(): opens the run to debuggers.
  void debug(DebugPlan plan);

  // `attendant`: who sits before it; none: nobody.
  Ending run(Attendant* attendant = nullptr);

  machine::Pc& pc() { return *pc_; }
  const harness::LineLog& serial() const { return serial_; }
  const harness::LineLog& debug_console() const { return debug_console_; }
  // What the run recorded, of a session that was opened with `record` and has run.
  const harness::IntTrace& trace();

  // Writes all files of a run directory, the trace too when there is one.
  Result<void> write(const std::string& folder, const std::vector<std::string>& command,
                     const Ending& ending);

 private:
  Session() = default;
  // Passes on what was typed; false when the user wants to end the run.
  bool take_input(TerminalInput& terminal);
  // --engine check: the same machine once more, with the interpreter.
  Result<void> add_reference(MachineOptions options);

  harness::LineLog serial_;
  harness::LineLog debug_console_;
  std::unique_ptr<machine::Pc> pc_;
  std::unique_ptr<machine::Pc> reference_;
  std::unique_ptr<harness::LockStep> check_;
  std::unique_ptr<harness::IntRecorder> recorder_;
  std::unique_ptr<harness::CallScene> scene_;
  std::unique_ptr<harness::EfiCalls> efi_;
  std::optional<harness::IntTrace> trace_;  // what the recorder gave up
  debugger::gdb::Settings gdb_;
  std::unique_ptr<debugger::Debugger> debugger_;
  machine::RunLimits limits_;
  std::optional<std::uint64_t> wall_limit_ns_;
  // The serial port that is the user's terminal.
  std::optional<unsigned> terminal_port_;
  TerminalInput::Signals terminal_signals_ = TerminalInput::Signals::kOurs;
};

}  // namespace ice86::app
