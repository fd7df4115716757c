// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 test` as a CI job meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TestCommand : public Program {
 protected:
  // A scenario of the talking ROM.
  void scenario(const std::string& name, const std::string& steps, const std::string& head = "") {
    write(name + ".toml",
          "machine = {firmware = \"" + guest("talking_rom") + "\"}\n" + head + "\n" + steps);
  }
  std::string contents(const std::string& name) {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(TestCommand, WaitsSendsChecksAndSeesTheEnd) {
  scenario("all", R"(
[[step]]
post = 0x55
[[step]]
memory = 0x500
width = 2
value = 0x1234
[[step]]
serial = "ready> "
[[step]]
send = "i"
[[step]]
int = "13:42"
carry = true
[[step]]
registers = {ah = 0x42, esp = 0x7000}
[[step]]
int = "13:0201"
carry = false
[[step]]
serial = "ready> "
[[step]]
send = "k"
[[step]]
pause = "10ms"
[[step]]
type = "a"
[[step]]
serial = "O"
within = "1s"
[[step]]
send = "q"
[[step]]
port = 0x8900
value = 0x53
[[step]]
end = "power-off"
)");
  const Outcome outcome = ice86("test all.toml");
  EXPECT_EQ(outcome.exit, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("PASS    all"), HasSubstr("1 of 1 passed")));
  EXPECT_THAT(contents("ice86-test/001-all/serial.log"), HasSubstr("talking ROM"));
}

TEST_F(TestCommand, OneOfEachEnding) {
  for (const char* const one : {"reset", "crash", "stuck"}) {
    scenario(one, std::string("[[step]]\nserial = \"ready> \"\n[[step]]\nsend = \"") +
                      (one[0] == 's' ? 'h' : one[0]) + "\"\n[[step]]\nend = \"" + one + "\"\n");
  }
  const Outcome outcome = ice86("test . --jobs 3");
  EXPECT_EQ(outcome.exit, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("3 of 3 passed"));
}

TEST_F(TestCommand, AnEndThatNoStepExpectsIsAFailure) {
  scenario("off",
           "[[step]]\nserial = \"ready> \"\n[[step]]\nsend = \"c\"\n[[step]]\npause = \"1s\"\n");
  const Outcome outcome = ice86("test off.toml");
  EXPECT_EQ(outcome.exit, 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("the guest crashed (triple fault), which no step expects"));
}

TEST_F(TestCommand, AFailureTellsWhereAndHowToSeeItAgain) {
  scenario("wrong",
           "[[step]]\nserial = \"ready> \"\n[[step]]\nsend = \"i\"\n"
           "[[step]]\nserial = \"never\"\nwithin = \"5ms\"\n");
  scenario("right", "[[step]]\nserial = \"ready> \"\n");
  const Outcome outcome =
      ice86("test . --jobs 2 --junit out.xml --tap-file out.tap --json-file out.json");
  EXPECT_EQ(outcome.exit, 1) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("wrong.toml:8: serial \"never\": no such text on COM1"),
                    HasSubstr("PASS    right"), HasSubstr("disk: extended read"),
                    HasSubstr("test ./wrong.toml --only wrong --display sdl"),
                    HasSubstr("1 of 2 passed, 1 failed")));
  EXPECT_THAT(contents("out.xml"),
              AllOf(HasSubstr("tests=\"2\" failures=\"1\""),
                    HasSubstr("<failure type=\"failed\" message=\"./wrong.toml:8")));
  EXPECT_THAT(contents("out.tap"), AllOf(HasSubstr("ok 1 - right"), HasSubstr("not ok 2 - wrong")));
  EXPECT_THAT(contents("out.json"), HasSubstr("\"verdict\": \"failed\""));

  const Outcome again = ice86("test . --rerun-failed");
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.output, AllOf(HasSubstr("0 of 1 passed"), Not(HasSubstr("PASS"))));
}

TEST_F(TestCommand, AMatrixGivesACaseForEachCombination) {
  write("m.toml",
        "[machine]\nfirmware = \"${rom}\"\nmemory = \"${memory}\"\n[matrix]\nmemory = [8, 16]\n"
        "rom = [{name = \"talking\", file = \"x\"}]\n[[step]]\nserial = \"${rom.file}\"\n");
  Outcome outcome = ice86("test m.toml --list");
  EXPECT_EQ(outcome.exit, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("m[memory=8,rom=talking]"), HasSubstr("m[memory=16,rom=talking]")));
  outcome = ice86("test m.toml --list --shard 2/2");
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("memory=16"));
  outcome = ice86("test m.toml --list --only memory=8");
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("memory=8"), Not(HasSubstr("memory=16"))));
}

