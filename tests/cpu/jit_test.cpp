// SPDX-License-Identifier: LGPL-2.1-or-later
// Small programs that translated code once got wrong, under every engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu::test {
namespace {

class Engines : public testing::TestWithParam<Engine> {
 protected:
  // Runs 16-bit code from 1000:0000 to its HLT.
  const State& run(const std::vector<std::uint8_t>& code) {
    std::copy(code.begin(), code.end(), host_.memory() + 0x10000);
    State& state = host_.cpu().mutable_state();
    state.segment[kCs] = {
        .selector = 0x1000, .attributes = 0x9300, .base = 0x10000, .limit = 0xffff};
    state.rip = 0;
    host_.cpu().run(10'000);
    return host_.cpu().state();
  }

  FlatHost host_{0x100000, implemented_features(), GetParam()};
};

// The flags of TEST outlive the store by testing again; SETNZ then writes the tested register.
TEST_P(Engines, SetccIntoTheRegisterThatWasTested) {
  const State& state = run({
      0x88, 0x07,        // mov [bx], al: into the TLB
      0xba, 0x00, 0x01,  // mov dx, 100h
      0x31, 0xc0,        // xor ax, ax: ZF
      0xeb, 0x00,        // jmp $+2: the flags go to memory
      0x85, 0xd2,        // test dx, dx
      0x88, 0x07,        // mov [bx], al
      0x0f, 0x95, 0xc2,  // setnz dl
      0x85, 0xc0,        // test ax, ax
      0xf4,              // hlt
  });
  EXPECT_TRUE(state.halted);
  EXPECT_EQ(state.gpr[kRdx], 0x101U);
}

// A taken jump in the middle of a block pays for what it ran, and no more.
TEST_P(Engines, CountsOfJumpsOutOfABlock) {
  run({
      0xb9, 0x64, 0x00,  // mov cx, 100
      0x49,              // dec cx
      0x75, 0xfd,        // jnz
      0x40, 0x40, 0x40,  // inc ax
      0xf4,              // hlt
  });
  EXPECT_EQ(host_.clock().instructions(), 1U + 200 + 3 + 1);
}

INSTANTIATE_TEST_SUITE_P(All, Engines, testing::ValuesIn(engines()),
                         [](const auto& engine) { return engine_name(engine.param); });

}  // namespace
}  // namespace ice86::cpu::test
