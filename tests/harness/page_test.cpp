// SPDX-License-Identifier: LGPL-2.1-or-later
// The page of a trace: whole, and safe from what a guest writes.
#include "harness/report/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace ice86::harness
