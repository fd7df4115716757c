// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/user_options.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <charconv>

namespace ice86::slirp_net {

namespace {

std::uint32_t number(const Ipv4& a) {
  return static_cast<std::uint32_t>(a[0]) << 24 | static_cast<std::uint32_t>(a[1]) << 16 |
         static_cast<std::uint32_t>(a[2]) << 8 | a[3];
}

Ipv4 address(std::uint32_t n) {
  return {static_cast<std::uint8_t>(n >> 24), static_cast<std::uint8_t>(n >> 16),
          static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
}

std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || text.empty() || value > most) {
    return std::nullopt;
  }
  return value;
}

Result<bool> parse_switch(const std::string& key, const std::string& value) {
  if (value == "on" || value == "yes" || value == "y") return true;
  if (value == "off" || value == "no" || value == "n") return false;
  return usage_error(fmt::format("{}={}: it is on or off", key, value));
}

Result<Ipv4> parse_ipv4(const std::string& key, const std::string& value) {
  Ipv4 result{};
  if (inet_pton(AF_INET, value.c_str(), result.data()) == 1) return result;
  return usage_error(fmt::format("{}={}: no IPv4 address such as 10.0.2.3", key, value));
}

Result<Ipv6> parse_ipv6(const std::string& key, const std::string& value) {
  Ipv6 result{};
  if (inet_pton(AF_INET6, value.c_str(), result.data()) == 1) return result;
  return usage_error(fmt::format("{}={}: no IPv6 address such as fec0::3", key, value));
}

// "10.0.2.0/24", "10.0.2.0/255.255.255.0", or an address alone with the mask of its class.
Result<void> parse_net(const std::string& value, UserOptions& options) {
  const std::size_t slash = value.find('/');
  ICE86_TRY_ASSIGN(const Ipv4 net, parse_ipv4("net", value.substr(0, slash)));
  std::uint32_t mask = 0;
  if (slash == std::string::npos) {
    const std::uint32_t n = number(net);
    mask = n < 0x8000'0000 ? 0xFF00'0000 : n < 0xC000'0000 ? 0xFFFF'0000 : 0xFFFF'FF00;
  } else if (const auto bits = parse_number(std::string_view(value).substr(slash + 1), 30);
             bits && *bits >= 4) {
    mask = ~std::uint32_t{0} << (32 - *bits);
  } else {
    auto dotted = parse_ipv4("net", value.substr(slash + 1));
    if (!dotted) {
      return usage_error(
          fmt::format("net={}: after the slash goes a mask, 4 to 30 bits or dotted", value));
    }
    mask = number(*dotted);
    if ((~mask & (~mask + 1)) != 0 || (~mask & 3) != 3) {
      return usage_error(fmt::format("net={}: that mask is none of 4 to 30 leading bits", value));
    }
  }
  options.mask = address(mask);
  options.network = address(number(net) & mask);
  return {};
}

Result<void> parse_net6(const std::string& value, UserOptions& options) {
  const std::size_t slash = value.find('/');
  ICE86_TRY_ASSIGN(options.network6, parse_ipv6("ipv6-net", value.substr(0, slash)));
  if (slash == std::string::npos) return {};
  const auto bits = parse_number(std::string_view(value).substr(slash + 1), 126);
  if (!bits || *bits == 0) {
    return usage_error(fmt::format("ipv6-net={}: the prefix has 1 to 126 bits", value));
  }
  options.prefix6 = static_cast<std::uint8_t>(*bits);
  return {};
}

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
};

// "10.0.2.15:22", "[fec0::15]:22", ":22".
std::optional<Endpoint> parse_endpoint(std::string_view text) {
  std::string host;
  if (!text.empty() && text[0] == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    in6_addr parsed{};
    if (inet_pton(AF_INET6, host.c_str(), &parsed) != 1) return std::nullopt;
  } else {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    host = text.substr(0, colon);
    text.remove_prefix(colon);
    in_addr parsed{};
    if (!host.empty() && inet_pton(AF_INET, host.c_str(), &parsed) != 1) return std::nullopt;
  }
  if (text.empty() || text[0] != ':') return std::nullopt;
  const auto port = parse_number(text.substr(1), 65535);
  if (!port) return std::nullopt;
  return Endpoint{host, static_cast<std::uint16_t>(*port)};
}

