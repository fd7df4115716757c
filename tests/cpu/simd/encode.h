// SPDX-License-Identifier: LGPL-2.1-or-later
// From a form in the decoder's table to bytes.
#pragma once

#include "cpu/interp/simd_forms.h"
#include "tests/cpu/simd/machine_state.h"

namespace ice86::cpu::test {

// Whether the form exists in 64-bit mode only.
bool needs_64_bit_mode(const SimdForm& form);

// The form with registers of the given numbers, or with memory at [EDI]. False: no encoding.
bool encode(const SimdForm& form, bool memory, unsigned dst, unsigned src, unsigned immediate,
            Code& code);

}  // namespace ice86::cpu::test
