// SPDX-License-Identifier: LGPL-2.1-or-later
// One function for both directions, and nothing a damaged archive can do.
#include "emulator/base/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace ice86 {
namespace {

using ::testing::HasSubstr;

enum class Colour : std::uint8_t { kRed, kGreen, kBlue };

struct Part {
  std::uint32_t number = 0;
  bool flag = false;
  Colour colour = Colour::kRed;
  std::array<std::uint16_t, 3> words{};
  std::string text;
  std::vector<std::uint64_t> list;

  void serialize(Archive& archive) {
    archive.section("part", 2, [&] {
      archive.io(number);
      archive.io(flag);
      archive.io(colour, Colour::kBlue);
      archive.io(words);
      archive.io(text, 16);
      archive.io(list, 4);
    });
  }
  friend bool operator==(const Part&, const Part&) = default;
};

Part sample() {
  return {0x12345678, true, Colour::kGreen, {1, 2, 0xffff}, "name", {7, 8}};
}

std::vector<std::uint8_t> saved(Part part) {
  Archive archive = Archive::writer();
  archive.io(part);
  EXPECT_TRUE(archive.finish());
  return archive.bytes();
}

Result<void> load(std::span<const std::uint8_t> bytes, Part& part) {
  Archive archive = Archive::reader(bytes);
  archive.io(part);
  return archive.finish();
}

TEST(Archive, GivesBackWhatWasSaved) {
  Part part;
  ASSERT_TRUE(load(saved(sample()), part));
  EXPECT_EQ(part, sample());
}

TEST(Archive, BytesDependOnTheStateOnly) {
  EXPECT_EQ(saved(sample()), saved(sample()));
}

TEST(Archive, RefusesEveryTruncation) {
  const auto bytes = saved(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Part part;
    EXPECT_FALSE(load(std::span(bytes).first(size), part)) << size;
  }
}

TEST(Archive, RefusesBytesThatAreLeftOver) {
  auto bytes = saved(sample());
  bytes.push_back(0);
  Part part;
  EXPECT_FALSE(load(bytes, part));
}

TEST(Archive, SurvivesAnyDamage) {
  const auto bytes = saved(sample());
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    auto damaged = bytes;
    for (unsigned n = random() % 4 + 1; n > 0; --n) {
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    }
    Part part;
    if (load(damaged, part)) {
      // What loads must be a state: limits hold, and it saves to the same bytes.
      EXPECT_LE(part.text.size(), 16u);
      EXPECT_LE(part.list.size(), 4u);
      EXPECT_LE(part.colour, Colour::kBlue);
    }
  }
}

TEST(Archive, NamesTheSectionThatDoesNotFit) {
  Archive writer = Archive::writer();
  writer.section("other", 1, [] {});
  const auto bytes = writer.bytes();
  Part part;
  const auto result = load(bytes, part);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("part"));
}

TEST(Archive, RefusesANewerVersion) {
  Archive writer = Archive::writer();
  writer.section("part", 3, [] {});
  Part part;
  EXPECT_FALSE(load(writer.bytes(), part));
}

TEST(Archive, TellsTheBodyWhichVersionWasStored) {
  Archive writer = Archive::writer();
  writer.section("part", 1, [] {});
  Archive reader = Archive::reader(writer.bytes());
  std::uint32_t stored = 0;
  reader.section("part", 5, [&](std::uint32_t version) { stored = version; });
  EXPECT_TRUE(reader.finish());
  EXPECT_EQ(stored, 1u);
}

TEST(Archive, AFailureLeavesLaterTargetsAlone) {
  const auto bytes = saved(sample());
  Archive reader = Archive::reader(bytes);
  reader.fail("enough");
  Part part = sample();
  part.number = 5;
  reader.io(part);
  EXPECT_EQ(part.number, 5u);
  EXPECT_FALSE(reader.finish());
}

}  // namespace
}  // namespace ice86
