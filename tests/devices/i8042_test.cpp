// SPDX-License-Identifier: LGPL-2.1-or-later
// 8042 controller and PS/2 keyboard: commands, translation, interrupts, A20, reset, typematic
// repeat.
#include "devices/i8042/i8042.h"

#include <gmock/gmock.h>

#include <set>

#include "devices/i8042/ps2_keyboard.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::I8042;
using devices::KeyCode;
using devices::Ps2Keyboard;
using ::testing::ElementsAre;

struct Pc {
  Clock clock{1};
  LevelLine irq1, irq12, a20;
  EdgeLine cpu_reset;
  unsigned resets = 0;
  Ps2Keyboard keyboard{clock};
  I8042 chip{clock, {irq1, irq12, a20, cpu_reset}, &keyboard, nullptr};

  Pc() {
    cpu_reset.connect([this] { ++resets; });
  }
  bool interrupting() const { return irq1.high() || irq12.high(); }

  std::uint8_t status() { return static_cast<std::uint8_t>(chip.read(1, 1)); }
  void command(unsigned value) { chip.write(1, 1, value); }
  void command(unsigned value, unsigned parameter) {
    chip.write(1, 1, value);
    chip.write(0, 1, parameter);
  }
  // As firmware does: waits until the buffer is full, then reads it.
  int read() {
    for (unsigned i = 0; i < 2'000'000; i += 10) {
      if ((status() & 0x01) != 0) return static_cast<int>(chip.read(0, 1));
      conformance::advance(*this, 10);
    }
    return -1;
  }
  std::vector<int> read_all() {
    std::vector<int> bytes;
    for (;;) {
      conformance::advance(*this, 5000);
      if ((status() & 0x01) == 0) return bytes;
      bytes.push_back(static_cast<int>(chip.read(0, 1)));
    }
  }
  std::vector<int> to_keyboard(unsigned byte) {
    chip.write(0, 1, byte);
    return read_all();
  }
  void open(unsigned command_byte) { command(0x60, command_byte); }
  void tap(KeyCode key) {
    keyboard.key(key, true);
    keyboard.key(key, false);
  }
};

// The keyboard is part of what a restored controller talks to.
struct WholeBench : Pc {
  struct Whole {
    Pc& pc;
    void reset(ResetKind kind) {
      pc.keyboard.reset(kind);
      pc.chip.reset(kind);
    }
    void serialize(Archive& archive) {
      pc.keyboard.serialize(archive);
      pc.chip.serialize(archive);
    }
    std::string dump() const { return pc.keyboard.dump() + pc.chip.dump(); }
  };
  Whole whole{*this};
  Whole& device() { return whole; }
  std::vector<conformance::Block> blocks() { return {{"ports", &chip, 2, 1}}; }
  std::uint64_t outputs() const { return (irq1.high() ? 1 : 0) | (a20.high() ? 2 : 0); }
  void disturb(std::mt19937_64& random) {
    keyboard.key(static_cast<KeyCode>(random() % devices::kKeyCodes), random() % 2 != 0);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(I8042WithKeyboard, DeviceConformance, WholeBench);

TEST(I8042, SelfTestsAndStatus) {
  Pc pc;
  EXPECT_EQ(pc.status(), 0x10U);
  pc.command(0xAA);
  EXPECT_EQ(pc.status(), 0x1DU) << "output full, system flag, last write was a command";
  EXPECT_EQ(pc.read(), 0x55);
  pc.command(0xAB);
  EXPECT_EQ(pc.read(), 0x00);
  pc.command(0xA9);
  EXPECT_EQ(pc.read(), 0x00);
}

TEST(I8042, CommandByteAndRamCanBeReadBack) {
  Pc pc;
  pc.command(0x60, 0x65);
  pc.command(0x20);
  EXPECT_EQ(pc.read(), 0x65);
  EXPECT_EQ(pc.status() & 0x04, 0x04);
  pc.command(0x7F, 0xA5);
  pc.command(0x3F);
  EXPECT_EQ(pc.read(), 0xA5);
  pc.command(0xAD);
  pc.command(0xA7);
  pc.command(0x20);
  EXPECT_EQ(pc.read(), 0x75);
  pc.command(0xAE);
  pc.command(0xA8);
  pc.command(0x20);
  EXPECT_EQ(pc.read(), 0x45);
}

TEST(I8042, KeyComesTranslatedWithAnInterrupt) {
  Pc pc;
  pc.open(0x41);
  pc.keyboard.key(KeyCode::kA, true);
  EXPECT_FALSE(pc.irq1.high()) << "the wire takes its time";
  conformance::advance(pc, 100);
  EXPECT_TRUE(pc.irq1.high());
  EXPECT_EQ(pc.chip.read(0, 1), 0x1EU);
  EXPECT_FALSE(pc.irq1.high());
  pc.keyboard.key(KeyCode::kA, false);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x9E));
}

