// SPDX-License-Identifier: LGPL-2.1-or-later
// What firmware/int-agent sent to a serial port, as a trace. The form of its lines:
// docs/int-agent.md.
#pragma once

#include <cstdint>
#include <string>

#include "emulator/base/result.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct AgentCapture {
  IntTrace trace;
  std::uint64_t damaged = 0;  // records whose check sum is wrong, or that end in the middle
};

// Whatever else is on the line (a boot loader that talks to the same port) is passed over. Errors:
// no record of an agent in it, or one of another version.
Result<AgentCapture> parse_agent_capture(const std::string& capture);

}  // namespace ice86::harness
