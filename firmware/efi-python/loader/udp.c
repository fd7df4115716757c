// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 sections 30.1 and 30.2.
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

int64_t udp_open(IpVersion version, Endpoint local, const Endpoint* remote, UdpOptions options,
                 UdpPort* udp) {
  memset(udp, 0, sizeof *udp);
  udp->version = version;
  int64_t error = child_open(kChildUdp, version, NULL, &udp->child);
  if (error != 0) return error;
  if (version == kIp4) {
    const EfiUdp4* const protocol = udp->child.protocol;
    udp->begin = &protocol->begin;
    udp->calls = &protocol->calls;
  } else {
    const EfiUdp6* const protocol = udp->child.protocol;
    udp->begin = &protocol->begin;
    udp->calls = &protocol->calls;
  }
  udp->connected = remote != NULL;
  EfiUdp4ConfigData config4 = {.accept_broadcast = 1,
                               .type_of_service = options.type_of_service,
                               .time_to_live = options.time_to_live,
                               .use_default_address = 1,
                               .station_port = local.port};
  EfiUdp6ConfigData config6 = {.traffic_class = options.traffic_class,
                               .hop_limit = options.hop_limit,
                               .station_port = local.port};
  if (ip_version(local.address) == kIp6) config6.station = local.address;
  if (remote != NULL) {
    config4.remote = ip_to_ip4(remote->address);
    config6.remote = remote->address;
    config4.remote_port = config6.remote_port = remote->port;
  }
  void* const config = version == kIp4 ? (void*)&config4 : &config6;
  error = network_error(udp->begin->configure(udp->child.protocol, config));
  if (error == 0 && !token_create(&udp->receive)) error = -kEnobufs;
  if (error != 0) child_close(&udp->child);
  return error;
}

static void add(DatagramQueue* queue, Endpoint sender, uint32_t bytes,
                const EfiUdpFragment* fragments, uint32_t count) {
  Datagram* datagram;
  if (!queue_add(queue, sender, bytes, &datagram)) return;
  uint8_t* to = datagram->data;
  for (uint32_t i = 0; i < count; ++i) {
    memcpy(to, fragments[i].buffer, fragments[i].bytes);
    to += fragments[i].bytes;
  }
}

static void take(UdpPort* udp, DatagramQueue* queue) {
  if (udp->version == kIp4) {
    const EfiUdp4ReceiveData* const data = udp->receive.block.data;
    const Endpoint sender = {ip_of_ip4(data->session.source), data->session.source_port};
    add(queue, sender, data->bytes, data->fragments, data->fragment_count);
    firmware.boot->signal_event(data->recycle);
  } else {
    const EfiUdp6ReceiveData* const data = udp->receive.block.data;
    const Endpoint sender = {data->session.source, data->session.source_port};
    add(queue, sender, data->bytes, data->fragments, data->fragment_count);
    firmware.boot->signal_event(data->recycle);
  }
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
  udp->calls->poll(udp->child.protocol);
  finish_sending(udp);
  for (;;) {
    if (udp->receive.pending) {
      if (!token_done(&udp->receive)) return;
      if (udp->receive.block.status == 0) {
        take(udp, queue);
      } else if (udp->connected) {
        udp->error = (int)-network_error(udp->receive.block.status);
      }
    }
    if (queue->count >= kDatagramQueue ||
        TOKEN_START(&udp->receive, udp->calls->receive, udp->child.protocol) != 0) {
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
    const EfiUdpFragment fragment = {(uint32_t)bytes, copy};
    if (udp->version == kIp4) {
      udp->sending[i].session4 =
          (EfiUdp4Session){.destination = ip_to_ip4(to.address), .destination_port = to.port};
      udp->sending[i].data4 = (EfiUdp4TransmitData){
          .session = udp->connected ? NULL : &udp->sending[i].session4,
          .bytes = (uint32_t)bytes,
          .fragment_count = 1,
          .fragment = fragment,
      };
    } else {
      udp->sending[i].session6 =
          (EfiUdp6Session){.destination = to.address, .destination_port = to.port};
      udp->sending[i].data6 = (EfiUdp6TransmitData){
          .session = udp->connected ? NULL : &udp->sending[i].session6,
          .bytes = (uint32_t)bytes,
          .fragment_count = 1,
          .fragment = fragment,
      };
    }
    token->block.data = &udp->sending[i].data4;
    const EfiStatus status = TOKEN_START(token, udp->calls->transmit, udp->child.protocol);
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
  udp->begin->configure(udp->child.protocol, NULL);
  // Its memory goes back.
  if (token_done(&udp->receive) && udp->receive.block.status == 0 &&
      udp->receive.block.data != NULL) {
    take(udp, queue);
  }
  child_close(&udp->child);
  token_close(&udp->receive);
  for (unsigned i = 0; i < kDatagramSlots; ++i) {
    token_close(&udp->sending[i].token);
    release(udp->sending[i].bytes);
    udp->sending[i].bytes = NULL;
  }
}
