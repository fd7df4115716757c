// SPDX-License-Identifier: LGPL-2.1-or-later
#include "devices/local_apic/local_apic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "devices/local_apic/apic_bus.h"
#include "tests/devices/conformance.h"

namespace ice86::devices {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kXapic = 0xfee00900;
constexpr std::uint64_t kX2apic = 0xfee00d00;

struct LocalApicBench {
  Clock clock;
  TraceBus trace{clock};
  LevelLine intr;
  EdgeLine nmi, smi, init;
  unsigned nmis = 0, smis = 0, inits = 0;
  std::vector<unsigned> eois, startups;
  ApicBus bus;
  LocalApic chip;

  explicit LocalApicBench(std::uint32_t id = 0, bool bootstrap = true)
      : chip(clock, {id, bootstrap}, {intr, nmi, smi, init},
             {[] { return std::uint8_t{0x08}; },
              [this](const ApicMessage& message) { return bus.send(message); },
              [this](std::uint8_t vector) { eois.push_back(vector); },
              [this](std::uint8_t page) { startups.push_back(page); },
              [](std::uint64_t count) { return Nanoseconds{count}; }},
             trace) {
    nmi.connect([this] { ++nmis; });
    smi.connect([this] { ++smis; });
    init.connect([this] { ++inits; });
    bus.attach(chip);
    chip.set_base(kXapic);
    chip.reset(ResetKind::kPowerOn);
  }
  LocalApic& device() { return chip; }
  std::vector<conformance::Block> blocks() { return {{"registers", &chip, 0x400, 8}}; }
  bool interrupting() const { return intr.high(); }
  void disturb(std::mt19937_64& random) {
    switch (random() % 5) {
      case 0: chip.set_lint(random() % 2, random() % 2 != 0); break;
      case 1: {
        ApicMessage message;
        message.destination = 0xff;
        message.vector = static_cast<std::uint8_t>(random());
        message.delivery = static_cast<ApicDelivery>(random() % 8);
        message.level = random() % 2 != 0;
        chip.receive(message);
        break;
      }
      case 2: chip.set_tsc_deadline(random() >> (34 + random() % 30)); break;
      case 3: chip.write(0xf0, 4, 0x1ff); break;
      default:
        if (chip.acknowledge() == 0x08) chip.set_lint(0, false);
    }
  }
  void release() {
    chip.set_lint(0, false);
    chip.set_lint(1, false);
  }

  void write(unsigned reg, std::uint32_t value) { chip.write(reg, 4, value); }
  std::uint32_t read(unsigned reg) { return static_cast<std::uint32_t>(chip.read(reg, 4)); }
  void enable() { write(0xf0, 0x1ff); }
  void send(std::uint8_t vector, bool level = false) {
    ApicMessage message;
    message.destination = chip.id();
    message.vector = vector;
    message.level = level;
    bus.send(message);
  }
  void pass(Nanoseconds time) {
    conformance::advance(*this, time * clock.instructions_per_microsecond() / 1000);
  }
};

TEST(LocalApic, AfterReset) {
  LocalApicBench bench;
  EXPECT_EQ(bench.read(0x20), 0u);
  EXPECT_EQ(bench.read(0x30), 0x00050014u);
  EXPECT_EQ(bench.read(0xd0), 0u);
  EXPECT_EQ(bench.read(0xe0), 0xffffffffu);
  EXPECT_EQ(bench.read(0xf0), 0xffu);
  for (const unsigned lvt : {0x320, 0x330, 0x340, 0x360, 0x370})
    EXPECT_EQ(bench.read(lvt), 0x10000u);
  EXPECT_EQ(bench.read(0x350), 0x700u);  // the 8259s come through
  LocalApicBench second(3, false);
  EXPECT_EQ(second.read(0x20), 0x03000000u);
  EXPECT_EQ(second.read(0x350), 0x10000u);
}

TEST(LocalApic, The8259sComeThrough) {
  LocalApicBench bench;
  bench.chip.set_lint(0, true);
  EXPECT_TRUE(bench.intr.high());
  EXPECT_EQ(bench.chip.acknowledge(), 0x08);
  bench.chip.set_lint(0, false);
  EXPECT_FALSE(bench.intr.high());
  // Globally disabled: as if there were no APIC.
  bench.write(0x350, 0x10700);
  bench.chip.set_lint(0, true);
  EXPECT_FALSE(bench.intr.high());
  bench.chip.set_base(0xfee00100);
  EXPECT_TRUE(bench.intr.high());
  EXPECT_EQ(bench.chip.acknowledge(), 0x08);
  bench.chip.set_lint(1, true);
  EXPECT_EQ(bench.nmis, 1u);
}

TEST(LocalApic, PriorityAndService) {
  LocalApicBench bench;
  bench.send(0x41);
  EXPECT_FALSE(bench.intr.high());  // software-disabled
  EXPECT_EQ(bench.read(0x220), 0u);
  bench.enable();
  bench.send(0x41);
  bench.send(0x52);
  bench.send(0x58);
  EXPECT_EQ(bench.read(0x220), 1u << 0x01 | 1u << 0x12 | 1u << 0x18);
  EXPECT_TRUE(bench.intr.high());
  EXPECT_EQ(bench.chip.acknowledge(), 0x58);
  EXPECT_EQ(bench.read(0xa0), 0x50u);
  EXPECT_FALSE(bench.intr.high());  // 52 is of the same class
  bench.send(0x60);
  EXPECT_EQ(bench.chip.acknowledge(), 0x60);
  bench.write(0xb0, 0);
  EXPECT_EQ(bench.read(0x110 + 0x20), 0u);
  EXPECT_FALSE(bench.intr.high());
  bench.write(0xb0, 0);
  EXPECT_EQ(bench.chip.acknowledge(), 0x52);
  bench.write(0xb0, 0);
  EXPECT_EQ(bench.chip.acknowledge(), 0x41);
  bench.write(0xb0, 0);
  EXPECT_FALSE(bench.intr.high());
  bench.write(0xb0, 0);  // nothing in service: nothing happens
  EXPECT_THAT(bench.eois, IsEmpty());
}

TEST(LocalApic, TaskPriorityHoldsBack) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x80, 0x50);
  bench.send(0x5f);
  EXPECT_FALSE(bench.intr.high());
  bench.send(0x60);
  EXPECT_TRUE(bench.intr.high());
  bench.write(0x80, 0x60);
  EXPECT_FALSE(bench.intr.high());
  EXPECT_EQ(bench.chip.acknowledge(), 0xff);  // withdrawn in between: spurious
  bench.chip.set_task_priority(0);
  EXPECT_TRUE(bench.intr.high());
}

