// SPDX-License-Identifier: LGPL-2.1-or-later
// Pairing calls with returns, scripted: each test plays the control transfers of one situation.
#include "harness/interrupts/int_recorder.h"

#include <gtest/gtest.h>

#include <map>

namespace ice86::harness {
namespace {

using cpu::FarTransfer;
using cpu::InterruptSource;

class Pairing : public ::testing::Test {
 protected:
  IntRecorder::View recorder_view() {
    return {[this]() -> const cpu::State& { return state_; },
            [this](std::uint32_t at, unsigned width) {
              std::uint64_t value = 0;
              for (unsigned i = 0; i < width; ++i)
                value |= std::uint64_t{memory_[at + i]} << (i * 8);
              return value;
            },
            [this] { return instructions_; }, [this] { return instructions_ * 10; }};
  }
  IntRecorder recorder_{recorder_view()};
  cpu::State state_;
  std::map<std::uint32_t, std::uint8_t> memory_;
  std::uint64_t instructions_ = 0;

  void SetUp() override { state_.gpr[cpu::kRsp] = 0x1000; }
  std::uint16_t sp() const { return static_cast<std::uint16_t>(state_.gpr[cpu::kRsp]); }
  void set_sp(unsigned value) { state_.gpr[cpu::kRsp] = value & 0xffff; }
  void go(std::uint16_t cs, std::uint16_t ip) {
    state_.segment[cpu::kCs].selector = cs;
    state_.rip = ip;
    instructions_ += 10;
  }
  // INT n: pushes six bytes and stands at the handler.
  void interrupt(std::uint8_t vector, std::uint16_t from_ip, std::uint16_t ax = 0,
                 InterruptSource source = InterruptSource::kSoftware) {
    state_.gpr[cpu::kRax] = ax;
    const cpu::InterruptDelivery delivery{
        vector, source, state_.segment[cpu::kCs].selector, from_ip, 0x202, 0, sp()};
    set_sp(sp() - 6U);
    go(0xf000, static_cast<std::uint16_t>(vector * 0x100));
    recorder_.interrupt_delivered(delivery);
  }
  void back(FarTransfer kind, std::uint16_t cs, std::uint16_t ip, unsigned released) {
    set_sp(sp() + released);
    go(cs, ip);
    recorder_.far_transfer(kind);
  }
  const IntEvent& event(std::size_t n) const { return recorder_.events().at(n); }
};

TEST_F(Pairing, IretEndsACall) {
  interrupt(0x10, 0x7c10, 0x0e41);
  state_.gpr[cpu::kRax] = 0x1234;
  back(FarTransfer::kIret, 0, 0x7c10, 6);
  ASSERT_EQ(recorder_.events().size(), 1u);
  EXPECT_EQ(event(0).how, ReturnKind::kIret);
  EXPECT_EQ(event(0).in.eax, 0x0e41u);
  EXPECT_EQ(event(0).out->eax, 0x1234u);
  EXPECT_EQ(event(0).instructions, 10u);
  EXPECT_EQ(event(0).caller, (FarPointer{0, 0x7c10}));
  EXPECT_EQ(event(0).handler, (FarPointer{0xf000, 0x1000}));
}

TEST_F(Pairing, Retf2ReturnsTheHandlersFlags) {
  interrupt(0x13, 0x7c20, 0x4200);
  state_.rflags = 0x203;
  back(FarTransfer::kRetFar, 0, 0x7c20, 6);
  EXPECT_EQ(event(0).how, ReturnKind::kRetf2);
  EXPECT_TRUE(event(0).out->carry());
}

TEST_F(Pairing, RetfLeavesTheFlagsOnTheStack) {
  interrupt(0x13, 0x7c20);
  back(FarTransfer::kRetFar, 0, 0x7c20, 4);
  EXPECT_EQ(event(0).how, ReturnKind::kRetf);
}

TEST_F(Pairing, NestedCallsHaveTheirDepth) {
  interrupt(0x19, 0x7c00);
  interrupt(0x13, 0x1900);
  back(FarTransfer::kIret, 0xf000, 0x1900, 6);
  interrupt(0x10, 0x1910);
  back(FarTransfer::kIret, 0xf000, 0x1910, 6);
  EXPECT_EQ(event(0).depth, 0u);
  EXPECT_EQ(event(1).depth, 1u);
  EXPECT_EQ(event(2).depth, 1u);
  EXPECT_EQ(event(0).how, ReturnKind::kNever);
  EXPECT_EQ(event(2).how, ReturnKind::kIret);
}

TEST_F(Pairing, AHardwareInterruptInBetweenIsNotTheReturn) {
  interrupt(0x16, 0x7c30);
  interrupt(0x08, 0x1605, 0, InterruptSource::kExternal);
  back(FarTransfer::kIret, 0xf000, 0x1605, 6);
  EXPECT_EQ(recorder_.events().size(), 1u);
  EXPECT_FALSE(event(0).out);
  back(FarTransfer::kIret, 0, 0x7c30, 6);
  EXPECT_EQ(event(0).how, ReturnKind::kIret);
}

TEST_F(Pairing, AChainedHandlerReturnsOnceForTheCaller) {
  interrupt(0x13, 0x7c40);
  // pushf; call far old_handler
  set_sp(sp() - 6U);
  go(0xf000, 0xe3fe);
  recorder_.far_transfer(FarTransfer::kCallFar);
  back(FarTransfer::kIret, 0xf000, 0x1310, 6);
  EXPECT_FALSE(event(0).out);
  back(FarTransfer::kRetFar, 0, 0x7c40, 6);
  EXPECT_EQ(event(0).how, ReturnKind::kRetf2);
}

// SYSLINUX pushes a frame of its own and returns into the handler.
TEST_F(Pairing, AHandlerThatIsEnteredWithoutIntIsACallOnce) {
  set_sp(0x1000 - 6);
  const std::uint16_t frame[] = {0x0020, 0x0800, 0x0246};
  for (unsigned i = 0; i < 6; ++i)
    memory_[0xffa + i] = static_cast<std::uint8_t>(frame[i / 2] >> (i % 2 * 8));
  go(0xf000, 0xe3fe);
  EXPECT_TRUE(recorder_.entered(0x13));
  // A hardware interrupt before its first instruction comes back to the same place.
  EXPECT_FALSE(recorder_.entered(0x13));
  back(FarTransfer::kIret, 0x0800, 0x0020, 6);
  ASSERT_EQ(recorder_.events().size(), 1u);
  EXPECT_EQ(event(0).how, ReturnKind::kIret);
  EXPECT_EQ(event(0).caller, (FarPointer{0x0800, 0x0020}));
  EXPECT_EQ(event(0).in.flags, 0x0246u);
}

TEST_F(Pairing, AReturnToTheSamePlaceAtAnotherStackDepthIsAnother) {
  interrupt(0x13, 0x7c50);
  back(FarTransfer::kIret, 0, 0x7c50, 2);
  EXPECT_FALSE(event(0).out);
}

TEST_F(Pairing, ACallerThatUnwindsItsStackHasLeftTheCall) {
  interrupt(0x13, 0x7c60);
  set_sp(0x2000);  // the handler was abandoned
  go(0, 0x7c70);
  interrupt(0x13, 0x7c80);
  EXPECT_EQ(event(1).depth, 0u);
}

TEST_F(Pairing, ProtectedModeInterruptsAreNotBiosCalls) {
  state_.cr0 = cpu::cr0::kPe;
  interrupt(0x10, 0x100);
  EXPECT_TRUE(recorder_.events().empty());
}

TEST_F(Pairing, DiskAddressPacketsAreDecoded) {
  state_.segment[cpu::kDs].selector = 0x50;
  state_.gpr[cpu::kRsi] = 0x10;
  state_.gpr[cpu::kRdx] = 0x80;
  const std::uint8_t packet[] = {16, 0, 8, 0, 0x00, 0x7c, 0, 0, 0x15, 0xcd, 0x5b, 0x07, 0, 0, 0, 0};
  for (unsigned i = 0; i < sizeof packet; ++i) memory_[0x510 + i] = packet[i];
  interrupt(0x13, 0x7c90, 0x4200);
  EXPECT_EQ(*event(0).service, "disk: extended read");
  EXPECT_EQ(*event(0).arguments, "drive 80, LBA 123456789 count 8 to 0000:7c00");
}

// What was found for a call is used again for one with the same registers, unless memory matters.
TEST_F(Pairing, CallsThatRepeatShareTheirTexts) {
  for (unsigned i = 0; i < 4; ++i) {
    interrupt(0x16, 0x7ca0, 0x0100);
    state_.rflags = i == 2 ? 0x202 : 0x242;  // ZF: no key waits
    state_.gpr[cpu::kRax] = 0x1e61;
    back(FarTransfer::kRetFar, 0, 0x7ca0, 6);
    state_.rflags = 0x202;
  }
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(*event(i).service, "keyboard: key waiting?");
  EXPECT_EQ(*event(0).result, "none");
  EXPECT_EQ(*event(1).result, "none");
  EXPECT_EQ(*event(2).result, "scan 1e 'a'");
  EXPECT_EQ(*event(3).result, "none");
  EXPECT_EQ(&*event(0).service, &*event(3).service);
  EXPECT_EQ(&*event(0).result, &*event(1).result);
}

TEST_F(Pairing, CallsThatRepeatWithOtherMemoryAreDescribedAnew) {
  state_.gpr[cpu::kRsi] = 0x510;
  for (unsigned i = 0; i < 3; ++i) {
    memory_[0x510] = 16;
    memory_[0x512] = 1;
    memory_[0x518] = static_cast<std::uint8_t>(i);
    interrupt(0x13, 0x7ca0, 0x4200);
    memory_[0] = static_cast<std::uint8_t>(0x10 + i);  // the sector
    back(FarTransfer::kRetFar, 0, 0x7ca0, 6);
  }
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(*event(i).arguments, "drive 00, LBA " + std::to_string(i) + " count 1 to 0000:0000");
  }
  EXPECT_NE(event(0).extras->data, event(1).extras->data);
  EXPECT_NE(event(1).extras->memory, event(2).extras->memory);
}

TEST_F(Pairing, MemoryMapEntriesAreDecoded) {
  state_.segment[cpu::kEs].selector = 0;
  state_.gpr[cpu::kRdi] = 0x900;
  interrupt(0x15, 0x7ca0, 0xe820);
  memory_[0x900 + 2] = 0x10;  // base 100000
  memory_[0x908 + 2] = 0xf0;  // length f00000
  memory_[0x910] = 1;
  state_.gpr[cpu::kRbx] = 2;
  back(FarTransfer::kRetFar, 0, 0x7ca0, 6);
  EXPECT_EQ(*event(0).result, "0x100000 + 0xf00000 usable, next 0x2");
}

TEST_F(Pairing, TheAnswerInMemoryIsKept) {
  // A memory map entry of 20 bytes at 0000:0500.
  state_.gpr[cpu::kRdi] = 0x500;
  state_.gpr[cpu::kRcx] = 20;
  for (unsigned i = 0; i < 20; ++i) memory_[0x500 + i] = static_cast<std::uint8_t>(i);
  interrupt(0x15, 0x7c10, 0xe820);
  back(FarTransfer::kIret, 0, 0x7c10, 6);
  EXPECT_EQ(event(0).extras->memory, "000102030405060708090a0b0c0d0e0f10111213");
  // A sector at 0000:0600: zeros, so the digest is that of 512 zero bytes.
  state_.gpr[cpu::kRbx] = 0x600;
  interrupt(0x13, 0x7c20, 0x0201);
  back(FarTransfer::kIret, 0, 0x7c20, 6);
  EXPECT_EQ(event(1).extras->memory,
            "sha256:076a27c79e5ace2a3d47f9dd2e83e4ff6ea8872b3c2218f66c92b89b55f36560");
  // A call that failed answers nothing.
  interrupt(0x13, 0x7c20, 0x0201);
  state_.rflags |= 1;
  back(FarTransfer::kRetFar, 0, 0x7c20, 6);
  EXPECT_EQ(event(2).extras->memory, "");
}

TEST_F(Pairing, WhatTheRecorderCannotKeepIsCounted) {
  IntRecorder small(recorder_view(), {3, 2});
  const auto call = [&](std::uint16_t sp_before) {
    set_sp(sp_before - 6U);
    small.interrupt_delivered({0x13, InterruptSource::kSoftware, 0, 0x7c10, 0x202, 0, sp_before});
  };
  call(0x1000);
  call(0x0f00);
  EXPECT_EQ(small.losses(), TraceLosses());
  call(0x0e00);  // the third under way: the first is not waited for any more
  EXPECT_EQ(small.losses(), (TraceLosses{0, 1}));
  EXPECT_EQ(small.open_returns().size(), 2u);
  call(0x0d00);
  call(0x0c00);
  EXPECT_EQ(small.events().size(), 3u);
  EXPECT_EQ(small.losses(), (TraceLosses{2, 1}));
}

TEST_F(Pairing, AVirtual8086ProgramsCallIsSeenAtItsMonitor) {
  // The program at 2000:0100 executed INT 13h with IOPL 0; its monitor stands at the general
  // protection fault.
  state_.cr0 = cpu::cr0::kPe;
  memory_[0x20100] = 0xcd;
  memory_[0x20101] = 0x13;
  memory_[0x13 * 4] = 0xfe;
  memory_[0x13 * 4 + 1] = 0xe3;
  memory_[0x13 * 4 + 3] = 0xf0;
  state_.gpr[cpu::kRax] = 0x0201;
  state_.gpr[cpu::kRsp] = 0x8000;
  state_.segment[cpu::kSs].attributes = 1U << 22;
  const auto put = [&](std::uint32_t at, std::uint16_t value) {
    memory_[at] = static_cast<std::uint8_t>(value);
    memory_[at + 1] = static_cast<std::uint8_t>(value >> 8);
  };
  put(0x8000 + 24, 0x3000);  // ES
  put(0x8000 + 28, 0x4000);  // DS
  const std::uint64_t flags = 0x20202;
  recorder_.interrupt_delivered(
      {13, InterruptSource::kException, 0x2000, 0x100, flags, 0x5000, 0xff00});
  ASSERT_EQ(recorder_.events().size(), 1u);
  EXPECT_EQ(event(0).vector, 0x13);
  EXPECT_EQ(event(0).kind, CallKind::kInterrupt);
  EXPECT_EQ(event(0).caller, (FarPointer{0x2000, 0x102}));
  EXPECT_EQ(event(0).handler, (FarPointer{0xf000, 0xe3fe}));
  EXPECT_EQ(event(0).in.es, 0x3000);
  EXPECT_EQ(event(0).in.ds, 0x4000);
  // The monitor goes back to the program when its BIOS has done the work.
  state_.rflags = flags;
  state_.segment[cpu::kSs].selector = 0x5000;
  set_sp(0xff00);
  go(0x2000, 0x102);
  recorder_.far_transfer(FarTransfer::kIret);
  EXPECT_EQ(event(0).how, ReturnKind::kIret);
  // Another fault of the program is none of ours.
  memory_[0x20100] = 0xf4;
  state_.rflags = 2;
  recorder_.interrupt_delivered(
      {13, InterruptSource::kException, 0x2000, 0x100, flags, 0x5000, 0xff00});
  EXPECT_EQ(recorder_.events().size(), 1u);
}

TEST_F(Pairing, VectorsOfTheBiosAreRecorded) {
  for (const unsigned vector : {0x03u, 0x05u, 0x1bu, 0x40u, 0x67u}) {
    interrupt(static_cast<std::uint8_t>(vector), 0x7c10);
    back(FarTransfer::kIret, 0, 0x7c10, 6);
  }
  EXPECT_EQ(recorder_.events().size(), 5u);
  EXPECT_EQ(*event(1).service, "print screen");
  for (const unsigned vector : {0x1cu, 0x20u, 0x21u, 0x4au})
    interrupt(static_cast<std::uint8_t>(vector), 0x7c10);
  EXPECT_EQ(recorder_.events().size(), 5u);
}

TEST_F(Pairing, HardwareInterruptsAreRecordedWhenAsked) {
  IntRecorder all(recorder_view(), {}, {true, {}});
  all.interrupt_delivered({0x16, InterruptSource::kSoftware, 0, 0x7c10, 0x202, 0, 0x1000});
  set_sp(0xff0);
  all.interrupt_delivered({8, InterruptSource::kExternal, 0xf000, 0x1600, 0x202, 0, 0xff0});
  all.interrupt_delivered({0x1c, InterruptSource::kSoftware, 0xf000, 0x1700, 0x202, 0, 0xfe0});
  all.interrupt_delivered({0, InterruptSource::kException, 0xf000, 0x1710, 0x202, 0, 0xfd0});
  ASSERT_EQ(all.events().size(), 4u);
  EXPECT_EQ(all.events()[1].kind, CallKind::kHardware);
  EXPECT_EQ(*all.events()[1].service, "IRQ 0: timer");
  EXPECT_EQ(all.events()[1].depth, 1u);
  EXPECT_EQ(*all.events()[2].service, "timer tick");
  EXPECT_EQ(*all.events()[3].service, "exception: divide error");
  set_sp(0xff0);
  go(0xf000, 0x1600);
  all.far_transfer(FarTransfer::kIret);
  EXPECT_EQ(all.events()[1].how, ReturnKind::kIret);
  EXPECT_FALSE(all.events()[0].out);
}

// A machine whose vector table and entry points are looked at.
class Watched : public Pairing {
 protected:
  IntRecorder::View watched_view() {
    IntRecorder::View view = recorder_view();
    view.physical = view.memory;
    view.to_physical = [](std::uint32_t linear) { return std::optional(linear); };
    return view;
  }
  void put(std::uint32_t at, std::uint32_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i)
      memory_[at + i] = static_cast<std::uint8_t>(value >> (i * 8));
  }
  void text(std::uint32_t at, const char* letters) {
    while (*letters != 0) memory_[at++] = static_cast<std::uint8_t>(*letters++);
  }
  void call(FarTransfer kind, std::uint16_t cs, std::uint32_t base, std::uint32_t ip) {
    state_.segment[cpu::kCs].selector = cs;
    state_.segment[cpu::kCs].base = base;
    state_.rip = ip;
    watched_.far_transfer(kind);
  }
  IntRecorder watched_{watched_view()};
};

