// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting for several files: poll, select, epoll.
#pragma once

#include "firmware/efi-python/loader/files.h"

// `until` is of clock_now. The count of files with events, 0 when it is past, or -EINTR.
int64_t poll_files(AbiPoll* files, uint64_t count, uint64_t until);
// Bit sets of descriptors; each may be NULL.
int64_t select_files(unsigned count, uint64_t* reads, uint64_t* writes, uint64_t* errors,
                     uint64_t until);

int64_t epoll_create(uint32_t flags);
int64_t epoll_control(int64_t epoll, unsigned operation, int64_t descriptor,
                      const AbiEpollEvent* event);
int64_t epoll_wait(int64_t epoll, AbiEpollEvent* events, int64_t most, uint64_t until);
