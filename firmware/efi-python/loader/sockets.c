// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: socket(7), tcp(7), udp(7), ip(7), ipv6(7).
#include "firmware/efi-python/loader/sockets.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/connection.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/signals.h"
#include "firmware/efi-python/loader/threads.h"
#include "firmware/efi-python/loader/udp.h"

enum { kStream = 1, kDatagram = 2, kRaw = 3, kTypeMask = 15 };
enum { kProtocolTcp = 6, kProtocolUdp = 17 };

// What EFI has no word for is remembered, and read back.
enum { kLevelSocket = 1, kLevelIp = 0, kLevelTcp = 6, kLevelIp6 = 41 };
typedef enum {
  kReuseAddress,
  kReusePort,
  kKeepAlive,
  kBroadcast,
  kSendBuffer,
  kReceiveBuffer,
  kOutOfBandInline,
  kNoDelay,
  kKeepIdle,
  kKeepInterval,
  kKeepCount,
  kTimeToLive,
  kTypeOfService,
  kReceiveErrors,
  kOnlyIp6,
  kHopLimit,
  kTrafficClass,
  kReceiveErrors6,
  kOptions,
} Option;
static const struct {
  uint8_t level, option;
  int32_t value;  // by default
} kKnownOptions[kOptions] = {
    [kReuseAddress] = {kLevelSocket, 2, 0},
    [kReusePort] = {kLevelSocket, 15, 0},
    [kKeepAlive] = {kLevelSocket, 9, 0},
    [kBroadcast] = {kLevelSocket, 6, 0},
    [kSendBuffer] = {kLevelSocket, 7, kSendSlots* kSendBytes},
    [kReceiveBuffer] = {kLevelSocket, 8, kInputBytes},
    [kOutOfBandInline] = {kLevelSocket, 10, 0},
    [kNoDelay] = {kLevelTcp, 1, 1},
    [kKeepIdle] = {kLevelTcp, 4, 7200},
    [kKeepInterval] = {kLevelTcp, 5, 75},
    [kKeepCount] = {kLevelTcp, 6, 9},
    [kTimeToLive] = {kLevelIp, 2, 64},
    [kTypeOfService] = {kLevelIp, 1, 0},
    [kReceiveErrors] = {kLevelIp, 11, 0},
    [kOnlyIp6] = {kLevelIp6, 26, 0},
    [kHopLimit] = {kLevelIp6, 16, 64},
    [kTrafficClass] = {kLevelIp6, 67, 0},
    [kReceiveErrors6] = {kLevelIp6, 25, 0},
};

typedef struct Socket Socket;
struct Socket {
  Socket* next;  // of all
  IpVersion family;
  bool stream;
  bool bound, port_held, shared;
  bool by_program;  // bound: not by a connection or a datagram
  Endpoint local;
  int error;  // told once
  int32_t options[kOptions];
  int32_t linger;                          // seconds, -1: off
  uint64_t receive_timeout, send_timeout;  // nanoseconds, 0: none

  Connection* connection;  // of a stream
  bool connecting;
  unsigned backlog;   // of a listening one, else 0
  Connection* queue;  // whom nobody has accepted yet
  Listener listeners[kIpVersions];

  bool has_remote;  // of a datagram socket
  Endpoint remote;
  bool shut_read, shut_write;
  UdpPort udp[kIpVersions];
  DatagramQueue received;
};

static Socket* sockets;
static const FileKind kSocketKind;

bool is_inet_socket(const File* file) {
  return file->kind == &kSocketKind;
}

bool socket_is_stream(const File* file) {
  return ((const Socket*)file->state)->stream;
}

IpVersion socket_family(const File* file) {
  return ((const Socket*)file->state)->family;
}

static Socket* create(IpVersion family, bool stream) {
  Socket* const s = allocate(sizeof *s);
  if (s == NULL) return NULL;
  s->family = family;
  s->stream = stream;
  s->local.address = ip_any(family);
  s->linger = -1;
  for (unsigned i = 0; i < kOptions; ++i) s->options[i] = kKnownOptions[i].value;
  s->next = sockets;
  sockets = s;
  return s;
}

static void forget(Socket* s) {
  for (Socket** at = &sockets; *at != NULL; at = &(*at)->next) {
    if (*at != s) continue;
    *at = s->next;
    break;
  }
  release(s);
}

