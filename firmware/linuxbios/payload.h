// SPDX-License-Identifier: LGPL-2.1-or-later
// What the loaders of the payload's formats share.
#pragma once

#include "firmware/common/romfs.h"
#include "firmware/linuxbios/linuxbios.h"

// Where memory that a payload may use ends.
uint32_t payload_top(const Memory* memory);
// Whether all of [to, to + size) is memory a payload may use.
bool payload_has_memory(const Memory* memory, uint32_t to, uint32_t size);
bool payload_over_loader(uint32_t to, uint32_t size);

// Starts a Linux kernel (bzImage) with the entries NAME.initrd and NAME.cmdline, both optional.
// Returns what is wrong with it, if something is.
const char* start_linux(const RomEntry* entry, const Memory* memory);
// The same for a kernel that has been taken out of its bzImage (ROM_LINUX_IMAGE): by its PVH entry.
const char* start_linux_image(const RomEntry* entry, const Memory* memory);
