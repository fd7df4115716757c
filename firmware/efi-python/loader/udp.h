// SPDX-License-Identifier: LGPL-2.1-or-later
// UDP by EFI_UDP4_PROTOCOL and EFI_UDP6_PROTOCOL. Nothing here waits.
#pragma once

#include "firmware/efi-python/loader/network.h"

// IP's length counts the headers that are not its own.
enum {
  kLargestDatagram4 = 65535 - 20 - 8,
  kLargestDatagram = 65535 - 8,
  kDatagramQueue = 64,
  kDatagramSlots = 8
};

typedef struct Datagram Datagram;
struct Datagram {
  Datagram* next;
  Endpoint sender;
  uint32_t bytes;
  uint8_t data[];
};

// What has come, in its order.
typedef struct {
  Datagram *first, *last;
  unsigned count;
} DatagramQueue;
// False when there is no room: it is lost, as datagrams are.
bool queue_add(DatagramQueue* queue, Endpoint sender, uint64_t bytes, Datagram** added);
void queue_remove(DatagramQueue* queue);
void queue_clear(DatagramQueue* queue);

typedef struct {
  Child child;
  IpVersion version;
  const EfiUdpBegin* begin;
  const EfiUdpCalls* calls;
  bool connected;
  int error;  // told once
  Token receive;
  struct {
    Token token;
    union {
      EfiUdp4TransmitData data4;
      EfiUdp6TransmitData data6;
    };
    union {
      EfiUdp4Session session4;
      EfiUdp6Session session6;
    };
    uint8_t* bytes;
  } sending[kDatagramSlots];
} UdpPort;

// With `remote` all goes there and comes from there. 0, or a negative error number.
typedef struct {
  uint8_t time_to_live, hop_limit, type_of_service, traffic_class;
} UdpOptions;
int64_t udp_open(IpVersion version, Endpoint local, const Endpoint* remote, UdpOptions options,
                 UdpPort* udp);
void udp_service(UdpPort* udp, DatagramQueue* queue);
bool udp_has_room(const UdpPort* udp);
// -EAGAIN when too much is under way.
int64_t udp_send(UdpPort* udp, const uint8_t* data, uint64_t bytes, Endpoint to);
void udp_close(UdpPort* udp, DatagramQueue* queue);
