// SPDX-License-Identifier: LGPL-2.1-or-later
// guestfwd of UDP, which libslirp does not have: datagrams to one address of the guest's network go
// to a socket of the host, and what that answers goes back to whoever sent last.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "slirp-net/user_options.h"

namespace ice86::slirp_net {

class UdpGuestForward final {
 public:
  using Send = std::function<void(std::span<const std::uint8_t> frame)>;

  // `to_guest` takes the frames for the guest.
  static Result<std::unique_ptr<UdpGuestForward>> open(const GuestForward& forward, Send to_guest);
  ~UdpGuestForward();
  UdpGuestForward(const UdpGuestForward&) = delete;
  UdpGuestForward& operator=(const UdpGuestForward&) = delete;

  // True: the frame was for this forward (a datagram, or an ARP request for its address).
  bool take(std::span<const std::uint8_t> frame);

  int fd() const { return fd_; }
  // The socket has something.
  void serve();

 private:
  using Mac = std::array<std::uint8_t, 6>;

  UdpGuestForward(int fd, const GuestForward& forward, Send to_guest)
      : fd_(fd), forward_(forward), to_guest_(std::move(to_guest)) {}
  std::vector<std::uint8_t> ethernet(const Mac& to, std::uint16_t type) const;
  void answer_arp(std::span<const std::uint8_t> frame);

  int fd_;
  GuestForward forward_;
  Send to_guest_;
  bool known_ = false;  // who sent last
  Mac guest_mac_{};
  Ipv4 guest_{};
  std::uint16_t guest_port_ = 0;
};

}  // namespace ice86::slirp_net
