// SPDX-License-Identifier: LGPL-2.1-or-later
// Steps that no machine could ever do, found before one is started.
#pragma once

#include "emulator/base/result.h"
#include "emulator/machine/machine_file.h"
#include "harness/scenario/scenario.h"

namespace ice86::harness {

// Errors name the step's place and say why.
Result<void> check_possible(const Scenario& scenario, const machine::MachineFile& machine);

}  // namespace ice86::harness
