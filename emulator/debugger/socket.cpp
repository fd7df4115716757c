// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ice86::debugger {

namespace {

// What waits for a client that does not read. More: it is cut off.
constexpr std::size_t kMostToSend = std::size_t{8} << 20;

void never_block(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

bool loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  }
  return false;
}

Error failed(const std::string& what) {
  return Error(fmt::format("{}: {}", what, std::strerror(errno)));
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}
Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

std::string Connection::receive() {
  std::array<char, 16384> buffer{};
  const ssize_t got = ::recv(descriptor_.get(), buffer.data(), buffer.size(), 0);
  if (got > 0) return {buffer.data(), static_cast<std::size_t>(got)};
  if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) open_ = false;
  return {};
}

void Connection::send(std::string_view text) {
  if (!open_) return;
  if (to_send_.size() + text.size() > kMostToSend) {
    open_ = false;
    return;
  }
  to_send_ += text;
  flush();
}

void Connection::flush() {
  while (open_ && !to_send_.empty()) {
    const ssize_t sent = ::send(descriptor_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      to_send_.erase(0, static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) open_ = false;
    return;
  }
}

Result<std::unique_ptr<Listener>> Listener::open(const std::string& where,
                                                 const std::string& option) {
  std::unique_ptr<Listener> listener(new Listener);
  const auto within = [&](Error error) { return std::move(error).within(option + " " + where); };
  if (where.rfind("unix:", 0) == 0) {
    // QEMU's spelling has settings behind the path.
    std::string path = where.substr(5);
    path = path.substr(0, path.find(','));
    if (auto done = listener->listen_unix(path); !done) return within(std::move(done).error());
    return listener;
  }
  std::string rest = where.rfind("tcp:", 0) == 0 ? where.substr(4) : where;
  rest = rest.substr(0, rest.find(','));
  const std::size_t colon = rest.rfind(':');
  std::string host = colon == std::string::npos ? "" : rest.substr(0, colon);
  const std::string port = colon == std::string::npos ? rest : rest.substr(colon + 1);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != std::string::npos || std::stoul(port) > 65535) {
    return usage_error(fmt::format(
        "{} {}: say PORT, HOST:PORT or unix:PATH, with a port of 0 to 65535", option, where));
  }
  if (auto done = listener->listen_tcp(host, port); !done) return within(std::move(done).error());
  return listener;
}

Result<void> Listener::listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return usage_error(
        fmt::format("the path of a socket has 1 to {} characters", sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // A socket that a run left behind when it was killed: nobody answers there.
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno == ECONNREFUSED)
      ::unlink(path.c_str());
  }
  descriptor_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (descriptor_.get() < 0) return failed("no socket");
  // For this user alone: who may connect may read and write all of the guest.
  const mode_t before = ::umask(0177);
  const int bound =
      ::bind(descriptor_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) return failed("cannot listen there");
  path_ = path;
  if (::listen(descriptor_.get(), 4) != 0) return failed("cannot listen there");
  never_block(descriptor_.get());
  address_ = "unix:" + path;
  return {};
}

Result<void> Listener::listen_tcp(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int error =
          ::getaddrinfo(host.empty() ? "127.0.0.1" : host.c_str(), port.c_str(), &hints, &list);
      error != 0)
    return Error(fmt::format("there is no host '{}': {}", host, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  descriptor_ = Descriptor(::socket(list->ai_family, list->ai_socktype, list->ai_protocol));
  if (descriptor_.get() < 0) return failed("no socket");
  const int on = 1;
  ::setsockopt(descriptor_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor_.get(), list->ai_addr, list->ai_addrlen) != 0 ||
      ::listen(descriptor_.get(), 4) != 0)
    return failed("cannot listen there");
  never_block(descriptor_.get());
  reachable_ = !loopback(list->ai_addr);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  std::array<char, 64> name{}, number{};
  ::getsockname(descriptor_.get(), reinterpret_cast<sockaddr*>(&bound), &length);
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&bound), length, name.data(), name.size(),
                number.data(), number.size(), NI_NUMERICHOST | NI_NUMERICSERV);
  address_ = list->ai_family == AF_INET6 ? fmt::format("[{}]:{}", name.data(), number.data())
                                         : fmt::format("{}:{}", name.data(), number.data());
  return {};
}

Listener::~Listener() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

std::unique_ptr<Connection> Listener::accept() {
  Descriptor client(::accept(descriptor_.get(), nullptr, nullptr));
  if (client.get() < 0) return nullptr;
  never_block(client.get());
  const int on = 1;
  ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return std::make_unique<Connection>(std::move(client));
}

void watch(std::vector<pollfd>& list, const Listener& listener, const Connection* peer) {
  list.push_back({listener.descriptor(), POLLIN, 0});
  if (peer == nullptr) return;
  const short wanted = peer->sending() ? POLLIN | POLLOUT : POLLIN;
  list.push_back({peer->descriptor(), wanted, 0});
}

}  // namespace ice86::debugger
