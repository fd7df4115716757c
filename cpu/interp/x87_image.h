// SPDX-License-Identifier: LGPL-2.1-or-later
// What the instructions share that store and load the x87 state as a block of memory.
#pragma once

#include <cstdint>

#include "cpu/x87.h"

namespace ice86::cpu::x87 {

// Whole blocks, an even number of bytes. Offsets do not wrap: what reaches beyond the segment's
// end faults. A write checks both ends before the first byte; no block covers three pages.
[[nodiscard]] bool read_block(Core& c, unsigned segment, std::uint64_t offset, std::uint8_t* to,
                              unsigned size);
[[nodiscard]] bool check_block(Core& c, unsigned segment, std::uint64_t offset, unsigned size);
[[nodiscard]] bool write_block(Core& c, unsigned segment, std::uint64_t offset,
                               const std::uint8_t* from, unsigned size);

// FCW and FSW as they were stored. update_summary() must follow.
void set_control_and_status(State& s, std::uint32_t control, std::uint32_t status);

}  // namespace ice86::cpu::x87
