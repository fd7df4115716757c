// SPDX-License-Identifier: LGPL-2.1-or-later
// What a TCP connection is to its socket, whatever carries its bytes: EFI_TCP4_PROTOCOL or
// EFI_TCP6_PROTOCOL (tcp.c), or a buffer at the other end (loopback.c), as the firmware's IP does
// not send to itself. Nothing here waits.
#pragma once

#include "firmware/efi-python/loader/network.h"

// How many bytes wait for the program at the most. The firmware has a buffer of its own behind it.
enum { kInputBytes = 64 << 10, kSendSlots = 4, kSendBytes = 32 << 10 };

typedef struct {
  Token token;
  EfiTcpData data;
  uint8_t* bytes;
} SendSlot;

// An instance of either protocol.
typedef struct {
  Child child;
  IpVersion version;
  const EfiTcpBegin* begin;
  const EfiTcpCalls* calls;
} TcpPort;

typedef struct Connection Connection;
struct Connection {
  Connection* next;  // of those in a listening socket's queue, or that say farewell
  Endpoint local, remote;
  bool connected, eof, broken, shut_read, shut_write;
  int error;  // told once
  // Received bytes that nobody has read.
  uint8_t* input;
  uint32_t input_at, input_count;

  bool here;         // within the machine:
  Connection* peer;  // NULL when it is closed

  TcpPort tcp;  // or EFI's:
  Token connect, receive, close;
  EfiTcpData receive_data;
  SendSlot sending[kSendSlots];
  bool names_known;
  bool closing;        // `close` has been called
  bool first;          // our FIN was before the peer's
  uint64_t fin_after;  // when it is sent; NEVER
  uint64_t deadline;   // of the farewell
};

// Moves on what the firmware has done.
void connection_service(Connection* connection);
bool connection_readable(const Connection* connection);
bool connection_writable(const Connection* connection);
bool connection_hung_up(const Connection* connection);
int connection_take_error(Connection* connection);
// Received bytes; 0 at their end, -EAGAIN when there are none yet.
int64_t connection_take(Connection* connection, uint8_t* to, uint64_t bytes, bool peek);
// Begins to send; how many bytes of it, or -EAGAIN when there is no room.
int64_t connection_give(Connection* connection, const uint8_t* from, uint64_t bytes);
void connection_shut(Connection* connection, bool receiving, bool sending);
// What is left is sent, and the farewell said, in the background. Unread bytes make it a reset.
void connection_close(Connection* connection, bool abort);
void connection_find_names(Connection* connection);

typedef struct {
  bool keep_alive;
  uint8_t time_to_live, hop_limit, type_of_service, traffic_class;
} TcpOptions;

// tcp.c. `error` is a negative error number when the result is NULL.
Connection* tcp_connect(Endpoint local, Endpoint remote, TcpOptions options, int64_t* error);
void tcp_service(Connection* connection);
int64_t tcp_give(Connection* connection, const uint8_t* from, uint64_t bytes);
bool tcp_has_room(const Connection* connection);
void tcp_close(Connection* connection, bool abort);
// Gives back closed connections that are over; `seconds`: waits so long for the others, too.
void tcp_reap(unsigned seconds);

typedef struct {
  TcpPort tcp;
  Token accept;
} Listener;
int64_t tcp_listen(IpVersion version, Endpoint local, TcpOptions options, Listener* listener);
// The next that has connected, or NULL.
Connection* tcp_accept(Listener* listener);
void tcp_stop_listening(Listener* listener);

// loopback.c
bool loopback_pair(Endpoint one, Endpoint other, Connection* ends[2]);
int64_t loopback_give(Connection* connection, const uint8_t* from, uint64_t bytes);
bool loopback_has_room(const Connection* connection);
void loopback_shut(Connection* connection);
void loopback_close(Connection* connection, bool abort);
