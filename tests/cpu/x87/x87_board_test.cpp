// SPDX-License-Identifier: LGPL-2.1-or-later
// x87 in real mode: exceptions by FERR# and IGNNE#, the environment's real-mode formats, snapshots.
#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <vector>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {
namespace {

constexpr std::uint32_t kCode = 0x1000, kHandler = 0x2000, kData = 0x3000;

class RealMode : public testing::Test {
 protected:
  RealMode() {
    State& s = host_.cpu().mutable_state();
    s.cr0 = cr0::kEt;
    s.segment[kCs].selector = 0;
    s.segment[kCs].base = 0;
    s.rip = kCode;
    s.gpr[kRsp] = 0x8000;
    host_.on_ferr = [this](bool asserted) {
      ferr_ = asserted;
      ++ferr_changes_;
    };
    // Interrupt 20h is IRET at kHandler.
    host_.memory()[0x20 * 4 + 1] = kHandler >> 8;
    host_.memory()[kHandler] = 0xcf;
  }
  void code(std::initializer_list<std::uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(), host_.memory() + at_);
    at_ += static_cast<std::uint32_t>(bytes.size());
  }
  const State& state() { return host_.cpu().state(); }
  std::uint16_t word(std::uint32_t at) { return load_le<std::uint16_t>(host_.memory() + at); }
  std::uint32_t dword(std::uint32_t at) { return load_le<std::uint32_t>(host_.memory() + at); }

  // 6 instructions: a division by zero with ZM clear.
  void divide_by_zero() {
    store_le<std::uint16_t>(host_.memory() + kData, 0x037b);
    code({0xdb, 0xe3});              // FNINIT
    code({0xd9, 0x2e, 0x00, 0x30});  // FLDCW [3000h]
    code({0xd9, 0xe8, 0xd9, 0xee});  // FLD1; FLDZ
    code({0xde, 0xf9});              // FDIVP
    code({0xdf, 0xe0});              // FNSTSW AX
  }

  FlatHost host_{0x100000};
  std::uint32_t at_ = kCode;
  bool ferr_ = false;
  unsigned ferr_changes_ = 0;
};

// SDM vol. 1 section 8.7.2: without CR0.NE and IGNNE# the next waiting instruction reports the
// exception and freezes until an interrupt comes, which returns to it.
TEST_F(RealMode, AnExceptionFreezesUntilAnInterrupt) {
  divide_by_zero();
  const std::uint32_t waiting = at_;
  code({0xd9, 0xe8});  // FLD1
  host_.cpu().mutable_state().rflags |= flag::kIf;
  host_.cpu().run(6);
  EXPECT_EQ(state().rip, waiting);
  EXPECT_EQ(state().fsw, 0xb084);
  EXPECT_FALSE(ferr_) << "nothing has waited yet";
  EXPECT_EQ(host_.cpu().run(10), StopReason::kHalted);
  EXPECT_TRUE(ferr_);
  EXPECT_EQ(state().rip, waiting);
  EXPECT_EQ(host_.clock().instructions(), 6u) << "FLD1 has not retired";
  host_.cpu().set_intr(true);
  host_.cpu().run(1);
  EXPECT_EQ(state().rip, kHandler);
  host_.cpu().set_intr(false);
  host_.cpu().run(1);
  EXPECT_EQ(state().rip, waiting) << "the handler has returned to it";
  EXPECT_EQ(host_.cpu().run(10), StopReason::kHalted) << "and it freezes again";
  EXPECT_EQ(ferr_changes_, 1u);
}

TEST_F(RealMode, IgnneLetsInstructionsPass) {
  divide_by_zero();
  code({0xd9, 0xe8});  // FLD1
  code({0xdb, 0xe2});  // FNCLEX
  host_.cpu().run(6);
  host_.cpu().set_ignne(true);
  EXPECT_EQ(host_.cpu().run(1), StopReason::kBudget);
  EXPECT_TRUE(ferr_);
  EXPECT_EQ(state().fsw, 0xa884) << "loaded, and still pending";
  host_.cpu().run(1);
  EXPECT_FALSE(ferr_) << "FNCLEX ends it";
  EXPECT_EQ(state().fsw, 0x2800);
}

