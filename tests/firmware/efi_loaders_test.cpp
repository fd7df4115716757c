// SPDX-License-Identifier: LGPL-2.1-or-later
// A boot loader that OVMF starts from a disk, with Debian's kernel. The media are made by
// images/linux/make_linux_disks.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/firmware/support/guest.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EfiLoader : public ::testing::TestWithParam<const char*> {};

// GRUB finds no room for this kernel in 256 MB (in QEMU neither).
TEST_P(EfiLoader, BootsLinuxToAShell) {
  const auto guest =
      Guest::create({.firmware = "ovmf",
                     .disk = std::string(ICE86_LINUX_IMAGES "/") + GetParam() + ".img",
                     .memory_mib = 512,
                     .engine = cpu::Engine::kJit});
  ASSERT_TRUE(guest);
  // EFI's tables and its frame buffer, as the kernel sees them.
  EXPECT_TRUE(guest->talk({{"efi: EFI v2.70 by EDK II", ""},
                           {"efifb: mode is", ""},
                           {"built-in shell", ""},
                           {"# ", "cat /proc/fb; echo sum $((6*7*1000))\r"},
                           {"0 EFI VGA", ""},
                           {"sum 42000", ""},
                           {"# ", "poweroff -f\r"},
                           {"reboot: Power down", ""}},
                          900 * Guest::kSecond));
  guest->run_for(10 * Guest::kSecond);
  EXPECT_EQ(guest->result().end, machine::RunEnd::kPowerOff);
  for (const char* complaint :
       {"BUG:", "Oops", "WARNING:", "Call Trace", "not syncing", "segfault"})
    EXPECT_THAT(guest->heard(), Not(HasSubstr(complaint)));
}

INSTANTIATE_TEST_SUITE_P(Debian, EfiLoader, ::testing::Values("systemd-boot", "grub-efi"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace ice86