TEST_F(Watched, AHookAndWhatItPassesOnAreKept) {
  put(0x13 * 4, 0xf000e3fe, 4);
  watched_.interrupt_delivered({0x10, InterruptSource::kSoftware, 0, 0x7c05, 0x202, 0, 0x1000});
  put(0x13 * 4, 0x9f000010, 4);
  go(0x9f00, 0x10);
  watched_.interrupt_delivered({0x13, InterruptSource::kSoftware, 0, 0x7c10, 0x202, 0, 0x1000});
  ASSERT_EQ(watched_.vector_changes().size(), 1u);
  const VectorChange& hook = watched_.vector_changes()[0];
  EXPECT_EQ(hook.vector, 0x13);
  EXPECT_EQ(hook.call, 1u);
  EXPECT_EQ(hook.before, (FarPointer{0xf000, 0xe3fe}));
  EXPECT_EQ(hook.after, (FarPointer{0x9f00, 0x10}));
  EXPECT_EQ(hook.seen_at, (FarPointer{0, 0x7c10}));
  call(FarTransfer::kJmpFar, 0xf000, 0xf0000, 0x1234);  // somewhere else
  call(FarTransfer::kJmpFar, 0xf000, 0xf0000, 0xe3fe);
  EXPECT_EQ(watched_.events()[1].extras->chain, (std::vector<FarPointer>{{0xf000, 0xe3fe}}));
}

