// SPDX-License-Identifier: LGPL-2.1-or-later
// Random numbers: from EFI_RNG_PROTOCOL, else from RDRAND, else none.
#pragma once

#include <stdbool.h>
#include <stdint.h>

void random_start(void);
bool random_available(void);
bool random_fill(void* to, uint64_t bytes);
