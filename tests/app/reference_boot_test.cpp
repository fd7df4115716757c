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

INSTANTIATE_TEST_SUITE_P(Each, StockBios, ::testing::Values("bochs-legacy", "bochs", "seabios"));

}  // namespace
}  // namespace ice86::app_test
