// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures that scenarios compare with.
#include "harness/scenario/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Picture, ComesBackFromItsFile) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("ice86-picture-" + std::to_string(::getpid()) + ".png");
  devices::Frame frame{3, 2, {0x010203, 0xffffff, 0, 0x800000, 0x008000, 0x000080}};
  ASSERT_TRUE(write_picture(file, frame));
  const auto read = read_picture(file);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->width, 3u);
  EXPECT_EQ(read->pixels, frame.pixels);
  std::ofstream(file) << "no picture";
  const auto damaged = read_picture(file);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message(), HasSubstr(file.string()));
  std::filesystem::remove(file);
}

TEST(Picture, DiffersByMoreThanIsTolerated) {
  const devices::Frame wanted{2, 1, {0x101010, 0x202020}};
  const devices::Frame got{2, 1, {0x101018, 0x202020}};
  EXPECT_THAT(compare_pictures(wanted, wanted, 0, 0), IsEmpty());
  EXPECT_THAT(compare_pictures(wanted, got, 7, 0), HasSubstr("1 of 2 pixels differ"));
  EXPECT_THAT(compare_pictures(wanted, got, 8, 0), IsEmpty());
  EXPECT_THAT(compare_pictures(wanted, got, 0, 0.5), IsEmpty());
  EXPECT_THAT(compare_pictures(wanted, {1, 1, {0}}, 255, 1), HasSubstr("1x1"));
}

}  // namespace
}  // namespace ice86::harness
