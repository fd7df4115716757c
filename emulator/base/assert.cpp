// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace ice86 {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "ice86: internal error at %s:%d: %s\n", file, line, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace ice86
