// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/guest_forward.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ice86::slirp_net {

namespace {

constexpr int kConnectMilliseconds = 5000;
constexpr std::size_t kMostWaiting = 4 << 20;

in_addr server_address(const GuestForward& forward) {
  in_addr result{};
  std::memcpy(&result, forward.server.data(), forward.server.size());
  return result;
}

// 0, or an errno.
int connect_with_limit(int fd, const sockaddr* address, socklen_t size) {
  if (::connect(fd, address, size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd wait = {fd, POLLOUT, 0};
  if (::poll(&wait, 1, kConnectMilliseconds) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

}  // namespace

Result<std::unique_ptr<GuestForwardSocket>> GuestForwardSocket::connect(
    const GuestForward& forward) {
  const bool ipv6 = forward.where.find(':') != std::string::npos;
  const int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error(fmt::format("guestfwd={}: {}", forward.text, std::strerror(errno)));
  std::unique_ptr<GuestForwardSocket> made(new GuestForwardSocket(fd, forward));
  int error = 0;
  if (ipv6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(forward.host_port);
    inet_pton(AF_INET6, forward.where.c_str(), &to.sin6_addr);
    error = connect_with_limit(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(forward.host_port);
    inet_pton(AF_INET, forward.where.c_str(), &to.sin_addr);
    error = connect_with_limit(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (error != 0) {
    return Error(fmt::format("guestfwd={}: host {} port {} does not answer: {}", forward.text,
                             forward.where, forward.host_port, std::strerror(error)));
  }
  return made;
}

GuestForwardSocket::~GuestForwardSocket() {
  close(fd_);
}

short GuestForwardSocket::events(Slirp* slirp) const {
  if (closed_) return 0;
  short wanted = 0;
  if (slirp_socket_can_recv(slirp, server_address(forward_), forward_.port) > 0) wanted |= POLLIN;
  if (!to_host_.empty()) wanted |= POLLOUT;
  return wanted;
}

void GuestForwardSocket::serve(Slirp* slirp, short happened) {
  if (closed_) return;
  if ((happened & POLLOUT) != 0) flush();
  if ((happened & (POLLIN | POLLHUP | POLLERR)) == 0) return;
  const in_addr server = server_address(forward_);
  std::array<std::uint8_t, 4096> buffer{};
  const std::size_t room =
      std::min(buffer.size(), slirp_socket_can_recv(slirp, server, forward_.port));
  if (room == 0) return;
  const ssize_t got = recv(fd_, buffer.data(), room, 0);
  if (got > 0) {
    slirp_socket_recv(slirp, server, forward_.port, buffer.data(), static_cast<int>(got));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    closed_ = true;
  }
}

void GuestForwardSocket::flush() {
  while (!to_host_.empty()) {
    const ssize_t sent = ::send(fd_, to_host_.data(), to_host_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) closed_ = true;
      return;
    }
    to_host_.erase(to_host_.begin(), to_host_.begin() + sent);
  }
}

ssize_t GuestForwardSocket::from_guest(const void* bytes, std::size_t size) {
  if (closed_ || to_host_.size() + size > kMostWaiting) return -1;
  const auto* from = static_cast<const std::uint8_t*>(bytes);
  to_host_.insert(to_host_.end(), from, from + size);
  flush();
  return static_cast<ssize_t>(size);
}

}  // namespace ice86::slirp_net