TEST_F(Watched, ProtectedModeEntryPointsAreFoundThroughTheirDirectory) {
  text(0xf0100, "_32_");
  put(0xf0104, 0xf1000, 4);  // entry
  put(0xf0109, 1, 1);        // paragraphs
  unsigned sum = 0;
  for (unsigned i = 0; i < 16; ++i) sum += memory_[0xf0100 + i];
  put(0xf010a, 0x100 - (sum & 0xff), 1);
  state_.cr0 = cpu::cr0::kPe;
  for (const auto segment : {cpu::kCs, cpu::kSs}) state_.segment[segment].attributes = 1U << 22;
  state_.gpr[cpu::kRsp] = 0x8000;
  put(0x8000, 0x100200, 4);  // back to 0010:00100200
  put(0x8004, 0x10, 4);
  text(0x9000, "$PCI");
  state_.gpr[cpu::kRax] = watched_view().memory(0x9000, 4);
  call(FarTransfer::kCallFar, 8, 0, 0xf1000);
  ASSERT_EQ(watched_.events().size(), 1u);
  EXPECT_EQ(watched_.events()[0].kind, CallKind::kBios32);
  EXPECT_EQ(*watched_.events()[0].arguments, "'$PCI'");
  EXPECT_EQ(watched_.events()[0].caller, (FarPointer{0x10, 0x100200}));
  state_.gpr[cpu::kRax] = 0;
  state_.gpr[cpu::kRbx] = 0xf0000;
  state_.gpr[cpu::kRdx] = 0x2000;
  state_.gpr[cpu::kRsp] = 0x8008;
  call(FarTransfer::kRetFar, 0x10, 0, 0x100200);
  EXPECT_EQ(watched_.events()[0].how, ReturnKind::kRetf);
  // And what the directory named is called.
  state_.gpr[cpu::kRsp] = 0x8000;
  state_.gpr[cpu::kRax] = 0xb101;
  call(FarTransfer::kCallFar, 8, 0, 0xf2000);
  ASSERT_EQ(watched_.events().size(), 2u);
  EXPECT_EQ(watched_.events()[1].kind, CallKind::kPciBios);
  EXPECT_EQ(*watched_.events()[1].service, "PCI BIOS: present?");
  // A far call to anything else in the BIOS is none.
  call(FarTransfer::kCallFar, 8, 0, 0xf3000);
  EXPECT_EQ(watched_.events().size(), 2u);
}

