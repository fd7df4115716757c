// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/terminal_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace ice86::app {

namespace {

constexpr std::uint8_t kCtrlA = 0x01;

}  // namespace

TerminalInput::TerminalInput(int descriptor, Signals signals) : descriptor_(descriptor) {
  termios mode{};
  if (isatty(descriptor_) == 0 || tcgetattr(descriptor_, &mode) != 0) return;
  before_ = mode;
  escapes_ = signals == Signals::kGuests;
  mode.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT);
  mode.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN);
  if (escapes_) mode.c_lflag &= ~static_cast<tcflag_t>(ISIG);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  tcsetattr(descriptor_, TCSANOW, &mode);
}

TerminalInput::~TerminalInput() {
  if (before_) tcsetattr(descriptor_, TCSANOW, &*before_);
}

std::vector<std::uint8_t> TerminalInput::read(std::size_t most) {
  if (ended_ || most == 0) return {};
  pollfd waiting{descriptor_, POLLIN, 0};
  if (poll(&waiting, 1, 0) <= 0) return {};
  std::vector<std::uint8_t> bytes(most);
  const ssize_t got = ::read(descriptor_, bytes.data(), bytes.size());
  if (got <= 0) {
    ended_ = got == 0 || (errno != EINTR && errno != EAGAIN);
    return {};
  }
  bytes.resize(static_cast<std::size_t>(got));
  return escapes_ ? without_escapes(bytes) : bytes;
}

bool TerminalInput::take_break() {
  return std::exchange(break_, false);
}

std::vector<std::uint8_t> TerminalInput::without_escapes(const std::vector<std::uint8_t>& typed) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint8_t key : typed) {
    if (!std::exchange(escaped_, false)) {
      if (key == kCtrlA) {
        escaped_ = true;
      } else {
        bytes.push_back(key);
      }
      continue;
    }
    switch (key) {
      case 'x': quit_ = true; break;
      case 'b': break_ = true; break;
      case 'a':
      case kCtrlA: bytes.push_back(kCtrlA); break;
      default:
        std::fputs("\r\nCtrl-A x ends ice86, Ctrl-A b sends a break, Ctrl-A a sends Ctrl-A\r\n",
                   stderr);
        break;
    }
  }
  return bytes;
}

}  // namespace ice86::app
