// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that the machine's user gives to its firmware (QEMU's -fw_cfg).
#pragma once

#include <stdint.h>

// The bytes of a file, at most so many; negative when there is none, or no such device.
int64_t fw_cfg_read(const char* name, void* to, uint64_t bytes);
