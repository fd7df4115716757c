// SPDX-License-Identifier: LGPL-2.1-or-later
// A trace in tables: who calls what, in which stage of the boot, and who hooked which vector.
#pragma once

#include <string>
#include <vector>

#include "harness/report/stages.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

// Calls and services by whose code made them.
std::string callers_text(const IntTrace& trace);

// Calls of each vector by stage: a column a stage.
std::string stage_calls_text(const IntTrace& trace, const std::vector<Stage>& stages);

// Handlers that are called and that are not in ROM, the vectors that changed, and the option ROMs.
std::string handlers_text(const IntTrace& trace);

}  // namespace ice86::harness
