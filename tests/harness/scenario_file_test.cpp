// SPDX-License-Identifier: LGPL-2.1-or-later
// Scenario files: what they come to, and what is refused with the line.
#include "harness/scenario/scenario_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Result<std::vector<ScenarioCase>> parsed(std::string_view text) {
  return parse_scenario_file(text, "s.toml", "/scenarios", {"/images"});
}

std::string refusal_of(std::string_view text) {
  const auto cases = parsed(text);
  if (cases) return "accepted";
  EXPECT_EQ(cases.error().kind(), ErrorKind::kUsage);
  return cases.error().message();
}

TEST(ScenarioFile, NamesMachineStepsAndLimits) {
  const auto cases = parsed(R"(
tags = ["a", "b"]
[machine]
firmware = "seabios"
[[machine.drive]]
place = "primary-master"
file = "${images}/grub.img"
[limits]
step = "5s"
[trace]
golden = "g.jsonl"
vectors = [0x13]
[[step]]
int = "15:e820"
carry = false
within = "20ms"
[[step]]
press = "ctrl-alt-delete f10"
)");
  ASSERT_TRUE(cases) << cases.error().message();
  ASSERT_EQ(cases->size(), 1u);
  const Scenario& scenario = (*cases)[0].scenario;
  EXPECT_EQ(scenario.name, "s");
  EXPECT_THAT(scenario.tags, ElementsAre("a", "b"));
  EXPECT_EQ((*cases)[0].machine.firmware, "seabios");
  EXPECT_EQ((*cases)[0].machine.drives[0].file, "/images/grub.img");
  EXPECT_EQ(scenario.limits.step, 5'000'000'000u);
  EXPECT_EQ(scenario.trace->file, "/scenarios/g.jsonl");
  ASSERT_EQ(scenario.steps.size(), 2u);
  const auto& call = std::get<ExpectInterrupt>(scenario.steps[0].action);
  EXPECT_EQ(call.vector, 0x15);
  EXPECT_EQ(call.function, 0xe820);
  EXPECT_TRUE(call.whole_ax);
  EXPECT_EQ(call.carry, false);
  EXPECT_EQ(scenario.steps[0].within, 20'000'000u);
  EXPECT_EQ(scenario.steps[0].where, "s.toml:14");
  const auto& keys = std::get<PressKeys>(scenario.steps[1].action);
  using devices::KeyCode;
  EXPECT_THAT(keys.strokes,
              ElementsAre(ElementsAre(KeyCode::kLeftControl, KeyCode::kLeftAlt, KeyCode::kDelete),
                          ElementsAre(KeyCode::kF10)));
}

TEST(ScenarioFile, AMatrixIsMultipliedOutButForWhatItExcludes) {
  const auto cases = parsed(R"(
[matrix]
firmware = ["bochs", "stack"]
os = [{name = "grub", says = "GNU"}, {name = "dos", says = "C:"}]
exclude = [{firmware = "stack", os = "dos"}]
[machine]
firmware = "${firmware}"
[[step]]
screen = "${os.says}"
)");
  ASSERT_TRUE(cases) << cases.error().message();
  std::vector<std::string> names, texts;
  for (const ScenarioCase& one : *cases) {
    names.push_back(one.scenario.name);
    texts.push_back(std::get<ExpectScreen>(one.scenario.steps[0].action).text);
  }
  EXPECT_THAT(names, ElementsAre("s[firmware=bochs,os=grub]", "s[firmware=stack,os=grub]",
                                 "s[firmware=bochs,os=dos]"));
  EXPECT_THAT(texts, ElementsAre("GNU", "GNU", "C:"));
}

TEST(ScenarioFile, MistakesAreNamedWithTheirLine) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"", "s.toml:1: there are no steps"},
      {"[[step]]\n", "s.toml:1: the step does nothing"},
      {"[[step]]\nscren = \"x\"\n", "s.toml:2: 'scren' is not known here; did you mean screen?"},
      {"[[step]]\nscreen = 5\n", "s.toml:2: 'screen' is not a text"},
      {"[[step]]\nscreen = \"x\"\nserial = \"y\"\n", "s.toml:1: a step does one thing"},
      {"[[step]]\nscreen = \"x\"\nvalue = 1\n", "s.toml:3: 'value' is not known here"},
      {"[[step]]\npost = 1\nwithin = \"soon\"\n", "s.toml:3: 'within': 'soon' is no duration"},
      {"[[step]]\nint = \"21\"\n", "s.toml:2: calls of INT 21h are not recorded"},
      {"[[step]]\nint = \"1x\"\n", "s.toml:2: 'int' is a vector"},
      {"[[step]]\nend = \"soon\"\n", "s.toml:2: 'end' is one of power-off, debug-exit"},
      {"[[step]]\npress = \"any\"\n", "s.toml:2: there is no key 'any'"},
      {"[[step]]\ntype = \"\\u00e4\"\n", "s.toml:2: no key of a US keyboard"},
      {"[[step]]\npacket = \"ipx\"\n", "s.toml:2: there is no protocol 'ipx'"},
      {"[[step]]\nregisters = {xx = 1}\n", "s.toml:2: there is no register 'xx'"},
      {"[[step]]\nmemory = 1\n", "s.toml:2: 'value' is missing"},
      {"[[step]]\nmemory = 1\nvalue = 1\nwidth = 3\n", "s.toml:2: 'width' is 1, 2, 4 or 8"},
      {"[[step]]\ndisk = \"primary-master\"\nsha256 = \"12\"\n", "s.toml:3: 'sha256' has 64"},
      {"[machine]\nfirmwar = \"x\"\n[[step]]\npost = 1\n", "s.toml:2: 'firmwar' is not known"},
      {"[matrix]\na = [\"1\"]\n[[step]]\npost = 1\n", "s.toml:1: the matrix' 'a' is used nowhere"},
      {"[matrix]\na = []\n[[step]]\npost = 1\n", "s.toml:2: 'a' is a list of choices"},
      {"[[step]]\nscreen = \"${b}\"\n", "s.toml:2: there is no ${b}; there are images"},
      {"[[step]\n", "s.toml:1: "},
  };
  for (const auto& [text, message] : mistakes)
    EXPECT_THAT(refusal_of(text), StartsWith(message)) << text;
}

