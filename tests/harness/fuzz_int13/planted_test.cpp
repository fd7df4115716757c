// SPDX-License-Identifier: LGPL-2.1-or-later
// The fuzzer finds five planted bugs of a BIOS of ours, each within a minute and from nothing, and
// none in the same BIOS without them.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <string>

#include "harness/fuzz/campaign.h"
#include "harness/fuzz/regression.h"
#include "harness/scenario/scenario_file.h"

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

bool has_key(const Execution& result, const std::string& key) {
  return std::any_of(result.findings.begin(), result.findings.end(),
                     [&key](const Finding& finding) { return finding.key == key; });
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
    // One call is enough for each, or two for the one that needs a drive that stays busy; and what
    // is left is the same finding.
    for (const auto& [key, input] : inputs) {
      const Input small = minimise(*rig, input, key, 400);
      EXPECT_LE(steps_in(small), 2u) << key;
      Execution result = rig->run(small, Rig::kPatient);
      if (result.slow) result.findings.push_back(rig->hang(result));
      EXPECT_TRUE(has_key(result, key)) << key;
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

// A hang is known by its loop, whatever limit stopped it there.
TEST(Rig, AHangHasOneKey) {
  const auto rig = rig_with(ICE86_GUESTS "/planted.rom");
  Input input(2 * kStepBytes);
  input[0] = 7, input[2] = 2;  // the disk stays busy
  input[kStepBytes + 1] = 1, input[kStepBytes + 2] = 0x04;
  input[kStepBytes + 5] = 1, input[kStepBytes + 7] = 0x80;
  std::vector<std::string> keys;
  for (const std::uint64_t limit : {20'000, 20'001, 20'002, 50'003}) {
    const Execution result = rig->run(input, limit);
    ASSERT_TRUE(result.slow);
    keys.push_back(rig->hang(result).key);
    EXPECT_EQ(keys.back(), keys.front());
  }
  // An input that is slow for another reason is not what it is made into.
  const Input small = minimise(*rig, input, keys.front(), 400);
  const Execution again = rig->run(small);
  ASSERT_TRUE(again.slow);
  EXPECT_EQ(rig->hang(again).key, keys.front());
}

// Whoever waits for its end does not wait for what hangs: it is the same finding, not so small.
TEST(Rig, MakingSmallCanBeStopped) {
  const auto rig = rig_with(ICE86_GUESTS "/planted.rom");
  Input input = one_sector_read();
  for (unsigned i = 0; i < 4; ++i) {
    const Input read = one_sector_read();
    input.insert(input.end(), read.begin(), read.end());
  }
  const std::size_t last = input.size();
  input.resize(last + 2 * kStepBytes);
  input[last] = 7, input[last + 2] = 2;  // the disk stays busy
  input[last + kStepBytes + 1] = 1, input[last + kStepBytes + 2] = 0x04;
  input[last + kStepBytes + 5] = 1, input[last + kStepBytes + 7] = 0x80;
  const Execution result = rig->run(input);
  ASSERT_TRUE(result.slow);
  const std::string key = rig->hang(result).key;
  unsigned asked = 0;
  const Input small = minimise(*rig, input, key, 400, [&asked] { return ++asked > 3; });
  EXPECT_GT(steps_in(small), 2u);
  const Execution again = rig->run(small);
  ASSERT_TRUE(again.slow);
  EXPECT_EQ(rig->hang(again).key, key);
}

// A function that the other BIOS has.
TEST(Rig, ComparesTwoFirmwares) {
  RigOptions options;
  options.target = {"int13", 0x13};
  options.firmware = *machine::load_firmware(ICE86_GUESTS "/sound.rom", std::nullopt, "");
  options.against = *machine::load_firmware("bochs", std::nullopt, "");
  auto rig = Rig::create(std::move(options));
  ASSERT_TRUE(rig) << rig.error().message();
  Input read = one_sector_read();
  EXPECT_TRUE((*rig)->run(read).findings.empty());
  Input extensions = read;
  extensions[2] = 0x44;  // verify: our ROM has none
  extensions[16] = 0x10, extensions[18] = 1;
  const Execution result = (*rig)->run(extensions);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].oracle, "difference");
  EXPECT_EQ(result.findings[0].key, "difference int13/44 fails here alone");
  (*rig)->comparing = false;
  EXPECT_TRUE((*rig)->run(extensions).findings.empty());
}

