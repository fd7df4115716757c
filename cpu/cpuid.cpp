// SPDX-License-Identifier: LGPL-2.1-or-later
// CPUID: the model's leaves, less what is not implemented, with the fields that change at run time.
// Reference: Intel SDM vol. 2A CPUID; AMD APM vol. 3 appendix E.
#include <algorithm>

#include "cpu/core.h"

namespace ice86::cpu {

namespace {

constexpr std::array kRegisters = {CpuidRegister::kEax, CpuidRegister::kEbx, CpuidRegister::kEcx,
                                   CpuidRegister::kEdx};
constexpr unsigned kEax = 0, kEbx = 1, kEcx = 2, kEdx = 3;

std::uint32_t bit_of(Feature feature) {
  return std::uint32_t{1} << info_of(feature).bit;
}

// State components and their places in the standard XSAVE area (SDM vol. 1 sections 13.1, 13.4.3).
constexpr std::uint64_t kXcr0X87 = 1, kXcr0Sse = 2, kXcr0Avx = 4;
constexpr std::uint32_t kLegacyAndHeader = 0x240;
constexpr std::uint32_t kAvxOffset = 0x240, kAvxBytes = 0x100;

std::uint32_t xsave_bytes(std::uint64_t components) {
  return (components & kXcr0Avx) != 0 ? kAvxOffset + kAvxBytes : kLegacyAndHeader;
}

constexpr std::uint32_t kApicEnabled = 1u << 11;  // IA32_APIC_BASE
constexpr std::uint32_t kAmdRepeatedBits = 0x0183f3ff;

}  // namespace

std::uint64_t Core::xcr0_supported() const {
  if (!has(Feature::kXsave)) return 0;
  return kXcr0X87 | kXcr0Sse | (has(Feature::kAvx) ? kXcr0Avx : 0);
}

// Leaf 1, EDX as it is now.
std::uint32_t Core::standard_features() const {
  std::uint32_t value = cpuid_bits(features, 1, 0, CpuidRegister::kEdx);
  if ((msr.apic_base & kApicEnabled) == 0) value &= ~bit_of(Feature::kApic);
  return value;
}

void Core::cpuid() {
  auto leaf = static_cast<std::uint32_t>(s.gpr[kRax]);
  auto subleaf = static_cast<std::uint32_t>(s.gpr[kRcx]);
  const CpuModel::Leaf* vendor = model.find(0, 0);
  const bool amd = vendor->values[kEbx] == 0x68747541;  // "Auth"

  // Beyond the last leaf of its range: zeros on AMD's; the last basic leaf on Intel's.
  const CpuModel::Leaf* extended = model.find(0x80000000, 0);
  const std::uint32_t last_extended =
      extended != nullptr ? std::max(extended->values[kEax], 0x80000000u) : 0;
  const bool hypervisor_leaf = leaf >= 0x40000000 && leaf < 0x40000100 && has(Feature::kHypervisor);
  const bool beyond =
      leaf >= 0x80000000 ? leaf > last_extended : leaf > vendor->values[kEax] && !hypervisor_leaf;
  if (beyond && !amd) leaf = vendor->values[kEax];

  std::array<std::uint32_t, 4> out{};
  const CpuModel::Leaf* found = beyond && amd ? nullptr : model.find(leaf, subleaf);
  if (found != nullptr) out = found->values;
  const std::uint32_t shown_subleaf = has_subleaves(leaf) ? subleaf : 0;
  for (unsigned i = 0; i < kRegisters.size(); ++i) {
    if (CpuModel::is_feature_register(leaf, shown_subleaf, kRegisters[i]))
      out[i] = found != nullptr ? cpuid_bits(features, leaf, shown_subleaf, kRegisters[i]) : 0;
  }

  switch (leaf) {
    case 0x1:
      msrs.show_microcode();
      out[kEbx] = (out[kEbx] & 0x00ffffff) | host.apic_id() << 24;
      out[kEdx] = standard_features();
      if ((s.cr4 & cr4::kOsxsave) != 0) out[kEcx] |= bit_of(Feature::kOsxsave);
      break;
    case 0xb:
      if (found == nullptr) out = {0, 0, subleaf & 0xff, 0};
      out[kEdx] = host.apic_id();
      break;
    case 0xd: {
      const std::uint64_t supported = xcr0_supported();
      if (supported == 0) {
        out = {};
      } else if (subleaf == 0) {
        out = {static_cast<std::uint32_t>(supported), xsave_bytes(s.xcr0), xsave_bytes(supported),
               0};
      } else if (subleaf == 1) {
        out[kEbx] = has(Feature::kXsavec) ? xsave_bytes(s.xcr0) : 0;
      } else if (subleaf == 2 && (supported & kXcr0Avx) != 0) {
        out = {kAvxBytes, kAvxOffset, 0, 0};
      } else {
        out = {};
      }
      break;
    }
    case 0x80000001:
      // Intel's CPUs show SYSCALL in 64-bit mode only, where alone they have it.
      if (!amd && !in_64_bit_code()) out[kEdx] &= ~bit_of(Feature::kSyscall);
      if (amd && found != nullptr)
        out[kEdx] |= found->values[kEdx] & kAmdRepeatedBits & standard_features();
      break;
    default: break;
  }
  s.gpr[kRax] = out[kEax];
  s.gpr[kRbx] = out[kEbx];
  s.gpr[kRcx] = out[kEcx];
  s.gpr[kRdx] = out[kEdx];
}

}  // namespace ice86::cpu
