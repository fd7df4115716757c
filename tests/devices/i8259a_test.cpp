// SPDX-License-Identifier: LGPL-2.1-or-later
// 8259A: initialisation, priorities, cascade, every EOI and rotation, modes, spurious interrupts.
#include "devices/i8259a/i8259a.h"

#include "tests/devices/conformance.h"

namespace ice86 {
namespace {

using devices::I8259a;

// The PC's pair, as the board wires it.
struct Pair {
  Clock clock;
  TraceBus trace{clock};
  LevelLine intr, cascade;
  I8259a slave{
      {.name = "pic1", .role = I8259a::Role::kSlave, .elcr_writable = 0xDE}, cascade, trace};
  I8259a master{
      {.name = "pic0", .role = I8259a::Role::kMaster, .elcr_writable = 0xF8}, intr, trace};

  Pair() {
    master.connect_slave(2, slave);
    cascade.connect([this](bool high) { master.set_ir(2, high); });
  }
  void initialise(std::uint8_t master_icw4 = 0x01, std::uint8_t slave_icw4 = 0x01,
                  std::uint8_t icw1 = 0x11) {
    master.write(0, 1, icw1);
    master.write(1, 1, 0x08);
    master.write(1, 1, 0x04);
    master.write(1, 1, master_icw4);
    slave.write(0, 1, icw1);
    slave.write(1, 1, 0x70);
    slave.write(1, 1, 0x02);
    slave.write(1, 1, slave_icw4);
  }
  void pulse(I8259a& chip, unsigned ir) {
    chip.set_ir(ir, false);
    chip.set_ir(ir, true);
  }
};

struct I8259aBench : Pair {
  I8259a& device() { return master; }
  std::vector<conformance::Block> blocks() {
    return {{"ports", &master, 2, 1}, {"elcr", &master.elcr(), 1, 1}};
  }
  bool interrupting() const { return intr.high(); }
  void disturb(std::mt19937_64& random) {
    const unsigned ir = random() % 8;
    if (ir != 2) master.set_ir(ir, random() % 2 != 0);
    if (random() % 4 == 0) master.acknowledge();
  }
  void release() {
    for (unsigned i = 0; i < 8; ++i) master.set_ir(i, false);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(I8259a, DeviceConformance, I8259aBench);

TEST(I8259a, EdgeRequestInterruptsAndIsAcknowledgedOnce) {
  Pair p;
  p.initialise();
  p.master.set_ir(3, true);
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.read(0, 1), 0x08U) << "IRR";
  EXPECT_EQ(p.master.acknowledge(), 0x0B);
  EXPECT_FALSE(p.intr.high());
  EXPECT_EQ(p.master.read(0, 1), 0x00U) << "the edge is used up though the input is still high";
  p.master.write(0, 1, 0x0B);
  EXPECT_EQ(p.master.read(0, 1), 0x08U) << "ISR";
  p.master.write(0, 1, 0x20);
  EXPECT_EQ(p.master.read(0, 1), 0x00U);
  EXPECT_FALSE(p.intr.high());
  p.pulse(p.master, 3);
  EXPECT_TRUE(p.intr.high());
}

TEST(I8259a, NothingInterruptsBeforeInitialisationEnds) {
  Pair p;
  p.master.set_ir(0, true);
  EXPECT_FALSE(p.intr.high());
  p.master.write(0, 1, 0x11);
  p.pulse(p.master, 0);
  p.master.write(1, 1, 0x08);
  p.master.write(1, 1, 0x04);
  EXPECT_FALSE(p.intr.high());
  p.master.write(1, 1, 0x01);
  EXPECT_TRUE(p.intr.high());
}

TEST(I8259a, Icw1ForgetsEarlierEdges) {
  Pair p;
  p.initialise();
  p.master.set_ir(4, true);
  p.initialise();
  EXPECT_FALSE(p.intr.high());
  EXPECT_EQ(p.master.irr(), 0x00);
}

TEST(I8259a, SingleChipWithoutIcw4TakesTwoWords) {
  Pair p;
  p.master.write(0, 1, 0x12);  // SNGL, no ICW4
  p.master.write(1, 1, 0x20);
  p.master.write(1, 1, 0xFB);  // OCW1 already
  EXPECT_EQ(p.master.imr(), 0xFB);
}

TEST(I8259a, MaskHoldsARequestBack) {
  Pair p;
  p.initialise();
  p.master.write(1, 1, 0x10);
  p.master.set_ir(4, true);
  EXPECT_FALSE(p.intr.high());
  p.master.write(1, 1, 0x00);
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.read(1, 1), 0x00U);
}

TEST(I8259a, HigherPriorityNestsLowerWaits) {
  Pair p;
  p.initialise();
  p.master.set_ir(4, true);
  EXPECT_EQ(p.master.acknowledge(), 0x0C);
  p.master.set_ir(5, true);
  EXPECT_FALSE(p.intr.high());
  p.master.set_ir(1, true);
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.acknowledge(), 0x09);
  EXPECT_EQ(p.master.isr(), 0x12);
  p.master.write(0, 1, 0x20);  // non-specific: the highest in service
  EXPECT_EQ(p.master.isr(), 0x10);
  EXPECT_FALSE(p.intr.high());
  p.master.write(0, 1, 0x64);  // specific, level 4
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.acknowledge(), 0x0D);
}

