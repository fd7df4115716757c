// SPDX-License-Identifier: LGPL-2.1-or-later
// Which Ethernet frames a scenario means.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "slirp-net/tapped_network.h"

namespace ice86::harness {

struct PacketFilter {
  // One of kPacketProtocols; empty: any.
  std::string protocol;
  std::optional<std::uint16_t> port;  // of UDP or TCP, source or destination
  std::string contains;               // bytes anywhere behind the Ethernet header
  std::optional<slirp_net::TappedNetwork::Direction> from;

  bool matches(slirp_net::TappedNetwork::Direction direction,
               std::span<const std::uint8_t> frame) const;
};

// "arp", "ip", "ip6", "icmp", "icmp6", "udp", "tcp", and what their ports are for: "dhcp", "dns",
// "tftp", "http".
const std::vector<std::string>& packet_protocols();

}  // namespace ice86::harness
