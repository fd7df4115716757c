// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/session.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "emulator/app/exit_code.h"
#include "harness/session/call_recording.h"
#include "harness/session/run_directory.h"
#include "harness/trace/trace_file.h"

namespace ice86::app {

namespace {

// The bytes go where the user said, and into the log. `clock` is there before the first byte is.
std::function<void(std::uint8_t)> tee(std::function<void(std::uint8_t)> sink, harness::LineLog& log,
                                      const std::unique_ptr<machine::Pc>& pc) {
  return [sink = std::move(sink), &log, &pc](std::uint8_t byte) {
    if (sink) sink(byte);
    log.add(byte, pc->clock());
  };
}

// What the machine sends, but not what it repeats: while the place of a difference is looked for,
// or after a debugger has gone back in time.
void send_once(std::function<void(std::uint8_t)>& sink,
               const std::unique_ptr<harness::LockStep>& check,
               const std::unique_ptr<debugger::Debugger>& debugger) {
  if (!sink) return;
  sink = [sink = std::move(sink), &check, &debugger](std::uint8_t byte) {
    if (!(check && check->searching()) && !(debugger && debugger->repeating())) sink(byte);
  };
}

}  // namespace

Result<void> Session::add_reference(MachineOptions options) {
  options.engine = "interp";
  options.serial.clear();
  options.parallel = "null";
  options.debugcon = "null";
  options.network.pcap.reset();
  ICE86_TRY_ASSIGN(machine::PcConfig config, machine_config(options));
  if (!config.nics.empty()) {
    return usage_error(
        "--engine check: a network answers each machine by itself; leave the cards out");
  }
  ICE86_TRY_ASSIGN(reference_, machine::Pc::create(std::move(config)));
  return {};
}

Result<std::unique_ptr<Session>> Session::open(MachineOptions options, bool record, bool logs,
                                               const harness::IntRecorder::Options& recording) {
  std::unique_ptr<Session> session(new Session);
  ICE86_TRY(apply_machine_file(options));
  apply_firmware_defaults(options, true);
  const bool check = options.engine == "check";
  if (check) options.snapshot = true;
  ICE86_TRY_ASSIGN(machine::PcConfig config, machine_config(options));
  if (check) {
    ICE86_TRY(session->add_reference(options));
  }
  ICE86_TRY_ASSIGN(session->limits_, run_limits(options));
  ICE86_TRY_ASSIGN(session->wall_limit_ns_, wall_limit_ns(options));
  for (unsigned port = 0; port < options.serial.size(); ++port) {
    const std::string& where = options.serial[port];
    // What was typed is in the log.
    if (options.network.from_log || (where != "stdio" && where != "mon:stdio")) continue;
    session->terminal_port_ = port;
    if (where == "mon:stdio") session->terminal_signals_ = TerminalInput::Signals::kGuests;
  }
  if (logs) {
    config.serial[0] = tee(std::move(config.serial[0]), session->serial_, session->pc_);
    config.debug_console =
        tee(std::move(config.debug_console), session->debug_console_, session->pc_);
  }
  for (auto& sink : config.serial) send_once(sink, session->check_, session->debugger_);
  send_once(config.parallel, session->check_, session->debugger_);
  send_once(config.debug_console, session->check_, session->debugger_);
  ICE86_TRY_ASSIGN(session->pc_, machine::Pc::create(std::move(config)));
  if (check)
    session->check_ = std::make_unique<harness::LockStep>(*session->pc_, *session->reference_);
  if (record) {
    session->recorder_ = std::make_unique<harness::IntRecorder>(
        harness::recorder_view(*session->pc_), harness::IntRecorder::Limits(), recording);
    session->pc_->cpu().set_interrupt_observer(session->recorder_.get());
  }
  return session;
}

void Session::keep_screens(harness::ScreenLog& log) {
  limits_.attend = [this, &log] { return log.visit(*pc_); };
}

const harness::CallScene& Session::keep_scene() {
  scene_ = std::make_unique<harness::CallScene>(
      *recorder_,
      [this](std::uint32_t linear, unsigned width) { return pc_->peek_memory(linear, width); });
  pc_->cpu().set_interrupt_observer(scene_.get());
  return *scene_;
}

void Session::record_efi(harness::EfiCalls::Options options) {
  efi_ = std::make_unique<harness::EfiCalls>(*pc_, options);
}

void Session::debug(DebugPlan plan) {
  debugger_ = make_debugger(*pc_, std::move(plan), gdb_);
}

Ending Session::run(Attendant* attendant) {
  RunInterruption interruption(wall_limit_ns_);
  std::optional<TerminalInput> terminal;
  if (terminal_port_) terminal.emplace(STDIN_FILENO, terminal_signals_);
  limits_.interrupted = [&] {
    if (terminal && !take_input(*terminal)) interruption.ask("Ctrl-A x");
    return interruption.asked() || (attendant != nullptr && attendant->wants_end() != nullptr);
  };
  if (attendant != nullptr) {
    limits_.attend = [attendant, others = limits_.attend] {
      const machine::Instant mine = attendant->visit();
      if (!others) return mine;
      const machine::Instant theirs = others();
      return theirs.time < mine.time ? theirs : mine;
    };
    if (debugger_ && debugger_->timeline() != nullptr) {
      debugger_->timeline()->on_input(
          [attendant](const machine::TimedInput& input) { attendant->log(input); });
    } else {
      pc_->on_input([this, attendant](const machine::Input& input) {
        if (!check_ || !check_->searching()) attendant->log({pc_->instant(), input});
      });
    }
    if (check_) {
      attendant->on_input([this](const machine::Input& input) {
        check_->repeat([input](machine::Pc& pc) { pc.input(input); });
      });
    }
  }
  const machine::RunResult result = check_      ? check_->run(limits_)
                                    : debugger_ ? debugger_->run(limits_)
                                    : efi_      ? efi_->run(limits_)
                                                : pc_->run(limits_);
  limits_.interrupted = nullptr;
  limits_.attend = nullptr;
  if (!debugger_) pc_->on_input(nullptr);
  const char* left = nullptr;
  if (result.end == machine::RunEnd::kInterrupted && interruption.reason() == nullptr &&
      attendant != nullptr)
    left = attendant->wants_end();
  if (left == nullptr && debugger_ && debugger_->quit_asked()) left = "the debugger";
  if (attendant != nullptr) attendant->stopped(result, [&] { return interruption.asked(); });
  if (check_ && check_->difference()) {
    fmt::print("{}", *check_->difference());
    return {"the engines differ", kEnginesDiffer, false};
  }
  // The machine is gone now; its last words are not.
  for (unsigned port = 0; port < machine::Pc::kSerialPorts; ++port) {
    const auto& sink = pc_->config().serial[port];
    if (!sink) continue;
    for (const std::uint8_t byte : pc_->unsent_serial(port)) sink(byte);
  }
  Ending ending = describe(result, *pc_, left != nullptr ? left : interruption.reason());
  if (left != nullptr) ending.exit_code = kDone;
  return ending;
}

bool Session::take_input(TerminalInput& terminal) {
  std::fflush(stdout);  // a prompt does not end its line
  // What is typed belongs to the present.
  const bool present = !debugger_ || !debugger_->in_past();
  const std::vector<std::uint8_t> typed =
      terminal.read(present ? pc_->serial_room(*terminal_port_) : 0);
  if (!present) return !terminal.quit_asked();
  const auto give = [port = *terminal_port_, typed, brk = terminal.take_break()](machine::Pc& pc) {
    pc.receive_serial(port, typed);
    if (brk) pc.break_serial(port);
  };
  give(*pc_);
  if (check_) check_->repeat(give);
  return !terminal.quit_asked();
}

const harness::IntTrace& Session::trace() {
  if (trace_) return *trace_;
  trace_ = harness::take_trace(*pc_, *recorder_);
  if (efi_) {
    trace_->losses.calls += efi_->lost_calls();
    trace_ = harness::merged(std::move(*trace_), efi_->events());
  }
  return *trace_;
}

Result<void> Session::write(const std::string& folder, const std::vector<std::string>& command,
                            const Ending& ending) {
  ICE86_TRY(harness::create_run_directory(folder));
  ICE86_TRY(harness::write_run_directory(folder, *pc_,
                                         {command, &serial_, &debug_console_, ending.text}));
  if (recorder_)
    ICE86_TRY(harness::write_trace(std::filesystem::path(folder) / "trace.jsonl", trace()));
  return {};
}

}  // namespace ice86::app
