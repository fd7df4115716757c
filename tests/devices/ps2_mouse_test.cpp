// SPDX-License-Identifier: LGPL-2.1-or-later
// PS/2 mouse by itself and behind the controller's auxiliary port.
#include "devices/i8042/ps2_mouse.h"

#include <gmock/gmock.h>

#include "devices/i8042/i8042.h"
#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::I8042;
using devices::Ps2Mouse;
using ::testing::ElementsAre;

struct Pc {
  Clock clock{1};
  LevelLine irq1, irq12, a20;
  EdgeLine cpu_reset;
  Ps2Mouse mouse{clock};
  I8042 chip{clock, {irq1, irq12, a20, cpu_reset}, nullptr, &mouse};

  bool interrupting() const { return irq1.high() || irq12.high(); }
  std::vector<int> read_all() {
    std::vector<int> bytes;
    for (;;) {
      conformance::advance(*this, 120'000);
      if ((chip.read(1, 1) & 0x01) == 0) return bytes;
      EXPECT_EQ(chip.read(1, 1) & 0x20, 0x20U) << "from the auxiliary port";
      bytes.push_back(static_cast<int>(chip.read(0, 1)));
    }
  }
  std::vector<int> send(unsigned byte) {
    chip.write(1, 1, 0xD4);
    chip.write(0, 1, byte);
    return read_all();
  }
};

struct MouseBench : Pc {
  struct Whole {
    Pc& pc;
    void reset(ResetKind kind) {
      pc.mouse.reset(kind);
      pc.chip.reset(kind);
    }
    void serialize(Archive& archive) {
      pc.mouse.serialize(archive);
      pc.chip.serialize(archive);
    }
    std::string dump() const { return pc.mouse.dump() + pc.chip.dump(); }
  };
  Whole whole{*this};
  Whole& device() { return whole; }
  std::vector<conformance::Block> blocks() { return {{"ports", &chip, 2, 1}}; }
  void disturb(std::mt19937_64& random) {
    mouse.move(static_cast<int>(random() % 2000) - 1000, static_cast<int>(random() % 2000) - 1000,
               static_cast<int>(random() % 40) - 20);
    mouse.button(static_cast<Ps2Mouse::Button>(random() % 5), random() % 2 != 0);
    // Commands reach the mouse through D4 only; random writes rarely do.
    chip.write(1, 1, 0xD4);
    chip.write(0, 1, 0xE0 + random() % 32);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(I8042WithMouse, DeviceConformance, MouseBench);

TEST(Ps2Mouse, ResetAndIdentify) {
  Pc pc;
  EXPECT_THAT(pc.send(0xFF), ElementsAre(0xFA, 0xAA, 0x00));
  EXPECT_THAT(pc.send(0xF2), ElementsAre(0xFA, 0x00));
  EXPECT_THAT(pc.send(0xE9), ElementsAre(0xFA, 0x00, 0x02, 100));
  EXPECT_THAT(pc.send(0xE1), ElementsAre(0xFE));
}

TEST(Ps2Mouse, StreamsMovementOnceEnabled) {
  Pc pc;
  pc.mouse.move(5, 5);
  EXPECT_TRUE(pc.read_all().empty());
  EXPECT_THAT(pc.send(0xF4), ElementsAre(0xFA));
  pc.mouse.move(3, -2);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x28, 0x03, 0xFE));
  pc.mouse.button(Ps2Mouse::Button::kRight, true);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x0A, 0x00, 0x00));
}

TEST(Ps2Mouse, LargeMovementsTakeSeveralPackets) {
  Pc pc;
  pc.send(0xF4);
  pc.mouse.move(-300, 0);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x18, 0x01, 0x00, 0x18, 0xD3, 0x00));
}

