// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/base/shared.h"

#include <gtest/gtest.h>

#include <string>

namespace ice86 {
namespace {

TEST(Shared, ACopyIsTheSameValue) {
  Shared<std::string> first = std::string("a word");
  const Shared<std::string> second = first;
  EXPECT_EQ(&*first, &*second);
  first = "another";
  EXPECT_EQ(*first, "another");
  EXPECT_EQ(*second, "a word");
}

TEST(Shared, ComparesValues) {
  const Shared<std::string> first = std::string("a word"), second = std::string("a word");
  EXPECT_NE(&*first, &*second);
  EXPECT_TRUE(first == second);
  EXPECT_TRUE(first == "a word");
  EXPECT_FALSE(first == Shared<std::string>());
}

TEST(Shared, OfTheEmptyValueThereIsOne) {
  const Shared<std::string> none, empty = std::string();
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(&*none, &*empty);
}

}  // namespace
}  // namespace ice86
