// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of UEFI's network protocols that the loader calls.
// Reference: UEFI Specification 2.10; the sections are named at the structures.
#pragma once

#include "firmware/efi-python/loader/efi.h"

typedef struct {
  uint8_t bytes[4];
} Ip4;
typedef struct {
  uint8_t bytes[16];
} Ip6;

// 11.6.
typedef struct EfiServiceBinding {
  EfiStatus (*create_child)(struct EfiServiceBinding*, EfiHandle*);
  EfiStatus (*destroy_child)(struct EfiServiceBinding*, EfiHandle);
} EfiServiceBinding;

// 14.4: up to the register access that is used.
typedef struct EfiPciIo {
  void* others[6];
  EfiStatus (*pci_read)(struct EfiPciIo*, uint32_t width, uint32_t offset, uint64_t count, void*);
} EfiPciIo;

// 24.1.
typedef struct {
  uint32_t state_and_sizes[10];
  uint8_t multicast_filter[16][32], current[32], broadcast[32], permanent[32];
  uint8_t type, address_changeable, multiple_transmit, media_present_supported, media_present;
} EfiSimpleNetworkMode;
typedef struct EfiSimpleNetwork {
  uint64_t revision;
  void* others[10];
  EfiStatus (*get_status)(struct EfiSimpleNetwork*, uint32_t* interrupts, void** buffer);
  void* transfers[2];
  EfiEvent wait_for_packet;
  EfiSimpleNetworkMode* mode;
} EfiSimpleNetwork;

// EFI_IP4_CONFIG2_PROTOCOL (28.5) and EFI_IP6_CONFIG_PROTOCOL (28.8).
typedef struct EfiIpConfig {
  EfiStatus (*set_data)(struct EfiIpConfig*, uint32_t what, uint64_t bytes, const void*);
  EfiStatus (*get_data)(struct EfiIpConfig*, uint32_t what, uint64_t* bytes, void*);
} EfiIpConfig;
enum { kEfiInterfaceInfo = 0, kEfiIp4Policy = 1, kEfiIp4DnsServers = 4, kEfiIp6Policy = 2 };
enum { kEfiPolicyAutomatic = 1 };  // DHCP, or what routers announce
typedef struct {
  EfiChar name[32];
  uint8_t type;
  uint32_t hardware_address_bytes;
  uint8_t hardware_address[32];
  Ip4 address, mask;
  uint32_t route_count;
  void* routes;
} EfiIp4InterfaceInfo;
typedef struct {
  Ip6 address;
  uint8_t prefix_bits;
} EfiIp6AddressInfo;
typedef struct {
  EfiChar name[32];
  uint8_t type;
  uint32_t hardware_address_bytes;
  uint8_t hardware_address[32];
  uint32_t address_count;
  EfiIp6AddressInfo* addresses;
  uint32_t route_count;
  void* routes;
} EfiIp6InterfaceInfo;

// What the tokens of TCP and UDP have in common, and what each adds.
typedef struct {
  EfiEvent event;
  EfiStatus status;
  union {
    void* data;
    EfiHandle child;
    uint8_t abort;
  };
} EfiNetworkToken;

