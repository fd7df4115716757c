// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/diff/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;

IntEvent call(std::uint8_t vector, std::uint32_t eax, std::uint16_t ip, std::uint32_t out_eax = 0) {
  IntEvent event;
  event.vector = vector;
  event.in.eax = eax;
  event.caller = {0x0800, ip};
  event.out = Registers{};
  event.out->eax = out_eax;
  event.how = ReturnKind::kIret;
  event.service = "service";
  return event;
}

IntTrace trace(std::vector<IntEvent> events) {
  IntTrace result;
  result.events = std::move(events);
  for (std::size_t i = 0; i < result.events.size(); ++i) result.events[i].number = i;
  return result;
}

const std::vector<IntEvent> kBoot = {call(0x13, 0x4100, 1), call(0x13, 0x4200, 2),
                                     call(0x15, 0xe820, 3), call(0x13, 0x4200, 4),
                                     call(0x10, 0x0e41, 5)};

TEST(Diff, EqualTracesAgree) {
  const DiffResult result = diff(trace(kBoot), trace(kBoot), {});
  EXPECT_TRUE(result.equal());
  EXPECT_EQ(result.compared, 5u);
}

TEST(Diff, AnInsertedCallIsFoundAndTheRestStillAligns) {
  auto more = kBoot;
  more.insert(more.begin() + 2, call(0x1a, 0x0200, 9));
  const DiffResult result = diff(trace(kBoot), trace(more), {});
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].kind, Difference::Kind::kOnlyRight);
  EXPECT_EQ(result.differences[0].right, 2u);
}

TEST(Diff, AMissingCallIsFoundAndTheRestStillAligns) {
  auto fewer = kBoot;
  fewer.erase(fewer.begin() + 1);
  const DiffResult result = diff(trace(kBoot), trace(fewer), {});
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].kind, Difference::Kind::kOnlyLeft);
  EXPECT_EQ(result.differences[0].left, 1u);
}

TEST(Diff, AChangedResultNamesTheRegister) {
  auto changed = kBoot;
  changed[3].out->eax = 0x0400;
  changed[3].out->flags = 1;
  const DiffResult result = diff(trace(kBoot), trace(changed), {});
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].fields,
            (std::vector<std::pair<Field, bool>>{{Field::kAx, true}, {Field::kCf, true}}));
  const std::string text = diff_text(trace(kBoot), trace(changed), result);
  EXPECT_THAT(text, HasSubstr("AX on return: 0000 | 0400"));
  EXPECT_THAT(diff_json(trace(kBoot), trace(changed), result), HasSubstr("\"left\": 3"));
}

TEST(Diff, TickCountsAreMasked) {
  auto left = kBoot;
  auto right = kBoot;
  left.push_back(call(0x1a, 0x0000, 6));
  right.push_back(call(0x1a, 0x0000, 6));
  right.back().out->edx = 18;
  EXPECT_TRUE(diff(trace(left), trace(right), {}).equal());
}

TEST(Diff, HowOftenAGuestPollsDoesNotCount) {
  auto left = kBoot;
  auto right = kBoot;
  for (int i = 0; i < 100; ++i) left.push_back(call(0x16, 0x0100, 7));
  right.push_back(call(0x16, 0x0100, 7));
  EXPECT_TRUE(diff(trace(left), trace(right), {}).equal());
}

TEST(Diff, OtherCallersAlignOnlyWhenAsked) {
  auto moved = kBoot;
  for (IntEvent& event : moved) event.caller.segment = 0x9000;
  EXPECT_EQ(diff(trace(kBoot), trace(moved), {}).differences.size(), 10u);
  DiffOptions options;
  options.align_by_caller = false;
  EXPECT_TRUE(diff(trace(kBoot), trace(moved), options).equal());
}

TEST(Diff, EmptyTracesAreHandled) {
  EXPECT_TRUE(diff(trace({}), trace({}), {}).equal());
  EXPECT_EQ(diff(trace(kBoot), trace({}), {}).differences.size(), 5u);
  EXPECT_EQ(diff(trace({}), trace(kBoot), {}).differences.size(), 5u);
}

}  // namespace
}  // namespace ice86::harness
