// SPDX-License-Identifier: LGPL-2.1-or-later
// What a fuzzer has found, as a scenario that passes when nothing is wrong with it any more.
#pragma once

#include <string>

#include "harness/fuzz/rig.h"
#include "harness/scenario/player.h"

namespace ice86::harness {

Outcome play_fuzz(const FuzzReplay& fuzz, machine::Firmware firmware, cpu::Engine engine);

// The scenario file (docs/scenarios.md) for an input that has this finding.
std::string regression_scenario(const RigOptions& options, const Finding& finding,
                                const Input& input);

// Rows of a step each.
std::string hex_rows(const Input& input);

}  // namespace ice86::harness
