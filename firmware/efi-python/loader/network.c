// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 sections 11.6, 7.3.12, 28.5.
#include "firmware/efi-python/loader/network.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/threads.h"

static const EfiGuid kPciIo = EFI_PCI_IO_GUID, kSimpleNetwork = EFI_SIMPLE_NETWORK_GUID,
                     kIp4Config2 = EFI_IP4_CONFIG2_GUID, kTcp4 = EFI_TCP4_GUID,
                     kTcp4Binding = EFI_TCP4_BINDING_GUID, kUdp4 = EFI_UDP4_GUID,
                     kUdp4Binding = EFI_UDP4_BINDING_GUID;

static struct {
  EfiHandle handle;
  EfiIp4Config2* config;
  Ip4 address, mask;
  bool has_waited;
} interface;

static void* protocol_of(EfiHandle handle, const EfiGuid* guid) {
  void* found = NULL;
  return firmware.boot->handle_protocol(handle, guid, &found) == 0 ? found : NULL;
}

// The firmware connects drivers to what it boots from, not to network cards.
static void connect_drivers(void) {
  enum { kNetworkClass = 2, kClassRegister = 0x0b, kByte = 0 };
  uint64_t count = 0;
  EfiHandle* handles = NULL;
  if (firmware.boot->locate_handle_buffer(kEfiByProtocol, &kPciIo, NULL, &count, &handles) != 0)
    return;
  for (uint64_t i = 0; i < count; ++i) {
    EfiPciIo* const card = protocol_of(handles[i], &kPciIo);
    uint8_t class_code = 0;
    if (card != NULL && card->pci_read(card, kByte, kClassRegister, 1, &class_code) == 0 &&
        class_code == kNetworkClass) {
      firmware.boot->connect_controller(handles[i], NULL, NULL, 1);
    }
  }
  release(handles);
}

static bool find_interface(void) {
  uint64_t count = 0;
  EfiHandle* handles = NULL;
  if (firmware.boot->locate_handle_buffer(kEfiByProtocol, &kIp4Config2, NULL, &count, &handles) !=
      0) {
    return false;
  }
  interface.handle = handles[0];
  interface.config = protocol_of(handles[0], &kIp4Config2);
  release(handles);
  return interface.config != NULL;
}

static bool read_address(void) {
  // The routes follow the structure.
  enum { kMostBytes = 2048 };
  static uint64_t data[kMostBytes / sizeof(uint64_t)];
  uint64_t bytes = sizeof data;
  if (interface.config->get_data(interface.config, kEfiInterfaceInfo, &bytes, data) != 0)
    return false;
  const EfiIp4InterfaceInfo* const info = (const EfiIp4InterfaceInfo*)data;
  if (ip4_is_any(info->address)) return false;
  interface.address = info->address;
  interface.mask = info->mask;
  return true;
}

// Unless the firmware knows that there is none.
static bool has_link(void) {
  EfiSimpleNetwork* const network = protocol_of(interface.handle, &kSimpleNetwork);
  if (network == NULL) return true;
  uint32_t interrupts = 0;
  network->get_status(network, &interrupts, NULL);
  return !network->mode->media_present_supported || network->mode->media_present;
}

static void print_address(const char* text, Ip4 a) {
  print("%s%d.%d.%d.%d", text, (uint64_t)a.bytes[0], (uint64_t)a.bytes[1], (uint64_t)a.bytes[2],
        (uint64_t)a.bytes[3]);
}

// Takes an address that is there already, otherwise asks for one.
static int64_t configure(void) {
  // The firmware goes on asking after we have given up; who tries again is told sooner.
  static const uint64_t kFirstTry = 20 * SECOND, kLaterTry = 2 * SECOND;
  const uint64_t end = clock_now() + (interface.has_waited ? kLaterTry : kFirstTry);
  print("IP configuration started\n");
  if (!read_address()) {
    const uint32_t policy = kEfiPolicyDhcp;
    interface.config->set_data(interface.config, kEfiPolicy, sizeof policy, &policy);
    while (!read_address()) {
      const bool link = has_link();
      const int64_t ended = link ? wait_step(end) : -kEtimedout;
      if (ended == -kEintr) return ended;
      if (ended == 0) continue;
      interface.has_waited = link;
      print("IP configuration failed: %s\n",
            link ? "no answer of a DHCP server" : "the card has no link");
      return -kEnetunreach;
    }
  }
  print_address("IP configuration complete: ", interface.address);
  print_address("/", interface.mask);
  print("\n");
  return 0;
}

