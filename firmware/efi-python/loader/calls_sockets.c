// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls on sockets. Reference: socket(2), send(2), recv(2), unix(7), ip(7), ipv6(7).
#include "firmware/efi-python/loader/calls.h"
#include "firmware/efi-python/loader/files.h"
#include "firmware/efi-python/loader/pipes.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/sockets.h"
#include "firmware/efi-python/loader/udp.h"

// sockaddr_in and sockaddr_in6, in network byte order but for the scope.
typedef struct {
  uint16_t family;
  uint8_t port[2];
  Ip4 address;
  uint8_t zero[8];
} InetAddress;
typedef struct {
  uint16_t family;
  uint8_t port[2], flow[4];
  Ip6 address;
  uint32_t scope;
} Inet6Address;
enum { kCardScope = 2 };  // of link-local addresses: the number that if_nametoindex has for it

// A socket of either kind, or the error that says why not.
static int64_t socket_of(uint64_t descriptor, File** file) {
  *file = file_of((int64_t)descriptor);
  if (*file == NULL) return -kEbadf;
  return is_socket_pair(*file) || is_inet_socket(*file) ? 0 : -kEnotsock;
}

typedef enum { kOwnAddress, kOtherAddress } AddressUse;
// A datagram socket of AF_INET6 sends to addresses of AF_INET as well: the C library looks with it
// for the way to them.
static int64_t get_address(const File* file, AddressUse use, uint64_t at, uint64_t bytes,
                           Endpoint* endpoint) {
  const InetAddress* const address = (const InetAddress*)at;
  const Inet6Address* const address6 = (const Inet6Address*)at;
  const bool either = use == kOtherAddress && !socket_is_stream(file);
  if (bytes < sizeof address->family) return -kEinval;
  const bool six = socket_family(file) == kIp6 && !(either && address->family == kFamilyInet);
  if (bytes < (six ? offsetof(Inet6Address, scope) : sizeof *address)) return -kEinval;
  if (address->family != (six ? kFamilyInet6 : kFamilyInet)) return -kEafnosupport;
  endpoint->address = six ? address6->address : ip_of_ip4(address->address);
  endpoint->port = (uint16_t)(address->port[0] << 8 | address->port[1]);
  if (!six || !ip_is_link_local(address6->address)) return 0;
  const uint32_t scope = bytes < sizeof *address6 ? 0 : address6->scope;
  if (scope == 0) return -kEinval;
  return scope == kCardScope ? 0 : use == kOwnAddress ? -kEnodev : -kEnetunreach;
}

// As much as there is room for; the length comes out as it would be with enough. Pairs are unnamed.
static void put_address(const File* file, uint64_t at, uint32_t* bytes, const Endpoint* endpoint) {
  union {
    uint16_t family;
    InetAddress inet;
    Inet6Address inet6;
  } address = {.inet6 = {.family = kFamilyUnix}};
  uint32_t size = sizeof address.family;
  if (endpoint != NULL) {
    address.inet.port[0] = (uint8_t)(endpoint->port >> 8);
    address.inet.port[1] = (uint8_t)endpoint->port;
    if (socket_family(file) == kIp4) {
      address.family = kFamilyInet;
      address.inet.address = ip_to_ip4(endpoint->address);
      size = sizeof address.inet;
    } else {
      address.family = kFamilyInet6;
      address.inet6.address = endpoint->address;
      address.inet6.scope = ip_is_link_local(endpoint->address) ? kCardScope : 0;
      size = sizeof address.inet6;
    }
  }
  memcpy((void*)at, &address, *bytes < size ? *bytes : size);
  *bytes = size;
}

int64_t call_socket(const uint64_t* a) {
  if (a[0] != kFamilyInet && a[0] != kFamilyInet6) return -kEafnosupport;
  return socket_create(a[0] == kFamilyInet ? kIp4 : kIp6, (uint32_t)a[1], (uint32_t)a[2]);
}

int64_t call_socketpair(const uint64_t* a) {
  enum { kStream = 1, kTypeMask = 15 };
  if (a[0] != kFamilyUnix) return -kEafnosupport;
  if ((a[1] & kTypeMask) != kStream) return -kEprotonosupport;
  return socket_pair_create((uint32_t)a[1], (int32_t*)a[3]);
}

int64_t call_shutdown(const uint64_t* a) {
  File* file;
  const int64_t error = socket_of(a[0], &file);
  if (error != 0) return error;
  if (a[1] > 2) return -kEinval;
  const bool receiving = a[1] != 1, sending = a[1] != 0;
  return is_inet_socket(file) ? socket_shut(file, receiving, sending)
                              : socket_pair_shut(file, receiving, sending);
}

// One transfer, with the other end's address.
typedef struct {
  uint32_t flags;
  bool named;  // `other` is an address
  Endpoint other;
  uint64_t whole;  // of a datagram
} Transfer;

