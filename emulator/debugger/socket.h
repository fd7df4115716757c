// SPDX-License-Identifier: LGPL-2.1-or-later
// Sockets on which debuggers and scripts speak to a run: TCP on the loopback interface unless an
// address is given, or a socket in the file system. Nothing here blocks.
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::debugger {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return number_; }

 private:
  int number_;
};

class Connection {
 public:
  explicit Connection(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  int descriptor() const { return descriptor_.get(); }
  // False: the other side has gone, or does not read what it asked for.
  bool open() const { return open_; }
  void close() { open_ = false; }
  // What has come since; empty: nothing.
  std::string receive();
  // Queued, and sent as the other side takes it.
  void send(std::string_view text);
  void flush();
  bool sending() const { return !to_send_.empty(); }

 private:
  Descriptor descriptor_;
  bool open_ = true;
  std::string to_send_;
};

class Listener {
 public:
  // `where`: "1234", ":1234", "HOST:1234", "tcp:HOST:1234" or "unix:PATH"; port 0: one that is
  // free. Without a host 127.0.0.1. `option` names it in errors: --gdb.
  static Result<std::unique_ptr<Listener>> open(const std::string& where,
                                                const std::string& option);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int descriptor() const { return descriptor_.get(); }
  std::unique_ptr<Connection> accept();
  // "127.0.0.1:1234", "unix:PATH", as it can be given to GDB's `target remote`.
  const std::string& address() const { return address_; }
  // Others than this computer's users can reach it.
  bool reachable() const { return reachable_; }

 private:
  Listener() = default;
  Result<void> listen_unix(const std::string& path);
  Result<void> listen_tcp(const std::string& host, const std::string& port);

  Descriptor descriptor_;
  std::string address_;
  std::string path_;  // of a socket in the file system: removed at the end
  bool reachable_ = false;
};

// What poll() is to watch for a server of one peer at a time; `peer`: null while there is none.
void watch(std::vector<pollfd>& list, const Listener& listener, const Connection* peer);

}  // namespace ice86::debugger
