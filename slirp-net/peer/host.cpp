// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slirp-net/peer/host.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "emulator/base/host_clock.h"

namespace ice86::slirp_net::peer {

namespace {

constexpr int kPollMilliseconds = 100;
constexpr std::size_t kMostConnections = 256;
constexpr std::size_t kMostOutput = 64 << 10;
constexpr int kKind = SOCK_NONBLOCK | SOCK_CLOEXEC;

sockaddr_in place(const in_addr& address, std::uint16_t port) {
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_addr = address;
  there.sin_port = htons(port);
  return there;
}

template <typename Call>
int with(const sockaddr_in& there, Call call) {
  return call(reinterpret_cast<const sockaddr*>(&there), static_cast<socklen_t>(sizeof there));
}

}  // namespace

HostPeer::Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

HostPeer::~HostPeer() = default;

Result<std::unique_ptr<HostPeer>> HostPeer::open(const std::string& address,
                                                 const std::vector<Service>& services) {
  std::unique_ptr<HostPeer> peer(new HostPeer);
  for (const Service& service : services) {
    if (service.kind != Kind::kRefused) ICE86_TRY(peer->listen(address, service));
  }
  return peer;
}

Result<void> HostPeer::listen(const std::string& address, const Service& service) {
  in_addr where{};
  if (inet_pton(AF_INET, address.c_str(), &where) != 1)
    return usage_error(fmt::format("{}: no numeric IPv4 address", address));
  const auto wrong = [&] {
    return Error(fmt::format("peer {}:{}: {} port {}: {}", name_of(service.kind), service.port,
                             address, service.port, std::strerror(errno)));
  };
  Listener& listener = listeners_.emplace_back();
  listener.service = service;
  listener.socket = Socket(::socket(AF_INET, SOCK_STREAM | kKind, 0));
  const int fd = listener.socket.fd();
  const int on = 1;
  if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return wrong();
  const Dialogue dialogue(service.kind);
  if (const auto pace = dialogue.pace()) {
    const int window = static_cast<int>(pace->window);
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window) != 0) return wrong();
  }
  const sockaddr_in there = place(where, service.port);
  const auto bind = [&](int socket) {
    return with(there, [&](auto* at, auto size) { return ::bind(socket, at, size); });
  };
  const bool silent = service.kind == Kind::kSilent;
  if (bind(fd) != 0 || ::listen(fd, silent ? 0 : 16) != 0) return wrong();
  if (service.kind == Kind::kEcho) {
    listener.datagrams = Socket(::socket(AF_INET, SOCK_DGRAM | kKind, 0));
    if (listener.datagrams.fd() < 0 || bind(listener.datagrams.fd()) != 0) return wrong();
  }
  // Linux leaves a SYN unanswered while the queue of those that nobody accepts is full.
  for (int i = 0; silent && i < 2; ++i) {
    Socket& one = listener.fill.emplace_back(::socket(AF_INET, SOCK_STREAM | kKind, 0));
    const int begun =
        with(there, [&](auto* at, auto size) { return ::connect(one.fd(), at, size); });
    if (one.fd() < 0 || (begun != 0 && errno != EINPROGRESS)) return wrong();
  }
  return {};
}

void HostPeer::serve(const std::function<bool()>& interrupted) {
  while (!interrupted()) {
    std::vector<pollfd> list;
    for (const Listener& listener : listeners_) {
      const bool accepts =
          listener.service.kind != Kind::kSilent && connections_.size() < kMostConnections;
      list.push_back({listener.socket.fd(), static_cast<short>(accepts ? POLLIN : 0), 0});
      list.push_back({listener.datagrams.fd(), POLLIN, 0});
    }
    const std::uint64_t now = host_ns();
    std::uint64_t wait = std::uint64_t{kPollMilliseconds} * 1'000'000;
    for (const auto& c : connections_) {
      short events = 0;
      if (c->connecting || !c->output.empty()) events |= POLLOUT;
      const bool due = c->read_at <= now;
      if (!c->connecting && !c->ended && due && c->output.size() < kMostOutput) events |= POLLIN;
      if (!due) wait = std::min(wait, c->read_at - now);
      // Without events a closed connection would keep poll() from waiting.
      list.push_back({events != 0 ? c->socket.fd() : -1, events, 0});
    }
    if (::poll(list.data(), list.size(), static_cast<int>(wait / 1'000'000) + 1) <= 0) continue;
    std::size_t at = 0;
    const std::size_t before = connections_.size();
    for (const Listener& listener : listeners_) {
      if ((list[at++].revents & POLLIN) != 0) accept(listener);
      if ((list[at++].revents & POLLIN) != 0) echo_datagrams(listener);
    }
    for (std::size_t i = 0; i < before; ++i, ++at) {
      if (list[at].revents != 0) serve(*connections_[i], list[at].revents);
    }
    std::erase_if(connections_, [](const auto& c) { return c->gone; });
  }
}