TEST(I8259a, SlaveSuppliesItsVectorThroughTheCascade) {
  Pair p;
  p.initialise();
  p.slave.set_ir(6, true);
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.acknowledge(), 0x76);
  EXPECT_EQ(p.master.isr(), 0x04);
  EXPECT_EQ(p.slave.isr(), 0x40);
  // A lower request of the slave waits for both ends of interrupt.
  p.slave.set_ir(7, true);
  EXPECT_FALSE(p.intr.high());
  p.slave.write(0, 1, 0x20);
  EXPECT_TRUE(p.cascade.high());
  EXPECT_FALSE(p.intr.high());
  p.master.write(0, 1, 0x20);
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.acknowledge(), 0x77);
}

TEST(I8259a, SlaveWithAnotherNumberDoesNotAnswer) {
  Pair p;
  p.initialise();
  p.slave.write(0, 1, 0x11);
  p.slave.write(1, 1, 0x70);
  p.slave.write(1, 1, 0x05);
  p.slave.write(1, 1, 0x01);
  p.slave.set_ir(1, true);
  EXPECT_EQ(p.master.acknowledge(), 0xFF);
}

TEST(I8259a, SlaveInAutomaticEoiRaisesTheCascadeAgain) {
  Pair p;
  p.initialise(0x01, 0x03);
  p.slave.set_ir(0, true);
  p.slave.set_ir(1, true);
  EXPECT_EQ(p.master.acknowledge(), 0x70);
  p.master.write(0, 1, 0x20);
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.acknowledge(), 0x71);
}

TEST(I8259a, SpecialFullyNestedLetsAHigherSlaveRequestThrough) {
  for (const bool special : {false, true}) {
    Pair p;
    p.initialise(special ? 0x11 : 0x01);
    p.slave.set_ir(5, true);
    EXPECT_EQ(p.master.acknowledge(), 0x75);
    p.slave.set_ir(1, true);
    EXPECT_EQ(p.intr.high(), special);
  }
}

TEST(I8259a, WithdrawnRequestGivesSpuriousSeven) {
  Pair p;
  p.initialise();
  p.master.set_ir(3, true);
  p.master.set_ir(3, false);
  EXPECT_FALSE(p.intr.high());
  EXPECT_EQ(p.master.acknowledge(), 0x0F);
  EXPECT_EQ(p.master.isr(), 0x00) << "a spurious interrupt is not in service";
}

TEST(I8259a, WithdrawnSlaveRequestBetweenTheTwoChipsGivesFifteen) {
  Pair p;
  p.initialise();
  // The slave's mask takes the request away while the master's input is held by a level-sensitive
  // wire.
  p.cascade.connect(nullptr);
  p.slave.set_ir(2, true);
  p.master.set_ir(2, true);
  p.slave.set_ir(2, false);
  EXPECT_EQ(p.master.acknowledge(), 0x77);
  EXPECT_EQ(p.slave.isr(), 0x00);
  EXPECT_EQ(p.master.isr(), 0x04) << "the master's end of interrupt is still needed";
}

TEST(I8259a, LevelRequestRepeatsUntilItIsReleased) {
  Pair p;
  p.initialise();
  p.master.elcr().write(0, 1, 0xFF);
  EXPECT_EQ(p.master.elcr().read(0, 1), 0xF8U) << "IRQ0-2 are always edge-triggered";
  p.master.set_ir(5, true);
  EXPECT_EQ(p.master.acknowledge(), 0x0D);
  p.master.write(0, 1, 0x20);
  EXPECT_TRUE(p.intr.high());
  p.master.set_ir(5, false);
  EXPECT_FALSE(p.intr.high());
}

TEST(I8259a, LtimMakesAllInputsLevelSensitive) {
  Clock clock;
  TraceBus trace{clock};
  LevelLine intr;
  I8259a chip({.name = "pic0"}, intr, trace);
  for (const unsigned word : {0x1BU, 0x108U, 0x101U}) chip.write(word >> 8, 1, word & 0xFF);
  chip.set_ir(0, true);
  EXPECT_EQ(chip.acknowledge(), 0x08);
  chip.write(0, 1, 0x20);
  EXPECT_TRUE(intr.high());
}

