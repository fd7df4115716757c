// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpu/features.h"

#include <cpuid.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ice86::cpu {

namespace {

using enum CpuidRegister;

constexpr std::array<FeatureInfo, kFeatures> kTable = {{
#define ICE86_FEATURE(name, text, leaf, subleaf, reg, bit) {text, leaf, subleaf, reg, bit},
    ICE86_CPU_FEATURES(ICE86_FEATURE)
#undef ICE86_FEATURE
}};

// clang 14's __builtin_cpu_supports() does not know it. CPUID 01H:ECX bit 29 (SDM volume 1, section
// 14.4.1); that the host's system keeps AVX's registers is AVX's own question.
bool host_has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 29 & 1) != 0;
}

}  // namespace

const FeatureInfo& info_of(Feature feature) {
  return kTable[static_cast<unsigned>(feature)];
}

std::optional<Feature> feature_named(std::string_view name) {
  for (unsigned i = 0; i < kFeatures; ++i) {
    if (kTable[i].name == name) return static_cast<Feature>(i);
  }
  return std::nullopt;
}

std::uint32_t cpuid_bits(const FeatureSet& features, std::uint32_t leaf, std::uint32_t subleaf,
                         CpuidRegister reg) {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < kFeatures; ++i) {
    const FeatureInfo& info = kTable[i];
    if (info.leaf == leaf && info.subleaf == subleaf && info.reg == reg &&
        features.has(static_cast<Feature>(i))) {
      bits |= std::uint32_t{1} << info.bit;
    }
  }
  return bits;
}

namespace {

// A register of CPUID with feature bits, and which they are.
struct FeatureRegister {
  std::uint32_t leaf;
  std::uint32_t subleaf;
  CpuidRegister reg;
  std::uint32_t bits;

  bool is(std::uint32_t other_leaf, std::uint32_t other_subleaf, CpuidRegister other) const {
    return leaf == other_leaf && subleaf == other_subleaf && reg == other;
  }
};

// There are few of them, and guests execute CPUID to serialize: some by the hundred thousand.
const std::vector<FeatureRegister>& feature_registers() {
  static const std::vector<FeatureRegister> all = [] {
    std::vector<FeatureRegister> registers;
    for (const FeatureInfo& info : kTable) {
      auto known = std::find_if(registers.begin(), registers.end(), [&info](const auto& r) {
        return r.is(info.leaf, info.subleaf, info.reg);
      });
      if (known == registers.end())
        known = registers.insert(known, {info.leaf, info.subleaf, info.reg, 0});
      known->bits |= std::uint32_t{1} << info.bit;
    }
    return registers;
  }();
  return all;
}

}  // namespace

std::uint32_t known_cpuid_bits(std::uint32_t leaf, std::uint32_t subleaf, CpuidRegister reg) {
  for (const FeatureRegister& known : feature_registers()) {
    if (known.is(leaf, subleaf, reg)) return known.bits;
  }
  return 0;
}

FeatureSet implemented_features() {
  using enum Feature;
  FeatureSet all;
  // Paging and system.
  all |= {kPse, kTsc, kMsr, kCx8, kSep, kMtrr, kPat, kPse36};
  all |= {kDe, kPae, kMce, kPge, kNx, kSmep, kSmap, kUmip, kPcid, kInvpcid};
  all |= {kVme, kLm, kSyscall, kLahfLm, kCx16, kFsgsbase, kPdpe1gb, kRdtscp};
  // Machine check registers without an error ever; a time stamp that never stops; what an emulator
  // is by nature (coherent caches, fast strings).
  all |= {kMca, kTscAdjust, kInvtsc, kHypervisor, kSs, kErms};
  // The local APIC.
  all |= {kApic, kX2apic, kTscDeadline, kArat};
  // Integer instructions.
  all |= {kCmov, kPopcnt, kAbm, kBmi1, kBmi2, kAdx, kMovbe, kRdrand, kRdseed};
  // x87, MMX, SSE.
  all |= {kFpu, kFxsr, kXsave, kXsaveopt, kXgetbv1};
  // Vector instructions. They are executed by the host's own; a host that is older offers less.
  all |= {kMmx, kSse, kSse2, kClflush, kClflushopt, kClwb, kPrefetchw};
  if (__builtin_cpu_supports("sse3")) all.add(kSse3);
  if (__builtin_cpu_supports("ssse3")) all.add(kSsse3);
  if (__builtin_cpu_supports("sse4.1")) all.add(kSse4_1);
  if (__builtin_cpu_supports("sse4.2")) all.add(kSse4_2);
  if (__builtin_cpu_supports("aes")) all.add(kAes);
  if (__builtin_cpu_supports("pclmul")) all.add(kPclmulqdq);
  if (__builtin_cpu_supports("avx")) all |= {kAvx, kAvx2};  // AVX2 by 128-bit lanes
  if (__builtin_cpu_supports("fma")) all.add(kFma);
  if (__builtin_cpu_supports("avx") && host_has_f16c()) all.add(kF16c);
  return all;
}

}  // namespace ice86::cpu