Result<HostForward> parse_host_forward(const std::string& value) {
  const auto wrong = [&](const char* what) {
    return usage_error(fmt::format(
        "hostfwd={}: {}; the form is [tcp|udp]:[host address]:port-[guest address]:port", value,
        what));
  };
  HostForward forward;
  forward.text = value;
  std::string_view rest = value;
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return wrong("there is no ':'");
  const std::string_view protocol = rest.substr(0, colon);
  if (protocol != "tcp" && protocol != "udp" && !protocol.empty()) {
    return wrong("the protocol is tcp or udp");
  }
  forward.udp = protocol == "udp";
  rest.remove_prefix(colon + 1);
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return wrong("there is no '-' between host and guest");
  const auto host = parse_endpoint(rest.substr(0, dash));
  if (!host) return wrong("the host side is no [address]:port");
  const auto guest = parse_endpoint(rest.substr(dash + 1));
  if (!guest || guest->port == 0) return wrong("the guest side is no [address]:port");
  const bool host6 = host->address.find(':') != std::string::npos;
  const bool guest6 = guest->address.find(':') != std::string::npos;
  if (host6 != guest6 && !(host->address.empty() || guest->address.empty())) {
    return wrong("one side is IPv4, the other IPv6");
  }
  if (host6 && guest->address.empty()) return wrong("IPv6 needs the guest's address");
  forward.host_address = host->address;
  forward.guest_address = guest->address;
  forward.host_port = host->port;
  forward.guest_port = guest->port;
  return forward;
}

Result<GuestForward> parse_guest_forward(const std::string& value) {
  const auto wrong = [&](const char* what) {
    return usage_error(fmt::format(
        "guestfwd={}: {}; the form is [tcp]:address:port-target with a target cmd:COMMAND, "
        "tcp:ADDRESS:PORT or unix:PATH, or udp:address:port-udp:ADDRESS:PORT",
        value, what));
  };
  GuestForward forward;
  forward.text = value;
  std::string_view rest = value;
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return wrong("there is no ':'");
  const bool udp = rest.substr(0, colon) == "udp";
  if (!udp && rest.substr(0, colon) != "tcp" && colon != 0) {
    return wrong("the protocol is tcp or udp");
  }
  rest.remove_prefix(colon + 1);
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return wrong("there is no '-' before the target");
  const auto server = parse_endpoint(rest.substr(0, dash));
  if (!server || server->address.empty() || server->port == 0 ||
      inet_pton(AF_INET, server->address.c_str(), forward.server.data()) != 1) {
    return wrong("the guest side is no address:port");
  }
  forward.port = server->port;
  const std::string_view target = rest.substr(dash + 1);
  const std::size_t kind = target.find(':');
  if (kind == std::string_view::npos || kind + 1 == target.size()) return wrong("no such target");
  const std::string_view name = target.substr(0, kind);
  forward.where = target.substr(kind + 1);
  if (udp != (name == "udp")) return wrong("udp goes to udp, and tcp to the others");
  if (name == "cmd") {
    forward.target = GuestForward::Target::kCommand;
  } else if (name == "unix") {
    forward.target = GuestForward::Target::kUnix;
  } else if (name == "tcp" || name == "udp") {
    if (udp) forward.target = GuestForward::Target::kUdp;
    const auto place = parse_endpoint(forward.where);
    if (!place || place->address.empty() || place->port == 0) {
      return wrong("the target is no numeric address:port");
    }
    forward.where = place->address;
    forward.host_port = place->port;
  } else {
    return wrong("no such target");
  }
  return forward;
}

// Section "user" of QEMU's manual: addresses that are not given follow from the network's.
Result<void> settle_addresses(UserOptions& options, bool host, bool dns, bool dhcp) {
  const std::uint32_t net = number(options.network), mask = number(options.mask);
  // In a network too small for the usual places (.2, .3, .15) QEMU takes these as well, masked.
  if (!host) options.host = address(net | (0x0202 & ~mask));
  if (!dns) options.dns = address(net | (0x0203 & ~mask));
  if (!dhcp) options.dhcp_start = address(net | (0x020F & ~mask));
  const auto check = [&](const char* key, const Ipv4& a) -> Result<void> {
    if ((number(a) & mask) != net) {
      return usage_error(fmt::format("{}={}: not in the network {}/{}", key, to_text(a),
                                     to_text(options.network), to_text(options.mask)));
    }
    return {};
  };
  ICE86_TRY(check("host", options.host));
  ICE86_TRY(check("dhcpstart", options.dhcp_start));
  if (options.restricted || dns) ICE86_TRY(check("dns", options.dns));
  if (options.dhcp_start == options.host || options.dhcp_start == options.dns) {
    return usage_error(fmt::format("dhcpstart={}: that is the address of host or DNS server",
                                   to_text(options.dhcp_start)));
  }
  if (options.host == options.dns) {
    return usage_error(fmt::format("dns={}: that is the host's address", to_text(options.dns)));
  }
  return {};
}

}  // namespace

