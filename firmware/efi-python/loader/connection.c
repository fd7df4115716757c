// SPDX-License-Identifier: LGPL-2.1-or-later
#include "firmware/efi-python/loader/connection.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"

void connection_service(Connection* c) {
  if (!c->here) tcp_service(c);
}

bool connection_readable(const Connection* c) {
  return c->input_count != 0 || c->eof || c->broken || c->shut_read;
}

bool connection_writable(const Connection* c) {
  return c->connected &&
         (c->broken || c->shut_write || (c->here ? loopback_has_room(c) : tcp_has_room(c)));
}

bool connection_hung_up(const Connection* c) {
  return c->broken || (c->eof && c->shut_write);
}

int connection_take_error(Connection* c) {
  const int error = c->error;
  c->error = 0;
  return error;
}

int64_t connection_take(Connection* c, uint8_t* to, uint64_t bytes, bool peek) {
  if (c->input_count != 0) {
    const uint32_t count = bytes < c->input_count ? (uint32_t)bytes : c->input_count;
    memcpy(to, c->input + c->input_at, count);
    if (!peek) {
      c->input_at += count;
      c->input_count -= count;
    }
    return count;
  }
  if (c->error != 0) return -connection_take_error(c);
  return connection_readable(c) || bytes == 0 ? 0 : -kEagain;
}

int64_t connection_give(Connection* c, const uint8_t* from, uint64_t bytes) {
  if (c->error != 0) return -connection_take_error(c);
  if (c->shut_write || c->broken) return -kEpipe;
  if (bytes == 0) return 0;
  return c->here ? loopback_give(c, from, bytes) : tcp_give(c, from, bytes);
}

void connection_shut(Connection* c, bool receiving, bool sending) {
  // EFI has no half-close: after its FIN it answers data with a reset. The FIN waits until the peer
  // has been quiet for so long.
  static const uint64_t kQuiet = SECOND / 4;
  if (receiving) c->shut_read = true;
  if (sending && !c->shut_write) {
    c->shut_write = true;
    c->fin_after = clock_now() + (c->shut_read ? 0 : kQuiet);
    if (c->here) loopback_shut(c);
  }
  connection_service(c);
}

void connection_close(Connection* c, bool abort) {
  if (c->here) {
    loopback_close(c, abort);
  } else {
    tcp_close(c, abort);
  }
}
