// SPDX-License-Identifier: LGPL-2.1-or-later
// memtest86+ as Debian ships it, from GRUB on a disk and as an EFI program. The disks are made by
// images/linux/make_linux_disks.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/firmware/support/guest.h"
#include "tests/firmware/support/picture.h"

namespace ice86 {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

// One pass of every test over 32 MB. The bit fade test waits for minutes: at ten instructions a
// microsecond it waits less.
TEST(Memtest, PassesWithoutAnError) {
  const auto guest = Guest::create({.disk = ICE86_LINUX_IMAGES "/memtest.img",
                                    .memory_mib = 32,
                                    .instructions_per_microsecond = 10});
  ASSERT_TRUE(guest);
  ASSERT_TRUE(guest->see("Memtest86+ v6", 60 * Guest::kSecond));
  EXPECT_TRUE(guest->see("Pass:  1", 4 * 3600 * Guest::kSecond));
  EXPECT_THAT(guest->screen(), ContainsRegex("Errors: 0[^0-9]"));
}

// Under UEFI it draws its characters itself, 25 lines of 16 pixels in the middle of a mode of 640
// by 480. The picture is black for its first seconds, on any machine: it draws when it has measured
// the speed of the memory.
TEST(Memtest, TestsUnderUefi) {
  const auto guest = Guest::create({.firmware = "ovmf",
                                    .disk = ICE86_LINUX_IMAGES "/memtest-efi.img",
                                    .memory_mib = 64,
                                    .engine = cpu::Engine::kJit});
  ASSERT_TRUE(guest);
  const Font font = Font::of_vga_bios(ICE86_VGA_BIOS);
  std::string text;
  const auto in_the_third_test = [&](const devices::Frame& frame) {
    if (frame.width != 640 || frame.height != 480) return false;
    text = font.read(frame, 0, 40);
    return text.find("ersions, 8 bit pattern]") != std::string::npos;
  };
  EXPECT_TRUE(guest->watch(in_the_third_test, 60 * Guest::kSecond)) << text;
  keep_screen(*guest, "memtest-efi");
  // Some of its letters are not those of the VGA BIOS.
  for (const char* said : {"~e~test86+ ~6.1~", "Status: ~esting", "Errors: "})
    EXPECT_THAT(text, HasSubstr(said));
  const devices::Frame frame = guest->pc().vga().frame();
  // No pass and no error: the same zero in both places, and nothing behind it.
  const auto cell = [&](unsigned column, unsigned row) {
    std::vector<bool> lit;
    for (unsigned y = 0; y < 16; ++y)
      for (unsigned x = 0; x < 8; ++x)
        lit.push_back(frame.pixels[(40 + row * 16 + y) * 640 + column * 8 + x] != 0x0000AA);
    return lit;
  };
  const std::size_t errors = text.find("Errors: ") + 8;
  const std::size_t pass = text.find("Pass:  ") + 7;
  const auto column_of = [&](std::size_t at) {
    return static_cast<unsigned>(at - text.rfind('\n', at) - 1);
  };
  EXPECT_EQ(text.substr(0, errors).find('\n', pass), std::string::npos) << "on the same line";
  const auto row = static_cast<unsigned>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(pass), '\n'));
  EXPECT_EQ(cell(column_of(errors), row), cell(column_of(pass), row));
  EXPECT_EQ(cell(column_of(errors) + 1, row), std::vector<bool>(128, false));
}

}  // namespace
}  // namespace ice86
