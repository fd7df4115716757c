// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/diff/diff_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace ice86::harness {
namespace {

using ::testing::AllOf;
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

// A comparison that keeps what it compared.
struct Compared {
  Compared(std::vector<IntTrace> all, const DiffOptions& options) : owned(std::move(all)) {
    for (std::size_t i = 0; i < owned.size(); ++i) {
      traces.push_back(&owned[i]);
      names.push_back("trace" + std::to_string(i));
    }
    result = compare(traces, options);
    for (const std::size_t index : result.differences()) differences.push_back(result.rows[index]);
  }
  Compared(const Compared&) = delete;

  DiffReport report() const { return {traces, names, result}; }
  std::string text() const { return diff_text(report()); }
  std::string json() const { return diff_json(report()); }
  bool equal() const { return result.equal(); }

  std::vector<IntTrace> owned;
  Traces traces;
  std::vector<std::string> names;
  Comparison result;
  std::vector<Row> differences;
};

std::unique_ptr<Compared> diff(IntTrace left, IntTrace right, const DiffOptions& options = {}) {
  return std::make_unique<Compared>(std::vector<IntTrace>{std::move(left), std::move(right)},
                                    options);
}

using Verdict = Cell::Verdict;

const std::vector<IntEvent> kBoot = {call(0x13, 0x4100, 1), call(0x13, 0x4200, 2),
                                     call(0x15, 0xe820, 3), call(0x13, 0x4200, 4),
                                     call(0x10, 0x0e41, 5)};

TEST(Diff, EqualTracesAgree) {
  const auto result = diff(trace(kBoot), trace(kBoot));
  EXPECT_TRUE(result->equal());
  EXPECT_EQ(result->result.rows.size(), 5u);
}

TEST(Diff, AnInsertedCallIsFoundAndTheRestStillAligns) {
  auto more = kBoot;
  more.insert(more.begin() + 2, call(0x1a, 0x0200, 9));
  const auto result = diff(trace(kBoot), trace(more));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[1].verdict, Verdict::kExtra);
  EXPECT_EQ(result->differences[0].cells[1].call, 2u);
}

TEST(Diff, AMissingCallIsFoundAndTheRestStillAligns) {
  auto fewer = kBoot;
  fewer.erase(fewer.begin() + 1);
  const auto result = diff(trace(kBoot), trace(fewer));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[1].verdict, Verdict::kMissing);
  EXPECT_EQ(result->differences[0].cells[0].call, 1u);
}

TEST(Diff, AChangedResultNamesTheRegister) {
  auto changed = kBoot;
  changed[3].out->eax = 0x0400;
  changed[3].out->flags = 1;
  const auto result = diff(trace(kBoot), trace(changed));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[1].fields,
            (std::vector<FieldAt>{{Field::kAx, true}, {Field::kCf, true}}));
  const std::string text = result->text();
  EXPECT_THAT(text, HasSubstr("AX on return: 0000 | 0400"));
  EXPECT_THAT(result->json(), HasSubstr("\"call\": 3"));
}

TEST(Diff, TickCountsAreMasked) {
  auto left = kBoot;
  auto right = kBoot;
  left.push_back(call(0x1a, 0x0000, 6));
  right.push_back(call(0x1a, 0x0000, 6));
  right.back().out->edx = 18;
  EXPECT_TRUE(diff(trace(left), trace(right))->equal());
}

TEST(Diff, HowOftenAGuestPollsDoesNotCount) {
  auto left = kBoot;
  auto right = kBoot;
  for (int i = 0; i < 100; ++i) left.push_back(call(0x16, 0x0100, 7));
  right.push_back(call(0x16, 0x0100, 7));
  EXPECT_TRUE(diff(trace(left), trace(right))->equal());
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
  EXPECT_TRUE(diff(trace(left), trace(right))->equal());
  right.back() = poll(0x3920, true);
  const auto result = diff(trace(left), trace(right));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[0].call, 105u);
  EXPECT_EQ(result->differences[0].cells[1].call, 8u);
  // A key that only one of them saw is a call too many.
  right.pop_back();
  EXPECT_EQ(diff(trace(left), trace(right))->differences.size(), 1u);
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
  EXPECT_TRUE(diff(trace(left), trace(right))->equal());
  // Another call ends the waiting: the next question is a new one.
  left.push_back(kBoot[0]);
  left.push_back(call(0x16, 0x0100, 7));
  right.push_back(kBoot[0]);
  EXPECT_EQ(diff(trace(left), trace(right))->differences.size(), 1u);
}

