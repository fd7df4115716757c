// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/network_gate.h"

#include <utility>

namespace ice86::machine {

NetworkGate::NetworkGate(unsigned card, std::unique_ptr<Network> network)
    : card_(card), network_(std::move(network)) {
  RelayEnd::join(card_side_, network_side_);
  PacketEnd::connect(network_side_, network_->port());
}

void NetworkGate::serialize(Archive& archive) {
  archive.section("network-gate", 1, [&] { archive.io(calls_); });
  if (archive.loading()) given_.clear();
  if (archive.memories() == nullptr) network_->serialize(archive);
}

void NetworkGate::close(bool closed) {
  if (closed_ == closed) return;
  closed_ = closed;
  given_.clear();
  // Frames have waited meanwhile.
  if (!closed) card_side_.RelayEnd::peer_ready();
}

void NetworkGate::give(const FrameInput& frame) {
  if (frame.call > calls_) {
    given_.push_back(frame);
  } else {
    to_card(frame.bytes);
  }
}

void NetworkGate::answer_call() {
  while (!given_.empty() && given_.front().call <= calls_) {
    const FrameInput frame = std::move(given_.front());
    given_.pop_front();
    to_card(frame.bytes);
  }
}

void NetworkGate::CardSide::receive(std::span<const std::uint8_t> frame) {
  ++gate.calls_;
  if (gate.closed_) return gate.answer_call();
  const bool outer = std::exchange(gate.in_call_, true);
  RelayEnd::receive(frame);
  gate.in_call_ = outer;
}

void NetworkGate::CardSide::peer_ready() {
  ++gate.calls_;
  if (gate.closed_) return gate.answer_call();
  const bool outer = std::exchange(gate.in_call_, true);
  RelayEnd::peer_ready();
  gate.in_call_ = outer;
}

void NetworkGate::NetworkSide::receive(std::span<const std::uint8_t> frame) {
  if (gate.closed_) return;
  if (gate.told_) {
    gate.told_({gate.card_, {frame.begin(), frame.end()}, gate.in_call_ ? gate.calls_ : 0});
  }
  RelayEnd::receive(frame);
}

}  // namespace ice86::machine