std::string to_text(const Ipv4& a) {
  return fmt::format("{}.{}.{}.{}", a[0], a[1], a[2], a[3]);
}

std::vector<KeyValue> split_options(std::string_view text) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      words.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      words.back() += ',';
      ++i;
    } else {
      words.emplace_back();
    }
  }
  std::vector<KeyValue> options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      options.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    } else if (i == 0) {
      options.emplace_back("", word);
    } else if (word.rfind("no", 0) == 0 && word.size() > 2) {
      options.emplace_back(word.substr(2), "off");
    } else if (!word.empty()) {
      options.emplace_back(word, "on");
    }
  }
  return options;
}

Result<UserOptions> parse_user_options(std::vector<KeyValue>& options) {
  UserOptions user;
  std::vector<KeyValue> left;
  std::optional<bool> ipv4, ipv6;
  bool net = false, host = false, dns = false, dhcp = false, host6 = false, dns6 = false;
  for (const auto& [key, value] : options) {
    if (key == "ipv4") {
      ICE86_TRY_ASSIGN(ipv4, parse_switch(key, value));
    } else if (key == "ipv6") {
      ICE86_TRY_ASSIGN(ipv6, parse_switch(key, value));
    } else if (key == "restrict") {
      ICE86_TRY_ASSIGN(user.restricted, parse_switch(key, value));
    } else if (key == "net") {
      ICE86_TRY(parse_net(value, user));
      net = true;
    } else if (key == "host") {
      ICE86_TRY_ASSIGN(user.host, parse_ipv4(key, value));
      host = true;
    } else if (key == "dns") {
      ICE86_TRY_ASSIGN(user.dns, parse_ipv4(key, value));
      dns = true;
    } else if (key == "dhcpstart") {
      ICE86_TRY_ASSIGN(user.dhcp_start, parse_ipv4(key, value));
      dhcp = true;
    } else if (key == "ipv6-net") {
      ICE86_TRY(parse_net6(value, user));
      if (!host6) user.host6 = user.network6, user.host6[15] |= 2;
      if (!dns6) user.dns6 = user.network6, user.dns6[15] |= 3;
    } else if (key == "ipv6-host") {
      ICE86_TRY_ASSIGN(user.host6, parse_ipv6(key, value));
      host6 = true;
    } else if (key == "ipv6-dns") {
      ICE86_TRY_ASSIGN(user.dns6, parse_ipv6(key, value));
      dns6 = true;
    } else if (key == "hostname") {
      user.hostname = value;
    } else if (key == "domainname") {
      user.domain_name = value;
    } else if (key == "dnssearch") {
      user.dns_search.push_back(value);
    } else if (key == "tftp") {
      user.tftp = value;
    } else if (key == "tftp-server-name") {
      user.tftp_server_name = value;
    } else if (key == "bootfile") {
      user.boot_file = value;
    } else if (key == "hostfwd") {
      ICE86_TRY_ASSIGN(HostForward forward, parse_host_forward(value));
      user.host_forwards.push_back(std::move(forward));
    } else if (key == "guestfwd") {
      ICE86_TRY_ASSIGN(GuestForward forward, parse_guest_forward(value));
      user.guest_forwards.push_back(std::move(forward));
    } else if (key == "smb" || key == "smbserver") {
      return usage_error(fmt::format("{}=: this network has no SMB server", key));
    } else {
      left.emplace_back(key, value);
    }
  }
  // As in QEMU: one protocol switched on alone switches the other off.
  user.ipv4 = ipv4.value_or(!ipv6.value_or(false));
  user.ipv6 = ipv6.value_or(!ipv4.value_or(false));
  if (!user.ipv4 && !user.ipv6) return usage_error("ipv4=off,ipv6=off: nothing is left");
  if (net || host || dns || dhcp) ICE86_TRY(settle_addresses(user, host, dns, dhcp));
  const auto limit = [](const char* key, const std::optional<std::string>& text,
                        std::size_t most) -> Result<void> {
    if (text && text->size() > most) {
      return usage_error(fmt::format("{}=: longer than the {} bytes DHCP has for it", key, most));
    }
    return {};
  };
  ICE86_TRY(limit("hostname", user.hostname, 255));
  ICE86_TRY(limit("domainname", user.domain_name, 255));
  ICE86_TRY(limit("tftp-server-name", user.tftp_server_name, 255));
  ICE86_TRY(limit("bootfile", user.boot_file, 127));
  options = std::move(left);
  return user;
}

}  // namespace ice86::slirp_net
