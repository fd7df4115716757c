// SPDX-License-Identifier: LGPL-2.1-or-later
// A station on the guest's network with services of known behaviour, in virtual time: every run of
// a program that talks to it goes the same way. What is for other stations passes through to the
// network behind it, which gives the guest its address.
// Reference: RFC 768, 791, 792, 826.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "emulator/bus/packet_port.h"
#include "slirp-net/frame_queue.h"
#include "slirp-net/peer/tcp.h"

namespace ice86::slirp_net::peer {

class PeerNetwork final : public Network {
 public:
  struct Config {
    Ipv4 address = {10, 0, 2, 100};
    std::vector<Service> services;
  };

  PeerNetwork(Clock& clock, const std::string& name, Config config,
              std::unique_ptr<Network> network);

  PacketEnd& port() override { return card_side_; }
  bool traffic_outstanding() const override { return network_->traffic_outstanding(); }
  bool poll(Nanoseconds timeout) override { return network_->poll(timeout); }
  Result<void> finish() override { return network_->finish(); }
  void serialize(Archive& archive) override;
  std::string dump() const override;

 private:
  using Mac = std::array<std::uint8_t, 6>;
  struct CardSide final : PacketEnd {
    explicit CardSide(PeerNetwork& owner) : network(owner) {}
    bool can_receive() const override { return network.network_side_.room(); }
    void receive(std::span<const std::uint8_t> frame) override { network.from_card(frame); }
    void peer_ready() override {
      network.to_guest_.resume();
      network.network_side_.announce_ready();
    }
    void link_changed() override { network.network_side_.announce_link(); }
    bool sends_carrier() const override { return network.network_side_.carrier(); }
    using PacketEnd::announce_link;
    using PacketEnd::announce_ready;
    using PacketEnd::carrier;
    using PacketEnd::peer_can_receive;
    using PacketEnd::send;
    PeerNetwork& network;
  };
  struct NetworkSide final : PacketEnd {
    explicit NetworkSide(PeerNetwork& owner) : network(owner) {}
    bool can_receive() const override { return network.card_side_.peer_can_receive(); }
    void receive(std::span<const std::uint8_t> frame) override { network.card_side_.send(frame); }
    void peer_ready() override { network.card_side_.announce_ready(); }
    void link_changed() override { network.card_side_.announce_link(); }
    bool sends_carrier() const override { return network.card_side_.carrier(); }
    bool room() const { return peer_can_receive(); }
    using PacketEnd::announce_link;
    using PacketEnd::announce_ready;
    using PacketEnd::carrier;
    using PacketEnd::send;
    PeerNetwork& network;
  };

  void from_card(View frame);
  bool is_arp_for_us(View frame) const;
  void answer_arp(View frame);
  void take_ip(View packet);
  void take_udp(const Ipv4& from, View packet, std::size_t header);
  void send_ip(const Ipv4& to, std::uint8_t protocol, const Bytes& payload);

  std::string name_;
  Config config_;
  std::unique_ptr<Network> network_;
  CardSide card_side_;
  NetworkSide network_side_;
  FrameQueue to_guest_;
  Tcp tcp_;
  Mac guest_mac_{};
  std::uint16_t identification_ = 0;
};

}  // namespace ice86::slirp_net::peer