// What a finding is exported as fails with the bug, and passes without.
TEST(Regression, PassesWithoutTheBug) {
  const auto rig = rig_with(ICE86_GUESTS "/planted.rom");
  Input input(kStepBytes);
  input[2] = 0x15, input[7] = 0x81;
  const Execution result = rig->run(input);
  ASSERT_EQ(result.findings.size(), 1u);
  const std::string text = regression_scenario(rig->options(), result.findings[0], input);
  const auto cases = parse_scenario_file(text, "found.toml", "/", {});
  ASSERT_TRUE(cases) << cases.error().message() << text;
  ASSERT_EQ(cases->size(), 1u);
  const auto& fuzz = (*cases)[0].scenario.fuzz;
  ASSERT_TRUE(fuzz);
  EXPECT_EQ(fuzz->input, input);
  for (const bool planted : {true, false}) {
    auto firmware = machine::load_firmware(
        planted ? ICE86_GUESTS "/planted.rom" : ICE86_GUESTS "/sound.rom", std::nullopt, "");
    const Outcome outcome = play_fuzz(*fuzz, std::move(*firmware), cpu::Engine::kJit);
    EXPECT_EQ(outcome.verdict, planted ? Outcome::Verdict::kFailed : Outcome::Verdict::kPassed);
    EXPECT_EQ(outcome.message.substr(0, 10), planted ? "registers:" : "");
  }
}

// How near the operands of a compare come: BX against 55AAh, of AH=41h, with either engine.
TEST(Rig, SeesCompares) {
  std::vector<std::vector<std::uint8_t>> seen;
  for (const cpu::Engine engine : {cpu::Engine::kInterpreter, cpu::Engine::kJitAtOnce}) {
    RigOptions options;
    options.target = {"int13", 0x13};
    options.firmware = *machine::load_firmware(ICE86_GUESTS "/sound.rom", std::nullopt, "");
    options.engine = engine;
    const auto rig = std::move(*Rig::create(std::move(options)));
    for (const std::uint16_t bx : {0x0000, 0x55ab, 0x55aa}) {
      std::vector<std::uint8_t> map(cpu::Cpu::kCompareMapBytes);
      rig->set_compare_map(map.data());
      Input input(kStepBytes);
      input[2] = 0x41, input[7] = 0x80;
      input[3] = static_cast<std::uint8_t>(bx), input[4] = static_cast<std::uint8_t>(bx >> 8);
      rig->run(input);
      seen.push_back(map);
      rig->set_compare_map(nullptr);
    }
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(seen[i], seen[i + 3]);
  // 1, and the bits that are the same.
  std::size_t places = 0;
  for (std::size_t i = 0; i < seen[0].size(); ++i)
    places += seen[0][i] == 9 && seen[1][i] == 16 && seen[2][i] == 17 ? 1 : 0;
  EXPECT_EQ(places, 1u);
}

// A reset looks at what was touched alone: that is all that has changed, whatever the calls did.
TEST(Rig, ResetsAreWhole) {
  struct Case {
    const char* target;
    const char* firmware;
    const char* drives;
  };
  constexpr Case kCases[] = {{"int13", "bochs", "full"}, {"int13", "seabios", "odd"},
                             {"int10", "bochs", "full"}, {"int15", "seabios", "full"},
                             {"int16", "bochs", "full"}, {"int1a", "seabios", "full"}};
  for (const Case& one : kCases) {
    RigOptions options;
    options.target = *fuzz_target(one.target, std::nullopt);
    options.firmware = *machine::load_firmware(one.firmware, std::nullopt, "");
    options.drives = one.drives;
    const auto rig = std::move(*Rig::create(std::move(options)));
    FuzzEngine engine(*rig, {});
    for (int i = 0; i < 1500; ++i) {
      engine.step();
      if (i % 5 != 0) continue;
      rig->reset();
      ASSERT_TRUE(rig->is_as_at_start()) << one.firmware << " " << one.target << ", step " << i;
    }
  }
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
