// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes from a serial port or debug console: kept whole, and as lines with the virtual time of
// their first byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/bus/clock.h"

namespace ice86::harness {

class LineLog {
 public:
  struct Line {
    Nanoseconds time;
    std::uint64_t instruction;
    std::string text;  // without the line end
  };

  // Keeps at most `most_bytes`; more are counted and dropped, so that a guest cannot fill the host.
  explicit LineLog(std::size_t most_bytes = 64 << 20) : most_bytes_(most_bytes) {}

  void add(std::uint8_t byte, const Clock& clock);

  const std::string& bytes() const { return bytes_; }
  std::uint64_t dropped() const { return dropped_; }
  // Finished lines; a last line without an end is included.
  std::vector<Line> lines() const;

 private:
  std::size_t most_bytes_;
  std::string bytes_;
  std::uint64_t dropped_ = 0;
  std::vector<Line> lines_;
  bool open_ = false;  // the last of lines_ has not ended yet
};

}  // namespace ice86::harness
