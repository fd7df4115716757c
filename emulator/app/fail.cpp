// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fmt/core.h>

#include <cstdio>

#include "emulator/app/command.h"
#include "emulator/app/exit_code.h"

namespace ice86::app {

int fail(const Error& error) {
  std::fflush(stdout);
  fmt::print(stderr, "ice86: {}\n", error.message());
  return exit_code(error);
}

}  // namespace ice86::app
