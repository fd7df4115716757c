// SPDX-License-Identifier: LGPL-2.1-or-later
// The user network's options, as QEMU spells them: "hostfwd=tcp::2222-:22,tftp=boot,restrict=on".
// Reference: QEMU 7.2 manual page, -netdev user.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::slirp_net {

using Ipv4 = std::array<std::uint8_t, 4>;
using Ipv6 = std::array<std::uint8_t, 16>;

struct HostForward {
  std::string text;  // as the user wrote it
  bool udp = false;
  // An empty address is any (host), or the first that DHCP gives (guest).
  std::string host_address, guest_address;
  std::uint16_t host_port = 0;  // 0: any that is free
  std::uint16_t guest_port = 0;
};

struct GuestForward {
  enum class Target { kCommand, kTcp, kUnix, kUdp };
  std::string text;
  Ipv4 server{};
  std::uint16_t port = 0;
  Target target = Target::kTcp;
  std::string where;  // command line, host address or socket path
  std::uint16_t host_port = 0;
};

struct UserOptions {
  bool ipv4 = true, ipv6 = true;
  bool restricted = false;
  Ipv4 network = {10, 0, 2, 0}, mask = {255, 255, 255, 0};
  Ipv4 host = {10, 0, 2, 2}, dns = {10, 0, 2, 3}, dhcp_start = {10, 0, 2, 15};
  Ipv6 network6 = {0xFE, 0xC0};
  std::uint8_t prefix6 = 64;
  Ipv6 host6 = {0xFE, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  Ipv6 dns6 = {0xFE, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3};
  std::optional<std::string> hostname, domain_name, tftp, tftp_server_name, boot_file;
  std::vector<std::string> dns_search;
  std::vector<HostForward> host_forwards;
  std::vector<GuestForward> guest_forwards;
};

using KeyValue = std::pair<std::string, std::string>;

// "user,a=b,c" is {"", "user"}, {"a", "b"}, {"c", "on"}; ",," stands for a comma, as in QEMU.
std::vector<KeyValue> split_options(std::string_view text);

// Takes what belongs to the user network out of `options`; what is left is for others. Errors say
// which option, what is wrong, and what would be right.
Result<UserOptions> parse_user_options(std::vector<KeyValue>& options);

std::string to_text(const Ipv4& address);

}  // namespace ice86::slirp_net
