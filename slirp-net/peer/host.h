// SPDX-License-Identifier: LGPL-2.1-or-later
// The peer's services on the host's own sockets: a program that runs on the host meets there what
// it meets in the guest at network.h's station. Real time; nothing of a machine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emulator/base/result.h"
#include "slirp-net/peer/service.h"

namespace ice86::slirp_net::peer {

class HostPeer final {
 public:
  // Listens at all ports but those of refused services. `address`: IPv4, numeric. Errors: a port
  // that is taken.
  static Result<std::unique_ptr<HostPeer>> open(const std::string& address,
                                                const std::vector<Service>& services);
  ~HostPeer();
  HostPeer(const HostPeer&) = delete;
  HostPeer& operator=(const HostPeer&) = delete;

  // Until `interrupted` says so; it is asked several times a second.
  void serve(const std::function<bool()>& interrupted);

 private:
  // A file descriptor that is closed with its owner.
  class Socket {
   public:
    explicit Socket(int fd = -1) : fd_(fd) {}
    ~Socket();
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
      std::swap(fd_, other.fd_);
      return *this;
    }
    int fd() const { return fd_; }

   private:
    int fd_;
  };
  struct Listener {
    Service service;
    Socket socket, datagrams;
    std::vector<Socket> fill;  // connections that keep a silent service's queue full
  };
  struct Connection {
    Socket socket;
    Dialogue dialogue{Kind::kEcho};
    bool connecting = false;
    std::string output;
    bool finish = false, finished = false, ended = false, gone = false;
    std::uint64_t read_at = 0;  // host time; 0: at once
  };

  HostPeer() = default;
  Result<void> listen(const std::string& address, const Service& service);
  void accept(const Listener& listener);
  static void echo_datagrams(const Listener& listener);
  void serve(Connection& c, short happened);
  void receive(Connection& c);
  void flush(Connection& c);
  void say(Connection& c, const Dialogue::Reply& reply);
  void call(const Connection& c, std::uint16_t port);

  std::vector<Listener> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace ice86::slirp_net::peer
