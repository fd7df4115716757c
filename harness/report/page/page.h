// SPDX-License-Identifier: LGPL-2.1-or-later
// A trace as one page for a browser: timeline, list, what each call did, the screen at that moment.
// It needs no server and no network.
#pragma once

#include <string>
#include <vector>

#include "harness/report/stages.h"
#include "harness/session/call_scene.h"
#include "harness/session/screen_log.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

struct TracePage {
  const IntTrace& trace;
  std::vector<Stage> stages;
  const ScreenLog* screens = nullptr;  // none: a trace from a file
  std::uint64_t end = 0;               // of the run: virtual, in nanoseconds
  const CallScene* scene = nullptr;    // none: a trace from a file
};

std::string trace_html(const TracePage& page);

}  // namespace ice86::harness
