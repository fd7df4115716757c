// SPDX-License-Identifier: LGPL-2.1-or-later
// --cpu: a model by name, a model file, or `help`.
#pragma once

#include <string>

#include "cpu/cpu_model.h"
#include "emulator/base/result.h"

namespace ice86::app {

// Unknown names come back with the nearest known one; malformed files with file and line.
Result<cpu::CpuModel> choose_cpu_model(const std::string& name_or_path);

// What `--cpu help` prints: one line a model, and what of it is not implemented yet.
std::string list_cpu_models();

}  // namespace ice86::app
