// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/code_lines.h"

#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

// mov ax, 0201h; mov cx, 1; int 13h; jc +2; hlt
const std::vector<std::uint8_t> kCode = {0xb8, 0x01, 0x02, 0xb9, 0x01, 0x00,
                                         0xcd, 0x13, 0x72, 0x02, 0xf4};

TEST(CodeLines, GoOnFromAPlace) {
  const auto lines = code_lines(kCode, 0x100, 8, 10);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].offset, 0x108u);
  EXPECT_EQ(lines[1].text, "hlt");
  EXPECT_EQ(code_lines(kCode, 0x100, 8, 1).size(), 1u);
  EXPECT_TRUE(code_lines(kCode, 0x100, 11, 10).empty());
}

// Of the ways to read what lies before a place, the one with most instructions that ends there.
TEST(CodeLines, EndAtAPlace) {
  const auto lines = code_lines_before(kCode, 0x100, 8, 10);
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ(lines.back().offset, 0x106u);
  EXPECT_EQ(lines.back().text, "int 0x13");
  EXPECT_EQ(code_lines_before(kCode, 0x100, 8, 2).size(), 2u);
  EXPECT_TRUE(code_lines_before(kCode, 0x100, 0, 2).empty());
}

}  // namespace
}  // namespace ice86::harness
