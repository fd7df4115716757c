// SPDX-License-Identifier: LGPL-2.1-or-later
// A debugger's end of the GDB remote protocol, as far as a recorder needs it.
// Reference: Debugging with GDB, appendix E, "GDB Remote Serial Protocol".
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::harness {

class GdbClient {
 public:
  GdbClient() = default;
  ~GdbClient();
  GdbClient(const GdbClient&) = delete;
  GdbClient& operator=(const GdbClient&) = delete;

  // Connects to a stub at a Unix socket that may take a moment to appear. `give_up` is asked
  // meanwhile.
  bool connect(const std::filesystem::path& socket, const std::function<bool()>& give_up);

  // Sends a packet and gives the stub's answer; empty: an empty answer (not supported), or the stub
  // is gone. `idle` is asked four times a second while the stub is silent; true ends the
  // connection.
  std::string ask(const std::string& packet, const std::function<bool()>& idle);
  // The stub's next packet without a question.
  std::string next(const std::function<bool()>& idle);
  void send(const std::string& packet);
  // Stops a guest that runs: next() then gives the stop.
  void interrupt();

  bool alive() const { return socket_ >= 0; }

  static std::string hex(const std::string& text);
  static std::optional<std::vector<std::uint8_t>> bytes(const std::string& hex);

 private:
  void close();

  int socket_ = -1;
  std::string pending_;
};

}  // namespace ice86::harness