static int64_t transfer(File* file, bool send, uint8_t* bytes, uint64_t count, Transfer* t) {
  if (is_inet_socket(file)) {
    if (send) return socket_send(file, bytes, count, t->flags, t->named ? &t->other : NULL);
    return socket_receive(file, bytes, count, t->flags, &t->other, &t->named, &t->whole);
  }
  // MSG_DONTWAIT is the descriptor's flag for one call.
  const uint32_t before = file->flags;
  if ((t->flags & kMessageDontWait) != 0) file->flags |= kOpenNonblocking;
  const int64_t done = send ? file_write(file, bytes, count, &file->position)
                            : file_read(file, bytes, count, &file->position);
  file->flags = before;
  t->named = false;
  t->whole = 0;
  return done;
}

int64_t call_sendto(const uint64_t* a) {
  File* file;
  Transfer t = {.flags = (uint32_t)a[3]};
  int64_t error = socket_of(a[0], &file);
  if (error == 0 && a[4] != 0) {
    if (!is_inet_socket(file)) return -kEisconn;
    error = get_address(file, kOtherAddress, a[4], a[5], &t.other);
    t.named = !socket_is_stream(file);  // who is connected has one already
  }
  return error != 0 ? error : transfer(file, true, (uint8_t*)a[1], a[2], &t);
}

int64_t call_recvfrom(const uint64_t* a) {
  File* file;
  Transfer t = {.flags = (uint32_t)a[3]};
  const int64_t error = socket_of(a[0], &file);
  if (error != 0) return error;
  const int64_t done = transfer(file, false, (uint8_t*)a[1], a[2], &t);
  if (done < 0 || a[5] == 0) return done;
  uint32_t* const bytes = (uint32_t*)a[5];
  if (t.named) {
    put_address(file, a[4], bytes, &t.other);
  } else {
    *bytes = 0;
  }
  return done;
}

typedef struct {
  uint64_t name;
  uint32_t name_bytes, pad;
  AbiVector* vectors;
  uint64_t vector_count, control, control_bytes;
  uint32_t flags, pad2;
} Message;

// Of a stream, piece by piece.
static int64_t transfer_vectors(File* file, const Message* message, bool send, Transfer* t) {
  int64_t total = 0;
  for (uint64_t i = 0; i < message->vector_count; ++i) {
    const AbiVector* const v = &message->vectors[i];
    if (v->bytes == 0 && i + 1 < message->vector_count) continue;
    const int64_t done = transfer(file, send, v->base, v->bytes, t);
    if (done < 0) return total == 0 ? done : total;
    total += done;
    if ((uint64_t)done < v->bytes) break;
    t->flags |= kMessageDontWait;
  }
  return total;
}

// A datagram is one, in however many pieces the program has it.
static int64_t transfer_datagram(File* file, const Message* message, bool send, Transfer* t) {
  uint64_t room = 0;
  for (uint64_t i = 0; i < message->vector_count; ++i) room += message->vectors[i].bytes;
  if (send && room > kLargestDatagram) return -kEmsgsize;
  uint8_t* const bytes = allocate(room);
  if (bytes == NULL) return -kEnobufs;
  uint8_t* at = bytes;
  for (uint64_t i = 0; send && i < message->vector_count; ++i) {
    memcpy(at, message->vectors[i].base, message->vectors[i].bytes);
    at += message->vectors[i].bytes;
  }
  const int64_t done = transfer(file, send, bytes, room, t);
  uint64_t left = done < 0 || send ? 0 : (uint64_t)done;
  for (uint64_t i = 0; left != 0 && i < message->vector_count; ++i) {
    const AbiVector* const v = &message->vectors[i];
    const uint64_t count = left < v->bytes ? left : v->bytes;
    memcpy(v->base, at, count);
    at += count;
    left -= count;
  }
  release(bytes);
  return done;
}

static int64_t transfer_message(uint64_t descriptor, Message* message, uint32_t flags, bool send) {
  File* file;
  Transfer t = {.flags = flags};
  int64_t error = socket_of(descriptor, &file);
  if (error != 0) return error;
  const bool datagrams = is_inet_socket(file) && !socket_is_stream(file);
  if (send && message->name != 0 && datagrams) {
    error = get_address(file, kOtherAddress, message->name, message->name_bytes, &t.other);
    if (error != 0) return error;
    t.named = true;
  }
  if (send && message->control_bytes != 0) return -kEinval;
  const int64_t done = datagrams ? transfer_datagram(file, message, send, &t)
                                 : transfer_vectors(file, message, send, &t);
  if (send || done < 0) return done;
  if (message->name != 0 && t.named) {
    put_address(file, message->name, &message->name_bytes, &t.other);
  } else {
    message->name_bytes = 0;
  }
  message->control_bytes = 0;
  message->flags = t.whole > (uint64_t)done ? kMessageTruncate : 0;
  return done;
}

