// SPDX-License-Identifier: LGPL-2.1-or-later
// What the comparison of all forms does not reach: gathers, and what keeps a VEX-encoded
// instruction from executing.
#include <Zydis/Zydis.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/cpu/simd/emulated.h"
#include "tests/cpu/simd/encode.h"
#include "tests/cpu/simd/native.h"
#include "tests/cpu/simd/random_state.h"

namespace ice86::cpu::test {

namespace {

bool quadword_index(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_VGATHERQPS:
    case ZYDIS_MNEMONIC_VGATHERQPD:
    case ZYDIS_MNEMONIC_VPGATHERQD:
    case ZYDIS_MNEMONIC_VPGATHERQQ: return true;
    default: return false;
  }
}

struct Gather {
  ZydisMnemonic mnemonic;
  unsigned element;  // bytes
  bool wide_result;  // YMM registers of results and masks
  bool wide_index;
};

bool encode(const Gather& gather, unsigned dst, unsigned index, unsigned mask, bool mode_64,
            Code& code) {
  ZydisEncoderRequest request{};
  request.machine_mode = mode_64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32;
  request.mnemonic = gather.mnemonic;
  request.operand_count = 3;
  const auto vector = [](bool wide, unsigned number) {
    return static_cast<ZydisRegister>((wide ? ZYDIS_REGISTER_YMM0 : ZYDIS_REGISTER_XMM0) + number);
  };
  request.operands[0].type = request.operands[2].type = ZYDIS_OPERAND_TYPE_REGISTER;
  request.operands[0].reg.value = vector(gather.wide_result, dst);
  request.operands[2].reg.value = vector(gather.wide_result, mask);
  request.operands[1].type = ZYDIS_OPERAND_TYPE_MEMORY;
  auto& memory = request.operands[1].mem;
  memory.base = mode_64 ? ZYDIS_REGISTER_RDI : ZYDIS_REGISTER_EDI;
  memory.index = vector(gather.wide_index, index);
  memory.scale = 4;
  memory.displacement = 4;
  memory.size = static_cast<ZyanU16>(gather.element);
  ZyanUSize length = code.bytes.size();
  if (!ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(&request, code.bytes.data(), &length)))
    return false;
  code.length = static_cast<std::uint8_t>(length);
  return true;
}

// Elements between the beginning of the operand area and its end.
void set_indices(Random& random, bool quadwords, std::array<std::uint64_t, 4>& reg) {
  const auto index = [&] { return static_cast<std::int64_t>(random.below(20)) - 9; };
  for (auto& value : reg) {
    value = quadwords ? static_cast<std::uint64_t>(index())
                      : static_cast<std::uint64_t>(index()) << 32 |
                            (static_cast<std::uint64_t>(index()) & 0xffffffff);
  }
}

TEST(Avx, GathersAgreeWithTheHost) {
  if (!implemented_features().has(Feature::kAvx2)) GTEST_SKIP() << "the host has no AVX2";
  std::vector<Gather> gathers;
  for (const auto& [mnemonic, element] : {std::pair{ZYDIS_MNEMONIC_VGATHERDPS, 4u},
                                          {ZYDIS_MNEMONIC_VPGATHERDD, 4u},
                                          {ZYDIS_MNEMONIC_VGATHERDPD, 8u},
                                          {ZYDIS_MNEMONIC_VPGATHERDQ, 8u},
                                          {ZYDIS_MNEMONIC_VGATHERQPS, 4u},
                                          {ZYDIS_MNEMONIC_VPGATHERQD, 4u},
                                          {ZYDIS_MNEMONIC_VGATHERQPD, 8u},
                                          {ZYDIS_MNEMONIC_VPGATHERQQ, 8u}}) {
    for (const bool wide : {false, true}) {
      // The narrower of results and indices is in XMM registers.
      const unsigned index = quadword_index(mnemonic) ? 8 : 4;
      gathers.push_back({mnemonic, element, wide && element >= index, wide && index >= element});
    }
  }
  Native native;
  Emulated emulated_32;
  Emulated emulated_64(Emulated::Mode::k64);
  Random random(11);
  for (const Gather& gather : gathers) {
    SCOPED_TRACE(ZydisMnemonicGetString(gather.mnemonic));
    for (unsigned n = 0; n < 40; ++n) {
      const bool mode_64 = n % 2 == 1;
      const unsigned registers = mode_64 ? 16 : 8;
      const unsigned dst = random.below(registers);
      const unsigned index = random.below(registers);
      const unsigned mask = random.below(registers);
      // Two the same: #UD. The encoder refuses some of them.
      Code code;
      if (!encode(gather, dst, index, mask, mode_64, code)) continue;
      Emulated& emulated = mode_64 ? emulated_64 : emulated_32;
      native.load(code);
      emulated.load(code);
      for (unsigned k = 0; k < 20; ++k) {
        MachineState before = random_state(random);
        set_indices(random, quadword_index(gather.mnemonic), before.ymm[index]);
        const Outcome expected = native.run(before);
        const Outcome actual = emulated.run(before);
        ASSERT_EQ(expected.exception, actual.exception);
        ASSERT_TRUE(same(expected.state, actual.state))
            << "before: " << text(before) << "host: " << text(expected.state)
            << "ice86: " << text(actual.state);
      }
    }
  }
}

