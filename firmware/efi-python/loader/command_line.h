// SPDX-License-Identifier: LGPL-2.1-or-later
// What the program is called with: from the load options (the UEFI shell's command line), else the
// fw_cfg file opt/efi-python/arguments, else the file \efi-python\arguments on the ESP, else
// nothing: the prompt.
#pragma once

#include <stdbool.h>

#include "firmware/efi-python/loader/program.h"

typedef struct {
  bool shut_down;  // --shutdown: power off when the program has ended
} CommandLine;

// Fills in arguments and environment. NULL after a message when something is wrong.
const CommandLine* command_line_read(Program* program);
