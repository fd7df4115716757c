// SPDX-License-Identifier: LGPL-2.1-or-later
// The interrupt recorder on a machine, and what it recorded as a trace.
#pragma once

#include "emulator/machine/pc.h"
#include "harness/interrupts/int_recorder.h"
#include "harness/trace/int_event.h"

namespace ice86::harness {

// A view of `pc` for a recorder. The machine outlives it.
IntRecorder::View recorder_view(machine::Pc& pc);

// Header, calls and losses.
IntTrace recorded_trace(const machine::Pc& pc, const IntRecorder& recorder);
// The same without a copy of the calls, when the run is over.
IntTrace take_trace(const machine::Pc& pc, IntRecorder& recorder);

}  // namespace ice86::harness
