// SPDX-License-Identifier: LGPL-2.1-or-later
// Sockets of AF_INET and AF_INET6 as files: what `-X sockets=abi` leaves to the system calls.
// Results are counts, or negative error numbers.
#pragma once

#include "firmware/efi-python/loader/files.h"
#include "firmware/efi-python/loader/network.h"

enum { kFamilyUnspecified = 0, kFamilyUnix = 1, kFamilyInet = 2, kFamilyInet6 = 10 };
enum { kMessagePeek = 0x02, kMessageDontWait = 0x40, kMessageWaitAll = 0x100 };
enum { kMessageTruncate = 0x20, kMessageNoSignal = 0x4000, kMessageOutOfBand = 0x01 };

int64_t socket_create(IpVersion family, uint32_t type, uint32_t protocol);
bool is_inet_socket(const File* file);
IpVersion socket_family(const File* file);

int64_t socket_bind(File* file, Endpoint local);
int64_t socket_connect(File* file, Endpoint remote);
// AF_UNSPEC: a datagram socket forgets whom it is connected with.
int64_t socket_disconnect(File* file);
int64_t socket_listen(File* file, int32_t backlog);
int64_t socket_accept(File* file, uint32_t flags, Endpoint* remote);
// `to` may be NULL.
int64_t socket_send(File* file, const void* data, uint64_t bytes, uint32_t flags,
                    const Endpoint* to);
// The sender of a datagram comes out of `from`; `whole` is how long it was.
int64_t socket_receive(File* file, void* to, uint64_t bytes, uint32_t flags, Endpoint* from,
                       bool* has_sender, uint64_t* whole);
int64_t socket_shut(File* file, bool receiving, bool sending);
int64_t socket_local(File* file, Endpoint* local);
int64_t socket_remote(File* file, Endpoint* remote);
int64_t socket_set_option(File* file, uint32_t level, uint32_t option, const void* value,
                          uint32_t bytes);
int64_t socket_get_option(File* file, uint32_t level, uint32_t option, void* value,
                          uint32_t* bytes);
bool socket_is_stream(const File* file);

// Connections that say farewell in the background.
void sockets_tick(void);
void sockets_end(void);
