// SPDX-License-Identifier: LGPL-2.1-or-later
// A tap on the cable between a card and its network: sees every frame, changes nothing.
#pragma once

#include <functional>
#include <memory>

#include "emulator/bus/relay_end.h"

namespace ice86::slirp_net {

class TappedNetwork final : public Network {
 public:
  enum class Direction { kFromCard, kToCard };
  using Tap = std::function<void(Direction, std::span<const std::uint8_t> frame)>;

  TappedNetwork(std::unique_ptr<Network> network, Tap tap)
      : network_(std::move(network)), tap_(std::move(tap)) {
    RelayEnd::join(card_side_, network_side_);
    PacketEnd::connect(network_side_, network_->port());
  }

  PacketEnd& port() override { return card_side_; }
  bool traffic_outstanding() const override { return network_->traffic_outstanding(); }
  bool poll(Nanoseconds timeout) override { return network_->poll(timeout); }
  Result<void> finish() override { return network_->finish(); }
  void serialize(Archive& archive) override { network_->serialize(archive); }
  std::string dump() const override { return network_->dump(); }

 private:
  struct End final : RelayEnd {
    End(TappedNetwork& owner, Direction way) : network(owner), direction(way) {}
    void receive(std::span<const std::uint8_t> frame) override {
      network.tap_(direction, frame);
      RelayEnd::receive(frame);
    }

    TappedNetwork& network;
    Direction direction;
  };

  std::unique_ptr<Network> network_;
  Tap tap_;
  End card_side_{*this, Direction::kFromCard}, network_side_{*this, Direction::kToCard};
};

}  // namespace ice86::slirp_net