TEST(Diff, UpperHalvesCountWhereTheServiceUsesThem) {
  auto left = kBoot;
  auto right = kBoot;
  right[2].out->ebx = 0x10000;
  auto result = diff(trace(left), trace(right));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[1].fields, (std::vector<FieldAt>{{Field::kBx, true}}));
  EXPECT_THAT(result->text(), HasSubstr("EBX on return: 00000000 | 00010000"));
  EXPECT_THAT(result->json(), HasSubstr("\"EBX\""));
  left.push_back(call(0x1a, 0xb10a, 6));
  right = left;
  right.back().out->ecx = 0x12378086;
  left.back().out->ecx = 0x70008086;
  EXPECT_EQ(diff(trace(left), trace(right))->differences.size(), 1u);
  // INT 13h is a 16-bit service: what its caller had above is nobody's business.
  right = left;
  right[0].in.ebx = right[0].out->edx = 0xdead0000;
  EXPECT_TRUE(diff(trace(left), trace(right))->equal());
}

TEST(Diff, WhatACallLeftInMemoryCounts) {
  auto left = kBoot;
  auto right = kBoot;
  left[1].extras.edit().memory = right[1].extras.edit().memory = "sha256:aa";
  left[2].extras.edit().memory = "0000";
  right[2].extras.edit().memory = "0001";
  const auto result = diff(trace(left), trace(right));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_THAT(result->text(), HasSubstr("memory on return: 0000 | 0001"));
  // A recorder that does not tell memory is not judged by it.
  right[1].extras.edit().memory = right[2].extras.edit().memory = "";
  EXPECT_TRUE(diff(trace(left), trace(right))->equal());
}

TEST(Diff, ACallThatDoesNotReturnDiffersUnlessTheTraceEndsInIt) {
  auto left = kBoot;
  auto right = kBoot;
  right[1].out.reset();
  const auto result = diff(trace(left), trace(right));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[1].fields,
            (std::vector<FieldAt>{{Field::kReturned, true}}));
  right = left;
  right.back().out.reset();
  EXPECT_TRUE(diff(trace(left), trace(right))->equal());
}

TEST(Diff, ATraceThatIsNotWholeIsSaidToBeSo) {
  IntTrace left = trace(kBoot);
  left.losses.calls = 7;
  const auto result = diff(left, trace(kBoot));
  EXPECT_THAT(result->text(), HasSubstr("trace0 is not whole: 7 calls and 0 returns are missing"));
  EXPECT_THAT(result->json(), HasSubstr("\"whole\": false"));
}

TEST(Diff, OtherCallersAlignOnlyWhenAsked) {
  auto moved = kBoot;
  for (IntEvent& event : moved) event.caller.segment = 0x9000;
  EXPECT_EQ(diff(trace(kBoot), trace(moved))->differences.size(), 10u);
  DiffOptions options;
  options.rules.align_by_caller = false;
  EXPECT_TRUE(diff(trace(kBoot), trace(moved), options)->equal());
}

TEST(Diff, EmptyTracesAreHandled) {
  EXPECT_TRUE(diff(trace({}), trace({}))->equal());
  EXPECT_EQ(diff(trace(kBoot), trace({}))->differences.size(), 5u);
  EXPECT_EQ(diff(trace({}), trace(kBoot))->differences.size(), 5u);
}

// What the same INT instruction asks for instead is one call that differs, not one too few and one
// too many.
TEST(Diff, AnotherFunctionFromTheSamePlaceIsNamed) {
  auto changed = kBoot;
  changed[1].in.eax = 0x0201;
  const auto result = diff(trace(kBoot), trace(changed));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[1].fields, (std::vector<FieldAt>{{Field::kAx, false}}));
  EXPECT_THAT(result->text(), HasSubstr("AX at the call: 4200 | 0201"));
}

// A loop reads sector after sector from one place with one AX. One read that is missing is one
// difference: the others find their partners by what they ask for.
TEST(Diff, WhatACallGivesBackAsItGotItIsItsCallersDoing) {
  auto left = kBoot;
  auto right = kBoot;
  right[1].in.ecx = right[1].out->ecx = 7;
  const auto result = diff(trace(left), trace(right));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[1].fields, (std::vector<FieldAt>{{Field::kCx, false}}));
  right[1].out->ecx = 8;
  EXPECT_EQ(diff(trace(left), trace(right))->differences[0].cells[1].fields,
            (std::vector<FieldAt>{{Field::kCx, false}, {Field::kCx, true}}));
}