static int64_t open_file(Socket* s, uint32_t flags) {
  return descriptor_open(file_create(&kSocketKind, kOpenReadWrite | (flags & kOpenNonblocking), s),
                         0, (flags & kOpenCloseOnExec) != 0);
}

int64_t socket_create(IpVersion family, uint32_t type, uint32_t protocol) {
  const uint32_t kind = type & kTypeMask;
  if ((type & ~(uint32_t)(kTypeMask | kOpenNonblocking | kOpenCloseOnExec)) != 0) return -kEinval;
  if (kind == kRaw) return -kEperm;
  if (kind != kStream && kind != kDatagram) return -kEsocktnosupport;
  if (protocol != 0 && protocol != (kind == kStream ? kProtocolTcp : kProtocolUdp))
    return -kEprotonosupport;
  Socket* const s = create(family, kind == kStream);
  return s == NULL ? -kEnomem : open_file(s, type);
}

// ---- Ports

// Whether a socket with this address is reached by, and reaches, this version of IP.
static bool takes(const Socket* s, Ip6 address, IpVersion version) {
  const IpVersion own = ip_version(address);
  const bool both = own == kIp6 && ip_is_any(address) && s->options[kOnlyIp6] == 0;
  return own == version || both;
}

static bool meet(const Socket* s, const Socket* other) {
  return (takes(s, s->local.address, kIp4) && takes(other, other->local.address, kIp4)) ||
         (takes(s, s->local.address, kIp6) && takes(other, other->local.address, kIp6));
}

static bool port_is_taken(const Socket* asking, uint16_t port) {
  for (const Socket* s = sockets; s != NULL; s = s->next) {
    if (s != asking && s->port_held && s->stream == asking->stream && s->local.port == port &&
        meet(s, asking) && !(s->shared && asking->shared)) {
      return true;
    }
  }
  return false;
}

// EFI takes those only that nobody has, and sockets that it does not know yet must be told apart,
// too. 0 is any.
static int64_t take_port(Socket* s, Ip6 address, uint16_t port) {
  enum { kFirstEphemeral = 49152, kEphemeral = 16384 };  // RFC 6335, section 6
  static unsigned last;
  s->local.address = address;
  s->shared = s->options[kReuseAddress] != 0 || (!s->stream && s->options[kReusePort] != 0);
  for (unsigned i = 0; port == 0 && i < kEphemeral; ++i) {
    const uint16_t next = (uint16_t)(kFirstEphemeral + last++ % kEphemeral);
    const bool shared = s->shared;
    s->shared = false;
    if (!port_is_taken(s, next)) port = next;
    s->shared = shared;
  }
  if (port == 0 || port_is_taken(s, port)) {
    s->local.address = ip_any(s->family);
    return -kEaddrinuse;
  }
  s->local.port = port;
  s->bound = s->port_held = true;
  return 0;
}

static void give_port_back(Socket* s) {
  s->bound = s->port_held = false;
  s->local = (Endpoint){ip_any(s->family), 0};
}

static Socket* find_bound(bool stream, Endpoint to) {
  for (Socket* s = sockets; s != NULL; s = s->next) {
    if (s->stream != stream || !s->port_held || s->local.port != to.port) continue;
    if (stream && s->backlog == 0) continue;
    if (!takes(s, s->local.address, ip_version(to.address))) continue;
    if (ip_is_any(s->local.address) || ip_is(s->local.address, to.address)) return s;
  }
  return NULL;
}

// Where that leads to from this socket. 0, or the error.
static int64_t find_destination(const Socket* s, Ip6* address) {
  if (!takes(s, s->local.address, ip_version(*address))) return -kEnetunreach;
  if (ip_is_any(*address)) *address = ip_loopback(ip_version(*address));
  return 0;
}

// ---- Streams

static TcpOptions tcp_options(const Socket* s) {
  return (TcpOptions){
      .keep_alive = s->options[kKeepAlive] != 0,
      .time_to_live = (uint8_t)s->options[kTimeToLive],
      .hop_limit = (uint8_t)s->options[kHopLimit],
      .type_of_service = (uint8_t)s->options[kTypeOfService],
      .traffic_class = (uint8_t)s->options[kTrafficClass],
  };
}

