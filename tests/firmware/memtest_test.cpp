// SPDX-License-Identifier: LGPL-2.1-or-later
// memtest86+ as Debian ships it, from GRUB on a disk. The disk is made by
// images/linux/make_linux_disks.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/firmware/support/guest.h"

namespace ice86 {
namespace {

using ::testing::ContainsRegex;

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

}  // namespace
}  // namespace ice86
