// SPDX-License-Identifier: LGPL-2.1-or-later
// From a form in the decoder's table to bytes.
#pragma once

#include "cpu/interp/simd_forms.h"
#include "tests/cpu/simd/machine_state.h"

namespace ice86::cpu::test {

// Whether the form exists in 64-bit mode only.
bool needs_64_bit_mode(const SimdForm& form);

// The form with registers of the given numbers (0 to 15 in 64-bit mode), or with memory at [rDI].
// False: no encoding.
bool encode(const SimdForm& form, bool memory, unsigned dst, unsigned src, unsigned immediate,
            Code& code, bool mode_64 = false, unsigned first = 0);

}  // namespace ice86::cpu::test
