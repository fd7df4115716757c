// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the host's undefined flags are those that docs/cpu-undefined-flags.md describes.
#pragma once

namespace ice86::cpu::jit {

bool host_flags_are_ours();

}  // namespace ice86::cpu::jit