static unsigned queue_length(const Socket* s) {
  unsigned count = 0;
  for (const Connection* c = s->queue; c != NULL; c = c->next) ++count;
  return count;
}

static void queue_push(Socket* s, Connection* connection) {
  Connection** at = &s->queue;
  while (*at != NULL) at = &(*at)->next;
  connection->next = NULL;
  *at = connection;
}

static void service_stream(Socket* s) {
  for (unsigned i = 0; i < kIpVersions; ++i) {
    while (s->listeners[i].tcp.child.handle != NULL && queue_length(s) < s->backlog) {
      Connection* const accepted = tcp_accept(&s->listeners[i]);
      if (accepted == NULL) break;
      queue_push(s, accepted);
    }
  }
  Connection* const c = s->connection;
  if (c == NULL) return;
  connection_service(c);
  if (s->connecting && (c->connected || c->broken)) {
    s->connecting = false;
    if (c->broken) {
      s->error = connection_take_error(c);
      connection_close(c, false);
      s->connection = NULL;
    }
  }
}

static void service_datagrams(Socket* s) {
  for (unsigned i = 0; i < kIpVersions; ++i) {
    UdpPort* const udp = &s->udp[i];
    if (udp->child.handle == NULL) continue;
    udp_service(udp, &s->received);
    if (udp->error != 0) {
      s->error = udp->error;
      udp->error = 0;
    }
  }
}

static void service(Socket* s) {
  if (s->stream) {
    service_stream(s);
  } else {
    service_datagrams(s);
  }
}

static int take_error(Socket* s) {
  service(s);
  int error = s->error;
  s->error = 0;
  if (error == 0 && s->connection != NULL) error = connection_take_error(s->connection);
  return error;
}

// Waits for the next time that something may have happened. 0, or the error that ends it.
static int64_t pause(const File* file, uint32_t flags, uint64_t until) {
  if ((file->flags & kOpenNonblocking) != 0 || (flags & kMessageDontWait) != 0) return -kEagain;
  const int64_t ended = wait_step(until);
  return ended == -kEtimedout ? -kEagain : ended;
}

static uint64_t end_of(uint64_t timeout) {
  return timeout == 0 ? NEVER : clock_now() + timeout;
}

static int64_t check_own(Ip6 address) {
  if (network_is_own(address)) return 0;
  network_reach(address);
  return network_is_own(address) ? 0 : -kEaddrnotavail;
}

static int64_t connect_here(Socket* s, Endpoint remote) {
  Socket* const listening = find_bound(true, remote);
  if (listening == NULL || queue_length(listening) > listening->backlog) return -kEconnrefused;
  if (!s->bound) {
    const int64_t error = take_port(s, remote.address, 0);
    if (error != 0) return error;
  }
  Endpoint local = s->local;
  if (ip_is_any(local.address)) local.address = remote.address;
  Connection* ends[2];
  if (!loopback_pair(local, remote, ends)) return -kEnobufs;
  s->connection = ends[0];
  queue_push(listening, ends[1]);
  return 0;
}

static int64_t begin_to_connect(Socket* s, Endpoint remote) {
  if (s->connecting) return -kEalready;
  if (s->backlog != 0 || (s->connection != NULL && s->connection->connected)) return -kEisconn;
  if (s->connection != NULL) connection_close(s->connection, false);
  s->connection = NULL;
  int64_t error = find_destination(s, &remote.address);
  if (error != 0) return error;
  if (remote.port == 0) return -kEconnrefused;
  if (network_is_own(remote.address)) return connect_here(s, remote);
  error = network_reach(remote.address);
  if (error != 0) return error;
  if (network_is_own(remote.address)) return connect_here(s, remote);
  tcp_reap(0);
  s->connection = tcp_connect(s->local, remote, tcp_options(s), &error);
  if (s->connection == NULL) return error;
  s->connecting = true;
  return 0;
}

static int64_t connect_stream(File* file, Endpoint remote) {
  Socket* const s = file->state;
  service(s);
  int64_t error = begin_to_connect(s, remote);
  if (error != 0) return error;
  // Also where it has come to its end already: Linux never waits for that.
  if ((file->flags & kOpenNonblocking) != 0) return -kEinprogress;
  const uint64_t until = end_of(s->send_timeout);
  while (s->connecting) {
    error = pause(file, 0, until);
    if (error != 0) return error == -kEagain ? -kEinprogress : error;
    service(s);
  }
  return -take_error(s);
}

