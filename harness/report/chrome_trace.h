// SPDX-License-Identifier: LGPL-2.1-or-later
// A trace for Perfetto (ui.perfetto.dev) and chrome://tracing.
// Reference: Chrome's "Trace Event Format", JSON object form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/report/stages.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

// `end`: of the run, virtual, in nanoseconds; calls that never returned and the last stage last
// until then.
std::string chrome_trace_json(const IntTrace& trace, const std::vector<Stage>& stages,
                              std::uint64_t end);

}  // namespace ice86::harness