class Protected {
 public:
  Protected() : host_(0x40000) {
    std::uint8_t* memory = host_.memory();
    store_le<std::uint64_t>(memory + 0x1008, 0x00cf9b000000ffff);
    store_le<std::uint64_t>(memory + 0x1010, 0x00cf93000000ffff);
    for (std::uint64_t vector = 0; vector < 32; ++vector)
      store_le<std::uint64_t>(memory + 0x2000 + vector * 8,
                              (0x9000 + vector) | 8 << 16 | std::uint64_t{0x8e00} << 32);
    // An identity map in which page 21000 is absent.
    store_le<std::uint32_t>(memory + 0xa000, 0xb003);
    for (std::uint32_t page = 0; page < 0x40000; page += 4096)
      store_le<std::uint32_t>(memory + 0xb000 + page / 1024, page == 0x21000 ? 0 : page | 3);
  }
  // The vector that the instruction raises with EDI = pointer, or -1.
  int run(std::initializer_list<std::uint8_t> bytes, std::uint64_t pointer = 0x20000) {
    host_.cpu().forget_code();
    std::copy(bytes.begin(), bytes.end(), host_.memory() + 0x10000);
    State& s = host_.cpu().mutable_state();
    s = State{};
    s.cr0 = cr0::kPe | cr0::kEt | cr0::kNe | cr0::kPg | cr0;
    s.cr3 = 0xa000;
    s.cr4 = cr4;
    s.xcr0 = xcr0;
    s.gdtr = {0x1000, 23};
    s.idtr = {0x2000, 0xff};
    s.segment[kCs] = {8, 0xc09b00, 0, 0xffffffff, true};
    for (const SegmentName name : {kEs, kSs, kDs})
      s.segment[name] = {16, 0xc09300, 0, 0xffffffff, true};
    s.gpr[kRsp] = 0x8000;
    s.gpr[kRdi] = pointer;
    s.rip = 0x10000;
    for (auto& value : s.ymm) value = {1, 2, 3, 4};
    s.ymm[3] = mask;
    host_.cpu().run(1);
    const std::uint64_t rip = host_.cpu().state().rip;
    return rip >= 0x9000 && rip < 0x9020 ? static_cast<int>(rip - 0x9000) : -1;
  }
  FlatHost& host() { return host_; }

  std::uint64_t cr0 = 0;
  std::uint64_t cr4 = cr4::kOsxsave | cr4::kOsxmmexcpt;
  std::uint64_t xcr0 = 7;
  std::array<std::uint64_t, 4> mask{};

 private:
  FlatHost host_;
};

