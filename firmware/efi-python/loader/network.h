// SPDX-License-Identifier: LGPL-2.1-or-later
// The network interface: the first card that the firmware drives, configured by DHCP at the first
// use; instances of its protocols; calls under way.
#pragma once

#include <stdbool.h>

#include "firmware/efi-python/loader/efi_network.h"

typedef struct {
  Ip4 address;
  uint16_t port;
} Endpoint;

static inline bool ip4_is(Ip4 a, Ip4 b) {
  return a.bytes[0] == b.bytes[0] && a.bytes[1] == b.bytes[1] && a.bytes[2] == b.bytes[2] &&
         a.bytes[3] == b.bytes[3];
}
static inline bool ip4_is_any(Ip4 a) {
  return ip4_is(a, (Ip4){{0, 0, 0, 0}});
}
static inline bool ip4_is_loopback(Ip4 a) {
  return a.bytes[0] == 127;
}
static inline bool endpoint_is(Endpoint a, Endpoint b) {
  return a.port == b.port && ip4_is(a.address, b.address);
}

// Waits for an address, and says so on the console. 0, or a negative error number.
int64_t network_start(void);
// All zeros before there is one.
Ip4 network_address(void);
// Whether an address is this machine's, as far as that is known yet.
bool network_is_own(Ip4 address);
unsigned network_name_servers(Ip4* servers, unsigned most);

// A negative error number.
int64_t network_error(EfiStatus status);

typedef enum { kChildTcp4, kChildUdp4 } ChildKind;
typedef struct {
  EfiServiceBinding* binding;
  EfiHandle handle;
  void* protocol;
} Child;
// With `handle` it is one that the firmware has made. 0, or a negative error number.
int64_t child_open(ChildKind kind, EfiHandle handle, Child* child);
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
