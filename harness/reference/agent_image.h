// SPDX-License-Identifier: LGPL-2.1-or-later
// Images that boot firmware/int-agent: for hard disks and USB sticks, diskettes, CDs.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::harness {

enum class AgentMedium { kDisk, kFloppy, kCd };

struct AgentSetup {
  AgentMedium medium = AgentMedium::kDisk;
  std::uint16_t port = 0x3f8;      // a 16550's base, or 0xe9: the debug console of emulators
  std::uint16_t divisor = 1;       // of its 115200 baud
  std::uint8_t next_drive = 0xff;  // as INT 13h counts; 0xff: the one behind the agent's own
};

// `agent`: int-agent.bin. Errors: it is something else.
Result<std::vector<std::uint8_t>> agent_image(const std::vector<std::uint8_t>& agent,
                                              const AgentSetup& setup);

}  // namespace ice86::harness
