// SPDX-License-Identifier: LGPL-2.1-or-later
// Captures of the agent's serial line, good and bad.
#include "harness/reference/agent_trace.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

constexpr std::uint64_t kTick = 54'925'401;

// A record as docs/int-agent.md has it, with its check sum.
std::string record(const std::string& text) {
  std::uint16_t sum = 0;
  for (const char c : text)
    sum = static_cast<std::uint16_t>(sum * 31 + static_cast<std::uint8_t>(c));
  return fmt::format("{} *{:04x}\r\n", text, sum);
}

std::string header(unsigned version = 1) {
  return record(fmt::format("~H {} 80 81 27f 01/02/99", version));
}

std::string registers(unsigned eax) {
  return fmt::format("{:x} 0 0 80 0 0 0 202 0 0", eax);
}

std::string call(unsigned number, unsigned ticks, unsigned sp = 0x7bf8) {
  return record(fmt::format("~C {:x} 13 0:7c10 f000:e3fe {} 0:{:x} {:x} -", number,
                            registers(0x1000), sp, ticks));
}

std::string back(unsigned number, unsigned ticks, const std::string& how = "i") {
  return record(fmt::format("~R {:x} {} {} {:x} -", number, how, registers(0), ticks));
}

AgentCapture parsed(const std::string& capture) {
  auto result = parse_agent_capture(capture);
  EXPECT_TRUE(result) << result.error().message();
  return result ? std::move(*result) : AgentCapture{};
}

TEST(AgentTrace, CallsAndReturnsAreJoined) {
  const AgentCapture capture =
      parsed("GRUB loading.\r\n" + header() + call(0, 100) + back(0, 118, "2") + call(1, 130));
  EXPECT_EQ(capture.damaged, 0u);
  EXPECT_NE(capture.trace.header.machine.find("01/02/99"), std::string::npos);
  ASSERT_EQ(capture.trace.events.size(), 2u);
  const IntEvent& first = capture.trace.events[0];
  EXPECT_EQ(first.vector, 0x13);
  EXPECT_EQ(first.handler, (FarPointer{0xf000, 0xe3fe}));
  EXPECT_EQ(first.how, ReturnKind::kRetf2);
  EXPECT_EQ(first.duration, 18 * kTick);
  EXPECT_EQ(capture.trace.events[1].time, 30 * kTick);
  EXPECT_EQ(capture.trace.events[1].how, ReturnKind::kNever);
}

TEST(AgentTrace, TimeGoesOnPastMidnight) {
  const AgentCapture capture = parsed(header() + call(0, 0x1800a0) + back(0, 0x1800af) +
                                      call(1, 0x10) + back(1, 0x20) + call(2, 0x30));
  ASSERT_EQ(capture.trace.events.size(), 3u);
  EXPECT_EQ(capture.trace.events[1].time, 0x20 * kTick);
  EXPECT_EQ(capture.trace.events[1].duration, 0x10 * kTick);
  EXPECT_EQ(capture.trace.events[2].time, 0x40 * kTick);
}

// INT 1Ah AH=01h sets the count.
TEST(AgentTrace, AClockThatIsSetBackStands) {
  const AgentCapture capture =
      parsed(header() + call(0, 1000) + back(0, 1010) + call(1, 500) + back(1, 507));
  ASSERT_EQ(capture.trace.events.size(), 2u);
  EXPECT_EQ(capture.trace.events[1].time, 10 * kTick);
  EXPECT_EQ(capture.trace.events[1].duration, 7 * kTick);
}

TEST(AgentTrace, LostAndDamagedRecordsAreCounted) {
  std::string bent = call(1, 2);
  bent[10] ^= 1;
  const AgentCapture capture =
      parsed(header() + call(0, 1) + back(0, 1) + bent + call(4, 3) + back(4, 3, "x"));
  EXPECT_EQ(capture.damaged, 2u);  // the call, and a way to return that there is not
  EXPECT_EQ(capture.trace.losses.calls, 3u);
  ASSERT_EQ(capture.trace.events.size(), 2u);
  EXPECT_EQ(capture.trace.events[1].how, ReturnKind::kNever);
}

TEST(AgentTrace, AnotherVersionAndNoAgentAreErrors) {
  const auto later = parse_agent_capture(header(2));
  ASSERT_FALSE(later);
  EXPECT_NE(later.error().message().find("version 2"), std::string::npos);
  const auto none = parse_agent_capture("login: ~\r\n~C");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message().find("no record"), std::string::npos);
}

// Whatever is cut off or bent, the rest is read.
TEST(AgentTrace, EveryCutAndEveryBentByteIsSurvived) {
  const std::string whole = header() + call(0, 1) + back(0, 2) + call(1, 3) + back(1, 4);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bent = whole;
    bent[i] = static_cast<char>(bent[i] ^ 0x15);
    for (const std::string& text : {whole.substr(0, i), whole.substr(i), bent}) {
      const auto capture = parse_agent_capture(text);
      EXPECT_TRUE(!capture || capture->trace.events.size() <= 2);
    }
  }
}

}  // namespace
}  // namespace ice86::harness
