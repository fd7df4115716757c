// SPDX-License-Identifier: LGPL-2.1-or-later
// guestfwd to a TCP server on the host: one connection, made when the network starts, that every
// connection of the guest to the forwarded address speaks through.
#pragma once

#include <libslirp.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "slirp-net/user_options.h"

namespace ice86::slirp_net {

class GuestForwardSocket final {
 public:
  // Errors: nobody listens there.
  static Result<std::unique_ptr<GuestForwardSocket>> connect(const GuestForward& forward);
  ~GuestForwardSocket();
  GuestForwardSocket(const GuestForwardSocket&) = delete;
  GuestForwardSocket& operator=(const GuestForwardSocket&) = delete;

  // -1 once the connection is over, so that nobody waits for it.
  int fd() const { return closed_ ? -1 : fd_; }
  // What to wait for: input while the guest has room, output while some is left.
  short events(Slirp* slirp) const;
  void serve(Slirp* slirp, short happened);
  ssize_t from_guest(const void* bytes, std::size_t size);

 private:
  GuestForwardSocket(int fd, const GuestForward& forward) : fd_(fd), forward_(forward) {}
  void flush();

  int fd_;
  GuestForward forward_;
  bool closed_ = false;
  std::vector<std::uint8_t> to_host_;
};

}  // namespace ice86::slirp_net
