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

constexpr unsigned kCasesForEach = 160;

class Forms : public testing::Test {
 protected:
  // Whether the form exists in the guest's mode.
  void compare(const SimdForm& form, bool memory, std::uint64_t seed) {
    Random random(seed);
    unsigned failures = 0;
    const std::string name = ZydisMnemonicGetString(form.mnemonic);
    // A handful of encodings, each with many operands.
    const unsigned encodings = form.immediate ? 40 : memory ? 16 : 5;
    for (unsigned n = 0; n < encodings && failures < 3; ++n) {
      Code code;
      const unsigned immediate = random.below(2) == 0 ? random.below(32) : random.below(256);
      ASSERT_TRUE(encode(form, memory, random.below(8), random.below(8), immediate, code)) << name;
      if (memory && n >= encodings / 2) code.misalignment = random.below(16);
      native_.load(code);
      emulated_.load(code);
      for (unsigned k = 0; k < kCasesForEach * 5 / encodings && failures < 3; ++k) {
        const MachineState before = random_state(random);
        const Outcome expected = native_.run(before);
        Outcome actual = emulated_.run(before);
        if (expected.exception == kXm) {
          // Whether a conversion between MMX and XMM registers makes the x87 unit MMX registers
          // before it raises #XM depends on the host.
          actual.state.fsw = expected.state.fsw;
          actual.state.x87_empty = expected.state.x87_empty;
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
  Emulated emulated_;
  std::uint64_t cases_ = 0;
};

TEST_F(Forms, AllAgreeWithTheHost) {
  const SimdForms forms = simd_forms();
  std::uint64_t seed = 1;
  for (const SimdForm& form : forms) {
    if (!implemented_features().has(form.feature)) continue;
    for (const bool memory : {false, true}) {
      ++seed;
      if ((memory ? form.mem : form.reg) == nullptr || needs_64_bit_mode(form)) continue;
      compare(form, memory, seed);
    }
  }
  RecordProperty("cases", std::to_string(cases_));
  EXPECT_GT(cases_, 100'000U);
}

}  // namespace

}  // namespace ice86::cpu::test
