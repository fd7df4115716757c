// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/rare.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ice86 {
namespace {

TEST(Rare, IsEmptyUntilItIsSetAndInTheRoomOfAPointer) {
  static_assert(sizeof(Rare<std::string>) == sizeof(void*));
  Rare<std::string> text;
  EXPECT_TRUE(text->empty());
  text = "a word";
  EXPECT_EQ(*text, "a word");
  EXPECT_EQ(text->size(), 6u);
  text = std::string();
  EXPECT_EQ(text, Rare<std::string>());
}

TEST(Rare, CopiesAreOfTheValue) {
  Rare<std::vector<int>> first;
  first.edit().push_back(1);
  Rare<std::vector<int>> second = first;
  second.edit().push_back(2);
  EXPECT_EQ(*first, (std::vector<int>{1}));
  EXPECT_EQ(*second, (std::vector<int>{1, 2}));
  EXPECT_FALSE(first == second);
  first = second;
  EXPECT_EQ(first, second);
  first = std::move(second);
  EXPECT_EQ(first->size(), 2u);
  const Rare<std::vector<int>>& itself = first;
  first = itself;
  EXPECT_EQ(first->size(), 2u);
}

// What edit() leaves empty is the same as what was never set.
TEST(Rare, ComparesValues) {
  Rare<std::string> touched;
  touched.edit();
  EXPECT_EQ(touched, Rare<std::string>());
  EXPECT_EQ(touched, std::string());
}

}  // namespace
}  // namespace ice86
