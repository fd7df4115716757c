// SPDX-License-Identifier: LGPL-2.1-or-later
// A guest small enough for a test: Ethernet, ARP, IPv4, ICMP, UDP, and one TCP connection without
// retransmission. It sits where a network card would.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <vector>

#include "emulator/bus/clock.h"
#include "emulator/bus/packet_port.h"

namespace ice86::slirp_test {

using Bytes = std::vector<std::uint8_t>;
using Ip = std::array<std::uint8_t, 4>;
using Mac = std::array<std::uint8_t, 6>;

constexpr Ip kGateway = {10, 0, 2, 2}, kDns = {10, 0, 2, 3}, kGuestIp = {10, 0, 2, 15};

inline unsigned be16(const Bytes& b, std::size_t at) {
  return static_cast<unsigned>(b.at(at)) << 8 | b.at(at + 1);
}
inline std::uint32_t be32(const Bytes& b, std::size_t at) {
  return be16(b, at) << 16 | be16(b, at + 2);
}
inline void add16(Bytes& b, unsigned value) {
  b.push_back(static_cast<std::uint8_t>(value >> 8));
  b.push_back(static_cast<std::uint8_t>(value));
}
inline void add32(Bytes& b, std::uint32_t value) {
  add16(b, value >> 16);
  add16(b, value & 0xFFFF);
}
template <typename Range>
void add(Bytes& b, const Range& range) {
  b.insert(b.end(), std::begin(range), std::end(range));
}
inline Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}
inline unsigned internet_sum(const Bytes& b, unsigned start = 0) {
  unsigned sum = start;
  for (std::size_t i = 0; i < b.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<unsigned>(b[i]) << 8 : b[i];
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return sum;
}

struct Datagram {
  Ip from{};
  unsigned source = 0, destination = 0;
  Bytes payload;
};

class MiniGuest final : public PacketEnd {
 public:
  bool can_receive() const override { return room; }
  void receive(std::span<const std::uint8_t> frame) override {
    frames.emplace_back(frame.begin(), frame.end());
    input(frames.back());
  }
  void make_room() {
    room = true;
    announce_ready();
  }
  void transmit(const Bytes& frame) { send(frame); }
  bool has_carrier() const { return carrier(); }
  bool network_has_room() const { return peer_can_receive(); }

  void send_arp_request(const Ip& whom) {
    Bytes b = ethernet(Mac{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 0x0806);
    add(b, Bytes{0, 1, 8, 0, 6, 4, 0, 1});
    add(b, mac);
    add(b, ip);
    add(b, Mac{});
    add(b, whom);
    send(b);
  }
  void send_ip(unsigned protocol, const Ip& to, const Bytes& payload) {
    Bytes h = {0x45, 0};
    add16(h, static_cast<unsigned>(20 + payload.size()));
    add16(h, next_id++);
    add16(h, 0);
    h.push_back(64);
    h.push_back(static_cast<std::uint8_t>(protocol));
    add16(h, 0);
    add(h, ip);
    add(h, to);
    const unsigned sum = 0xFFFF - internet_sum(h);
    h[10] = static_cast<std::uint8_t>(sum >> 8);
    h[11] = static_cast<std::uint8_t>(sum);
    const bool all = to == Ip{255, 255, 255, 255};
    Bytes b = ethernet(all ? Mac{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF} : gateway_mac, 0x0800);
    add(b, h);
    add(b, payload);
    send(b);
  }
  void send_udp(unsigned source, const Ip& to, unsigned port, const Bytes& payload) {
    Bytes b;
    add16(b, source);
    add16(b, port);
    add16(b, static_cast<unsigned>(8 + payload.size()));
    add16(b, 0);  // no checksum
    add(b, payload);
    send_ip(17, to, b);
  }
  void send_ping(const Ip& to, unsigned sequence, const Bytes& payload) {
    Bytes b = {8, 0, 0, 0};
    add16(b, 0x1CE8);
    add16(b, sequence);
    add(b, payload);
    const unsigned sum = 0xFFFF - internet_sum(b);
    b[2] = static_cast<std::uint8_t>(sum >> 8);
    b[3] = static_cast<std::uint8_t>(sum);
    send_ip(1, to, b);
  }

  // TCP: one connection at a time.
  enum class Tcp { kClosed, kListening, kOpening, kOpen, kPeerClosed, kReset };
  void listen(unsigned port) {
    tcp_port = port;
    tcp = Tcp::kListening;
  }
  void connect(const Ip& to, unsigned port, unsigned source) {
    tcp_port = source;
    tcp_peer = to;
    tcp_peer_port = port;
    tcp_next = 1000;
    tcp_expected = 0;
    tcp = Tcp::kOpening;
    segment(0x02, {});
    ++tcp_next;
  }
  void write(const Bytes& data) {
    segment(0x18, data);
    tcp_next += static_cast<std::uint32_t>(data.size());
  }
  void finish() {
    segment(0x11, {});
    ++tcp_next;
  }

  Mac mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, gateway_mac = {0x52, 0x55, 10, 0, 2, 2};
  Ip ip = kGuestIp;
  bool room = true;
  std::vector<Bytes> frames;
  std::vector<Datagram> datagrams;
  std::vector<std::pair<Ip, Bytes>> pongs;
  std::vector<std::pair<Ip, Mac>> neighbors;  // ARP answers
  Tcp tcp = Tcp::kClosed;
  Bytes tcp_input;
  bool tcp_echo = false;

 private:
  Bytes ethernet(const Mac& to, unsigned type) const {
    Bytes b(to.begin(), to.end());
    add(b, mac);
    add16(b, type);
    return b;
  }
  void segment(unsigned flags, const Bytes& data) {
    Bytes b;
    add16(b, tcp_port);
    add16(b, tcp_peer_port);
    add32(b, tcp_next);
    add32(b, tcp_expected);
    b.push_back(0x50);
    b.push_back(static_cast<std::uint8_t>(flags));
    add16(b, 32768);
    add32(b, 0);
    add(b, data);
    Bytes pseudo(ip.begin(), ip.end());
    add(pseudo, tcp_peer);
    add16(pseudo, 6);
    add16(pseudo, static_cast<unsigned>(b.size()));
    const unsigned sum = 0xFFFF - internet_sum(b, internet_sum(pseudo));
    b[16] = static_cast<std::uint8_t>(sum >> 8);
    b[17] = static_cast<std::uint8_t>(sum);
    send_ip(6, tcp_peer, b);
  }
  void input(const Bytes& f) {
    if (f.size() < 14) return;
    const unsigned type = be16(f, 12);
    if (type == 0x0806 && f.size() >= 42) return arp(f);
    if (type != 0x0800 || f.size() < 34) return;
    const std::size_t header = (f[14] & 15U) * 4, total = be16(f, 16);
    const Bytes payload(f.begin() + static_cast<std::ptrdiff_t>(14 + header),
                        f.begin() + static_cast<std::ptrdiff_t>(14 + total));
    Ip from;
    std::copy_n(f.begin() + 26, 4, from.begin());
    if (f[23] == 1 && payload.at(0) == 0) pongs.emplace_back(from, payload);
    if (f[23] == 17) {
      datagrams.push_back(
          {from, be16(payload, 0), be16(payload, 2), Bytes(payload.begin() + 8, payload.end())});
    }
    if (f[23] == 6) tcp_segment(from, payload);
  }
  void arp(const Bytes& f) {
    Ip sender, target;
    Mac sender_mac;
    std::copy_n(f.begin() + 22, 6, sender_mac.begin());
    std::copy_n(f.begin() + 28, 4, sender.begin());
    std::copy_n(f.begin() + 38, 4, target.begin());
    if (f[21] == 2) neighbors.emplace_back(sender, sender_mac);
    if (f[21] != 1 || target != ip) return;
    Bytes b = ethernet(sender_mac, 0x0806);
    add(b, Bytes{0, 1, 8, 0, 6, 4, 0, 2});
    add(b, mac);
    add(b, ip);
    add(b, sender_mac);
    add(b, sender);
    send(b);
  }
  void tcp_segment(const Ip& from, const Bytes& s) {
    if (be16(s, 2) != tcp_port || tcp == Tcp::kClosed) return;
    const unsigned flags = s.at(13);
    const Bytes data(s.begin() + (s[12] >> 4) * 4, s.end());
    if ((flags & 0x04) != 0) {
      tcp = Tcp::kReset;
      return;
    }
    if ((flags & 0x02) != 0) {
      tcp_expected = be32(s, 4) + 1;
      if (tcp == Tcp::kListening) {
        tcp_peer = from;
        tcp_peer_port = be16(s, 0);
        tcp_next = 5000;
        segment(0x12, {});
        ++tcp_next;
      } else {
        segment(0x10, {});
      }
      tcp = Tcp::kOpen;
      return;
    }
    if (be32(s, 4) != tcp_expected) return segment(0x10, {});
    add(tcp_input, data);
    tcp_expected += static_cast<std::uint32_t>(data.size());
    if ((flags & 0x01) != 0) {
      ++tcp_expected;
      tcp = Tcp::kPeerClosed;
    }
    if (!data.empty() || (flags & 0x01) != 0) {
      if (tcp_echo && !data.empty()) {
        write(data);
      } else {
        segment(0x10, {});
      }
    }
  }

  unsigned next_id = 1;
  unsigned tcp_port = 0, tcp_peer_port = 0;
  Ip tcp_peer{};
  std::uint32_t tcp_next = 0, tcp_expected = 0;
};

// Lets virtual time pass as the machine's run loop does for an idle guest: while the outside may
// still answer, idle time passes in real time. Ends when `done` says so; false after `limit`.
template <typename Done>
bool run(Clock& clock, Network& network, Done done, Nanoseconds limit = 20'000'000'000) {
  const Nanoseconds end = clock.now() + limit;
  while (!done()) {
    clock.run_due_events();
    if (done()) return true;
    if (clock.now() >= end) return false;
    const Nanoseconds next = std::min(clock.next_deadline().value_or(end), end);
    if (network.traffic_outstanding() && next > clock.now() && network.poll(next - clock.now())) {
      continue;
    }
    clock.skip_to(next);
  }
  return true;
}

}  // namespace ice86::slirp_test
