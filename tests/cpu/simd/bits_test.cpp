// SPDX-License-Identifier: LGPL-2.1-or-later
// POPCNT, LZCNT, TZCNT, BMI1, BMI2, ADX, MOVBE, CRC32 against the host's own CPU; RDRAND and
// RDSEED, which no host repeats, for themselves.
#include <Zydis/Zydis.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string_view>

#include "tests/cpu/simd/emulated.h"
#include "tests/cpu/simd/native.h"
#include "tests/cpu/simd/random_state.h"

namespace ice86::cpu::test {

namespace {

constexpr unsigned kEncodings = 24, kCases = 60;

// Operands: r register, e register or memory, b the same of 8 bits, w of 16, m memory, i immediate.
struct BitsForm {
  ZydisMnemonic mnemonic;
  std::string_view operands;
  bool word;  // has a 16-bit form
  std::uint32_t undefined = 0;
};
constexpr std::uint32_t kCountFlags = flag::kOf | flag::kSf | flag::kPf | flag::kAf;
constexpr std::uint32_t kAfPf = flag::kAf | flag::kPf;

constexpr BitsForm kForms[] = {
    {ZYDIS_MNEMONIC_POPCNT, "re", true},
    {ZYDIS_MNEMONIC_LZCNT, "re", true, kCountFlags},
    {ZYDIS_MNEMONIC_TZCNT, "re", true, kCountFlags},
    {ZYDIS_MNEMONIC_ANDN, "rre", false, kAfPf},
    {ZYDIS_MNEMONIC_BEXTR, "rer", false, kAfPf | flag::kSf},
    {ZYDIS_MNEMONIC_BLSI, "re", false, kAfPf},
    {ZYDIS_MNEMONIC_BLSR, "re", false, kAfPf},
    {ZYDIS_MNEMONIC_BLSMSK, "re", false, kAfPf},
    {ZYDIS_MNEMONIC_BZHI, "rer", false, kAfPf},
    {ZYDIS_MNEMONIC_PDEP, "rre", false},
    {ZYDIS_MNEMONIC_PEXT, "rre", false},
    {ZYDIS_MNEMONIC_RORX, "rei", false},
    {ZYDIS_MNEMONIC_SARX, "rer", false},
    {ZYDIS_MNEMONIC_SHLX, "rer", false},
    {ZYDIS_MNEMONIC_SHRX, "rer", false},
    {ZYDIS_MNEMONIC_MULX, "rre", false},
    {ZYDIS_MNEMONIC_ADCX, "re", false},
    {ZYDIS_MNEMONIC_ADOX, "re", false},
    {ZYDIS_MNEMONIC_MOVBE, "rm", true},
    {ZYDIS_MNEMONIC_MOVBE, "mr", true},
    {ZYDIS_MNEMONIC_CRC32, "rb", false},
    {ZYDIS_MNEMONIC_CRC32, "rw", false},
    {ZYDIS_MNEMONIC_CRC32, "re", false},
};

bool has_memory(const BitsForm& form) {
  return form.operands.find_first_of("ebwm") != std::string_view::npos;
}
bool has_register(const BitsForm& form) {
  return form.operands.find('m') == std::string_view::npos;
}

// Any general register but rSP and rDI; of bytes AL to BH.
ZydisRegister gpr(unsigned bytes, bool mode_64, Random& random) {
  if (bytes == 1) return static_cast<ZydisRegister>(ZYDIS_REGISTER_AL + random.below(8));
  const ZydisRegister first = bytes == 2   ? ZYDIS_REGISTER_AX
                              : bytes == 4 ? ZYDIS_REGISTER_EAX
                                           : ZYDIS_REGISTER_RAX;
  const unsigned number = random.below(mode_64 ? 16 : 4);
  return static_cast<ZydisRegister>(first + (number == 4 || number == 7 ? number + 8 : number));
}

bool encode(const BitsForm& form, unsigned bytes, bool memory, bool mode_64, Random& random,
            Code& code) {
  ZydisEncoderRequest request{};
  request.machine_mode = mode_64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32;
  request.mnemonic = form.mnemonic;
  for (const char kind : form.operands) {
    ZydisEncoderOperand& to = request.operands[request.operand_count++];
    const unsigned size = kind == 'b' ? 1 : kind == 'w' ? 2 : bytes;
    if (kind == 'i') {
      to.type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
      to.imm.u = random.below(256);
    } else if (kind != 'r' && memory) {
      to.type = ZYDIS_OPERAND_TYPE_MEMORY;
      to.mem.base = mode_64 ? ZYDIS_REGISTER_RDI : ZYDIS_REGISTER_EDI;
      to.mem.size = static_cast<ZyanU16>(size);
    } else {
      to.type = ZYDIS_OPERAND_TYPE_REGISTER;
      to.reg.value = gpr(size, mode_64, random);
    }
  }
  ZyanUSize length = code.bytes.size();
  if (!ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(&request, code.bytes.data(), &length)))
    return false;
  code.length = static_cast<std::uint8_t>(length);
  return true;
}

class BitInstructions : public testing::Test {
 protected:
  void compare(const BitsForm& form, unsigned bytes, bool memory, bool mode_64, Random& random) {
    Emulated& emulated = mode_64 ? emulated_64_ : emulated_32_;
    unsigned compared = 0;
    const std::string name =
        fmt::format("{} {} {}", ZydisMnemonicGetString(form.mnemonic), form.operands, bytes);
    for (unsigned n = 0; n < kEncodings; ++n) {
      Code code;
      // AH to BH have no encoding beside a register that needs REX.
      if (!encode(form, bytes, memory, mode_64, random, code)) continue;
      ++compared;
      code.misalignment = random.below(8);
      native_.load(code);
      emulated.load(code);
      for (unsigned k = 0; k < kCases; ++k) {
        MachineState before = random_state(random);
        if (mode_64) {
          for (auto& value : before.gpr) value = random.operand();
        }
        // Bit positions and counts that matter.
        if (random.below(2) == 0) before.gpr[random.below(4)] = random.below(0x4000);
        if (random.below(4) == 0) before.memory[kOperandAt + code.misalignment] = 0;
        Outcome expected = native_.run(before);
        Outcome actual = emulated.run(before);
        expected.state.flags &= ~form.undefined;
        actual.state.flags &= ~form.undefined;
        if (expected.exception == actual.exception && same(expected.state, actual.state)) continue;
        std::string encoding;
        for (unsigned b = 0; b < code.length; ++b)
          encoding += fmt::format("{:02x} ", code.bytes[b]);
        ADD_FAILURE() << name << (memory ? ", memory: " : ", register: ") << encoding
                      << "\nbefore: " << text(before) << "host: exception " << expected.exception
                      << ' ' << text(expected.state) << "ice86: exception " << actual.exception
                      << ' ' << text(actual.state);
        return;
      }
    }
    EXPECT_GT(compared, kEncodings / 4) << name;
  }

