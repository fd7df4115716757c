// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 sections 28.1 and 28.2; RFC 9293 for what a socket then says.
#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/connection.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/threads.h"

// Closed, but not over.
static Connection* lingering;

static bool is_status(EfiStatus status, unsigned code) {
  return status == efi_error(code);
}

static int64_t open_port(TcpPort* port, IpVersion version, EfiHandle handle) {
  port->version = version;
  const int64_t error = child_open(kChildTcp, version, handle, &port->child);
  if (error != 0) return error;
  if (version == kIp4) {
    const EfiTcp4* const tcp = port->child.protocol;
    port->begin = &tcp->begin;
    port->calls = &tcp->calls;
  } else {
    const EfiTcp6* const tcp = port->child.protocol;
    port->begin = &tcp->begin;
    port->calls = &tcp->calls;
  }
  return 0;
}

static void close_port(TcpPort* port) {
  if (port->child.handle == NULL) return;
  port->begin->configure(port->child.protocol, NULL);  // ends all calls: buffers are ours again
  child_close(&port->child);
}

static EfiStatus start(const TcpPort* port, Token* token, EfiTransfer call) {
  return TOKEN_START(token, call, port->child.protocol);
}

static void poll_port(const TcpPort* port) {
  port->calls->poll(port->child.protocol);
}

// Without `remote` it listens.
static int64_t configure(const TcpPort* port, Endpoint local, const Endpoint* remote,
                         TcpOptions options) {
  enum { kBacklog = 10, kKeepAliveProbes = 9 };  // EDK2 takes no larger backlog
  // A while in TIME-WAIT, however short: without, EDK2 does not tell whether the peer's last word
  // was FIN. No Nagle: each piece goes out as it is given.
  EfiTcpOption option = {
      .most_syn_backlog = kBacklog,
      .time_wait_timeout = 1,
      .time_stamp = 1,
      .window_scaling = 1,
      .keep_alive_probes = options.keep_alive ? kKeepAliveProbes : 0,
  };
  EfiTcp4ConfigData config4 = {
      .type_of_service = options.type_of_service,
      .time_to_live = options.time_to_live,
      .access_point = {.use_default_address = 1, .station_port = local.port},
      .control_option = &option,
  };
  EfiTcp6ConfigData config6 = {
      .traffic_class = options.traffic_class,
      .hop_limit = options.hop_limit,
      .access_point = {.station_port = local.port},
      .control_option = &option,
  };
  if (ip_version(local.address) == kIp6) config6.access_point.station = local.address;
  config4.access_point.active = config6.access_point.active = remote != NULL;
  if (remote != NULL) {
    config4.access_point.remote = ip_to_ip4(remote->address);
    config6.access_point.remote = remote->address;
    config4.access_point.remote_port = config6.access_point.remote_port = remote->port;
  }
  void* const config = port->version == kIp4 ? (void*)&config4 : &config6;
  return network_error(port->begin->configure(port->child.protocol, config));
}

static void destroy(Connection* c) {
  close_port(&c->tcp);
  token_close(&c->connect);
  token_close(&c->receive);
  token_close(&c->close);
  for (unsigned i = 0; i < kSendSlots; ++i) {
    token_close(&c->sending[i].token);
    release(c->sending[i].bytes);
  }
  release(c->input);
  release(c);
}

static Connection* create(IpVersion version, EfiHandle handle, int64_t* error) {
  Connection* const c = allocate(sizeof *c);
  if (c == NULL) {
    *error = -kEnomem;
    return NULL;
  }
  c->fin_after = c->deadline = NEVER;
  c->input = allocate(kInputBytes);
  *error = open_port(&c->tcp, version, handle);
  if (*error == 0 && (c->input == NULL || !token_create(&c->receive))) *error = -kEnobufs;
  if (*error == 0) return c;
  destroy(c);
  return NULL;
}

Connection* tcp_connect(Endpoint local, Endpoint remote, TcpOptions options, int64_t* error) {
  Connection* const c = create(ip_version(remote.address), NULL, error);
  if (c == NULL) return NULL;
  *error = configure(&c->tcp, local, &remote, options);
  if (*error == 0 && !token_create(&c->connect)) *error = -kEnobufs;
  if (*error == 0) *error = network_error(start(&c->tcp, &c->connect, c->tcp.calls->connect));
  if (*error == 0) return c;
  destroy(c);
  return NULL;
}

