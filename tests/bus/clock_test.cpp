// SPDX-License-Identifier: LGPL-2.1-or-later
// Virtual time: instructions become nanoseconds, deadlines come in order.
#include "emulator/bus/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Clock, CountsInstructionsAtItsRate) {
  Clock clock(100);
  clock.instructions() = 250;
  EXPECT_EQ(clock.now(), 2500u);
  Clock slow(3);
  slow.instructions() = 1;
  EXPECT_EQ(slow.now(), 333u);
  slow.instructions() = 3;
  EXPECT_EQ(slow.now(), 1000u);
}

TEST(Clock, DoesNotOverflowAfterYears) {
  Clock clock(1'000'000);
  clock.instructions() = 1'000'000'000'000'000'000;
  EXPECT_EQ(clock.now(), 1'000'000'000'000'000u);
}

// Whatever the rate is, and wherever the count.
TEST(Clock, IsTheExactQuotient) {
  for (const std::uint64_t rate : {1, 2, 3, 7, 8, 100, 125, 999, 1000, 1001, 65'537, 999'999}) {
    Clock clock(rate);
    std::uint64_t value = 1;
    for (unsigned i = 0; i < 20'000; ++i) {
      value = value * 6364136223846793005 + 1442695040888963407;
      const std::uint64_t count = (value >> (i % 50)) / 1000;
      clock.instructions() = count;
      ASSERT_EQ(clock.now(), count / rate * 1000 + count % rate * 1000 / rate)
          << rate << ' ' << count;
    }
    for (std::uint64_t whole = 1; whole < 5000; whole += 7) {
      for (const std::uint64_t count : {whole * rate - 1, whole * rate, whole * rate + 1}) {
        clock.instructions() = count;
        ASSERT_EQ(clock.now(), count / rate * 1000 + count % rate * 1000 / rate)
            << rate << ' ' << count;
      }
    }
  }
}

TEST(Clock, RunsTimersByDeadlineThenByArming) {
  Clock clock(1000);
  std::vector<int> order;
  Timer late(clock, "late", [&](Nanoseconds) { order.push_back(3); });
  Timer second(clock, "second", [&](Nanoseconds) { order.push_back(2); });
  Timer first(clock, "first", [&](Nanoseconds) { order.push_back(1); });
  late.arm_at(200);
  first.arm_at(100);
  second.arm_at(100);
  clock.instructions() = 99;
  clock.run_due_events();
  EXPECT_TRUE(order.empty());
  clock.instructions() = 300;
  clock.run_due_events();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(Clock, SaysHowManyInstructionsMayRetire) {
  Clock clock(3);  // 333.3 ns each
  Timer timer(clock, "timer", [](Nanoseconds) {});
  timer.arm_at(1000);
  EXPECT_EQ(clock.instructions_until_next_event(), 3u);
  timer.arm_at(1001);
  EXPECT_EQ(clock.instructions_until_next_event(), 4u);
  clock.instructions() = 4;
  EXPECT_EQ(clock.instructions_until_next_event(), 0u);
}

// The two directions must agree, or an event would come an instruction late.
TEST(Clock, AnEventIsDueExactlyAfterTheInstructionsItNamed) {
  for (const std::uint64_t rate : {1u, 3u, 7u, 100u, 333u, 1000u, 999'983u}) {
    Clock clock(rate);
    for (Nanoseconds deadline = 1; deadline < 5000; deadline += 37) {
      const std::uint64_t count = clock.instructions_until(deadline);
      clock.instructions() = count;
      EXPECT_GE(clock.now(), deadline) << rate;
      if (count > 0) {
        clock.instructions() = count - 1;
        EXPECT_LT(clock.now(), deadline) << rate;
      }
      clock.instructions() = 0;
    }
  }
}

TEST(Clock, ATimerMayArmItselfAgain) {
  Clock clock(1000);
  std::vector<Nanoseconds> times;
  Timer* self = nullptr;
  Timer timer(clock, "periodic", [&](Nanoseconds deadline) {
    times.push_back(deadline);
    self->arm_at(deadline + 10);
  });
  self = &timer;
  timer.arm_at(10);
  clock.instructions() = 35;
  clock.run_due_events();
  EXPECT_THAT(times, ElementsAre(10, 20, 30));
  EXPECT_EQ(timer.deadline(), 40u);
}

TEST(Clock, ACancelledTimerIsSilent) {
  Clock clock;
  Timer timer(clock, "timer", [](Nanoseconds) { FAIL(); });
  timer.arm_at(1);
  timer.cancel();
  clock.skip_to(100);
  clock.run_due_events();
  EXPECT_FALSE(clock.next_deadline());
}

TEST(Clock, ANearerDeadlineIsTold) {
  Clock clock;
  int told = 0;
  clock.on_nearer_deadline([&] { ++told; });
  Timer a(clock, "a", [](Nanoseconds) {}), b(clock, "b", [](Nanoseconds) {});
  a.arm_at(1000);
  const int before = told;
  b.arm_at(2000);
  EXPECT_EQ(told, before);
  b.arm_at(500);
  EXPECT_GT(told, before);
}

TEST(Clock, ComesBackFromASnapshotInTheSameOrder) {
  std::vector<int> order;
  Clock clock(1000);
  Timer a(clock, "a", [&](Nanoseconds) { order.push_back(1); });
  Timer b(clock, "b", [&](Nanoseconds) { order.push_back(2); });
  b.arm_at(50);
  a.arm_at(50);
  clock.instructions() = 7;
  clock.skip_to(20);
  Archive writer = Archive::writer();
  clock.serialize(writer);
  clock.instructions() = 10000;
  clock.run_due_events();
  order.clear();
  Archive reader = Archive::reader(writer.bytes());
  clock.serialize(reader);
  ASSERT_TRUE(reader.finish());
  EXPECT_EQ(clock.now(), 20u);
  clock.skip_to(50);
  clock.run_due_events();
  EXPECT_THAT(order, ElementsAre(2, 1));
}

// A damaged snapshot: a timer that repeats would catch up with each second of the time between.
TEST(Clock, RefusesTimersThatAreLongOverdue) {
  const auto loaded = [](Nanoseconds deadline, Nanoseconds now) {
    Clock saved(1000), clock(1000);
    Timer from(saved, "t", [](Nanoseconds) {}), to(clock, "t", [](Nanoseconds) {});
    from.arm_at(deadline);
    saved.skip_to(now);
    Archive writer = Archive::writer();
    saved.serialize(writer);
    Archive reader = Archive::reader(writer.bytes());
    clock.serialize(reader);
    auto done = reader.finish();
    if (!done) {
      EXPECT_EQ(clock.now(), 0u);  // as before
    }
    return done;
  };
  constexpr Nanoseconds kSecond = 1'000'000'000;
  EXPECT_TRUE(loaded(kSecond, kSecond + 1000));
  const auto overdue = loaded(kSecond, 3 * kSecond);
  ASSERT_FALSE(overdue);
  EXPECT_THAT(overdue.error().message(), HasSubstr("timer 't'"));
  const auto late = loaded(kSecond, Nanoseconds{1} << 62);
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message(), HasSubstr("time is out of range"));
}

}  // namespace
}  // namespace ice86
