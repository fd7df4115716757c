// SPDX-License-Identifier: LGPL-2.1-or-later
// The target of American Fuzzy Lop (AFL++): a fork server whose children execute one input after
// another, with inputs and coverage in shared memory.
// Reference: AFL++ 4.04, docs/afl-fuzz_approach.md and the persistent mode's README.
#pragma once

#include "harness/fuzz/rig.h"

namespace ice86::harness {

// Until afl-fuzz goes away. A finding is an abort, the first times that its key is seen. Errors:
// not started by afl-fuzz; its shared memory is not as expected.
Result<void> serve_afl(Rig& rig);

}  // namespace ice86::harness
