// SPDX-License-Identifier: LGPL-2.1-or-later
// What a person types, or a script pipes, into the serial port that is `stdio`.
#pragma once

#include <termios.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ice86::app {

class TerminalInput {
 public:
  // The keys that a terminal turns into signals, Ctrl-C above all, end ice86 (QEMU's
  // `-serial stdio`) or go to the guest (`-serial mon:stdio`; Ctrl-A x ends ice86 then, Ctrl-A b is
  // a break, and Ctrl-A Ctrl-A one Ctrl-A).
  enum class Signals { kOurs, kGuests };

  // Takes over the terminal on `descriptor`, if it is one: no echo, no lines, every key at once.
  // The destructor gives it back.
  TerminalInput(int descriptor, Signals signals);
  ~TerminalInput();
  TerminalInput(const TerminalInput&) = delete;
  TerminalInput& operator=(const TerminalInput&) = delete;

  // What waits to be read, at most `most` bytes; never blocks.
  std::vector<std::uint8_t> read(std::size_t most);
  bool quit_asked() const { return quit_; }
  // True once for each Ctrl-A b.
  bool take_break();

 private:
  std::vector<std::uint8_t> without_escapes(const std::vector<std::uint8_t>& typed);

  int descriptor_;
  std::optional<termios> before_;
  bool escapes_ = false;  // Ctrl-A is ours
  bool escaped_ = false;  // the last key was Ctrl-A
  bool ended_ = false;    // end of file, or an error
  bool quit_ = false;
  bool break_ = false;
};

}  // namespace ice86::app