int64_t network_start(void) {
  if (!ip4_is_any(interface.address)) return 0;
  if (interface.config == NULL && !find_interface()) {
    connect_drivers();
    if (!find_interface()) {
      print("IP configuration failed: there is no network card that the firmware drives\n");
      return -kEnetunreach;
    }
  }
  return configure();
}

Ip4 network_address(void) {
  return interface.address;
}

bool network_is_own(Ip4 address) {
  return ip4_is_loopback(address) || ip4_is_any(address) || ip4_is(address, interface.address);
}

unsigned network_name_servers(Ip4* servers, unsigned most) {
  uint64_t bytes = most * sizeof(Ip4);
  if (network_start() != 0 ||
      interface.config->get_data(interface.config, kEfiDnsServers, &bytes, servers) != 0) {
    return 0;
  }
  return (unsigned)(bytes / sizeof(Ip4));
}

int64_t network_error(EfiStatus status) {
  switch (status & ~EFI_ERROR_BIT) {
    case 0: return 0;
    case kEfiInvalidParameter: return -kEinval;
    case kEfiUnsupported: return -kEopnotsupp;
    case kEfiOutOfResources: return -kEnobufs;
    case kEfiNoMedia: return -kEnetdown;
    case kEfiNotFound:
    case kEfiNoMapping:
    case kEfiNetworkUnreachable: return -kEnetunreach;
    case kEfiAccessDenied: return -kEaddrinuse;
    case kEfiNoResponse:
    case kEfiIcmpError:
    case kEfiHostUnreachable: return -kEhostunreach;
    case kEfiTimeout: return -kEtimedout;
    case kEfiAborted: return -kEconnaborted;
    case kEfiPortUnreachable:
    case kEfiConnectionRefused: return -kEconnrefused;
    case kEfiConnectionFin: return -kEpipe;
    case kEfiConnectionReset: return -kEconnreset;
    default: return -kEio;
  }
}

int64_t child_open(ChildKind kind, EfiHandle handle, Child* child) {
  const bool tcp = kind == kChildTcp4;
  child->binding = protocol_of(interface.handle, tcp ? &kTcp4Binding : &kUdp4Binding);
  child->handle = handle;
  if (child->binding == NULL) return -kEnetunreach;
  if (handle == NULL) {
    const EfiStatus status = child->binding->create_child(child->binding, &child->handle);
    if (status != 0) {
      child->handle = NULL;
      return network_error(status);
    }
  }
  child->protocol = protocol_of(child->handle, tcp ? &kTcp4 : &kUdp4);
  if (child->protocol != NULL) return 0;
  child_close(child);
  return -kEio;
}

void child_close(Child* child) {
  if (child->handle != NULL) child->binding->destroy_child(child->binding, child->handle);
  child->handle = NULL;
}

bool token_create(Token* token) {
  memset(token, 0, sizeof *token);
  return firmware.boot->create_event(0, 0, NULL, NULL, &token->block.event) == 0;
}

void token_close(Token* token) {
  if (token->block.event != NULL) firmware.boot->close_event(token->block.event);
  token->block.event = NULL;
  token->pending = false;
}

EfiNetworkToken* token_prepare(Token* token) {
  token->block.status = 0;
  return &token->block;
}

EfiStatus token_started(Token* token, EfiStatus status) {
  token->pending = status == 0;
  return status;
}

bool token_done(Token* token) {
  if (!token->pending || firmware.boot->check_event(token->block.event) != 0) return false;
  token->pending = false;
  // More may follow at once.
  keep_awake();
  return true;
}