TEST(Ps2Mouse, SampleRateLimitsPackets) {
  Pc pc;
  pc.send(0xF3);
  pc.send(10);
  pc.send(0xF4);
  pc.mouse.move(1, 0);
  conformance::advance(pc, 99'000);
  EXPECT_EQ(pc.chip.read(1, 1) & 0x01, 0x00U);
  conformance::advance(pc, 2'000);
  EXPECT_EQ(pc.chip.read(1, 1) & 0x01, 0x01U);
}

TEST(Ps2Mouse, WheelAfterTheKnock) {
  Pc pc;
  for (const unsigned rate : {200U, 100U, 80U}) {
    pc.send(0xF3);
    EXPECT_THAT(pc.send(rate), ElementsAre(0xFA));
  }
  EXPECT_THAT(pc.send(0xF2), ElementsAre(0xFA, 0x03));
  pc.send(0xF4);
  pc.mouse.move(0, 0, -1);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x08, 0x00, 0x00, 0xFF));
}

TEST(Ps2Mouse, FiveButtonsAfterTheirKnock) {
  Pc pc;
  for (const unsigned rate : {200U, 200U, 80U}) {
    pc.send(0xF3);
    pc.send(rate);
  }
  EXPECT_THAT(pc.send(0xF2), ElementsAre(0xFA, 0x04));
  pc.send(0xF4);
  pc.mouse.button(Ps2Mouse::Button::kFifth, true);
  pc.mouse.move(0, 0, -1);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x08, 0x00, 0x00, 0x2F));
  EXPECT_THAT(pc.send(0xFF), ElementsAre(0xFA, 0xAA, 0x00));
  EXPECT_THAT(pc.send(0xF2), ElementsAre(0xFA, 0x00));
}

TEST(Ps2Mouse, ResendRepeatsThePacket) {
  Pc pc;
  EXPECT_THAT(pc.send(0xE9), ElementsAre(0xFA, 0x00, 0x02, 100));
  EXPECT_THAT(pc.send(0xFE), ElementsAre(0x00, 0x02, 100));
  EXPECT_THAT(pc.send(0xFE), ElementsAre(0x00, 0x02, 100));
}

TEST(Ps2Mouse, TheSecondInvalidInputIsAnError) {
  Pc pc;
  EXPECT_THAT(pc.send(0xE1), ElementsAre(0xFE));
  EXPECT_THAT(pc.send(0xE1), ElementsAre(0xFC));
  EXPECT_THAT(pc.send(0xE1), ElementsAre(0xFE));
  EXPECT_THAT(pc.send(0xE6), ElementsAre(0xFA));
  EXPECT_THAT(pc.send(0xE1), ElementsAre(0xFE));
}

TEST(Ps2Mouse, RemoteModeAnswersOnDemand) {
  Pc pc;
  pc.send(0xF4);
  pc.send(0xF0);
  pc.mouse.move(7, 9);
  EXPECT_TRUE(pc.read_all().empty());
  EXPECT_THAT(pc.send(0xEB), ElementsAre(0xFA, 0x08, 0x07, 0x09));
}

TEST(Ps2Mouse, DoubleScalingAndBadParameters) {
  Pc pc;
  pc.send(0xF4);
  pc.send(0xE7);
  pc.mouse.move(4, -10);
  EXPECT_THAT(pc.read_all(), ElementsAre(0x28, 0x06, 0xEC));
  pc.send(0xE8);
  EXPECT_THAT(pc.send(9), ElementsAre(0xFE));
  pc.send(0xF3);
  EXPECT_THAT(pc.send(33), ElementsAre(0xFE));
}

TEST(Ps2Mouse, WrapModeEchoes) {
  Pc pc;
  pc.send(0xEE);
  EXPECT_THAT(pc.send(0xF4), ElementsAre(0xF4));
  EXPECT_THAT(pc.send(0x55), ElementsAre(0x55));
  EXPECT_THAT(pc.send(0xEC), ElementsAre(0xFA));
}

TEST(I8042, AuxiliaryBytesInterruptOnTheirOwnLineUntranslated) {
  Pc pc;
  pc.chip.write(1, 1, 0x60);
  pc.chip.write(0, 1, 0x43);
  pc.chip.write(1, 1, 0xD4);
  pc.chip.write(0, 1, 0xF2);
  conformance::advance(pc, 250);
  EXPECT_TRUE(pc.irq12.high());
  EXPECT_FALSE(pc.irq1.high());
  EXPECT_EQ(pc.chip.read(0, 1), 0xFAU);
}

}  // namespace
}  // namespace ice86
