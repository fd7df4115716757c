// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/run_ending.h"

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <csignal>

#include "emulator/app/exit_code.h"
#include "emulator/base/host_clock.h"

namespace ice86::app {

namespace {

// A signal handler can only reach something static.
volatile std::sig_atomic_t interrupt_seen = 0;

void note_interrupt(int signal) {
  interrupt_seen = signal;
}

std::string place(const cpu::State& state) {
  return fmt::format("{:04x}:{:x}", state.segment[cpu::kCs].selector, state.rip);
}

}  // namespace

Ending describe(const machine::RunResult& result, machine::Pc& pc, const char* interrupted_by) {
  const cpu::State& state = pc.cpu().state();
  const std::string when =
      fmt::format("after {} instructions, {:.6f} s of virtual time", pc.clock().instructions(),
                  static_cast<double>(pc.clock().now()) / 1e9);
  switch (result.end) {
    case machine::RunEnd::kInstructionLimit:
      return {
          fmt::format("stopped at {}: the instruction limit was reached {}", place(state), when),
          kOutOfTime, false};
    case machine::RunEnd::kTimeLimit:
      return {fmt::format("stopped at {}: out of virtual time {}", place(state), when), kOutOfTime,
              false};
    case machine::RunEnd::kInterrupted:
      return {fmt::format("stopped at {} by {} {}", place(state), interrupted_by, when), kOutOfTime,
              false};
    case machine::RunEnd::kStopped:
      return {fmt::format("stopped at {} {}", place(state), when), kDone, true};
    case machine::RunEnd::kPowerOff:
      return {fmt::format("the guest powered off {}", when), kDone, true};
    case machine::RunEnd::kDebugExit:
      return {fmt::format("the guest wrote {:#x} to the debug exit port {}",
                          result.debug_exit_value, when),
              (result.debug_exit_value << 1 | 1) & 0xff, true};
    case machine::RunEnd::kCrashed:
      return {fmt::format("the guest crashed at {}: triple fault {}", place(state), when),
              kGuestCrashed, false};
    case machine::RunEnd::kReset:
      return {fmt::format("the guest asked for a reset {}", when), kDone, true};
    case machine::RunEnd::kStuck:
      return {fmt::format("the guest halted at {} with interrupts off: nothing can wake it {}",
                          place(state), when),
              kOutOfTime, false};
  }
  ICE86_UNREACHABLE();
}

RunInterruption::RunInterruption(std::optional<std::uint64_t> wall_limit_ns) {
  if (wall_limit_ns) deadline_ns_ = host_ns() + *wall_limit_ns;
  interrupt_seen = 0;
  std::signal(SIGINT, note_interrupt);
  std::signal(SIGTERM, note_interrupt);
}

RunInterruption::~RunInterruption() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool RunInterruption::asked() {
  if (reason_ != nullptr) return true;
  if (interrupt_seen != 0) {
    reason_ = interrupt_seen == SIGINT ? "Ctrl-C" : "SIGTERM";
  } else if (deadline_ns_ && host_ns() >= *deadline_ns_) {
    reason_ = "the wall-clock limit";
  }
  return reason_ != nullptr;
}

}  // namespace ice86::app