// A wrong file costs nothing but itself.
TEST_F(TestCommand, WhatIsWrongIsNamedAndTheOthersAreKept) {
  scenario("good", "[[step]]\nserial = \"ready> \"\n");
  scenario("typo", "[[step]]\nserail = \"ready> \"\n");
  write("missing.toml", "[machine]\nfirmware = \"nowhere/bios.bin\"\n[[step]]\npost = 1\n");
  scenario("impossible", "[[step]]\npacket = \"dhcp\"\n");
  scenario("endless", "[[step]]\npost = 0x77\n", "limits = {time = \"20ms\"}");
  Outcome outcome = ice86("test .");
  EXPECT_EQ(outcome.exit, 2) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("typo.toml:4: 'serail' is not known here; did you mean serial?"),
                    HasSubstr("nowhere/bios.bin"), HasSubstr("PASS    good"),
                    HasSubstr("impossible.toml:4: packet \"dhcp\": this step is impossible"),
                    HasSubstr("out of virtual time"),
                    HasSubstr("1 of 5 passed, 1 failed, 2 invalid, 1 missing something")));
  EXPECT_EQ(ice86("test missing.toml").exit, 6);
  EXPECT_EQ(ice86("test endless.toml").exit, 1);
  outcome = ice86("test nowhere.toml");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("nowhere.toml"));
}

TEST_F(TestCommand, AGoldenTraceIsBlessedComparedAndReported) {
  const std::string steps =
      "[[step]]\nserial = \"ready> \"\n[[step]]\nsend = \"i\"\n[[step]]\nserial = \"ready> \"\n";
  scenario("t", steps, "trace = {golden = \"t.jsonl.zst\"}");
  Outcome outcome = ice86("test t.toml");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("--bless"));
  // Nothing is written unasked.
  outcome = ice86("test t.toml --bless");
  EXPECT_EQ(outcome.exit, 1) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("t.jsonl.zst: is new"), HasSubstr("--yes")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "t.jsonl.zst"));
  EXPECT_EQ(ice86("test t.toml --bless --yes").exit, 0);
  EXPECT_EQ(ice86("test t.toml").exit, 0);
  outcome = ice86("test t.toml --bless");
  EXPECT_EQ(outcome.exit, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("nothing changes"));
  scenario("t", steps + "[[step]]\nsend = \"i\"\n[[step]]\nserial = \"ready> \"\n",
           "trace = {golden = \"t.jsonl.zst\"}");
  outcome = ice86("test t.toml");
  EXPECT_EQ(outcome.exit, 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("differs from"));
  // What changes is shown before it is written.
  const std::string before = contents("t.jsonl.zst");
  outcome = ice86("test t.toml --bless");
  EXPECT_EQ(outcome.exit, 1) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("disk: extended read"), HasSubstr("--yes")));
  EXPECT_EQ(contents("t.jsonl.zst"), before);
  EXPECT_EQ(ice86("test t.toml --bless --yes").exit, 0);
  EXPECT_EQ(ice86("test t.toml").exit, 0);
  // Cut in the middle.
  const std::string golden = contents("t.jsonl.zst");
  write("t.jsonl.zst", golden.substr(0, golden.size() / 2));
  outcome = ice86("test t.toml");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("t.jsonl.zst"));
}

TEST_F(TestCommand, EveryRunEndsInTheSameState) {
  scenario("s",
           "[[step]]\nserial = \"ready> \"\n[[step]]\nsend = \"i\"\n[[step]]\nint = \"13:02\"\n");
  const auto hash = [&](const std::string& options) {
    EXPECT_EQ(ice86("test s.toml " + options).exit, 0);
    const std::string results = contents("ice86-test/results.json");
    const std::size_t at = results.find("state_sha256");
    return results.substr(at, 84);
  };
  const std::string first = hash("");
  EXPECT_EQ(first.size(), 84u);
  EXPECT_EQ(hash(""), first);
}

}  // namespace
}  // namespace ice86::app_test
