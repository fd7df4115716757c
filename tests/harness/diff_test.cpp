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

TEST(Diff, EveryOtherAnswerToAPollCounts) {
  const auto poll = [](std::uint32_t answer, bool key) {
    IntEvent event = call(0x16, 0x0100, 7, answer);
    event.out->flags = key ? 0 : 0x40;
    return event;
  };
  auto left = kBoot;
  auto right = kBoot;
  for (int i = 0; i < 100; ++i) left.push_back(poll(0x0100, false));
  for (int i = 0; i < 3; ++i) right.push_back(poll(0x0100, false));
  left.push_back(poll(0x1c0d, true));
  right.push_back(poll(0x1c0d, true));
  EXPECT_TRUE(diff(trace(left), trace(right), {}).equal());
  right.back() = poll(0x3920, true);
  const DiffResult result = diff(trace(left), trace(right), {});
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].left, 105u);
  EXPECT_EQ(result.differences[0].right, 8u);
  // A key that only one of them saw is a call too many.
  right.pop_back();
  EXPECT_EQ(diff(trace(left), trace(right), {}).differences.size(), 1u);
}

TEST(Diff, ALoopThatAsksTwoQuestionsIsOnePoll) {
  auto left = kBoot;
  auto right = kBoot;
  for (int i = 0; i < 50; ++i) {
    left.push_back(call(0x16, 0x0100, 7));
    left.push_back(call(0x1a, 0x0000, 8, static_cast<std::uint32_t>(i)));
  }
  right.push_back(call(0x16, 0x0100, 7));
  right.push_back(call(0x1a, 0x0000, 8));
  EXPECT_TRUE(diff(trace(left), trace(right), {}).equal());
  // Another call ends the waiting: the next question is a new one.
  left.push_back(kBoot[0]);
  left.push_back(call(0x16, 0x0100, 7));
  right.push_back(kBoot[0]);
  EXPECT_EQ(diff(trace(left), trace(right), {}).differences.size(), 1u);
}

TEST(Diff, UpperHalvesCountWhereTheServiceUsesThem) {
  auto left = kBoot;
  auto right = kBoot;
  right[2].out->ebx = 0x10000;
  DiffResult result = diff(trace(left), trace(right), {});
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].fields,
            (std::vector<std::pair<Field, bool>>{{Field::kBx, true}}));
  EXPECT_THAT(diff_text(trace(left), trace(right), result),
              HasSubstr("EBX on return: 00000000 | 00010000"));
  EXPECT_THAT(diff_json(trace(left), trace(right), result), HasSubstr("\"EBX\""));
  left.push_back(call(0x1a, 0xb10a, 6));
  right = left;
  right.back().out->ecx = 0x12378086;
  left.back().out->ecx = 0x70008086;
  EXPECT_EQ(diff(trace(left), trace(right), {}).differences.size(), 1u);
  // INT 13h is a 16-bit service: what its caller had above is nobody's business.
  right = left;
  right[0].in.ebx = right[0].out->edx = 0xdead0000;
  EXPECT_TRUE(diff(trace(left), trace(right), {}).equal());
}

TEST(Diff, WhatACallLeftInMemoryCounts) {
  auto left = kBoot;
  auto right = kBoot;
  left[1].memory = right[1].memory = "sha256:aa";
  left[2].memory = "0000";
  right[2].memory = "0001";
  const DiffResult result = diff(trace(left), trace(right), {});
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_THAT(diff_text(trace(left), trace(right), result),
              HasSubstr("memory on return: 0000 | 0001"));
  // A recorder that does not tell memory is not judged by it.
  right[1].memory = right[2].memory = "";
  EXPECT_TRUE(diff(trace(left), trace(right), {}).equal());
}

TEST(Diff, ACallThatDoesNotReturnDiffersUnlessTheTraceEndsInIt) {
  auto left = kBoot;
  auto right = kBoot;
  right[1].out.reset();
  const DiffResult result = diff(trace(left), trace(right), {});
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].fields,
            (std::vector<std::pair<Field, bool>>{{Field::kReturned, true}}));
  right = left;
  right.back().out.reset();
  EXPECT_TRUE(diff(trace(left), trace(right), {}).equal());
}

TEST(Diff, ATraceThatIsNotWholeIsSaidToBeSo) {
  IntTrace left = trace(kBoot);
  left.header.source = "one";
  left.losses.calls = 7;
  const DiffResult result = diff(left, trace(kBoot), {});
  EXPECT_THAT(diff_text(left, trace(kBoot), result),
              HasSubstr("trace of one is not whole: 7 calls and 0 returns are missing"));
  EXPECT_THAT(diff_json(left, trace(kBoot), result), HasSubstr("\"whole\": false"));
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
