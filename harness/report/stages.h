// SPDX-License-Identifier: LGPL-2.1-or-later
// The stages of a boot: which program had the machine when, as far as the machine itself tells.
// What it tells is on the serial console (LinuxBIOS and ADLO announce themselves, and what they
// start) and in the interrupt trace (the BIOS's first call; the first call from outside the ROM;
// the last one).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/session/line_log.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct Stage {
  std::string name;
  std::uint64_t time = 0;  // virtual, in nanoseconds
  std::uint64_t instruction = 0;
  std::string detail;  // size and place where known, and what it said first
};

// In order of time. Empty when nothing was said and nothing was called.
std::vector<Stage> boot_stages(const std::vector<LineLog::Line>& serial, const IntTrace& trace);

// A table for people: start, duration, name, detail.
std::string stages_text(const std::vector<Stage>& stages, std::uint64_t end_time);

}  // namespace ice86::harness
