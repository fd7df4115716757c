// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 section 30.1.
#include "firmware/efi-python/loader/udp.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/runtime.h"

bool queue_add(DatagramQueue* queue, Endpoint sender, uint64_t bytes, Datagram** added) {
  if (queue->count >= kDatagramQueue) return false;
  Datagram* const datagram = allocate(sizeof *datagram + bytes);
  if (datagram == NULL) return false;
  datagram->sender = sender;
  datagram->bytes = (uint32_t)bytes;
  if (queue->last != NULL) {
    queue->last->next = datagram;
  } else {
    queue->first = datagram;
  }
  queue->last = datagram;
  ++queue->count;
  *added = datagram;
  return true;
}

void queue_remove(DatagramQueue* queue) {
  Datagram* const first = queue->first;
  queue->first = first->next;
  if (queue->first == NULL) queue->last = NULL;
  --queue->count;
  release(first);
}

void queue_clear(DatagramQueue* queue) {
  while (queue->first != NULL) queue_remove(queue);
}

int64_t udp_open(uint16_t port, const Endpoint* remote, uint8_t time_to_live, UdpPort* udp) {
  memset(udp, 0, sizeof *udp);
  int64_t error = child_open(kChildUdp4, NULL, &udp->child);
  if (error != 0) return error;
  udp->udp = udp->child.protocol;
  udp->connected = remote != NULL;
  EfiUdp4ConfigData config = {.accept_broadcast = 1,
                              .time_to_live = time_to_live,
                              .use_default_address = 1,
                              .station_port = port};
  if (remote != NULL) {
    config.remote = remote->address;
    config.remote_port = remote->port;
  }
  error = network_error(udp->udp->configure(udp->udp, &config));
  if (error == 0 && !token_create(&udp->receive)) error = -kEnobufs;
  if (error != 0) child_close(&udp->child);
  return error;
}

static void take(EfiUdp4ReceiveData* data, DatagramQueue* queue) {
  const Endpoint sender = {data->session.source, data->session.source_port};
  Datagram* datagram;
  if (queue_add(queue, sender, data->bytes, &datagram)) {
    uint8_t* to = datagram->data;
    for (uint32_t i = 0; i < data->fragment_count; ++i) {
      memcpy(to, data->fragments[i].buffer, data->fragments[i].bytes);
      to += data->fragments[i].bytes;
    }
  }
  firmware.boot->signal_event(data->recycle);
}

static void finish_sending(UdpPort* udp) {
  for (unsigned i = 0; i < kDatagramSlots; ++i) {
    Token* const token = &udp->sending[i].token;
    if (!token_done(token)) continue;
    release(udp->sending[i].bytes);
    udp->sending[i].bytes = NULL;
    // Who has not connected is not told, as in BSD.
    if (token->block.status != 0 && udp->connected)
      udp->error = (int)-network_error(token->block.status);
  }
}

void udp_service(UdpPort* udp, DatagramQueue* queue) {
  udp->udp->poll(udp->udp);
  finish_sending(udp);
  for (;;) {
    if (udp->receive.pending) {
      if (!token_done(&udp->receive)) return;
      if (udp->receive.block.status == 0) {
        take(udp->receive.block.data, queue);
      } else if (udp->connected) {
        udp->error = (int)-network_error(udp->receive.block.status);
      }
    }
    if (queue->count >= kDatagramQueue ||
        TOKEN_START(&udp->receive, udp->udp->receive, udp->udp) != 0) {
      return;
    }
  }
}

bool udp_has_room(const UdpPort* udp) {
  for (unsigned i = 0; i < kDatagramSlots; ++i) {
    if (!udp->sending[i].token.pending) return true;
  }
  return false;
}

int64_t udp_send(UdpPort* udp, const uint8_t* data, uint64_t bytes, Endpoint to) {
  for (unsigned i = 0; i < kDatagramSlots; ++i) {
    Token* const token = &udp->sending[i].token;
    if (token->pending) continue;
    if (token->block.event == NULL && !token_create(token)) return -kEnobufs;
    uint8_t* const copy = allocate(bytes);
    if (copy == NULL) return -kEnobufs;
    memcpy(copy, data, bytes);
    EfiUdp4TransmitData* const transmit = &udp->sending[i].data;
    *transmit = (EfiUdp4TransmitData){.bytes = (uint32_t)bytes, .fragment_count = 1};
    transmit->fragment.bytes = (uint32_t)bytes;
    transmit->fragment.buffer = copy;
    if (!udp->connected) {
      udp->sending[i].session = (EfiUdp4Session){
          .destination = to.address,
          .destination_port = to.port,
      };
      transmit->session = &udp->sending[i].session;
    }
    token->block.data = transmit;
    const EfiStatus status = TOKEN_START(token, udp->udp->transmit, udp->udp);
    if (status != 0) {
      release(copy);
      return network_error(status);
    }
    udp->sending[i].bytes = copy;
    return (int64_t)bytes;
  }
  return -kEagain;
}

static bool is_sending(const UdpPort* udp) {
  for (unsigned i = 0; i < kDatagramSlots; ++i) {
    if (udp->sending[i].token.pending) return true;
  }
  return false;
}

void udp_close(UdpPort* udp, DatagramQueue* queue) {
  enum { kLooks = 100 };
  if (udp->child.handle == NULL) return;
  for (unsigned i = 0; i < kLooks && is_sending(udp); ++i) udp_service(udp, queue);
  udp->udp->configure(udp->udp, NULL);
  // Its memory goes back.
  if (token_done(&udp->receive) && udp->receive.block.status == 0 &&
      udp->receive.block.data != NULL) {
    take(udp->receive.block.data, queue);
  }
  child_close(&udp->child);
  token_close(&udp->receive);
  for (unsigned i = 0; i < kDatagramSlots; ++i) {
    token_close(&udp->sending[i].token);
    release(udp->sending[i].bytes);
    udp->sending[i].bytes = NULL;
  }
}