TEST(I8042, SnapshotBetweenReleasePrefixAndCode) {
  Pc pc;
  pc.open(0x41);
  pc.tap(KeyCode::kA);
  conformance::advance(pc, 100);
  EXPECT_EQ(pc.chip.read(0, 1), 0x1EU);
  conformance::advance(pc, 150);  // F0 has come, 1C is on the wire
  Archive saved = Archive::writer();
  pc.clock.serialize(saved);
  pc.keyboard.serialize(saved);
  pc.chip.serialize(saved);
  Pc copy;
  Archive loaded = Archive::reader(saved.bytes());
  copy.clock.serialize(loaded);
  copy.keyboard.serialize(loaded);
  copy.chip.serialize(loaded);
  ASSERT_TRUE(loaded.finish().has_value());
  EXPECT_THAT(copy.read_all(), ElementsAre(0x9E));
}

TEST(I8042, WithoutTranslationSetTwoArrives) {
  Pc pc;
  pc.open(0x01);
  pc.tap(KeyCode::kA);
  pc.tap(KeyCode::kUp);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x1C, 0xF0, 0x1C, 0xE0, 0x75, 0xE0, 0xF0, 0x75));
}

TEST(I8042, ClosedPortKeepsKeysInTheKeyboard) {
  Pc pc;
  pc.open(0x51);
  pc.tap(KeyCode::kEnter);
  EXPECT_TRUE(pc.read_all().empty());
  pc.command(0xAE);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x1C, 0x9C));
}

TEST(I8042, InterruptNeedsItsEnableBit) {
  Pc pc;
  pc.open(0x40);
  pc.keyboard.key(KeyCode::kB, true);
  conformance::advance(pc, 1000);
  EXPECT_EQ(pc.status() & 0x01, 0x01);
  EXPECT_FALSE(pc.irq1.high());
  pc.open(0x41);
  EXPECT_TRUE(pc.irq1.high());
}

TEST(I8042, OutputPortGatesA20) {
  Pc pc;
  EXPECT_TRUE(pc.a20.high());
  pc.command(0xD1, 0xDD);
  EXPECT_FALSE(pc.a20.high());
  pc.command(0xD0);
  EXPECT_EQ(pc.read() & 0x03, 0x01);
  pc.command(0xD1, 0xDF);
  EXPECT_TRUE(pc.a20.high());
  pc.command(0xDD);
  EXPECT_FALSE(pc.a20.high());
  pc.command(0xDF);
  EXPECT_TRUE(pc.a20.high());
  EXPECT_EQ(pc.resets, 0U);
}

TEST(I8042, ResetLineByPulseAndByOutputPort) {
  Pc pc;
  pc.command(0xFF);
  EXPECT_EQ(pc.resets, 0U) << "no line is pulsed";
  pc.command(0xFE);
  EXPECT_EQ(pc.resets, 1U);
  pc.command(0xD1, 0x02);
  EXPECT_EQ(pc.resets, 2U);
}

TEST(I8042, WriteToOutputBuffersLooksLikeTheDevices) {
  Pc pc;
  pc.open(0x43);
  pc.command(0xD2, 0x77);
  EXPECT_TRUE(pc.irq1.high());
  EXPECT_EQ(pc.read(), 0x77) << "not translated";
  pc.command(0xD3, 0x88);
  EXPECT_TRUE(pc.irq12.high());
  EXPECT_EQ(pc.status() & 0x21, 0x21);
  EXPECT_EQ(pc.read(), 0x88);
  EXPECT_FALSE(pc.irq12.high());
}

