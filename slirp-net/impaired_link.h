// SPDX-License-Identifier: LGPL-2.1-or-later
// A bad line: between a card and its network, frames take longer and some are lost, both by a
// generator with a seed, so that every run loses the same ones.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "emulator/bus/packet_port.h"
#include "slirp-net/frame_queue.h"

namespace ice86::slirp_net {

class ImpairedLink final : public Network {
 public:
  struct Config {
    std::uint32_t loss_per_million = 0;  // of the frames, in each direction
    Nanoseconds delay = 0;               // for each frame, in each direction
    std::uint64_t seed = 1;
  };

  ImpairedLink(Clock& clock, const std::string& name, Config config,
               std::unique_ptr<Network> network);

  PacketEnd& port() override { return card_side_; }
  bool traffic_outstanding() const override { return network_->traffic_outstanding(); }
  bool poll(Nanoseconds timeout) override { return network_->poll(timeout); }
  Result<void> finish() override { return network_->finish(); }
  void serialize(Archive& archive) override;
  std::string dump() const override;

 private:
  // One end of a short cable of its own: what comes in here goes out at the other one, later.
  struct End final : PacketEnd {
    End(Clock& clock, const std::string& timer, ImpairedLink& line);
    bool can_receive() const override { return waiting.size() < FrameQueue::kMostFrames / 2; }
    void receive(std::span<const std::uint8_t> frame) override { link.enter(*this, frame); }
    void peer_ready() override { other->waiting.resume(); }
    void link_changed() override { other->announce_link(); }
    bool sends_carrier() const override { return other->carrier(); }
    using PacketEnd::announce_ready;

    ImpairedLink& link;
    End* other = nullptr;
    FrameQueue waiting;  // came in here
  };

  void enter(End& end, std::span<const std::uint8_t> frame);

  std::string name_;
  Config config_;
  std::unique_ptr<Network> network_;
  std::uint64_t random_;
  std::uint64_t lost_ = 0;
  End card_side_, network_side_;
};

}  // namespace ice86::slirp_net
