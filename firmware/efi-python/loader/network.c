// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 sections 11.6, 7.3.12, 28.5, 28.8; RFC 6724 for which address is used.
#include "firmware/efi-python/loader/network.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/threads.h"

static const EfiGuid kPciIo = EFI_PCI_IO_GUID, kSimpleNetwork = EFI_SIMPLE_NETWORK_GUID;
static const EfiGuid kConfig[kIpVersions] = {EFI_IP4_CONFIG2_GUID, EFI_IP6_CONFIG_GUID};
static const EfiGuid kChild[kChildKinds][kIpVersions] = {{EFI_TCP4_GUID, EFI_TCP6_GUID},
                                                         {EFI_UDP4_GUID, EFI_UDP6_GUID}};
static const EfiGuid kBinding[kChildKinds][kIpVersions] = {
    {EFI_TCP4_BINDING_GUID, EFI_TCP6_BINDING_GUID}, {EFI_UDP4_BINDING_GUID, EFI_UDP6_BINDING_GUID}};
static const char* const kNames[kIpVersions] = {"IP", "IPv6"};

enum { kMostAddresses = 16 };
typedef struct {
  EfiHandle handle;
  EfiIpConfig* config;
  EfiIp6AddressInfo addresses[kMostAddresses];
  unsigned address_count;
  Ip4 mask;         // of IPv4
  bool complete;    // an address is there that is good for more than the link, and has been told
  bool has_waited;  // in vain
} Interface;
static Interface interfaces[kIpVersions];

static bool begins_with(Ip6 a, const uint8_t* bytes, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    if (a.bytes[i] != bytes[i]) return false;
  }
  return true;
}

bool ip_is(Ip6 a, Ip6 b) {
  return begins_with(a, b.bytes, sizeof b.bytes);
}

IpVersion ip_version(Ip6 a) {
  static const Ip4 kNone = {{0, 0, 0, 0}};
  return begins_with(a, ip_of_ip4(kNone).bytes, 12) ? kIp4 : kIp6;
}

Ip6 ip_any(IpVersion version) {
  return version == kIp4 ? ip_of_ip4((Ip4){{0, 0, 0, 0}}) : (Ip6){{0}};
}

Ip6 ip_loopback(IpVersion version) {
  return version == kIp4 ? ip_of_ip4((Ip4){{127, 0, 0, 1}}) : (Ip6){{[15] = 1}};
}

bool ip_is_any(Ip6 a) {
  return ip_is(a, ip_any(ip_version(a)));
}

bool ip_is_loopback(Ip6 a) {
  return ip_version(a) == kIp4 ? a.bytes[12] == 127 : ip_is(a, ip_loopback(kIp6));
}

bool ip_is_link_local(Ip6 a) {
  const bool multicast = a.bytes[0] == 0xff && (a.bytes[1] & 15) == 2;
  return multicast || (a.bytes[0] == 0xfe && (a.bytes[1] & 0xc0) == 0x80);
}

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

static bool find_interface(IpVersion version) {
  uint64_t count = 0;
  EfiHandle* handles = NULL;
  const EfiGuid* const guid = &kConfig[version];
  if (firmware.boot->locate_handle_buffer(kEfiByProtocol, guid, NULL, &count, &handles) != 0)
    return false;
  interfaces[version].handle = handles[0];
  interfaces[version].config = protocol_of(handles[0], guid);
  release(handles);
  return interfaces[version].config != NULL;
}

