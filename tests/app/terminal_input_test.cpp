// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/app/terminal_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace ice86::app {
namespace {

// A terminal and its keyboard.
struct Terminal {
  int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
  int screen = -1;

  Terminal() {
    EXPECT_EQ(grantpt(keyboard), 0);
    EXPECT_EQ(unlockpt(keyboard), 0);
    screen = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
    EXPECT_GE(screen, 0);
  }
  ~Terminal() {
    close(screen);
    close(keyboard);
  }
  void type(std::string_view keys) const {
    EXPECT_EQ(write(keyboard, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
};

std::string read_all(TerminalInput& input) {
  const auto bytes = input.read(100);
  return {bytes.begin(), bytes.end()};
}

TEST(TerminalInput, KeysArriveAtOnceAndAsTheyAre) {
  const Terminal terminal;
  TerminalInput input(terminal.screen, TerminalInput::Signals::kGuests);
  EXPECT_EQ(read_all(input), "");
  terminal.type("ls\r\x03");
  EXPECT_EQ(read_all(input), "ls\r\x03");
}

TEST(TerminalInput, TheTerminalIsGivenBack) {
  const Terminal terminal;
  termios before{}, during{}, after{};
  tcgetattr(terminal.screen, &before);
  {
    const TerminalInput input(terminal.screen, TerminalInput::Signals::kOurs);
    tcgetattr(terminal.screen, &during);
    EXPECT_EQ(during.c_lflag & static_cast<tcflag_t>(ICANON | ECHO), 0U);
    EXPECT_NE(during.c_lflag & static_cast<tcflag_t>(ISIG), 0U);
  }
  tcgetattr(terminal.screen, &after);
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  EXPECT_EQ(after.c_iflag, before.c_iflag);
}

TEST(TerminalInput, CtrlAIsTheEscape) {
  const Terminal terminal;
  TerminalInput input(terminal.screen, TerminalInput::Signals::kGuests);
  terminal.type("a\x01");
  EXPECT_EQ(read_all(input), "a");
  terminal.type(
      std::string_view("\x01"
                       "b\x01"
                       "bc",
                       5));
  EXPECT_EQ(read_all(input),
            "\x01"
            "bc");
  EXPECT_TRUE(input.take_break());
  EXPECT_FALSE(input.take_break());
  EXPECT_FALSE(input.quit_asked());
  terminal.type("\x01x");
  EXPECT_EQ(read_all(input), "");
  EXPECT_TRUE(input.quit_asked());
}

TEST(TerminalInput, APipeIsPassedOnWholeAndMayEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  TerminalInput input(ends[0], TerminalInput::Signals::kGuests);
  ASSERT_EQ(write(ends[1], "\x01x", 2), 2);
  EXPECT_EQ(read_all(input), "\x01x");
  EXPECT_FALSE(input.quit_asked());
  close(ends[1]);
  EXPECT_EQ(read_all(input), "");
  EXPECT_EQ(read_all(input), "");
  close(ends[0]);
}

}  // namespace
}  // namespace ice86::app
