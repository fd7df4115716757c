// SPDX-License-Identifier: LGPL-2.1-or-later
// A reference run: the same ROM and disk in Bochs, its BIOS interrupts as a trace in our schema.
#pragma once

#include <functional>
#include <string>

#include "emulator/base/result.h"
#include "harness/reference/bochs_config.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct BochsLimits {
  std::uint64_t ticks = 0;  // Bochs' clock: retired instructions plus halted time; 0: none
  std::function<bool()> interrupted;  // asked several times a second
};

enum class BochsEnd {
  kShutdown,     // the guest wrote "Shutdown" to port 8900
  kDebugExit,    // the guest wrote to port 501
  kOutOfTime,    // BochsLimits::ticks
  kInterrupted,  // BochsLimits::interrupted
  kCrashed,      // triple fault
  kGaveUp,       // Bochs ended by itself: last_words
};

struct BochsRun {
  IntTrace trace;
  BochsEnd end = BochsEnd::kGaveUp;
  std::uint64_t ticks = 0;  // when it ended, or at the last stop before
  std::uint8_t debug_exit_value = 0;
  std::string last_words;  // Bochs' own
  std::string serial;      // what the guest sent to COM1
};

// Runs to the end or a limit. The run's folder is temporary and gone afterwards; the disk images
// are not written. Errors: Bochs is missing or does not start, or it answers in a way that is not
// understood.
Result<BochsRun> run_bochs(const BochsMachine& machine, const BochsLimits& limits);

}  // namespace ice86::harness