TEST(I8042, AbsentAuxiliaryDeviceTimesOut) {
  Pc pc;
  pc.command(0xD4, 0xFF);
  EXPECT_EQ(pc.status() & 0x01, 0x00);
  conformance::advance(pc, 200);
  EXPECT_EQ(pc.status() & 0x61, 0x61) << "time-out, from the auxiliary port";
  EXPECT_EQ(pc.read(), 0xFE);
  EXPECT_EQ(pc.status() & 0x61, 0x00);
}

TEST(I8042, SecondByteWaitsWhileTheWireIsBusy) {
  Pc pc;
  pc.open(0x01);
  pc.chip.write(0, 1, 0xED);
  EXPECT_EQ(pc.status() & 0x02, 0x00);
  pc.chip.write(0, 1, 0x07);
  EXPECT_EQ(pc.status() & 0x02, 0x02);
  EXPECT_THAT(pc.read_all(), ElementsAre(0xFA, 0xFA));
  EXPECT_EQ(pc.keyboard.leds(), 0x07);
}

TEST(Ps2Keyboard, ResetRunsTheSelfTest) {
  Pc pc;
  pc.open(0x01);
  pc.chip.write(0, 1, 0xFF);
  EXPECT_EQ(pc.read(), 0xFA);
  conformance::advance(pc, 300);
  EXPECT_EQ(pc.status() & 0x01, 0x00) << "still testing";
  EXPECT_EQ(pc.read(), 0xAA);
}

TEST(Ps2Keyboard, IdentifiesEchoesAndRefusesUnknownCommands) {
  Pc pc;
  pc.open(0x01);
  EXPECT_THAT(pc.to_keyboard(0xF2), ElementsAre(0xFA, 0xAB, 0x83));
  EXPECT_THAT(pc.to_keyboard(0xEE), ElementsAre(0xEE));
  EXPECT_THAT(pc.to_keyboard(0x05), ElementsAre(0xFE));
  EXPECT_THAT(pc.to_keyboard(0xEF), ElementsAre(0xFE));
  pc.open(0x41);
  EXPECT_THAT(pc.to_keyboard(0xF2), ElementsAre(0xFA, 0xAB, 0x41))
      << "the identifier is translated";
}

TEST(Ps2Keyboard, ResendRepeatsTheLastByte) {
  Pc pc;
  pc.open(0x01);
  pc.to_keyboard(0xF2);
  EXPECT_THAT(pc.to_keyboard(0xFE), ElementsAre(0x83));
}

TEST(Ps2Keyboard, ScanCodeSets) {
  Pc pc;
  pc.open(0x01);
  pc.to_keyboard(0xF0);
  EXPECT_THAT(pc.to_keyboard(0x00), ElementsAre(0xFA, 0x02));
  pc.to_keyboard(0xF0);
  pc.to_keyboard(0x01);
  pc.tap(KeyCode::kRightControl);
  EXPECT_THAT(pc.read_all(), ElementsAre(0xE0, 0x1D, 0xE0, 0x9D));
  pc.to_keyboard(0xF0);
  pc.to_keyboard(0x03);
  pc.tap(KeyCode::kF1);
  pc.tap(KeyCode::kLeftShift);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x07, 0x12, 0xF0, 0x12));
  pc.to_keyboard(0xF8);  // all keys make and break
  pc.tap(KeyCode::kF1);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x07, 0xF0, 0x07));
  pc.to_keyboard(0xF0);
  EXPECT_THAT(pc.to_keyboard(0x04), ElementsAre(0xFE));
}

TEST(Ps2Keyboard, DisableAndEnableScanning) {
  Pc pc;
  pc.open(0x01);
  pc.to_keyboard(0xF5);
  pc.tap(KeyCode::kA);
  EXPECT_TRUE(pc.read_all().empty());
  pc.to_keyboard(0xF4);
  pc.tap(KeyCode::kA);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x1C, 0xF0, 0x1C));
}

