// SPDX-License-Identifier: LGPL-2.1-or-later
// What a CPU can have, by the names and places CPUID gives it; and what the interpreter has.
// Reference: Intel SDM vol. 2A CPUID (tables 3-8 to 3-20); AMD APM vol. 3 appendix E for leaves
// 8000_0001 and 8000_0007.
#pragma once

#include <bitset>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace ice86::cpu {

enum class CpuidRegister : std::uint8_t { kEax, kEbx, kEcx, kEdx };

// Enumerator, name (as in model files and messages), leaf, subleaf, register, bit.
// clang-format off
#define ICE86_CPU_FEATURES(X) \
  X(kFpu, "fpu", 1, 0, kEdx, 0)                       \
  X(kVme, "vme", 1, 0, kEdx, 1)                       \
  X(kDe, "de", 1, 0, kEdx, 2)                         \
  X(kPse, "pse", 1, 0, kEdx, 3)                       \
  X(kTsc, "tsc", 1, 0, kEdx, 4)                       \
  X(kMsr, "msr", 1, 0, kEdx, 5)                       \
  X(kPae, "pae", 1, 0, kEdx, 6)                       \
  X(kMce, "mce", 1, 0, kEdx, 7)                       \
  X(kCx8, "cx8", 1, 0, kEdx, 8)                       \
  X(kApic, "apic", 1, 0, kEdx, 9)                     \
  X(kSep, "sep", 1, 0, kEdx, 11)                      \
  X(kMtrr, "mtrr", 1, 0, kEdx, 12)                    \
  X(kPge, "pge", 1, 0, kEdx, 13)                      \
  X(kMca, "mca", 1, 0, kEdx, 14)                      \
  X(kCmov, "cmov", 1, 0, kEdx, 15)                    \
  X(kPat, "pat", 1, 0, kEdx, 16)                      \
  X(kPse36, "pse36", 1, 0, kEdx, 17)                  \
  X(kPsn, "psn", 1, 0, kEdx, 18)                      \
  X(kClflush, "clflush", 1, 0, kEdx, 19)              \
  X(kDs, "ds", 1, 0, kEdx, 21)                        \
  X(kAcpi, "acpi", 1, 0, kEdx, 22)                    \
  X(kMmx, "mmx", 1, 0, kEdx, 23)                      \
  X(kFxsr, "fxsr", 1, 0, kEdx, 24)                    \
  X(kSse, "sse", 1, 0, kEdx, 25)                      \
  X(kSse2, "sse2", 1, 0, kEdx, 26)                    \
  X(kSs, "ss", 1, 0, kEdx, 27)                        \
  X(kHt, "ht", 1, 0, kEdx, 28)                        \
  X(kTm, "tm", 1, 0, kEdx, 29)                        \
  X(kPbe, "pbe", 1, 0, kEdx, 31)                      \
  X(kSse3, "sse3", 1, 0, kEcx, 0)                     \
  X(kPclmulqdq, "pclmulqdq", 1, 0, kEcx, 1)           \
  X(kDtes64, "dtes64", 1, 0, kEcx, 2)                 \
  X(kMonitor, "monitor", 1, 0, kEcx, 3)               \
  X(kDsCpl, "ds_cpl", 1, 0, kEcx, 4)                  \
  X(kVmx, "vmx", 1, 0, kEcx, 5)                       \
  X(kSmx, "smx", 1, 0, kEcx, 6)                       \
  X(kEst, "est", 1, 0, kEcx, 7)                       \
  X(kTm2, "tm2", 1, 0, kEcx, 8)                       \
  X(kSsse3, "ssse3", 1, 0, kEcx, 9)                   \
  X(kFma, "fma", 1, 0, kEcx, 12)                      \
  X(kCx16, "cx16", 1, 0, kEcx, 13)                    \
  X(kXtpr, "xtpr", 1, 0, kEcx, 14)                    \
  X(kPdcm, "pdcm", 1, 0, kEcx, 15)                    \
  X(kPcid, "pcid", 1, 0, kEcx, 17)                    \
  X(kDca, "dca", 1, 0, kEcx, 18)                      \
  X(kSse4_1, "sse4_1", 1, 0, kEcx, 19)                \
  X(kSse4_2, "sse4_2", 1, 0, kEcx, 20)                \
  X(kX2apic, "x2apic", 1, 0, kEcx, 21)                \
  X(kMovbe, "movbe", 1, 0, kEcx, 22)                  \
  X(kPopcnt, "popcnt", 1, 0, kEcx, 23)                \
  X(kTscDeadline, "tsc_deadline", 1, 0, kEcx, 24)     \
  X(kAes, "aes", 1, 0, kEcx, 25)                      \
  X(kXsave, "xsave", 1, 0, kEcx, 26)                  \
  X(kOsxsave, "osxsave", 1, 0, kEcx, 27)              \
  X(kAvx, "avx", 1, 0, kEcx, 28)                      \
  X(kF16c, "f16c", 1, 0, kEcx, 29)                    \
  X(kRdrand, "rdrand", 1, 0, kEcx, 30)                \
  X(kHypervisor, "hypervisor", 1, 0, kEcx, 31)        \
  X(kArat, "arat", 6, 0, kEax, 2)                     \
  X(kFsgsbase, "fsgsbase", 7, 0, kEbx, 0)             \
  X(kTscAdjust, "tsc_adjust", 7, 0, kEbx, 1)          \
  X(kBmi1, "bmi1", 7, 0, kEbx, 3)                     \
  X(kHle, "hle", 7, 0, kEbx, 4)                       \
  X(kAvx2, "avx2", 7, 0, kEbx, 5)                     \
  X(kSmep, "smep", 7, 0, kEbx, 7)                     \
  X(kBmi2, "bmi2", 7, 0, kEbx, 8)                     \
  X(kErms, "erms", 7, 0, kEbx, 9)                     \
  X(kInvpcid, "invpcid", 7, 0, kEbx, 10)              \
  X(kRtm, "rtm", 7, 0, kEbx, 11)                      \
  X(kRdseed, "rdseed", 7, 0, kEbx, 18)                \
  X(kAdx, "adx", 7, 0, kEbx, 19)                      \
  X(kSmap, "smap", 7, 0, kEbx, 20)                    \
  X(kClflushopt, "clflushopt", 7, 0, kEbx, 23)        \
  X(kClwb, "clwb", 7, 0, kEbx, 24)                    \
  X(kSha, "sha", 7, 0, kEbx, 29)                      \
  X(kUmip, "umip", 7, 0, kEcx, 2)                     \
  X(kRdpid, "rdpid", 7, 0, kEcx, 22)                  \
  X(kFsrm, "fsrm", 7, 0, kEdx, 4)                     \
  X(kXsaveopt, "xsaveopt", 0xd, 1, kEax, 0)           \
  X(kXsavec, "xsavec", 0xd, 1, kEax, 1)               \
  X(kXgetbv1, "xgetbv1", 0xd, 1, kEax, 2)             \
  X(kXsaves, "xsaves", 0xd, 1, kEax, 3)               \
  X(kSyscall, "syscall", 0x80000001, 0, kEdx, 11)     \
  X(kNx, "nx", 0x80000001, 0, kEdx, 20)               \
  X(kPdpe1gb, "pdpe1gb", 0x80000001, 0, kEdx, 26)     \
  X(kRdtscp, "rdtscp", 0x80000001, 0, kEdx, 27)       \
  X(kLm, "lm", 0x80000001, 0, kEdx, 29)               \
  X(kLahfLm, "lahf_lm", 0x80000001, 0, kEcx, 0)       \
  X(kCmpLegacy, "cmp_legacy", 0x80000001, 0, kEcx, 1) \
  X(kSvm, "svm", 0x80000001, 0, kEcx, 2)              \
  X(kCr8Legacy, "cr8_legacy", 0x80000001, 0, kEcx, 4) \
  X(kAbm, "abm", 0x80000001, 0, kEcx, 5)              \
  X(kSse4a, "sse4a", 0x80000001, 0, kEcx, 6)          \
  X(kPrefetchw, "prefetchw", 0x80000001, 0, kEcx, 8)  \
  X(kOsvw, "osvw", 0x80000001, 0, kEcx, 9)            \
  X(kInvtsc, "invtsc", 0x80000007, 0, kEdx, 8)
