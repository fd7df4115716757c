// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/log.h"

#include <cstdio>

namespace ice86 {

Log Log::to_stderr(LogLevel most) {
  return Log(
      [](LogLevel, std::string_view channel, std::string_view message) {
        fmt::print(stderr, "ice86: {}: {}\n", channel, message);
      },
      most);
}

}  // namespace ice86
