// SPDX-License-Identifier: LGPL-2.1-or-later
// The CPU's registers by the names of the SDM: "al", "ax", "eax", "rax", "ip", "cs", "flags",
// "cr0".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cpu/state.h"

namespace ice86::harness {

std::optional<std::uint64_t> register_named(const cpu::State& state, std::string_view name);

}  // namespace ice86::harness
