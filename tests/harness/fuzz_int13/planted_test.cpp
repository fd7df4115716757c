// SPDX-License-Identifier: LGPL-2.1-or-later
// The fuzzer finds five planted bugs of a BIOS of ours, each within a minute and from nothing, and
// none in the same BIOS without them.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <string>

#include "harness/fuzz/engine.h"

namespace ice86::harness {
namespace {

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::unique_ptr<Rig> rig_with(const char* rom) {
  RigOptions options;
  options.target = {"int13", 0x13};
  auto firmware = machine::load_firmware(rom, std::nullopt, "");
  EXPECT_TRUE(firmware) << firmware.error().message();
  options.firmware = std::move(*firmware);
  auto rig = Rig::create(std::move(options));
  EXPECT_TRUE(rig) << rig.error().message();
  return std::move(*rig);
}

struct Planted {
  const char* name;
  const char* key;  // how the finding's begins
};

TEST(PlantedBugs, EachIsFoundWithinAMinute) {
  constexpr Planted kPlanted[] = {
      {"the vector table is overwritten", "ivt-write int13/03 ivt 1d"},
      {"one sector too many", "buffer-overrun int13/02 "},
      {"interrupts stay off", "interrupt-flag int13/0d lost"},
      {"BSY is waited for without end", "hang "},
      {"DL is lost", "registers int13/15 EDX"},
  };
  for (const std::uint64_t seed : {1, 2}) {
    const auto rig = rig_with(ICE86_GUESTS "/planted.rom");
    FuzzEngine engine(*rig, {seed});
    std::map<std::string, double> found;
    std::map<std::string, Input> inputs;
    const double began = processor_seconds();
    engine.found = [&](const Finding& finding, const Input& input) {
      for (const Planted& bug : kPlanted) {
        if (finding.key.rfind(bug.key, 0) != 0) continue;
        found.emplace(bug.name, processor_seconds() - began);
        inputs.emplace(finding.key, input);
      }
    };
    while (found.size() < std::size(kPlanted) && processor_seconds() - began < 60)
      for (int i = 0; i < 100; ++i) engine.step();
    for (const Planted& bug : kPlanted) {
      ASSERT_TRUE(found.count(bug.name)) << bug.name << ", seed " << seed;
      std::printf("seed %d: %s: %.2f s\n", static_cast<int>(seed), bug.name, found[bug.name]);
    }
    // One call is enough for each, or two for the one that needs a drive that stays busy.
    for (const auto& [key, input] : inputs) {
      const Input small = minimise(*rig, input, key, 200);
      EXPECT_LE(steps_in(small), 2u) << key;
    }
  }
}

TEST(PlantedBugs, WithoutThemNothingIsFound) {
  const auto rig = rig_with(ICE86_GUESTS "/sound.rom");
  FuzzEngine engine(*rig, {});
  std::vector<std::string> found;
  engine.found = [&](const Finding& finding, const Input&) {
    found.push_back(finding.key + ": " + finding.text);
  };
  for (int i = 0; i < 100'000; ++i) engine.step();
  EXPECT_EQ(found, std::vector<std::string>{});
  EXPECT_GT(engine.statistics().edges, 60u);
}

// The same input does the same, whatever ran before it and with either engine.
TEST(Rig, IsDeterministic) {
  const auto rig = rig_with(ICE86_GUESTS "/planted.rom");
  FuzzEngine engine(*rig, {7});
  std::map<Input, std::string> texts;
  for (int i = 0; i < 20'000; ++i) engine.step();
  ASSERT_GT(engine.corpus().size(), 20u);
  const auto summary = [&](const Input& input) {
    const Execution result = rig->run(input);
    std::string text = std::to_string(result.instructions);
    for (const Finding& finding : result.findings) text += "; " + finding.key;
    return text + rig->pc().state_hash();
  };
  for (const Input& input : engine.corpus()) texts[input] = summary(input);
  for (const auto& [input, text] : texts) EXPECT_EQ(summary(input), text);
}

}  // namespace
}  // namespace ice86::harness
