// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/peer/network.h"

#include <fmt/core.h>

#include <algorithm>

namespace ice86::slirp_net::peer {

namespace {

constexpr std::size_t kEthernet = 14, kArp = 28, kIp = 20, kUdp = 8;
constexpr std::size_t kMostIp = 1500;
constexpr std::uint16_t kIpv4Type = 0x0800, kArpType = 0x0806;
constexpr std::uint8_t kLocalLink[] = {0x52, 0x55};  // as libslirp's stations have it
constexpr Nanoseconds kAnswerTime = 10'000;

}  // namespace

PeerNetwork::PeerNetwork(Clock& clock, const std::string& name, Config config,
                         std::unique_ptr<Network> network)
    : name_(name),
      config_(std::move(config)),
      network_(std::move(network)),
      card_side_(*this),
      network_side_(*this),
      to_guest_(clock, name + "-rx",
                {[this] { return card_side_.peer_can_receive(); },
                 [this](View frame) { card_side_.send(frame); }}),
      tcp_(clock, name + "-tcp", config_.address, config_.services,
           [this](const Ipv4& to, const Bytes& segment) { send_ip(to, kTcpProtocol, segment); }) {
  PacketEnd::connect(network_side_, network_->port());
}

void PeerNetwork::from_card(View frame) {
  if (frame.size() >= kEthernet) {
    std::copy_n(frame.begin() + 6, guest_mac_.size(), guest_mac_.begin());
    if (is_arp_for_us(frame)) return answer_arp(frame);
    if (word(frame, 12) == kIpv4Type && frame.size() >= kEthernet + kIp &&
        std::equal(config_.address.begin(), config_.address.end(), frame.begin() + 30)) {
      return take_ip(frame.subspan(kEthernet));
    }
  }
  network_side_.send(frame);
}

bool PeerNetwork::is_arp_for_us(View frame) const {
  return word(frame, 12) == kArpType && frame.size() >= kEthernet + kArp && word(frame, 20) == 1 &&
         std::equal(config_.address.begin(), config_.address.end(), frame.begin() + 38);
}

void PeerNetwork::answer_arp(View frame) {
  Bytes reply(guest_mac_.begin(), guest_mac_.end());
  append_all(reply, kLocalLink);
  append_all(reply, config_.address);
  append16(reply, kArpType);
  static constexpr std::uint8_t kReply[] = {0, 1, 0x08, 0, 6, 4, 0, 2};
  append_all(reply, kReply);
  append_all(reply, kLocalLink);
  append_all(reply, config_.address);
  append_all(reply, config_.address);
  append_all(reply, frame.subspan(22, 10));
  to_guest_.push(reply, kAnswerTime);
}

void PeerNetwork::take_ip(View packet) {
  const std::size_t header = (packet[0] & 0xFU) * 4, total = word(packet, 2);
  const bool fragment = (word(packet, 6) & 0x3FFF) != 0;
  if (packet[0] >> 4 != 4 || header < kIp || total < header || total > packet.size() || fragment ||
      checksum(packet.first(header)) != 0)
    return;
  Ipv4 from;
  std::copy_n(packet.begin() + 12, from.size(), from.begin());
  const View payload = packet.subspan(header, total - header);
  switch (packet[9]) {
    case kTcpProtocol: return tcp_.receive(from, payload);
    case kUdpProtocol: return take_udp(from, packet.first(total), header);
    case kIcmpProtocol: {
      if (payload.size() < 8 || payload[0] != 8 || checksum(payload) != 0) return;
      Bytes reply(payload.begin(), payload.end());
      reply[0] = 0;
      put16(reply, 2, 0);
      put16(reply, 2, checksum(reply));
      return send_ip(from, kIcmpProtocol, reply);
    }
    default: return;
  }
}

void PeerNetwork::take_udp(const Ipv4& from, View packet, std::size_t header) {
  const View datagram = packet.subspan(header);
  if (datagram.size() < kUdp || word(datagram, 4) < kUdp || word(datagram, 4) > datagram.size())
    return;
  const std::size_t size = word(datagram, 4);
  if (word(datagram, 6) != 0 &&
      checksum(datagram.first(size),
               pseudo_header_sum(from, config_.address, kUdpProtocol, size)) != 0)
    return;
  const std::uint16_t guest_port = word(datagram, 0), port = word(datagram, 2);
  const auto service = std::find_if(config_.services.begin(), config_.services.end(),
                                    [port](const Service& one) { return one.port == port; });
  if (service != config_.services.end() && service->kind == Kind::kEcho) {
    Bytes reply;
    append16(reply, port);
    append16(reply, guest_port);
    append16(reply, static_cast<std::uint32_t>(size));
    append16(reply, 0);
    append_all(reply, datagram.subspan(kUdp, size - kUdp));
    const std::uint16_t sum =
        checksum(reply, pseudo_header_sum(config_.address, from, kUdpProtocol, size));
    put16(reply, 6, sum != 0 ? sum : 0xFFFF);
    return send_ip(from, kUdpProtocol, reply);
  }
  if (service != config_.services.end() && service->kind != Kind::kRefused) return;
  // Destination unreachable, port unreachable (RFC 792): the header and eight bytes of the
  // datagram.
  Bytes reply = {3, 3, 0, 0, 0, 0, 0, 0};
  append_all(reply, packet.first(header + kUdp));
  put16(reply, 2, checksum(reply));
  send_ip(from, kIcmpProtocol, reply);
}

void PeerNetwork::send_ip(const Ipv4& to, std::uint8_t protocol, const Bytes& payload) {
  if (kIp + payload.size() > kMostIp) return;  // an echo that would need fragments
  Bytes frame(guest_mac_.begin(), guest_mac_.end());
  append_all(frame, kLocalLink);
  append_all(frame, config_.address);
  append16(frame, kIpv4Type);
  Bytes ip = {0x45, 0};
  append16(ip, static_cast<std::uint32_t>(kIp + payload.size()));
  append16(ip, ++identification_);
  append16(ip, 0x4000);
  ip.push_back(64);
  ip.push_back(protocol);
  append16(ip, 0);
  append_all(ip, config_.address);
  append_all(ip, to);
  put16(ip, 10, checksum(ip));
  append_all(frame, ip);
  append_all(frame, payload);
  to_guest_.push(frame, kAnswerTime);
}

void PeerNetwork::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    archive.io(guest_mac_);
    archive.io(identification_);
    tcp_.serialize(archive);
    to_guest_.serialize(archive);
  });
  network_->serialize(archive);
}

std::string PeerNetwork::dump() const {
  std::string text = fmt::format("{}: peer at {}", name_, to_text(config_.address));
  for (const Service& service : config_.services)
    text += fmt::format(", {}:{}", name_of(service.kind), service.port);
  return text + fmt::format("; {} connections\n", tcp_.connections()) + tcp_.dump() +
         network_->dump();
}

}  // namespace ice86::slirp_net::peer
