// SPDX-License-Identifier: LGPL-2.1-or-later
// Which instructions come with which CPUID feature.
#pragma once

#include <Zydis/Zydis.h>

#include "cpu/features.h"

namespace ice86::cpu {

// False: this instruction belongs to a feature that the CPU does not offer, and is #UD on it.
bool offers(const FeatureSet& features, const ZydisDecodedInstruction& instruction);

}  // namespace ice86::cpu
