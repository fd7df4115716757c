// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/gdb_client.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ice86::harness {

namespace {

constexpr int kPollMilliseconds = 250;
constexpr int kConnectMilliseconds = 20;
// QEMU's packets have at most 4 KiB.
constexpr std::size_t kLongestPacket = 1 << 16;

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

GdbClient::~GdbClient() {
  close();
}

void GdbClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool GdbClient::connect(const std::filesystem::path& socket, const std::function<bool()>& give_up) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = socket.string();
  if (name.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  for (;;) {
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return false;
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return true;
    close();
    if (give_up()) return false;
    ::poll(nullptr, 0, kConnectMilliseconds);
  }
}

void GdbClient::send(const std::string& packet) {
  unsigned sum = 0;
  for (const char c : packet) sum += static_cast<std::uint8_t>(c);
  const std::string text = fmt::format("${}#{:02x}", packet, sum & 0xff);
  for (std::size_t sent = 0; alive() && sent < text.size();) {
    const ssize_t now = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return close();
    sent += static_cast<std::size_t>(now);
  }
}

void GdbClient::interrupt() {
  constexpr char kBreak = 3;
  if (alive() && ::send(socket_, &kBreak, 1, MSG_NOSIGNAL) < 0) close();
}

std::string GdbClient::next(const std::function<bool()>& idle) {
  while (alive()) {
    const std::size_t start = pending_.find('$');
    const std::size_t end = start == std::string::npos ? start : pending_.find('#', start);
    if (end != std::string::npos && pending_.size() >= end + 3) {
      std::string packet = pending_.substr(start + 1, end - start - 1);
      pending_.erase(0, end + 3);
      if (::send(socket_, "+", 1, MSG_NOSIGNAL) < 0) close();
      return packet;
    }
    if (pending_.size() > kLongestPacket) {
      close();
      break;
    }
    pollfd source{socket_, POLLIN, 0};
    const int ready = ::poll(&source, 1, kPollMilliseconds);
    if (ready < 0 && errno != EINTR) close();
    if (ready <= 0) {
      if (idle()) close();
      continue;
    }
    std::array<char, 8192> chunk;
    const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) close();
    if (got > 0) pending_.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return "";
}

std::string GdbClient::ask(const std::string& packet, const std::function<bool()>& idle) {
  send(packet);
  return next(idle);
}

std::string GdbClient::hex(const std::string& text) {
  std::string result;
  for (const char c : text) result += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  return result;
}

std::optional<std::vector<std::uint8_t>> GdbClient::bytes(const std::string& hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = digit(hex[i]), low = digit(hex[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*high * 16 + *low));
  }
  return bytes;
}

}  // namespace ice86::harness
