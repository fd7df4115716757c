// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of UEFI's network protocols that the loader calls.
// Reference: UEFI Specification 2.10; the sections are named at the structures.
#pragma once

#include "firmware/efi-python/loader/efi.h"

typedef struct {
  uint8_t bytes[4];
} Ip4;

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

// 28.5.
typedef struct EfiIp4Config2 {
  EfiStatus (*set_data)(struct EfiIp4Config2*, uint32_t what, uint64_t bytes, const void*);
  EfiStatus (*get_data)(struct EfiIp4Config2*, uint32_t what, uint64_t* bytes, void*);
} EfiIp4Config2;
enum { kEfiInterfaceInfo = 0, kEfiPolicy = 1, kEfiDnsServers = 4, kEfiPolicyDhcp = 1 };
typedef struct {
  EfiChar name[32];
  uint8_t type;
  uint32_t hardware_address_bytes;
  uint8_t hardware_address[32];
  Ip4 address, mask;
  uint32_t route_count;
  void* routes;
} EfiIp4InterfaceInfo;

// What EFI_TCP4_*_TOKEN and EFI_UDP4_COMPLETION_TOKEN have in common, and what each adds.
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
} EfiTcp4Option;
typedef struct {
  uint8_t type_of_service, time_to_live;
  EfiTcp4AccessPoint access_point;
  EfiTcp4Option* control_option;
} EfiTcp4ConfigData;
// EFI_TCP4_RECEIVE_DATA and EFI_TCP4_TRANSMIT_DATA with one fragment; the first has no push flag.
typedef struct {
  uint8_t push, urgent;
  uint32_t bytes, fragment_count;
  struct {
    uint32_t bytes;
    void* buffer;
  } fragment;
} EfiTcp4Data;
typedef struct EfiTcp4 {
  EfiStatus (*get_mode_data)(struct EfiTcp4*, uint32_t* state, EfiTcp4ConfigData*, void* ip4_mode,
                             void* managed_network, void* simple_network);
  EfiStatus (*configure)(struct EfiTcp4*, EfiTcp4ConfigData*);
  void* routes;
  EfiStatus (*connect)(struct EfiTcp4*, EfiNetworkToken*);
  EfiStatus (*accept)(struct EfiTcp4*, EfiNetworkToken*);
  EfiStatus (*transmit)(struct EfiTcp4*, EfiNetworkToken*);
  EfiStatus (*receive)(struct EfiTcp4*, EfiNetworkToken*);
  EfiStatus (*close)(struct EfiTcp4*, EfiNetworkToken*);
  EfiStatus (*cancel)(struct EfiTcp4*, EfiNetworkToken*);
  EfiStatus (*poll)(struct EfiTcp4*);
} EfiTcp4;

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
} EfiUdp4Fragment;
typedef struct {
  EfiTime time_stamp;
  EfiEvent recycle;
  EfiUdp4Session session;
  uint32_t bytes, fragment_count;
  EfiUdp4Fragment fragments[];
} EfiUdp4ReceiveData;
typedef struct {
  EfiUdp4Session* session;
  Ip4* gateway;
  uint32_t bytes, fragment_count;
  EfiUdp4Fragment fragment;
} EfiUdp4TransmitData;
typedef struct EfiUdp4 {
  void* get_mode_data;
  EfiStatus (*configure)(struct EfiUdp4*, EfiUdp4ConfigData*);
  void* others[2];  // groups, routes
  EfiStatus (*transmit)(struct EfiUdp4*, EfiNetworkToken*);
  EfiStatus (*receive)(struct EfiUdp4*, EfiNetworkToken*);
  EfiStatus (*cancel)(struct EfiUdp4*, EfiNetworkToken*);
  EfiStatus (*poll)(struct EfiUdp4*);
} EfiUdp4;

_Static_assert(offsetof(EfiIp4InterfaceInfo, address) == 104, "UEFI 2.10, 28.5");
_Static_assert(offsetof(EfiTcp4ConfigData, access_point.station_port) == 12, "UEFI 2.10, 28.1");
_Static_assert(sizeof(EfiTcp4ConfigData) == 32, "UEFI 2.10, 28.1");
_Static_assert(sizeof(EfiUdp4ConfigData) == 36, "UEFI 2.10, 30.1");
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