void connection_find_names(Connection* c) {
  if (c->names_known) return;
  EfiTcpOption option = {0};
  EfiTcp4ConfigData config4 = {.control_option = &option};
  EfiTcp6ConfigData config6 = {.control_option = &option};
  void* const config = c->tcp.version == kIp4 ? (void*)&config4 : &config6;
  c->tcp.begin->get_mode_data(c->tcp.child.protocol, NULL, config, NULL, NULL, NULL);
  if (c->tcp.version == kIp4) {
    const EfiTcp4AccessPoint* const point = &config4.access_point;
    c->local = (Endpoint){ip_of_ip4(point->station), point->station_port};
    c->remote = (Endpoint){ip_of_ip4(point->remote), point->remote_port};
  } else {
    const EfiTcp6AccessPoint* const point = &config6.access_point;
    c->local = (Endpoint){point->station, point->station_port};
    c->remote = (Endpoint){point->remote, point->remote_port};
  }
  if (ip_is_any(c->local.address)) c->local.address = network_source(c->remote.address);
  c->names_known = true;
}

static void fail(Connection* c, EfiStatus status) {
  if (c->broken) return;
  c->broken = true;
  if (!c->eof || !is_status(status, kEfiAborted)) c->error = (int)-network_error(status);
}

static void finish_connecting(Connection* c) {
  if (!token_done(&c->connect)) return;
  const EfiStatus status = c->connect.block.status;
  if (status == 0) {
    c->connected = true;
  } else {
    fail(c, is_status(status, kEfiConnectionReset) ? efi_error(kEfiConnectionRefused) : status);
  }
  token_close(&c->connect);
}

static void finish_sending(Connection* c) {
  for (unsigned i = 0; i < kSendSlots; ++i) {
    Token* const token = &c->sending[i].token;
    if (token_done(token) && token->block.status != 0 && !c->shut_write)
      fail(c, token->block.status);
  }
}

static bool is_sending(const Connection* c) {
  for (unsigned i = 0; i < kSendSlots; ++i) {
    if (c->sending[i].token.pending) return true;
  }
  return false;
}

static void end_of_data(Connection* c, EfiStatus status) {
  if (is_status(status, kEfiConnectionFin)) {
    c->eof = true;
  } else if (is_status(status, kEfiAccessDenied) || c->closing) {
    // It was reset when no call was waiting, or by ourselves.
    fail(c, efi_error(kEfiConnectionReset));
  } else {
    fail(c, status);
  }
}

static void take_received(Connection* c) {
  static const uint64_t kQuiet = SECOND / 4;  // see connection_shut
  while (!c->eof && !c->broken && c->input_count == 0) {
    if (!c->receive.pending) {
      if (c->closing) return;  // it takes no more calls
      c->receive_data = (EfiTcpData){.bytes = kInputBytes, .fragment_count = 1};
      c->receive_data.fragment.bytes = kInputBytes;
      c->receive_data.fragment.buffer = c->input;
      c->receive.block.data = &c->receive_data;
      const EfiStatus status = start(&c->tcp, &c->receive, c->tcp.calls->receive);
      if (status != 0) {
        end_of_data(c, status);
        return;
      }
    }
    if (!token_done(&c->receive)) return;
    if (c->receive.block.status != 0) {
      end_of_data(c, c->receive.block.status);
      return;
    }
    if (!c->shut_read) {
      c->input_at = 0;
      c->input_count = c->receive_data.bytes;
    }
    if (c->fin_after != NEVER) c->fin_after = clock_now() + kQuiet;
  }
}

static void begin_close(Connection* c, bool abort) {
  c->fin_after = NEVER;
  if (c->closing) return;
  c->closing = true;
  c->first = !c->eof;
  if (!token_create(&c->close)) {
    c->eof = true;
    return;
  }
  c->close.block.abort = abort;
  if (start(&c->tcp, &c->close, c->tcp.calls->close) != 0) c->eof = true;
}

void tcp_service(Connection* c) {
  poll_port(&c->tcp);
  finish_connecting(c);
  finish_sending(c);
  if (c->connected) take_received(c);
  if (c->fin_after != NEVER && !is_sending(c) && (c->eof || clock_now() >= c->fin_after))
    begin_close(c, false);
  // What the peer has sent since is lost.
  if (token_done(&c->close) && !c->eof) fail(c, efi_error(kEfiConnectionReset));
}

bool tcp_has_room(const Connection* c) {
  for (unsigned i = 0; i < kSendSlots; ++i) {
    if (!c->sending[i].token.pending) return true;
  }
  return false;
}

