// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/session/dialogue.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ice86::harness {
namespace {

struct Peer {
  std::string received;
  std::size_t room = 4096;

  Dialogue::Line line() {
    return [this](std::span<const std::uint8_t> bytes) {
      const std::size_t taken = std::min(room, bytes.size());
      received.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
      return taken;
    };
  }
};

void say(Dialogue& dialogue, std::string_view text) {
  for (const char c : text) dialogue.heard(static_cast<std::uint8_t>(c));
}

TEST(Dialogue, AnswersInTurn) {
  Peer peer;
  unsigned finished = 0;
  Dialogue dialogue({{"login: ", "root\r"}, {"# ", "halt\r"}, {"down", ""}}, peer.line(),
                    [&] { ++finished; });
  say(dialogue, "# Debian\nlogin:");
  EXPECT_EQ(peer.received, "");
  EXPECT_EQ(dialogue.waiting_for(), "login: ");
  say(dialogue, " ");
  EXPECT_EQ(peer.received, "root\r");
  say(dialogue, "root\n# ");
  EXPECT_EQ(peer.received, "root\rhalt\r");
  EXPECT_FALSE(dialogue.done());
  say(dialogue, "going down now, down");
  EXPECT_TRUE(dialogue.done());
  EXPECT_EQ(finished, 1U);
  EXPECT_EQ(dialogue.waiting_for(), "");
}

TEST(Dialogue, FindsATextAfterItsOwnBeginning) {
  Peer peer;
  Dialogue dialogue({{"aab", "x"}}, peer.line());
  say(dialogue, "aaab");
  EXPECT_TRUE(dialogue.done());
}

TEST(Dialogue, OneMatchDoesNotServeTwoSteps) {
  Peer peer;
  Dialogue dialogue({{"$ ", "a"}, {"$ ", "b"}}, peer.line());
  say(dialogue, "$ ");
  EXPECT_EQ(peer.received, "a");
  say(dialogue, "$ ");
  EXPECT_EQ(peer.received, "ab");
}

TEST(Dialogue, OffersAgainWhatTheLineDidNotTake) {
  Peer peer;
  peer.room = 2;
  Dialogue dialogue({{">", "12345"}}, peer.line());
  say(dialogue, ">");
  EXPECT_EQ(peer.received, "12");
  say(dialogue, "12");
  EXPECT_EQ(peer.received, "12345");
}

TEST(Dialogue, WithoutStepsIsDone) {
  Peer peer;
  Dialogue dialogue({}, peer.line());
  say(dialogue, "anything");
  EXPECT_TRUE(dialogue.done());
}

}  // namespace
}  // namespace ice86::harness
