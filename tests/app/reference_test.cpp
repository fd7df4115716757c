// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 reference bochs`: the same boot here and in Debian's Bochs, and what happens when Bochs is
// missing, ends early or never.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Reference : public Program {
 protected:
  // Temporary files are made where their absence is checked.
  Outcome reference(const std::string& arguments, const std::string& environment = "") {
    return ice86("reference bochs -q " + arguments,
                 environment + " TMPDIR='" + folder_.string() + "'");
  }
  static bool has_bochs() {
    return std::system("command -v bochs >/dev/null") == 0;  // NOLINT(cert-env33-c)
  }
  // A program called bochs, in a folder that is the whole PATH.
  std::string pretend_bochs(const std::string& script) {
    const std::filesystem::path place = folder_.string() + "-path";
    std::filesystem::create_directory(place);
    pretended_ = place;
    std::ofstream(place / "bochs") << "#!/bin/sh\n" << script;
    std::filesystem::permissions(place / "bochs", std::filesystem::perms::owner_all);
    return "PATH='" + place.string() + "'";
  }
  void TearDown() override {
    if (!pretended_.empty()) std::filesystem::remove_all(pretended_);
    Program::TearDown();
  }
  std::string content(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  // Lines of a trace with this text.
  std::size_t count(const std::string& name, const std::string& text) const {
    std::ifstream file(folder_ / name);
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line);)
      if (line.find(text) != std::string::npos) ++lines;
    return lines;
  }
  std::filesystem::path pretended_;
};

TEST_F(Reference, MissingBochsNamesItsPackage) {
  const Outcome outcome = reference("--firmware " + guest("exit_rom"), "PATH=/nowhere");
  EXPECT_EQ(outcome.exit, 6);
  EXPECT_THAT(outcome.output, HasSubstr("install the Debian package bochs"));
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

// The verdict: everything the Bochs BIOS, GRUB and the test kernel do from reset to the end, call
// by call. docs/bochs-differences.md has the list of what may differ, and it is empty for this
// boot.
TEST_F(Reference, ABootOfGrubIsTheSameInBochs) {
  if (!has_bochs()) GTEST_SKIP() << "the Debian package bochs is not installed";
  const std::string disk = ICE86_GRUB_DISK;
  const auto written = std::filesystem::last_write_time(disk);
  const std::string boot = "--firmware bochs-legacy --disk '" + disk + "' ";
  const Outcome bochs = reference(boot + "--out bochs.jsonl");
  ASSERT_EQ(bochs.exit, 0) << bochs.output;
  EXPECT_EQ(std::filesystem::last_write_time(disk), written);
  EXPECT_THAT(files_left(), UnorderedElementsAre("bochs.jsonl"));
  // That it is a boot, seen from both ends.
  EXPECT_GE(count("bochs.jsonl", "\"service\":\"disk: extended read\""), 10u);
  EXPECT_GE(count("bochs.jsonl", "\"service\":\"memory map E820\""), 10u);
  EXPECT_GE(count("bochs.jsonl", "\"vec\":\"16\""), 100u);
  EXPECT_GE(count("bochs.jsonl", "\"memory\":\"sha256:"), 10u);
  EXPECT_EQ(count("bochs.jsonl", "\"out\":null"), 1u);  // INT 19h

  ASSERT_EQ(ice86("trace -q " + boot + "--out ours.jsonl").exit, 0);
  const Outcome same = ice86("diff bochs.jsonl ours.jsonl");
  EXPECT_EQ(same.exit, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("The traces agree"));

  // And that the comparison can fail: another memory size is another memory map.
  ASSERT_EQ(ice86("trace -q -m 64 " + boot + "--out other.jsonl").exit, 0);
  const Outcome other = ice86("diff --int 15 bochs.jsonl other.jsonl");
  EXPECT_EQ(other.exit, 5);
  EXPECT_THAT(other.output, HasSubstr("memory on return"));
}

}  // namespace
}  // namespace ice86::app_test