static int64_t send_piece(Connection* c, SendSlot* slot, const uint8_t* from, uint64_t bytes) {
  if (slot->token.block.event == NULL && !token_create(&slot->token)) return -kEnobufs;
  if (slot->bytes == NULL) slot->bytes = allocate(kSendBytes);
  if (slot->bytes == NULL) return -kEnobufs;
  const uint32_t count = bytes < kSendBytes ? (uint32_t)bytes : kSendBytes;
  memcpy(slot->bytes, from, count);
  slot->data = (EfiTcpData){.push = 1, .bytes = count, .fragment_count = 1};
  slot->data.fragment.bytes = count;
  slot->data.fragment.buffer = slot->bytes;
  slot->token.block.data = &slot->data;
  if (start(&c->tcp, &slot->token, c->tcp.calls->transmit) == 0) return count;
  tcp_service(c);  // it may know why
  const int error = connection_take_error(c);
  return error != 0 ? -error : -kEpipe;
}

int64_t tcp_give(Connection* c, const uint8_t* from, uint64_t bytes) {
  uint64_t done = 0;
  for (unsigned i = 0; i < kSendSlots && done < bytes; ++i) {
    if (c->sending[i].token.pending) continue;
    const int64_t count = send_piece(c, &c->sending[i], from + done, bytes - done);
    if (count < 0) return done != 0 ? (int64_t)done : count;
    done += (uint64_t)count;
  }
  return done != 0 ? (int64_t)done : -kEagain;
}

void tcp_close(Connection* c, bool abort) {
  static const uint64_t kDrain = 30 * SECOND;
  tcp_service(c);
  if (!c->connected || c->broken || abort || c->input_count != 0) {
    if (c->connected && !c->broken) begin_close(c, true);
    destroy(c);
    return;
  }
  c->shut_write = c->shut_read = true;
  if (!c->closing) c->fin_after = 0;
  c->deadline = clock_now() + kDrain;
  c->next = lingering;
  lingering = c;
  tcp_service(c);
}

static bool is_over(Connection* c) {
  static const uint64_t kFarewell = 5 * SECOND;
  tcp_service(c);
  const uint64_t now = clock_now();
  if (c->closing && c->deadline > now + kFarewell) c->deadline = now + kFarewell;
  return c->broken || now >= c->deadline ||
         (c->closing && (!c->close.pending || (c->first && c->eof)));
}

void tcp_reap(unsigned seconds) {
  const uint64_t end = clock_now() + seconds * SECOND;
  do {
    for (Connection** at = &lingering; *at != NULL;) {
      Connection* const c = *at;
      if (is_over(c)) {
        *at = c->next;
        destroy(c);
      } else {
        at = &c->next;
      }
    }
  } while (lingering != NULL && clock_now() < end);
  if (seconds == 0) return;
  while (lingering != NULL) {
    Connection* const c = lingering;
    lingering = c->next;
    destroy(c);
  }
}

int64_t tcp_listen(IpVersion version, Endpoint local, TcpOptions options, Listener* listener) {
  memset(listener, 0, sizeof *listener);
  int64_t error = open_port(&listener->tcp, version, NULL);
  if (error != 0) return error;
  error = configure(&listener->tcp, local, NULL, options);
  if (error == 0 && !token_create(&listener->accept)) error = -kEnobufs;
  if (error != 0) close_port(&listener->tcp);
  return error;
}

// The one that has come in, or NULL.
static Connection* accepted(Listener* listener) {
  int64_t error;
  if (!token_done(&listener->accept) || listener->accept.block.status != 0 ||
      listener->accept.block.child == NULL) {
    return NULL;
  }
  return create(listener->tcp.version, listener->accept.block.child, &error);
}

Connection* tcp_accept(Listener* listener) {
  poll_port(&listener->tcp);
  Connection* const c = accepted(listener);
  if (c != NULL) {
    c->connected = true;
    tcp_service(c);
  }
  if (!listener->accept.pending)
    start(&listener->tcp, &listener->accept, listener->tcp.calls->accept);
  return c;
}

void tcp_stop_listening(Listener* listener) {
  if (listener->tcp.child.handle == NULL) return;
  listener->tcp.begin->configure(listener->tcp.child.protocol, NULL);
  // A connection that came in the last moment is in the token.
  Connection* const last = accepted(listener);
  if (last != NULL) destroy(last);
  close_port(&listener->tcp);
  token_close(&listener->accept);
}
