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
  EXPECT_EQ(event(0).service, "disk: extended read");
  EXPECT_EQ(event(0).arguments, "drive 80, LBA 123456789 count 8 to 0000:7c00");
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
  EXPECT_EQ(event(0).result, "0x100000 + 0xf00000 usable, next 0x2");
}

TEST_F(Pairing, TheAnswerInMemoryIsKept) {
  // A memory map entry of 20 bytes at 0000:0500.
  state_.gpr[cpu::kRdi] = 0x500;
  state_.gpr[cpu::kRcx] = 20;
  for (unsigned i = 0; i < 20; ++i) memory_[0x500 + i] = static_cast<std::uint8_t>(i);
  interrupt(0x15, 0x7c10, 0xe820);
  back(FarTransfer::kIret, 0, 0x7c10, 6);
  EXPECT_EQ(event(0).memory, "000102030405060708090a0b0c0d0e0f10111213");
  // A sector at 0000:0600: zeros, so the digest is that of 512 zero bytes.
  state_.gpr[cpu::kRbx] = 0x600;
  interrupt(0x13, 0x7c20, 0x0201);
  back(FarTransfer::kIret, 0, 0x7c20, 6);
  EXPECT_EQ(event(1).memory,
            "sha256:076a27c79e5ace2a3d47f9dd2e83e4ff6ea8872b3c2218f66c92b89b55f36560");
  // A call that failed answers nothing.
  interrupt(0x13, 0x7c20, 0x0201);
  state_.rflags |= 1;
  back(FarTransfer::kRetFar, 0, 0x7c20, 6);
  EXPECT_EQ(event(2).memory, "");
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

}  // namespace
}  // namespace ice86::harness
