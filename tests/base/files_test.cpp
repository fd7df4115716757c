// SPDX-License-Identifier: LGPL-2.1-or-later
// Whole files, and what is said when they are not as they should be.
#include "emulator/base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "emulator/base/file_writer.h"
#include "emulator/base/hash.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ice86-files-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
};

TEST_F(Files, AreReadAsWritten) {
  const std::vector<std::uint8_t> bytes = {0, 1, 2, 255, 10, 13};
  ASSERT_TRUE(write_file(folder_ / "a", bytes));
  const auto read = read_file(folder_ / "a", 100);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, bytes);
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, AreReplacedWhole) {
  ASSERT_TRUE(write_file(folder_ / "a", "a long text"));
  ASSERT_TRUE(write_file(folder_ / "a", "short"));
  EXPECT_EQ(read_file(folder_ / "a", 100)->size(), 5u);
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, ThatAreMissingAreNamed) {
  const auto read = read_file(folder_ / "nowhere", 100);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), HasSubstr("nowhere"));
}

TEST_F(Files, AFolderIsNoFile) {
  EXPECT_FALSE(read_file(folder_, 100));
}

TEST_F(Files, ThatAreTooLargeAreRefused) {
  ASSERT_TRUE(write_file(folder_ / "a", std::string(101, 'x')));
  EXPECT_FALSE(read_file(folder_ / "a", 100));
  EXPECT_TRUE(read_file(folder_ / "a", 101));
}

TEST_F(Files, AFailedWriteLeavesNothingBehind) {
  EXPECT_FALSE(write_file(folder_ / "missing" / "a", "text"));
  EXPECT_EQ(count(), 0u);
}

TEST_F(Files, LinksStayLinksAndPipesStayPipes) {
  ASSERT_TRUE(write_file(folder_ / "a", "old"));
  std::filesystem::create_symlink("a", folder_ / "link");
  ASSERT_TRUE(write_file(folder_ / "link", "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "a", 100)->size(), 3u);
  EXPECT_EQ(read_file(folder_ / "a", 100)->front(), 'n');

  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const int reader = ::open((folder_ / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_TRUE(write_file(folder_ / "pipe", "text"));
  char text[8] = {};
  EXPECT_EQ(::read(reader, text, sizeof text), 4);
  ::close(reader);
  EXPECT_STREQ(text, "text");
  EXPECT_TRUE(std::filesystem::is_fifo(folder_ / "pipe"));
  EXPECT_EQ(count(), 3u);
}

TEST_F(Files, WhatIsNotFinishedLeavesTheOldFile) {
  ASSERT_TRUE(write_file(folder_ / "a", "old"));
  {
    auto writer = FileWriter::create(folder_ / "a");
    ASSERT_TRUE(writer);
    writer->add("a new text");
  }
  EXPECT_EQ(read_file(folder_ / "a", 100)->size(), 3u);
  EXPECT_EQ(count(), 1u);
}

// FIPS 180-4, example "abc".
TEST(Hash, IsSha256) {
  const std::vector<std::uint8_t> abc = {'a', 'b', 'c'};
  EXPECT_EQ(sha256_hex(abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace ice86
