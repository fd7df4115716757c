// SPDX-License-Identifier: LGPL-2.1-or-later
// POST port, debug console, debug exit, Bochs shutdown, port 61h.
#include "devices/debug_ports/debug_ports.h"

#include "devices/i8254/i8254.h"
#include "devices/port61/port61.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::BochsShutdown;
using devices::DebugConsole;
using devices::DebugExit;
using devices::I8254;
using devices::Port61;
using devices::PostPort;

struct PostBench {
  Clock clock;
  TraceBus trace{clock};
  PostPort chip{trace};
  PostPort& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"port", &chip, 1, 1}}; }
  bool interrupting() const { return false; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(PostPort, DeviceConformance, PostBench);

struct ConsoleBench {
  Clock clock;
  std::string text;
  DebugConsole chip{"debugcon", [this](std::uint8_t byte) { text += static_cast<char>(byte); }};
  DebugConsole& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"port", &chip, 1, 1}}; }
  bool interrupting() const { return false; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(DebugConsole, DeviceConformance, ConsoleBench);

struct ExitBench {
  Clock clock;
  std::vector<unsigned> exits;
  DebugExit chip{[this](std::uint8_t value) { exits.push_back(value); }};
  DebugExit& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"port", &chip, 4, 4}}; }
  bool interrupting() const { return false; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(DebugExit, DeviceConformance, ExitBench);

struct ShutdownBench {
  Clock clock;
  EdgeLine power_off;
  unsigned offs = 0;
  BochsShutdown chip{power_off};
  ShutdownBench() {
    power_off.connect([this] { ++offs; });
  }
  BochsShutdown& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"port", &chip, 1, 1}}; }
  bool interrupting() const { return false; }
  void write(std::string_view text) {
    for (const char c : text) chip.write(0, 1, static_cast<std::uint8_t>(c));
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(BochsShutdown, DeviceConformance, ShutdownBench);

struct Port61Bench {
  Clock clock{1000};
  I8254 pit{clock, {}};
  LevelLine gate, speaker;
  Port61 chip{{gate, speaker, [this] { return pit.out(2); },
               [this] { return (pit.rising_edges(1) & 1) != 0; }}};
  Port61Bench() {
    gate.connect([this](bool high) { pit.set_gate(2, high); });
  }
  Port61& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"port", &chip, 1, 1}}; }
  bool interrupting() const { return false; }
  std::uint64_t outputs() const { return (gate.high() ? 1 : 0) | (speaker.high() ? 2 : 0); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Port61, DeviceConformance, Port61Bench);

TEST(PostPort, KeepsTheCodeAndTracesIt) {
  PostBench b;
  std::vector<std::uint64_t> codes;
  b.trace.subscribe(TraceBus::mask_of(TraceCategory::kPost), [&](const TraceEvent& event) {
    codes.push_back(std::get<std::uint64_t>(event.fields.at(0).value));
  });
  b.chip.write(0, 1, 0xFE);
  b.chip.write(0, 1, 0x12);
  EXPECT_EQ(b.chip.read(0, 1), 0x12U);
  EXPECT_EQ(codes, (std::vector<std::uint64_t>{0xFE, 0x12}));
}

TEST(DebugConsole, PassesBytesOnAndSaysItIsThere) {
  ConsoleBench b;
  for (const char c : std::string_view("hi")) b.chip.write(0, 1, static_cast<std::uint8_t>(c));
  EXPECT_EQ(b.text, "hi");
  EXPECT_EQ(b.chip.read(0, 1), 0xE9U);
}

TEST(DebugExit, GivesTheLowByte) {
  ExitBench b;
  b.chip.write(0, 4, 0x12345678);
  EXPECT_EQ(b.exits, (std::vector<unsigned>{0x78}));
}

TEST(BochsShutdown, NeedsTheWholeWord) {
  ShutdownBench b;
  b.write("Shut down Shutdow");
  EXPECT_EQ(b.offs, 0U);
  b.write("n");
  EXPECT_EQ(b.offs, 1U);
  b.write("SShutdown");
  EXPECT_EQ(b.offs, 2U) << "a new beginning inside a failed one";
}

TEST(Port61, MeasuresWithTimerTwo) {
  Port61Bench b;
  b.pit.write(3, 1, 0xB0);  // mode 0
  b.pit.write(2, 1, 100);
  b.pit.write(2, 1, 0);
  conformance::advance(b, 1'000'000);
  EXPECT_EQ(b.chip.read(0, 1) & 0x20, 0x00U) << "the gate is closed";
  b.chip.write(0, 1, 0x01);
  conformance::advance(b, 83'000);
  EXPECT_EQ(b.chip.read(0, 1) & 0x21, 0x01U);
  conformance::advance(b, 2'000);
  EXPECT_EQ(b.chip.read(0, 1) & 0x21, 0x21U);
}

TEST(Port61, RefreshTogglesEveryFifteenMicroseconds) {
  Port61Bench b;
  unsigned changes = 0;
  std::uint64_t last = b.chip.read(0, 1) & 0x10;
  for (unsigned i = 0; i < 10'000; ++i) {
    conformance::advance(b, 100);
    const std::uint64_t now = b.chip.read(0, 1) & 0x10;
    if (now != last) ++changes;
    last = now;
  }
  EXPECT_EQ(changes, 66U);  // one millisecond
}

TEST(Port61, OnlyTheLowBitsAreWritable) {
  Port61Bench b;
  b.chip.write(0, 1, 0xFF);
  EXPECT_EQ(b.chip.read(0, 1) & 0xCF, 0x0FU);
  EXPECT_TRUE(b.speaker.high());
}

}  // namespace
}  // namespace ice86
