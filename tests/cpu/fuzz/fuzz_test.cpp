// SPDX-License-Identifier: LGPL-2.1-or-later
// What the fuzzer found, each as a small program.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "emulator/base/bits.h"
#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu {
namespace {

constexpr std::uint32_t kCodeAt = 0x1000, kHandlersAt = 0x2000, kDataAt = 0x3000;

// Real mode at kCodeAt; vector N leads to kHandlersAt + 16 N, where there is an IRET.
class FuzzFindings : public ::testing::Test {
 protected:
  FuzzFindings() { power_on(host_); }

  static void power_on(test::FlatHost& host) {
    for (std::uint32_t vector = 0; vector < 256; ++vector) {
      store_le<std::uint32_t>(host.memory() + vector * 4, kHandlersAt + vector * 16);
      host.memory()[kHandlersAt + vector * 16] = 0xcf;
    }
    State& s = host.cpu().mutable_state();
    for (const SegmentName name : {kEs, kCs, kSs, kDs}) {
      s.segment[name].selector = 0;
      s.segment[name].base = 0;
    }
    s.idtr = {0, 0x3ff};
    s.gpr[kRsp] = 0x8000;
    s.rip = kCodeAt;
  }
  void code(std::initializer_list<int> bytes, std::uint32_t at = kCodeAt) {
    for (const int byte : bytes) host_.memory()[at++] = static_cast<std::uint8_t>(byte);
  }
  static std::uint32_t handler(unsigned vector) { return kHandlersAt + vector * 16; }