TEST(Ps2Keyboard, PauseAndPrintScreenSequences) {
  Pc pc;
  pc.open(0x01);
  pc.tap(KeyCode::kPause);
  EXPECT_THAT(pc.read_all(), ElementsAre(0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77));
  pc.tap(KeyCode::kPrintScreen);
  EXPECT_THAT(pc.read_all(),
              ElementsAre(0xE0, 0x12, 0xE0, 0x7C, 0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12));
  pc.keyboard.key(KeyCode::kLeftAlt, true);
  pc.tap(KeyCode::kPrintScreen);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x11, 0x84, 0xF0, 0x84));
  pc.keyboard.key(KeyCode::kLeftAlt, false);
  pc.keyboard.key(KeyCode::kLeftControl, true);
  pc.read_all();
  pc.tap(KeyCode::kPause);
  EXPECT_THAT(pc.read_all(), ElementsAre(0xE0, 0x7E, 0xE0, 0xF0, 0x7E));
}

TEST(Ps2Keyboard, CursorKeysPretendAShiftState) {
  Pc pc;
  pc.open(0x01);
  pc.keyboard.key(KeyCode::kLeftShift, true);
  pc.tap(KeyCode::kInsert);
  EXPECT_THAT(pc.read_all(),
              ElementsAre(0x12, 0xE0, 0xF0, 0x12, 0xE0, 0x70, 0xE0, 0xF0, 0x70, 0xE0, 0x12));
  pc.keyboard.key(KeyCode::kLeftShift, false);
  pc.read_all();
  pc.to_keyboard(0xED);
  pc.to_keyboard(0x02);  // Num Lock
  pc.tap(KeyCode::kInsert);
  EXPECT_THAT(pc.read_all(),
              ElementsAre(0xE0, 0x12, 0xE0, 0x70, 0xE0, 0xF0, 0x70, 0xE0, 0xF0, 0x12));
}

TEST(Ps2Keyboard, HeldKeyRepeatsAtTheTypematicRate) {
  Pc pc;
  pc.open(0x01);
  pc.keyboard.key(KeyCode::kX, true);
  conformance::advance(pc, 499'000);
  EXPECT_EQ(pc.chip.read(0, 1), 0x22U);
  EXPECT_EQ(pc.status() & 0x01, 0x00);
  conformance::advance(pc, 1'200);
  EXPECT_EQ(pc.chip.read(0, 1), 0x22U);
  conformance::advance(pc, 91'700);  // 22/240 s
  EXPECT_EQ(pc.status() & 0x01, 0x01);
  pc.chip.read(0, 1);
  pc.keyboard.key(KeyCode::kX, false);
  EXPECT_THAT(pc.read_all(), ElementsAre(0xF0, 0x22));
  conformance::advance(pc, 2'000'000);
  EXPECT_EQ(pc.status() & 0x01, 0x00);
}

TEST(Ps2Keyboard, FullBufferReportsOneOverrun) {
  Pc pc;
  pc.open(0x10);
  for (unsigned i = 0; i < 20; ++i) pc.tap(KeyCode::kA);
  pc.open(0x00);
  const std::vector<int> bytes = pc.read_all();
  ASSERT_EQ(bytes.size(), 17U);
  EXPECT_EQ(bytes.back(), 0x00);
}

TEST(KeyCodes, EveryKeyHasADistinctNameAndCode) {
  std::set<std::string_view> names;
  std::set<std::uint16_t> codes;
  for (unsigned i = 0; i < devices::kKeyCodes; ++i) {
    const auto key = static_cast<KeyCode>(i);
    EXPECT_TRUE(names.insert(name_of(key)).second) << name_of(key);
    EXPECT_EQ(devices::key_code(name_of(key)), key);
    EXPECT_LT(devices::translate_set2_to_set1(static_cast<std::uint8_t>(set2_code(key))), 0x80);
    if (key == KeyCode::kPause) continue;  // shares Num Lock's
    EXPECT_TRUE(codes.insert(set2_code(key)).second) << name_of(key);
  }
  EXPECT_EQ(devices::key_code("no-such-key"), std::nullopt);
}

}  // namespace
}  // namespace ice86
