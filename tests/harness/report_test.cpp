// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;

IntEvent returned(std::uint8_t vector, std::uint32_t eax, std::string service) {
  IntEvent event;
  event.vector = vector;
  event.in.eax = eax;
  event.out = Registers{};
  event.how = ReturnKind::kIret;
  event.service = std::move(service);
  event.duration = 1500;
  return event;
}

TEST(Report, TeletypeCharactersBecomeOneLine) {
  IntTrace trace;
  for (const char c : std::string("Hi\r\nyou")) {
    trace.events.push_back(
        returned(0x10, 0x0e00u | static_cast<unsigned char>(c), "video: teletype"));
  }
  const std::string text = trace_text(trace);
  EXPECT_THAT(text, HasSubstr("video: teletype(\"Hi\\r\\n\")  <6.0 us>\n"));
  EXPECT_THAT(text, HasSubstr("video: teletype(\"you\")  <4.5 us>\n"));
}

TEST(Report, PollingIsCountedNotRepeated) {
  IntTrace trace;
  for (int i = 0; i < 1000; ++i)
    trace.events.push_back(returned(0x16, 0x0100, "keyboard: key waiting?"));
  for (IntEvent& event : trace.events) event.result = "none";
  EXPECT_EQ(trace_text(trace),
            "    0.000000 INT 16h  keyboard: key waiting?() = none [1000 times]  <1.50 ms>\n");
}

TEST(Report, CallsThatNeverReturnAreNotMergedAndSaySo) {
  IntTrace trace;
  trace.events.resize(2);
  for (IntEvent& event : trace.events) {
    event.vector = 0x19;
    event.service = "boot";
  }
  EXPECT_EQ(trace_text(trace),
            "    0.000000 INT 19h  boot() = does not return  <0.0 us>\n"
            "    0.000000 INT 19h  boot() = does not return  <0.0 us>\n");
  EXPECT_THAT(summary_text(trace), HasSubstr("2 did not return"));
}

TEST(Report, DurationsHaveTheirUnit) {
  EXPECT_EQ(duration_text(0), "0.0 us");
  EXPECT_EQ(duration_text(12'340), "12.3 us");
  EXPECT_EQ(duration_text(12'340'000), "12.34 ms");
  EXPECT_EQ(duration_text(1'234'567'890), "1.235 s");
}

}  // namespace
}  // namespace ice86::harness
