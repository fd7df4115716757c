// SPDX-License-Identifier: LGPL-2.1-or-later
// Debian's own kernels and memtest86+, unmodified, from GRUB on a disk: each boots under SeaBIOS
// and does some work. The disks are made by images/linux/make_linux_disks.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/firmware/support/guest.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Kernel : public ::testing::TestWithParam<const char*> {};

TEST_P(Kernel, BootsToAShell) {
  const auto guest = Guest::create(
      {.disk = std::string(ICE86_LINUX_IMAGES "/") + GetParam() + ".img", .memory_mib = 256});
  ASSERT_TRUE(guest);
  // The sum of a megabyte of zeros: through the kernel's own device and a program that computes.
  EXPECT_TRUE(guest->talk({{"built-in shell", ""},
                           {"# ", "cat /proc/cmdline; echo sum $((6*7*1000))\r"},
                           {"sum 42000",
                            "mount -t devtmpfs dev /dev; dd if=/dev/zero bs=1M count=1 2>/dev/null "
                            "| md5sum\r"},
                           {"b6d81b360a5672d80c27430f39153e2c", ""}},
                          900 * Guest::kSecond));
  EXPECT_THAT(guest->heard(), HasSubstr("Linux version 6.1."));
  for (const char* complaint :
       {"BUG:", "Oops", "WARNING:", "Call Trace", "not syncing", "segfault"})
    EXPECT_THAT(guest->heard(), Not(HasSubstr(complaint)));
}

INSTANTIATE_TEST_SUITE_P(Debian, Kernel,
                         ::testing::Values("linux64", "linux64-noapic", "linux32",
                                           "linux32-noapic"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace ice86
