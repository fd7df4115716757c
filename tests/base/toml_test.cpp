// SPDX-License-Identifier: LGPL-2.1-or-later
// TOML texts of any bytes.
#include "emulator/base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86 {
namespace {

using ::testing::StartsWith;

TEST(Toml, CharactersBeyondAsciiStandInStringsAndComments) {
  const auto table = parse_toml(
      "\xef\xbb\xbf# \xc3\xa4\n"
      "a = \"\xc3\xa4 # \\\" \xc3\xb6\"  # \xe2\x80\xa9\n"
      "b = '\xc3\xa4\\'\n"
      "c = \"\"\"\xc3\xa4\n\"\" \\\n  x \xc3\xa4\"\"\"\"\n"
      "d = '''\xc3\xa4'''\n",
      "t.toml");
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ((*table)["a"].value<std::string>(), "\xc3\xa4 # \" \xc3\xb6");
  EXPECT_EQ((*table)["b"].value<std::string>(), "\xc3\xa4\\");
  EXPECT_EQ((*table)["c"].value<std::string>(), "\xc3\xa4\n\"\" x \xc3\xa4\"");
}

TEST(Toml, ElsewhereTheyAreRefusedWithTheLine) {
  for (const char* text :
       {"a = 1\n\xc3\xa4 = 2\n", "a = 1\nb = \"x\"\xc3\xa4\n", "a = 1\n\xe2\x80\x83",
        "a = 1\nb = '\\'\xc3\xa4'\n", "a = 1 # '\n\xc2\xa0", "a = 1\nb =7\"\xcf\x81`M\"\n"}) {
    const auto table = parse_toml(text, "t.toml");
    ASSERT_FALSE(table) << text;
    EXPECT_THAT(table.error().message(), StartsWith("t.toml:2: a character")) << text;
  }
  const auto folded = parse_toml("a = \"\"\"x \\\n \xc2\xa0\"\"\"\n", "t.toml");
  ASSERT_FALSE(folded);
  EXPECT_THAT(folded.error().message(), StartsWith("t.toml:2: a character"));
}

TEST(Toml, SyntaxErrorsHaveTheirLine) {
  for (const char* text : {"a = 1\nb\n", "a = 1\nb = \"x\n", "a = 1\nb = '''\xc3\xa4", "\xff",
                           "a = \"\\", "a = \"\"\"\\"}) {
    const auto table = parse_toml(text, "t.toml");
    ASSERT_FALSE(table) << text;
    EXPECT_THAT(table.error().message(), StartsWith("t.toml:")) << text;
    EXPECT_EQ(table.error().kind(), ErrorKind::kUsage);
  }
}

}  // namespace
}  // namespace ice86