// clang-format on

enum class Feature : std::uint8_t {
#define ICE86_FEATURE(name, text, leaf, subleaf, reg, bit) name,
  ICE86_CPU_FEATURES(ICE86_FEATURE)
#undef ICE86_FEATURE
      kCount
};
constexpr unsigned kFeatures = static_cast<unsigned>(Feature::kCount);

struct FeatureInfo {
  std::string_view name;
  std::uint32_t leaf;
  std::uint32_t subleaf;
  CpuidRegister reg;
  std::uint8_t bit;
};
const FeatureInfo& info_of(Feature feature);
std::optional<Feature> feature_named(std::string_view name);

class FeatureSet {
 public:
  FeatureSet() = default;
  FeatureSet(std::initializer_list<Feature> features) {
    for (const Feature feature : features) add(feature);
  }

  bool has(Feature feature) const { return bits_.test(static_cast<unsigned>(feature)); }
  FeatureSet& add(Feature feature) {
    bits_.set(static_cast<unsigned>(feature));
    return *this;
  }
  FeatureSet& remove(Feature feature) {
    bits_.reset(static_cast<unsigned>(feature));
    return *this;
  }
  FeatureSet& operator|=(const FeatureSet& other) {
    bits_ |= other.bits_;
    return *this;
  }
  friend FeatureSet operator&(FeatureSet a, const FeatureSet& b) {
    a.bits_ &= b.bits_;
    return a;
  }
  friend FeatureSet operator|(FeatureSet a, const FeatureSet& b) { return a |= b; }
  // What is in a and not in b.
  friend FeatureSet operator-(FeatureSet a, const FeatureSet& b) {
    a.bits_ &= ~b.bits_;
    return a;
  }
  bool operator==(const FeatureSet&) const = default;

 private:
  std::bitset<kFeatures> bits_;
};

// The bits of one CPUID register that say what is in the set.
std::uint32_t cpuid_bits(const FeatureSet& features, std::uint32_t leaf, std::uint32_t subleaf,
                         CpuidRegister reg);
// The same, for every feature there is a name for.
std::uint32_t known_cpuid_bits(std::uint32_t leaf, std::uint32_t subleaf, CpuidRegister reg);

// What the interpreter has. A CPU offers what its model asks for and this has: CPUID never promises
// what is missing. Whoever implements a feature adds it in features.cpp.
FeatureSet implemented_features();

}  // namespace ice86::cpu
