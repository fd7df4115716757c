// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/report/call_browser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

IntEvent call(std::uint8_t vector, std::uint32_t eax, const char* service) {
  IntEvent event;
  event.vector = vector;
  event.in.eax = eax;
  event.service = service;
  event.out = Registers{};
  event.how = ReturnKind::kIret;
  event.caller = {0x0800, 0x10};
  return event;
}

class CallBrowserTest : public ::testing::Test {
 protected:
  CallBrowserTest() {
    trace_.events = {call(0x13, 0x4200, "disk: extended read"), call(0x16, 0x0100, "keyboard: key"),
                     call(0x16, 0x0100, "keyboard: key"), call(0x16, 0x0100, "keyboard: key"),
                     call(0x13, 0x0201, "disk: read")};
    trace_.events[4].out->flags = 1;
    trace_.events[4].arguments = "a\x1b[31mb";
  }
  IntTrace trace_;
};

TEST_F(CallBrowserTest, FoldsWhatIsAlike) {
  CallBrowser browser(trace_);
  ASSERT_EQ(browser.rows().size(), 3u);
  EXPECT_THAT(browser.line(browser.rows()[1]), HasSubstr("keyboard: key()  x3"));
  browser.fold(false);
  EXPECT_EQ(browser.rows().size(), 5u);
  EXPECT_EQ(browser.row_of(3), 3u);
  browser.fold(true);
  EXPECT_EQ(browser.row_of(3), 1u);
}

TEST_F(CallBrowserTest, FiltersByWordsServicesAndFailure) {
  CallBrowser browser(trace_);
  const auto calls = [&](const char* words) {
    browser.filter(words);
    std::vector<std::size_t> list;
    for (const auto& row : browser.rows()) list.push_back(row.call);
    return list;
  };
  using List = std::vector<std::size_t>;
  EXPECT_EQ(calls("DISK"), (List{0, 4}));
  EXPECT_EQ(calls("disk extended"), (List{0}));
  EXPECT_EQ(calls("13:42"), (List{0}));
  EXPECT_EQ(calls("!13:42 !int"), (List{}));
  EXPECT_EQ(calls("!keyboard"), (List{0, 4}));
  EXPECT_EQ(calls("failed"), (List{4}));
  EXPECT_EQ(calls("0800:0010"), (List{0, 1, 4}));
  EXPECT_EQ(calls(""), (List{0, 1, 4}));
}

TEST_F(CallBrowserTest, SearchesRoundTheEnd) {
  const CallBrowser browser(trace_);
  EXPECT_EQ(browser.find("disk", 0, true), 2u);
  EXPECT_EQ(browser.find("disk", 2, true), 0u);
  EXPECT_EQ(browser.find("disk", 0, false), 2u);
  EXPECT_EQ(browser.find("keyboard", 2, false), 1u);
  EXPECT_EQ(browser.find("nothing", 0, true), std::nullopt);
}

TEST_F(CallBrowserTest, TellsACallAndLetsNothingReachTheTerminal) {
  const CallBrowser browser(trace_);
  EXPECT_THAT(browser.detail(browser.rows()[2]), Contains(HasSubstr("a.[31mb")));
  EXPECT_THAT(browser.detail(browser.rows()[2]), Contains("EAX     00000201  00000000  *"));
  EXPECT_THAT(browser.line(browser.rows()[2]), Not(HasSubstr("\x1b")));
}

TEST(CallBrowserOfNothing, IsEmpty) {
  const IntTrace nothing;
  const CallBrowser browser(nothing);
  EXPECT_TRUE(browser.rows().empty());
  EXPECT_EQ(browser.find("x", 0, true), std::nullopt);
  EXPECT_EQ(browser.row_of(3), 0u);
}

}  // namespace
}  // namespace ice86::harness
