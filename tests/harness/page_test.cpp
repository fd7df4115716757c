// SPDX-License-Identifier: LGPL-2.1-or-later
// The page of a trace: whole, and safe from what a guest writes.
#include "harness/report/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/report/chrome_trace.h"
#include "harness/report/glossary.h"

namespace ice86::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json data_of(const std::string& html) {
  constexpr std::string_view kBegin = "id=\"data\">", kEnd = "</script>";
  const std::size_t begin = html.find(kBegin) + kBegin.size();
  return nlohmann::json::parse(html.substr(begin, html.find(kEnd, begin) - begin));
}

IntEvent call(std::uint64_t number) {
  IntEvent event;
  event.number = number;
  event.vector = 0x13;
  event.time = event.instruction = 100 * (number + 1);
  event.in.eax = 0x4200;
  event.in.edx = 0x80;
  event.out = event.in;
  event.out->eax = 0;
  event.how = ReturnKind::kRetf2;
  event.service = "disk: extended read";
  event.arguments = "</script><b>";
  return event;
}

TEST(TracePage, SaysHowEachCallDiffersFromTheOneBefore) {
  IntTrace trace;
  trace.header.firmware = "mine";
  trace.events = {call(0), call(1)};
  trace.events[1].out.reset();
  trace.events[1].how = ReturnKind::kNever;
  const std::string html = trace_html({trace, {{"BIOS", 5, 0, "detail"}}, nullptr, 1000});
  EXPECT_THAT(html, Not(HasSubstr("@DATA@")));
  EXPECT_THAT(html, Not(HasSubstr("</script><b>")));
  const auto data = data_of(html);
  EXPECT_EQ(data["firmware"], "mine");
  EXPECT_EQ(data["end"], 1000);
  EXPECT_EQ(data["stages"][0][0], "BIOS");
  EXPECT_EQ(data["vectors"]["19"], "disk");
  EXPECT_EQ(data["glossary"]["disk: extended read"], about_service("disk: extended read"));
  const auto& calls = data["calls"];
  EXPECT_EQ(data["texts"][calls[0][5].get<std::size_t>()], "</script><b>");
  EXPECT_EQ(calls[0][0], 100);
  EXPECT_EQ(calls[0][10], nlohmann::json({0, 0x4200, 3, 0x80}));
  EXPECT_EQ(calls[0][11], nlohmann::json({0, 0}));
  EXPECT_EQ(calls[1][0], 100);
  EXPECT_EQ(calls[1][10], nlohmann::json({0, 0x4200}));
  EXPECT_TRUE(calls[1][11].is_null());
}

TEST(ChromeTrace, IsASliceForEachCallAndStage) {
  IntTrace trace;
  trace.events = {call(0), call(1)};
  trace.events[0].duration = 50;
  trace.events[1].out.reset();
  trace.events[1].how = ReturnKind::kNever;
  const auto json =
      nlohmann::json::parse(chrome_trace_json(trace, {{"BIOS", 5, 0, "detail"}}, 1000));
  std::vector<nlohmann::json> slices;
  for (const auto& event : json["traceEvents"]) {
    if (event["ph"] == "X") slices.push_back(event);
  }
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(slices[0]["name"], "BIOS");
  EXPECT_EQ(slices[0]["dur"], 0.995);
  EXPECT_EQ(slices[1]["name"], "INT 13h disk: extended read");
  EXPECT_EQ(slices[1]["ts"], 0.1);
  EXPECT_EQ(slices[1]["dur"], 0.05);
  EXPECT_EQ(slices[1]["args"]["out"]["edx"], "00000080");
  EXPECT_EQ(slices[2]["dur"], 0.8);  // to the end
  EXPECT_FALSE(slices[2]["args"].contains("out"));
}

}  // namespace
}  // namespace ice86::harness