int64_t call_sendmsg(const uint64_t* a) {
  return transfer_message(a[0], (Message*)a[1], (uint32_t)a[2], true);
}

int64_t call_recvmsg(const uint64_t* a) {
  return transfer_message(a[0], (Message*)a[1], (uint32_t)a[2], false);
}

// The C library asks its name servers with it.
int64_t call_sendmmsg(const uint64_t* a) {
  typedef struct {
    Message message;
    uint32_t bytes, pad;
  } Messages;
  Messages* const messages = (Messages*)a[1];
  const uint64_t count = (uint32_t)a[2];
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t done = transfer_message(a[0], &messages[i].message, (uint32_t)a[3], true);
    if (done < 0) return i != 0 ? (int64_t)i : done;
    messages[i].bytes = (uint32_t)done;
  }
  return (int64_t)count;
}

static int64_t put_name(const uint64_t* a, int64_t (*name)(File*, Endpoint*)) {
  File* file;
  Endpoint endpoint;
  int64_t error = socket_of(a[0], &file);
  if (error != 0) return error;
  if (is_inet_socket(file)) {
    error = name(file, &endpoint);
    if (error == 0) put_address(file, a[1], (uint32_t*)a[2], &endpoint);
    return error;
  }
  put_address(file, a[1], (uint32_t*)a[2], NULL);
  return 0;
}

int64_t call_getsockname(const uint64_t* a) {
  return put_name(a, socket_local);
}

int64_t call_getpeername(const uint64_t* a) {
  return put_name(a, socket_remote);
}

int64_t call_setsockopt(const uint64_t* a) {
  File* file;
  const int64_t error = socket_of(a[0], &file);
  if (error != 0 || !is_inet_socket(file)) return error;
  return socket_set_option(file, (uint32_t)a[1], (uint32_t)a[2], (const void*)a[3], (uint32_t)a[4]);
}

int64_t call_getsockopt(const uint64_t* a) {
  enum { kSocketLevel = 1, kType = 3, kError = 4, kSendBuffer = 7, kReceiveBuffer = 8 };
  enum { kProtocol = 38, kDomain = 39 };
  File* file;
  const int64_t error = socket_of(a[0], &file);
  if (error != 0) return error;
  if (is_inet_socket(file)) {
    return socket_get_option(file, (uint32_t)a[1], (uint32_t)a[2], (void*)a[3], (uint32_t*)a[4]);
  }
  if (a[1] != kSocketLevel) return -kEopnotsupp;
  int32_t value;
  switch (a[2]) {
    case kType: value = 1; break;
    case kError:
    case kProtocol: value = 0; break;
    case kDomain: value = kFamilyUnix; break;
    case kSendBuffer:
    case kReceiveBuffer: value = 64 << 10; break;
    default: return -kEopnotsupp;
  }
  *(int32_t*)a[3] = value;
  *(uint32_t*)a[4] = sizeof value;
  return 0;
}

// A socket that has an address; a pair is connected from the beginning.
static int64_t inet_of(uint64_t descriptor, File** file) {
  const int64_t error = socket_of(descriptor, file);
  if (error != 0) return error;
  return is_inet_socket(*file) ? 0 : -kEisconn;
}

int64_t call_connect(const uint64_t* a) {
  File* file;
  Endpoint remote;
  int64_t error = inet_of(a[0], &file);
  if (error != 0) return error;
  if (a[2] >= sizeof(uint16_t) && *(const uint16_t*)a[1] == kFamilyUnspecified)
    return socket_disconnect(file);
  error = get_address(file, kOtherAddress, a[1], a[2], &remote);
  return error != 0 ? error : socket_connect(file, remote);
}

int64_t call_bind(const uint64_t* a) {
  File* file;
  Endpoint local;
  int64_t error = inet_of(a[0], &file);
  if (error == 0) error = get_address(file, kOwnAddress, a[1], a[2], &local);
  return error != 0 ? error : socket_bind(file, local);
}

int64_t call_listen(const uint64_t* a) {
  File* file;
  const int64_t error = inet_of(a[0], &file);
  return error != 0 ? error : socket_listen(file, (int32_t)a[1]);
}

int64_t call_accept4(const uint64_t* a) {
  File* file;
  Endpoint remote;
  const int64_t error = inet_of(a[0], &file);
  if (error != 0) return error;
  const int64_t descriptor = socket_accept(file, (uint32_t)a[3], &remote);
  if (descriptor >= 0 && a[1] != 0) put_address(file, a[1], (uint32_t*)a[2], &remote);
  return descriptor;
}

int64_t call_accept(const uint64_t* a) {
  const uint64_t without_flags[] = {a[0], a[1], a[2], 0};
  return call_accept4(without_flags);
}
