// SPDX-License-Identifier: LGPL-2.1-or-later
// The controlling terminal: keys from the firmware, and the line discipline of termios(3).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/efi-python/loader/files.h"

extern const FileKind kTerminalKind;

void terminal_start(void);
// Takes the keys that the firmware has. Only at TPL_APPLICATION.
void terminal_poll(void);