// Takes what the firmware has by now. Whether an address is good for more than the link.
static bool read_addresses(IpVersion version) {
  // Addresses and routes follow the structure.
  enum { kMostBytes = 4096 };
  static uint64_t data[kMostBytes / sizeof(uint64_t)];
  Interface* const i = &interfaces[version];
  uint64_t bytes = sizeof data;
  if (i->config == NULL || i->config->get_data(i->config, kEfiInterfaceInfo, &bytes, data) != 0)
    return false;
  i->address_count = 0;
  if (version == kIp4) {
    const EfiIp4InterfaceInfo* const info = (const EfiIp4InterfaceInfo*)data;
    i->addresses[0].address = ip_of_ip4(info->address);
    i->mask = info->mask;
    i->address_count = ip_is_any(i->addresses[0].address) ? 0 : 1;
    return i->address_count != 0;
  }
  const EfiIp6InterfaceInfo* const info = (const EfiIp6InterfaceInfo*)data;
  bool routed = false;
  for (uint32_t n = 0; n < info->address_count && n < kMostAddresses; ++n) {
    i->addresses[i->address_count++] = info->addresses[n];
    routed = routed || !ip_is_link_local(info->addresses[n].address);
  }
  return routed;
}

static bool read_any_address(IpVersion version) {
  return read_addresses(version) || interfaces[version].address_count != 0;
}

// Unless the firmware knows that there is none.
static bool has_link(IpVersion version) {
  EfiSimpleNetwork* const network = protocol_of(interfaces[version].handle, &kSimpleNetwork);
  if (network == NULL) return true;
  uint32_t interrupts = 0;
  network->get_status(network, &interrupts, NULL);
  return !network->mode->media_present_supported || network->mode->media_present;
}

// RFC 5952: the longest run of zeros is left out.
static void print_ip6(Ip6 a) {
  unsigned run = 8, run_length = 1;  // one group of zeros stays
  for (unsigned i = 0; i < 8; ++i) {
    unsigned length = 0;
    while (i + length < 8 && a.bytes[2 * (i + length)] == 0 && a.bytes[2 * (i + length) + 1] == 0)
      ++length;
    if (length <= run_length) continue;
    run = i;
    run_length = length;
  }
  for (unsigned i = 0; i < 8; ++i) {
    if (i == run) print("::");
    if (run <= i && i < run + run_length) continue;
    const bool first = i == 0 || i == run + run_length;
    print(first ? "%x" : ":%x", (uint64_t)a.bytes[2 * i] << 8 | a.bytes[2 * i + 1]);
  }
}

static void print_ip4(Ip4 a) {
  print("%d.%d.%d.%d", (uint64_t)a.bytes[0], (uint64_t)a.bytes[1], (uint64_t)a.bytes[2],
        (uint64_t)a.bytes[3]);
}

// Until ready() is so. 0, or the error.
static int64_t wait_for(IpVersion version, bool (*ready)(IpVersion)) {
  // The firmware goes on asking after we have given up; who tries again is told sooner.
  static const uint64_t kFirstTry = 20 * SECOND, kLaterTry = 2 * SECOND;
  static const char* const kNobody[kIpVersions] = {"no answer of a DHCP server",
                                                   "no router has announced a prefix"};
  Interface* const i = &interfaces[version];
  const uint64_t end = clock_now() + (i->has_waited ? kLaterTry : kFirstTry);
  while (!ready(version)) {
    const bool link = has_link(version);
    const int64_t ended = link ? wait_step(end) : -kEtimedout;
    if (ended == -kEintr) return ended;
    if (ended == 0) continue;
    i->has_waited = link;
    print("%s configuration failed: %s\n", kNames[version],
          link ? kNobody[version] : "the card has no link");
    return -kEnetunreach;
  }
  return 0;
}

// Lets the firmware ask the network for addresses.
static void ask(IpVersion version) {
  static const uint32_t kPolicy[kIpVersions] = {kEfiIp4Policy, kEfiIp6Policy};
  EfiIpConfig* const config = interfaces[version].config;
  const uint32_t automatic = kEfiPolicyAutomatic;
  config->set_data(config, kPolicy[version], sizeof automatic, &automatic);
}