TEST_F(Watched, ANetworkCardsEntryPointIsHandedToTheBootProgram) {
  text(0x9a000, "!PXE");
  put(0x9a010, 0x9b000040, 4);  // entry 9b00:0040
  put(0x1000, 0x00010002, 4);   // where the boot program returns to
  put(0x1004, 0x9a000000, 4);   // !PXE at 9a00:0000
  call(FarTransfer::kCallFar, 0, 0, 0x7c00);
  set_sp(0x0f00);
  put(0x0f00, 0x7d20, 2);  // back to 0000:7d20
  put(0x0f02, 0, 2);
  put(0x0f04, 0x71, 2);  // function
  put(0x0f06, 0x0600, 2);
  put(0x0f08, 0x0123, 2);
  call(FarTransfer::kCallFar, 0x9b00, 0x9b000, 0x40);
  ASSERT_EQ(watched_.events().size(), 1u);
  EXPECT_EQ(watched_.events()[0].kind, CallKind::kPxe);
  EXPECT_EQ(*watched_.events()[0].service, "PXE: get cached information");
  EXPECT_EQ(*watched_.events()[0].arguments, "0123:0600");
  state_.gpr[cpu::kRax] = 0;
  set_sp(0x0f04);
  call(FarTransfer::kRetFar, 0, 0, 0x7d20);
  EXPECT_EQ(*watched_.events()[0].result, "ok");
}

