// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/diff/diff.h"

namespace ice86::harness {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

IntEvent call(std::uint8_t vector, std::uint32_t eax, std::uint16_t segment = 0x0800) {
  IntEvent event;
  event.vector = vector;
  event.in.eax = eax;
  event.caller = {segment, 0x10};
  event.out = Registers{};
  event.extras.edit().memory = "00";
  return event;
}

bool agree(const IntEvent& left, const IntEvent& right, const std::string& rules) {
  auto read = parse_rules(rules, "rules.toml");
  EXPECT_TRUE(read) << read.error().message();
  IntTrace a, b;
  a.events = {left};
  b.events = {right};
  DiffOptions options;
  options.rules = *read;
  return compare({&a, &b}, options).equal();
}

TEST(DiffRules, AFieldOfAServiceMayDiffer) {
  const IntEvent left = call(0x13, 0x0800);
  IntEvent right = left;
  right.out->ecx = 0x1234;
  right.extras.edit().memory = "01";
  EXPECT_FALSE(agree(left, right, ""));
  EXPECT_TRUE(agree(left, right, "[[mask]]\nint = \"13:08\"\nfields = [\"CX\", \"memory\"]"));
  EXPECT_TRUE(agree(left, right, "[[mask]]\nint = \"13\"\nfields = [\"CX\", \"memory\"]"));
  EXPECT_FALSE(agree(left, right, "[[mask]]\nint = \"13:08\"\nfields = [\"CX\"]"));
  EXPECT_FALSE(agree(left, right, "[[mask]]\nint = \"13:42\"\nfields = [\"CX\", \"memory\"]"));
  EXPECT_FALSE(agree(left, right,
                     "[[mask]]\nint = \"13:08\"\nwhen = \"call\"\n"
                     "fields = [\"CX\", \"memory\"]"));
}

TEST(DiffRules, SomeBitsMayDiffer) {
  const IntEvent left = call(0x13, 0x0800);
  IntEvent right = left;
  right.out->ecx = 0x00ff;
  const std::string rule = "[[mask]]\nint = \"13\"\nfields = [\"CX\"]\nbits = 0x00ff\n";
  EXPECT_TRUE(agree(left, right, rule));
  right.out->ecx = 0x01ff;
  EXPECT_FALSE(agree(left, right, rule));
}

TEST(DiffRules, CallsAreLeftOutByServiceAndByCaller) {
  const IntEvent left = call(0x13, 0x0800, 0xf000);
  IntEvent right = left;
  right.out->eax = 1;
  EXPECT_FALSE(agree(left, right, ""));
  EXPECT_TRUE(agree(left, right, "[[ignore]]\nint = \"13:08\""));
  EXPECT_TRUE(agree(left, right, "[[ignore]]\ncaller = \"f000\""));
  EXPECT_FALSE(agree(left, right, "[[ignore]]\nint = \"13:08\"\ncaller = \"c000\""));
}

TEST(DiffRules, TheDefaultOnesCanBeLeftOut) {
  const IntEvent left = call(0x1a, 0);
  IntEvent right = left;
  right.out->edx = 1;
  EXPECT_TRUE(agree(left, right, ""));
  EXPECT_FALSE(agree(left, right, "defaults = false"));
}

TEST(DiffRules, CallersNeedNotBeTheSame) {
  const IntEvent left = call(0x13, 0x4100), right = call(0x13, 0x4100, 0x9000);
  EXPECT_FALSE(agree(left, right, ""));
  EXPECT_TRUE(agree(left, right, "callers = false"));
}

TEST(DiffRules, WhatIsMaskedIsCounted) {
  const auto rules = parse_rules(
      "[[mask]]\nint = \"13\"\nfields = [\"CX\"]\nreason = \"geometry\"\n"
      "[[ignore]]\nint = \"10\"\n",
      "r");
  ASSERT_TRUE(rules);
  IntTrace a, b;
  a.events = {call(0x13, 0x0800), call(0x10, 0x0e41)};
  b.events = {call(0x13, 0x0800)};
  b.events[0].out->ecx = 7;
  DiffOptions options;
  options.rules = *rules;
  const Comparison result = compare({&a, &b}, options);
  EXPECT_TRUE(result.equal());
  EXPECT_EQ(result.masked, (std::map<std::string, std::uint64_t>{{"geometry", 1}}));
  EXPECT_EQ(result.ignored, 1u);
}

struct Wrong {
  const char* rules;
  const char* message;
};

class WrongRules : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongRules, AreNamedWithTheirLine) {
  const auto rules = parse_rules(GetParam().rules, "rules.toml");
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().kind(), ErrorKind::kUsage);
  EXPECT_THAT(rules.error().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongRules,
    ::testing::Values(
        Wrong{"\n[[maks]]\nint = \"13\"\n",
              "rules.toml:2: 'maks' is not known here; did you mean mask?"},
        Wrong{"[[mask]]\nint = \"13\"\nfields = [\"AX\",\n\"QX\"]",
              "rules.toml:4: there is no field 'QX'; there are AX, BX"},
        Wrong{"[[mask]]\nint = \"13\"\n", "rules.toml:1: 'fields' is missing"},
        Wrong{"[[mask]]\nfields = [\"AX\"]\n", "rules.toml:1: which calls?"},
        Wrong{"[[mask]]\nint = \"13:zz\"\nfields = [\"AX\"]",
              "rules.toml:2: 'int' is a vector (13), with AH (13:42) or AX (15:e820), in "
              "hexadecimal, not '13:zz'"},
        Wrong{"[[mask]]\nint = \"13\"\nfields = [\"AX\"]\nwhen = \"later\"",
              "rules.toml:4: 'when'"},
        Wrong{"[[mask]]\nint = \"13\"\nfields = [\"CF\"]\nbits = 1",
              "rules.toml:4: 'bits' goes with registers, not with CF"},
        Wrong{"[[mask]]\nint = \"13\"\nfields = [\"AX\"]\nbits = -1", "rules.toml:4: 'bits'"},
        Wrong{"[[ignore]]\ncaller = \"f0000\"", "rules.toml:2: 'caller' is a segment"},
        Wrong{"[[ignore]]\nint = 13", "rules.toml:2: 'int' is not a text"},
        Wrong{"ignore = 3", "rules.toml:1: it is [[ignore]]"},
        Wrong{"defaults = 1", "rules.toml:1: 'defaults' is neither true nor false"},
        Wrong{"[[mask", "rules.toml"}));

}  // namespace
}  // namespace ice86::harness