TEST(Avx, NeedsWhatTheSystemEnables) {
  if (!implemented_features().has(Feature::kAvx2)) GTEST_SKIP() << "the host has no AVX2";
  Protected machine;
  const auto vaddps = {std::uint8_t{0xc5}, std::uint8_t{0xf4}, std::uint8_t{0x58},
                       std::uint8_t{0xc2}};  // VADDPS YMM0, YMM1, YMM2
  EXPECT_EQ(machine.run(vaddps), -1);
  machine.cr0 = cr0::kEm;  // of no concern
  EXPECT_EQ(machine.run(vaddps), -1);
  machine.cr0 = cr0::kTs;
  EXPECT_EQ(machine.run(vaddps), kNm);
  machine.xcr0 = 3;
  EXPECT_EQ(machine.run(vaddps), kUd);
  machine.xcr0 = 7;
  machine.cr4 = cr4::kOsfxsr;
  EXPECT_EQ(machine.run(vaddps), kUd);
}

TEST(Avx, StoresAcrossPagesChangeNothingWhenTheyFault) {
  if (!implemented_features().has(Feature::kAvx2)) GTEST_SKIP() << "the host has no AVX2";
  Protected machine;
  std::memset(machine.host().memory() + 0x20fe0, 0x5a, 32);
  const auto vmovups = {std::uint8_t{0xc5}, std::uint8_t{0xfc}, std::uint8_t{0x11},
                        std::uint8_t{0x07}};  // VMOVUPS [EDI], YMM0
  EXPECT_EQ(machine.run(vmovups, 0x20ff0), kPf);
  EXPECT_EQ(machine.host().cpu().state().cr2, 0x21000U);
  for (unsigned n = 0; n < 32; ++n) EXPECT_EQ(machine.host().memory()[0x20fe0 + n], 0x5a);
  const auto vmovaps = {std::uint8_t{0xc5}, std::uint8_t{0xfc}, std::uint8_t{0x29},
                        std::uint8_t{0x07}};  // VMOVAPS [EDI], YMM0: 32-byte alignment
  EXPECT_EQ(machine.run(vmovaps, 0x20010), kGp);
  EXPECT_EQ(machine.run(vmovaps, 0x20020), -1);
}

TEST(Avx, MaskedMovesTouchOnlyWhatIsSelected) {
  if (!implemented_features().has(Feature::kAvx2)) GTEST_SKIP() << "the host has no AVX2";
  Protected machine;
  // VMASKMOVPS [EDI], YMM3, YMM0: the second half would be in the absent page.
  const auto store = {std::uint8_t{0xc4}, std::uint8_t{0xe2}, std::uint8_t{0x65},
                      std::uint8_t{0x2e}, std::uint8_t{0x07}};
  machine.mask = {0x80000000, 0, 0, 0};
  std::memset(machine.host().memory() + 0x20ff0, 0x5a, 16);
  EXPECT_EQ(machine.run(store, 0x20ff0), -1);
  EXPECT_EQ(load_le<std::uint64_t>(machine.host().memory() + 0x20ff0), 0x5a5a5a5a00000001U);
  machine.mask[2] = 0x80000000;
  EXPECT_EQ(machine.run(store, 0x20ff0), kPf);
}

TEST(Avx, AGatherThatFaultsKeepsWhatItHas) {
  if (!implemented_features().has(Feature::kAvx2)) GTEST_SKIP() << "the host has no AVX2";
  Protected machine;
  // VPGATHERDD XMM0, [EDI + XMM1 * 4], XMM3: elements 2 and 3 lie in the absent page.
  const auto gather = {std::uint8_t{0xc4}, std::uint8_t{0xe2}, std::uint8_t{0x61},
                       std::uint8_t{0x90}, std::uint8_t{0x04}, std::uint8_t{0x8f}};
  machine.mask = {0x8000000080000000, 0x8000000080000000, 0, 0};
  store_le<std::uint32_t>(machine.host().memory() + 0x20ff8 + 4, 0x11223344);
  store_le<std::uint32_t>(machine.host().memory() + 0x20ff8, 0x55667788);
  // XMM1 is {1, 2} in quadwords: indices 1, 0, 2, 0.
  EXPECT_EQ(machine.run(gather, 0x20ff8), kPf);
  const State& s = machine.host().cpu().state();
  EXPECT_EQ(s.ymm[0], (std::array<std::uint64_t, 4>{0x5566778811223344, 2, 0, 0}));
  EXPECT_EQ(s.ymm[3], (std::array<std::uint64_t, 4>{0, 0x8000000080000000, 0, 0}));
}

}  // namespace

}  // namespace ice86::cpu::test
