// SPDX-License-Identifier: LGPL-2.1-or-later
// Which key of a PS/2 keyboard sits where SDL says one was pressed.
#pragma once

#include <optional>

#include "devices/i8042/key_code.h"

namespace ice86::display {

// `scancode` is an SDL_Scancode, a position; none for keys a 101/102-key keyboard does not have.
std::optional<devices::KeyCode> key_of_sdl(int scancode);

}  // namespace ice86::display