static void stop_listening(Socket* s) {
  s->backlog = 0;
  while (s->queue != NULL) {
    Connection* const c = s->queue;
    s->queue = c->next;
    connection_close(c, true);
  }
  for (unsigned i = 0; i < kIpVersions; ++i) tcp_stop_listening(&s->listeners[i]);
}

// Without a network the machine itself can connect.
static int64_t listen_outside(Socket* s) {
  bool outside = false;
  tcp_reap(0);
  for (IpVersion version = kIp4; version < kIpVersions; ++version) {
    if (!takes(s, s->local.address, version)) continue;
    int64_t error = network_start(version);
    if (error == 0) error = tcp_listen(version, s->local, tcp_options(s), &s->listeners[version]);
    if (error == 0) {
      outside = true;
    } else if (error != -kEnetunreach || !ip_is_any(s->local.address)) {
      stop_listening(s);
      return error;
    }
  }
  if (!outside) print("only this machine itself can connect to port %d\n", (uint64_t)s->local.port);
  return 0;
}

int64_t socket_listen(File* file, int32_t backlog) {
  Socket* const s = file->state;
  if (!s->stream) return -kEopnotsupp;
  if (s->connection != NULL) return -kEinval;
  int64_t error = s->bound ? 0 : take_port(s, ip_any(s->family), 0);
  if (error != 0) return error;
  if (s->backlog == 0) {
    for (const Socket* other = sockets; other != NULL; other = other->next) {
      if (other->stream && other->backlog != 0 && other->local.port == s->local.port &&
          meet(s, other)) {
        return -kEaddrinuse;
      }
    }
    if (!ip_is_loopback(s->local.address)) error = listen_outside(s);
    if (error != 0) return error;
  }
  s->backlog = backlog < 1 ? 1 : (unsigned)backlog;
  service(s);
  return 0;
}

int64_t socket_accept(File* file, uint32_t flags, Endpoint* remote) {
  Socket* const s = file->state;
  if (!s->stream) return -kEopnotsupp;
  const uint64_t until = end_of(s->receive_timeout);
  for (;;) {
    if (s->backlog == 0) return -kEinval;
    service(s);
    if (s->queue != NULL) break;
    const int64_t ended = pause(file, 0, until);
    if (ended != 0) return ended;
  }
  Socket* const accepted = create(s->family, true);
  if (accepted == NULL) return -kEnomem;
  Connection* const c = s->queue;
  s->queue = c->next;
  connection_find_names(c);
  accepted->connection = c;
  memcpy(accepted->options, s->options, sizeof s->options);
  *remote = c->remote;
  return open_file(accepted, flags);
}

// The connection, or the error of who has none: `unconnected`.
static int64_t established(Socket* s, int unconnected, Connection** connection) {
  *connection = s->connection;
  if (s->connection != NULL && !s->connecting) return 0;
  if (s->error != 0) return -take_error(s);
  return s->connecting ? -kEagain : -unconnected;
}

static int64_t receive_stream(File* file, uint8_t* to, uint64_t bytes, uint32_t flags) {
  Socket* const s = file->state;
  const uint64_t until = end_of(s->receive_timeout);
  const bool peek = (flags & kMessagePeek) != 0;
  const bool all = (flags & kMessageWaitAll) != 0 && !peek;
  uint64_t done = 0;
  for (;;) {
    service(s);
    Connection* c;
    int64_t count = established(s, kEnotconn, &c);
    if (count == 0) count = connection_take(c, to + done, bytes - done, peek);
    if (count > 0) done += (uint64_t)count;
    if (count == -kEagain && (done == 0 || all)) {
      const int64_t ended = pause(file, flags, until);
      if (ended == 0) continue;
      return done != 0 ? (int64_t)done : ended;
    }
    if (count > 0 && done < bytes && !peek) continue;  // what the firmware has behind it
    return done != 0 ? (int64_t)done : count;
  }
}