  Native native_;
  Emulated emulated_32_;
  Emulated emulated_64_{Emulated::Mode::k64};
};

TEST_F(BitInstructions, AgreeWithTheHost) {
  Random random(7);
  for (const BitsForm& form : kForms) {
    for (const bool mode_64 : {false, true}) {
      for (const unsigned bytes : {2u, 4u, 8u}) {
        if ((bytes == 2 && !form.word) || (bytes == 8 && !mode_64)) continue;
        // CRC32 of a word goes into 32 bits only.
        if (bytes == 8 && form.operands == "rw") continue;
        if (has_register(form)) compare(form, bytes, false, mode_64, random);
        if (has_memory(form)) compare(form, bytes, true, mode_64, random);
      }
    }
  }
}

TEST_F(BitInstructions, RandomNumbersAreRepeatable) {
  Emulated other;
  Code rdrand{{0x0f, 0xc7, 0xf0}, 3, 0};
  Code rdseed{{0x0f, 0xc7, 0xf8}, 3, 0};
  std::uint64_t last = 0;
  unsigned different = 0;
  for (int n = 0; n < 64; ++n) {
    const Code& code = n % 2 == 0 ? rdrand : rdseed;
    emulated_32_.load(code);
    other.load(code);
    MachineState before;
    before.flags = 0x8d5;
    const Outcome a = emulated_32_.run(before);
    EXPECT_TRUE(same(a.state, other.run(before).state));
    EXPECT_EQ(a.exception, -1);
    EXPECT_EQ(a.state.flags, 1U);  // CF: there was a number
    if (a.state.gpr[0] != last) ++different;
    last = a.state.gpr[0];
  }
  EXPECT_EQ(different, 64U);
}

}  // namespace

}  // namespace ice86::cpu::test
