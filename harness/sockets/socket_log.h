// SPDX-License-Identifier: LGPL-2.1-or-later
// What a program did with sockets, as socket_log.py writes it down, in a guest or on a host.
// docs/socket-peer.md describes the form.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/base/result.h"

namespace ice86::harness {

constexpr std::string_view kSocketLogSchema = "ice86-socket-log";
constexpr std::uint64_t kSocketLogVersion = 1;

struct SocketCall {
  enum class Way { kNone, kIn, kOut };

  std::uint64_t number = 0;  // in the order in which calls ended, from 0
  std::uint64_t time = 0;    // nanoseconds since the log began; not compared
  std::uint64_t socket = 0;  // in the order in which they were made, from 1; 0: of the module
  std::string call;
  std::string arguments;  // JSON
  std::string result;     // JSON; empty: none, or it failed
  std::string error;      // "ConnectionRefusedError ECONNREFUSED"; empty: it did not fail
  Way way = Way::kNone;   // of the data it moved
  std::uint64_t bytes = 0;
  // Of a stream: SHA-256 of all that has gone this way on this socket, so that it does not matter
  // in what pieces. Of a datagram: its bytes in hexadecimal, or "sha256:...".
  std::string stream, datagram;
};

struct SocketLog {
  std::string source;   // "CPython 3.11.2, Linux"
  std::string program;  // that ran
  std::vector<SocketCall> calls;
};

// Whether a file begins like one: for a command that takes several kinds.
bool is_socket_log(std::string_view text);

// Errors name file and line. A capture of a serial line is read too: of it, what stands behind
// "socket-log: ".
Result<SocketLog> parse_socket_log(std::string_view text, const std::string& name);
Result<SocketLog> read_socket_log(const std::filesystem::path& path);

// ---- Comparison ----

struct SocketDifference {
  std::uint64_t socket = 0;
  // The calls it is about; none on a side: that side has no such call there.
  const SocketCall* left = nullptr;
  const SocketCall* right = nullptr;
  std::string what;  // "error", "data", "result", "missing", "extra"
};

struct SocketComparison {
  std::vector<SocketDifference> differences;
  std::size_t compared = 0;  // calls of the first log
};

// Socket by socket, so that it does not matter in which order threads got to run. In how many
// pieces a stream was sent or received is not compared, but what was; nor how often a call was
// repeated that gave the same.
SocketComparison compare(const SocketLog& left, const SocketLog& right);

std::string socket_comparison_text(const SocketComparison& result, const std::string& left_name,
                                   const std::string& right_name, std::size_t most = 10);
std::string socket_comparison_json(const SocketComparison& result);

}  // namespace ice86::harness
