// SPDX-License-Identifier: LGPL-2.1-or-later
// Assertions that stay on in release builds: a broken invariant of ours ends the process with a
// message. Never used for what a guest or a user can cause.
#pragma once

namespace ice86 {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace ice86

#define ICE86_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::ice86::assertion_failed(#expression, __FILE__, __LINE__))
#define ICE86_UNREACHABLE() ::ice86::assertion_failed("unreachable", __FILE__, __LINE__)
