// SPDX-License-Identifier: LGPL-2.1-or-later
// Which firmware this is. No date and no host name: the same source gives the same bytes.
#pragma once

#define FIRMWARE_VERSION "1.0-ice86"
#define FIRMWARE_BUILD "reproducible"
