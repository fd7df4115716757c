// SPDX-License-Identifier: LGPL-2.1-or-later
// The BIOS's console on the serial port (ADLO's option console=serial): INT 10h as an ANSI terminal
// has it, INT 16h from what is typed there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/firmware/support/guest.h"
#include "tests/firmware/support/rom.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// guests/console.asm on what ADLO makes of these options.
std::unique_ptr<Guest> console(const std::string& lines) {
  Guest::Setup setup;
  setup.disk = ICE86_FIRMWARE_GUESTS "/console.bin";
  setup.configure = [&lines](machine::PcConfig& config) {
    std::vector<RomFile> files = stack_files(true);
    files.push_back(options(lines));
    config.firmware.rom = rom_of(std::move(files)).bytes;
  };
  return Guest::create(setup);
}

std::string behind(const std::string& text, const std::string& mark) {
  const auto at = text.find(mark);
  return at == std::string::npos ? "" : text.substr(at + mark.size());
}

// What the guest's calls are in ECMA-48.
constexpr char kPicture[] =
    "\x1b[2J\x1b[H"
    "\x1b[6;11H\x1b[0;1;37;44mIn white on blue!"
    "\x1b[0;37;40m\x1b[8;1H-----"
    "\x1b[7;79Hab\r\nc"
    "\x1b[4;10r\x1b[2S\x1b[r"
    "\x1b[4;6H  \x1b[5;6H  "
    "\x1b[25;1H\r\nready\r\n";

TEST(SerialConsole, IsTheScreenOfAMachineWithoutOne) {
  const auto guest = console("console=serial\nvga=off\n");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"ready\r\n", ""}}, 10 * Guest::kSecond));
  EXPECT_THAT(guest->heard(), HasSubstr("ADLO: the serial console, 1536 bytes at c0000"));
  // The BIOS's own lines.
  EXPECT_THAT(guest->heard(), HasSubstr("Press F12 for boot menu.\r\n"));
  EXPECT_EQ(behind(guest->heard(), "Booting from Hard Disk...\r\n"), kPicture);
  EXPECT_EQ(guest->pc().peek_memory(0x7ff0, 2), 0x0700u) << "the cursor behind AH=9";
  EXPECT_EQ(guest->pc().peek_memory(0x7ff2, 2), 0x5003u) << "80 columns, mode 3";
  EXPECT_EQ(guest->pc().peek_memory(0x7ff4, 2), 0x0701u) << "the cursor behind a line's end";
}

TEST(SerialConsole, KeysAreWhatATerminalSendsForThem) {
  const auto guest = console("console=serial\nvga=off\n");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"ready\r\n", ""}}, 10 * Guest::kSecond));
  const std::string typed = "aZ\r\x7f\t~\x03\x1b[A\x1bOP\x1b[5~\x1b";
  for (const char c : typed) {
    const std::array<std::uint8_t, 1> byte = {static_cast<std::uint8_t>(c)};
    while (guest->pc().receive_serial(0, byte) == 0) guest->run_for(Guest::kSecond / 1000);
    // Between two ticks of the BIOS's clock no more than a FIFO holds.
    guest->run_for(Guest::kSecond / 200);
  }
  guest->run_for(Guest::kSecond);  // the last ESC is one when nothing has followed
  // A key is the character in the low byte and the scan code of a US keyboard in the high one.
  const std::vector<unsigned> expected = {0x1e61, 0x2c5a, 0x1c0d, 0x0e08, 0x0f09, 0x297e,
                                          0x2e03, 0x4800, 0x3b00, 0x4900, 0x011b};
  std::vector<unsigned> keys;
  for (unsigned i = 0; i < guest->pc().peek_memory(0x7ffe, 2) && i < 100; ++i) {
    keys.push_back(static_cast<unsigned>(guest->pc().peek_memory(0x8000 + i * 2, 2)));
  }
  EXPECT_EQ(keys, expected);
  EXPECT_THAT(behind(guest->heard(), "ready\r\n"), HasSubstr("aZ"));
}

TEST(SerialConsole, GoesBesideAVgaBios) {
  const auto guest = console("console=serial\n");
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->talk({{"ready\r\n", ""}}, 10 * Guest::kSecond));
  EXPECT_THAT(guest->heard(), HasSubstr("ADLO: the serial console, beside the VGA BIOS, 1536"));
  const std::string seen = behind(guest->heard(), "Booting from Hard Disk...");
  EXPECT_THAT(seen, HasSubstr("\x1b[6;11H\x1b[0;1;37;44mIn white on blue!"));
  EXPECT_THAT(guest->screen(), HasSubstr("ready"));
  EXPECT_EQ(guest->pc().peek_memory(0x7ff0, 2), 0x0700u) << "the VGA BIOS's answer";
}

TEST(SerialConsole, IsAnOption) {
  const auto guest = console("vga=off\n");
  ASSERT_TRUE(guest);
  guest->run_for(5 * Guest::kSecond);
  EXPECT_THAT(guest->heard(), HasSubstr("ADLO: no VGA BIOS: the BIOS has no screen"));
  EXPECT_THAT(guest->heard(), Not(HasSubstr("Booting from Hard Disk")));
}

}  // namespace
}  // namespace ice86