// Waits for an address that is good for more than the link, and says so.
static int64_t complete(IpVersion version) {
  Interface* const i = &interfaces[version];
  if (i->complete) return 0;
  print("%s configuration started\n", kNames[version]);
  if (!read_addresses(version)) {
    if (version == kIp4) ask(version);
    const int64_t error = wait_for(version, read_addresses);
    if (error != 0) return error;
  }
  i->complete = true;
  print("%s configuration complete: ", kNames[version]);
  if (version == kIp4) {
    print_ip4(ip_to_ip4(i->addresses[0].address));
    print("/");
    print_ip4(i->mask);
  } else {
    const EfiIp6AddressInfo* a = i->addresses;
    while (ip_is_link_local(a->address)) ++a;
    print_ip6(a->address);
    print("/%d", (uint64_t)a->prefix_bits);
  }
  print("\n");
  return 0;
}

int64_t network_start(IpVersion version) {
  Interface* const i = &interfaces[version];
  if (i->complete || (version == kIp6 && i->address_count != 0)) return 0;
  if (i->config == NULL && !find_interface(version)) {
    connect_drivers();
    if (!find_interface(version)) {
      print("%s configuration failed: there is no network card that the firmware drives\n",
            kNames[version]);
      return -kEnetunreach;
    }
  }
  if (version == kIp4) return complete(version);
  if (read_addresses(version)) return 0;
  ask(version);
  return wait_for(version, read_any_address);
}

int64_t network_reach(Ip6 address) {
  const IpVersion version = ip_version(address);
  const int64_t error = network_start(version);
  return error != 0 || ip_is_link_local(address) ? error : complete(version);
}

bool network_reaches(Ip6 address) {
  const IpVersion version = ip_version(address);
  if (ip_is_link_local(address)) return interfaces[version].address_count != 0;
  return interfaces[version].complete || read_addresses(version);
}

static unsigned common_bits(Ip6 a, Ip6 b) {
  unsigned bits = 0;
  while (bits < 128 && ((a.bytes[bits / 8] ^ b.bytes[bits / 8]) & (0x80 >> bits % 8)) == 0) ++bits;
  return bits;
}

Ip6 network_source(Ip6 address) {
  const IpVersion version = ip_version(address);
  read_addresses(version);
  const Interface* const i = &interfaces[version];
  Ip6 best = ip_any(version);
  bool best_fits = false;
  for (unsigned n = 0; n < i->address_count; ++n) {
    const Ip6 own = i->addresses[n].address;
    const bool fits = ip_is_link_local(own) == ip_is_link_local(address);
    if (ip_is_any(best) || (fits && !best_fits) ||
        (fits == best_fits && common_bits(own, address) > common_bits(best, address))) {
      best = own;
      best_fits = fits;
    }
  }
  return best;
}

bool network_is_own(Ip6 address) {
  if (ip_is_loopback(address) || ip_is_any(address)) return true;
  const Interface* const i = &interfaces[ip_version(address)];
  for (unsigned n = 0; n < i->address_count; ++n) {
    if (ip_is(address, i->addresses[n].address)) return true;
  }
  return false;
}

unsigned network_name_servers(Ip4* servers, unsigned most) {
  uint64_t bytes = most * sizeof(Ip4);
  if (network_start(kIp4) != 0) return 0;
  EfiIpConfig* const config = interfaces[kIp4].config;
  if (config->get_data(config, kEfiIp4DnsServers, &bytes, servers) != 0) return 0;
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

int64_t child_open(ChildKind kind, IpVersion version, EfiHandle handle, Child* child) {
  child->binding = protocol_of(interfaces[version].handle, &kBinding[kind][version]);
  child->handle = handle;
  if (child->binding == NULL) return -kEnetunreach;
  if (handle == NULL) {
    const EfiStatus status = child->binding->create_child(child->binding, &child->handle);
    if (status != 0) {
      child->handle = NULL;
      return network_error(status);
    }
  }
  child->protocol = protocol_of(child->handle, &kChild[kind][version]);
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