// SDM vol. 1 figures 8-10 and 8-12: linear pointers, and the opcode beside the upper bits.
TEST_F(RealMode, EnvironmentHoldsLinearPointers) {
  State& s = host_.cpu().mutable_state();
  s.segment[kCs].selector = 0x1234;
  s.segment[kCs].base = 0x12340;
  s.segment[kDs].selector = 0x4567;
  s.segment[kDs].base = 0x45670;
  s.rip = 0x20;
  at_ = 0x12360;
  code({0xdb, 0xe3});                          // FNINIT
  code({0xd9, 0x06, 0x10, 0x02});              // FLD dword [210h]
  code({0x2e, 0xd9, 0x36, 0x00, 0x10});        // FNSTENV CS:[1000h]
  code({0x2e, 0x66, 0xd9, 0x36, 0x00, 0x11});  // the same in 32-bit format
  code({0x2e, 0xd9, 0x26, 0x00, 0x10});        // FLDENV CS:[1000h]
  host_.cpu().run(4);
  const std::uint32_t small = 0x12340 + 0x1000, large = 0x12340 + 0x1100;
  EXPECT_EQ(word(small), 0x037f);
  EXPECT_EQ(word(small + 4), 0x7fff) << "register 7 holds the zero that memory held";
  EXPECT_EQ(word(small + 6), 0x2362);
  EXPECT_EQ(word(small + 8), 0x1106);
  EXPECT_EQ(word(small + 10), 0x5880);
  EXPECT_EQ(word(small + 12), 0x4000);
  EXPECT_EQ(dword(large + 12) & 0xffff, 0x2362u);
  EXPECT_EQ(dword(large + 16), 0x1106u);
  EXPECT_EQ(dword(large + 20) & 0xffff, 0x5880u);
  EXPECT_EQ(dword(large + 24), 0x4000u);
  host_.cpu().run(1);
  EXPECT_EQ(state().fip, 0x12362u);
  EXPECT_EQ(state().fcs, 0u);
  EXPECT_EQ(state().fdp, 0x45880u);
  EXPECT_EQ(state().fop, 0x106u);
}

TEST_F(RealMode, SnapshotsHoldEverything) {
  divide_by_zero();
  code({0xd9, 0xe8});  // FLD1
  host_.cpu().run(7);
  ASSERT_TRUE(ferr_);
  Archive writer = Archive::writer();
  host_.cpu().serialize(writer);
  ASSERT_TRUE(writer.finish());
  FlatHost other(0x100000);
  Archive reader = Archive::reader(writer.bytes());
  other.cpu().serialize(reader);
  ASSERT_TRUE(reader.finish());
  const State& a = state();
  const State& b = other.cpu().state();
  for (unsigned r = 0; r < 8; ++r) {
    EXPECT_EQ(a.x87[r].significand, b.x87[r].significand);
    EXPECT_EQ(a.x87[r].sign_exponent, b.x87[r].sign_exponent);
  }
  EXPECT_EQ(a.fcw, b.fcw);
  EXPECT_EQ(a.fsw, b.fsw);
  EXPECT_EQ(a.fop, b.fop);
  EXPECT_EQ(a.fip, b.fip);
  EXPECT_EQ(a.x87_empty, b.x87_empty);
  // FERR# is still asserted: FNCLEX negates it, and nothing asserts it a second time.
  unsigned changes = 0;
  other.on_ferr = [&](bool asserted) {
    EXPECT_FALSE(asserted);
    ++changes;
  };
  State& s = other.cpu().mutable_state();
  s.halted = false;
  other.memory()[s.rip] = 0xdb;  // FNCLEX
  other.memory()[s.rip + 1] = 0xe2;
  other.cpu().run(1);
  EXPECT_EQ(changes, 1u);
}

TEST_F(RealMode, WithoutAnFpuEscapesPass) {
  FlatHost host(0x100000, implemented_features() - FeatureSet{Feature::kFpu});
  State& s = host.cpu().mutable_state();
  s.cr0 = cr0::kEt;
  s.segment[kCs].selector = 0;
  s.segment[kCs].base = 0;
  s.rip = kCode;
  s.gpr[kRax] = 0x5a5a;
  const std::uint8_t bytes[] = {0xdb, 0xe3, 0xdf, 0xe0, 0xd9, 0x3e, 0x00, 0x30, 0x9b};
  std::memcpy(host.memory() + kCode, bytes, sizeof bytes);
  host.memory()[kData] = 0x77;
  host.cpu().run(4);
  EXPECT_EQ(host.cpu().state().rip, kCode + sizeof bytes);
  EXPECT_EQ(host.cpu().state().gpr[kRax], 0x5a5au) << "FNSTSW AX: a program that probes sees this";
  EXPECT_EQ(host.memory()[kData], 0x77) << "FNSTCW";
}

}  // namespace
}  // namespace ice86::cpu::test
