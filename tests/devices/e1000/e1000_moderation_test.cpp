// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM interrupts: causes and masks, and how they are held back in virtual time.
#include "tests/devices/e1000/e1000_bench.h"

namespace ice86 {
namespace {

using namespace e1000_test;

constexpr std::uint32_t kEnd = e::txd::kEop | e::txd::kIfcs | e::txd::kRs;

// What time passed until the line rises, or nothing after a second.
std::optional<Nanoseconds> time_to_interrupt(Bench& b) {
  const Nanoseconds start = b.clock.now();
  while (!b.inta.high()) {
    if (b.clock.now() - start > 1'000'000'000) return std::nullopt;
    b.advance(1);
    if (!b.inta.high() && b.clock.instructions_until_next_event() > 1) {
      b.advance(std::min<std::uint64_t>(b.clock.instructions_until_next_event(), 1'000'000) - 1);
    }
  }
  return b.clock.now() - start;
}

TEST(E1000Interrupt, CausesMasksAndTheLine) {
  Bench b;
  b.out(e::kIcs, e::cause::kTxqe | e::cause::kRxo);
  EXPECT_FALSE(b.inta.high());
  EXPECT_EQ(b.peek(e::kIcr), e::cause::kTxqe | e::cause::kRxo);
  b.out(e::kIms, e::cause::kRxo);
  EXPECT_TRUE(b.inta.high());
  b.out(e::kIms, e::cause::kLsc);
  EXPECT_EQ(b.in(e::kIms), e::cause::kRxo | e::cause::kLsc) << "written ones only set";
  b.out(e::kImc, e::cause::kRxo);
  EXPECT_FALSE(b.inta.high());
  EXPECT_EQ(b.in(e::kIms), e::cause::kLsc);
  EXPECT_EQ(b.in(e::kImc), 0U);
  b.out(e::kIms, e::cause::kAll);
  EXPECT_TRUE(b.inta.high());
  b.out(e::kIcr, e::cause::kRxo);
  EXPECT_TRUE(b.inta.high()) << "TXQE is still there";
  EXPECT_EQ(b.in(e::kIcr), e::cause::kTxqe);
  EXPECT_FALSE(b.inta.high());
  EXPECT_EQ(b.in(e::kIcr), 0U);
  b.out(e::kIcs, 0xFFFFFFFF);
  EXPECT_EQ(b.in(e::kIcr), e::cause::kAll) << "no more than there are";
}

TEST(E1000Interrupt, PeekingAtTheCauseKeepsIt) {
  Bench b;
  b.out(e::kIms, e::cause::kAll);
  b.out(e::kIcs, e::cause::kTxqe);
  EXPECT_EQ(b.peek(e::kIcr), e::cause::kTxqe);
  EXPECT_EQ(b.peek(e::kIcr), e::cause::kTxqe);
  EXPECT_TRUE(b.inta.high());
}

TEST(E1000Interrupt, ReceiveDelayTimer) {
  Bench b;
  b.start();
  b.out(e::kIms, e::cause::kRxt0);
  b.out(e::kRdtr, 100);
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_EQ(b.rx(0).status & e::rxd::kDd, e::rxd::kDd) << "the frame itself is not late";
  EXPECT_EQ(time_to_interrupt(b), 102'400U);
  b.in(e::kIcr);
  // Every frame starts it anew.
  b.station.transmit(frame_to(kMac, 60));
  b.advance(100'000);
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_EQ(time_to_interrupt(b), 102'400U);
}

TEST(E1000Interrupt, ReceiveAbsoluteTimerEndsTheWait) {
  Bench b;
  b.start(64);
  b.out(e::kIms, e::cause::kRxt0);
  b.out(e::kRdtr, 100);
  b.out(e::kRadv, 250);
  const Nanoseconds start = b.clock.now();
  while (!b.inta.high()) {
    b.station.transmit(frame_to(kMac, 60));
    b.advance(1'000);
    ASSERT_LT(b.clock.now() - start, 1'000'000U);
    if (b.in(e::kRdh) != 0) b.out(e::kRdt, b.in(e::kRdh)-1);
  }
  EXPECT_GE(b.clock.now() - start, 256'000U);
  EXPECT_LE(b.clock.now() - start, 257'000U);
}

TEST(E1000Interrupt, FlushingTheReceiveDelay) {
  Bench b;
  b.start();
  b.out(e::kIms, e::cause::kRxt0);
  b.out(e::kRdtr, 60'000);
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_FALSE(b.inta.high());
  b.out(e::kRdtr, 60'000 | e::kFpd);
  EXPECT_TRUE(b.inta.high());
  EXPECT_EQ(b.in(e::kRdtr), 60'000U) << "FPD reads as zero";
  b.in(e::kIcr);
  b.out(e::kRdtr, 60'000 | e::kFpd);
  EXPECT_FALSE(b.inta.high()) << "nothing waits";
}

TEST(E1000Interrupt, SmallFramesAreToldAtOnce) {
  Bench b;
  b.start();
  b.out(e::kIms, e::cause::kSrpd);
  b.out(e::kRdtr, 60'000);
  b.out(e::kRsrpd, 100);
  b.station.transmit(frame_to(kMac, 101));
  EXPECT_FALSE(b.inta.high());
  b.station.transmit(frame_to(kMac, 100));
  EXPECT_TRUE(b.inta.high());
}

TEST(E1000Interrupt, TransmitDelayTimers) {
  Bench b;
  b.start(64);
  b.out(e::kIms, e::cause::kTxdw);
  b.out(e::kTidv, 50);
  b.queue_frame(frame_to(kBroadcast, 60), kEnd | e::txd::kIde);
  b.go();
  EXPECT_EQ(time_to_interrupt(b), 1'000U + 51'200U);
  b.in(e::kIcr);
  b.queue_frame(frame_to(kBroadcast, 60), kEnd);
  b.go();
  EXPECT_EQ(time_to_interrupt(b), 1'000U) << "without IDE there is no delay";
  b.in(e::kIcr);
  b.out(e::kTadv, 60);
  const Nanoseconds start = b.clock.now();
  while (!b.inta.high()) {
    b.queue_frame(frame_to(kBroadcast, 60), kEnd | e::txd::kIde);
    b.go();
    b.advance(10'000);
    ASSERT_LT(b.clock.now() - start, 1'000'000U);
  }
  EXPECT_GE(b.clock.now() - start, 61'440U);
  EXPECT_LE(b.clock.now() - start, 80'000U);
  b.in(e::kIcr);
  b.out(e::kTadv, 0);
  b.queue_frame(frame_to(kBroadcast, 60), kEnd | e::txd::kIde);
  b.go();
  b.advance(5'000);
  EXPECT_FALSE(b.inta.high());
  b.out(e::kTidv, 50 | e::kFpd);
  EXPECT_TRUE(b.inta.high());
}

TEST(E1000Interrupt, ThrottlingSpacesInterrupts) {
  Bench b;
  b.start(64);
  b.out(e::kIms, e::cause::kRxt0);
  b.out(e::kItr, 4000);  // 1.024 ms
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_TRUE(b.inta.high()) << "the first is not held back";
  b.in(e::kIcr);
  b.advance(24'000);
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_FALSE(b.inta.high());
  EXPECT_EQ(time_to_interrupt(b), 1'000'000U);
  b.in(e::kIcr);
  b.advance(2'000'000);
  b.station.transmit(frame_to(kMac, 60));
  EXPECT_TRUE(b.inta.high()) << "after a quiet interval at once";
}

TEST(E1000Interrupt, AThrottledCauseThatIsTakenBackGivesNone) {
  Bench b;
  b.start(64);
  b.out(e::kIms, e::cause::kRxt0);
  b.out(e::kItr, 4000);
  b.station.transmit(frame_to(kMac, 60));
  b.in(e::kIcr);
  b.station.transmit(frame_to(kMac, 60));
  b.in(e::kIcr);
  EXPECT_EQ(time_to_interrupt(b), std::nullopt);
}

TEST(E1000Interrupt, ModerationSurvivesASnapshot) {
  Bench b;
  b.start(64);
  b.out(e::kIms, e::cause::kRxt0);
  b.out(e::kRdtr, 100);
  b.station.transmit(frame_to(kMac, 60));
  b.advance(50'000);
  Archive saved = Archive::writer();
  b.clock.serialize(saved);
  b.card->serialize(saved);
  b.advance(1'000'000);
  ASSERT_TRUE(b.inta.high());
  Archive loaded = Archive::reader(saved.bytes());
  b.clock.serialize(loaded);
  b.card->serialize(loaded);
  ASSERT_TRUE(loaded.finish().has_value());
  EXPECT_FALSE(b.inta.high());
  EXPECT_EQ(time_to_interrupt(b), 52'400U);
}

}  // namespace
}  // namespace ice86
