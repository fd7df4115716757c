// SPDX-License-Identifier: LGPL-2.1-or-later
// CPUID features: the table, and that the decoder knows only what the CPU offers.
#include "cpu/features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <tuple>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu {
namespace {

TEST(Features, EachHasItsOwnNameAndItsOwnBit) {
  std::set<std::string_view> names;
  std::set<std::tuple<std::uint32_t, std::uint32_t, CpuidRegister, unsigned>> places;
  for (unsigned i = 0; i < kFeatures; ++i) {
    const FeatureInfo& info = info_of(static_cast<Feature>(i));
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(places.insert({info.leaf, info.subleaf, info.reg, info.bit}).second) << info.name;
    EXPECT_LT(info.bit, 32);
    EXPECT_EQ(feature_named(info.name), static_cast<Feature>(i));
  }
  EXPECT_EQ(feature_named("sse5"), std::nullopt);
}

TEST(Features, SetsAreSets) {
  const FeatureSet a{Feature::kFpu, Feature::kCmov};
  const FeatureSet b{Feature::kCmov, Feature::kSse3};
  EXPECT_EQ(a & b, FeatureSet{Feature::kCmov});
  EXPECT_EQ(a - b, FeatureSet{Feature::kFpu});
  EXPECT_EQ(cpuid_bits(a | b, 1, 0, CpuidRegister::kEdx), 0x8001u);
  EXPECT_EQ(cpuid_bits(a | b, 1, 0, CpuidRegister::kEcx), 1u);
  EXPECT_EQ(cpuid_bits(a | b, 7, 0, CpuidRegister::kEcx), 0u);
}

// Runs one instruction at 0:1000 in real mode; whether it raised #UD.
class OneInstruction {
 public:
  OneInstruction(const FeatureSet& offered, std::initializer_list<std::uint8_t> bytes,
                 std::uint64_t rax = 0)
      : host_(0x100000, offered) {
    host_.memory()[6 * 4] = 0x34;  // the handler of #UD is at 0:1234
    host_.memory()[6 * 4 + 1] = 0x12;
    std::copy(bytes.begin(), bytes.end(), host_.memory() + 0x1000);
    State& state = host_.cpu().mutable_state();
    state.segment[kCs].selector = 0;
    state.segment[kCs].base = 0;
    state.rip = 0x1000;
    state.gpr[kRsp] = 0x8000;
    state.gpr[kRax] = rax;
    state.gpr[kRcx] = 0x00f0;
    host_.cpu().run(1);
  }
  bool undefined() { return host_.cpu().state().rip == 0x1234; }
  std::uint64_t reg(Gpr number) { return host_.cpu().state().gpr[number]; }

 private:
  test::FlatHost host_;
};

TEST(Features, WhatIsNotOfferedIsUndefined) {
  struct Case {
    Feature feature;
    std::initializer_list<std::uint8_t> bytes;
  };
  const Case cases[] = {
      {Feature::kCmov, {0x0f, 0x44, 0xc1}},              // CMOVZ AX, CX
      {Feature::kCmov, {0xda, 0xc1}},                    // FCMOVB
      {Feature::kCmov, {0xdb, 0xf1}},                    // FCOMI
      {Feature::kSse3, {0xdf, 0x0e, 0x00, 0x20}},        // FISTTP [2000]
      {Feature::kFxsr, {0x0f, 0xae, 0x06, 0x00, 0x20}},  // FXSAVE [2000]
      {Feature::kCx8, {0x0f, 0xc7, 0x0e, 0x00, 0x20}},   // CMPXCHG8B [2000]
      {Feature::kTsc, {0x0f, 0x31}},                     // RDTSC
      {Feature::kMsr, {0x0f, 0x32}},                     // RDMSR: of an unknown one, #GP
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(info_of(c.feature).name);
    const FeatureSet without = implemented_features() - FeatureSet{c.feature};
    EXPECT_TRUE(OneInstruction(without, c.bytes).undefined());
    EXPECT_FALSE(OneInstruction(implemented_features(), c.bytes).undefined());
  }
}

TEST(Features, EncodingsThatMeantSomethingBeforeKeepIt) {
  // F3 0F BD C1: LZCNT AX, CX; without it BSR AX, CX. The same with BC: TZCNT and BSF.
  const FeatureSet old = implemented_features() - FeatureSet{Feature::kAbm, Feature::kBmi1};
  EXPECT_EQ(OneInstruction(old, {0xf3, 0x0f, 0xbd, 0xc1}).reg(kRax), 7u);
  EXPECT_EQ(OneInstruction(old, {0xf3, 0x0f, 0xbc, 0xc1}).reg(kRax), 4u);
}

TEST(Features, CpuidPromisesNothingThatIsNotImplemented) {
  FeatureSet all;
  for (unsigned i = 0; i < kFeatures; ++i) all.add(static_cast<Feature>(i));
  OneInstruction cpuid(all, {0x0f, 0xa2}, 1);
  EXPECT_EQ(cpuid.reg(kRdx), cpuid_bits(implemented_features(), 1, 0, CpuidRegister::kEdx));
  EXPECT_EQ(cpuid.reg(kRcx), cpuid_bits(implemented_features(), 1, 0, CpuidRegister::kEcx));
}

}  // namespace
}  // namespace ice86::cpu
