// SPDX-License-Identifier: LGPL-2.1-or-later
// The stock BIOSes boot GRUB here and in Bochs, and every call is the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "tests/app/reference.h"

namespace ice86::app_test {
namespace {

class StockBios : public Reference, public ::testing::WithParamInterface<const char*> {};

TEST_P(StockBios, ABootOfGrubIsTheSameInBochs) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  // Nor has Bochs tables for SeaBIOS, which makes smaller ones by itself.
  boot_both(GetParam(), GetParam() == std::string_view("seabios") ? "--no-acpi " : "");
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

// Loaders that start Debian's kernel through its real-mode code: docs/references.md has the table.
struct Row {
  const char* loader;
  const char* firmware;
};
// The name in the list of tests.
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.loader << " on " << row.firmware;
}
class Loaders : public Reference, public ::testing::WithParamInterface<Row> {
 protected:
  std::string boot() const {
    return std::string("-q -m 256 --firmware ") + GetParam().firmware + " --disk '" ICE86_ZOO "/" +
           GetParam().loader + "-linux.img' ";
  }
};

class LoadersInQemu : public Loaders {};

TEST_P(Loaders, CallAsInBochs) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  const bool seabios = std::string(GetParam().firmware) == "seabios";
  const Outcome bochs =
      ice86("reference bochs --boot c,menu=on --max-time 60s --out bochs.jsonl " + boot());
  ASSERT_EQ(bochs.exit, 3) << bochs.output;
  const Outcome ours = ice86("trace --boot c,menu=on --max-time 15s --out ours.jsonl " + boot());
  ASSERT_EQ(ours.exit, 3) << ours.output;
  EXPECT_GE(count("ours.jsonl", "\"service\":\"disk: extended read\""), 150u);
  EXPECT_GE(count("ours.jsonl", "\"service\":\"memory map E820\""), 6u);
  const Outcome same = ice86(std::string("diff bochs.jsonl ours.jsonl --rules '" ICE86_RULES "/") +
                             (seabios ? "seabios-in-bochs" : "bochs") + ".rules'");
  EXPECT_EQ(same.exit, 0) << same.output;
}

TEST_P(LoadersInQemu, CallAsInQemu) {
  if (!has_qemu()) GTEST_SKIP() << "the Debian package qemu-system-x86 is not installed";
  const Outcome qemu = ice86("reference qemu --max-time 30s --out qemu.jsonl " + boot());
  ASSERT_EQ(qemu.exit, 3) << qemu.output;
  const Outcome ours = ice86("trace --max-time 15s --out ours.jsonl " + boot());
  ASSERT_EQ(ours.exit, 3) << ours.output;
  const Outcome same =
      ice86("diff qemu.jsonl ours.jsonl --rules '" ICE86_RULES "/seabios-in-qemu.rules'");
  EXPECT_EQ(same.exit, 0) << same.output;
}

// QEMU cannot run the others: docs/references.md.
INSTANTIATE_TEST_SUITE_P(Each, LoadersInQemu,
                         ::testing::Values(Row{"grub-legacy", "seabios"},
                                           Row{"syslinux", "seabios"}));
INSTANTIATE_TEST_SUITE_P(Each, Loaders,
                         ::testing::Values(Row{"grub-legacy", "stack"}, Row{"grub-legacy", "bochs"},
                                           Row{"grub-legacy", "seabios"}, Row{"syslinux", "stack"},
                                           Row{"syslinux", "bochs"}, Row{"syslinux", "seabios"}));

INSTANTIATE_TEST_SUITE_P(Each, StockBios, ::testing::Values("bochs-legacy", "bochs", "seabios"));

}  // namespace
}  // namespace ice86::app_test
