// SPDX-License-Identifier: LGPL-2.1-or-later
// A tap on the cable between a card and its network: sees every frame, changes nothing.
#pragma once

#include <functional>
#include <memory>

#include "emulator/bus/packet_port.h"

namespace ice86::slirp_net {

class TappedNetwork final : public Network {
 public:
  enum class Direction { kFromCard, kToCard };
  using Tap = std::function<void(Direction, std::span<const std::uint8_t> frame)>;

  TappedNetwork(std::unique_ptr<Network> network, Tap tap)
      : network_(std::move(network)), tap_(std::move(tap)) {
    card_side_.other = &network_side_;
    network_side_.other = &card_side_;
    PacketEnd::connect(network_side_, network_->port());
  }

  PacketEnd& port() override { return card_side_; }
  bool traffic_outstanding() const override { return network_->traffic_outstanding(); }
  bool poll(Nanoseconds timeout) override { return network_->poll(timeout); }
  Result<void> finish() override { return network_->finish(); }
  void serialize(Archive& archive) override { network_->serialize(archive); }
  std::string dump() const override { return network_->dump(); }

 private:
  // What comes in at one end of a short cable of its own goes out at the other.
  struct End final : PacketEnd {
    End(TappedNetwork& owner, Direction way) : network(owner), direction(way) {}
    bool can_receive() const override { return other->peer_can_receive(); }
    void receive(std::span<const std::uint8_t> frame) override {
      network.tap_(direction, frame);
      other->send(frame);
    }
    void peer_ready() override { other->announce_ready(); }
    void link_changed() override { other->announce_link(); }
    bool sends_carrier() const override { return other->carrier(); }

    TappedNetwork& network;
    Direction direction;
    End* other = nullptr;
  };

  std::unique_ptr<Network> network_;
  Tap tap_;
  End card_side_{*this, Direction::kFromCard}, network_side_{*this, Direction::kToCard};
};

}  // namespace ice86::slirp_net
