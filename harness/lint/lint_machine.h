// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine that has run its firmware, as the checks see it.
#pragma once

#include <vector>

#include "emulator/machine/pc.h"
#include "harness/interrupts/int_recorder.h"
#include "harness/lint/firmware_lint.h"

namespace ice86::harness {

// Reads PCI configuration space through the machine's ports, and measures base address registers by
// writing them: the guest is not to go on after this. `events` has its INT 15h E820 calls, the last
// whole round of which counts.
LintView lint_view(machine::Pc& pc, const std::vector<IntEvent>& events);

}  // namespace ice86::harness
