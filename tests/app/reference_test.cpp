// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 reference bochs`: the same boot here and in Debian's Bochs, and what happens when Bochs is
// missing, ends early or never.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/app/reference.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(Reference, MissingBochsNamesItsPackage) {
  const Outcome outcome = reference("--firmware " + guest("exit_rom"), "PATH=/nowhere");
  EXPECT_EQ(outcome.exit, 6);
  EXPECT_THAT(outcome.output, HasSubstr("install the Debian package bochs"));
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(Reference, MissingQemuNamesItsPackage) {
  const Outcome outcome = ice86("reference qemu --firmware " + guest("exit_rom"), "PATH=/nowhere");
  EXPECT_EQ(outcome.exit, 6);
  EXPECT_THAT(outcome.output, HasSubstr("install the Debian package qemu-system-x86"));
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(Reference, EndsInQemuHaveTheirExitCodes) {
  if (!has_qemu()) GTEST_SKIP() << "the Debian package qemu-system-x86 is not installed";
  const std::string here = "TMPDIR='" + folder_.string() + "'";
  const Outcome done = ice86("reference qemu -q --firmware " + guest("exit_rom"), here);
  EXPECT_EQ(done.exit, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("wrote 0x5 to the debug exit port"));
  const Outcome late =
      ice86("reference qemu -q --max-wall 3s --firmware " + guest("hang_rom"), here);
  EXPECT_EQ(late.exit, 3) << late.output;
  EXPECT_THAT(late.output, HasSubstr("wall-clock limit"));
  const Outcome refused = ice86("reference qemu -q --firmware bochs", here);
  EXPECT_NE(refused.exit, 0);
  EXPECT_THAT(refused.output, HasSubstr("finds its VGA BIOS at C0000"));
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(Reference, MissingDisplayNamesItsPackage) {
  const std::string path = pretend_bochs(
      "echo 'Bochs is exiting with the following message:' >&2\n"
      "echo \"[      ] bochsrc:9: display library 'term' not available\" >&2\nexit 1\n");
  const Outcome outcome = reference("--firmware " + guest("exit_rom"), path);
  EXPECT_EQ(outcome.exit, 6);
  EXPECT_THAT(outcome.output, HasSubstr("install the Debian package bochs-term"));
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(Reference, SomethingElseCalledBochsIsAClearError) {
  for (const char* script :
       {"exit 0\n", "while :; do echo nonsense nonsense nonsense nonsense nonsense; done\n",
        "echo -n '<bochs:1> '; exit 0\n",
        "echo -n '<bochs:1> '; i=2; while read line; do "
        "echo -n \"nonsense <bochs:$i> \"; i=$((i + 1)); done\n"}) {
    const Outcome outcome = reference("--firmware " + guest("exit_rom"), pretend_bochs(script));
    EXPECT_TRUE(outcome.exit == 6 || outcome.exit == 4) << script << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("ochs")) << script;
    EXPECT_THAT(files_left(), IsEmpty());
  }
}

TEST_F(Reference, ABochsThatNeverAnswersIsEnded) {
  const Outcome outcome = reference("--max-wall 300ms --firmware " + guest("exit_rom"),
                                    pretend_bochs("while :; do :; done\n"));
  EXPECT_EQ(outcome.exit, 3) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("wall-clock limit"));
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(Reference, ADiskToWriteToIsRefused) {
  const Outcome outcome = reference("--disk " + file("d.img", 1 << 20) + ",write=on");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output, HasSubstr("never writes"));
}

TEST_F(Reference, EndsHaveTheirExitCodes) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  const Outcome crash = reference("--firmware " + guest("triple_fault_rom"));
  EXPECT_EQ(crash.exit, 4) << crash.output;
  EXPECT_THAT(crash.output, HasSubstr("triple fault"));
  const Outcome done = reference("--firmware " + guest("exit_rom"));
  EXPECT_EQ(done.exit, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("wrote 0x5 to the debug exit port"));
  const Outcome late = reference("--max-time 50ms --firmware " + guest("hang_rom"));
  EXPECT_EQ(late.exit, 3) << late.output;
  EXPECT_THAT(late.output, HasSubstr("out of virtual time"));
  const Outcome halted = reference("--max-wall 1s --firmware " + guest("halt_rom"));
  EXPECT_EQ(halted.exit, 3) << halted.output;
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(Reference, TwoRunsGiveTheSameBytes) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  for (const char* name : {"a.jsonl", "b.jsonl"}) {
    const Outcome outcome =
        reference(std::string("--firmware bochs-legacy --max-instructions 3000000 --out ") + name);
    EXPECT_EQ(outcome.exit, 3) << outcome.output;
  }
  EXPECT_GT(count("a.jsonl", "\"vec\":\"10\""), 100u);
  EXPECT_EQ(content("a.jsonl"), content("b.jsonl"));
  EXPECT_THAT(files_left(), UnorderedElementsAre("a.jsonl", "b.jsonl"));
}

// docs/bochs-differences.md has the list of what may differ, and it is empty. The stock BIOSes:
// reference_boot_test.cpp.
TEST_F(Reference, ABootOfTheStackIsTheSameInBochs) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  boot_both("stack");
  const Outcome same = ice86("diff bochs.jsonl ours.jsonl");
  EXPECT_EQ(same.exit, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("The traces agree"));

  // And that the comparison can fail: another memory size is another memory map.
  ASSERT_EQ(
      ice86("trace -q -m 64 --firmware stack --disk " ICE86_GRUB_DISK " --out other.jsonl").exit,
      0);
  const Outcome other = ice86("diff --int 15 bochs.jsonl other.jsonl");
  EXPECT_EQ(other.exit, 5);
  EXPECT_THAT(other.output, HasSubstr("memory on return"));
}

}  // namespace
}  // namespace ice86::app_test
