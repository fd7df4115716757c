// SPDX-License-Identifier: LGPL-2.1-or-later
// Level and edge lines, and the trace bus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/bus/lines.h"
#include "emulator/bus/trace.h"

namespace ice86 {
namespace {

using ::testing::ElementsAre;

TEST(LevelLine, TellsOfChangesOnly) {
  std::vector<bool> heard;
  LevelLine line([&](bool high) { heard.push_back(high); });
  line.set(false);
  line.set(true);
  line.set(true);
  line.set(false);
  EXPECT_THAT(heard, ElementsAre(true, false));
}

TEST(LevelLine, RestoringIsSilent) {
  LevelLine line([](bool) { FAIL(); });
  line.restore(true);
  EXPECT_TRUE(line.high());
}

TEST(EdgeLine, TellsOfEveryMoment) {
  int pulses = 0;
  EdgeLine line([&] { ++pulses; });
  line.pulse();
  line.pulse();
  EXPECT_EQ(pulses, 2);
}

TEST(TraceBus, GivesEachSinkItsCategories) {
  Clock clock;
  TraceBus bus(clock);
  std::vector<std::string> seen;
  EXPECT_FALSE(bus.wants(TraceCategory::kIo));
  const unsigned number =
      bus.subscribe(TraceBus::mask_of(TraceCategory::kIo),
                    [&](const TraceEvent& event) { seen.emplace_back(event.name); });
  EXPECT_TRUE(bus.wants(TraceCategory::kIo));
  EXPECT_FALSE(bus.wants(TraceCategory::kPci));
  bus.emit(TraceCategory::kIo, "read", {});
  bus.emit(TraceCategory::kPci, "write", {});
  bus.unsubscribe(number);
  EXPECT_FALSE(bus.wants(TraceCategory::kIo));
  bus.emit(TraceCategory::kIo, "late", {});
  EXPECT_THAT(seen, ElementsAre("read"));
}

TEST(TraceBus, NamesOfCategoriesGoBothWays) {
  for (unsigned i = 0; i < kTraceCategories; ++i) {
    const auto category = static_cast<TraceCategory>(i);
    EXPECT_EQ(trace_category(name_of(category)), category);
  }
  EXPECT_FALSE(trace_category("nonsense"));
}

}  // namespace
}  // namespace ice86