static int64_t send_stream(File* file, const uint8_t* from, uint64_t bytes, uint32_t flags) {
  Socket* const s = file->state;
  const uint64_t until = end_of(s->send_timeout);
  uint64_t done = 0;
  for (;;) {
    service(s);
    Connection* c;
    int64_t count = established(s, kEpipe, &c);
    if (count == 0) count = connection_give(c, from + done, bytes - done);
    if (count == -kEagain) {
      const int64_t ended = pause(file, flags, until);
      if (ended == 0) continue;
      return done != 0 ? (int64_t)done : ended;
    }
    if (count == -kEpipe && done == 0 && (flags & kMessageNoSignal) == 0) signal_raise(kSigPipe);
    if (count < 0) return done != 0 ? (int64_t)done : count;
    done += (uint64_t)count;
    if (done == bytes) return (int64_t)done;
  }
}

// ---- Datagrams

static int64_t open_udp(Socket* s, IpVersion version) {
  if (s->udp[version].child.handle != NULL) return 0;
  const int64_t error = network_start(version);
  if (error != 0) return error;
  const bool outside = s->has_remote && !network_is_own(s->remote.address);
  const UdpOptions options = {
      .time_to_live = (uint8_t)s->options[kTimeToLive],
      .hop_limit = (uint8_t)s->options[kHopLimit],
      .type_of_service = (uint8_t)s->options[kTypeOfService],
      .traffic_class = (uint8_t)s->options[kTrafficClass],
  };
  return udp_open(version, s->local, outside ? &s->remote : NULL, options, &s->udp[version]);
}

static void close_udp(Socket* s) {
  for (unsigned i = 0; i < kIpVersions; ++i) udp_close(&s->udp[i], &s->received);
}

static int64_t connect_datagrams(Socket* s, Endpoint remote) {
  close_udp(s);
  int64_t error = find_destination(s, &remote.address);
  const IpVersion version = ip_version(remote.address);
  if (error == 0 && !network_is_own(remote.address)) error = network_start(version);
  const bool own = network_is_own(remote.address);
  if (error == 0 && !s->bound) error = take_port(s, own ? remote.address : ip_any(s->family), 0);
  if (error != 0) return error;
  s->has_remote = true;
  s->remote = remote;
  // The C library connects to learn which address of ours talks to another one (RFC 6724), and may
  // never send: who does waits for an address then.
  return own || !network_reaches(remote.address) ? 0 : open_udp(s, version);
}

static int64_t send_here(Socket* s, const uint8_t* data, uint64_t bytes, Endpoint to) {
  Socket* const target = find_bound(false, to);
  if (target == NULL) {
    if (s->has_remote) s->error = kEconnrefused;
    return (int64_t)bytes;
  }
  const Endpoint sender = {ip_is_any(s->local.address) ? to.address : s->local.address,
                           s->local.port};
  if (target->has_remote && !endpoint_is(target->remote, sender)) return (int64_t)bytes;
  Datagram* datagram;
  if (!target->shut_read && queue_add(&target->received, sender, bytes, &datagram))
    memcpy(datagram->data, data, bytes);
  return (int64_t)bytes;
}

static int64_t send_datagram(File* file, const uint8_t* data, uint64_t bytes, uint32_t flags,
                             const Endpoint* address) {
  static const Ip4 kBroadcastAddress = {{255, 255, 255, 255}};
  Socket* const s = file->state;
  if (s->shut_write) return -kEpipe;
  int64_t error = -take_error(s);
  if (error != 0) return error;
  if (address == NULL && !s->has_remote) return -kEdestaddrreq;
  Endpoint to = address != NULL ? *address : s->remote;
  if (to.port == 0) return -kEinval;
  const IpVersion version = ip_version(to.address);
  if (ip_is(to.address, ip_of_ip4(kBroadcastAddress)) && s->options[kBroadcast] == 0)
    return -kEacces;
  if (bytes > (version == kIp4 ? kLargestDatagram4 : kLargestDatagram)) return -kEmsgsize;
  error = find_destination(s, &to.address);
  if (error == 0 && !network_is_own(to.address)) error = network_reach(to.address);
  if (error == 0 && !s->bound) error = take_port(s, ip_any(s->family), 0);
  if (error != 0) return error;
  if (network_is_own(to.address)) return send_here(s, data, bytes, to);
  error = open_udp(s, version);
  if (error != 0) return error;
  // EFI's connected ones send nowhere else.
  UdpPort* const udp = &s->udp[version];
  if (udp->connected && !endpoint_is(to, s->remote)) return -kEisconn;
  const uint64_t until = end_of(s->send_timeout);
  for (;;) {
    service(s);
    const int64_t count = udp_send(udp, data, bytes, to);
    if (count != -kEagain) return count;
    const int64_t ended = pause(file, flags, until);
    if (ended != 0) return ended;
  }
}

