// SPDX-License-Identifier: LGPL-2.1-or-later
// The screen and the serial console as a terminal: UTF-8 and the control sequences of a VT100, on
// EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL.
#pragma once

#include <stdint.h>

void console_write(const char* text, uint64_t bytes);
void console_size(unsigned* columns, unsigned* rows);
