// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/scripted_network.h"

#include <fmt/core.h>

namespace ice86::slirp_net {

ScriptedNetwork::ScriptedNetwork(Clock& clock, const std::string& name, Script script)
    : name_(name),
      script_(std::move(script)),
      to_guest_(clock, name + "-rx",
                {[this] { return peer_can_receive(); },
                 [this](std::span<const std::uint8_t> frame) { send(frame); }}) {}

void ScriptedNetwork::transmit(std::span<const std::uint8_t> frame, Nanoseconds delay) {
  to_guest_.push(frame, delay);
}

void ScriptedNetwork::receive(std::span<const std::uint8_t> frame) {
  ++received_;
  if (script_) script_(*this, frame);
}

void ScriptedNetwork::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    archive.io(received_);
    to_guest_.serialize(archive);
  });
}

std::string ScriptedNetwork::dump() const {
  return fmt::format("{}: scripted, {} frames came, {} wait\n", name_, received_, to_guest_.size());
}

}  // namespace ice86::slirp_net