TEST(I8259a, ElcrReplacesLtim) {
  Pair p;
  p.initialise(0x01, 0x01, 0x19);
  p.master.set_ir(0, true);
  EXPECT_EQ(p.master.acknowledge(), 0x08);
  p.master.write(0, 1, 0x20);
  EXPECT_FALSE(p.intr.high());
}

TEST(I8259a, AutomaticEoiLeavesNothingInService) {
  Pair p;
  p.initialise(0x03);
  p.master.set_ir(6, true);
  EXPECT_EQ(p.master.acknowledge(), 0x0E);
  EXPECT_EQ(p.master.isr(), 0x00);
}

TEST(I8259a, RotateInAutomaticEoi) {
  Pair p;
  p.initialise(0x03);
  p.master.write(0, 1, 0x80);
  p.master.set_ir(0, true);
  p.master.set_ir(1, true);
  EXPECT_EQ(p.master.acknowledge(), 0x08);
  p.pulse(p.master, 0);
  EXPECT_EQ(p.master.acknowledge(), 0x09) << "IR0 is the lowest now";
}

TEST(I8259a, RotationOnEoiMovesTheServedLevelToTheEnd) {
  Pair p;
  p.initialise();
  p.master.set_ir(3, true);
  p.master.acknowledge();
  p.master.write(0, 1, 0xA0);  // rotate on non-specific EOI
  p.pulse(p.master, 3);
  p.master.set_ir(6, true);
  EXPECT_EQ(p.master.acknowledge(), 0x0E);
  p.master.write(0, 1, 0xE6);  // rotate on specific EOI, level 6
  EXPECT_EQ(p.master.acknowledge(), 0x0B);
}

TEST(I8259a, SetPriorityCommand) {
  Pair p;
  p.initialise();
  p.master.write(0, 1, 0xC4);  // lowest is IR4: IR5 is the highest
  p.master.set_ir(0, true);
  p.master.set_ir(5, true);
  EXPECT_EQ(p.master.acknowledge(), 0x0D);
}

TEST(I8259a, SpecialMaskModeLetsLowerLevelsIn) {
  Pair p;
  p.initialise();
  p.master.set_ir(1, true);
  p.master.acknowledge();
  p.master.set_ir(6, true);
  EXPECT_FALSE(p.intr.high());
  p.master.write(1, 1, 0x02);
  EXPECT_FALSE(p.intr.high());
  p.master.write(0, 1, 0x68);
  EXPECT_TRUE(p.intr.high());
  EXPECT_EQ(p.master.acknowledge(), 0x0E);
  p.master.write(0, 1, 0x20);
  EXPECT_EQ(p.master.isr(), 0x02) << "a non-specific EOI does not reach the masked level";
  p.master.write(0, 1, 0x48);
  p.pulse(p.master, 6);
  EXPECT_FALSE(p.intr.high());
}

TEST(I8259a, PollCommandAcknowledges) {
  Pair p;
  p.initialise();
  p.master.write(0, 1, 0x0C);
  EXPECT_EQ(p.master.read(0, 1), 0x00U) << "nothing asks";
  p.master.set_ir(4, true);
  p.master.write(0, 1, 0x0C);
  EXPECT_EQ(p.master.peek(0, 1), 0x84U);
  EXPECT_EQ(p.master.read(0, 1), 0x84U);
  EXPECT_EQ(p.master.isr(), 0x10);
  EXPECT_EQ(p.master.read(0, 1), 0x00U) << "only one read is a poll";
}

TEST(I8259a, CallAddressInMcs80Mode) {
  Pair p;
  p.master.write(0, 1, 0xB6);  // single, interval 4, address A7-A5 = 101, no ICW4
  p.master.write(1, 1, 0x12);
  p.master.set_ir(3, true);
  EXPECT_EQ(p.master.acknowledge(), 0xAC);
}

TEST(I8259a, TracesRaiseAcknowledgeAndEoi) {
  Pair p;
  std::vector<std::string> names;
  p.trace.subscribe(TraceBus::mask_of(TraceCategory::kIrq),
                    [&](const TraceEvent& event) { names.emplace_back(event.name); });
  p.initialise();
  p.master.set_ir(0, true);
  p.master.acknowledge();
  p.master.write(0, 1, 0x20);
  EXPECT_EQ(names, (std::vector<std::string>{"raise", "acknowledge", "eoi"}));
}

}  // namespace
}  // namespace ice86
