// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/impaired_link.h"

#include <fmt/core.h>

namespace ice86::slirp_net {

ImpairedLink::End::End(Clock& clock, const std::string& timer, ImpairedLink& line)
    : link(line),
      waiting(clock, timer,
              {[this] { return other->peer_can_receive(); },
               [this](std::span<const std::uint8_t> frame) {
                 other->send(frame);
                 announce_ready();
               }}) {}

ImpairedLink::ImpairedLink(Clock& clock, const std::string& name, Config config,
                           std::unique_ptr<Network> network)
    : name_(name),
      config_(config),
      network_(std::move(network)),
      random_(config.seed * 0x9E37'79B9'7F4A'7C15 | 1),
      card_side_(clock, name + "-out", *this),
      network_side_(clock, name + "-in", *this) {
  card_side_.other = &network_side_;
  network_side_.other = &card_side_;
  PacketEnd::connect(network_side_, network_->port());
}

void ImpairedLink::enter(End& end, std::span<const std::uint8_t> frame) {
  // xorshift64
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  if ((random_ >> 16) % 1'000'000 < config_.loss_per_million) {
    ++lost_;
    return;
  }
  end.waiting.push(frame, config_.delay);
}

void ImpairedLink::serialize(Archive& archive) {
  archive.section(name_, 1, [&] {
    archive.io(random_);
    archive.io(lost_);
    card_side_.waiting.serialize(archive);
    network_side_.waiting.serialize(archive);
  });
  network_->serialize(archive);
}

std::string ImpairedLink::dump() const {
  return fmt::format("{}: {} lost of {} per million, {} ns late\n", name_, lost_,
                     config_.loss_per_million, config_.delay) +
         network_->dump();
}

}  // namespace ice86::slirp_net
