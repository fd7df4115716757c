// SPDX-License-Identifier: LGPL-2.1-or-later
// Networks without an outside: a station whose answers a test or a tool supplies, and no network.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "emulator/bus/packet_port.h"
#include "slirp-net/frame_queue.h"

namespace ice86::slirp_net {

class ScriptedNetwork final : public Network, private PacketEnd {
 public:
  // Called for each frame of the guest; it may answer with transmit().
  using Script = std::function<void(ScriptedNetwork& network, std::span<const std::uint8_t> frame)>;

  ScriptedNetwork(Clock& clock, const std::string& name, Script script);

  void transmit(std::span<const std::uint8_t> frame, Nanoseconds delay = 10'000);

  PacketEnd& port() override { return *this; }
  void serialize(Archive& archive) override;
  std::string dump() const override;

 private:
  bool can_receive() const override { return true; }
  void receive(std::span<const std::uint8_t> frame) override;
  void peer_ready() override { to_guest_.resume(); }

  std::string name_;
  Script script_;
  FrameQueue to_guest_;
  std::uint64_t received_ = 0;
};

// A card without a cable.
class NoNetwork final : public Network, private PacketEnd {
 public:
  PacketEnd& port() override { return *this; }
  void serialize(Archive& archive) override { static_cast<void>(archive); }
  std::string dump() const override { return "none\n"; }

 private:
  bool can_receive() const override { return true; }
  void receive(std::span<const std::uint8_t> frame) override { static_cast<void>(frame); }
  bool sends_carrier() const override { return false; }
};

}  // namespace ice86::slirp_net
