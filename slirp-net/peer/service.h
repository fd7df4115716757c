// SPDX-License-Identifier: LGPL-2.1-or-later
// What a peer does with a connection: the same in virtual time (network.h) and on the host's own
// sockets (host.h), so that a program meets the same behaviour in both places. docs/socket-peer.md
// has the list for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/base/result.h"
#include "emulator/bus/types.h"

namespace ice86::slirp_net::peer {

enum class Kind : std::uint8_t {
  kEcho,        // gives back what it gets; UDP too
  kHttp,        // a small HTTP/1.1 server
  kSlow,        // reads slowly, through a small window, and tells in the end how much it was
  kEarlyClose,  // says a line and closes; a byte that comes then is answered with a reset
  kReset,       // resets the connection at the first byte
  kHalfClose,   // says a line and closes its side; goes on reading
  kMute,        // accepts and says nothing
  kCallback,    // "PORT\n": connects to that port of whoever asks
  kRefused,     // a reset for an answer; UDP: port unreachable
  kSilent,      // no answer at all
  kCaller,      // the other end of kCallback: says hello, then echoes. Not a service of its own
};
constexpr unsigned kServiceKinds = 10;  // kCaller is none

struct Service {
  Kind kind = Kind::kEcho;
  std::uint16_t port = 0;
};

std::string_view name_of(Kind kind);
// "echo:7".
Result<Service> parse_service(std::string_view text);
// Errors: two services at one port.
Result<std::vector<Service>> parse_services(const std::vector<std::string>& texts);

// One connection's conversation, without a transport.
class Dialogue {
 public:
  // What comes of something that happened, in this order.
  struct Reply {
    std::string bytes;
    std::uint16_t call = 0;  // a port of the other side to connect to
    bool finish = false;     // this side says nothing more
    bool abort = false;      // the connection is reset
  };
  // How it reads when not at once.
  struct Pace {
    std::size_t window = 0;  // what it lets wait
    std::size_t bytes = 0;   // at a time
    Nanoseconds interval = 0;
  };

  explicit Dialogue(Kind kind) : kind_(kind) {}

  Kind kind() const { return kind_; }
  std::optional<Pace> pace() const;

  Reply opened();
  Reply heard(std::string_view bytes);
  // The other side says nothing more.
  Reply ended();

  void serialize(Archive& archive);

 private:
  Reply http();

  Kind kind_;
  std::string text_;  // a request that is not complete
  std::uint64_t count_ = 0;
  bool done_ = false;  // has given its answer
};

}  // namespace ice86::slirp_net::peer
