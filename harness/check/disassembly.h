// SPDX-License-Identifier: LGPL-2.1-or-later
// The instruction at which a machine stands, as text.
#pragma once

#include <string>

#include "emulator/machine/pc.h"

namespace ice86::harness {

// "0008:00101234  8b 04 24  mov eax, [esp]"
std::string instruction_text(machine::Pc& pc);

}  // namespace ice86::harness