TEST(LocalApic, LevelMessagesSendEoi) {
  LocalApicBench bench;
  bench.enable();
  bench.send(0x31, true);
  EXPECT_EQ(bench.read(0x190), 1u << 0x11);
  bench.chip.acknowledge();
  EXPECT_THAT(bench.eois, IsEmpty());
  bench.write(0xb0, 0);
  EXPECT_THAT(bench.eois, ElementsAre(0x31));
}

TEST(LocalApic, LevelTriggeredLint0) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x350, 0x8045);
  bench.chip.set_lint(0, true);
  EXPECT_EQ(bench.read(0x350), 0xc045u);
  EXPECT_EQ(bench.chip.acknowledge(), 0x45);
  EXPECT_FALSE(bench.intr.high());
  bench.write(0xb0, 0);
  EXPECT_EQ(bench.chip.acknowledge(), 0x45);  // still high
  bench.chip.set_lint(0, false);
  bench.write(0xb0, 0);
  EXPECT_FALSE(bench.intr.high());
  EXPECT_EQ(bench.read(0x350), 0x8045u);
}

TEST(LocalApic, Lint1IsNmi) {
  LocalApicBench bench;
  bench.enable();
  bench.chip.set_lint(1, true);
  EXPECT_EQ(bench.nmis, 0u);  // masked
  bench.chip.set_lint(1, false);
  EXPECT_FALSE(bench.chip.may_signal_nmi(1));
  bench.write(0x360, 0x400);
  EXPECT_TRUE(bench.chip.may_signal_nmi(1));
  EXPECT_FALSE(bench.chip.may_signal_nmi(0));
  bench.chip.set_lint(1, true);
  EXPECT_EQ(bench.nmis, 1u);
}

