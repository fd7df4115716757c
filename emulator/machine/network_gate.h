// SPDX-License-Identifier: LGPL-2.1-or-later
// Between a card and a network that answers as the world outside does, never the same way twice.
// Open, it tells of every frame that reaches the card. Closed, for a machine that repeats what it
// did, the card gets those frames again and nothing else, and what it sends goes nowhere.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "emulator/bus/relay_end.h"
#include "emulator/machine/input.h"

namespace ice86::machine {

class NetworkGate final : public Network {
 public:
  using Told = std::function<void(const FrameInput&)>;

  NetworkGate(unsigned card, std::unique_ptr<Network> network);

  PacketEnd& port() override { return card_side_; }
  bool traffic_outstanding() const override { return !closed_ && network_->traffic_outstanding(); }
  bool poll(Nanoseconds timeout) override { return network_->poll(timeout); }
  Result<void> finish() override { return network_->finish(); }
  // Snapshots within this process leave the network as it is: the world does not go back.
  void serialize(Archive& archive) override;
  std::string dump() const override { return network_->dump(); }

  void on_frame(Told told) { told_ = std::move(told); }
  void close(bool closed);
  // A frame that came before: now, or when the card does what it was an answer to.
  void give(const FrameInput& frame);

 private:
  struct CardSide final : RelayEnd {
    explicit CardSide(NetworkGate& owner) : gate(owner) {}
    bool can_receive() const override { return gate.closed_ || RelayEnd::can_receive(); }
    void receive(std::span<const std::uint8_t> frame) override;
    void peer_ready() override;
    NetworkGate& gate;
  };
  struct NetworkSide final : RelayEnd {
    explicit NetworkSide(NetworkGate& owner) : gate(owner) {}
    bool can_receive() const override { return !gate.closed_ && RelayEnd::can_receive(); }
    void receive(std::span<const std::uint8_t> frame) override;
    NetworkGate& gate;
  };

  void to_card(std::span<const std::uint8_t> frame) { network_side_.RelayEnd::receive(frame); }
  void answer_call();

  unsigned card_;
  std::unique_ptr<Network> network_;
  Told told_;
  bool closed_ = false;
  bool in_call_ = false;          // the card's
  std::uint64_t calls_ = 0;       // of the card: frames it sent, room it made
  std::deque<FrameInput> given_;  // closed: answers to calls that are still to come
  CardSide card_side_{*this};
  NetworkSide network_side_{*this};
};

// The world, for a machine that gets all its frames from a log.
class SilentNetwork final : public Network, private PacketEnd {
 public:
  PacketEnd& port() override { return *this; }
  void serialize(Archive&) override {}
  std::string dump() const override { return "repeated from a log\n"; }

 private:
  bool can_receive() const override { return true; }
  void receive(std::span<const std::uint8_t>) override {}
};

}  // namespace ice86::machine
