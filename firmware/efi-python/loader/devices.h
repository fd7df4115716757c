// SPDX-License-Identifier: LGPL-2.1-or-later
// /dev.
#pragma once

#include <stdbool.h>

bool devices_add(void);
