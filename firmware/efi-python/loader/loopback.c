// SPDX-License-Identifier: LGPL-2.1-or-later
// Connections within the machine: what one end gives is the other's input.
#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/connection.h"
#include "firmware/efi-python/loader/runtime.h"

enum { kHereBytes = 256 << 10 };

static void forget(Connection* c) {
  if (c == NULL) return;
  release(c->input);
  release(c);
}

static Connection* create(Endpoint local, Endpoint remote) {
  Connection* const c = allocate(sizeof *c);
  if (c == NULL) return NULL;
  c->here = c->connected = c->names_known = true;
  c->local = local;
  c->remote = remote;
  c->input = allocate(kHereBytes);
  if (c->input != NULL) return c;
  release(c);
  return NULL;
}

bool loopback_pair(Endpoint one, Endpoint other, Connection* ends[2]) {
  ends[0] = create(one, other);
  ends[1] = create(other, one);
  if (ends[0] == NULL || ends[1] == NULL) {
    forget(ends[0]);
    forget(ends[1]);
    return false;
  }
  ends[0]->peer = ends[1];
  ends[1]->peer = ends[0];
  return true;
}

bool loopback_has_room(const Connection* c) {
  return c->peer == NULL || c->peer->input_count < kHereBytes;
}

int64_t loopback_give(Connection* c, const uint8_t* from, uint64_t bytes) {
  Connection* const peer = c->peer;
  if (peer == NULL) {
    // What is sent to a closed end is answered with a reset.
    c->broken = true;
    c->error = kEconnreset;
    return (int64_t)bytes;
  }
  uint32_t room = kHereBytes - peer->input_count;
  if (room == 0) return -kEagain;
  if (room > bytes) room = (uint32_t)bytes;
  if (peer->shut_read) return room;
  if (peer->input_at + peer->input_count + room > kHereBytes) {
    memmove(peer->input, peer->input + peer->input_at, peer->input_count);
    peer->input_at = 0;
  }
  memcpy(peer->input + peer->input_at + peer->input_count, from, room);
  peer->input_count += room;
  return room;
}

void loopback_shut(Connection* c) {
  if (c->peer != NULL) c->peer->eof = true;
}

void loopback_close(Connection* c, bool abort) {
  Connection* const peer = c->peer;
  if (peer != NULL) {
    if (c->input_count != 0 || abort) {
      peer->broken = true;
      peer->error = kEconnreset;
    }
    peer->eof = true;
    peer->peer = NULL;
  }
  forget(c);
}