// 28.1.
typedef struct {
  uint8_t use_default_address;
  Ip4 station, mask;
  uint16_t station_port;
  Ip4 remote;
  uint16_t remote_port;
  uint8_t active;
} EfiTcp4AccessPoint;
typedef struct {
  uint32_t receive_buffer, send_buffer, most_syn_backlog, connection_timeout, data_retries;
  uint32_t fin_timeout, time_wait_timeout, keep_alive_probes, keep_alive_time, keep_alive_interval;
  uint8_t nagle, time_stamp, window_scaling, selective_ack, path_mtu_discovery;
} EfiTcpOption;
typedef struct {
  uint8_t type_of_service, time_to_live;
  EfiTcp4AccessPoint access_point;
  EfiTcpOption* control_option;
} EfiTcp4ConfigData;
// 28.2, where options, data and tokens are those of TCP4.
typedef struct {
  Ip6 station;
  uint16_t station_port;
  Ip6 remote;
  uint16_t remote_port;
  uint8_t active;
} EfiTcp6AccessPoint;
typedef struct {
  uint8_t traffic_class, hop_limit;
  EfiTcp6AccessPoint access_point;
  EfiTcpOption* control_option;
} EfiTcp6ConfigData;
// EFI_TCP4_RECEIVE_DATA and EFI_TCP4_TRANSMIT_DATA with one fragment; the first has no push flag.
typedef struct {
  uint8_t push, urgent;
  uint32_t bytes, fragment_count;
  struct {
    uint32_t bytes;
    void* buffer;
  } fragment;
} EfiTcpData;
// How both protocols begin, and how they end: EFI_TCP4_PROTOCOL has Routes between. The first
// argument is the protocol.
typedef struct {
  EfiStatus (*get_mode_data)(void*, uint32_t* state, void* config, void* ip_mode,
                             void* managed_network, void* simple_network);
  EfiStatus (*configure)(void*, void* config);
} EfiTcpBegin;
typedef EfiStatus (*EfiTransfer)(void*, EfiNetworkToken*);
typedef struct {
  EfiTransfer connect, accept, transmit, receive, close, cancel;
  EfiStatus (*poll)(void*);
} EfiTcpCalls;
typedef struct {
  EfiTcpBegin begin;
  void* routes;
  EfiTcpCalls calls;
} EfiTcp4;
typedef struct {
  EfiTcpBegin begin;
  EfiTcpCalls calls;
} EfiTcp6;

// 30.1.
typedef struct {
  uint8_t accept_broadcast, accept_promiscuous, accept_any_port, allow_duplicate_port;
  uint8_t type_of_service, time_to_live, do_not_fragment;
  uint32_t receive_timeout, transmit_timeout;
  uint8_t use_default_address;
  Ip4 station, mask;
  uint16_t station_port;
  Ip4 remote;
  uint16_t remote_port;
} EfiUdp4ConfigData;
typedef struct {
  Ip4 source;
  uint16_t source_port;
  Ip4 destination;
  uint16_t destination_port;
} EfiUdp4Session;
typedef struct {
  uint32_t bytes;
  void* buffer;
} EfiUdpFragment;
typedef struct {
  EfiTime time_stamp;
  EfiEvent recycle;
  EfiUdp4Session session;
  uint32_t bytes, fragment_count;
  EfiUdpFragment fragments[];
} EfiUdp4ReceiveData;
typedef struct {
  EfiUdp4Session* session;
  Ip4* gateway;
  uint32_t bytes, fragment_count;
  EfiUdpFragment fragment;
} EfiUdp4TransmitData;
// 30.2.
typedef struct {
  uint8_t accept_promiscuous, accept_any_port, allow_duplicate_port, traffic_class, hop_limit;
  uint32_t receive_timeout, transmit_timeout;
  Ip6 station;
  uint16_t station_port;
  Ip6 remote;
  uint16_t remote_port;
} EfiUdp6ConfigData;
typedef struct {
  Ip6 source;
  uint16_t source_port;
  Ip6 destination;
  uint16_t destination_port;
} EfiUdp6Session;
typedef struct {
  EfiTime time_stamp;
  EfiEvent recycle;
  EfiUdp6Session session;
  uint32_t bytes, fragment_count;
  EfiUdpFragment fragments[];
} EfiUdp6ReceiveData;
typedef struct {
  EfiUdp6Session* session;
  uint32_t bytes, fragment_count;
  EfiUdpFragment fragment;
} EfiUdp6TransmitData;
// How both protocols begin, and how they end: EFI_UDP4_PROTOCOL has Routes between.
typedef struct {
  void* get_mode_data;
  EfiStatus (*configure)(void*, void* config);
  void* groups;
} EfiUdpBegin;
typedef struct {
  EfiTransfer transmit, receive, cancel;
  EfiStatus (*poll)(void*);
} EfiUdpCalls;
typedef struct {
  EfiUdpBegin begin;
  void* routes;
  EfiUdpCalls calls;
} EfiUdp4;
typedef struct {
  EfiUdpBegin begin;
  EfiUdpCalls calls;
} EfiUdp6;

