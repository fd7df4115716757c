// SPDX-License-Identifier: LGPL-2.1-or-later
// Every form in the decoder's table of MMX and SSE instructions, with random and corner operands:
// the interpreter against the host's own CPU, bit for bit.
#include <Zydis/Zydis.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/cpu/simd/emulated.h"
#include "tests/cpu/simd/encode.h"
#include "tests/cpu/simd/native.h"
#include "tests/cpu/simd/random_state.h"

namespace ice86::cpu::test {

namespace {

constexpr unsigned kCasesForEach = 80;
constexpr std::uint32_t kPrecision = 0x20, kUnderflowMask = 0x800;  // MXCSR.PE, UM

class Forms : public testing::Test {
 protected:
  // Whether the form exists in the guest's mode.
  void compare(const SimdForm& form, bool memory, bool mode_64, std::uint64_t seed) {
    Random random(seed);
    unsigned failures = 0;
    const std::string name = ZydisMnemonicGetString(form.mnemonic);
    // A handful of encodings, each with many operands.
    const unsigned encodings = form.immediate ? 40 : memory ? 16 : 5;
    for (unsigned n = 0; n < encodings && failures < 3; ++n) {
      Code code;
      const unsigned immediate = random.below(2) == 0 ? random.below(32) : random.below(256);
      const unsigned registers = mode_64 ? 16 : 8;
      const unsigned dst = random.below(registers);
      const unsigned src = random.below(registers);
      ASSERT_TRUE(encode(form, memory, dst, src, immediate, code, mode_64, random.below(registers)))
          << name;
      if (memory && n >= encodings / 2) code.misalignment = random.below(32);
      native_.load(code);
      Emulated& emulated = mode_64 ? emulated_64_ : emulated_32_;
      emulated.load(code);
      for (unsigned k = 0; k < kCasesForEach * 5 / encodings && failures < 3; ++k) {
        MachineState before = random_state(random);
        if (mode_64) {
          for (auto& value : before.gpr) value = random.operand();
        }
        Outcome expected = native_.run(before);
        if (!mode_64) {  // VZEROUPPER and VZEROALL: eight registers are all there are
          for (unsigned r = 8; r < 16; ++r) expected.state.ymm[r] = before.ymm[r];
        }
        Outcome actual = emulated.run(before);
        // AMD's MXCSR.MM (APM vol. 1 section 4.2.2), which the guest's CPU does not have.
        if (expected.exception < 0 && expected.state.mxcsr >> 17 == 1) continue;
        if (expected.exception == kXm) {
          // Whether a conversion between MMX and XMM registers makes the x87 unit MMX registers
          // before it raises #XM depends on the host.
          actual.state.fsw = expected.state.fsw;
          actual.state.x87_empty = expected.state.x87_empty;
        }
        // Underflow, unmasked, of a conversion to half precision: AMD's Zen finds a result inexact
        // that has too many bits for any exponent, Intel's one that is not the half's.
        if (form.mnemonic == ZYDIS_MNEMONIC_VCVTPS2PH && expected.exception == kXm &&
            (before.mxcsr & kUnderflowMask) == 0) {
          actual.state.mxcsr =
              (actual.state.mxcsr & ~kPrecision) | (expected.state.mxcsr & kPrecision);
        }
        ++cases_;
        if (expected.exception == actual.exception && same(expected.state, actual.state)) continue;
        ++failures;
        std::string bytes;
        for (unsigned b = 0; b < code.length; ++b) bytes += fmt::format("{:02x} ", code.bytes[b]);
        ADD_FAILURE() << name << (memory ? ", memory: " : ", register: ") << bytes
                      << "misaligned by " << code.misalignment << "\nbefore: " << text(before)
                      << "host: exception " << expected.exception << ' ' << text(expected.state)
                      << "ice86: exception " << actual.exception << ' ' << text(actual.state);
      }
    }
  }

  Native native_;
  Emulated emulated_32_;
  Emulated emulated_64_{Emulated::Mode::k64};
  std::uint64_t cases_ = 0;

  void compare_all(bool mode_64, std::uint64_t seed) {
    for (const SimdForm& form : simd_forms()) {
      if (!implemented_features().has(form.feature)) continue;
      for (const bool memory : {false, true}) {
        ++seed;
        if ((memory ? form.mem : form.reg) == nullptr) continue;
        if (needs_64_bit_mode(form) && !mode_64) continue;
        if (form.first == Operand::kMem) continue;  // gathers have a test of their own
        compare(form, memory, mode_64, seed);
      }
    }
    RecordProperty("cases", std::to_string(cases_));
    EXPECT_GT(cases_, 100'000U);
  }
};

TEST_F(Forms, AgreeWithTheHostIn32BitMode) {
  compare_all(false, 1);
}
TEST_F(Forms, AgreeWithTheHostIn64BitMode) {
  compare_all(true, 100'000);
}

}  // namespace

}  // namespace ice86::cpu::test
