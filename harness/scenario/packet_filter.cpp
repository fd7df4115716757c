// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: IEEE 802.3, RFC 791 (IPv4), RFC 8200 (IPv6), RFC 768 (UDP), RFC 9293 (TCP).
#include "harness/scenario/packet_filter.h"

#include <algorithm>

namespace ice86::harness {

namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmp6 = 58;

struct Headers {
  std::uint16_t ether_type = 0;
  std::uint8_t protocol = 0;  // of IP; 0: none
  std::uint16_t source = 0, destination = 0;
};

std::uint16_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
  if (at + 2 > bytes.size()) return 0;
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

Headers headers_of(std::span<const std::uint8_t> frame) {
  Headers headers;
  headers.ether_type = word(frame, 12);
  std::size_t behind_ip = 0;
  if (headers.ether_type == 0x0800 && frame.size() >= kEthernetHeader + 20) {
    headers.protocol = frame[kEthernetHeader + 9];
    const bool first_fragment = (word(frame, kEthernetHeader + 6) & 0x1fff) == 0;
    if (first_fragment) behind_ip = kEthernetHeader + (frame[kEthernetHeader] & 15) * 4u;
  } else if (headers.ether_type == 0x86dd && frame.size() >= kEthernetHeader + 40) {
    headers.protocol = frame[kEthernetHeader + 6];
    behind_ip = kEthernetHeader + 40;
  }
  if (behind_ip != 0 && (headers.protocol == kTcp || headers.protocol == kUdp)) {
    headers.source = word(frame, behind_ip);
    headers.destination = word(frame, behind_ip + 2);
  }
  return headers;
}

struct Protocol {
  const char* name;
  std::uint16_t ether_type;  // 0: any
  std::uint8_t protocol;     // 0: any
  std::uint16_t port;        // 0: any
};

constexpr Protocol kProtocols[] = {
    {"arp", 0x0806, 0, 0},      {"ip", 0x0800, 0, 0},         {"ip6", 0x86dd, 0, 0},
    {"icmp", 0x0800, kIcmp, 0}, {"icmp6", 0x86dd, kIcmp6, 0}, {"udp", 0, kUdp, 0},
    {"tcp", 0, kTcp, 0},        {"dhcp", 0x0800, kUdp, 67},   {"dns", 0, kUdp, 53},
    {"tftp", 0, kUdp, 69},      {"http", 0, kTcp, 80}};

bool has_port(const Headers& headers, std::uint16_t port) {
  return headers.source == port || headers.destination == port;
}

}  // namespace

const std::vector<std::string>& packet_protocols() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Protocol& protocol : kProtocols) names.emplace_back(protocol.name);
    return names;
  }();
  return kNames;
}

bool PacketFilter::matches(slirp_net::TappedNetwork::Direction direction,
                           std::span<const std::uint8_t> frame) const {
  if (from && *from != direction) return false;
  const Headers headers = headers_of(frame);
  if (!protocol.empty()) {
    const auto* wanted = std::find_if(std::begin(kProtocols), std::end(kProtocols),
                                      [&](const Protocol& one) { return protocol == one.name; });
    if (wanted == std::end(kProtocols)) return false;
    if (wanted->ether_type != 0 && wanted->ether_type != headers.ether_type) return false;
    if (wanted->protocol != 0 && wanted->protocol != headers.protocol) return false;
    if (wanted->port != 0 && !has_port(headers, wanted->port)) return false;
  }
  if (port && !has_port(headers, *port)) return false;
  if (contains.empty()) return true;
  if (frame.size() < kEthernetHeader) return false;
  const auto payload = frame.subspan(kEthernetHeader);
  return std::search(payload.begin(), payload.end(), contains.begin(), contains.end(),
                     [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }) !=
         payload.end();
}

}  // namespace ice86::harness