_Static_assert(offsetof(EfiIp4InterfaceInfo, address) == 104, "UEFI 2.10, 28.5");
_Static_assert(offsetof(EfiTcp4ConfigData, access_point.station_port) == 12, "UEFI 2.10, 28.1");
_Static_assert(sizeof(EfiTcp4ConfigData) == 32, "UEFI 2.10, 28.1");
_Static_assert(sizeof(EfiUdp4ConfigData) == 36, "UEFI 2.10, 30.1");
_Static_assert(offsetof(EfiIp6InterfaceInfo, addresses) == 112, "UEFI 2.10, 28.8");
_Static_assert(offsetof(EfiTcp6ConfigData, control_option) == 40, "UEFI 2.10, 28.2");
_Static_assert(offsetof(EfiUdp6ConfigData, remote_port) == 50, "UEFI 2.10, 30.2");
_Static_assert(offsetof(EfiUdp6ReceiveData, fragments) == 72, "UEFI 2.10, 30.2");
_Static_assert(offsetof(EfiSimpleNetworkMode, media_present) == 652, "UEFI 2.10, 24.1");

#define EFI_PCI_IO_GUID                              \
  {                                                  \
    0x4cf5b200, 0x68b8, 0x4ca5, {                    \
      0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a \
    }                                                \
  }
#define EFI_SIMPLE_NETWORK_GUID                      \
  {                                                  \
    0xa19832b9, 0xac25, 0x11d3, {                    \
      0x9a, 0x2d, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d \
    }                                                \
  }
#define EFI_IP4_CONFIG2_GUID                         \
  {                                                  \
    0x5b446ed1, 0xe30b, 0x4faa, {                    \
      0x87, 0x1a, 0x36, 0x54, 0xec, 0xa3, 0x60, 0x80 \
    }                                                \
  }
#define EFI_TCP4_GUID                                \
  {                                                  \
    0x65530bc7, 0xa359, 0x410f, {                    \
      0xb0, 0x10, 0x5a, 0xad, 0xc7, 0xec, 0x2b, 0x62 \
    }                                                \
  }
#define EFI_TCP4_BINDING_GUID                        \
  {                                                  \
    0x00720665, 0x67eb, 0x4a99, {                    \
      0xba, 0xf7, 0xd3, 0xc3, 0x3a, 0x1c, 0x7c, 0xc9 \
    }                                                \
  }
#define EFI_UDP4_GUID                                \
  {                                                  \
    0x3ad9df29, 0x4501, 0x478d, {                    \
      0xb1, 0xf8, 0x7f, 0x7f, 0xe7, 0x0e, 0x50, 0xf3 \
    }                                                \
  }
#define EFI_UDP4_BINDING_GUID                        \
  {                                                  \
    0x83f01464, 0x99bd, 0x45e5, {                    \
      0xb3, 0x83, 0xaf, 0x63, 0x05, 0xd8, 0xe9, 0xe6 \
    }                                                \
  }
#define EFI_IP6_CONFIG_GUID                          \
  {                                                  \
    0x937fe521, 0x95ae, 0x4d1a, {                    \
      0x89, 0x29, 0x48, 0xbc, 0xd9, 0x0a, 0xd3, 0x1a \
    }                                                \
  }
#define EFI_TCP6_GUID                                \
  {                                                  \
    0x46e44855, 0xbd60, 0x4ab7, {                    \
      0xab, 0x0d, 0xa6, 0x79, 0xb9, 0x44, 0x7d, 0x77 \
    }                                                \
  }
#define EFI_TCP6_BINDING_GUID                        \
  {                                                  \
    0xec20eb79, 0x6c1a, 0x4664, {                    \
      0x9a, 0x0d, 0xd2, 0xe4, 0xcc, 0x16, 0xd6, 0x64 \
    }                                                \
  }
#define EFI_UDP6_GUID                                \
  {                                                  \
    0x4f948815, 0xb4b9, 0x43cb, {                    \
      0x8a, 0x33, 0x90, 0xe0, 0x60, 0xb3, 0x49, 0x55 \
    }                                                \
  }
#define EFI_UDP6_BINDING_GUID                        \
  {                                                  \
    0x66ed4721, 0x3c98, 0x4d3e, {                    \
      0x81, 0xe3, 0xd0, 0x3d, 0xd3, 0x9a, 0x72, 0x54 \
    }                                                \
  }
