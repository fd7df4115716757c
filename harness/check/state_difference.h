// SPDX-License-Identifier: LGPL-2.1-or-later
// What is not the same in two CPU states.
#pragma once

#include <string>
#include <vector>

#include "cpu/state.h"

namespace ice86::harness {

bool same_state(const cpu::State& left, const cpu::State& right);

struct StateDifference {
  std::string name;  // as a debugger shows it: rax, cs.base, xmm3
  std::string left, right;
};
std::vector<StateDifference> state_differences(const cpu::State& left, const cpu::State& right);

// Registers and flags of a state, some lines of text.
std::string state_text(const cpu::State& state);

}  // namespace ice86::harness
