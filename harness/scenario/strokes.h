// SPDX-License-Identifier: LGPL-2.1-or-later
// What a person would press: text on a US keyboard, and keys by name.
#pragma once

#include <string_view>
#include <vector>

#include "devices/i8042/key_code.h"
#include "emulator/base/result.h"

namespace ice86::harness {

// Keys that are held together.
using Stroke = std::vector<devices::KeyCode>;

// Printable ASCII, "\n" (Enter), "\t", "\b" and "\x1b". Errors name the character.
Result<std::vector<Stroke>> strokes_of_text(std::string_view text);

// Strokes with spaces between: "f10", "ctrl+alt+delete", "ctrl-alt-delete". The names are those of
// devices::name_of, and the short ones of QEMU's sendkey (ctrl, alt, shift, ret, spc, esc, pgup,
// pgdn).
Result<std::vector<Stroke>> strokes_of_names(std::string_view names);

}  // namespace ice86::harness