TEST(LocalApic, OneShotTimer) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x3e0, 0xb);  // by 1
  bench.write(0x320, 0x40);
  bench.write(0x380, 10'000);
  bench.pass(4'000);
  EXPECT_EQ(bench.read(0x390), 6'000u);
  EXPECT_FALSE(bench.intr.high());
  bench.pass(5'990);
  EXPECT_FALSE(bench.intr.high());
  bench.pass(10);
  EXPECT_EQ(bench.chip.acknowledge(), 0x40);
  EXPECT_EQ(bench.read(0x390), 0u);
  bench.write(0xb0, 0);
  bench.pass(50'000);
  EXPECT_FALSE(bench.intr.high());
}

TEST(LocalApic, PeriodicTimerAndDivisor) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x3e0, 0x3);  // by 16
  bench.write(0x320, 0x20040);
  bench.write(0x380, 1'000);
  for (unsigned i = 0; i < 3; ++i) {
    bench.pass(15'990);
    EXPECT_FALSE(bench.intr.high());
    bench.pass(10);
    EXPECT_EQ(bench.chip.acknowledge(), 0x40);
    bench.write(0xb0, 0);
    EXPECT_EQ(bench.read(0x390), 1'000u);
  }
  // Another divisor: the count goes on from where it is.
  bench.pass(8'000);
  EXPECT_EQ(bench.read(0x390), 500u);
  bench.write(0x3e0, 0x0);  // by 2
  EXPECT_EQ(bench.read(0x390), 500u);
  bench.pass(1'000);
  EXPECT_EQ(bench.chip.acknowledge(), 0x40);
  bench.write(0xb0, 0);
  bench.pass(2'000);
  EXPECT_EQ(bench.chip.acknowledge(), 0x40);
  // Masked it counts on, unasked; 0 stops it.
  bench.write(0xb0, 0);
  bench.write(0x320, 0x30040);
  bench.pass(2'500);
  EXPECT_FALSE(bench.intr.high());
  EXPECT_EQ(bench.read(0x390), 750u);
  bench.write(0x320, 0x20040);
  bench.pass(1'500);
  EXPECT_EQ(bench.chip.acknowledge(), 0x40);
  bench.write(0x380, 0);
  EXPECT_EQ(bench.read(0x390), 0u);
}

TEST(LocalApic, ShortestPeriodDoesNotHangTheHost) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x3e0, 0xb);
  bench.write(0x320, 0x20040);
  bench.write(0x380, 1);
  bench.pass(1'000'000);
  EXPECT_TRUE(bench.intr.high());
}

TEST(LocalApic, DeadlineTimer) {
  LocalApicBench bench;
  bench.enable();
  bench.chip.set_tsc_deadline(5'000);
  EXPECT_EQ(bench.chip.tsc_deadline(), 0u);  // not in that mode
  bench.write(0x320, 0x40041);
  bench.chip.set_tsc_deadline(5'000);
  bench.write(0x380, 100);  // ignored
  EXPECT_EQ(bench.read(0x390), 0u);
  bench.pass(4'990);
  EXPECT_FALSE(bench.intr.high());
  EXPECT_EQ(bench.chip.tsc_deadline(), 5'000u);
  bench.pass(10);
  EXPECT_EQ(bench.chip.acknowledge(), 0x41);
  EXPECT_EQ(bench.chip.tsc_deadline(), 0u);
  bench.write(0xb0, 0);
  bench.chip.set_tsc_deadline(9'000);
  bench.write(0x320, 0x41);  // leaving the mode disarms
  bench.pass(10'000);
  EXPECT_FALSE(bench.intr.high());
}

TEST(LocalApic, IpiToItself) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x300, 0x40000 | 0x77);  // shorthand: self
  EXPECT_EQ(bench.chip.acknowledge(), 0x77);
  bench.write(0xb0, 0);
  bench.write(0x310, 0x00000000);
  bench.write(0x300, 0x78);  // physical destination 0
  EXPECT_EQ(bench.chip.acknowledge(), 0x78);
  bench.write(0xb0, 0);
  bench.write(0x300, 0x80400);  // NMI to all
  EXPECT_EQ(bench.nmis, 1u);
  bench.write(0x300, 0xc0400);  // NMI to all others: nobody
  EXPECT_EQ(bench.nmis, 1u);
  EXPECT_EQ(bench.read(0x300) & 1u << 12, 0u);  // never pending
}

TEST(LocalApic, LogicalDestinations) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0xd0, 0x02000000);
  const auto is_named = [&](std::uint32_t set) {
    ApicMessage message;
    message.logical = true;
    message.destination = set;
    return bench.chip.is_destination(message);
  };
  EXPECT_TRUE(is_named(0x03));
  EXPECT_FALSE(is_named(0x04));
  EXPECT_TRUE(is_named(0xff));
  bench.write(0xe0, 0x0fffffff);  // cluster model
  bench.write(0xd0, 0x21000000);
  EXPECT_TRUE(is_named(0x23));
  EXPECT_FALSE(is_named(0x13));
  EXPECT_FALSE(is_named(0x22));
}

TEST(LocalApic, MessagesBetweenTwo) {
  LocalApicBench first;
  LevelLine intr;
  EdgeLine nmi, smi, init;
  unsigned inits = 0;
  std::vector<unsigned> startups;
  init.connect([&] { ++inits; });
  LocalApic second(first.clock, {1, false}, {intr, nmi, smi, init},
                   {[] { return std::uint8_t{0}; },
                    [&](const ApicMessage& message) { return first.bus.send(message); },
                    [](std::uint8_t) {}, [&](std::uint8_t page) { startups.push_back(page); },
                    [](std::uint64_t count) { return Nanoseconds{count}; }},
                   first.trace);
  second.set_base(0xfee00800);
  second.reset(ResetKind::kPowerOn);
  first.bus.attach(second);
  first.enable();
  first.write(0x300, 0xc4500);  // INIT to all others
  first.write(0x300, 0xc4608);  // start at 8000h
  EXPECT_EQ(first.inits, 0u);
  EXPECT_EQ(inits, 1u);
  EXPECT_THAT(startups, ElementsAre(8));
  EXPECT_THAT(first.startups, IsEmpty());
  second.write(0xf0, 4, 0x1ff);
  first.write(0x310, 0x01000000);
  first.write(0x300, 0x55);
  EXPECT_TRUE(intr.high());
  EXPECT_FALSE(first.intr.high());
  EXPECT_EQ(second.acknowledge(), 0x55);
  // Lowest priority: the one with less to do.
  first.write(0x80, 0x20);
  ApicMessage message;
  message.destination = 0xff;
  message.delivery = ApicDelivery::kLowestPriority;
  message.vector = 0x66;
  EXPECT_TRUE(first.bus.send(message));
  EXPECT_TRUE(first.intr.high());  // the second serves 55
  EXPECT_FALSE(intr.high());
}

TEST(LocalApic, Errors) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x370, 0x50);
  bench.write(0x300, 0x40005);       // an illegal vector
  EXPECT_EQ(bench.read(0x280), 0u);  // latched by a write
  bench.write(0x280, 0);
  EXPECT_EQ(bench.read(0x280), 1u << 5);
  EXPECT_EQ(bench.chip.acknowledge(), 0x50);
  bench.write(0xb0, 0);
  bench.write(0x280, 0);
  EXPECT_EQ(bench.read(0x280), 0u);
  bench.send(3);
  bench.read(0x3f0);  // not a register
  bench.write(0x310, 0x09000000);
  bench.write(0x300, 0x60);  // nobody there
  bench.write(0x280, 0);
  EXPECT_EQ(bench.read(0x280), 1u << 6 | 1u << 7 | 1u << 2);
}

TEST(LocalApic, SoftwareDisableMasks) {
  LocalApicBench bench;
  bench.enable();
  bench.write(0x320, 0x40);
  bench.write(0x380, 1'000);
  bench.write(0xf0, 0xff);
  EXPECT_EQ(bench.read(0x320), 0x10040u);
  bench.write(0x320, 0x40);
  EXPECT_EQ(bench.read(0x320), 0x10040u);
  EXPECT_EQ(bench.read(0x350), 0x10700u);
  bench.pass(100'000);
  EXPECT_FALSE(bench.intr.high());
}

TEST(LocalApic, X2apicRegisters) {
  LocalApicBench bench(5);
  std::uint64_t value = 0;
  EXPECT_FALSE(bench.chip.x2apic_read(0x802, value));  // xAPIC mode
  bench.chip.set_base(kX2apic);
  EXPECT_EQ(bench.chip.read(0x20, 4), 0u);  // memory answers no more
  ASSERT_TRUE(bench.chip.x2apic_read(0x802, value));
  EXPECT_EQ(value, 5u);
  ASSERT_TRUE(bench.chip.x2apic_read(0x80d, value));
  EXPECT_EQ(value, 0x20u);
  EXPECT_TRUE(bench.chip.x2apic_write(0x80f, 0x1ff));
  EXPECT_FALSE(bench.chip.x2apic_write(0x80f, 0x10000));
  EXPECT_TRUE(bench.chip.x2apic_write(0x83f, 0x71));  // self IPI
  EXPECT_EQ(bench.chip.acknowledge(), 0x71);
  EXPECT_FALSE(bench.chip.x2apic_write(0x80b, 1));
  EXPECT_TRUE(bench.chip.x2apic_write(0x80b, 0));
  EXPECT_TRUE(bench.chip.x2apic_write(0x830, 0x500000072));
  EXPECT_EQ(bench.chip.acknowledge(), 0x72);
  ASSERT_TRUE(bench.chip.x2apic_read(0x830, value));
  EXPECT_EQ(value, 0x500000072u);
  for (const std::uint32_t none : {0x80bu, 0x80eu, 0x831u, 0x83fu, 0x8ffu})
    EXPECT_FALSE(bench.chip.x2apic_read(none, value)) << none;
  for (const std::uint32_t none : {0x802u, 0x803u, 0x80du, 0x80eu, 0x831u, 0x839u, 0x8ffu})
    EXPECT_FALSE(bench.chip.x2apic_write(none, 0)) << none;
  EXPECT_FALSE(bench.chip.x2apic_write(0x832, 1u << 20));
  EXPECT_TRUE(bench.chip.x2apic_write(0x832, 0x40031));
}

}  // namespace
}  // namespace ice86::devices

namespace ice86 {
INSTANTIATE_TYPED_TEST_SUITE_P(LocalApic, DeviceConformance, devices::LocalApicBench);
}  // namespace ice86
