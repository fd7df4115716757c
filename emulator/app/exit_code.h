// SPDX-License-Identifier: LGPL-2.1-or-later
// The exit codes the documentation promises.
#pragma once

#include "emulator/base/result.h"

namespace ice86::app {

enum ExitCode : int {
  kDone = 0,
  kTestFailed = 1,
  kBadArguments = 2,
  kOutOfTime = 3,
  kGuestCrashed = 4,
  kTracesDiverge = 5,
  kMissing = 6,
  kEnginesDiffer = 7,
};

inline int exit_code(const Error& error) {
  return error.kind() == ErrorKind::kUsage ? kBadArguments : kMissing;
}

}  // namespace ice86::app