static int64_t receive_datagram(File* file, uint8_t* to, uint64_t bytes, uint32_t flags,
                                Endpoint* from, bool* has_sender, uint64_t* whole) {
  Socket* const s = file->state;
  const uint64_t until = end_of(s->receive_timeout);
  if (s->has_remote && network_reaches(s->remote.address) && !network_is_own(s->remote.address))
    open_udp(s, ip_version(s->remote.address));
  for (;;) {
    const int error = take_error(s);
    if (error != 0) return -error;
    const Datagram* const datagram = s->received.first;
    if (datagram != NULL) {
      const uint64_t count = bytes < datagram->bytes ? bytes : datagram->bytes;
      memcpy(to, datagram->data, count);
      *from = datagram->sender;
      *has_sender = true;
      *whole = datagram->bytes;
      if ((flags & kMessagePeek) == 0) queue_remove(&s->received);
      return (int64_t)((flags & kMessageTruncate) != 0 ? *whole : count);
    }
    if (s->shut_read) return 0;
    const int64_t ended = pause(file, flags, until);
    if (ended != 0) return ended;
  }
}

// ---- Both

int64_t socket_bind(File* file, Endpoint local) {
  Socket* const s = file->state;
  if (s->bound || s->connection != NULL) return -kEinval;
  if (s->options[kOnlyIp6] != 0 && ip_version(local.address) == kIp4) return -kEinval;
  int64_t error = check_own(local.address);
  if (error == 0) error = take_port(s, local.address, local.port);
  s->by_program = error == 0;
  if (error != 0 || s->stream || ip_is_loopback(local.address)) return error;
  for (IpVersion version = kIp4; version < kIpVersions; ++version) {
    if (!takes(s, local.address, version)) continue;
    error = open_udp(s, version);
    // Without a network the machine itself can be reached.
    if (error == 0 || (error == -kEnetunreach && ip_is_any(local.address))) continue;
    close_udp(s);
    give_port_back(s);
    return error;
  }
  return 0;
}

int64_t socket_connect(File* file, Endpoint remote) {
  Socket* const s = file->state;
  return s->stream ? connect_stream(file, remote) : connect_datagrams(s, remote);
}

int64_t socket_disconnect(File* file) {
  Socket* const s = file->state;
  if (s->stream) return -kEafnosupport;
  s->has_remote = false;
  close_udp(s);
  if (!s->by_program) give_port_back(s);
  return 0;
}

int64_t socket_send(File* file, const void* data, uint64_t bytes, uint32_t flags,
                    const Endpoint* to) {
  return socket_is_stream(file) ? send_stream(file, data, bytes, flags)
                                : send_datagram(file, data, bytes, flags, to);
}

int64_t socket_receive(File* file, void* to, uint64_t bytes, uint32_t flags, Endpoint* from,
                       bool* has_sender, uint64_t* whole) {
  *has_sender = false;
  *whole = 0;
  if ((flags & kMessageOutOfBand) != 0) return -kEinval;
  return socket_is_stream(file) ? receive_stream(file, to, bytes, flags)
                                : receive_datagram(file, to, bytes, flags, from, has_sender, whole);
}

int64_t socket_shut(File* file, bool receiving, bool sending) {
  Socket* const s = file->state;
  if (s->backlog != 0) {
    stop_listening(s);
    return 0;
  }
  if (!s->stream) {
    s->shut_read = s->shut_read || receiving;
    s->shut_write = s->shut_write || sending;
    return s->has_remote ? 0 : -kEnotconn;
  }
  if (s->connection == NULL || s->connecting) return -kEnotconn;
  connection_shut(s->connection, receiving, sending);
  return 0;
}

int64_t socket_local(File* file, Endpoint* local) {
  Socket* const s = file->state;
  *local = s->local;
  if (s->connection != NULL && !s->connecting) {
    connection_find_names(s->connection);
    *local = s->connection->local;
  } else if (s->has_remote && ip_is_any(local->address)) {
    const Ip6 remote = s->remote.address;
    local->address = network_is_own(remote) ? remote : network_source(remote);
  }
  return 0;
}

