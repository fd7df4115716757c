// SPDX-License-Identifier: LGPL-2.1-or-later
// How a run ended: the sentence for a person and the exit code for a script.
#pragma once

#include <string>

#include "emulator/machine/pc.h"

namespace ice86::app {

struct Ending {
  std::string text;
  int exit_code;
  bool expected;  // the guest ended the run itself
};

Ending describe(const machine::RunResult& result, machine::Pc& pc, const char* interrupted_by);

// Ends a run at a time on the host's clock, or when the user presses Ctrl-C or a script
// sends SIGTERM.
class RunInterruption {
 public:
  explicit RunInterruption(std::optional<std::uint64_t> wall_limit_ns);
  ~RunInterruption();
  RunInterruption(const RunInterruption&) = delete;
  RunInterruption& operator=(const RunInterruption&) = delete;

  bool asked();
  // Ends the run for another reason.
  void ask(const char* reason) { reason_ = reason; }
  // "the wall-clock limit" or "Ctrl-C", ...; null when none.
  const char* reason() const { return reason_; }

 private:
  std::optional<std::uint64_t> deadline_ns_;
  const char* reason_ = nullptr;
};

}  // namespace ice86::app
