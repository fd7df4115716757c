// SPDX-License-Identifier: LGPL-2.1-or-later
// Small programs that translated code once got wrong, under every engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "emulator/base/bits.h"
#include "tests/cpu/support/flat_host.h"
#include "tests/cpu/support/watcher.h"

namespace ice86::cpu::test {
namespace {

class Engines : public testing::TestWithParam<Engine> {
 protected:
  // Runs 16-bit code from 1000:0000 to its HLT.
  const State& run(const std::vector<std::uint8_t>& code) { return run_on(host_, code); }
  static const State& run_on(FlatHost& host, const std::vector<std::uint8_t>& code) {
    std::copy(code.begin(), code.end(), host.memory() + 0x10000);
    State& state = host.cpu().mutable_state();
    state.segment[kCs] = {
        .selector = 0x1000, .attributes = 0x9300, .base = 0x10000, .limit = 0xffff};
    state.rip = 0;
    host.cpu().run(10'000);
    return host.cpu().state();
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

// Stores into the page, the 64 bytes and the instructions that run.
TEST_P(Engines, StoresBesideCodeAndIntoIt) {
  const State& state = run({
      0xb9, 0x40, 0x00,              // 00: mov cx, 64
      0x2e, 0xff, 0x06, 0x00, 0x08,  // 03: inc word [cs:0800h]
      0x2e, 0xfe, 0x06, 0x0e, 0x00,  // 08: inc byte [cs:000eh]: the immediate below
      0x04, 0x00,                    // 0d: add al, 0
      0x2e, 0x01, 0x06, 0x30, 0x00,  // 0f: add [cs:0030h], ax
      0xe2, 0xed,                    // 14: loop 03
      0xf4,                          // 16: hlt
  });
  EXPECT_TRUE(state.halted);
  unsigned al = 0;
  unsigned sum = 0;
  for (unsigned k = 1; k <= 64; ++k) {
    al = (al + k) & 0xff;
    sum = (sum + al) & 0xffff;
  }
  EXPECT_EQ(load_le<std::uint16_t>(host_.memory() + 0x10800), 64U);
  EXPECT_EQ(load_le<std::uint16_t>(host_.memory() + 0x10030), sum);
}

// Downwards, onto bytes just below and just above, across pages.
TEST_P(Engines, RepeatedCopiesDownwards) {
  std::vector<std::uint8_t> expected(0x8000);
  for (unsigned i = 0; i < expected.size(); ++i)
    expected[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
  std::copy(expected.begin(), expected.end(), host_.memory());
  const State& state = run({
      0xfd,              // std
      0xbe, 0x00, 0x31,  // mov si, 3100h
      0xbf, 0xfd, 0x30,  // mov di, 30fdh
      0xb9, 0x00, 0x04,  // mov cx, 400h
      0xf3, 0xa4,        // rep movsb
      0xbe, 0x50, 0x52,  // mov si, 5250h
      0xbf, 0x53, 0x52,  // mov di, 5253h
      0xb9, 0x00, 0x04,  // mov cx, 400h
      0x66, 0xf3, 0xa5,  // rep movsd
      0xf4,              // hlt
  });
  EXPECT_TRUE(state.halted);
  for (unsigned i = 0; i < 0x400; ++i) expected[0x30fd - i] = expected[0x3100 - i];
  for (unsigned i = 0; i < 0x400; ++i) {
    const std::uint32_t value = load_le<std::uint32_t>(expected.data() + 0x5250 - 4 * i);
    store_le<std::uint32_t>(expected.data() + 0x5253 - 4 * i, value);
  }
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), host_.memory()));
  EXPECT_EQ(state.gpr[kRsi] & 0xffff, 0x5250U - 0x1000);
  EXPECT_EQ(state.gpr[kRdi] & 0xffff, 0x5253U - 0x1000);
}

// Immediate operands that are stored to while flags they made are wanted.
TEST_P(Engines, StoresToImmediateOperands) {
  const std::vector<std::uint8_t> code = {
      0xb9, 0x80, 0x00,              // 00: mov cx, 80h
      0x69, 0xc1, 0x35, 0x12,        // 03: imul ax, cx, 1235h
      0x81, 0xc3, 0x11, 0x11,        // 07: add bx, 1111h
      0x2e, 0xa3, 0x09, 0x00,        // 0b: mov [cs:first + 2], ax
      0x83, 0xd2, 0x00,              // 0f: adc dx, 0
      0x81, 0xfb, 0x22, 0x22,        // 12: cmp bx, 2222h
      0x2e, 0x89, 0x1e, 0x14, 0x00,  // 16: mov [cs:second + 2], bx
      0x83, 0xde, 0x00,              // 1b: sbb si, 0
      0xbf, 0x33, 0x33,              // 1e: mov di, 3333h
      0x2e, 0x01, 0x3e, 0x1f, 0x00,  // 21: add [cs:third + 1], di
      0x83, 0xf7, 0x55,              // 26: xor di, 55h
      0x2e, 0x88, 0x0e, 0x28, 0x00,  // 29: mov [cs:fourth + 2], cl
      0x01, 0xfa,                    // 2e: add dx, di
      0x4d,                          // 30: dec bp
      0x81, 0xed, 0x01, 0x01,        // 31: sub bp, 0101h
      0x4d,                          // 35: dec bp
      0x2e, 0x89, 0x16, 0x33, 0x00,  // 36: mov [cs:fifth + 3], dx
      0x11, 0xf2,                    // 3b: adc dx, si
      0xe2, 0xc4,                    // 3d: loop again
      0xf4,                          // 3f: hlt
  };
  const State state = run(code);
  EXPECT_TRUE(state.halted);
  unsigned bx = 0x1111;
  for (unsigned cx = 0x80; cx > 1; --cx) bx += cx * 0x1235;
  EXPECT_EQ(state.gpr[kRbx] & 0xffff, bx & 0xffff);
  FlatHost other(0x100000, implemented_features(), Engine::kInterpreter);
  const State& expected = run_on(other, code);
  EXPECT_EQ(state.gpr, expected.gpr);
  EXPECT_EQ(state.rflags, expected.rflags);
  EXPECT_EQ(host_.clock().instructions(), other.clock().instructions());
  EXPECT_EQ(std::memcmp(host_.memory(), other.memory(), 0x100000), 0);
}

// The x87's data pointer has the selector that the operand was read with, whatever comes into the
// segment register before somebody looks.
TEST_P(Engines, X87PointersKeepTheOldSelector) {
  const State state = run({
      0xdb, 0xe3,              // 00: fninit
      0xb9, 0x40, 0x00,        // 02: mov cx, 64
      0xb8, 0x00, 0x20,        // 05: again: mov ax, 2000h
      0x8e, 0xd8,              // 08: mov ds, ax
      0xdf, 0x06, 0x10, 0x00,  // 0a: fild word [10h]
      0xb8, 0x00, 0x30,        // 0e: mov ax, 3000h
      0x8e, 0xd8,              // 11: mov ds, ax
      0xdd, 0xd8,              // 13: fstp st0
      0xe2, 0xee,              // 15: loop again
      0xf4,                    // 17: hlt
  });
  EXPECT_EQ(state.segment[kDs].selector, 0x3000);
  EXPECT_EQ(state.fds, 0x2000);
  EXPECT_EQ(state.fdp, 0x10u);
  EXPECT_EQ(state.fip, 0x13u);
}

// A service called by INT and by far calls, as firmware's are: it looks at the flags it was given,
// changes the caller's, and is seen from two segments.
TEST_P(Engines, ServicesOfRealMode) {
  const std::vector<std::uint8_t> code = {
      0x31, 0xc0,        // 00: xor ax, ax
      0x8e, 0xd0,        // 02: mov ss, ax
      0xbc, 0x00, 0x30,  // 04: mov sp, 3000h
      0x8e, 0xd8,        // 07: mov ds, ax
      0xc7, 0x06, 0x80, 0x01, 0x47,
      0x00,  // 09: mov word [60h*4], service
      0xc7, 0x06, 0x82, 0x01, 0x00,
      0x10,  // 0f: mov word [60h*4+2], 1000h
      0xc7, 0x06, 0x00, 0x05, 0x6d,
      0x00,  // 15: mov word [500h], beyond
      0xc7, 0x06, 0x02, 0x05, 0xf0,
      0x0f,  // 1b: mov word [0x502], 0ff0h: the same code seen from 256 bytes further down
      0x81, 0x06, 0x00, 0x05, 0x00,
      0x01,                          // 21: add word [500h], 100h
      0xb9, 0x40, 0x00,              // 27: mov cx, 64
      0x89, 0xc8,                    // 2a: mov ax, cx
      0x8e, 0xc0,                    // 2c: mov es, ax
      0x80, 0xf9, 0x20,              // 2e: cmp cl, 32
      0xfb,                          // 31: sti
      0xcd, 0x60,                    // 32: int 60h
      0x11, 0xd3,                    // 34: adc bx, dx
      0xff, 0x1e, 0x00, 0x05,        // 36: call far [500h]
      0x11, 0xd3,                    // 3a: adc bx, dx
      0x9c,                          // 3c: pushf
      0x5a,                          // 3d: pop dx
      0x01, 0xd3,                    // 3e: add bx, dx
      0x0e,                          // 40: push cs
      0xe8, 0x29, 0x00,              // 41: call beyond: RETF goes back with it
      0xe2, 0xe4,                    // 44: loop again
      0xf4,                          // 46: hlt
      0x1e,                          // 47: push ds
      0x06,                          // 48: push es
      0x9c,                          // 49: pushf
      0x5a,                          // 4a: pop dx: IF and the rest as INT leaves them
      0x01, 0xd3,                    // 4b: add bx, dx
      0xbe, 0x00, 0x10,              // 4d: mov si, 1000h
      0x8e, 0xde,                    // 50: mov ds, si
      0xa1, 0x7c, 0x00,              // 52: mov ax, [table]
      0x01, 0xc3,                    // 55: add bx, ax
      0x89, 0xe5,                    // 57: mov bp, sp
      0x81, 0x76, 0x08, 0x01, 0x08,  // 59: xor word [bp + 8], 801h: CF and OF of the answer
      0xf6, 0xc1, 0x01,              // 5e: test cl, 1
      0x74, 0x05,                    // 61: jz .skip
      0x81, 0x66, 0x08, 0xff, 0xfd,  // 63: and word [bp + 8], ~200h
      0x07,                          // 68: pop es
      0x1f,                          // 69: pop ds
      0x8c, 0xc2,                    // 6a: mov dx, es
      0xcf,                          // 6c: iret
      0x8c, 0xca,                    // 6d: mov dx, cs
      0x01, 0xd3,                    // 6f: add bx, dx
      0xfd,                          // 71: std
      0x9c,                          // 72: pushf
      0xfa,                          // 73: cli
      0xfc,                          // 74: cld
      0x9d,                          // 75: popf
      0x9c,                          // 76: pushf
      0x58,                          // 77: pop ax
      0x01, 0xc3,                    // 78: add bx, ax
      0xfc,                          // 7a: cld
      0xcb,                          // 7b: retf
      0x34, 0x12,                    // 7c: table: dw 1234h
  };
  for (const bool watched : {false, true}) {
    FlatHost ours(0x100000, implemented_features(), GetParam());
    FlatHost other(0x100000, implemented_features(), Engine::kInterpreter);
    std::optional<Watcher> our_watcher;
    std::optional<Watcher> other_watcher;
    if (watched) {
      our_watcher.emplace(ours, 0);
      other_watcher.emplace(other, 0);
    }
    const State& state = run_on(ours, code);
    const State& expected = run_on(other, code);
    EXPECT_TRUE(state.halted);
    EXPECT_EQ(state.gpr, expected.gpr);
    EXPECT_EQ(state.rflags, expected.rflags);
    EXPECT_EQ(ours.clock().instructions(), other.clock().instructions());
    EXPECT_EQ(std::memcmp(ours.memory(), other.memory(), 0x100000), 0);
    if (watched) {
      EXPECT_EQ(our_watcher->seen(), other_watcher->seen());
    }
  }
}

// A caller that writes the vector into its INT, as boot loaders' do.
TEST_P(Engines, StoresToTheVectorOfInt) {
  const std::vector<std::uint8_t> code = {
      0x31, 0xc0,                          // 00: xor ax, ax
      0x8e, 0xd0,                          // 02: mov ss, ax
      0xbc, 0x00, 0x30,                    // 04: mov sp, 3000h
      0x8e, 0xd8,                          // 07: mov ds, ax
      0xc7, 0x06, 0x80, 0x01, 0x45, 0x00,  // 09: mov word [60h*4], first
      0xc7, 0x06, 0x82, 0x01, 0x00, 0x10,  // 0f: mov word [60h*4+2], 1000h
      0xc7, 0x06, 0x84, 0x01, 0x49, 0x00,  // 15: mov word [61h*4], second
      0xc7, 0x06, 0x86, 0x01, 0x00, 0x10,  // 1b: mov word [61h*4+2], 1000h
      0xc7, 0x06, 0x88, 0x01, 0x4d, 0x00,  // 21: mov word [62h*4], third
      0xc7, 0x06, 0x8a, 0x01, 0x00, 0x10,  // 27: mov word [62h*4+2], 1000h
      0xb9, 0x2c, 0x01,                    // 2d: mov cx, 300
      0xb2, 0x60,                          // 30: mov dl, 60h
      0x2e, 0x88, 0x16, 0x38, 0x00,        // 32: again: mov [cs:vector], dl
      0xcd, 0x00,                          // 37: int (vector)
      0xfe, 0xc2,                          // 39: inc dl
      0x80, 0xfa, 0x63,                    // 3b: cmp dl, 63h
      0x75, 0x02,                          // 3e: jne 42h
      0xb2, 0x60,                          // 40: mov dl, 60h
      0xe2, 0xee,                          // 42: loop again
      0xf4,                                // 44: hlt
      0x83, 0xc3, 0x01,                    // 45: first: add bx, 1
      0xcf,                                // 48: iret
      0x83, 0xc3, 0x10,                    // 49: second: add bx, 10h
      0xcf,                                // 4c: iret
      0x81, 0xc3, 0x00, 0x01,              // 4d: third: add bx, 100h
      0xcf,                                // 51: iret
  };
  for (const bool watched : {false, true}) {
    FlatHost host(0x100000, implemented_features(), GetParam());
    std::optional<Watcher> watcher;
    if (watched) watcher.emplace(host, 0);
    const State& state = run_on(host, code);
    EXPECT_TRUE(state.halted);
    EXPECT_EQ(state.gpr[kRbx] & 0xffff, 100u * 0x111);
  }
}

// Operands that are extended with their sign: their highest bit comes and goes.
TEST_P(Engines, StoresToSignedImmediateOperands) {
  const State state = run({
      0xb9, 0x00, 0x02,              // 00: mov cx, 200h
      0x2e, 0x88, 0x0e, 0x10, 0x00,  // 03: again: mov [cs:first], cl
      0x2e, 0x88, 0x0e, 0x12, 0x00,  // 08: mov [cs:second], cl
      0x66, 0x83, 0xc3, 0x00,        // 0d: add ebx, (first)
      0x6a, 0x00,                    // 11: push (second)
      0x5a,                          // 13: pop dx
      0x01, 0xd5,                    // 14: add bp, dx
      0xe2, 0xeb,                    // 16: loop again
      0xf4,                          // 18: hlt
  });
  EXPECT_TRUE(state.halted);
  // Twice each of 0 to 255 as signed bytes.
  EXPECT_EQ(state.gpr[kRbx] & 0xffffffff, 0xffffff00u);
  EXPECT_EQ(state.gpr[kRbp] & 0xffff, 0xff00u);
}

// CLI and PUSHF have forms of their own.
TEST_P(Engines, PushedFlags) {
  const State& state = run({
      0xbc, 0x00, 0x20,  // mov sp, 2000h
      0xb9, 0x20, 0x00,  // mov cx, 32
      0xfb,              // sti
      0xfd,              // std
      0x31, 0xc0,        // xor ax, ax
      0x2c, 0x01,        // sub al, 1: CF, SF, AF, PF
      0x9c,              // pushf
      0xfa,              // cli
      0xfc,              // cld
      0x9c,              // pushf
      0x5a,              // pop dx
      0x5b,              // pop bx
      0xe2, 0xf2,        // loop, to sti
      0xf4,              // hlt
  });
  EXPECT_TRUE(state.halted);
  EXPECT_EQ(state.gpr[kRbx] & 0xffff, 0x0697U);
  EXPECT_EQ(state.gpr[kRdx] & 0xffff, 0x0097U);
}

// Comparing into the flags clears C1; processors leave it.
TEST_P(Engines, ComparisonClearsC1) {
  const State& state = run({
      0xdb, 0xe3,        // fninit
      0xd9, 0xe8,        // fld1
      0xd9, 0xe8,        // fld1
      0xb9, 0x20, 0x00,  // mov cx, 32
      0xd9, 0xe0,        // fchs
      0xd9, 0xe1,        // fabs
      0xd9, 0xe0,        // fchs
      0xd9, 0xe0,        // fchs
      0xd9, 0xe0,        // fchs
      0xd9, 0xe5,        // fxam: C1 is the sign
      0xdb, 0xe9,        // fucomi st, st(1)
      0xdd, 0xd2,        // fst st(2)
      0xd9, 0xe5,        // fxam
      0xdb, 0xf1,        // fcomi st, st(1)
      0xe2, 0xea,        // loop, to fchs
      0xdf, 0xe0,        // fnstsw ax
      0xf4,              // hlt
  });
  EXPECT_TRUE(state.halted);
  EXPECT_EQ(state.gpr[kRax] & 0x200, 0U);
}

// Flags that the manual leaves undefined, read behind instructions for which hosts differ: by an
// immediate and by CL, in registers and in memory, at odd and at even addresses.
TEST_P(Engines, UndefinedFlags) {
  const std::vector<std::vector<std::uint8_t>> instructions = {
      {0xc1, 0xe0, 0x05},              // shl ax, 5
      {0xc1, 0xe8, 0x03},              // shr ax, 3
      {0xd1, 0xe0},                    // shl ax, 1
      {0xc0, 0xec, 0x09},              // shr ah, 9
      {0xc1, 0xc0, 0x07},              // rol ax, 7
      {0xc0, 0xdc, 0x04},              // rcr ah, 4
      {0xc1, 0x24, 0x02},              // shl word [si], 2
      {0xd3, 0xe0},                    // shl ax, cl
      {0xd2, 0xdc},                    // rcr ah, cl
      {0xd3, 0x0c},                    // ror word [si], cl
      {0x66, 0xd3, 0xe8},              // shr eax, cl
      {0x66, 0x0f, 0xa4, 0xd0, 0x0b},  // shld eax, edx, 11
      {0x66, 0x0f, 0xac, 0xd0, 0x1f},  // shrd eax, edx, 31
      {0x66, 0x0f, 0xac, 0xd0, 0x01},  // shrd eax, edx, 1
      {0xf7, 0xe2},                    // mul dx
      {0x0f, 0xaf, 0xc2},              // imul ax, dx
      {0x0f, 0xaf, 0x04},              // imul ax, [si]
      {0x0f, 0xbc, 0xc2},              // bsf ax, dx
      {0x0f, 0xbd, 0x04},              // bsr ax, [si]
  };
  for (const std::vector<std::uint8_t>& instruction : instructions) {
    for (const bool odd : {false, true}) {
      std::vector<std::uint8_t> code = {
          0xbe, 0x00, 0x40,  // mov si, 4000h
          0xbf, 0x00, 0x50,  // mov di, 5000h
          0xbc, 0x00, 0x30,  // mov sp, 3000h
          0xbb, 0x80, 0x00,  // mov bx, 128
          0xb8, 0x95, 0x7a,  // mov ax, 7a95h
          0xba, 0xc7, 0x12,  // mov dx, 12c7h
      };
      if (odd != (code.size() % 2 != 0)) code.push_back(0x90);
      const std::size_t loop = code.size();
      const auto add = [&code](const std::vector<std::uint8_t>& more) {
        code.insert(code.end(), more.begin(), more.end());
      };
      add({0x88, 0xd9});        // mov cl, bl
      add({0x05, 0x35, 0x71});  // add ax, 7135h: flags of before
      add(instruction);
      add({0x9c, 0x8f, 0x05});                                         // pushf; pop [di]
      add({0x83, 0xc7, 0x02});                                         // add di, 2
      add({0x81, 0xc2, 0x39, 0x30});                                   // add dx, 3039h
      add({0x31, 0x14});                                               // xor [si], dx
      add({0x4b});                                                     // dec bx
      add({0x75, static_cast<std::uint8_t>(loop - code.size() - 2)});  // jnz
      add({0xf4});                                                     // hlt
      FlatHost ours(0x100000, implemented_features(), GetParam());
      FlatHost reference(0x100000, implemented_features(), Engine::kInterpreter);
      for (FlatHost* host : {&ours, &reference}) {
        std::copy(code.begin(), code.end(), host->memory() + 0x10000);
        State& state = host->cpu().mutable_state();
        state.segment[kCs] = {
            .selector = 0x1000, .attributes = 0x9300, .base = 0x10000, .limit = 0xffff};
        state.rip = 0;
        host->cpu().run(10'000);
        ASSERT_TRUE(host->cpu().state().halted);
      }
      EXPECT_TRUE(std::equal(reference.memory(), reference.memory() + 0x8000, ours.memory()))
          << "opcode " << std::hex << unsigned{instruction[0]} << ", odd: " << odd;
      EXPECT_EQ(ours.cpu().state().gpr, reference.cpu().state().gpr);
    }
  }
}

// Loops of one block, whose flags can be made again from registers: the budget ends in every place
// of them, and what they read and write lies in many pages.
TEST_P(Engines, LoopsInSlices) {
  const std::vector<std::uint8_t> code = {
      0xbb, 0x23, 0x81,        // mov bx, 8123h
      0xbe, 0xc0, 0x0f,        // mov si, 0fc0h
      0xb9, 0x64, 0x00,        // mov cx, 100
      0x33, 0x1c,              // xor bx, [si]
      0x46,                    // inc si
      0x49,                    // dec cx: CF is that of XOR
      0x75, 0xfa,              // jnz, to xor
      0xb9, 0x40, 0x00,        // mov cx, 64
      0x01, 0x1c,              // add [si], bx
      0x81, 0xc6, 0x80, 0x02,  // add si, 280h
      0x49,                    // dec cx: CF is that of ADD
      0x75, 0xf7,              // jnz, to add
      0xb2, 0xc8,              // mov dl, 200
      0x01, 0xd8,              // add ax, bx
      0xfe, 0xca,              // dec dl
      0x75, 0xfa,              // jnz, to add
      0x89, 0xd9,              // mov cx, bx
      0xd1, 0xe8,              // shr ax, 1
      0x13, 0x1c,              // adc bx, [si]
      0x41,                    // inc cx
      0x83, 0xf9, 0x7f,        // cmp cx, 7fh
      0x72, 0xf6,              // jb, to shr
      0xb9, 0x00, 0x01,        // mov cx, 256
      0x2d, 0x67, 0x45,        // sub ax, 4567h
      0x72, 0x03,              // jc, beyond the next
      0x01, 0x44, 0x55,        // add [si+55h], ax
      0x49,                    // dec cx
      0x75, 0xf5,              // jnz, to sub
      0xb9, 0x50, 0x00,        // mov cx, 80
      0xf8,                    // clc
      0x8b, 0x04,              // mov ax, [si]
      0x13, 0x44, 0x40,        // adc ax, [si+40h]
      0x89, 0x04,              // mov [si], ax
      0x8d, 0x74, 0x07,        // lea si, [si+7]
      0x49,                    // dec cx
      0x75, 0xf3,              // jnz, to mov
      0x19, 0xc3,              // sbb bx, ax
      0xba, 0x5a, 0x00,        // mov dx, 90
      0x4a,                    // dec dx: CF is that of ADD
      0x74, 0x08,              // jz, beyond the jump
      0x13, 0x04,              // adc ax, [si]
      0x81, 0xc6, 0x83, 0x02,  // add si, 283h
      0xeb, 0xf5,              // jmp, to dec
      0x19, 0xc3,              // sbb bx, ax
      0xb9, 0x3c, 0x00,        // mov cx, 60
      0x31, 0xd2,              // xor dx, dx
      0x8d, 0x44, 0x01,        // lea ax, [si+1]
      0xf7, 0xf1,              // div cx
      0x85, 0xd2,              // test dx, dx
      0x11, 0xd3,              // adc bx, dx
      0x49,                    // dec cx
      0x75, 0xf2,              // jnz, to xor
      0xf4,                    // hlt
  };
  FlatHost reference(0x100000, implemented_features(), Engine::kInterpreter);
  for (unsigned round = 0; round < 40; ++round) {
    for (FlatHost* host : {&host_, &reference}) {
      for (unsigned i = 0; i < 0x10000; ++i)
        host->memory()[i] = static_cast<std::uint8_t>(i * 13 + (i >> 8) + round);
      std::copy(code.begin(), code.end(), host->memory() + 0x10000);
      State& state = host->cpu().mutable_state();
      state.segment[kCs] = {
          .selector = 0x1000, .attributes = 0x9300, .base = 0x10000, .limit = 0xffff};
      state.rip = 0;
      state.halted = false;
    }
    for (unsigned slice = 0; !reference.cpu().state().halted; ++slice) {
      ASSERT_LT(slice, 10'000U);
      const std::uint64_t length = 1 + (slice * 7 + round * 5) % (11 + round * 3);
      for (FlatHost* host : {&host_, &reference}) host->cpu().run(length);
      const State& is = host_.cpu().state();
      const State& should = reference.cpu().state();
      ASSERT_EQ(host_.clock().instructions(), reference.clock().instructions());
      ASSERT_EQ(is.rip, should.rip) << round << ' ' << slice;
      ASSERT_EQ(is.rflags, should.rflags) << std::hex << should.rip;
      for (unsigned i = 0; i < 8; ++i) ASSERT_EQ(is.gpr[i], should.gpr[i]) << i;
    }
    ASSERT_TRUE(std::equal(host_.memory(), host_.memory() + 0x20000, reference.memory()));
  }
}

// Several accesses through one register: their page ends between them, SP wraps around between
// them, code is beside them or among them, and the segment begins anywhere.
TEST_P(Engines, AccessesNearEachOther) {
  std::vector<std::uint8_t> code = {0xeb, 0x7e};  // jmp beyond, so that something is before it, too
  code.resize(0x80);
  const std::vector<std::uint8_t> loop = {
      0xb9, 0x28, 0x00,  // mov cx, 40
      0x50,              // push ax
      0x53,              // push bx
      0x9c,              // pushf
      0x68, 0x34, 0x12,  // push 1234h
      0x89, 0xe5,        // mov bp, sp
      0x01, 0x4e, 0x04,  // add [bp+4], cx
      0x13, 0x5e, 0x04,  // adc bx, [bp+4]
      0x89, 0x5e, 0xfa,  // mov [bp-6], bx
      0xff, 0x76, 0xfe,  // push word [bp-2]
      0x8b, 0x76, 0x04,  // mov si, [bp+4]
      0xe8, 0x0d, 0x00,  // call beyond
      0x5a,              // pop dx
      0x5e,              // pop si
      0x9d,              // popf
      0x5b,              // pop bx
      0x58,              // pop ax
      0x11, 0xd0,        // adc ax, dx
      0x49,              // dec cx
      0x75, 0xdc,        // jnz, to push ax
      0xf4,              // hlt
      0x90, 0x90,        // nop
      0x56,              // beyond: push si
      0x06,              // push es
      0x8d, 0x7e, 0x08,  // lea di, [bp+8]
      0x36, 0x89, 0x0d,  // mov ss:[di], cx
      0x36, 0x31, 0x05,  // xor ss:[di], ax
      0x36, 0x03, 0x1d,  // add bx, ss:[di]
      0x07,              // pop es
      0x5e,              // pop si
      0xc3,              // ret
  };
  code.insert(code.end(), loop.begin(), loop.end());
  static constexpr std::uint16_t kStacks[] = {0x1000, 0x2000, 0x2345, 0xff00};
  static constexpr std::uint16_t kTops[] = {0x1001, 0x1006, 0x1003, 0x2ffe, 0x0004,
                                            0x0001, 0x0000, 0xfffe, 0x0080, 0x0083,
                                            0x0087, 0x008c, 0x00d8, 0x00e1, 0x0fc8};
  for (const std::uint16_t stack : kStacks) {
    for (const std::uint16_t top : kTops) {
      FlatHost ours(0x100000, implemented_features(), GetParam());
      FlatHost reference(0x100000, implemented_features(), Engine::kInterpreter);
      for (FlatHost* host : {&ours, &reference}) {
        for (unsigned i = 0; i < 0x40000; ++i)
          host->memory()[i] = static_cast<std::uint8_t>(i * 13 + (i >> 8));
        State& state = host->cpu().mutable_state();
        state.segment[kSs] = {.selector = stack,
                              .attributes = 0x9300,
                              .base = static_cast<std::uint64_t>(stack) << 4,
                              .limit = 0xffff};
        state.gpr[kRsp] = 0xabcd0000U | top;
        run_on(*host, code);
      }
      const State& is = ours.cpu().state();
      const State& should = reference.cpu().state();
      ASSERT_EQ(is.gpr, should.gpr) << std::hex << stack << ':' << top;
      ASSERT_EQ(is.rip, should.rip) << std::hex << stack << ':' << top;
      ASSERT_EQ(is.rflags, should.rflags) << std::hex << stack << ':' << top;
      ASSERT_EQ(ours.clock().instructions(), reference.clock().instructions());
      ASSERT_EQ(std::memcmp(ours.memory(), reference.memory(), 0x100000), 0)
          << std::hex << stack << ':' << top;
    }
  }
}

// Of two stores near each other the second changes an instruction; only the first is beside code.
TEST_P(Engines, StoresNearEachOtherIntoCode) {
  std::vector<std::uint8_t> code = {
      0xb8, 0x00, 0x10,  // mov ax, 1000h
      0x8e, 0xd8,        // mov ds, ax
      0xbb, 0x84, 0x00,  // mov bx, 84h
      0x31, 0xf6,        // xor si, si
      0xeb, 0x74,        // jmp 80h
  };
  code.resize(0x80);
  const std::vector<std::uint8_t> loop = {
      0xb9, 0x64, 0x00,  // 80: mov cx, 100
      0xba, 0x11, 0x11,  // 83: mov dx, what is stored here
      0x01, 0xd6,        // add si, dx
      0x40,              // inc ax
      0x89, 0x4f, 0xc2,  // mov [bx-3eh], cx
      0x89, 0x07,        // mov [bx], ax
      0x49,              // dec cx
      0x75, 0xf2,        // jnz, to mov dx
      0xf4,              // hlt
  };
  code.insert(code.end(), loop.begin(), loop.end());
  const State& state = run(code);
  EXPECT_TRUE(state.halted);
  // 1111h and 1001h to 1063h.
  EXPECT_EQ(state.gpr[kRsi] & 0xffff, (0x1111 + 99 * 0x1000 + 99 * 100 / 2) & 0xffff);
  EXPECT_EQ(load_le<std::uint16_t>(host_.memory() + 0x10046), 1);
}

// With 32-bit addresses in 64-bit mode, 8 bytes below offset 4 is the end of 4 GiB.
TEST_P(Engines, ShortAddressesOf64BitMode) {
  const std::vector<std::uint8_t> code = {
      0xb9, 0x28, 0x00, 0x00, 0x00,  // mov ecx, 40
      0xba, 0x04, 0x00, 0x00, 0x00,  // mov edx, 4
      0x64, 0x01, 0x0e,              // add fs:[rsi], ecx: its page is known then
      0x67, 0x64, 0x01, 0x0a,        // add fs:[edx], ecx
      0x67, 0x64, 0x03, 0x42, 0xf8,  // add eax, fs:[edx-8]
      0x67, 0x64, 0x29, 0x4a, 0xf8,  // sub fs:[edx-8], ecx
      0xff, 0xc9,                    // dec ecx
      0x75, 0xeb,                    // jnz, to the first add
      0xf4,                          // hlt
  };
  std::copy(code.begin(), code.end(), host_.memory() + 0x10000);
  const auto entry = [&](std::uint32_t at, std::uint64_t value) {
    store_le<std::uint64_t>(host_.memory() + at, value);
  };
  // The first 2 MiB of the first and of the fifth GiB are the same.
  entry(0x1000, 0x2003);
  entry(0x2000, 0x3003);
  entry(0x2000 + 4 * 8, 0x3003);
  entry(0x3000, 0x83);
  store_le<std::uint32_t>(host_.memory() + 0x5000c, 0x12345678);
  State& state = host_.cpu().mutable_state();
  state.cr3 = 0x1000;
  state.cr4 |= cr4::kPae;
  state.efer |= efer::kLme | efer::kLma;
  state.cr0 |= cr0::kPe | cr0::kPg;
  state.segment[kCs] = {.selector = 8, .attributes = 0xa09b00, .base = 0, .limit = 0xffffffff};
  state.segment[kFs].base = 0x50010;
  state.gpr[kRax] = 0;
  state.gpr[kRsi] = 0x20;
  state.rip = 0x10000;
  host_.cpu().run(1000);
  EXPECT_TRUE(host_.cpu().state().halted);
  std::uint32_t sum = 0;
  std::uint32_t below = 0x12345678;
  for (std::uint32_t i = 40; i > 0; --i) {
    sum += below;
    below -= i;
  }
  EXPECT_EQ(host_.cpu().state().gpr[kRax], sum);
  EXPECT_EQ(load_le<std::uint32_t>(host_.memory() + 0x50014), 820U);
  EXPECT_EQ(load_le<std::uint32_t>(host_.memory() + 0x5000c), below);
}

// A global page calls one that each CR3 has elsewhere: what was known of it must be forgotten.
TEST_P(Engines, CodeOfTwoAddressSpaces) {
  const auto put = [&](std::uint32_t at, const std::vector<std::uint8_t>& bytes) {
    std::copy(bytes.begin(), bytes.end(), host_.memory() + at);
  };
  const auto entry = [&](std::uint32_t at, std::uint32_t value) {
    store_le<std::uint32_t>(host_.memory() + at, value);
  };
  constexpr std::uint32_t kDirectories[] = {0x10000, 0x12000};
  constexpr std::uint32_t kGlobal = 0x103, kLocal = 3;  // present, writable
  for (unsigned space = 0; space < 2; ++space) {
    const std::uint32_t directory = kDirectories[space], table = directory + 0x1000;
    entry(directory, table | kLocal);
    entry(table + 4 * 1, 0x1000 | kGlobal);
    entry(table + 4 * 2, 0x2000 | kGlobal);
    entry(table + 4 * 5, (0x5000 + space * 0x1000) | kLocal);
    entry(table + 4 * 7, (0x7000 + space * 0x1000) | kLocal);
  }
  entry(0x7000, 5);
  entry(0x8000, 0x1234);
  put(0x1000, {
                  0xb9, 0x64, 0x00, 0x00, 0x00,  // mov ecx, 100
                  0xb8, 0x00, 0x00, 0x01, 0x00,  // mov eax, 10000h
                  0x0f, 0x22, 0xd8,              // mov cr3, eax
                  0xe8, 0xee, 0x3f, 0x00, 0x00,  // call 5000h
                  0xb8, 0x00, 0x20, 0x01, 0x00,  // mov eax, 12000h
                  0x0f, 0x22, 0xd8,              // mov cr3, eax
                  0xe8, 0xe1, 0x3f, 0x00, 0x00,  // call 5000h
                  0x49,                          // dec ecx
                  0x75, 0xe3,                    // jnz, to mov eax, 10000h
                  0xf4,                          // hlt
              });
  put(0x5000, {0x03, 0x1d, 0x00, 0x70, 0x00, 0x00, 0xc3});  // add ebx, [7000h]; ret
  // imul ebx, ebx, 3; xor ebx, [7000h]; ret
  put(0x6000, {0x6b, 0xdb, 0x03, 0x33, 0x1d, 0x00, 0x70, 0x00, 0x00, 0xc3});
  State& state = host_.cpu().mutable_state();
  state.cr0 |= cr0::kPe | cr0::kPg;
  state.cr4 |= cr4::kPge;
  state.cr3 = kDirectories[1];
  for (const SegmentName name : {kEs, kSs, kDs})
    state.segment[name] = {0x10, 0x00c09300, 0, 0xffffffff, true};
  state.segment[kCs] = {0x08, 0x00c09b00, 0, 0xffffffff, true};
  state.gpr[kRsp] = 0x3000;
  state.gpr[kRbx] = 0;
  state.rip = 0x1000;
  host_.cpu().run(10'000);
  EXPECT_TRUE(host_.cpu().state().halted);
  std::uint32_t expected = 0;
  for (unsigned i = 0; i < 100; ++i) expected = ((expected + 5) * 3) ^ 0x1234;
  EXPECT_EQ(host_.cpu().state().gpr[kRbx], expected);
}

INSTANTIATE_TEST_SUITE_P(All, Engines, testing::ValuesIn(engines()),
                         [](const auto& engine) { return engine_name(engine.param); });

}  // namespace
}  // namespace ice86::cpu::test
