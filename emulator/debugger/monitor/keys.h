// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys by the names that QEMU's monitor and QMP use, and by ours.
#pragma once

#include <optional>
#include <string>

#include "devices/i8042/key_code.h"

namespace ice86::debugger {

std::optional<devices::KeyCode> key_named(const std::string& name);

}  // namespace ice86::debugger