int64_t socket_remote(File* file, Endpoint* remote) {
  Socket* const s = file->state;
  if (s->has_remote) {
    *remote = s->remote;
    return 0;
  }
  if (s->connection == NULL || s->connecting) return -kEnotconn;
  connection_find_names(s->connection);
  *remote = s->connection->remote;
  return 0;
}

// ---- Options

enum {
  kType = 3,
  kError = 4,
  kLinger = 13,
  kReceiveTimeout = 20,
  kSendTimeout = 21,
  kAccepting = 30,
  kProtocol = 38,
  kDomain = 39,
};

static Option find_option(uint32_t level, uint32_t option) {
  for (unsigned i = 0; i < kOptions; ++i) {
    if (kKnownOptions[i].level == level && kKnownOptions[i].option == option) return (Option)i;
  }
  return kOptions;
}

int64_t socket_set_option(File* file, uint32_t level, uint32_t option, const void* value,
                          uint32_t bytes) {
  Socket* const s = file->state;
  const Option known = find_option(level, option);
  if (level == kLevelIp6 && s->family == kIp4) return -kEnoprotoopt;
  if (known != kOptions) {
    int32_t number;
    if (bytes < sizeof number) return -kEinval;
    memcpy(&number, value, sizeof number);
    if (known == kOnlyIp6) {
      if (s->bound) return -kEinval;
      number = number != 0;
    }
    // A byte of the header, -1 for what it is by default.
    const bool is_byte = known == kTimeToLive || known == kHopLimit || known == kTrafficClass;
    if (is_byte && number == -1) number = kKnownOptions[known].value;
    const int32_t least = known == kTimeToLive ? 1 : 0, most = UINT8_MAX;
    if (is_byte && (number < least || number > most)) return -kEinval;
    s->options[known] = number;
    return 0;
  }
  if (level == kLevelSocket && option == kLinger) {
    int32_t linger[2];  // on, seconds
    if (bytes < sizeof linger) return -kEinval;
    memcpy(linger, value, sizeof linger);
    s->linger = linger[0] != 0 ? linger[1] : -1;
    return 0;
  }
  if (level == kLevelSocket && (option == kReceiveTimeout || option == kSendTimeout)) {
    int64_t time[2];  // seconds, microseconds
    if (bytes < sizeof time) return -kEinval;
    memcpy(time, value, sizeof time);
    if (time[1] < 0 || time[1] >= 1000000) return -kEdom;
    uint64_t nanoseconds = 0;
    if (time[0] >= 0 && time[0] < INT32_MAX)
      nanoseconds = (uint64_t)time[0] * SECOND + (uint64_t)time[1] * 1000;
    *(option == kReceiveTimeout ? &s->receive_timeout : &s->send_timeout) = nanoseconds;
    return 0;
  }
  const bool known_level =
      level == kLevelSocket || level == kLevelTcp || level == kLevelIp || level == kLevelIp6;
  return known_level ? -kEnoprotoopt : -kEopnotsupp;
}

static int64_t put(void* to, uint32_t* bytes, const void* from, uint32_t size) {
  if (*bytes > size) *bytes = size;
  memcpy(to, from, *bytes);
  return 0;
}

int64_t socket_get_option(File* file, uint32_t level, uint32_t option, void* value,
                          uint32_t* bytes) {
  Socket* const s = file->state;
  const Option known = find_option(level, option);
  if (level == kLevelIp6 && s->family == kIp4) return -kEnoprotoopt;
  if (known != kOptions) return put(value, bytes, &s->options[known], sizeof(int32_t));
  if (level != kLevelSocket) return -kEnoprotoopt;
  int32_t number;
  switch (option) {
    case kType: number = s->stream ? kStream : kDatagram; break;
    case kError: number = take_error(s); break;
    case kAccepting: number = s->backlog != 0; break;
    case kProtocol: number = s->stream ? kProtocolTcp : kProtocolUdp; break;
    case kDomain: number = s->family == kIp4 ? kFamilyInet : kFamilyInet6; break;
    case kLinger: {
      const int32_t linger[2] = {s->linger >= 0, s->linger >= 0 ? s->linger : 0};
      return put(value, bytes, linger, sizeof linger);
    }
    case kReceiveTimeout:
    case kSendTimeout: {
      const uint64_t timeout = option == kReceiveTimeout ? s->receive_timeout : s->send_timeout;
      const int64_t time[2] = {(int64_t)(timeout / SECOND), (int64_t)(timeout % SECOND / 1000)};
      return put(value, bytes, time, sizeof time);
    }
    default: return -kEnoprotoopt;
  }
  return put(value, bytes, &number, sizeof number);
}

