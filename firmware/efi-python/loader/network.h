// SPDX-License-Identifier: LGPL-2.1-or-later
// The network interface: the first card that the firmware drives, configured at the first use: by
// DHCP, and by what routers announce; instances of its protocols; calls under way.
// Reference for addresses: RFC 4291 section 2.5.
#pragma once

#include <stdbool.h>

#include "firmware/efi-python/loader/efi_network.h"

// Addresses of both versions; those of IPv4 are mapped ones.
typedef struct {
  Ip6 address;
  uint16_t port;
} Endpoint;
typedef enum { kIp4, kIp6, kIpVersions } IpVersion;

static inline Ip6 ip_of_ip4(Ip4 a) {
  return (Ip6){{[10] = 0xff, 0xff, a.bytes[0], a.bytes[1], a.bytes[2], a.bytes[3]}};
}
static inline Ip4 ip_to_ip4(Ip6 a) {
  return (Ip4){{a.bytes[12], a.bytes[13], a.bytes[14], a.bytes[15]}};
}
bool ip_is(Ip6 a, Ip6 b);
IpVersion ip_version(Ip6 a);
Ip6 ip_any(IpVersion version);
Ip6 ip_loopback(IpVersion version);
bool ip_is_any(Ip6 a);
bool ip_is_loopback(Ip6 a);
bool ip_is_link_local(Ip6 a);
static inline bool endpoint_is(Endpoint a, Endpoint b) {
  return a.port == b.port && ip_is(a.address, b.address);
}

// Makes it work with this version of IP: for IPv4 waits for an address, and says so on the console;
// for IPv6 an address of the link is enough. 0, or a negative error number.
int64_t network_start(IpVersion version);
// Starts it, and waits for an address that talks to this one.
int64_t network_reach(Ip6 address);
// Whether that need not wait.
bool network_reaches(Ip6 address);
// The address of ours that talks to this one; any before there is one.
Ip6 network_source(Ip6 address);
// Whether an address is this machine's, as far as that is known yet.
bool network_is_own(Ip6 address);
// Those of IPv4.
unsigned network_name_servers(Ip4* servers, unsigned most);

// A negative error number.
int64_t network_error(EfiStatus status);

typedef enum { kChildTcp, kChildUdp, kChildKinds } ChildKind;
typedef struct {
  EfiServiceBinding* binding;
  EfiHandle handle;
  void* protocol;
} Child;
// With `handle` it is one that the firmware has made. 0, or a negative error number.
int64_t child_open(ChildKind kind, IpVersion version, EfiHandle handle, Child* child);
void child_close(Child* child);

// A call under way: the firmware writes into it until it is over.
typedef struct {
  EfiNetworkToken block;
  bool pending;
} Token;
bool token_create(Token* token);
void token_close(Token* token);
#define TOKEN_START(token, function, protocol) \
  token_started(token, (function)(protocol, token_prepare(token)))
EfiNetworkToken* token_prepare(Token* token);
EfiStatus token_started(Token* token, EfiStatus status);
// Whether the call is over; true once.
bool token_done(Token* token);
