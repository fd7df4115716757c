// SPDX-License-Identifier: LGPL-2.1-or-later
// Code at the end of a 4 GiB segment: EIP wraps to 0. SDM vol. 3A section 5.3 leaves it to the
// processor what an access across an effective limit of FFFFFFFF does; Bochs and QEMU wrap.
#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu {
namespace {

constexpr std::uint32_t kBase = 0x10000;

class EipWrap : public ::testing::Test {
 protected:
  // Flat 32-bit data; the code segment begins at `base` and has 4 GiB.
  void set(std::uint32_t base, std::uint32_t eip) {
    State& s = cpu_.mutable_state();
    s.cr0 |= cr0::kPe;
    for (const SegmentName name : {kEs, kSs, kDs})
      s.segment[name] = {0x10, 0x00c09300, 0, 0xffffffff, true};
    s.segment[kCs] = {0x08, 0x00c09b00, base, 0xffffffff, true};
    s.gpr[kRsp] = 0x8000;
    s.gpr[kRax] = 0;
    s.rip = eip;
  }
  void code(std::uint32_t eip, std::initializer_list<int> bytes) {
    for (const int byte : bytes) host_.memory()[kBase + eip++] = static_cast<std::uint8_t>(byte);
  }

  test::FlatHost host_{0x100000};
  Cpu& cpu_ = host_.cpu();
  const State& s_ = cpu_.state();
};

// Linear addresses wrap at 4 GiB, too: the segment's end lies below its beginning.
TEST_F(EipWrap, BetweenTwoInstructions) {
  set(kBase, 0xffffffff);
  code(0xffffffff, {0x40});     // INC EAX
  code(0, {0x40, 0x40, 0xf4});  // and twice more, HLT
  EXPECT_EQ(cpu_.run(10), StopReason::kHalted);
  EXPECT_EQ(s_.gpr[kRax], 3u);
  EXPECT_EQ(s_.rip, 3u);
}

TEST_F(EipWrap, WithinAnInstruction) {
  set(kBase, 0xfffffffd);
  code(0xfffffffd, {0xb8, 0x78, 0x56});  // MOV EAX, 12345678
  code(0, {0x34, 0x12, 0xf4});
  EXPECT_EQ(cpu_.run(10), StopReason::kHalted);
  EXPECT_EQ(s_.gpr[kRax], 0x12345678u);
  EXPECT_EQ(s_.rip, 3u);
}

TEST_F(EipWrap, AtTheEndOfAPage) {
  set(kBase, 0xfffffffb);
  code(0xfffffffb, {0xe8, 0x10, 0x00, 0x00, 0x00});  // CALL to 10: the return address is 0
  code(0x10, {0x58, 0xf4});                          // POP EAX
  cpu_.mutable_state().gpr[kRax] = 7;
  EXPECT_EQ(cpu_.run(10), StopReason::kHalted);
  EXPECT_EQ(s_.gpr[kRax], 0u);
  EXPECT_EQ(s_.rip, 0x12u);
}

TEST_F(EipWrap, AFaultAfterItPushesTheWrappedAddress) {
  set(kBase, 0xffffffff);
  code(0xffffffff, {0x90});
  code(0, {0x0f, 0x0b});  // UD2
  State& s = cpu_.mutable_state();
  s.gdtr = {0x400, 0x17};
  s.idtr = {0x500, 0x3f};
  std::uint8_t* memory = host_.memory();
  const std::uint64_t flat_code = 0x00cf9b000000ffff;
  const std::uint64_t gate = 0x00008e0000080000 | 0x6000;  // to 08:6000
  std::memcpy(memory + 0x408, &flat_code, 8);
  std::memcpy(memory + 0x500 + kUd * 8, &gate, 8);
  cpu_.run(2);
  EXPECT_EQ(s_.rip, 0x6000u);
  std::uint32_t pushed = ~0u;
  std::memcpy(&pushed, memory + s_.gpr[kRsp], 4);
  EXPECT_EQ(pushed, 0u);
}

// A smaller limit is one.
TEST_F(EipWrap, NotBeyondASmallerLimit) {
  set(kBase, 0xffff);
  cpu_.mutable_state().segment[kCs].limit = 0xffff;
  cpu_.mutable_state().idtr.limit = 0;
  code(0xffff, {0x40});
  code(0, {0x40});
  EXPECT_EQ(cpu_.run(10), StopReason::kShutdown);  // #GP, and no IDT
  EXPECT_EQ(s_.gpr[kRax], 1u);
  EXPECT_EQ(s_.rip, 0x10000u);
}

}  // namespace
}  // namespace ice86::cpu