TEST(PacketFilter, KnowsTheProtocolsOfAFrame) {
  using Direction = slirp_net::TappedNetwork::Direction;
  std::vector<std::uint8_t> frame(14 + 20 + 8, 0);
  frame[12] = 8;                   // IPv4
  frame[14] = 0x45;                // no options
  frame[23] = 17;                  // UDP
  frame[35] = 68, frame[37] = 67;  // to a DHCP server
  for (const char c : {'h', 'e', 'y'}) frame.push_back(static_cast<std::uint8_t>(c));
  const auto matches = [&](PacketFilter filter) {
    return filter.matches(Direction::kFromCard, frame);
  };
  EXPECT_TRUE(matches({"dhcp", {}, "hey", {}}));
  EXPECT_TRUE(matches({"udp", 68, "", Direction::kFromCard}));
  EXPECT_TRUE(matches({"", {}, "", {}}));
  EXPECT_FALSE(matches({"tcp", {}, "", {}}));
  EXPECT_FALSE(matches({"arp", {}, "", {}}));
  EXPECT_FALSE(matches({"udp", 69, "", {}}));
  EXPECT_FALSE(matches({"dhcp", {}, "you", {}}));
  EXPECT_FALSE(matches({"dhcp", {}, "", Direction::kToCard}));
  // Whatever is cut off.
  for (std::size_t size = 0; size < frame.size(); ++size)
    static_cast<void>(PacketFilter{"http", 80, "x", {}}.matches(Direction::kToCard,
                                                                std::span(frame).first(size)));
}

TEST(ScenarioFile, ImpossibleStepsAreRefusedBeforeAnythingRuns) {
  const auto refused = [](const std::string& steps, const std::string& machine = "") {
    return refusal_of("machine = {firmware = \"seabios\"" + machine + "}\n" + steps);
  };
  EXPECT_THAT(
      refused("[[step]]\npacket = \"dhcp\"\n"),
      HasSubstr("s.toml:3: packet \"dhcp\": this step is impossible: there are no packets"));
  EXPECT_THAT(refused("[[step]]\npacket = \"dhcp\"\n", ", nic = \"user\""), "accepted");
  EXPECT_THAT(refused("[[step]]\nend = \"crash\"\n[[step]]\nserial = \"more\"\n"),
              HasSubstr("s.toml:5: serial \"more\": this step is impossible: the run is over: end "
                        "\"crash\" (s.toml:3)"));
  EXPECT_THAT(refused("[[step]]\nend = \"crash\"\n[[step]]\nmemory = 0x500\nvalue = 1\n"),
              "accepted");
  EXPECT_THAT(refused("[[step]]\nmemory = 0x500\nvalue = 0x1234\n"),
              HasSubstr("0x1234 does not fit into 1 byte"));
  EXPECT_THAT(refused("[[step]]\nscreen = \"x\"\nwithin = \"700s\"\n"),
              HasSubstr("it may take 700 s, and the whole scenario 600 s"));
  EXPECT_THAT(
      refused("[[step]]\ndisk = \"secondary-slave\"\nsha256 = \"" + std::string(64, 'a') + "\"\n"),
      HasSubstr("no medium in 'secondary-slave'"));
}

}  // namespace
}  // namespace ice86::harness
