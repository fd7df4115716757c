// SPDX-License-Identifier: LGPL-2.1-or-later
// Disk images: never changed unless asked, one writer, odd lengths.
#include "emulator/bus/block_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace ice86 {
namespace {

class Images : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ice86-image-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "disk.img";
    std::ofstream(path_, std::ios::binary) << std::string(1024, 'a') << "tail";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string contents() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::filesystem::path folder_, path_;
  std::vector<std::uint8_t> sector_ = std::vector<std::uint8_t>(512, 'b');
};

TEST_F(Images, AnOverlayLeavesTheFileAlone) {
  const std::string before = contents();
  auto image = BlockImage::open(path_, BlockImage::Writes::kOverlay);
  ASSERT_TRUE(image);
  ASSERT_TRUE((*image)->write(1, sector_));
  std::vector<std::uint8_t> read(512);
  ASSERT_TRUE((*image)->read(1, read));
  EXPECT_EQ(read, sector_);
  ASSERT_TRUE((*image)->flush());
  EXPECT_EQ(contents(), before);
}

TEST_F(Images, WritesReachTheFileWhenAsked) {
  auto image = BlockImage::open(path_, BlockImage::Writes::kFile);
  ASSERT_TRUE(image);
  ASSERT_TRUE((*image)->write(0, sector_));
  ASSERT_TRUE((*image)->flush());
  EXPECT_EQ(contents().substr(0, 513), std::string(512, 'b') + "a");
}

TEST_F(Images, ASecondWriterIsRefused) {
  auto first = BlockImage::open(path_, BlockImage::Writes::kFile);
  ASSERT_TRUE(first);
  EXPECT_FALSE(BlockImage::open(path_, BlockImage::Writes::kFile));
}

TEST_F(Images, AWriteProtectedMediumRefuses) {
  auto image = BlockImage::open(path_, BlockImage::Writes::kRefused);
  ASSERT_TRUE(image);
  EXPECT_TRUE((*image)->read_only());
  EXPECT_FALSE((*image)->write(0, sector_));
}

TEST_F(Images, AnOddLengthIsPaddedWithZeros) {
  auto image = BlockImage::open(path_, BlockImage::Writes::kOverlay);
  ASSERT_TRUE(image);
  ASSERT_EQ((*image)->sectors(), 3u);
  std::vector<std::uint8_t> read(512, 0xff);
  ASSERT_TRUE((*image)->read(2, read));
  EXPECT_EQ(read[0], 't');
  EXPECT_EQ(read[4], 0);
  EXPECT_EQ(read[511], 0);
}

TEST_F(Images, AWriteFillsAnOddLastSector) {
  auto image = BlockImage::open(path_, BlockImage::Writes::kFile);
  ASSERT_TRUE(image);
  ASSERT_TRUE((*image)->write(2, sector_));
  std::vector<std::uint8_t> read(512);
  ASSERT_TRUE((*image)->read(2, read));
  EXPECT_EQ(read, sector_);
  EXPECT_EQ(contents(), std::string(1024, 'a') + std::string(512, 'b'));
}

TEST_F(Images, EmptyMissingAndFoldersAreErrors) {
  std::ofstream(folder_ / "empty");
  EXPECT_FALSE(BlockImage::open(folder_ / "empty", BlockImage::Writes::kOverlay));
  EXPECT_FALSE(BlockImage::open(folder_ / "missing", BlockImage::Writes::kOverlay));
  EXPECT_FALSE(BlockImage::open(folder_, BlockImage::Writes::kOverlay));
}

TEST_F(Images, TheOverlayTravelsInASnapshot) {
  auto image = BlockImage::open(path_, BlockImage::Writes::kOverlay);
  ASSERT_TRUE((*image)->write(1, sector_));
  Archive writer = Archive::writer();
  (*image)->serialize(writer);
  auto other = BlockImage::open(path_, BlockImage::Writes::kOverlay);
  Archive reader = Archive::reader(writer.bytes());
  (*other)->serialize(reader);
  ASSERT_TRUE(reader.finish());
  std::vector<std::uint8_t> read(512);
  ASSERT_TRUE((*other)->read(1, read));
  EXPECT_EQ(read, sector_);
}

}  // namespace
}  // namespace ice86
