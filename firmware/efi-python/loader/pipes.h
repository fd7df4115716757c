// SPDX-License-Identifier: LGPL-2.1-or-later
// Pipes, pairs of connected sockets, and event counters: what the threads of the program use among
// themselves.
#pragma once

#include <stdbool.h>

#include "firmware/efi-python/loader/files.h"

int64_t pipe_create(uint32_t flags, int32_t descriptors[2]);
int64_t socket_pair_create(uint32_t flags, int32_t descriptors[2]);
int64_t event_counter_create(uint64_t value, uint32_t flags);

bool is_socket_pair(const File* file);
// shutdown(2)
int64_t socket_pair_shut(File* file, bool receiving, bool sending);
