// SPDX-License-Identifier: LGPL-2.1-or-later
// Random programs under two engines, with interrupts at odd instants: after every stretch of
// instructions the CPU and all of memory are the same.
#include "tests/cpu/random_program.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "tests/cpu/support/watcher.h"

namespace ice86::cpu::test {
namespace {

// More of them by hand: ICE86_RANDOM_PROGRAMS=COUNT, ICE86_RANDOM_SEED=N.
unsigned long setting(const char* name, unsigned long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoul(text, nullptr, 0) : otherwise;
}

std::vector<unsigned char> bytes_of(FlatHost& host) {
  Archive archive = Archive::writer();
  host.cpu().serialize(archive);
  EXPECT_TRUE(archive.finish());
  return {archive.bytes().begin(), archive.bytes().end()};
}

std::string different_registers(const State& a, const State& b) {
  std::string text;
  for (unsigned i = 0; i < 16; ++i) {
    if (a.gpr[i] != b.gpr[i]) text += " r" + std::to_string(i);
    if (a.ymm[i] != b.ymm[i]) text += " xmm" + std::to_string(i);
  }
  if (a.rip != b.rip) text += " rip";
  if (a.rflags != b.rflags) text += " rflags";
  if (a.cr2 != b.cr2) text += " cr2";
  if (a.mxcsr != b.mxcsr) text += " mxcsr";
  if (a.fsw != b.fsw || a.x87_empty != b.x87_empty) text += " x87";
  return text;
}

void expect_the_same(unsigned long seed, ProgramMode mode, Engine engine) {
  const RandomProgram program(seed, mode);
  FlatHost ours(RandomProgram::kMemory, implemented_features(), engine);
  FlatHost reference(RandomProgram::kMemory, implemented_features(), Engine::kInterpreter);
  program.load(ours);
  program.load(reference);
  std::optional<Watcher> our_watcher;
  std::optional<Watcher> reference_watcher;
  if (seed % 2 != 0) {
    const bool half = seed % 4 == 3;
    our_watcher.emplace(ours, 7, half ? Watcher::Far::kHalfTold : Watcher::Far::kAll);
    reference_watcher.emplace(reference, 7, half ? Watcher::Far::kHalf : Watcher::Far::kAll);
  }
  std::mt19937_64 random(seed);
  for (unsigned slice = 0; slice < 60; ++slice) {
    const std::uint64_t length = 1 + random() % (std::uint64_t{1} << random() % 14);
    const bool interrupt = random() % 3 == 0;
    for (FlatHost* host : {&ours, &reference}) {
      host->cpu().set_intr(interrupt);
      // The pin stays high until the interrupt has come in.
      host->cpu().run(interrupt ? 1 : length);
      if (interrupt) host->cpu().set_intr(false);
    }
    const std::uint64_t at = reference.clock().instructions();
    ASSERT_EQ(ours.clock().instructions(), at) << "seed " << seed << " slice " << slice;
    ASSERT_TRUE(bytes_of(ours) == bytes_of(reference))
        << "seed " << seed << " slice " << slice << " after " << at << ":"
        << different_registers(reference.cpu().state(), ours.cpu().state()) << " at " << std::hex
        << reference.cpu().state().rip;
    ASSERT_EQ(std::memcmp(ours.memory(), reference.memory(), RandomProgram::kMemory), 0)
        << "seed " << seed << " slice " << slice << " after " << at << ": memory";
    if (our_watcher) {
      ASSERT_TRUE(our_watcher->seen() == reference_watcher->seen())
          << "seed " << seed << " slice " << slice << " after " << at << ": what was observed";
    }
    if (!reference.cpu().state().shutdown) continue;
    // It lost its stack: once more from the start.
    for (FlatHost* host : {&ours, &reference}) {
      host->cpu().forget_code();
      host->cpu().mutable_state() = State{};
      program.load(*host);
    }
  }
}

class RandomPrograms : public testing::TestWithParam<std::tuple<ProgramMode, Engine>> {};

TEST_P(RandomPrograms, RunTheSame) {
  const auto [mode, engine] = GetParam();
  const unsigned long first = setting("ICE86_RANDOM_SEED", 1);
  const unsigned long count = setting("ICE86_RANDOM_PROGRAMS", 60);
  for (unsigned long seed = first; seed < first + count && !HasFatalFailure(); ++seed)
    expect_the_same(seed, mode, engine);
}

// Those that did not, once: the x87 behind a REP that left its fast path; the x87's data pointer
// and a segment register; a jump to the last byte of the address space; an element of REP STOS
// across pages whose entry in the table had changed; a page that was read in a new place and still
// written in the old one.
TEST_P(RandomPrograms, ThatOnceDifferedRunTheSame) {
  static constexpr std::pair<ProgramMode, unsigned long> kFound[] = {
      {ProgramMode::kReal16, 41004},
      {ProgramMode::kReal16, 1795347676},
      {ProgramMode::kLong64, 1795349215},
      {ProgramMode::kLong64, 1795349818},
      {ProgramMode::kPaged32, 5583559}};
  const auto [mode, engine] = GetParam();
  for (const auto& [in, seed] : kFound) {
    if (in == mode) expect_the_same(seed, mode, engine);
  }
}

std::vector<Engine> translating() {
  std::vector<Engine> all = engines();
  all.erase(all.begin());
  return all;
}

using Parameters = testing::TestParamInfo<std::tuple<ProgramMode, Engine>>;

std::string name_of(const Parameters& parameters) {
  static constexpr const char* kNames[] = {"real16", "flat32", "small32", "paged32", "long64"};
  const auto [mode, engine] = parameters.param;
  return std::string(kNames[static_cast<unsigned>(mode)]) + "_" + engine_name(engine);
}

constexpr ProgramMode kModes[] = {ProgramMode::kReal16, ProgramMode::kFlat32, ProgramMode::kSmall32,
                                  ProgramMode::kPaged32, ProgramMode::kLong64};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RandomPrograms);  // a build without the JIT
INSTANTIATE_TEST_SUITE_P(All, RandomPrograms,
                         testing::Combine(testing::ValuesIn(kModes),
                                          testing::ValuesIn(translating())),
                         name_of);

}  // namespace
}  // namespace ice86::cpu::test
