// SPDX-License-Identifier: LGPL-2.1-or-later
// `ice86 diff` as a CI job meets it: exit codes, rules, columns, and files that are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DiffCommand : public Program {
 protected:
  // A trace of the talking ROM; `scenario` calls INT 13h so many times.
  void record(const std::string& name, unsigned calls) {
    std::string steps;
    for (unsigned i = 0; i < calls; ++i)
      steps += "[[step]]\nserial = \"ready> \"\n[[step]]\nsend = \"i\"\n";
    write("record.toml", "machine = {firmware = \"" + guest("talking_rom") +
                             "\"}\ntrace = {golden = \"" + name + "\"}\n" + steps +
                             "[[step]]\nserial = \"ready> \"\n");
    const Outcome outcome = ice86("test record.toml --bless --yes");
    ASSERT_EQ(outcome.exit, 0) << outcome.output;
  }
  std::string contents(const std::string& name) {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void changed(const std::string& name, const std::string& from, const std::string& to) {
    std::string text = contents("a.jsonl");
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write(name, text.replace(at, from.size(), to));
  }
};

TEST_F(DiffCommand, AgreesOrSaysWhereNot) {
  record("a.jsonl", 1);
  record("b.jsonl", 2);
  EXPECT_EQ(ice86("diff a.jsonl a.jsonl").exit, 0);
  const Outcome two = ice86("diff a.jsonl b.jsonl");
  EXPECT_EQ(two.exit, 5);
  EXPECT_THAT(two.output, AllOf(HasSubstr("The traces diverge"), HasSubstr("too many")));
  const Outcome three = ice86("diff a.jsonl a.jsonl b.jsonl --html page.html");
  EXPECT_EQ(three.exit, 5);
  EXPECT_THAT(three.output, AllOf(HasSubstr("B a.jsonl (ice86: "), HasSubstr("the same"),
                                  HasSubstr("C b.jsonl")));
  EXPECT_THAT(contents("page.html"), HasSubstr("\"name\":\"b.jsonl\""));
  EXPECT_THAT(ice86("diff a.jsonl b.jsonl --json").output, HasSubstr("\"equal\": false"));
  const Outcome quiet = ice86("diff -q a.jsonl b.jsonl");
  EXPECT_EQ(quiet.exit, 5);
  EXPECT_EQ(quiet.output, "");
  // What is left out cannot differ.
  write("rules.toml", "[[ignore]]\nint = \"13\"\n");
  const Outcome ruled = ice86("diff a.jsonl b.jsonl --rules rules.toml");
  EXPECT_EQ(ruled.exit, 0) << ruled.output;
  EXPECT_THAT(ruled.output, HasSubstr("calls are left out by rules"));
}

TEST_F(DiffCommand, WhatIsWrongIsNamedWithItsLine) {
  record("a.jsonl", 1);
  const std::string whole = contents("a.jsonl");
  write("cut.jsonl", whole.substr(0, whole.size() - 20));
  Outcome outcome = ice86("diff a.jsonl cut.jsonl");
  EXPECT_EQ(outcome.exit, 6);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("cut.jsonl: line "), HasSubstr("the file ends in the middle")));
  changed("newer.jsonl", "\"version\":4", "\"version\":9");
  outcome = ice86("diff a.jsonl newer.jsonl");
  EXPECT_EQ(outcome.exit, 6);
  EXPECT_THAT(
      outcome.output,
      HasSubstr("newer.jsonl: line 1: trace version 9; this program reads versions 1 to 4"));
  changed("other.jsonl", "ice86-int-trace", "something-else");
  outcome = ice86("diff a.jsonl other.jsonl");
  EXPECT_EQ(outcome.exit, 6);
  EXPECT_THAT(outcome.output, HasSubstr("other.jsonl: line 1: is no ice86-int-trace file"));
  write("rules.toml", "[[mask]]\nint = \"13\"\nfeilds = [\"AX\"]\n");
  outcome = ice86("diff a.jsonl a.jsonl --rules rules.toml");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output,
              HasSubstr("rules.toml:3: 'feilds' is not known here; did you mean fields?"));
  EXPECT_EQ(ice86("diff a.jsonl nowhere.jsonl").exit, 6);
  EXPECT_EQ(ice86("diff a.jsonl a.jsonl --rules nowhere.toml").exit, 6);
  outcome = ice86("diff a.jsonl");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output, HasSubstr("a reference trace is needed, and at least one to judge"));
}

}  // namespace
}  // namespace ice86::app_test
