// SPDX-License-Identifier: LGPL-2.1-or-later
// The input log: what is written is what is read, and damage is named with its line.
#include "emulator/machine/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::machine {
namespace {

using ::testing::HasSubstr;

TEST(InputLog, ReadsWhatItWrote) {
  const std::vector<TimedInput> events = {
      {{1, 10}, KeyInput{devices::KeyCode::kLeftShift, true}},
      {{1, 10}, KeyInput{devices::KeyCode::kLeftShift, false}},
      {{7, 10}, MotionInput{-3, 4, 1}},
      {{9, 11}, ButtonInput{devices::Ps2Mouse::Button::kMiddle, true}},
      {{9, 12}, SerialInput{2, {0, 'a', 0xff}}},
      {{9, 12}, BreakInput{3}},
      {{9, 13}, FrameInput{7, {1, 2, 3}, 4}},
      {{9, 13}, ResetInput{}},
      {{9, 14}, CheckInput{"00ff"}},
      {{~std::uint64_t{0}, ~std::uint64_t{0}}, EndInput{}},
  };
  std::string text = input_log_header() + "\n";
  for (const TimedInput& event : events) text += input_log_line(event) + "\n";
  const auto read = parse_input_log(text);
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->events, events);
  EXPECT_FALSE(read->recording);
}

TEST(InputLog, ARecordingNamesItsMachine) {
  const Recording recording{"1.2",
                            "/somewhere",
                            {"--firmware=seabios", "--hda=a \"b\".img"},
                            {{"firmware seabios", "aa"}, {"disk a \"b\".img", "bb"}}};
  const std::string text =
      input_log_header(&recording) + "\n" + input_log_line({{1, 2}, CheckInput{"cc"}}) + "\n";
  const auto read = parse_input_log(text);
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(*read->recording, recording);
  EXPECT_EQ(read->events.size(), 1u);
  // A recorder that was killed: all whole lines count.
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    const auto part = parse_input_log(std::string_view(text).substr(0, cut));
    if (cut < text.find('\n')) {
      EXPECT_FALSE(part.has_value()) << cut;
      continue;
    }
    ASSERT_TRUE(part.has_value()) << cut << ": " << part.error().message();
    EXPECT_EQ(part->cut_off, cut > text.find('\n') + 1 && cut + 1 < text.size()) << cut;
  }
}

TEST(InputLog, EveryKeyHasItsName) {
  for (unsigned i = 0; i < devices::kKeyCodes; ++i) {
    const TimedInput event{{0, i}, KeyInput{static_cast<devices::KeyCode>(i), true}};
    const auto read = parse_input_log(input_log_header() + "\n" + input_log_line(event));
    ASSERT_TRUE(read.has_value()) << read.error().message();
    EXPECT_EQ(read->events.at(0), event);
  }
}

TEST(InputLog, CountsMayBeLeftOut) {
  const auto read = parse_input_log(input_log_header() + "\n\n{\"t\":5,\"dx\":1}\n");
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->events.at(0), (TimedInput{{0, 5}, MotionInput{1, 0, 0}}));
}

TEST(InputLog, MistakesNameTheLine) {
  const std::string head = input_log_header() + "\n";
  const std::pair<std::string, const char*> cases[] = {
      {"", "begins with its header"},
      {"{}\n", "line 1: the first line is no header"},
      {"[1]\n", "line 1: the first line is no header"},
      {"{\"format\":\"ice86-input\",\"version\":2}\n", "line 1: this program reads version 1"},
      {head + "{\"t\":1", "line 2: no JSON"},
      {head + "[]", "line 2: no JSON object"},
      {head + "{\"t\":-1,\"end\":true}", "\"t\" is no count"},
      {head + "{\"t\":1.5,\"end\":true}", "\"t\" is no count"},
      {head + "{\"t\":2,\"end\":true}\n{\"t\":1,\"end\":true}", "line 3: earlier than"},
      {head + "{\"key\":\"q1\",\"down\":true}", "there is no key \"q1\""},
      {head + "{\"key\":5,\"down\":true}", "\"key\" is no string"},
      {head + "{\"key\":\"a\"}", "\"down\" is neither"},
      {head + "{\"button\":\"fourth\",\"down\":true}", "no mouse button"},
      {head + "{\"serial\":4,\"hex\":\"00\"}", "\"serial\" is not 0 to 3"},
      {head + "{\"serial\":0}", "\"hex\" is no string"},
      {head + "{\"serial\":0,\"hex\":\"0\"}", "ends within a byte"},
      {head + "{\"frame\":8,\"hex\":\"00\"}", "no network card"},
      {head + "{\"frame\":0,\"hex\":\"0g\"}", "something else than"},
      {head + "{\"reset\":1}", "\"reset\" is not true"},
      {head + "{\"dx\":99999}", "\"dx\" is not within"},
      {head + "{\"dx\":\"1\"}", "\"dx\" is no whole number"},
      {head + "{\"end\":1}", "\"end\" is not true"},
      {head + "{\"check\":1}", "\"check\" is no string"},
      {"{\"format\":\"ice86-input\",\"version\":1,\"recording\":1}\n", "no object"},
      {"{\"format\":\"ice86-input\",\"version\":1,\"recording\":{}}\n", "\"ice86\" is no string"},
      {head + "{\"t\":1}", "neither \"key\""},
  };
  for (const auto& [text, message] : cases) {
    const auto read = parse_input_log(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_THAT(read.error().message(), HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace ice86::machine
