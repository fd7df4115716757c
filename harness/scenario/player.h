// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays a scenario on a machine. What happens when is decided by the guest's own doing and by
// virtual time, so that every play of it is the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "emulator/machine/pc.h"
#include "harness/scenario/blessing.h"
#include "harness/scenario/scenario.h"
#include "harness/session/line_log.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

// How a scenario went.
struct Outcome {
  enum class Verdict {
    kPassed,
    kFailed,   // the machine did not do what was expected
    kInvalid,  // the scenario is wrong
    kMissing,  // a file or tool it needs is missing or does not fit
  };
  Verdict verdict = Verdict::kPassed;
  std::string message;   // why not, with the step and its place in the file; may have several lines
  std::string evidence;  // the last screen and the last calls
  Nanoseconds time = 0;  // virtual
  std::uint64_t instructions = 0;
  std::string state_sha256;
  std::vector<Blessing> blessings;  // PlayOptions::bless: what would be written
};

struct PlayOptions {
  // Golden traces and pictures that differ are no failure: what they would become goes to the run
  // directory and into Outcome::blessings.
  bool bless = false;
  // Asked now and then: ends the play.
  std::function<bool()> interrupted = nullptr;
  // RunLimits::attend, for a window.
  std::function<std::function<machine::Instant()>(machine::Pc&)> attend = nullptr;
  // Where the run directory goes; none: nowhere, and nothing can be blessed.
  std::filesystem::path run_directory = {};
  std::vector<std::string> command = {};  // that repeats it
};

// Creates the machine and plays. `config` may have sinks of its own on the serial ports.
Outcome play(const Scenario& scenario, machine::PcConfig config, const PlayOptions& options = {});

}  // namespace ice86::harness
