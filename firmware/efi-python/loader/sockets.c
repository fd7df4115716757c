// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: socket(7), tcp(7), udp(7), ip(7).
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
enum { kLevelSocket = 1, kLevelIp = 0, kLevelTcp = 6 };
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
};

typedef struct Socket Socket;
struct Socket {
  Socket* next;  // of all
  bool stream;
  bool bound, port_held, shared;
  Endpoint local;
  int error;  // told once
  int32_t options[kOptions];
  int32_t linger;                          // seconds, -1: off
  uint64_t receive_timeout, send_timeout;  // nanoseconds, 0: none

  Connection* connection;  // of a stream
  bool connecting;
  unsigned backlog;   // of a listening one, else 0
  Connection* queue;  // whom nobody has accepted yet
  Listener listener;

  bool has_remote;  // of a datagram socket
  Endpoint remote;
  bool shut_read, shut_write;
  UdpPort udp;
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

static Socket* create(bool stream) {
  Socket* const s = allocate(sizeof *s);
  if (s == NULL) return NULL;
  s->stream = stream;
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

int64_t socket_create(uint32_t type, uint32_t protocol) {
  const uint32_t kind = type & kTypeMask;
  if ((type & ~(uint32_t)(kTypeMask | kOpenNonblocking | kOpenCloseOnExec)) != 0) return -kEinval;
  if (kind == kRaw) return -kEperm;
  if (kind != kStream && kind != kDatagram) return -kEsocktnosupport;
  if (protocol != 0 && protocol != (kind == kStream ? kProtocolTcp : kProtocolUdp))
    return -kEprotonosupport;
  Socket* const s = create(kind == kStream);
  return s == NULL ? -kEnomem : open_file(s, type);
}

// ---- Ports

static bool port_is_taken(const Socket* asking, uint16_t port) {
  for (const Socket* s = sockets; s != NULL; s = s->next) {
    if (s != asking && s->port_held && s->stream == asking->stream && s->local.port == port &&
        !(s->shared && asking->shared)) {
      return true;
    }
  }
  return false;
}

// EFI takes those only that nobody has, and sockets that it does not know yet must be told apart,
// too. 0 is any.
static int64_t take_port(Socket* s, Ip4 address, uint16_t port) {
  enum { kFirstEphemeral = 49152, kEphemeral = 16384 };  // RFC 6335, section 6
  static unsigned last;
  s->shared = s->options[kReuseAddress] != 0 || (!s->stream && s->options[kReusePort] != 0);
  for (unsigned i = 0; port == 0 && i < kEphemeral; ++i) {
    const uint16_t next = (uint16_t)(kFirstEphemeral + last++ % kEphemeral);
    const bool shared = s->shared;
    s->shared = false;
    if (!port_is_taken(s, next)) port = next;
    s->shared = shared;
  }
  if (port == 0 || port_is_taken(s, port)) return -kEaddrinuse;
  s->local = (Endpoint){address, port};
  s->bound = s->port_held = true;
  return 0;
}

static void give_port_back(Socket* s) {
  s->bound = s->port_held = false;
}

static Socket* find_bound(bool stream, Endpoint to) {
  for (Socket* s = sockets; s != NULL; s = s->next) {
    if (s->stream != stream || !s->port_held || s->local.port != to.port) continue;
    if (stream && s->backlog == 0) continue;
    if (ip4_is_any(s->local.address) || ip4_is(s->local.address, to.address)) return s;
  }
  return NULL;
}

static const Ip4 kLoopback = {{127, 0, 0, 1}}, kAny = {{0, 0, 0, 0}};

// ---- Streams

static TcpOptions tcp_options(const Socket* s) {
  return (TcpOptions){s->options[kKeepAlive] != 0, (uint8_t)s->options[kTimeToLive]};
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
  if (s->listener.child.handle != NULL) {
    while (queue_length(s) < s->backlog) {
      Connection* const accepted = tcp_accept(&s->listener);
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
  if (s->udp.child.handle == NULL) return;
  udp_service(&s->udp, &s->received);
  if (s->udp.error != 0) {
    s->error = s->udp.error;
    s->udp.error = 0;
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

static int64_t check_own(Ip4 address) {
  if (network_is_own(address)) return 0;
  network_start();
  return network_is_own(address) ? 0 : -kEaddrnotavail;
}

static int64_t connect_here(Socket* s, Endpoint remote) {
  if (ip4_is_any(remote.address)) remote.address = kLoopback;
  Socket* const listening = find_bound(true, remote);
  if (listening == NULL || queue_length(listening) > listening->backlog) return -kEconnrefused;
  if (!s->bound) {
    const int64_t error = take_port(s, remote.address, 0);
    if (error != 0) return error;
  }
  Endpoint local = s->local;
  if (ip4_is_any(local.address)) local.address = remote.address;
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
  if (remote.port == 0) return -kEconnrefused;
  if (network_is_own(remote.address)) return connect_here(s, remote);
  int64_t error = network_start();
  if (error != 0) return error;
  if (network_is_own(remote.address)) return connect_here(s, remote);
  tcp_reap(0);
  s->connection = tcp_connect(s->bound ? s->local.port : 0, remote, tcp_options(s), &error);
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

int64_t socket_listen(File* file, int32_t backlog) {
  Socket* const s = file->state;
  if (!s->stream) return -kEopnotsupp;
  if (s->connection != NULL) return -kEinval;
  int64_t error = s->bound ? 0 : take_port(s, kAny, 0);
  if (error != 0) return error;
  if (s->backlog == 0) {
    for (const Socket* other = sockets; other != NULL; other = other->next) {
      if (other->stream && other->backlog != 0 && other->local.port == s->local.port)
        return -kEaddrinuse;
    }
    if (!ip4_is_loopback(s->local.address)) {
      tcp_reap(0);
      error = network_start();
      if (error == 0) error = tcp_listen(s->local.port, tcp_options(s), &s->listener);
      if (error == -kEnetunreach && ip4_is_any(s->local.address)) {
        print("only this machine itself can connect to port %d\n", (uint64_t)s->local.port);
      } else if (error != 0) {
        return error;
      }
    }
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
  Socket* const accepted = create(true);
  if (accepted == NULL) return -kEnomem;
  Connection* const c = s->queue;
  s->queue = c->next;
  connection_find_names(c);
  accepted->connection = c;
  memcpy(accepted->options, s->options, sizeof s->options);
  *remote = c->remote;
  return open_file(accepted, flags);
}

static void stop_listening(Socket* s) {
  s->backlog = 0;
  while (s->queue != NULL) {
    Connection* const c = s->queue;
    s->queue = c->next;
    connection_close(c, true);
  }
  tcp_stop_listening(&s->listener);
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

static int64_t open_udp(Socket* s) {
  if (s->udp.child.handle != NULL) return 0;
  const int64_t error = network_start();
  if (error != 0) return error;
  const bool outside = s->has_remote && !network_is_own(s->remote.address);
  return udp_open(s->local.port, outside ? &s->remote : NULL, (uint8_t)s->options[kTimeToLive],
                  &s->udp);
}

static int64_t connect_datagrams(Socket* s, Endpoint remote) {
  udp_close(&s->udp, &s->received);
  if (ip4_is_any(remote.address)) remote.address = kLoopback;
  int64_t error = network_is_own(remote.address) ? 0 : network_start();
  const bool own = network_is_own(remote.address);
  if (error == 0 && !s->bound) error = take_port(s, own ? remote.address : kAny, 0);
  if (error != 0) return error;
  s->has_remote = true;
  s->remote = remote;
  return own ? 0 : open_udp(s);
}

static int64_t send_here(Socket* s, const uint8_t* data, uint64_t bytes, Endpoint to) {
  Socket* const target = find_bound(false, to);
  if (target == NULL) {
    if (s->has_remote) s->error = kEconnrefused;
    return (int64_t)bytes;
  }
  const Endpoint sender = {ip4_is_any(s->local.address) ? to.address : s->local.address,
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
  if (ip4_is(to.address, kBroadcastAddress) && s->options[kBroadcast] == 0) return -kEacces;
  if (bytes > kLargestDatagram) return -kEmsgsize;
  if (ip4_is_any(to.address)) to.address = kLoopback;
  if (!network_is_own(to.address)) error = network_start();
  if (error == 0 && !s->bound) error = take_port(s, kAny, 0);
  if (error != 0) return error;
  if (network_is_own(to.address)) return send_here(s, data, bytes, to);
  error = open_udp(s);
  if (error != 0) return error;
  // EFI's connected ones send nowhere else.
  if (s->udp.connected && !endpoint_is(to, s->remote)) return -kEisconn;
  const uint64_t until = end_of(s->send_timeout);
  for (;;) {
    service(s);
    const int64_t count = udp_send(&s->udp, data, bytes, to);
    if (count != -kEagain) return count;
    const int64_t ended = pause(file, flags, until);
    if (ended != 0) return ended;
  }
}

static int64_t receive_datagram(File* file, uint8_t* to, uint64_t bytes, uint32_t flags,
                                Endpoint* from, bool* has_sender, uint64_t* whole) {
  Socket* const s = file->state;
  const uint64_t until = end_of(s->receive_timeout);
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
  int64_t error = check_own(local.address);
  if (error == 0) error = take_port(s, local.address, local.port);
  if (error != 0 || s->stream || ip4_is_loopback(local.address)) return error;
  error = open_udp(s);
  // Without a network the machine itself can be reached.
  if (error == 0 || (error == -kEnetunreach && ip4_is_any(local.address))) return 0;
  give_port_back(s);
  return error;
}

int64_t socket_connect(File* file, Endpoint remote) {
  Socket* const s = file->state;
  return s->stream ? connect_stream(file, remote) : connect_datagrams(s, remote);
}

int64_t socket_disconnect(File* file) {
  Socket* const s = file->state;
  if (s->stream) return -kEafnosupport;
  s->has_remote = false;
  udp_close(&s->udp, &s->received);
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
  *local = s->bound ? s->local : (Endpoint){kAny, 0};
  if (s->connection != NULL && !s->connecting) {
    connection_find_names(s->connection);
    *local = s->connection->local;
  } else if (s->has_remote && ip4_is_any(local->address)) {
    local->address = network_is_own(s->remote.address) ? s->remote.address : network_address();
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
  if (known != kOptions) {
    if (bytes < sizeof(int32_t)) return -kEinval;
    memcpy(&s->options[known], value, sizeof(int32_t));
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
  return level == kLevelSocket || level == kLevelTcp || level == kLevelIp ? -kEnoprotoopt
                                                                          : -kEopnotsupp;
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
  if (known != kOptions) return put(value, bytes, &s->options[known], sizeof(int32_t));
  if (level != kLevelSocket) return -kEnoprotoopt;
  int32_t number;
  switch (option) {
    case kType: number = s->stream ? kStream : kDatagram; break;
    case kError: number = take_error(s); break;
    case kAccepting: number = s->backlog != 0; break;
    case kProtocol: number = s->stream ? kProtocolTcp : kProtocolUdp; break;
    case kDomain: number = 2; break;
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
  if (s->udp.child.handle == NULL || udp_has_room(&s->udp)) ready |= kPollOut | kPollNormalOut;
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

static int64_t control_socket(File* file, uint32_t request, void* argument) {
  enum { kInputCount = 0x541b };
  Socket* const s = file->state;
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
  udp_close(&s->udp, &s->received);
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