TEST(Diff, AMissingRoundOfALoopDoesNotShiftTheOthers) {
  std::vector<IntEvent> loop;
  for (std::uint32_t i = 0; i < 20; ++i) {
    loop.push_back(call(0x13, 0x4200, 1));
    loop.back().arguments = "sector " + std::to_string(i);
    loop.back().in.ebx = loop.back().out->ebx = i;
  }
  auto fewer = loop;
  fewer.erase(fewer.begin() + 7);
  const auto result = diff(trace(loop), trace(fewer));
  ASSERT_EQ(result->differences.size(), 1u);
  EXPECT_EQ(result->differences[0].cells[0].call, 7u);
  // Where all ask for something else they are partners in order.
  auto others = loop;
  for (IntEvent& event : others) event.arguments = "elsewhere " + *event.arguments;
  EXPECT_TRUE(diff(trace(loop), trace(others))->equal());
}

TEST(Diff, ManyInsertedCallsAreNoReasonToLoseTheRest) {
  auto left = kBoot;
  auto right = kBoot;
  for (unsigned i = 0; i < 20'000; ++i) {
    left.push_back(call(0x10, 0x0e00 | i % 7, 100));
    right.push_back(call(0x10, 0x0900 | i % 5, 200));
  }
  for (unsigned i = 0; i < 3'000; ++i) {
    left.push_back(call(0x13, 0x4200, static_cast<std::uint16_t>(1000 + i % 10)));
    right.push_back(left.back());
  }
  const auto result = diff(trace(left), trace(right));
  EXPECT_EQ(result->differences.size(), 40'000u);
  EXPECT_EQ(result->result.rows.size(), 43'005u);
}

TEST(Diff, SeveralTracesStandInColumns) {
  auto missing = kBoot;
  missing.erase(missing.begin() + 3);
  auto extra = kBoot;
  extra.insert(extra.begin() + 1, call(0x1a, 0x0400, 9));
  extra.back().out->eax = 0x1111;
  const Compared result({trace(kBoot), trace(kBoot), trace(missing), trace(extra)}, {});
  ASSERT_EQ(result.differences.size(), 3u);
  const auto verdicts = [&](std::size_t row) {
    std::vector<Verdict> list;
    for (std::size_t i = 1; i < 4; ++i) list.push_back(result.differences[row].cells[i].verdict);
    return list;
  };
  using V = std::vector<Verdict>;
  EXPECT_EQ(verdicts(0), (V{Verdict::kNothing, Verdict::kNothing, Verdict::kExtra}));
  EXPECT_EQ(verdicts(1), (V{Verdict::kSame, Verdict::kMissing, Verdict::kSame}));
  EXPECT_EQ(verdicts(2), (V{Verdict::kSame, Verdict::kSame, Verdict::kValues}));
  EXPECT_EQ(result.result.traces[0].different, 0u);
  EXPECT_EQ(result.result.traces[1].different, 1u);
  EXPECT_EQ(result.result.traces[2].different, 2u);
  EXPECT_THAT(result.text(),
              AllOf(HasSubstr("B trace1 (ice86: ): the same"), HasSubstr("C has no such call"),
                    HasSubstr("AX on return: 0000 | 1111")));
}

TEST(Diff, TheVerdictNamesServicesAndFields) {
  auto changed = kBoot;
  for (IntEvent& event : changed) event.service = event.vector == 0x13 ? "disk" : "other";
  auto reference = changed;
  changed[0].out->ecx = 1;
  changed[3].out->flags = 1;
  const auto result = diff(trace(reference), trace(changed));
  EXPECT_THAT(result->text(),
              HasSubstr("13h   disk                               2 of 3 differ: CX "
                        "on return, CF on return\n"));
}

TEST(Diff, ThePageHoldsTheColumnsAndNoTextEndsItsData) {
  auto changed = kBoot;
  changed[3].result = "</script>";
  changed[3].out->eax = 5;
  const std::string html = diff_html(diff(trace(kBoot), trace(changed))->report());
  EXPECT_THAT(html, AllOf(HasSubstr("\\u003c/script>"), HasSubstr("\"name\":\"trace1\""),
                          HasSubstr("[\"AX\",\"return\",\"0000\",\"0005\"]")));
}

// Calls that agree and are far from one that differs are not in the page.
TEST(Diff, ThePageOfALongTraceStaysSmall) {
  std::vector<IntEvent> calls;
  for (std::uint32_t i = 0; i < 60'000; ++i)
    calls.push_back(call(0x13, 0x4200, static_cast<std::uint16_t>(i)));
  auto changed = calls;
  changed[30'000].out->eax = 5;
  const std::string html = diff_html(diff(trace(calls), trace(changed))->report());
  EXPECT_LT(html.size(), 100'000u);
  EXPECT_THAT(html, HasSubstr("29950,[19,"));
}

}  // namespace
}  // namespace ice86::harness
