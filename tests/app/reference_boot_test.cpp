// SPDX-License-Identifier: LGPL-2.1-or-later
// The stock BIOSes boot GRUB here and in Bochs, and every call is the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/app/reference.h"

namespace ice86::app_test {
namespace {

class StockBios : public Reference, public ::testing::WithParamInterface<const char*> {};

TEST_P(StockBios, ABootOfGrubIsTheSameInBochs) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  boot_both(GetParam());
  const Outcome same = ice86("diff bochs.jsonl ours.jsonl");
  EXPECT_EQ(same.exit, 0) << same.output;
  EXPECT_THAT(same.output, ::testing::HasSubstr("The traces agree"));
}

// docs/references.md: nothing differs.
TEST_F(Reference, ABootOfGrubUnderSeabiosIsTheSameInQemu) {
  if (!has_qemu()) GTEST_SKIP() << "the Debian package qemu-system-x86 is not installed";
  const std::string boot = "--firmware seabios --disk '" ICE86_GRUB_DISK "' ";
  const Outcome qemu =
      ice86("reference qemu -q " + boot + "--out qemu.jsonl", "TMPDIR='" + folder_.string() + "'");
  ASSERT_EQ(qemu.exit, 0) << qemu.output;
  EXPECT_THAT(files_left(), ::testing::ElementsAre("qemu.jsonl"));
  EXPECT_GE(count("qemu.jsonl", "\"service\":\"disk: extended read\""), 10u);
  EXPECT_EQ(count("qemu.jsonl", "\"out\":null"), 1u);
  const Outcome ours = ice86("trace -q " + boot + "--out ours.jsonl");
  ASSERT_EQ(ours.exit, 0) << ours.output;
  const Outcome same = ice86("diff qemu.jsonl ours.jsonl");
  EXPECT_EQ(same.exit, 0) << same.output;
  EXPECT_THAT(same.output, ::testing::HasSubstr("The traces agree"));
}

INSTANTIATE_TEST_SUITE_P(Each, StockBios, ::testing::Values("bochs-legacy", "bochs", "seabios"));

}  // namespace
}  // namespace ice86::app_test