// ---- As a file

enum { kInterfaceName = 0x8910, kInterfaceNumber = 0x8933 };

static unsigned ready_stream(const Socket* s) {
  const Connection* const c = s->connection;
  if (s->backlog != 0) return s->queue != NULL ? kPollIn | kPollNormalIn : 0;
  if (s->connecting) return 0;
  unsigned ready = s->error != 0 ? kPollError : 0;
  // Without a connection, reading fails at once.
  if (c == NULL || connection_readable(c)) ready |= kPollIn | kPollNormalIn;
  if (c == NULL || connection_writable(c)) ready |= kPollOut | kPollNormalOut;
  if (c == NULL || connection_hung_up(c)) ready |= kPollHangUp;
  if (c != NULL && c->error != 0) ready |= kPollError;
  return ready;
}

static unsigned ready_socket(File* file) {
  Socket* const s = file->state;
  service(s);
  if (s->stream) return ready_stream(s);
  unsigned ready = s->error != 0 ? kPollError : 0;
  if (s->received.first != NULL || s->error != 0 || s->shut_read) ready |= kPollIn | kPollNormalIn;
  bool room = true;
  for (unsigned i = 0; i < kIpVersions; ++i)
    room = room && (s->udp[i].child.handle == NULL || udp_has_room(&s->udp[i]));
  if (room) ready |= kPollOut | kPollNormalOut;
  return ready;
}

static int64_t read_socket(File* file, void* to, uint64_t bytes, uint64_t* position) {
  (void)position;
  Endpoint from;
  bool has_sender;
  uint64_t whole;
  return socket_receive(file, to, bytes, 0, &from, &has_sender, &whole);
}

static int64_t write_socket(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  (void)position;
  return socket_send(file, from, bytes, 0, NULL);
}

// netdevice(7): the names of interfaces, for the scopes of addresses.
static int64_t control_interface(uint32_t request, void* argument) {
  typedef struct {
    char name[16];
    int32_t number;
  } InterfaceRequest;
  static const char kInterfaces[][16] = {"lo", "eth0"};  // the first one is number 1
  InterfaceRequest* const r = argument;
  for (unsigned i = 0; i < sizeof kInterfaces / sizeof kInterfaces[0]; ++i) {
    const int32_t number = (int32_t)i + 1;
    if (request == kInterfaceName && r->number == number) {
      memcpy(r->name, kInterfaces[i], sizeof r->name);
      return 0;
    }
    if (request == kInterfaceNumber &&
        memcmp(r->name, kInterfaces[i], strlen(kInterfaces[i]) + 1) == 0) {
      r->number = number;
      return 0;
    }
  }
  return -kEnodev;
}

static int64_t control_socket(File* file, uint32_t request, void* argument) {
  enum { kInputCount = 0x541b };
  Socket* const s = file->state;
  if (request == kInterfaceName || request == kInterfaceNumber)
    return control_interface(request, argument);
  if (request != kInputCount) return -kEnotty;
  service(s);
  uint32_t count = 0;
  if (s->connection != NULL) count = s->connection->input_count;
  if (s->received.first != NULL) count = s->received.first->bytes;
  *(int32_t*)argument = (int32_t)count;
  return 0;
}

static int64_t describe_socket(File* file, AbiStat* stat) {
  stat->inode = (uint64_t)file->state;
  stat->mode = kModeSocket | 0777;
  return 0;
}

static void close_socket(File* file) {
  Socket* const s = file->state;
  if (s->backlog != 0) stop_listening(s);
  if (s->connection != NULL) connection_close(s->connection, s->linger == 0);
  close_udp(s);
  queue_clear(&s->received);
  forget(s);
}

static const FileKind kSocketKind = {
    .read = read_socket,
    .write = write_socket,
    .ready = ready_socket,
    .control = control_socket,
    .describe = describe_socket,
    .close = close_socket,
};

void sockets_tick(void) {
  tcp_reap(0);
}

void sockets_end(void) {
  tcp_reap(3);
}