  test::FlatHost host_{0x100000};
  Cpu& cpu_ = host_.cpu();
  const State& s_ = cpu_.state();
};

// The verdict on FF FF (group 5, /7) hangs on its second byte, which the handler changes.
TEST_F(FuzzFindings, AnInvalidInstructionIsDecodedAnewWhenAnyOfItsBytesChanges) {
  code({0xff, 0xff, 0xf4});                                  // #UD; HLT
  code({0xc6, 0x06, 0x01, 0x10, 0xc0, 0xcf}, handler(kUd));  // MOV BYTE [1001], C0; IRET
  cpu_.mutable_state().gpr[kRax] = 5;
  EXPECT_EQ(cpu_.run(20), StopReason::kHalted);
  EXPECT_EQ(s_.gpr[kRax], 6u);  // INC AX
}

// SDM vol. 3B section 17.3.1.4: the trap comes after each iteration.
TEST_F(FuzzFindings, SingleStepTrapsAfterEachIterationOfARepeatedInstruction) {
  code({0xf3, 0xaa, 0xf4});          // REP STOSB; HLT
  code({0x43, 0xcf}, handler(kDb));  // INC BX; IRET
  State& s = cpu_.mutable_state();
  s.gpr[kRbx] = 0;
  s.gpr[kRcx] = 5;
  s.gpr[kRdi] = kDataAt;
  s.rflags |= flag::kTf;
  EXPECT_EQ(cpu_.run(2), StopReason::kBudget);  // an iteration and its trap
  EXPECT_EQ(s_.gpr[kRcx] & 0xffff, 4u);
  EXPECT_EQ(s_.rip, handler(kDb));
  EXPECT_EQ(cpu_.run(18), StopReason::kBudget);  // five times that, INC and IRET
  EXPECT_EQ(s_.gpr[kRbx] & 0xffff, 5u);
  EXPECT_EQ(s_.rip, kCodeAt + 2);
}

TEST_F(FuzzFindings, ASingleStepTrapEndsHlt) {
  code({0xf4, 0xf4});
  code({0x43, 0xcf}, handler(kDb));
  State& s = cpu_.mutable_state();
  s.gpr[kRbx] = 0;
  s.rflags |= flag::kTf;
  cpu_.run(3);  // HLT, the trap, INC BX
  EXPECT_EQ(s_.gpr[kRbx] & 0xffff, 1u);
  EXPECT_FALSE(s_.halted);
}

// A trap that does not fit into the budget is the first thing of the next run().
TEST_F(FuzzFindings, RunRetiresNoMoreThanAskedForWhenAnInstructionTraps) {
  code({0x90, 0x90, 0x90});
  State& s = cpu_.mutable_state();
  s.rflags |= flag::kTf;
  const std::uint64_t before = host_.instructions();
  EXPECT_EQ(cpu_.run(1), StopReason::kBudget);
  EXPECT_EQ(host_.instructions(), before + 1);
  EXPECT_EQ(s_.rip, kCodeAt + 1);
  EXPECT_EQ(cpu_.run(1), StopReason::kBudget);
  EXPECT_EQ(s_.rip, handler(kDb));
  EXPECT_EQ(load_le<std::uint16_t>(host_.memory() + s_.gpr[kRsp]), kCodeAt + 1);
}

TEST_F(FuzzFindings, APendingTrapIsInASnapshot) {
  code({0x90, 0x90});
  cpu_.mutable_state().rflags |= flag::kTf;
  cpu_.run(1);
  Archive saved = Archive::writer();
  cpu_.serialize(saved);
  test::FlatHost other(0x100000);
  power_on(other);
  Archive loaded = Archive::reader(saved.bytes());
  other.cpu().serialize(loaded);
  ASSERT_TRUE(loaded.finish());
  other.cpu().run(1);
  EXPECT_EQ(other.cpu().state().rip, handler(kDb));
}

// RF in the flags that an interrupt between two iterations pushes (section 17.3.1.1) is for a
// program that was interrupted there, not for one that a reset has ended.
TEST_F(FuzzFindings, AResetForgetsARepeatedInstruction) {
  code({0xf3, 0xaa, 0xf4});
  State& s = cpu_.mutable_state();
  s.gpr[kRcx] = 1000;
  s.gpr[kRdi] = kDataAt;
  EXPECT_EQ(cpu_.run(10), StopReason::kBudget);
  cpu_.reset(ResetKind::kHard);
  power_on(host_);
  cpu_.mutable_state().rflags |= flag::kIf;
  cpu_.set_intr(true);
  cpu_.run(1);
  EXPECT_EQ(s_.rip, handler(host_.interrupt_vector));
  EXPECT_EQ(s_.rflags & flag::kRf, 0u);
}

// An NMI that is blocked interrupts nothing.
TEST_F(FuzzFindings, ABlockedNmiDoesNotSetRf) {
  code({0xf3, 0xaa, 0xf4});
  State& s = cpu_.mutable_state();
  s.gpr[kRcx] = 1000;
  s.gpr[kRdi] = kDataAt;
  s.nmi_blocked = true;
  s.nmi_pending = true;
  cpu_.run(10);
  cpu_.run(10);
  EXPECT_EQ(s_.rflags & flag::kRf, 0u);
}

TEST_F(FuzzFindings, ASnapshotOfStateThatADebuggerChangedHasItsPrivilegeLevel) {
  State& s = cpu_.mutable_state();
  s.cr0 |= cr0::kPe;
  s.segment[kCs] = {0x1b, 0x00c0fb00, 0, 0xffffffff, true};
  s.segment[kSs] = {0x23, 0x00c0f300, 0, 0xffffffff, true};
  code({0xf4});  // HLT: #GP at CPL 3, and without an IDT that shuts the CPU down
  s.idtr.limit = 0;
  Archive saved = Archive::writer();
  cpu_.serialize(saved);
  test::FlatHost other(0x100000);
  power_on(other);
  other.memory()[kCodeAt] = 0xf4;
  Archive loaded = Archive::reader(saved.bytes());
  other.cpu().serialize(loaded);
  ASSERT_TRUE(loaded.finish());
  EXPECT_EQ(other.cpu().run(5), StopReason::kShutdown);
}

// However often: run() comes back, and goes on later.
TEST_F(FuzzFindings, AnEndlessRepeatedInstructionStopsAtTheBudget) {
  code({0x67, 0xf3, 0xaa, 0xf4});  // REP STOSB by ECX and EDI
  State& s = cpu_.mutable_state();
  s.segment[kEs].limit = 0xffffffff;
  s.gpr[kRcx] = 0xffffffff;
  s.gpr[kRdi] = kDataAt;
  const std::uint64_t before = host_.instructions();
  EXPECT_EQ(cpu_.run(5000), StopReason::kBudget);
  EXPECT_EQ(host_.instructions(), before + 5000);
  EXPECT_EQ(s_.gpr[kRcx], 0xffffffff - 5000u);
  EXPECT_EQ(s_.rip, kCodeAt);
}

// Only an interrupt makes a processor fetch a repeated instruction again: a budget that ends
// between two iterations, and a snapshot there, must not show.
TEST_F(FuzzFindings, ABudgetDoesNotMakeARepeatedInstructionAcrossPagesBeFetchedAgain) {
  const auto start = [](test::FlatHost& host) {
    power_on(host);
    State& s = host.cpu().mutable_state();
    host.memory()[0x1fff] = 0xf3;  // REP STOSB, over its own second byte and on
    host.memory()[0x2000] = 0xaa;
    s.rip = 0x1fff;
    s.gpr[kRax] = 0xf4;
    s.gpr[kRcx] = 100;
    s.gpr[kRdi] = 0x2000;
  };
  start(host_);
  cpu_.run(3);
  Archive saved = Archive::writer();
  cpu_.serialize(saved);
  cpu_.run(100);
  EXPECT_EQ(s_.gpr[kRcx], 0u);
  EXPECT_TRUE(s_.halted);  // at the byte behind: F4
  test::FlatHost other(0x100000);
  start(other);
  std::copy_n(host_.memory() + 0x2000, 3, other.memory() + 0x2000);
  other.instructions() = 3;
  Archive loaded = Archive::reader(saved.bytes());
  other.cpu().serialize(loaded);
  ASSERT_TRUE(loaded.finish());
  other.cpu().run(50);
  other.cpu().run(100);
  EXPECT_EQ(other.cpu().state().gpr[kRcx], 0u);
  EXPECT_EQ(other.cpu().state().rip, s_.rip);
}

}  // namespace
}  // namespace ice86::cpu