TEST_F(Pairing, DataIsKeptWholeWhenAsked) {
  IntRecorder dumping(recorder_view(), {}, {false, {{0x13, 0x03, false}}});
  state_.gpr[cpu::kRax] = 0x0301;
  state_.gpr[cpu::kRbx] = 0x600;
  for (unsigned i = 0; i < 512; ++i) memory_[0x600 + i] = 0xa5;
  const cpu::InterruptDelivery write{0x13, InterruptSource::kSoftware, 0, 0x7c10, 0x202, 0, 0x1000};
  dumping.interrupt_delivered(write);
  EXPECT_EQ(dumping.events()[0].extras->data.size(), 1024u);
  EXPECT_EQ(dumping.events()[0].extras->data.substr(0, 4), "a5a5");
  recorder_.interrupt_delivered(write);
  EXPECT_EQ(event(0).extras->data.substr(0, 7), "sha256:");
  // Room for one only.
  IntRecorder small(recorder_view(), {10, 10, 600}, {false, {{0x13, {}, false}}});
  small.interrupt_delivered(write);
  small.interrupt_delivered(write);
  EXPECT_EQ(small.events()[0].extras->data.size(), 1024u);
  EXPECT_EQ(small.events()[1].extras->data.substr(0, 7), "sha256:");
}

}  // namespace
}  // namespace ice86::harness