void HostPeer::accept(const Listener& listener) {
  Socket socket(::accept4(listener.socket.fd(), nullptr, nullptr, kKind));
  if (socket.fd() < 0) return;
  auto& c = *connections_.emplace_back(std::make_unique<Connection>());
  c.socket = std::move(socket);
  c.dialogue = Dialogue(listener.service.kind);
  say(c, c.dialogue.opened());
}

void HostPeer::echo_datagrams(const Listener& listener) {
  std::array<char, 65536> buffer;
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t got = ::recvfrom(listener.datagrams.fd(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
  if (got < 0) return;
  with(from, [&](auto* to, auto length) {
    return static_cast<int>(::sendto(listener.datagrams.fd(), buffer.data(),
                                     static_cast<std::size_t>(got), 0, to, length));
  });
}

void HostPeer::serve(Connection& c, short happened) {
  if (c.connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(c.socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    c.connecting = false;
    c.gone = error != 0;
    if (!c.gone) say(c, c.dialogue.opened());
    return;
  }
  if ((happened & (POLLIN | POLLHUP | POLLERR)) != 0) receive(c);
  if (!c.gone) flush(c);
}

void HostPeer::receive(Connection& c) {
  std::array<char, 16384> buffer;
  const auto pace = c.dialogue.pace();
  const std::size_t most = pace ? std::min(pace->bytes, buffer.size()) : buffer.size();
  const ssize_t got = ::recv(c.socket.fd(), buffer.data(), most, 0);
  if (got < 0) {
    c.gone = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
  } else if (got > 0) {
    if (pace) c.read_at = host_ns() + pace->interval;
    say(c, c.dialogue.heard({buffer.data(), static_cast<std::size_t>(got)}));
  } else if (!c.ended) {
    c.ended = true;
    say(c, c.dialogue.ended());
  }
}

void HostPeer::say(Connection& c, const Dialogue::Reply& reply) {
  if (!c.finish) c.output += reply.bytes;
  c.finish |= reply.finish;
  if (reply.abort) {
    const linger at_once{1, 0};
    ::setsockopt(c.socket.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    c.gone = true;
    return;
  }
  if (reply.call != 0) call(c, reply.call);
  flush(c);
}

void HostPeer::flush(Connection& c) {
  while (!c.output.empty()) {
    const ssize_t sent =
        ::send(c.socket.fd(), c.output.data(), c.output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) c.gone = true;
      return;
    }
    c.output.erase(0, static_cast<std::size_t>(sent));
  }
  if (c.finish && !c.finished) {
    c.finished = true;
    ::shutdown(c.socket.fd(), SHUT_WR);
  }
  if (c.finished && c.ended) c.gone = true;
}

// To the port that whoever asked has named.
void HostPeer::call(const Connection& c, std::uint16_t port) {
  if (connections_.size() >= kMostConnections) return;
  sockaddr_in there{};
  socklen_t size = sizeof there;
  if (::getpeername(c.socket.fd(), reinterpret_cast<sockaddr*>(&there), &size) != 0) return;
  Socket socket(::socket(AF_INET, SOCK_STREAM | kKind, 0));
  const sockaddr_in to = place(there.sin_addr, port);
  const int begun =
      with(to, [&](auto* at, auto length) { return ::connect(socket.fd(), at, length); });
  if (socket.fd() < 0 || (begun != 0 && errno != EINPROGRESS)) return;
  auto& made = *connections_.emplace_back(std::make_unique<Connection>());
  made.socket = std::move(socket);
  made.dialogue = Dialogue(Kind::kCaller);
  made.connecting = true;
}

}  // namespace ice86::slirp_net::peer
