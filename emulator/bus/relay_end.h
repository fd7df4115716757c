// SPDX-License-Identifier: LGPL-2.1-or-later
// One end of a short cable of its own between a card and its network: what comes in here goes out
// at the other end. Who wants to see or to stop something on the way overrides the call, and passes
// on by the one of this class.
#pragma once

#include <span>

#include "emulator/bus/packet_port.h"

namespace ice86 {

class RelayEnd : public PacketEnd {
 public:
  static void join(RelayEnd& a, RelayEnd& b) {
    a.other_ = &b;
    b.other_ = &a;
  }

  bool can_receive() const override { return other_->peer_can_receive(); }
  void receive(std::span<const std::uint8_t> frame) override { other_->send(frame); }
  void peer_ready() override { other_->announce_ready(); }
  void link_changed() override { other_->announce_link(); }
  bool sends_carrier() const override { return other_->carrier(); }

 private:
  RelayEnd* other_ = nullptr;
};

}  // namespace ice86
