// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: RFC 768, 791, 826.
#include "slirp-net/udp_guest_forward.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ice86::slirp_net {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kEthernet = 14, kIp = 20, kUdp = 8, kMostPayload = 1472;
constexpr std::uint16_t kIpv4Type = 0x0800, kArpType = 0x0806;
constexpr std::uint8_t kUdpProtocol = 17, kLocalLink[] = {0x52, 0x55};
// What is served at one time: a flood waits in the socket.
constexpr unsigned kMostAtOnce = 64;

std::uint16_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
void append(Bytes& bytes, std::uint16_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}
template <typename Range>
void append_all(Bytes& bytes, const Range& range) {
  bytes.insert(bytes.end(), std::begin(range), std::end(range));
}
std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += word(bytes, i);
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

Result<std::unique_ptr<UdpGuestForward>> UdpGuestForward::open(const GuestForward& forward,
                                                               Send to_guest) {
  const bool ipv6 = forward.where.find(':') != std::string::npos;
  const int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error(fmt::format("guestfwd={}: {}", forward.text, std::strerror(errno)));
  std::unique_ptr<UdpGuestForward> made(new UdpGuestForward(fd, forward, std::move(to_guest)));
  int failed = 0;
  if (ipv6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(forward.host_port);
    inet_pton(AF_INET6, forward.where.c_str(), &to.sin6_addr);
    failed = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(forward.host_port);
    inet_pton(AF_INET, forward.where.c_str(), &to.sin_addr);
    failed = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (failed != 0) {
    return Error(fmt::format("guestfwd={}: host {} port {} cannot be reached: {}", forward.text,
                             forward.where, forward.host_port, std::strerror(errno)));
  }
  return made;
}

UdpGuestForward::~UdpGuestForward() {
  close(fd_);
}

// The forward's own station has an address made of its IPv4 one, as libslirp's stations have.
Bytes UdpGuestForward::ethernet(const Mac& to, std::uint16_t type) const {
  Bytes frame(to.begin(), to.end());
  append_all(frame, kLocalLink);
  append_all(frame, forward_.server);
  append(frame, type);
  return frame;
}

void UdpGuestForward::answer_arp(std::span<const std::uint8_t> frame) {
  Mac asker{};
  std::copy_n(frame.begin() + 22, asker.size(), asker.begin());
  Bytes reply = ethernet(asker, kArpType);
  static constexpr std::uint8_t kReply[] = {0, 1, 0x08, 0, 6, 4, 0, 2};
  append_all(reply, kReply);
  append_all(reply, kLocalLink);
  append_all(reply, forward_.server);
  append_all(reply, forward_.server);
  append_all(reply, frame.subspan(22, 10));
  to_guest_(reply);
}

bool UdpGuestForward::take(std::span<const std::uint8_t> frame) {
  const auto address_at = [&](std::size_t at) {
    return std::equal(forward_.server.begin(), forward_.server.end(),
                      frame.begin() + static_cast<std::ptrdiff_t>(at));
  };
  if (frame.size() < kEthernet + kIp + kUdp) return false;
  const std::uint16_t type = word(frame, 12);
  if (type == kArpType && frame.size() >= 42 && word(frame, 20) == 1 && address_at(38)) {
    answer_arp(frame);
    return true;
  }
  if (type != kIpv4Type || frame[14] >> 4 != 4 || frame[23] != kUdpProtocol || !address_at(30)) {
    return false;
  }
  const std::size_t header = (frame[14] & 0xFU) * 4, udp = kEthernet + header;
  const bool fragment = (word(frame, 20) & 0x3FFF) != 0;
  if (header < kIp || frame.size() < udp + kUdp || fragment) return false;
  const std::size_t length = word(frame, udp + 4);
  if (word(frame, udp + 2) != forward_.port || length < kUdp || udp + length > frame.size()) {
    return false;
  }
  std::copy_n(frame.begin() + 6, guest_mac_.size(), guest_mac_.begin());
  std::copy_n(frame.begin() + 26, guest_.size(), guest_.begin());
  guest_port_ = word(frame, udp);
  known_ = true;
  // A datagram that the host does not take is lost, as any may be.
  static_cast<void>(send(fd_, &frame[udp + kUdp], length - kUdp, MSG_NOSIGNAL));
  return true;
}

void UdpGuestForward::serve() {
  std::array<std::uint8_t, 65536> buffer;
  for (unsigned i = 0; i < kMostAtOnce; ++i) {
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0) return;
    const auto size = static_cast<std::size_t>(got);
    if (!known_ || size > kMostPayload) continue;  // nobody asked; or it would need fragments
    Bytes frame = ethernet(guest_mac_, kIpv4Type);
    Bytes ip = {0x45, 0};
    append(ip, static_cast<std::uint16_t>(kIp + kUdp + size));
    append(ip, 0);
    append(ip, 0x4000);  // not to be fragmented, so that it needs no identification
    ip.push_back(64);
    ip.push_back(kUdpProtocol);
    append(ip, 0);
    append_all(ip, forward_.server);
    append_all(ip, guest_);
    const std::uint16_t sum = checksum(ip);
    ip[10] = static_cast<std::uint8_t>(sum >> 8);
    ip[11] = static_cast<std::uint8_t>(sum);
    append_all(frame, ip);
    append(frame, forward_.port);
    append(frame, guest_port_);
    append(frame, static_cast<std::uint16_t>(kUdp + size));
    append(frame, 0);  // without a checksum (RFC 768)
    frame.insert(frame.end(), buffer.begin(), buffer.begin() + got);
    to_guest_(frame);
  }
}

}  // namespace ice86::slirp_net
